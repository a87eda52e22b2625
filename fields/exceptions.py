"""What can go wrong with a run, by whose fault; each error is one line that says what to do."""

from __future__ import annotations

from typing import Any


class UserError(ValueError):
    """What a user did that is not allowed; one line that names it, the value, and what is allowed."""


class RunFailed(RuntimeError):
    """A run that has to be given up; one line that says why."""


class NotConverged(RuntimeError):
    """Waves and protons that did not settle on each other: why in one line, and what was `found` so far."""

    def __init__(self, reason: str, found: Any = None) -> None:
        super().__init__(reason)
        self.found = found
