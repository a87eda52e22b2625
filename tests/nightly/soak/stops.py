"""Runs that are killed, stopped, out of disk, or two in one folder."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crhalo.mc import checkpoint
from tools import CRHALO, FEW, HYBRID, ORBITS, SCAN, Outcome, alone, command, end_of, sha_of


def killed(arguments: list[str], folder: Path, times: int, seed: int) -> Outcome:
    """kill -9 at random moments, then on to the same bits."""
    whole, seconds = alone(arguments, folder)
    chance, survived, resumed = random.Random(seed), 0, 0
    for number in range(times):
        out = folder / f"killed-{number}"
        process = command(arguments, out)
        time.sleep(chance.uniform(0.1, 1.0) * seconds)
        process.kill()
        process.communicate()
        # What the kill has left half-written may be in the way, but must not matter.
        code, _ = end_of(command(arguments, out, "--resume"))
        resumed += json.loads((out / "summary.json").read_text())["blocks_resumed"] > 0
        survived += code == 0 and sha_of(out) == whole
        shutil.rmtree(out)
    print(f"    {resumed} of {times} went on from a checkpoint, the others began anew or were done")
    return times, survived


def kills(folder: Path) -> Outcome:
    """kill -9 at 20 random moments, then on to the same bits."""
    return killed(HYBRID, folder, 20, 1)


def kills_of_orbits(folder: Path) -> Outcome:
    """The same for the engine of orbits."""
    return killed(ORBITS, folder, 8, 7)


def kills_of_scans(folder: Path, times: int = 6) -> Outcome:
    """kill -9 of a scan at two random moments each, then on to the same file."""
    whole, chance, survived = folder / "whole", random.Random(11), 0
    started = time.perf_counter()
    assert end_of(command(SCAN, whole))[0] == 0
    seconds = time.perf_counter() - started
    for number in range(times):
        out = folder / f"killed-{number}"
        for _ in range(2):
            process = command(SCAN, out, "--resume")
            time.sleep(chance.uniform(0.2, 0.8) * seconds)
            process.kill()
            process.communicate()
        code, _ = end_of(command(SCAN, out, "--resume"))
        same = (out / "scan.nc").read_bytes() == (whole / "scan.nc").read_bytes()
        survived += code == 0 and same
        shutil.rmtree(out)
    return times, survived


def signals(folder: Path) -> Outcome:
    """Ctrl-C and SIGTERM at 10 random moments: out within 2 s, one line, the right code, and on."""
    whole, seconds = alone(HYBRID, folder)
    chance, survived, longest, stopped = random.Random(2), 0, 0.0, 0
    for number in range(10):
        out, wanted = folder / f"stopped-{number}", (signal.SIGINT, signal.SIGTERM)[number % 2]
        process = command(HYBRID, out)
        # Not before it has begun to listen.
        time.sleep(max(1.0, chance.uniform(0.05, 0.9) * seconds))
        started = time.perf_counter()
        process.send_signal(wanted)
        code, said = end_of(process)
        left = time.perf_counter() - started
        if code != 0:
            stopped += 1
            longest = max(longest, left)
        good = code == 0 or (code == 128 + wanted and len(said) == 1 and left < 2.0)
        end_of(command(HYBRID, out, "--resume"))
        survived += good and sha_of(out) == whole
    print(f"    {stopped} of 10 came before the end; out after {longest:.2f} s at most (2)")
    return 10, survived


@contextmanager
def small_disk(folder: Path, kB: int) -> Iterator[Path]:
    """A disk of its own, which takes root to make."""
    where = folder / f"disk-{kB}"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kB}k", "tmpfs", where], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


def disks(folder: Path) -> Outcome:
    """Full and read-only disks: one line that names the file, the last good checkpoint stays."""
    whole, _ = alone(HYBRID, folder)
    survived = 0
    for where in ("/proc/crhalo", "/sys/crhalo"):
        code, said = end_of(command(HYBRID, Path(where)))
        survived += code == 2 and len(said) == 1 and where in said[0]
    # Files of at most 100 kB are a full disk that anybody can have.
    limited = ["bash", "-c", f'ulimit -f 100; exec "{CRHALO}" "$@"', "crhalo", *FEW, "--out"]
    process = subprocess.Popen(
        [*limited, str(folder / "full")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    code, said = end_of(process)
    survived += code == 1 and len(said) == 1 and str(folder / "full") in said[0]
    if os.geteuid() != 0:
        print("    disks of 2 MB and read-only ones: not tried, they take root")
        return 3, survived
    with small_disk(folder, 2_000) as disk:
        code, said = end_of(command(HYBRID, disk / "run"))
        survived += code == 1 and len(said) == 1 and "checkpoint" in said[0]
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        code, said = end_of(command(HYBRID, disk / "other"))
        survived += code == 2 and len(said) == 1 and str(disk / "other") in said[0]
    process = command(HYBRID, folder / "sized")
    first = folder / "sized" / checkpoint.names()[0]
    while not first.exists():
        time.sleep(0.1)
    process.kill()
    process.communicate()
    with small_disk(folder, 3 * first.stat().st_size // 2000) as disk:  # room for one, and not for two
        code, said = end_of(command(HYBRID, disk / "run"))
        good = code == 1 and len(said) == 1 and (disk / "run" / first.name).exists()
        shutil.copytree(disk / "run", folder / "saved")
    code, _ = end_of(command(HYBRID, folder / "saved", "--resume"))
    resumed = json.loads((folder / "saved" / "summary.json").read_text())["blocks_resumed"]
    survived += good and code == 0 and resumed > 0 and sha_of(folder / "saved") == whole
    return 6, survived


def together(folder: Path) -> Outcome:
    """Two runs on one folder: one of them is refused, the other is right."""
    whole, _ = alone(HYBRID, folder)
    survived = 0
    for number in range(5):
        out = folder / f"both-{number}"
        processes = [command(HYBRID, out, "--resume") for _ in range(2)]
        (_, one), (_, other) = ends = [end_of(process) for process in processes]
        right = sorted(code for code, _ in ends) == [0, 2] and "at work there" in str([*one, *other])
        survived += right and sha_of(out) == whole
    return 5, survived
