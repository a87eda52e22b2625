"""Commands that are run from outside, and small runs from inside."""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import time
from pathlib import Path

from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Transport
from crhalo.mc.result import Result
from crhalo.mc.tally import energy_groups, galactic_grid

CRHALO = str(Path(sys.executable).with_name("crhalo"))
HEADER = {"scenario": "soak"}
Outcome = tuple[int, int]


def free_escape(particles: int, low: str, high: str, *settings: str) -> list[str]:
    """A run with hardly any sky: some ten seconds and some checkpoints."""
    given = [
        f'transport.energy_range=["{low}", "{high}"]', f'source.E_min="{low}"', f'source.E_max="{high}"',
        "sky.nside=1", 'sky.energies=["1 TeV", "10 TeV", 2]', *settings,
    ]  # fmt: skip
    options = [word for setting in given for word in ("--set", setting)]
    return ["run", "free-escape", "--particles", str(particles), *options]


HYBRID = free_escape(100_000, "1 TeV", "100 TeV")
ORBITS = free_escape(640, "1 PeV", "10 PeV", 'transport.method="orbit"', 'transport.t_max="1 Myr"')
SCAN = ["scan", *free_escape(3_000, "1 TeV", "100 TeV")[1:], "--grid", "medium.H=2:4:lin3 kpc"]
FEW = free_escape(2000, "1 TeV", "100 TeV")


def command(arguments: list[str], out: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [CRHALO, *arguments, "--out", str(out), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Exit code and what was said of it, which is one line if anything."""
    _, error = process.communicate()
    said = [line for line in error.splitlines() if line.startswith("crhalo:")]
    return process.returncode, [error] if "Traceback" in error else said


def sha(result: Result) -> str:
    digest = hashlib.sha256()
    for name in sorted(result.tallies):
        digest.update(name.encode() + result.tallies[name].tobytes())
    return digest.hexdigest()


def sha_of(folder: Path) -> str:
    return sha(Result.read(folder / "result.h5"))


def alone(arguments: list[str], folder: Path) -> tuple[str, float]:
    """The run that nobody disturbs, and how long it takes, compiled."""
    for name in ("first", "alone"):
        started = time.perf_counter()
        code, said = end_of(command(arguments, folder / name))
        assert code == 0, said
    return sha_of(folder / "alone"), time.perf_counter() - started


def setting(particles: int, seed: int = 1):  # type: ignore[no-untyped-def]
    galaxy = Galaxy(bell=False)
    grid = galactic_grid(energy_groups(1e5, 1e6), galaxy)
    return galaxy.medium(), grid, Transport(particles, seed, t_max_Myr=300.0)


def peak_MB() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
