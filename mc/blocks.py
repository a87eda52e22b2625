"""A block of particles: the unit of work, the same wherever and whenever it is followed.

Blocks are followed on threads, or by any `Executor`, and come back in the order of their index.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..fields.exceptions import UserError
from ..fields.limits import WITH_STEPS, check_record, fault_of_method, number_in
from ..fields.medium import Medium
from ..fields.medium_table import MediumTable, Wall
from .checkpoint import digest
from .kernels import hybrid, orbit
from .kernels.history import GOLDEN
from .kernels.lanes.state import nobody_waiting, vacant_lanes
from .kernels.rng import DRAWS_AHEAD
from .kernels.world import Controls, WallSampling, World
from .tally import Tally, TallyGrid
from .uncertainty import FEWEST_BATCHES
from .wall_sampling import FIRST_PASSAGE_SPLITS, wall_sampling_of

# Particles of a block, at least: enough to cover the energies evenly.
BLOCK_AT_LEAST = 64
# Particles of a block of orbits, which go through one realisation.
REALISATION = 16
# Moves at which a history is given up: ten minutes of flights and steps, days of orbits.
MAX_STEPS = 2_000_000_000
# Energies [GeV] between which groups come so many times in a block, see `schedule`.
_REPEAT_BOUNDS_GeV = (3.0, 30.0, 300.0, 3e3, 3e5, 3e6)
_REPEATS = (1, 2, 1, 3, 3, 4, 1)

TRACK_COLUMNS = (
    "age_Myr", "x_kpc", "y_kpc", "z_kpc", "momentum_GeV", "behind_surface", "time_Myr", "weight", "history",
)  # fmt: skip


class Realisations(Protocol):
    """What orbits may go through: turbulence of a slab, or of a galaxy, of which there are realisations."""

    @property
    def correlation_length_kpc(self) -> float:
        """One-sided, where it is largest: steps are a fifth of it at most."""

    def realisation(self, seed: Sequence[int]) -> Any:
        """A record for `magnetic_field`."""


class Windows(NamedTuple):
    """Where histories matter to an observable, so that there are more of them there.

    Attributes
    ----------
    particles : ndarray of int, shape (groups,)
        How many particles of each injection group there are in a block.
    source_edges : ndarray, shape (groups, parts + 1)
        Of equal parts of the sources, from the axis outwards: share of the particles released within.
    weights : ndarray, shape (groups, R, z), or None
        What a history should weigh in each cell of the halo, by the energy at its injection; zero where any
        weight will do. None where histories are not divided.
    """

    particles: np.ndarray
    source_edges: np.ndarray
    weights: np.ndarray | None


@dataclass(frozen=True)
class Transport:
    """How to follow particles.

    Attributes
    ----------
    particles : int
        How many.
    seed : int
        Of all random numbers; another seed is an independent run.
    method : str
        "hybrid": diffusive steps where lambda is small, flights elsewhere; "guiding-centre": the same along
        the field lines of the medium; "auto": the one or the other, as the medium has lines or none;
        "flight": flights only, along lines if there are any; "orbit": turned by the Lorentz force in
        `turbulence`.
    acceleration : float or "auto"
        See `wall_sampling.acceleration_tables`; 1 also flies every incursion behind the wall.
    t_max_Myr : float
        Age at which a history ends.
    R_d_kpc : float
        Radius of the source disc.
    turbulence : Realisations, optional
        What orbits go through, a new one for each block of particles.
    windows : Windows, optional
        Where particles are released and divided more often; see `weight_windows.windows_of`.
    """

    particles: int = 5000
    seed: int = 1
    method: str = "auto"
    acceleration: float | str = "auto"
    t_max_Myr: float = 1e4
    R_d_kpc: float = 10.0
    turbulence: Realisations | None = None
    windows: Windows | None = None

    def __post_init__(self) -> None:
        """Refuse what is not allowed (`UserError`); quantities with units are converted."""
        check_record(self, but=("R_d_kpc",))
        for name, unit in (("t_max_Myr", "Myr"), ("R_d_kpc", "kpc")):
            value = number_in(getattr(self, name), unit, f"Transport.{name}")
            object.__setattr__(self, name, value)

    @property
    def takes_steps(self) -> bool:
        """Whether there are diffusive steps where lambda is small."""
        return self.method in WITH_STEPS


def schedule(
    energy_edges_GeV: np.ndarray, orbits: bool = False, windows: Windows | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(injection group, rank in energy) of each particle of a block, the same for all blocks.

    Energies are log-uniform within a group. Groups whose histories are short or scatter more come up to four
    times, or as often as `windows` have it; tallies are per particle of a group, so how many there are does
    not matter to them. The order goes through the energies in long strides, so that a part of a block covers
    them all. Orbits come in blocks of `REALISATION` where there are not more groups than that.
    """
    if windows is not None:
        groups = np.repeat(np.arange(len(windows.particles)), windows.particles)
    else:
        low = energy_edges_GeV[:-1] * (1 + 1e-9)
        repeats = np.ones(len(_REPEATS), int) if orbits else np.array(_REPEATS)
        groups = np.repeat(np.arange(len(low)), repeats[np.searchsorted(_REPEAT_BOUNDS_GeV, low)])
        groups = np.repeat(groups, -(-(REALISATION if orbits else BLOCK_AT_LEAST) // len(groups)))
    stride = (np.arange(len(groups)) * GOLDEN) % 1.0
    rank = np.argsort(stride, kind="stable")
    return groups[rank].astype(np.int64), rank.astype(np.int64)


def controls_of(
    medium: Medium, grid: TallyGrid, transport: Transport, only: int = -1, track_lines: int = 0
) -> Controls:
    """The kernel's view of a `Transport`; of each block `only` one particle, with room for its track."""
    steps, orbits = transport.takes_steps, transport.method == "orbit"
    halo_cells, bell_cells = grid.binnings()
    groups, ranks = schedule(grid.energy_edges_GeV, orbits, transport.windows)
    reflect_at_wall = transport.acceleration != 1 and steps
    two_way = medium.table.wall == Wall.TWO_WAY
    # Windows divide whole particles.
    in_windows = transport.windows is not None and transport.windows.weights is not None
    divided_at_first = reflect_at_wall and two_way and not in_windows
    return Controls(
        seed=transport.seed,
        hybrid=steps,
        reflect_at_wall=reflect_at_wall,
        first_passage_splits=FIRST_PASSAGE_SPLITS if divided_at_first else 1,
        t_max=transport.t_max_Myr,
        max_steps=MAX_STEPS,
        R_d=transport.R_d_kpc,
        energy_edges=grid.energy_edges_GeV,
        schedule=groups,
        ranks=ranks,
        halo_cells=halo_cells,
        bell_cells=bell_cells,
        inverse_shell_step=1.0 / float(grid.shell_edges_kpc[1]),
        only=only,
        track=np.zeros((track_lines, len(TRACK_COLUMNS))),
        track_length=np.zeros(2, np.int64),
    )


class Block(NamedTuple):
    """What came of one block.

    Attributes
    ----------
    tally : Tally
        Its counts.
    fates : ndarray of int
        How each of its particles ended (`Fate`).
    ages_Myr : ndarray
        The age of each at its end.
    """

    tally: Tally
    fates: np.ndarray
    ages_Myr: np.ndarray


@dataclass(frozen=True)
class Job:
    """Everything that a block needs, wherever it is followed.

    Attributes
    ----------
    table : MediumTable
        The medium.
    grid : TallyGrid
        Where they are counted.
    transport : Transport
        How the user wants them to be followed.
    controls : Controls
        The same, as kernels read it.
    wall : WallSampling or None
        How encounters with a Bell wall are sampled; None where nobody comes back through the surface.
    """

    table: MediumTable
    grid: TallyGrid
    transport: Transport
    controls: Controls
    wall: WallSampling | None

    @classmethod
    def of(cls, medium: Medium, grid: TallyGrid, transport: Transport) -> Job:
        """The job of a run."""
        if fault := fault_of_method(transport.method, medium.lines is not None):
            raise UserError(fault)
        if transport.method == "orbit":
            if transport.turbulence is None:
                raise ValueError("orbits need turbulence to go through")
            if medium.table.wall not in (Wall.ABSORBING, Wall.TWO_WAY):
                raise ValueError("orbits end at the surface or go through it: it must absorb, or be two-way")
        if transport.windows is not None and (transport.method == "orbit" or medium.lines is not None):
            raise ValueError("windows are for particles without a field: allowed: none")
        wall = wall_sampling_of(medium, transport.acceleration if transport.takes_steps else 1)
        return cls(medium.table, grid, transport, controls_of(medium, grid, transport), wall)

    def digest(self) -> str:
        """SHA-256 of the medium and of all else that decides what comes of a block."""
        turbulence = self.transport.turbulence
        waves = turbulence.realisation((self.transport.seed, 0)) if turbulence else None
        how = replace(self.transport, turbulence=None, windows=None)
        windows = self.transport.windows
        grid = tuple(vars(self.grid).values())
        return digest((self.table, grid, how, self.controls, self.wall, waves, windows))

    @property
    def one_way(self) -> bool | None:
        """See `World`."""
        return True if self.table.wall == Wall.ONE_WAY else None

    @property
    def block_size(self) -> int:
        """Particles of a block: all of a schedule, or fewer where a small run would have too few batches."""
        whole = int(self.controls.schedule.size)
        if self.transport.method == "orbit":  # which share one realisation
            return whole
        return min(whole, max(self.transport.particles // FEWEST_BATCHES, 1))

    @property
    def blocks(self) -> int:
        return -(-self.transport.particles // self.block_size)

    def follow(self, block: int, stop: np.ndarray) -> Block:
        """Follow a block; what comes of it is to be thrown away if `stop[0]` is set meanwhile."""
        first = block * self.block_size
        count = min(self.block_size, self.transport.particles - first)
        done = Block(self.grid.empty(), np.zeros(count, np.int64), np.zeros(count))
        self.follow_particles(block, first, count, self.controls, done, stop)
        return done

    def follow_particles(
        self, block: int, first: int, count: int, controls: Controls, into: Block, stop: np.ndarray
    ) -> None:
        """Follow some particles of a block.

        Parameters
        ----------
        block : int
            Index of the block: orbits of each go through another realisation.
        first, count : int
            Number of the first particle, and how many follow.
        controls : Controls
            How to follow them.
        into : Block
            Takes what comes of them.
        stop : ndarray of int
            They are given up once its entry is set.
        """
        tally, fates, ages = into
        draws = 1 if self.table.lines is None else 2
        lanes = None if self.transport.method == "orbit" else vacant_lanes(draws)
        buffer = np.empty((4, DRAWS_AHEAD))
        windows = self.transport.windows
        source_edges, weights = (None, None) if windows is None else windows[1:]
        waiting = None if weights is None else nobody_waiting()
        bias = source_edges, weights, waiting
        world = World(self.table, controls, self.wall, self.one_way, tally, lanes, buffer, *bias)
        turbulence = self.transport.turbulence
        if self.transport.method == "orbit" and turbulence is not None:
            step = orbit.STEP_OVER_CORRELATION * turbulence.correlation_length_kpc
            field = turbulence.realisation((self.transport.seed, block))
            orbit.run_block(world, field, step, ages, fates, first, count, stop)
            return
        # From low energies to high ones: long histories begin first, short ones fill the lanes at the end.
        turns = (first + np.arange(count)) % controls.schedule.size
        order = np.argsort(controls.schedule[turns], kind="stable")
        if controls.only >= 0:
            order = np.array([controls.only])
        to_come = np.full(count, controls.first_passage_splits)
        hybrid.run_block(world, order, to_come, ages, fates, first, stop)


class Executor(Protocol):
    """Where blocks are followed: they come back in the order of their index."""

    def follow(self, job: Job, first: int, stop: np.ndarray) -> Iterator[Block]:
        """Blocks from `first` on."""


def in_order(submit: Callable[[int], Any], first: int, blocks: int, workers: int) -> Iterator[Block]:
    """What comes of blocks `first` ... `blocks` - 1, by index; `submit` starts one and returns its future.

    At most two blocks a worker wait to be added, so memory does not grow with their number.
    """
    waiting: deque[Any] = deque()
    submitted = first
    try:
        for _ in range(first, blocks):
            while submitted < blocks and len(waiting) < 2 * workers:
                waiting.append(submit(submitted))
                submitted += 1
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


@dataclass(frozen=True)
class Threads:
    """Threads of this process."""

    number: int = 1

    def follow(self, job: Job, first: int, stop: np.ndarray) -> Iterator[Block]:
        pool = ThreadPoolExecutor(self.number)
        try:
            yield from in_order(
                lambda block: pool.submit(job.follow, block, stop), first, job.blocks, self.number
            )
        finally:
            stop[0] = 1
            # Not waited for: a kernel that is being compiled takes half a minute.
            pool.shutdown(wait=False)
