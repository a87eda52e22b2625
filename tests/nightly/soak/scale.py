"""Threads, workers, repeats, ten million particles, and what it costs to be safe."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.mc import checkpoint
from crhalo.mc.blocks import Transport
from crhalo.mc.checkpoint import CheckpointWriter
from crhalo.mc.engine import run
from crhalo.mc.tally import Region, energy_groups, galactic_grid
from crhalo.mc.uncertainty import value_and_error
from crhalo.scenarios.file.scenario import load
from tools import HEADER, Outcome, command, peak_MB, setting, sha


class Shuffled:
    """An executor that follows some blocks at a time, in any order."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def follow(self, job, first, stop):  # type: ignore[no-untyped-def]
        for start in range(first, job.blocks, self.batch):
            blocks = list(range(start, min(start + self.batch, job.blocks)))
            order = random.Random(start).sample(blocks, len(blocks))
            done = {block: job.follow(block, stop) for block in order}
            yield from (done[block] for block in blocks)


def threads(folder: Path) -> Outcome:
    """The same bits on 1, 2, 3 and 4 threads, and in batches of 1, 7 and all blocks in any order."""
    found = [sha(run(*setting(8000), threads=number)) for number in (1, 2, 3, 4)]
    found += [sha(run(*setting(8000), executor=Shuffled(batch))) for batch in (1, 7, 1000)]
    return len(found), sum(each == found[0] for each in found)


def workers(folder: Path) -> Outcome:
    """Blocks on a cluster whose workers die in 30% of the tasks: the same bits."""
    from crhalo.mc import dask_cluster as cluster

    medium, grid, transport = setting(8000)
    whole = sha(run(medium, grid, transport, threads=2))
    follow = cluster._follow

    def dying(job, block, wanted):  # type: ignore[no-untyped-def]
        mark = folder / f"died-{block}"
        if random.Random(block).random() < 0.3 and not mark.exists():
            mark.touch()
            os._exit(1)
        return follow(job, block, wanted)

    cluster._follow = dying  # type: ignore[assignment]
    try:
        with cluster.connected("dask-local:2") as executor:
            found = sha(run(medium, grid, transport, executor=executor))
    finally:
        cluster._follow = follow
    deaths = len(list(folder.glob("died-*")))
    print(f"    {deaths} workers died over {-(-8000 // 112)} blocks")
    return 1, int(found == whole and deaths > 0)


def repeats(folder: Path) -> Outcome:
    """200 independent runs: chi2 of their scatter against their errors, and how many intervals hold."""
    values, errors = [], []
    for seed in range(200):
        medium, grid, transport = setting(2176, seed)
        result = run(medium, grid, transport, threads=2)
        value, error = value_and_error(
            result.density_cm3("region")[..., Region.DISC] @ result.current_energy_GeV
        )
        values.append(float(value))
        errors.append(float(error))
    away = (np.array(values) - np.mean(values)) / np.array(errors)
    chi2, inside = float((away**2).sum()), int((np.abs(away) < 1.0).sum())
    print(f"    chi2 {chi2:.1f} (139.8 to 271.3), within one sigma {inside} (114 to 157)")
    return 2, int(139.8 < chi2 < 271.3) + int(114 <= inside <= 157)


def memory(folder: Path) -> Outcome:
    """Ten million particles need no more memory than the first few blocks."""
    galaxy = Galaxy(halo="constant", bell=False, H_kpc=0.05, r_max_kpc=12.0)
    grid = galactic_grid(energy_groups(1e6, 1e7), galaxy)
    seen: list[float] = []

    def watch(block, done: int, moves: int) -> None:
        seen.append(peak_MB())

    run(galaxy.medium(), grid, Transport(10_000_000, 1), threads=2, watch=watch)
    grown = seen[-1] - seen[min(200, len(seen) - 1)]
    print(f"    {len(seen)} blocks, {grown:.1f} MB more at the end than after 200 of them (20)")
    return 1, int(grown < 20.0)


def overhead(folder: Path) -> Outcome:
    """Checkpoints of the main run take less than 2% of it, and going on starts within 3 s."""
    from crhalo.scenarios.build import find_medium, grid_of, transport_of

    scenario = load("circumgalactic")
    galaxy, medium, _, _ = find_medium(scenario, 2)
    grid, spent = grid_of(scenario, galaxy), []

    class Timed(CheckpointWriter):
        def keep(self, *state: object) -> None:
            started = time.perf_counter()
            super().keep(*state)  # type: ignore[arg-type]
            spent.append(time.perf_counter() - started)

    run(medium, grid, Transport(136, 9), threads=2)
    started = time.perf_counter()
    run(medium, grid, transport_of(scenario), threads=2, checkpoints=Timed(folder, HEADER))
    share = sum(spent) / (time.perf_counter() - started)
    out = folder / "main"
    process = command(["run", "circumgalactic"], out)
    while not (out / checkpoint.names()[0]).exists():
        time.sleep(0.5)
    process.kill()
    process.communicate()
    # From the command to the first block that is followed.
    measured = (
        "import time, os; from crhalo.mc import engine; from crhalo.scenarios.commands.main import main\n"
        "engine.Threads.follow = lambda *_: os._exit(7)\n"
        f"main(['run', 'circumgalactic', '--resume', '--out', {str(out)!r}])"
    )
    started = time.perf_counter()
    code = subprocess.run([sys.executable, "-c", measured], check=False).returncode
    seconds = time.perf_counter() - started
    print(f"    {len(spent)} checkpoints, {share:.2%} (2%); going on starts after {seconds:.2f} s (3)")
    return 2, int(share < 0.02) + int(code == 7 and seconds < 3.0)
