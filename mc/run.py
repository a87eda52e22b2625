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
from ..fields.turbulence import Turbulence
from . import hybrid, orbit
from .acceleration import PREVIEWS, acceleration_tables
from .albedo import h_table
from .hybrid import Controls, Traffic
from .result import Result
from .rng import LANES
from .score import GOLDEN
from .source import Spectrum
from .tally import FOLDS, Tally, TallyGrid, add

BLOCK_AT_LEAST = 64
# Particles of a block of orbits, which go through one realisation.
REALISATION = 16
MAX_STEPS = 2_000_000_000

Progress = Callable[[int, int], None]


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


def controls_of(medium: Medium, grid: TallyGrid, transport: Transport) -> Controls:
    """The kernel's view of a `Transport`."""
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
    )


def traffic_of(medium: Medium, transport: Transport) -> Traffic | None:
    """How a Bell wall is dealt with; None where the surface is no such wall."""
    if medium.table.wall not in (Wall.TWO_WAY, Wall.ONE_WAY):
        return None
    acceleration = transport.acceleration if transport.method == "hybrid" else 1
    return Traffic(*acceleration_tables(medium, acceleration), h_table())


def _engine(medium: Medium, transport: Transport) -> Callable[..., None]:
    """What follows a block: a function of (controls, tally, ages, block, first particle, count, stop)."""
    table, turbulence = medium.table, transport.turbulence
    if transport.method != "orbit":
        traffic = traffic_of(medium, transport)

        def by_hybrid(controls, tally, ages, block, first, count, stop):  # type: ignore[no-untyped-def]
            buffer = np.empty((2, 4, LANES))
            hybrid.run_block(table, controls, traffic, tally, buffer, ages, first, count, stop)

        return by_hybrid
    if turbulence is None:
        raise ValueError("orbits need turbulence to go through")
    if table.wall != Wall.ABSORBING:
        raise ValueError("orbits end at the surface: it must absorb")
    step = orbit.STEP_OVER_CORRELATION * turbulence.correlation_length_kpc

    def by_orbit(controls, tally, ages, block, first, count, stop):  # type: ignore[no-untyped-def]
        field = turbulence.realisation((transport.seed, block))
        orbit.run_block(table, controls, field, step, tally, ages, first, count, stop)

    return by_orbit


def run(
    medium: Medium,
    grid: TallyGrid,
    transport: Transport,
    spectrum: Spectrum = Spectrum(),  # noqa: B008 - frozen
    threads: int = 1,
    progress: Progress | None = None,
    provenance: dict | None = None,
    ages_Myr: np.ndarray | None = None,
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

    Returns
    -------
    Result

    Raises
    ------
    KeyboardInterrupt
        After the particles in flight have ended.
    ValueError
        Orbits without turbulence, or to a wall that they cannot come back from.
    """
    engine = _engine(medium, transport)
    controls = controls_of(medium, grid, transport)
    size = controls.schedule.size
    blocks = -(-transport.particles // size)
    folds = [grid.empty() for _ in range(min(FOLDS, blocks))]
    stop = np.zeros(1, np.int64)

    def work(block: int) -> Tally:
        tally = grid.empty()
        first = block * size
        count = min(size, transport.particles - first)
        ages = np.empty(count)
        engine(controls, tally, ages, block, first, count, stop)
        if ages_Myr is not None:
            ages_Myr[first : first + count] = ages
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
