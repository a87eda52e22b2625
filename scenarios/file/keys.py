"""Keys of a scenario by name, as "medium.z_B": those that hold one number, and what is said of all."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import NamedTuple, get_args

from pydantic import BaseModel

from ...fields.exceptions import did_you_mean
from .faults import allowed_names, table_class
from .quantities import Kind, NotAllowed, Number, Quantity, ScenarioError, shown
from .scenario import Scenario
from .tables import Table


class Key(NamedTuple):
    """Where a key stands in the file, and how its value is written; None where that is no number."""

    table: str
    key: str
    kind: Quantity | Number | None


def key_of(scenario: Scenario, name: str, option: str) -> Key:
    """The key of a name in one of the tables that a scenario has.

    Raises
    ------
    ScenarioError
        If there is no such key: a line that begins with `option` and says which are near.
    """
    table, _, key = name.partition(".") if isinstance(name, str) else ("", "", "")
    tables = [each for each in Scenario.model_fields if isinstance(getattr(scenario, each), Table)]
    there = {
        f"{each}.{other}": other
        for each in tables
        for other in table_class(Scenario, each).model_fields
    }  # fmt: skip
    if name not in there:
        same = [full for full, short in there.items() if short == key]
        hint = f"did you mean {' or '.join(same)}?" if same else did_you_mean(name, there, "keys")
        of_table = [full for full in there if full.startswith(f"{table}.")]
        allowed = of_table or [f"{each}.KEY" for each in tables]
        raise ScenarioError(f"{option}: {shown(name)}: no such key{allowed_names(hint, allowed)}")
    kinds = [
        each for each in table_class(Scenario, table).model_fields[key].metadata if isinstance(each, Kind)
    ]
    kind = kinds[0] if kinds else None
    return Key(table, key, kind if isinstance(kind, Quantity | Number) else None)


def all_keys() -> dict[str, type[BaseModel]]:
    """Every "table.key" that a scenario file may have, with the class of its table."""
    found: dict[str, type[BaseModel]] = {}
    for name in Scenario.model_fields:
        try:
            table = table_class(Scenario, name)
        except StopIteration:  # the title
            continue
        found |= {f"{name}.{key}": table for key in table.model_fields}
    return found


def docstrings_of(table: type[BaseModel]) -> dict[str, str]:
    """What the class of a table, or one that it extends, says of each of its keys, on one line."""
    parents = [each for each in table.__bases__ if issubclass(each, Table) and each is not Table]
    found = {key: text for each in parents for key, text in docstrings_of(each).items()}
    body = ast.parse(inspect.getsource(table)).body[0]
    assert isinstance(body, ast.ClassDef)
    for each, after in pairwise(body.body):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[each.target.id] = " ".join(text.split())
    return found


def allowed_of(table: type[BaseModel], key: str) -> str:
    """What a key may hold."""
    about = table.model_fields[key]
    for kind in about.metadata:
        if isinstance(kind, Kind):
            try:
                kind.parse(object())
            except NotAllowed as fault:
                return str(fault)
    words = get_args(about.annotation)
    return ", ".join(map(str, words)) if words else "true or false"
