"""Blocks of particles on a GPU, as `blocks.Executor`: many at a time, each with a tally of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...fields.exceptions import UserError
from ...fields.units import C_KPC_MYR, KPC_CM, M_P_G
from ..blocks import Block, Job
from ..kernels import orbit
from ..kernels.world import World
from ..tally import MEANING, Tally
from . import cuda
from .by_block import Each, side_by_side
from .fixed_point import FixedPoint, unit_for

# Of the memory of a GPU, what the tallies of one launch may take.
_TALLIES_BYTES = 8e9
_MOST_BLOCKS = 4096
LONGEST_Myr = 1e5
"""Largest t_max: the squares of longer ages leave no digits for those of short ones."""
# What a tally may have by chance over what its particles have on average: energies won in a flow.
_MARGIN = 2.0**8


def bounds(job: Job) -> dict[str, float]:
    """What the particles of a block add up to at most, by unit (`tally.MEANING`)."""
    particles, t_max = job.block_size, job.transport.t_max_Myr
    path = C_KPC_MYR * t_max
    energy = float(job.grid.energy_edges_GeV[-1])
    column = KPC_CM * M_P_G * max(float(job.table.gas.max()), 1.0)
    each = {
        "1": 1.0, "Myr": t_max, "Myr2": t_max**2,
        "kpc": path, "g cm-2": path * column, "GeV": _MARGIN * energy,
    }  # fmt: skip
    return {unit: 2.0 * particles * bound for unit, bound in each.items()}


def fixed_point(job: Job, blocks: int) -> Tally:
    """Tallies of some blocks, side by side, in whole numbers of their units."""
    largest, empty = bounds(job), job.grid.empty()
    arrays: list[Any] = []
    for name, values in zip(Tally._fields, empty, strict=True):
        units = MEANING[name][0].split(", ")
        exact = values.dtype == np.int64
        per_unit = np.array([1.0 if exact else unit_for(largest[unit]) for unit in units])
        arrays.append(FixedPoint(Each(np.zeros((blocks, *values.shape), np.int64)), per_unit))
    return Tally(*arrays)


def of_floats(tally: Tally, job: Job, block: int) -> Tally:
    """The tally of one block as the processor keeps it."""
    arrays: list[Any] = []
    counted: Any = tally
    for fixed, values in zip(counted, job.grid.empty(), strict=True):
        counts = fixed.counts.values[block]
        arrays.append(counts if values.dtype == np.int64 else counts / fixed.per_unit)
    return Tally(*arrays)


@dataclass(frozen=True)
class Device:
    """A GPU that numba-cuda can use.

    Attributes
    ----------
    shape : (int, int), optional
        Blocks of threads and threads of each, of every launch; the result does not depend on it.
    blocks : int, optional
        Blocks of particles of a launch; else as many as there is room for.
    """

    shape: tuple[int, int] | None = None
    blocks: int | None = None

    def __post_init__(self) -> None:
        """Refuse (`UserError`) a machine without a GPU."""
        cuda.check_device()

    @property
    def machine(self) -> dict[str, str]:
        """What the last bits of a result depend on besides the machine that the GPU is in."""
        return {"gpu": cuda.device_name()}

    def follow(self, job: Job, first: int, stop: np.ndarray) -> Iterator[Block]:
        """Blocks from `first` on; a launch that has begun is not stopped."""
        check_job(job)
        at_once = self.blocks or _room_for(job)
        for begin in range(first, job.blocks, at_once):
            if stop[0]:
                return
            yield from self._launch(job, begin, min(at_once, job.blocks - begin), stop)

    def _launch(self, job: Job, begin: int, blocks: int, stop: np.ndarray) -> Iterator[Block]:
        from .engines import follow_orbits

        size, seed = job.block_size, job.transport.seed
        particles = min(blocks * size, job.transport.particles - begin * size)
        turbulence: Any = job.transport.turbulence
        fields = side_by_side([turbulence.realisation((seed, begin + n)) for n in range(blocks)])
        step = orbit.STEP_OVER_CORRELATION * turbulence.correlation_length_kpc
        tally = cuda.on_device(fixed_point(job, blocks))
        # Nothing is read of a buffer that is not of a thread.
        table, controls, wall = cuda.on_device((job.table, job.controls, job.wall))
        world = World(table, controls, wall, job.one_way, tally, None, np.empty((1, 1)), None, None, None)
        ages = cuda.on_device(np.zeros((blocks, size)))
        fates = cuda.on_device(np.zeros((blocks, size), np.int64))
        how = world, cuda.on_device(fields), step, ages, fates, begin * size, particles, cuda.on_device(stop)
        cuda.launch(follow_orbits, self.shape, particles, *how)
        done = cuda.on_host(tally)
        ages, fates = cuda.on_host((ages, fates))
        for n in range(blocks):
            count = min(size, particles - n * size)
            yield Block(of_floats(done, job, n), fates[n, :count], ages[n, :count])


def _room_for(job: Job) -> int:
    """How many blocks of particles fit into the memory at a time."""
    each = sum(values.nbytes for values in job.grid.empty())
    return max(min(int(_TALLIES_BYTES / each), _MOST_BLOCKS), 1)


def check_method(method: str) -> None:
    """Refuse (`UserError`) a method that has no engine on a GPU."""
    if method != "orbit":
        raise UserError(f'--device cuda: transport.method = "{method}": allowed: "orbit"')


def check_job(job: Job) -> None:
    """Refuse (`UserError`) what cannot be followed on a GPU."""
    transport = job.transport
    check_method(transport.method)
    if transport.t_max_Myr > LONGEST_Myr:
        raise UserError(
            f"--device cuda: transport.t_max = {transport.t_max_Myr:g} Myr: "
            f"allowed: up to {LONGEST_Myr:g} Myr"
        )
