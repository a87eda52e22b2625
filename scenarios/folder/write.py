"""Writes JSON and tables, completely or not at all; numbers that are not finite become null."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...mc.files import replacing_hdf5, write_text

_UNITS = {"_kpc": "kpc", "_Myr": "Myr", "_GeV": "GeV", "_GV": "GV", "_cm2_s": "cm2 / s"}
_UNITS |= {"_E2I": "GeV / (cm2 s sr)", "_erg_s": "erg / s"}


def write_json(data: Any, path: Path) -> None:
    """Write JSON into a file at once, or not at all; what could not be measured is null."""
    write_text(path, json.dumps(finite(data), indent=1, allow_nan=False) + "\n")


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows that share their keys as comma-separated values; what could not be measured is empty."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(finite(row) for row in rows)
    write_text(path, text.getvalue())


def write_ecsv(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], path: Path) -> None:
    """Write rows that share their keys as a table with units, which are those that the names end in.

    `about` goes into the header; what could not be measured is NaN.
    """
    import io

    from astropy.table import Table

    columns = {name: [math.nan if row[name] is None else row[name] for row in rows] for name in rows[0]}
    table = Table(columns, meta=finite(dict(about)))
    for name in columns:
        table[name].unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), None)
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    write_text(path, text.getvalue())


@contextmanager
def writing_profiles(about: Mapping[str, Any], conventions: Mapping[str, str], path: Path) -> Iterator[Any]:
    """Yield an HDF5 file for profiles, with its conventions and where it comes from as attributes (JSON)."""
    with replacing_hdf5(path) as file:
        said = dict(about) | {"conventions": dict(conventions)}
        file.attrs.update({key: json.dumps(finite(value)) for key, value in said.items()})
        yield file


def finite(data: Any) -> Any:
    """The same data of plain dict, list, str, bool, int and finite float; NumPy values become such."""
    if isinstance(data, dict):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if hasattr(data, "as_dict"):  # an estimate
        return finite(data.as_dict())
    if hasattr(data, "tolist"):
        return finite(data.tolist())
    return None if isinstance(data, float) and not math.isfinite(data) else data
