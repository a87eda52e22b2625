"""Keys of a scenario by name, as "medium.z_B", that hold one number."""

from __future__ import annotations

from typing import NamedTuple

from ...fields.exceptions import did_you_mean
from .faults import allowed_names, table_class
from .quantities import Kind, Number, Quantity, ScenarioError, shown
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
        raise ScenarioError(f"{option}: {shown(name)}: no such key{allowed_names(hint, list(there))}")
    kinds = [
        each for each in table_class(Scenario, table).model_fields[key].metadata if isinstance(each, Kind)
    ]
    kind = kinds[0] if kinds else None
    return Key(table, key, kind if isinstance(kind, Quantity | Number) else None)
