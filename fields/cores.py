"""How many processors there are for a run."""

from __future__ import annotations

import os


def cores() -> int:
    """Processor cores that this process may use: those of its CPU affinity where the system tells them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
