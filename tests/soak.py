"""The slow promises, one line each: name, tried, survived.

make soak                                    # all of them, most of an hour
.venv/bin/python tests/soak.py kills fuzz    # some
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.mc import checkpoint
from crhalo.mc.result import Result, ResultError, value_and_error
from crhalo.mc.run import Keeper, Transport, run
from crhalo.mc.tally import Region, energy_groups, galactic_grid
from crhalo.scenarios.schema import Scenario, from_mapping, load
from crhalo.scenarios.values import ScenarioError

CRHALO = str(Path(sys.executable).with_name("crhalo"))
# A run of some seconds: short histories, hardly any sky.
SMALL = [
    "run", "free-escape", "--particles", "20000", "--set", 'transport.energy_range=["1 TeV", "100 TeV"]',
    "--set", 'source.E_min="1 TeV"', "--set", 'source.E_max="100 TeV"', "--set", "sky.nside=1",
    "--set", 'sky.energies=["1 TeV", "10 TeV", 2]',
]  # fmt: skip
HEADER = {"scenario": "soak"}
Outcome = tuple[int, int]


def command(out: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [CRHALO, *SMALL, "--out", str(out), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def sha(result: Result) -> str:
    digest = hashlib.sha256()
    for name in sorted(result.tallies):
        digest.update(name.encode() + result.tallies[name].tobytes())
    return digest.hexdigest()


def sha_of(folder: Path) -> str:
    return sha(Result.read(folder / "result.h5"))


def alone(folder: Path) -> tuple[str, float]:
    """The run that nobody disturbs, and how long it takes."""
    started = time.perf_counter()
    command(folder / "alone").communicate()
    return sha_of(folder / "alone"), time.perf_counter() - started


def setting(particles: int, seed: int = 1):  # type: ignore[no-untyped-def]
    galaxy = Galaxy(bell=False)
    grid = galactic_grid(energy_groups(1e5, 1e6), *galaxy.surface_extent_kpc(), galaxy.r_max_kpc)
    return galaxy.medium(), grid, Transport(particles, seed, t_max_Myr=300.0)


def threads(folder: Path) -> Outcome:
    """The same bits on 1, 2, 3 and 4 threads."""
    found = [sha(run(*setting(8000), threads=number)) for number in (1, 2, 3, 4)]
    return 4, sum(each == found[0] for each in found)


def kills(folder: Path) -> Outcome:
    """kill -9 at random moments, then on to the same bits."""
    whole, seconds = alone(folder)
    chance, survived = random.Random(1), 0
    for number in range(20):
        out = folder / f"killed-{number}"
        process = command(out)
        time.sleep(chance.uniform(0.1, 1.0) * seconds)
        process.kill()
        process.communicate()
        if not (out / "summary.json").exists():
            # What the kill has left half-written may be in the way, but must not matter.
            command(out, "--resume").communicate()
        survived += sha_of(out) == whole
        shutil.rmtree(out)
    return 20, survived


def signals(folder: Path) -> Outcome:
    """Ctrl-C and SIGTERM: out within 2 s, one line, the right code."""
    _, seconds = alone(folder)
    chance, survived = random.Random(2), 0
    for number in range(10):
        out, wanted = folder / f"stopped-{number}", (signal.SIGINT, signal.SIGTERM)[number % 2]
        process = command(out)
        time.sleep(chance.uniform(0.3, 0.8) * seconds)
        started = time.perf_counter()
        process.send_signal(wanted)
        _, error = process.communicate()
        left = time.perf_counter() - started
        lines = [line for line in error.splitlines() if line.startswith("crhalo:")]
        good = process.returncode == 128 + wanted and len(lines) == 1 and "Traceback" not in error
        survived += process.returncode == 0 or (good and left < 2.0)
    return 10, survived


def damage(folder: Path) -> Outcome:
    """400 flipped bits and 100 truncations of a checkpoint, and of a result, are found."""
    medium, grid, transport = setting(2000)
    result = run(medium, grid, transport)
    checkpoint.write(folder, checkpoint.Checkpoint(HEADER, 1, [grid.empty()], []))
    result.write(folder / "result.h5")
    chance, survived = random.Random(3), 0
    path = folder / checkpoint.NAMES[0]
    good, whole = path.read_bytes(), (folder / "result.h5").read_bytes()
    for number in range(500):
        for file, content in ((path, good), (folder / "result.h5", whole)):
            damaged = bytearray(content)
            if number < 400:
                damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            else:
                del damaged[chance.randrange(len(content)) :]
            file.write_bytes(damaged)
        try:
            checkpoint.newest(folder, HEADER, grid)
        except checkpoint.CheckpointError as fault:
            survived += path.name in str(fault)
        try:
            # A flip where nothing is stored changes nothing.
            survived += sha(Result.read(folder / "result.h5")) == sha(result)
        except ResultError as fault:
            survived += "result.h5" in str(fault)
    return 1000, survived


def disks(folder: Path) -> Outcome:
    """A full disk (files of at most 100 kB) and a read-only folder: one line, nothing destroyed."""
    survived = 0
    limited = f"ulimit -f 100; exec {CRHALO} " + " ".join(f"'{each}'" for each in SMALL)
    process = subprocess.run(
        ["bash", "-c", f"{limited} --out {folder / 'full'}"], capture_output=True, text=True, check=False
    )
    survived += process.returncode not in (0, 2) and "Traceback" not in process.stderr
    for where in ("/proc/crhalo", "/sys/crhalo"):
        process = subprocess.run(
            [CRHALO, *SMALL, "--out", where], capture_output=True, text=True, check=False
        )
        survived += process.returncode == 1 and process.stderr.count("\n") == 1
    return 3, survived


def together(folder: Path) -> Outcome:
    """Two runs on one folder: one of them is refused, the other is right."""
    whole, _ = alone(folder)
    survived = 0
    for number in range(3):
        out = folder / f"both-{number}"
        first, second = command(out, "--resume"), command(out, "--resume")
        codes = sorted(each.wait() for each in (first, second))
        survived += codes in ([0, 2], [0, 0]) and sha_of(out) == whole
    return 3, survived


def workers(folder: Path) -> Outcome:
    """Blocks on a cluster whose workers die in 30% of the tasks: the same bits."""
    from crhalo.mc import cluster

    medium, grid, transport = setting(8000)
    whole = sha(run(medium, grid, transport, threads=2))
    follow = cluster._follow

    def dying(job, block):  # type: ignore[no-untyped-def]
        mark = folder / f"died-{block}"
        if random.Random(block).random() < 0.3 and not mark.exists():
            mark.touch()
            os._exit(1)
        return follow(job, block)

    cluster._follow = dying  # type: ignore[assignment]
    try:
        with cluster.connected("dask-local:2") as executor:
            found = sha(run(medium, grid, transport, executor=executor))
    finally:
        cluster._follow = follow
    return 1, int(found == whole and any(folder.glob("died-*")))


def fuzz(folder: Path) -> Outcome:
    """10,000 scenarios with wrong values: read, or refused in one line within a second."""
    base = json.loads(load("circumgalactic").model_dump_json(exclude_none=True))
    wrong = [
        -1, 0, 1e99, -1e-99, float("nan"), float("inf"), True, None, "", "1", "1 kpc", "1 GeV", "-3 uG",
        [], [1], ["1 GeV"], {}, {"a": 1}, "x" * 10_000, 10**400, [[[[]]]], "\x00", "1e400 kpc", "nan kpc",
        ["1 GeV", "2 GeV"],
    ]  # fmt: skip
    chance, survived = random.Random(4), 0
    tables = [key for key in base if isinstance(base[key], dict)] + [
        "turbulence", "self_consistency", "two_zone", "figure_1", "radio", "coupling", "galaxies", "observer",
    ]  # fmt: skip
    for _ in range(10_000):
        data = json.loads(json.dumps(base))
        for _ in range(chance.randrange(1, 4)):
            table = chance.choice(tables)
            target = data.setdefault(table, {})
            if isinstance(target, dict):
                known = list(target) or ["H", "delta_G", "cascade"]
                target[chance.choice([*known, "no_such_key"])] = chance.choice(wrong)
            if chance.random() < 0.1:
                data[table] = chance.choice(wrong)
        started = time.perf_counter()
        try:
            survived += isinstance(from_mapping(data), Scenario)
        except ScenarioError as error:
            text = str(error)
            survived += "\n" not in text and len(text) < 400 and time.perf_counter() - started < 1.0
    return 10_000, survived


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
    grid = galactic_grid(energy_groups(1e6, 1e7), 12.0, 0.05, 12.0)
    seen: list[int] = []

    def watch(done: int, moves: int) -> None:
        seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    run(galaxy.medium(), grid, Transport(10_000_000, 1), threads=2, progress=watch)
    grown = (seen[-1] - seen[min(200, len(seen) - 1)]) / 1024
    print(f"    {len(seen)} blocks, {grown:.1f} MB more at the end than after 200 of them (20)")
    return 1, int(grown < 20.0)


def overhead(folder: Path) -> Outcome:
    """Checkpoints of the main run take less than 2% of it."""
    scenario = load("circumgalactic").with_overrides(["transport.particles=1360"])
    from crhalo.scenarios.pipeline import galaxy_of, grid_of, transport_of

    galaxy = galaxy_of(scenario)
    spent = 0.0

    class Timed(Keeper):
        def keep(self, *state: object) -> None:
            nonlocal spent
            started = time.perf_counter()
            super().keep(*state)  # type: ignore[arg-type]
            spent += time.perf_counter() - started

    keeper = Timed(folder, HEADER)
    medium, grid = galaxy.medium(), grid_of(scenario, galaxy)
    run(medium, grid, Transport(136, 9), threads=2)
    started = time.perf_counter()
    run(medium, grid, transport_of(scenario), threads=2, keeper=keeper)
    share = spent / (time.perf_counter() - started)
    print(f"    {share:.2%} (2%)")
    return 1, int(share < 0.02)


SOAKED: tuple[Callable[[Path], Outcome], ...] = (
    threads, kills, signals, damage, disks, together, workers, fuzz, repeats, memory, overhead,
)  # fmt: skip


def main(names: list[str]) -> int:
    failed = 0
    for one in SOAKED:
        if names and one.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            tried, survived = one(Path(folder))
        failed += survived < tried
        said = (one.__doc__ or "").splitlines()[0]
        print(f"{one.__name__:10} tried {tried:6}, survived {survived:6}   {said}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
