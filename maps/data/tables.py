"""Published measurements as tables: those that come with the package, and files of one's own.

A table (ECSV) has a column of energies or rigidities (or the edges of their bins), one of values, and their
errors, each with its unit; its header says what was measured, by whom, and what the errors are. `quantity` in
it says in a word or two what may be drawn on one figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...fields.exceptions import UserError, did_you_mean, on_a_line, said_by
from .read import _FOLDER

VALUES = ("flux", "ratio")
"""Names of the column of what was measured."""
AXES = ("energy", "energy_per_nucleon", "rigidity")
"""Names of the column that it is given against; or of two, with _low and _high, the edges of bins."""


def names() -> list[str]:
    """The tables that come with the package."""
    return sorted(path.stem.replace("_", "-") for path in _FOLDER.glob("*.ecsv"))


def load(name: str | Path) -> Any:
    """A table of measurements.

    Parameters
    ----------
    name : str or Path
        One of `names`, or a file of one's own in ECSV.

    Returns
    -------
    astropy.table.Table
        With units; `meta` has `quantity`, and if it came along `label`, `source`, `measured`, `conventions`,
        and `arxiv` or `doi`.

    Raises
    ------
    UserError
        If there is none of that name, or the file is no such table: a column without unit, no column of
        values, no errors, or errors in another unit, no quantity.
    """
    from astropy.table import Table

    if not isinstance(name, str | Path):
        raise UserError(f"data {on_a_line(name)}: allowed: the name of a table, or a file")
    if str(name) in names():
        return Table.read(_FOLDER / f"{str(name).replace('-', '_')}.ecsv", format="ascii.ecsv")
    path = Path(name).expanduser()
    if not path.is_file():
        raise UserError(
            f"data {on_a_line(str(name))}: {did_you_mean(str(name), names()) or 'no such file'}; allowed: a "
            f"file, {', '.join(names())}"
        )
    try:
        table = Table.read(path, format="ascii.ecsv")
    except (ValueError, OSError, KeyError) as fault:
        raise UserError(f"{on_a_line(path.name)}: no ECSV table: {said_by(fault)}") from None
    if lacks := _fault(table):
        raise UserError(f"{on_a_line(path.name)}: {lacks}")
    return table


def _fault(table: Any) -> str:
    """What a table of measurements lacks; empty if nothing."""
    from astropy.units import UnrecognizedUnit

    if not len(table) or table.has_masked_values:
        return "no rows, or rows with gaps; allowed: rows that are full"
    for column in table.columns.values():
        if column.ndim > 1 or column.dtype.kind not in "fiuU":
            return f"column {column.name} is {column.dtype}; allowed: a number or a word a row"
        if column.dtype.kind in "fiu" and (column.unit is None or isinstance(column.unit, UnrecognizedUnit)):
            return f"column {column.name} has no unit, or none that is known; allowed: one, '1' for a number"
    there = set(table.colnames)
    if not any({name} <= there or _ends(name) <= there for name in AXES):
        return f"no column of {', '.join(AXES)}, or of its _low and _high; allowed: one of these"
    value = next((name for name in VALUES if name in there), None)
    if value is None:
        return f"no column of {' or '.join(VALUES)}; allowed: one of these"
    pairs = ({"error_low", "error_high"}, _ends(value))
    errors = next((pair for pair in pairs if pair <= there), None)
    if errors is None:
        return f"no errors; allowed: columns error_low and error_high, or {value}_low and {value}_high"
    for name in sorted(errors):
        if table[name].unit != table[value].unit:
            return f"column {name} is in {table[name].unit}; allowed: {table[value].unit}, as {value}"
    for name in (value, *sorted(errors)):
        if not np.all(np.isfinite(table[name])) or np.any(np.asarray(table[name]) < 0.0):
            return f"column {name} has values below zero, or that are no numbers; allowed: others"
    return _fault_of_axes(table) or _fault_of_header(table)


def _fault_of_axes(table: Any) -> str:
    """What is wrong with the energies or rigidities of a table."""
    for name in AXES:
        for column in sorted({name, *_ends(name)} & set(table.colnames)):
            if not np.all(np.asarray(table[column]) > 0.0):
                return f"column {column} has values that are not above zero; allowed: others"
    return ""


def _fault_of_header(table: Any) -> str:
    """What the header of a table does not say."""
    quantity = table.meta.get("quantity")
    if not isinstance(quantity, str) or not quantity.strip():
        return "no quantity in the header; allowed: what was measured, as 'quantity: protons'"
    return ""


def _ends(name: str) -> set[str]:
    return {f"{name}_low", f"{name}_high"}
