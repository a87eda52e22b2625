"""A file that grows line by line, from which what was stopped goes on: a header, then lines of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...fields.exceptions import UserError
from ...mc.checkpoint import difference
from ..file.quantities import shown


def read_growing(
    path: Path,
    header: dict[str, Any],
    what: str,
    take: Callable[[dict[str, Any]], None],
    content: Callable[[bytes], Any] = json.loads,
) -> bool:
    """Read a file that goes on growing; a line that was being written when it was stopped is cut off.

    Parameters
    ----------
    path : Path
        Where it is, if it is.
    header : dict
        What its first line must say.
    what : str
        What it is of, as "scan", for messages.
    take : callable
        Gets the content of each line behind the header; what it finds amiss is damage.
    content : callable
        What a line says.

    Returns
    -------
    bool
        Whether there is such a file.

    Raises
    ------
    UserError
        If the file is of another fit, scan or the like, or damaged but for its last line.
    """
    if not path.exists():
        return False
    *whole, last = path.read_bytes().split(b"\n")
    try:
        there = dict(content(whole[0]))
        for line in whole[1:]:
            take(content(line))
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UserError(f"{shown(path)}: damaged; allowed: another --out") from None
    if there != json.loads(json.dumps(header)):
        other = next(key for key in {**there, **header} if there.get(key) != header.get(key))
        differing = difference(there.get(other), header.get(other))
        raise UserError(f"--resume: {shown(path)} is of another {what}, its {other}: {differing}")
    if last:
        os.truncate(path, sum(len(line) + 1 for line in whole))
    return True
