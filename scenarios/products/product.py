"""The record of a product: something that is made of every run, or of those it applies to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..run import Run


def nothing(folder: Path) -> None:
    """Write no file."""


class Made(NamedTuple):
    """A product of one run.

    Attributes
    ----------
    numbers : dict
        Its part of summary.json: values, `Estimate`s, and tables of them; one of spectra has "energy_GeV".
    write : callable
        Writes its files into an existing folder.
    """

    numbers: dict[str, Any]
    write: Callable[[Path], None] = nothing


class Product(NamedTuple):
    """One subject that a finished run has something to say about.

    Attributes
    ----------
    name : str
        For messages, and to ask for it.
    applies : callable
        Whether a run has it.
    make : callable
        Finds its numbers, and returns them with what writes its files.
    """

    name: str
    applies: Callable[[Run], bool]
    make: Callable[[Run], Made]


def always(run: Run) -> bool:
    """Every run has it."""
    return True
