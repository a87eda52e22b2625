"""`crhalo explain` and `crhalo new`: what a key means, and a scenario of one's own to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..file.quantities import ScenarioError, shown
from ..folder.check import check_file
from . import complete
from .options import path_of


def explain(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY", help="As medium.delta_G, or a table, as medium.", autocompletion=complete.keys
        ),
    ],
) -> None:
    """What a key of a scenario file means: unit, range, default, and which scenarios set it."""
    from ...fields.exceptions import did_you_mean
    from ..file.faults import allowed_names
    from ..file.keys import all_keys, docstrings_of
    from .show import print_rows

    keys = all_keys()
    tables = {name.partition(".")[0]: table for name, table in keys.items()}
    if key in tables:
        said = docstrings_of(tables[key])
        rows = [
            [each, default_of(tables[key], each), said.get(each, "")] for each in tables[key].model_fields
        ]
        print_rows(f"[{key}]", ["key", "default", "meaning"], rows)
        return
    if key not in keys:
        same = [name for name in keys if name.partition(".")[2] == key]
        hint = f"did you mean {' or '.join(same)}?" if same else did_you_mean(key, [*keys, *tables], "keys")
        raise ScenarioError(f"{shown(key)}: no such key{allowed_names(hint, list(tables))}")
    print_rows("", [key, ""], rows_of(key, keys[key]))


def rows_of(name: str, table: Any) -> list[list[str]]:
    """What is said of a key."""
    from ..file.keys import allowed_of, docstrings_of
    from ..file.quantities import Quantity

    key = name.partition(".")[2]
    units = [kind.unit for kind in table.model_fields[key].metadata if isinstance(kind, Quantity)]
    rows = [
        ["meaning", docstrings_of(table).get(key, "")],
        *[["unit", f"{unit}, or any that converts to it"] for unit in units],
        ["allowed", allowed_of(table, key)],
        ["default", default_of(table, key)],
    ]
    return [*rows, *[["set to " + value, ", ".join(where)] for value, where in set_in(name).items()]]


def default_of(table: Any, key: str) -> str:
    """The value of a key that a file does not have, as a file has it."""
    about = table.model_fields[key]
    return "none: it must be given" if about.is_required() else _as_written(about.default)


def set_in(name: str) -> dict[str, list[str]]:
    """The scenarios that come along and set a key, by its value there."""
    from ..file.scenario import LIBRARY, names
    from ..file.text import parsed, read_bounded

    table, _, key = name.partition(".")
    found: dict[str, list[str]] = {}
    for scenario in names():
        values = parsed(read_bounded(LIBRARY / f"{scenario}.toml")).get(table, {})
        if key in values:
            found.setdefault(_as_written(values[key]), []).append(scenario)
    return found


def _as_written(value: Any) -> str:
    from ..file.text import as_toml

    return as_toml(list(value) if isinstance(value, tuple) else value)


def new(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The scenario to copy.", autocompletion=complete.scenarios),
    ],
    out: Annotated[
        Path | None, typer.Option(parser=path_of, metavar="FILE", help="The copy; NAME.toml if not given.")
    ] = None,
) -> None:
    """Copy a scenario, with its comments, to start from."""
    from ...mc.files import write_text
    from ..file.scenario import LIBRARY, load, names
    from ..file.text import read_bounded

    load(name)  # refuses what is none
    source = LIBRARY / f"{name}.toml" if name in names() else path_of(name)
    copy = out or Path(source.name)
    if copy.suffix != ".toml":
        raise ScenarioError(f"--out {shown(copy)}: allowed: a name that ends in .toml")
    if copy.exists() or copy.is_symlink():
        raise ScenarioError(f"{shown(copy)}: it is there; allowed: --out with another name")
    check_file(copy)
    write_text(copy, read_bounded(source))
    print(f"{copy}: crhalo run {copy}, after changes; crhalo explain KEY says what a key means")
