"""Blocks of particles on threads, folded in index order.

Block b of seed s is the same particles wherever and whenever it runs, and blocks are added to folds in
the order of their index, so a run gives the same bits on any number of threads.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..fields.medium import Medium, MediumTable, Wall
from ..fields.turbulence import Turbulence
from . import hybrid, orbit
from .acceleration import PREVIEWS, acceleration_tables
from .albedo import h_table
from .checkpoint import Keeper, digest
from .hybrid import Controls, Traffic
from .result import Result
from .rng import LANES
from .score import GOLDEN
from .source import Spectrum
from .tally import FOLDS, Fate, Tally, TallyGrid, add

BLOCK_AT_LEAST = 64
# Particles of a block of orbits, which go through one realisation.
REALISATION = 16
MAX_STEPS = 2_000_000_000
# More lost particles than this share of all, and the run is given up.
LOST_AT_MOST = 1e-6
LOST_NAMED = 10
TRACK_COLUMNS = (
    "age_Myr", "x_kpc", "y_kpc", "z_kpc", "momentum_GeV", "behind_surface", "time_Myr", "weight", "history",
)  # fmt: skip

Progress = Callable[[int, int], None]


class LostError(ArithmeticError):
    """Too many particles were lost to numbers that are not finite; `particles` names the first."""

    def __init__(self, number: int, particles: list[int]) -> None:
        super().__init__(f"{number} particles were lost to a number that is not finite: {particles}")
        self.particles = particles


@dataclass(frozen=True)
class Transport:
    """How to follow particles.

    Attributes
    ----------
    method : str
        "hybrid"; "flight": flights only; "orbit": through `turbulence`.
    acceleration : float or "auto"
        See `acceleration.acceleration_tables`; 1 also flies every incursion behind the wall.
    t_max_Myr : float
        Age at which a history ends.
    R_d_kpc : float
        Radius of the source disc.
    turbulence : Turbulence, optional
        What orbits go through, a new realisation for each block of particles.
    """

    particles: int = 5000
    seed: int = 1
    method: str = "hybrid"
    acceleration: float | str = "auto"
    t_max_Myr: float = 1e4
    R_d_kpc: float = 10.0
    turbulence: Turbulence | None = None


def schedule(energy_edges_GeV: np.ndarray, orbits: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(injection group, rank in energy) of each particle of a block, the same for all blocks.

    Energies are log-uniform within a group. Groups whose histories are short or scatter more come up to four
    times; tallies are per particle of a group, so how many there are does not matter to them. The order goes
    through the energies in long strides, so that a part of a block covers them all. Orbits come in blocks of
    `REALISATION` where there are not more groups than that.
    """
    low = energy_edges_GeV[:-1] * (1 + 1e-9)
    bounds, times = [3.0, 30.0, 300.0, 3e3, 3e5, 3e6], np.array([1, 2, 1, 3, 3, 4, 1])
    if orbits:
        times[:] = 1
    groups = np.repeat(np.arange(len(low)), times[np.searchsorted(bounds, low)])
    groups = np.repeat(groups, -(-(REALISATION if orbits else BLOCK_AT_LEAST) // len(groups)))
    stride = (np.arange(len(groups)) * GOLDEN) % 1.0
    rank = np.argsort(stride, kind="stable")
    return groups[rank].astype(np.int64), rank.astype(np.int64)


def controls_of(
    medium: Medium, grid: TallyGrid, transport: Transport, only: int = -1, track_lines: int = 0
) -> Controls:
    """The kernel's view of a `Transport`; of each block `only` one particle, with room for its track."""
    steps, orbits = transport.method == "hybrid", transport.method == "orbit"
    halo_cells, bell_cells = grid.binnings()
    groups, ranks = schedule(grid.energy_edges_GeV, orbits)
    skin = transport.acceleration != 1 and steps
    return Controls(
        seed=transport.seed,
        hybrid=steps,
        skin=skin,
        previews=PREVIEWS if skin and medium.table.wall == Wall.TWO_WAY else 1,
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


def traffic_of(medium: Medium, transport: Transport) -> Traffic | None:
    """How a Bell wall is dealt with; None where the surface is no such wall."""
    if medium.table.wall not in (Wall.TWO_WAY, Wall.ONE_WAY):
        return None
    acceleration = transport.acceleration if transport.method == "hybrid" else 1
    return Traffic(*acceleration_tables(medium, acceleration), h_table())


class Block(NamedTuple):
    """What came of one block: its counts, and how each of its particles ended, and when [Myr]."""

    tally: Tally
    fates: np.ndarray
    ages_Myr: np.ndarray


@dataclass(frozen=True)
class Job:
    """Everything that a block needs, wherever it is followed."""

    table: MediumTable
    grid: TallyGrid
    transport: Transport
    controls: Controls
    traffic: Traffic | None

    @classmethod
    def of(cls, medium: Medium, grid: TallyGrid, transport: Transport) -> Job:
        """The job of a run."""
        if transport.method == "orbit":
            if transport.turbulence is None:
                raise ValueError("orbits need turbulence to go through")
            if medium.table.wall != Wall.ABSORBING:
                raise ValueError("orbits end at the surface: it must absorb")
        controls, traffic = controls_of(medium, grid, transport), traffic_of(medium, transport)
        return cls(medium.table, grid, transport, controls, traffic)

    def digest(self) -> str:
        """SHA-256 of the medium and of all else that decides what comes of a block."""
        turbulence = self.transport.turbulence
        waves = turbulence.realisation((self.transport.seed, 0)) if turbulence else None
        how = replace(self.transport, turbulence=None)
        return digest((self.table, tuple(vars(self.grid).values()), how, self.controls, self.traffic, waves))

    @property
    def block_size(self) -> int:
        return int(self.controls.schedule.size)

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
        """Follow some particles, the first of which is that of `controls.schedule`."""
        tally, fates, ages = into
        turbulence = self.transport.turbulence
        if self.transport.method == "orbit" and turbulence is not None:
            step = orbit.STEP_OVER_CORRELATION * turbulence.correlation_length_kpc
            field = turbulence.realisation((self.transport.seed, block))
            orbit.run_block(self.table, controls, field, step, tally, ages, fates, first, count, stop)
            return
        buffer = np.empty((2, 4, LANES))
        hybrid.run_block(self.table, controls, self.traffic, tally, buffer, ages, fates, first, count, stop)


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


def run(
    medium: Medium,
    grid: TallyGrid,
    transport: Transport,
    spectrum: Spectrum = Spectrum(),  # noqa: B008 - frozen
    threads: int = 1,
    progress: Progress | None = None,
    provenance: dict | None = None,
    ages_Myr: np.ndarray | None = None,
    executor: Executor | None = None,
    keeper: Keeper | None = None,
    enough: Callable[[Result], bool] | None = None,
) -> Result:
    """Follow particles through a medium.

    Parameters
    ----------
    medium, grid, transport : Medium, TallyGrid, Transport
        What they meet, where they are counted and how they are followed.
    spectrum : Spectrum
        What derived quantities are weighted with; it does not change what is followed.
    threads : int
        Worker threads; the result does not depend on it.
    progress : callable, optional
        Called with (particles done, moves done) after each block.
    provenance : dict, optional
        Kept with the result (scenario, version).
    ages_Myr : ndarray, optional
        Takes the age of every particle at its end, if it is as long as there are particles.
    executor : Executor, optional
        Where blocks are followed, in place of `threads`; the result does not depend on it either.
    keeper : Keeper, optional
        Keeps checkpoints, and goes on from one.
    enough : callable, optional
        Asked of the result so far whenever all folds have got one more block: whether to stop.

    Returns
    -------
    Result

    Raises
    ------
    KeyboardInterrupt, ConnectionError
        After what was done has been kept: stopped, or the cluster is gone.
    CheckpointError
        If what the keeper has is damaged, or of another run.
    LostError
        If too many particles are lost.
    ValueError
        Orbits without turbulence, or to a wall that they cannot come back from.
    """
    job = Job.of(medium, grid, transport)
    folds = [grid.empty() for _ in range(min(FOLDS, job.blocks))]
    first, lost = 0, list[int]()
    medium_sha256 = digest(job.table)
    kept = keeper.begin(job.digest(), grid) if keeper else None
    if kept is not None:
        first, folds, lost = kept.blocks, kept.folds, kept.lost
    started = time.perf_counter()
    done = first * job.block_size
    moves = 0

    def result(blocks: int) -> Result:
        return Result.from_folds(
            medium,
            grid,
            folds,
            transport.R_d_kpc,
            spectrum=spectrum,
            provenance={
                **(provenance or {}),
                "seed": transport.seed,
                "blocks": [0, blocks],
                "lost": lost,
                "medium_sha256": medium_sha256,
            },
            performance={
                "wall_time_s": time.perf_counter() - started,
                "threads": threads,
                "blocks_resumed": first,
            },
        )

    stop = np.zeros(1, np.int64)
    blocks, whole = first, True
    if enough is not None and first > 0 and first % FOLDS == 0 and enough(result(first)):
        return result(first)
    stream = (executor or Threads(threads)).follow(job, first, stop)
    try:
        for block in stream:
            whole = False
            add(folds[blocks % FOLDS], block.tally)
            if ages_Myr is not None:
                ages_Myr[done : done + len(block.ages_Myr)] = block.ages_Myr
            # A run that may stop at any time is judged by what it has done.
            judged = done + len(block.fates) if enough else transport.particles
            lost += _lost(block, blocks * job.block_size, lost, folds, judged)
            blocks += 1
            done += len(block.fates)
            moves += int(block.tally.work[0] + block.tally.work[2])
            whole = True
            if progress:
                progress(done, moves)
            if enough is not None and blocks % FOLDS == 0 and enough(result(blocks)):
                break
            if keeper and blocks < job.blocks and keeper.is_due():
                keeper.keep(blocks, folds, lost)
    except (KeyboardInterrupt, ConnectionError):
        stop[0] = 1
        # Not in the midst of adding a block; what was kept before is there if the disk is full.
        if keeper and whole and blocks > first:
            with suppress(OSError):
                keeper.keep(blocks, folds, lost)
        raise
    finally:
        stream.close()  # type: ignore[attr-defined]
    # What is made of it takes time too, and may fail.
    if keeper and blocks > first:
        keeper.keep(blocks, folds, lost)
    return result(blocks)


def _lost(block: Block, first: int, before: list[int], folds: list[Tally], particles: int) -> list[int]:
    """Particles of a block that were lost, as far as there is room to name them."""
    here = np.flatnonzero(block.fates == Fate.LOST)
    if here.size == 0:
        return []
    names = [first + int(index) for index in here[: max(LOST_NAMED - len(before), 0)]]
    total = sum(int(fold.fates[Fate.LOST]) for fold in folds)
    if total > LOST_AT_MOST * particles:
        raise LostError(total, [*before, *names])
    return names
