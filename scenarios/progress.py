"""How far a run has come: told stage by stage, on standard error if anybody wants to see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100

Progress = Callable[[str, int, int], None]


_LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


def quiet(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def say(line: str) -> None:
    """Print a message of a run on standard error; whoever listens gets it as well (`heard_by`)."""
    print(f"crhalo: {line}", file=sys.stderr)
    if (listener := _LISTENER.get()) is not None:
        listener(line)


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Give every message of a run (`say`) to a function, too."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield ``progress(stage, done, total)``: on standard error, a bar for each stage, or a log of tenths."""
    from rich import progress as rich
    from rich.text import Text

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    tenths: dict[str, int] = {}  # of each stage that a log was told
    console = console_of_width(stderr=True)
    with rich.Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage], tenths[stage] = bars.add_task(stage, total=total), -1
            tenth = 10 * done // max(total, 1)
            if not console.is_terminal and tenth > tenths[stage]:
                console.print(Text(f"{stage}: {10 * tenth}%"))
                tenths[stage] = tenth
            bars.update(tasks[stage], completed=done, total=total)

        yield progress


@contextmanager
def shown_if(wanted: bool) -> Iterator[Progress]:
    """Yield a progress bar, or what nobody watches."""
    if not wanted:
        yield quiet
        return
    with progress_bar() as progress:
        yield progress


def console_of_width(stderr: bool = False) -> Console:
    """A terminal as wide as it is, at most 100 columns; what is no terminal has 100."""
    from rich.console import Console

    found = Console(stderr=stderr)
    return Console(
        stderr=stderr, highlight=False, width=min(WIDTH, found.width) if found.is_terminal else WIDTH
    )
