"""Records by reference: kernels find in them what is in the record."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from crhalo.fields._jit import entry, kernel
from crhalo.mc.kernels.reference import by_reference, by_value
from numba.core.errors import TypingError


class Inner(NamedTuple):
    """A record in a record."""

    values: np.ndarray
    flag: bool


class Outer(NamedTuple):
    """A record with one of each kind of entry."""

    first: Inner
    second: Inner
    factor: float
    nothing: Any


OUTER = Outer(Inner(np.arange(3.0), True), Inner(np.arange(3.0, 7.0), False), 10.0, None)


@kernel
def _of(inner, factor, i):
    return factor * inner.values[i] if inner.flag else inner.values[i]


@kernel
def _read(outer, nothing, first, i):
    if nothing is not None:
        return nothing.values[i]  # compiled for none
    inner = outer.first if first else outer.second
    return _of(inner, outer.factor, i)


@entry(cached=False)
def _by_reference(outer, first, i):
    outer = by_reference(outer)
    return _read(outer, outer.nothing, first, i)


@entry(cached=False)
def _there_and_back(outer, first, i):
    record = by_value(by_reference(by_value(by_reference(outer))))
    return _read(record, record.nothing, first, i)


@pytest.mark.parametrize("first", [True, False])
def test_a_reference_reads_as_the_record(first):
    expected = 10.0 * OUTER.first.values[2] if first else OUTER.second.values[2]
    assert _by_reference(OUTER, first, 2) == expected
    # The same kernels take the record itself.
    assert _read(OUTER, OUTER.nothing, first, 2) == expected


def test_what_is_written_through_a_reference_is_in_the_array():
    @entry(cached=False)
    def write(outer):
        by_reference(outer).first.values[1] = 5.0

    outer = Outer(Inner(np.zeros(2), True), *OUTER[1:])
    write(outer)
    assert outer.first.values.tolist() == [0.0, 5.0]


def test_a_record_comes_back_by_value():
    assert _there_and_back(OUTER, True, 2) == _by_reference(OUTER, True, 2)


def test_what_is_not_in_the_record_is_not_in_a_reference():
    @entry(cached=False)
    def read(outer):
        return by_reference(outer).missing

    with pytest.raises(TypingError, match="missing"):
        read(OUTER)
