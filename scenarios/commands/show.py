"""Tables and JSON as the `crhalo` command gives them: at most 100 columns wide."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from ..folder.write import finite
from ..progress import WIDTH, console_of_width

_SMALLEST = 1e-300
_AXES = ("rigidity_GV", "energy_GeV")
"""Names of what spectra stand against."""
_GAP = 3  # columns that the table adds to each of its own

Row = Sequence[object]


def with_error(value: Any, error: Any = None) -> str:
    """A value and its error, with as many digits as the error leaves it.

    >>> with_error(1234.5, 12.3), with_error(5.0123e-12, 4e-14), with_error(3.0)
    ('1234 ± 12', '(5.012 ± 0.040)e-12', '3')
    >>> with_error(2e-9, 3e-10), with_error(1e41)
    ('(2.00 ± 0.30)e-9', '1e41')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-" if value is None else plain(value)
    known = isinstance(error, int | float) and math.isfinite(error) and error > _SMALLEST
    if not (known and math.isfinite(value)):
        return _number(value, ".4g") if isinstance(value, float) else str(value)
    largest = max(abs(value), error)
    power = 0 if 1e-3 <= largest < 1e6 else math.floor(math.log10(largest))
    decimals = min(max(0, 1 - math.floor(math.log10(error)) + power), 8)
    text = f"{value / 10.0**power:.{decimals}f} ± {error / 10.0**power:.{decimals}f}"
    return f"({text})e{power}" if power else text


def print_rows(title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """A table; columns that hold only numbers and errors are set to the right."""
    if title:  # not of the table, which would break it where that is narrow
        console_of_width().print(Text(title, "bold"))
    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        numeric = all(re.match(r"\(?-?\d|-$|nan|-?inf", str(row[index])) for row in rows)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell if isinstance(cell, str) else with_error(cell)) for cell in row))
    console_of_width().print(table)


def print_lines(lines: Sequence[str]) -> None:
    """Lines of text, folded at the width of the tables."""
    for line in lines:
        console_of_width().print(Text(line))


def print_json(data: Any) -> None:
    """JSON that any reader accepts: a number that is not finite becomes null."""
    print(json.dumps(finite(data), indent=1, ensure_ascii=False))


def print_summary(
    summary: Mapping[str, Any], title: str = "", energies: Sequence[Any] = (), axis: str = _AXES[1]
) -> None:
    """A nested summary: single values as a list, spectra as tables against energy, each table by itself.

    A quantity is ``{"value": ..., "error": ...}`` or a bare value; where ``energy_GeV`` stands beside it with
    as many entries, or in the table around, it is a spectrum; so where ``rigidity_GV`` does.
    """
    for name, columns, rows in tables_of(summary, title, energies, axis):
        if columns[0] in _AXES:
            _print_spectra(name, columns, rows)
        else:
            print_rows(name, columns, rows)


def tables_of(
    summary: Mapping[str, Any], title: str = "", energies: Sequence[Any] = (), axis: str = _AXES[1]
) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """The tables of `print_summary`: title, columns and rows of cells."""
    axis = next((name for name in _AXES if name in summary), axis)
    energies = summary.get(axis, energies)
    singles: list[list[str]] = []
    spectra: dict[str, list[str]] = {}
    tables = {}
    for key, entry in summary.items():
        if key in _AXES:
            continue
        value, error = value_and_error(entry)
        if isinstance(value, list) and isinstance(energies, list) and len(value) == len(energies) > 0:
            errors = error if isinstance(error, list) and len(error) == len(value) else [None] * len(value)
            spectra[plain(key)] = [with_error(*pair) for pair in zip(value, errors, strict=True)]
        elif isinstance(value, dict):
            tables[key] = value
        else:
            singles.append([plain(key), with_error(value, error)])
    if singles:
        yield title, ["quantity", "value"], singles
    if spectra:
        first = [_number(energy, ".4g") if isinstance(energy, int | float) else "-" for energy in energies]
        cells = zip(first, *spectra.values(), strict=True)
        yield title, [axis, *spectra], [list(row) for row in cells]
    for key, table in tables.items():
        yield from tables_of(table, f"{title}.{plain(key)}".lstrip("."), energies, axis)


def print_paper_numbers(rows: Sequence[Mapping[str, Any]]) -> None:
    """The numbers of the papers beside ours, and the notes on them below."""
    notes = list(dict.fromkeys(row["note"] for row in rows if row.get("note")))
    cells = []
    for row in rows:
        mark = f" [{notes.index(row['note']) + 1}]" if row.get("note") else ""
        numbers = _range(row["paper"]), _range(row["ours"]), _range(row["ratio"], ".3f")
        cells.append([f"{row['name']}{mark}\n  {row['source']}", *numbers, str(row["unit"])])
    print_rows("", ["quantity", "paper", "ours", "ratio", "unit"], cells)
    for number, note in enumerate(notes, start=1):
        console_of_width().print(Text(f"[{number}] {note}"))


def print_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """The known answers, what came out, and the verdict on each."""
    rows = [
        [
            str(check["name"]),
            with_error(check["value"], check["error"]),
            _range(check["expected"]),
            _range(check["tolerance"]),
            "pass" if check["passed"] else "FAIL",
        ]
        for check in checks
    ]
    print_rows("", ["check", "value", "expected", "tolerance", "verdict"], rows)
    failed = sum(row[-1] == "FAIL" for row in rows)
    print(f"{len(rows) - failed} of {len(rows)} pass")


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Yield ``report(text)``: the text stands on standard error until the next one; in a log it stays."""
    console = console_of_width(stderr=True)
    if not console.is_terminal:
        yield lambda text: console.print(Text(text))
        return
    with console.status("") as status:
        yield lambda text: status.update(Text(text))


def _print_spectra(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Spectra side by side, in as many tables as the width asks for."""
    widths = [max(len(cell) for cell in column) + _GAP for column in zip(columns, *rows, strict=True)]
    left = list(range(1, len(columns)))
    while left:
        taken = [left.pop(0)]
        while left and sum(widths[i] for i in [0, *taken, left[0]]) <= WIDTH - 1:
            taken.append(left.pop(0))
        some = [0, *taken]
        print_rows(title, [columns[i] for i in some], [[row[i] for i in some] for row in rows])


def value_and_error(entry: Any) -> tuple[Any, Any]:
    """Value and error of ``{"value": ..., "error": ...}``; anything else is a value without error."""
    if isinstance(entry, dict) and "value" in entry and set(entry) <= {"value", "error", "unit"}:
        return entry["value"], entry.get("error")
    return entry, None


def _range(value: Any, form: str = ".3g") -> str:
    """A number, or two as a range, or a text."""
    if isinstance(value, list | tuple):
        return " - ".join(_range(part, form) for part in value)
    if isinstance(value, str) or value is None:
        return value or "-"
    return _number(value, form)


def _number(value: float, form: str) -> str:
    """A number without the zeros that Python puts into its exponent: 1e-9."""
    return re.sub(r"e([+-])0*", lambda found: "e" + found[1].strip("+"), f"{float(value):{form}}")


def plain(value: object) -> str:
    """Text that cannot steer the terminal, nor fill it."""
    text = value if isinstance(value, str) else json.dumps(finite(value), ensure_ascii=False)
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 400 else text[:397] + "..."
