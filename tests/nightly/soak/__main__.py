"""The slow promises, one line each: name, tried, survived.

make soak                                 # all of them, about an hour
.venv/bin/python tests/nightly/soak kills fuzz    # some
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from calls import calls
from damage import damage, fuzz, hostile
from scale import memory, overhead, repeats, threads, workers
from stops import disks, kills, kills_of_orbits, kills_of_scans, signals, together
from tools import Outcome

SOAKED: tuple[Callable[[Path], Outcome], ...] = (
    threads, kills, kills_of_orbits, kills_of_scans, signals, damage, disks, together, workers, fuzz, calls,
    hostile, repeats, memory, overhead,
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
        print(f"{one.__name__:15} tried {tried:6}, survived {survived:6}   {said}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
