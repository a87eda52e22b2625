"""What is wrong with a scenario, one line for each fault: the key, the value, and what is allowed."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ...fields.exceptions import did_you_mean
from .quantities import shown

_SHORT_LIST = 12  # names; where a misspelt one has a near one, a longer list of all of them says no more


def allowed_names(hint: str, names: list[str]) -> str:
    """The end of a line that refuses a name: the nearest names; all, if they are few or none is near.

    >>> allowed_names("did you mean z_B?", ["B0", "z_B"]), allowed_names("", ["B0", "z_B"])
    (': did you mean z_B?; allowed: B0, z_B', '; allowed: B0, z_B')
    """
    all_names = f"; allowed: {', '.join(names)}" if not hint or len(names) <= _SHORT_LIST else ""
    return (f": {hint}" if hint else "") + all_names


def faults_of(error: ValidationError, model: type[BaseModel], across_keys: bool = True) -> list[str]:
    """One line for each fault that pydantic has found in a scenario.

    Parameters
    ----------
    error : ValidationError
        What it has found.
    model : type
        The class of the scenario.
    across_keys : bool
        Whether values that do not go together are faults, too.
    """
    lines: list[str] = []
    listed: set[tuple[Any, ...]] = set()  # tables whose keys an earlier line has listed
    for fault in error.errors(include_url=False):
        if fault["type"] == "across":
            lines += fault["ctx"]["messages"] if across_keys else []
        elif fault["type"] == "extra_forbidden":
            lines.append(_unknown_key(fault, model, listed))
        else:
            lines.append(_refused(_key(fault), fault))
    return lines


def table_class(model: type[BaseModel], name: str) -> type[BaseModel]:
    """The class of a table of a scenario; that of an optional table is a union of itself and None."""
    found: Any = model.model_fields[name].annotation
    return next(each for each in (found, *get_args(found)) if hasattr(each, "model_fields"))


def _key(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    plain = key.replace(".", "").replace("_", "").isalnum() and len(key) <= 60
    return key if plain else shown(key)


def _unknown_key(fault: Any, model: type[BaseModel], listed: set[tuple[Any, ...]]) -> str:
    """A key, or a table, that does not exist."""
    *tables, name = fault["loc"]
    names = list((table_class(model, tables[0]) if tables else model).model_fields)
    line = f"{_key(fault)}: no such {'key' if tables or not isinstance(fault['input'], dict) else 'table'}"
    hint = did_you_mean(name, names, "keys") or ("" if tables else _in_a_table(name, model))
    if not hint and tuple(tables) in listed:
        return line
    if not hint:
        listed.add(tuple(tables))
    return line + allowed_names(hint, names)


def _in_a_table(name: str, model: type[BaseModel]) -> str:
    """Where a key is that was given without its table: in tables that every scenario has, if it is there."""
    always, in_some = list[str](), list[str]()
    for table, about in model.model_fields.items():
        for each in get_args(about.annotation) or (about.annotation,):
            if name in getattr(each, "model_fields", ()):
                (in_some if get_args(about.annotation) else always).append(f"{table}.{name}")
    return f"did you mean {' or '.join(always or in_some)}?" if always or in_some else ""


def _refused(key: str, fault: Any) -> str:
    """A value that is not allowed, or is missing."""
    hint, given = "", fault["input"]
    match fault["type"]:
        case "missing":
            return f"{key}: missing"
        case "value_error":
            refused = fault["ctx"]["error"]
            allowed, hint = str(refused), getattr(refused, "hint", "")
        case "literal_error":
            allowed = fault["ctx"]["expected"]
            hint = did_you_mean(given, re.findall("'([^']*)'", allowed))
        case "bool_type":
            allowed = "true or false"
        case _:
            allowed = f"a table [{key}]"
    return f"{key} = {shown(given)}: {hint + '; ' if hint else ''}allowed: {allowed}"
