"""How the command reads what is given to its options."""

from __future__ import annotations

import re
from pathlib import Path

from ..file.quantities import ScenarioError, shown

FORMATS = ("png", "pdf")


def path_of(text: str) -> Path:
    """A path, with ~ for the home folder wherever a shell has left it."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def format_of(text: str) -> str:
    """A format of figures."""
    if text not in FORMATS:
        raise ScenarioError(f"--format {shown(text)}: allowed: {', '.join(FORMATS)}")
    return text


_LISTS = {"data": "names of tables or files, as in crhalo data", "free": "keys of the scenario"}


def names_of(text: str | None, option: str = "data") -> list[str]:
    """Names or files with commas between them; none where the option is not given."""
    names = [] if text is None else [name.strip() for name in text.split(",")]
    if not all(names):
        raise ScenarioError(f"--{option} {shown(text)}: allowed: {_LISTS[option]}")
    return names


def range_of(text: str | None) -> list[str] | None:
    """Two rigidities with a comma between them, as "20 GV,2 TV"; none where the option is not given."""
    ends = None if text is None else [end.strip() for end in text.split(",")]
    if ends is not None and not (len(ends) == 2 and all(ends)):
        raise ScenarioError(f"--range {shown(text)}: allowed: two rigidities, as '20 GV,2 TV'")
    return ends


def share_of(text: str) -> float:
    """A relative error, as 0.02."""
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 1e-6 <= share <= 1.0:
        percent = re.fullmatch(r"\s*([\d.]+)\s*%\s*", text)
        hint = f"; {text.strip()} is {float(percent[1]) / 100:g}" if percent else ""
        raise ScenarioError(f"--precision {shown(text)}: allowed: a number from 1e-06 to 1{hint}")
    return share
