"""`--log FILE`: what a run does, as JSON lines that other programs read while it goes on.

Each line has a `time` (UTC) and an `event`: `start` (version, scenario, seed, folder), `progress` (stage,
done, total; a line for each per cent of a stage), `message` (what is printed as `crhalo: ...`), and `end`
(outcome, exit code, seconds). Lines are appended, and each is in the file as soon as it is written.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from io import FileIO
from pathlib import Path
from typing import Any

from ..file.quantities import ScenarioError, shown
from ..file.scenario import Scenario
from ..progress import Progress, heard_by, progress_bar, say
from .failed import said_of


class _Log:
    """An open log, which stops where its disk does: the run is worth more than its log."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._writes = True
        self._percent: dict[str, int] = {}

    def write(self, event: str, **about: Any) -> None:
        """Append a line."""
        if not self._writes:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            self._file.write(json.dumps({"time": now, "event": event, **about}).encode() + b"\n")
        except OSError as error:
            self._writes = False
            say(f"--log {self._file.name}: {error.strerror}; the run goes on without a log")

    def progress(self, stage: str, done: int, total: int) -> None:
        """Append how far a stage is, where that is another per cent than the last time."""
        percent = 100 * done // max(total, 1)
        if percent != self._percent.get(stage):
            self._percent[stage] = percent
            self.write("progress", stage=stage, done=int(done), total=int(total))


@contextmanager
def watched(path: Path | None, command: str, scenario: Scenario, folder: Path) -> Iterator[Progress]:
    """Yield ``progress(stage, done, total)``: shown on standard error, and in a log if there is to be one.

    Raises
    ------
    ScenarioError
        If the log cannot be opened.
    """
    if path is None:
        with progress_bar() as bar:
            yield bar
        return
    with _opened(path) as file:
        log = _Log(file)
        with _ends(log, command, scenario, folder), progress_bar() as bar:

            def progress(stage: str, done: int, total: int) -> None:
                bar(stage, done, total)
                log.progress(stage, done, total)

            yield progress


def _opened(path: Path) -> FileIO:
    """The file of a log, to append to."""
    try:
        return open(path, "ab", buffering=0)
    except OSError as error:
        said = f"--log {shown(path)}: {error.strerror}"
        raise ScenarioError(f"{said}; allowed: a file in a folder that can be written") from None


@contextmanager
def _ends(log: _Log, command: str, scenario: Scenario, folder: Path) -> Iterator[None]:
    """Write the start of a run, what it says, and how it ends."""
    transport, began = scenario.transport, time.monotonic()
    log.write(
        "start", version=version("crhalo"), command=command, scenario=scenario.title,
        seed=transport.seed, particles=transport.particles, folder=str(folder.absolute()),
    )  # fmt: skip
    outcome, code, said = "finished", 0, {}
    try:
        with heard_by(lambda line: log.write("message", text=line)):
            yield
    except BaseException as error:
        code, line = said_of(error, [])
        outcome, said = "interrupted" if code > 128 else "failed", {"error": " ".join(line.split())}
        raise
    finally:
        log.write("end", outcome=outcome, exit_code=code, seconds=round(time.monotonic() - began, 3), **said)
