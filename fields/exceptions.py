"""The errors of the package: what the user did wrong, and what went wrong in a run; one line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_LONGEST_WORD = 60  # characters; nobody mistypes more than that
_SHORTEST_PART = 4  # characters of a part that says which word is meant
_MOST_NAMED = 5  # words that hold it


class UserError(ValueError):
    """The user asked for what is not allowed: one line with the key, its value, and what is allowed."""


class RunFailed(RuntimeError):
    """A run had to be given up: one line that says why."""


class NotConverged(RuntimeError):
    """The rounds that find waves and protons together did not converge; `found` is what they came to."""

    def __init__(self, reason: str, found: Any = None) -> None:
        super().__init__(reason)
        self.found = found


def did_you_mean(given: object, allowed: Iterable[str], what: str = "names") -> str:
    """The allowed words that are nearest to a misspelt one, or hold it, as a question; empty where none does.

    Where only upper and lower case differ, it adds that `what` (a plural) are case-sensitive.

    >>> did_you_mean("z_b", ["B0", "z_B"], "keys"), did_you_mean("nldl", ["nlld", "two-zone"])
    ('did you mean z_B? keys are case-sensitive', 'did you mean nlld?')
    >>> did_you_mean("neutrinos", ["neutrino_E2_flux_GeV_cm2_s_sr", "gamma_E2_flux_GeV_cm2_s_sr"])
    'did you mean neutrino_E2_flux_GeV_cm2_s_sr?'
    """
    from difflib import get_close_matches

    if not isinstance(given, str) or len(given) > _LONGEST_WORD:
        return ""
    by_lower_case: dict[str, list[str]] = {}
    for word in allowed:
        by_lower_case.setdefault(word.lower(), []).append(word)
    near = get_close_matches(given.lower(), by_lower_case)
    if near and near[0] == given.lower():
        same = by_lower_case[near[0]]
        return "" if given in same else f"did you mean {' or '.join(same)}? {what} are case-sensitive"
    if not near and len(given) >= _SHORTEST_PART:
        near = [word for word in by_lower_case if given.lower().rstrip("s") in word][:_MOST_NAMED]
    words = [word for key in near for word in by_lower_case[key]]
    return f"did you mean {' or '.join(words)}?" if words else ""


def said_by(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())


def on_a_line(value: object) -> str:
    """A value as an error message shows it: short, and on one line, whatever it is."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # a whole number of more digits than Python prints
        text = "a very long number"
    return text if len(text) <= 60 else text[:57] + "..."
