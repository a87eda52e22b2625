"""How many processors there are for a run, and how many threads it is given."""

from __future__ import annotations

import os

from .exceptions import UserError, on_a_line

MOST_THREADS = 1024


def cores() -> int:
    """Processor cores that this process may use: those of its CPU affinity where the system tells them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of(asked: int | None) -> int:
    """Threads of a run: those that are asked for, or one for each core.

    Raises
    ------
    UserError
        If that is not a number of threads.
    """
    if asked is None:
        return cores()
    if type(asked) is not int or not 1 <= asked <= MOST_THREADS:
        allowed = f"None, or a whole number from 1 to {MOST_THREADS}"
        raise UserError(f"threads = {on_a_line(asked)}: allowed: {allowed}")
    return asked
