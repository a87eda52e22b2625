"""Follows blocks of particles on threads, and adds them up in the order of their index.

Block b of seed s is the same particles wherever and whenever it runs, and blocks are added to batches in
the order of their index, so a run gives the same bits on any number of threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..fields.medium import Medium
from .blocks import Block, Executor, Job, Threads, Transport
from .checkpoint import CheckpointWriter, digest
from .result import Result
from .spectrum import Spectrum
from .tally import BATCHES, Fate, Tally, TallyGrid, add

# More lost particles than this share of all, and the run is given up.
LOST_AT_MOST = 1e-6
LOST_NAMED = 10

Watch = Callable[[Block, int, int], None]


class LostError(ArithmeticError):
    """Too many particles were lost to numbers that are not finite; `particles` names the first."""

    def __init__(self, number: int, particles: list[int]) -> None:
        super().__init__(f"{number} particles were lost to a number that is not finite: {particles}")
        self.particles = particles


@dataclass
class UnderWay:
    """A run under way: the batches it is counted in, and how far it has come.

    Attributes
    ----------
    job : Job
        What is followed.
    batches : list of Tally
        Block b is counted in batch b mod `BATCHES`.
    blocks, moves : int
        Blocks that have been added, and moves in those that were not resumed from a checkpoint.
    lost : list of int
        The first particles that were lost.
    whole : bool
        Whether no block is half added.
    may_stop : bool
        Whether it may end before all its particles have been followed.
    """

    job: Job
    batches: list[Tally]
    blocks: int = 0
    moves: int = 0
    lost: list[int] = field(default_factory=list)
    whole: bool = True
    may_stop: bool = False

    @classmethod
    def of(cls, job: Job, checkpoints: CheckpointWriter | None) -> UnderWay:
        """A run at its start, or where it was stopped."""
        kept = checkpoints.begin(job.digest(), job.grid) if checkpoints else None
        if kept is not None:
            return cls(job, kept.batches, kept.blocks, lost=kept.lost)
        return cls(job, [job.grid.empty() for _ in range(min(BATCHES, job.blocks))])

    @property
    def done(self) -> int:
        """Particles that have been added; the last block may have fewer than the others."""
        return min(self.blocks * self.job.block_size, self.job.transport.particles)

    @property
    def even(self) -> bool:
        """Whether all batches have the same number of blocks, and there are any."""
        return self.blocks > 0 and self.blocks % BATCHES == 0

    def add(self, block: Block) -> None:
        """Add the next block; `LostError` if too many particles have been lost."""
        self.whole = False
        first = self.blocks * self.job.block_size
        add(self.batches[self.blocks % BATCHES], block.tally)
        # A run that may stop at any time is compared with what it has done so far.
        followed = first + len(block.fates) if self.may_stop else self.job.transport.particles
        self.lost += self._lost_in(block, first, followed)
        self.blocks += 1
        self.moves += int(block.tally.work[0] + block.tally.work[2])
        self.whole = True

    def _lost_in(self, block: Block, first: int, particles: int) -> list[int]:
        """Particles of a block that were lost, as far as there is room to name them."""
        here = np.flatnonzero(block.fates == Fate.NOT_FINITE)
        if here.size == 0:
            return []
        names = [first + int(index) for index in here[: max(LOST_NAMED - len(self.lost), 0)]]
        total = sum(int(batch.fates[Fate.NOT_FINITE]) for batch in self.batches)
        if total > LOST_AT_MOST * particles:
            raise LostError(total, [*self.lost, *names])
        return names

    def keep(self, checkpoints: CheckpointWriter) -> None:
        """Write a checkpoint."""
        checkpoints.keep(self.blocks, self.batches, self.lost)


def run(
    medium: Medium,
    grid: TallyGrid,
    transport: Transport,
    spectrum: Spectrum = Spectrum(),  # noqa: B008 - frozen
    threads: int = 1,
    watch: Watch | None = None,
    provenance: dict | None = None,
    executor: Executor | None = None,
    checkpoints: CheckpointWriter | None = None,
    enough: Callable[[Result], bool] | None = None,
) -> Result:
    """Follow particles through a medium.

    Parameters
    ----------
    medium, grid, transport : Medium, TallyGrid, Transport
        The medium, where particles are counted in it, and how they are followed.
    spectrum : Spectrum
        What derived quantities are weighted with; it does not change what is followed.
    threads : int
        Worker threads; the result does not depend on it.
    watch : callable, optional
        Called with (block, particles done, moves done) after each block, in the order of their index.
    provenance : dict, optional
        Kept with the result (scenario, version).
    executor : Executor, optional
        Where blocks are followed, in place of `threads`; the result does not depend on it either.
    checkpoints : CheckpointWriter, optional
        Keeps checkpoints, and goes on from one.
    enough : callable, optional
        Asked of the result so far whenever all batches have got one more block: whether to stop.

    Raises
    ------
    KeyboardInterrupt, ConnectionError
        After what was done has been kept: stopped, or the cluster is gone.
    CheckpointError
        If a checkpoint is damaged, or of another run.
    LostError
        If too many particles are lost.
    ValueError
        Orbits without turbulence, or to a wall that they cannot come back from.
    """
    job = Job.of(medium, grid, transport)
    state = UnderWay.of(job, checkpoints)
    resumed, started = state.blocks, time.perf_counter()
    about = (provenance or {}) | {"medium_sha256": digest(job.table)}

    def result() -> Result:
        spent = {"wall_time_s": time.perf_counter() - started, "threads": threads, "blocks_resumed": resumed}
        return _result(state, medium, spectrum, about, spent)

    def is_enough() -> bool:
        return enough is not None and state.even and enough(result())

    if not is_enough():
        state.may_stop = enough is not None
        _follow(state, executor or Threads(threads), watch, checkpoints, is_enough)
    return result()


def _follow(
    state: UnderWay,
    executor: Executor,
    watch: Watch | None,
    checkpoints: CheckpointWriter | None,
    is_enough: Callable[[], bool],
) -> None:
    """Follow the blocks that are missing, until there are enough, and keep what is done."""
    job, resumed, stop = state.job, state.blocks, np.zeros(1, np.int64)
    stream = executor.follow(job, resumed, stop)
    try:
        for block in stream:
            state.add(block)
            if watch:
                watch(block, state.done, state.moves)
            if is_enough():
                break
            if checkpoints and state.blocks < job.blocks and checkpoints.is_due():
                state.keep(checkpoints)
    except (KeyboardInterrupt, ConnectionError):
        stop[0] = 1
        # Not in the midst of adding a block; what was kept before is there if the disk is full.
        if checkpoints and state.whole and state.blocks > resumed:
            with suppress(OSError):
                state.keep(checkpoints)
        raise
    finally:
        stream.close()  # type: ignore[attr-defined]
    # What is made of it takes time too, and may fail.
    if checkpoints and state.blocks > resumed:
        state.keep(checkpoints)


def _result(
    state: UnderWay, medium: Medium, spectrum: Spectrum, about: dict[str, Any], performance: dict[str, Any]
) -> Result:
    """What has been counted so far."""
    transport = state.job.transport
    counted = {"seed": transport.seed, "blocks": [0, state.blocks], "lost": state.lost}
    return Result.from_batches(
        medium,
        state.job.grid,
        state.batches,
        transport.R_d_kpc,
        spectrum=spectrum,
        provenance=about | counted,
        performance=performance,
    )
