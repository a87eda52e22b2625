"""The record of a product: something that is made of every run, or of those it applies to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..run import Run

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Made(NamedTuple):
    """A product of one run, or what a study has found.

    Attributes
    ----------
    numbers : dict
        Its part of summary.json: values, `Estimate`s, and tables of them; one of spectra has "energy_GeV".
    files : mapping of str to callable
        Its files by name, each with what writes it to a path: one that cannot be written costs no other.
    figures : mapping of str to callable
        Its figures by name, without ending; each takes `ax`, axes to draw into, and returns the figure.
    """

    numbers: dict[str, Any]
    files: Mapping[str, Callable[[Path], None]] = NOTHING
    figures: Mapping[str, Callable[..., Any]] = NOTHING


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
    shows : mapping of str to sequence of str
        Its figures that measurements can be laid on, each with the quantities that it shows: those of
        `maps.data.points`. They take `data`, a mapping of these to sequences of `Points`.
    """

    name: str
    applies: Callable[[Run], bool]
    make: Callable[[Run], Made]
    shows: Mapping[str, Sequence[str]] = NOTHING


def always(run: Run) -> bool:
    """Every run has it."""
    return True
