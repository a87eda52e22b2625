"""What a shell offers after TAB: scenarios, keys, tables of measurements. Nothing is imported before that."""

from __future__ import annotations

import os

_ASKED_BY = "_CRHALO_COMPLETE"  # set by the shell, as typer's scripts have it


def is_asked() -> bool:
    """Whether a shell asks for what may follow, in place of a user for a command."""
    return _ASKED_BY in os.environ


def scenarios(incomplete: str) -> list[str]:
    """Names of scenarios that begin so."""
    from ..file.scenario import names

    return [name for name in names() if name.startswith(incomplete)]


def keys(incomplete: str) -> list[str]:
    """Keys of a scenario file that begin so, and its tables, as for `crhalo explain`."""
    from ..file.keys import all_keys

    found = all_keys()
    tables = dict.fromkeys(key.partition(".")[0] for key in found)
    return [name for name in (*tables, *found) if name.startswith(incomplete)]


def settings(incomplete: str) -> list[str]:
    """Keys that begin so, with the sign that a value follows."""
    return [f"{key}=" for key in keys(incomplete) if "." in key]


def key_list(incomplete: str) -> list[str]:
    """Keys with commas between them."""
    return _last_of(incomplete, [key for key in keys("") if "." in key])


def table(incomplete: str) -> list[str]:
    """Tables of measurements that begin so."""
    from ...maps.data.tables import names

    return [name for name in names() if name.startswith(incomplete)]


def table_list(incomplete: str) -> list[str]:
    """Tables of measurements with commas between them."""
    return _last_of(incomplete, table(""))


def _last_of(incomplete: str, words: list[str]) -> list[str]:
    """Words that the last of a list may become, with those before it.

    >>> _last_of("ams02-bc,cal", ["ams02-bc", "calet-bc", "calet-protons"])
    ['ams02-bc,calet-bc', 'ams02-bc,calet-protons']
    """
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    return [before + comma + word for word in words if word.startswith(last) and word not in given]
