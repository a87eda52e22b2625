"""Tallies that many particles add to at once: whole numbers of a small unit.

Sums of whole numbers do not depend on the order of what is added, so that a tally has the same bits however
many particles are followed at a time. What is added is rounded to the next whole number of units; units are
powers of two, so that a tally of floats comes back without another rounding.

Kernels say `tally.name[index] += value`, whatever the tally. Here `tally.name[index]` is a `Place`, adding to
it counts there, and putting it back does nothing.
"""

from __future__ import annotations

import math
import operator
from threading import Lock
from typing import Any, NamedTuple

from .cuda import cuda, overloaded

_LOCK = Lock()


class FixedPoint(NamedTuple):
    """An array of a tally in whole numbers.

    Attributes
    ----------
    counts : ndarray of int64
        How many units.
    per_unit : ndarray, shape (1,) or (entries of the last axis,)
        One over the unit, of each column where columns have units of their own.
    """

    counts: Any
    per_unit: Any

    def __getitem__(self, index: Any) -> Any:
        return Place(self, index)

    def __setitem__(self, index: Any, place: Place) -> None:
        """Nothing: it was counted when it was added."""


class Place(NamedTuple):
    """An entry of a `FixedPoint`."""

    array: Any
    at: Any

    def __iadd__(self, value: float) -> Place:  # type: ignore[misc, override]
        units = whole_units(value, self.array.per_unit, column_of(self.at))
        with _LOCK:
            self.array.counts[self.at] += units
        return self


class Counters(NamedTuple):
    """The entries of `Tally.work`, each a `Place`: kernels name them by constant numbers."""

    moves: Place
    splits: Place
    moves_of_splits: Place

    def __setitem__(self, index: Any, place: Place) -> None:
        """Nothing: it was counted when it was added."""


def whole_units(value: float, per_unit: Any, column: int) -> int:
    """A value in units, rounded to the next whole number of them."""
    return int(math.floor(value * per_unit[column % per_unit.size] + 0.5))


def column_of(index: Any) -> int:
    """The last of some indices."""
    return int(index[-1]) if isinstance(index, tuple) else 0


def counters(work: FixedPoint) -> Counters:
    """The entries of `Tally.work`."""
    return Counters(Place(work, 0), Place(work, 1), Place(work, 2))


def unit_for(bound: float) -> float:
    """One over the smallest unit, a power of two, of which a number up to `bound` has fewer than 2^62.

    >>> unit_for(1.0) == 2.0**61, unit_for(1e5) * 1e5 < 2**62
    (True, True)
    """
    return 2.0 ** (61 - math.ceil(math.log2(bound)))


def _is(record: Any, kind: type) -> bool:
    return getattr(record, "instance_class", None) is kind


@overloaded(whole_units)
def _whole_units(value, per_unit, column):
    return lambda value, per_unit, column: int(math.floor(value * per_unit[column % per_unit.size] + 0.5))


@overloaded(column_of)
def _column_of(index):
    if hasattr(index, "types"):
        return lambda index: int(index[-1])
    return lambda index: 0


@overloaded(counters)
def _counters(work):
    return lambda work: Counters(Place(work, 0), Place(work, 1), Place(work, 2))


@overloaded(operator.getitem)
def _place(array, index):
    if _is(array, FixedPoint):
        return lambda array, index: Place(array, index)
    return None


@overloaded(operator.setitem)
def _put_back(array, index, place):
    if _is(place, Place):
        return lambda array, index, place: None
    return None


@overloaded(operator.iadd)
@overloaded(operator.add)  # which numba takes for records, once it has found the other
def _count(place, value):
    if not _is(place, Place) or _is(value, Place):
        return None

    def count(place, value):
        units = whole_units(value, place.array.per_unit, column_of(place.at))
        cuda.atomic.add(place.array.counts, place.at, units)
        return place

    return count
