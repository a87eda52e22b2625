"""Records of which each block of particles has its own, side by side in one array per entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .cuda import overloaded


class Each(NamedTuple):
    """An entry of which each block has its own: the first axis counts blocks."""

    values: np.ndarray


def side_by_side(records: Sequence[Any]) -> Any:
    """One record of many: entries that are the same object in all of them stay, others become an `Each`.

    >>> both = side_by_side([(1.0, "a"), (2.0, "a")])
    >>> both[0].values.tolist(), of_block(both, 1)
    ([1.0, 2.0], (np.float64(2.0), 'a'))
    """
    first = records[0]
    if all(record is first for record in records):
        return first
    if isinstance(first, tuple):
        return _like(first, [side_by_side(entries) for entries in zip(*records, strict=True)])
    return Each(np.stack(records))


def of_block(record: Any, block: int) -> Any:
    """The record of one block."""
    if isinstance(record, Each):
        return record.values[block]
    if isinstance(record, tuple):
        return _like(record, [of_block(entry, block) for entry in record])
    return record


def _like(record: tuple, entries: list) -> Any:
    """A record of the same type with other entries."""
    return tuple.__new__(type(record), entries)


@overloaded(of_block)
def _of_block(record, block):
    kind = getattr(record, "instance_class", None)
    if kind is None:
        return lambda record, block: record
    # Written out, since entries are of different types; a part of an array cannot be returned by itself.
    entries = ", ".join(map(_entry, kind._fields, record.types))
    made: dict[str, Any] = {"kind": kind, "of_block": of_block}
    exec(f"def of_entries(record, block):\n    return kind({entries})", made)
    return made["of_entries"]


def _entry(name: str, type_: Any) -> str:
    """What takes an entry of a type from the records of all blocks."""
    kind = getattr(type_, "instance_class", None)
    if kind is Each:
        return f"record.{name}.values[block]"
    return f"of_block(record.{name}, block)" if kind else f"record.{name}"
