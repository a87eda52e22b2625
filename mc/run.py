"""Blocks of particles on threads, folded in index order.

Block b of seed s is the same particles wherever and whenever it runs, and blocks are added to folds in
the order of their index, so a run gives the same bits on any number of threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..fields.medium import Medium, Wall
from .acceleration import PREVIEWS, acceleration_tables
from .albedo import h_table
from .hybrid import Controls, run_block
from .result import Result
from .rng import LANES
from .score import GOLDEN
from .source import Spectrum
from .tally import FOLDS, Tally, TallyGrid, add

BLOCK_AT_LEAST = 64
MAX_STEPS = 2_000_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Transport:
    """How to follow particles.

    Attributes
    ----------
    method : str
        "hybrid", or "flight": flights only.
    acceleration : float or "auto"
        See `acceleration.acceleration_tables`; 1 also flies every incursion behind the wall.
    t_max_Myr : float
        Age at which a history ends.
    R_d_kpc : float
        Radius of the source disc.
    """

    particles: int = 5000
    seed: int = 1
    method: str = "hybrid"
    acceleration: float | str = "auto"
    t_max_Myr: float = 1e4
    R_d_kpc: float = 10.0


def schedule(energy_edges_GeV: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(injection group, rank in energy) of each particle of a block, the same for all blocks.

    Energies are log-uniform within a group. Groups whose histories are short or scatter more come up to four
    times; tallies are per particle of a group, so how many there are does not matter to them. The order goes
    through the energies in long strides, so that a part of a block covers them all.
    """
    low = energy_edges_GeV[:-1] * (1 + 1e-9)
    bounds, times = [3.0, 30.0, 300.0, 3e3, 3e5, 3e6], np.array([1, 2, 1, 3, 3, 4, 1])
    groups = np.repeat(np.arange(len(low)), times[np.searchsorted(bounds, low)])
    groups = np.repeat(groups, -(-BLOCK_AT_LEAST // len(groups)))
    stride = (np.arange(len(groups)) * GOLDEN) % 1.0
    rank = np.argsort(stride, kind="stable")
    return groups[rank].astype(np.int64), rank.astype(np.int64)


def controls_of(medium: Medium, grid: TallyGrid, transport: Transport) -> Controls:
    """The kernel's view of a `Transport`."""
    hybrid = transport.method == "hybrid"
    multiplicity, probes = acceleration_tables(medium, transport.acceleration if hybrid else 1)
    halo_cells, bell_cells = grid.binnings()
    groups, ranks = schedule(grid.energy_edges_GeV)
    skin = transport.acceleration != 1 and hybrid
    return Controls(
        seed=transport.seed,
        hybrid=hybrid,
        skin=skin,
        multiplicity=multiplicity,
        probes=probes,
        previews=PREVIEWS if skin and medium.table.wall == Wall.TWO_WAY else 1,
        h_table=h_table(),
        t_max=transport.t_max_Myr,
        max_steps=MAX_STEPS,
        R_d=transport.R_d_kpc,
        energy_edges=grid.energy_edges_GeV,
        schedule=groups,
        ranks=ranks,
        halo_cells=halo_cells,
        bell_cells=bell_cells,
    )


def run(
    medium: Medium,
    grid: TallyGrid,
    transport: Transport,
    spectrum: Spectrum = Spectrum(),  # noqa: B008 - frozen
    threads: int = 1,
    progress: Progress | None = None,
    provenance: dict | None = None,
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

    Returns
    -------
    Result

    Raises
    ------
    KeyboardInterrupt
        After the particles in flight have ended.
    """
    controls = controls_of(medium, grid, transport)
    size = controls.schedule.size
    blocks = -(-transport.particles // size)
    folds = [grid.empty() for _ in range(min(FOLDS, blocks))]
    stop = np.zeros(1, np.int64)

    def work(block: int) -> Tally:
        tally = grid.empty()
        first = block * size
        buffer = np.empty((2, 4, LANES))
        count = min(size, transport.particles - first)
        run_block(medium.table, controls, tally, buffer, first, count, stop)
        return tally

    started = time.perf_counter()
    done = moves = 0
    # At most two blocks a thread wait to be added, so memory does not grow with their number.
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[Tally]] = []
        try:
            submitted = 0
            for block in range(blocks):
                while submitted < blocks and len(waiting) < 2 * threads:
                    waiting.append(pool.submit(work, submitted))
                    submitted += 1
                tally = waiting.pop(0).result()
                add(folds[block % FOLDS], tally)
                done += int(tally.fates.sum())
                moves += int(tally.work[0] + tally.work[2])
                if progress:
                    progress(done, moves)
        except BaseException:
            stop[0] = 1
            for future in waiting:
                future.cancel()
            raise
    return Result.from_folds(
        medium,
        grid,
        folds,
        transport.R_d_kpc,
        spectrum=spectrum,
        provenance=(provenance or {}) | {"seed": transport.seed},
        performance={"wall_time_s": time.perf_counter() - started, "threads": threads},
    )
