"""How time and memory of runs grow with threads, particles and workers; what many cores would give."""

from __future__ import annotations

import pickle
import resource
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...fields.cores import cores
from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...mc.blocks import Executor, Job, Threads, Transport
from ...mc.engine import UnderWay, run
from ...mc.tally import TallyGrid, energy_groups, galactic_grid

PARTICLES = (1_000, 10_000, 100_000, 1_000_000)
WORKERS = (1, 2, 4)
CORES = (1, 10, 100, 1_000, 10_000)
_BLOCKS_A_THREAD = 4
_LONGEST_S = 120.0
# Of protons that leave soon, so that there may be many; of all energies of the main scenario.
_SOON_GEV, _ALL_GEV = (1e6, 1e7), (1.0, 1e7)
_NETWORK_BYTES_S = 1e9  # 10 Gbit/s, as most clusters have or better


def scaling(report: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """Time and memory of runs of the main scenario, measured, and a model of many cores.

    Returns
    -------
    list of dict
        {kind, number, particles, time_s, moves_per_s, efficiency, memory_MB}, the same keys in all. "threads"
        and "workers": `number` of them, the efficiency over one; "particles": as many on all cores, the
        efficiency over the fewest; "model": `number` cores, from what one block costs, see `model`. Memory is
        the most that this process has taken so far; NaN is not measured.
    """
    galaxy = Galaxy()
    medium = galaxy.medium()
    rows = _threads(medium, galaxy, report) + _particles(medium, galaxy, report)
    if find_spec("distributed") is not None:
        rows += _workers(medium, galaxy, report)
    report("one block")
    return rows + model(*_one_block(medium, galactic_grid(energy_groups(*_ALL_GEV), galaxy)))


def _threads(medium: Medium, galaxy: Galaxy, report: Callable[[str], None]) -> list[dict[str, Any]]:
    most = cores()
    numbers = sorted({2**n for n in range(most.bit_length()) if 2**n <= most} | {most})
    grid = galactic_grid(energy_groups(*_ALL_GEV), galaxy)
    particles = _BLOCKS_A_THREAD * most * Job.of(medium, grid, Transport(1_000_000)).block_size
    rows = []
    for number in numbers:
        report(f"{number} threads, {particles} particles")
        rows.append(_timed("threads", number, medium, grid, particles, Threads(number)))
    return _with_efficiency(rows, lambda row: row["number"])


def _particles(medium: Medium, galaxy: Galaxy, report: Callable[[str], None]) -> list[dict[str, Any]]:
    threads = cores()
    grid, rows = galactic_grid(energy_groups(*_SOON_GEV), galaxy), list[dict[str, Any]]()
    for number in PARTICLES:
        if rows and rows[-1]["time_s"] * number / rows[-1]["particles"] > _LONGEST_S:
            break
        report(f"{number} particles on {threads} threads")
        rows.append(_timed("particles", number, medium, grid, number, Threads(threads)))
    return _with_efficiency(rows, lambda row: 1.0 / row["particles"])


def _workers(medium: Medium, galaxy: Galaxy, report: Callable[[str], None]) -> list[dict[str, Any]]:
    from ...mc.dask_cluster import connected

    grid = galactic_grid(energy_groups(*_ALL_GEV), galaxy)
    particles = _BLOCKS_A_THREAD * max(WORKERS) * Job.of(medium, grid, Transport(1_000_000)).block_size
    rows = []
    for number in WORKERS:
        report(f"{number} dask workers, {particles} particles")
        with connected(f"dask-local:{number}") as cluster:
            run(medium, grid, Transport(number), executor=cluster)  # each loads its kernels
            rows.append(_timed("workers", number, medium, grid, particles, cluster))
    return _with_efficiency(rows, lambda row: row["number"])


def _timed(
    kind: str, number: int, medium: Medium, grid: TallyGrid, particles: int, executor: Executor
) -> dict[str, Any]:
    """A row of a run; what kernels take to be compiled or loaded is not in its time."""
    run(medium, grid, Transport(1))
    started = time.perf_counter()
    result = run(medium, grid, Transport(particles), executor=executor)
    spent = time.perf_counter() - started
    return _row(kind, number, particles, spent, result.steps / spent, memory_MB())


def _row(
    kind: str, number: int, particles: int, time_s: float, moves_per_s: float, memory_MB: float
) -> dict[str, Any]:
    return {
        "kind": kind,
        "number": number,
        "particles": particles,
        "time_s": time_s,
        "moves_per_s": moves_per_s,
        "efficiency": np.nan,
        "memory_MB": memory_MB,
    }


def _with_efficiency(rows: list[dict[str, Any]], share: Callable[[Any], float]) -> list[dict[str, Any]]:
    """Rows with the time of the first over theirs, per `share` of what it would be."""
    first = rows[0]["time_s"] * share(rows[0])
    return [row | {"efficiency": first / (row["time_s"] * share(row))} for row in rows]


def memory_MB() -> float:
    """The most memory that this process has taken so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) / (1e6 if sys.platform == "darwin" else 1e3)


def _one_block(medium: Medium, grid: TallyGrid) -> tuple[int, float, float, float]:
    """Particles of a block, seconds to follow it, to add it, and its bytes on the way."""
    job = Job.of(medium, grid, Transport(1_000_000))
    job.follow(0, np.zeros(1, np.int64))
    started = time.perf_counter()
    block = job.follow(1, np.zeros(1, np.int64))
    followed = time.perf_counter() - started
    sent = pickle.dumps(block, protocol=pickle.HIGHEST_PROTOCOL)
    state = UnderWay.of(job, None)
    state.add(block)
    started = time.perf_counter()
    state.add(pickle.loads(sent))
    return job.block_size, followed, time.perf_counter() - started, float(len(sent))


def model(
    block_size: int, followed_s: float, added_s: float, bytes_: float, particles: int = 1_000_000
) -> list[dict[str, Any]]:
    """Rows of many cores: blocks are followed by all, but come in and are added one after the other.

    A run takes as long as the slower of the two, time = blocks max(followed/cores, added + bytes/10 Gbit/s),
    and what the last blocks wait for: one block.
    """
    blocks, rows = -(-particles // block_size), []
    alone = added_s + bytes_ / _NETWORK_BYTES_S
    for number in CORES:
        rounds = -(-blocks // number)
        spent = max(rounds * followed_s, blocks * alone) + alone
        rows.append(_row("model", number, particles, spent, np.nan, np.nan))
    return _with_efficiency(rows, lambda row: row["number"])
