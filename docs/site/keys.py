"""Every key of a scenario file: what it is, its range and its default, from the classes that read it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from crhalo.scenarios.file.quantities import Choice, Kind, Number, Quantity, Several, Span, Word
from crhalo.scenarios.file.scenario import Scenario, table_class


def tables() -> dict[str, Any]:
    """The tables of a file, each with the class that reads it."""
    return {name: table_class(Scenario, name) for name in Scenario.model_fields if name != "title"}


@cache
def meanings(table: type) -> dict[str, str]:
    """What stands below each key in the source of its class, and of those that it is made of."""
    found: dict[str, str] = {}
    for each in reversed(table.__mro__):
        if not each.__module__.startswith("crhalo"):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0].body  # type: ignore[attr-defined]
        for line, below in pairwise(body):
            described = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and described:
                found[line.target.id] = " ".join(str(below.value.value).split())  # type: ignore[attr-defined]
    return found


def first_sentence(table: str, key: str) -> str:
    """The first sentence of what a key is; empty where nothing is said of it."""
    meaning = meanings(tables()[table]).get(key, "")
    return re.split(r"(?<=[.?]) (?=[A-Z])|(?<=\.) (?=[a-z-]+:)", meaning)[0]


def in_cell(text: str) -> str:
    """A text as Markdown shows it in a cell of a table, with nothing of it taken for markup."""
    return re.sub(r"([\\|*_<>\[\]`~])", r"\\\1", text)


def allowed(kind: Any, annotation: Any) -> str:
    """What a key may be, in a few words."""
    if isinstance(kind, Quantity):
        word = f'"{kind.word}", or ' if kind.word else ""
        return f"{word}{kind.low} to {kind.high}"
    if isinstance(kind, Number):
        low, high = kind.limits
        word = f'"{kind.bare.word}", or ' if kind.bare.word else ""
        return f"{word}{low:g} to {high:g}"
    if isinstance(kind, Word):
        return ", ".join(kind.options) + (f", or a {kind.file} file" if kind.file else "")
    if isinstance(kind, Choice):
        return ", ".join(map(str, kind.options))
    if isinstance(kind, Span):
        return f"two of {kind.low} to {kind.high}"
    if isinstance(kind, Several):
        return f"{kind.least} to {kind.most} of: {allowed(kind.each, None)}"
    options = getattr(annotation, "__args__", ())
    return ", ".join(str(option) for option in options if isinstance(option, str)) or _plain(annotation)


def _plain(annotation: Any) -> str:
    return {bool: "true, false", int: "a whole number", float: "a number"}.get(annotation, "")


def _default(kind: Any, field: Any) -> str:
    if field.is_required():
        return "&ndash;"
    value = field.default
    if isinstance(value, bool):
        value = str(value).lower()
    if value is None:
        return "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{text}`" if text else "&ndash;"


def _table(name: str, table: Any) -> str:
    about = " ".join(inspect.cleandoc(table.__doc__ or "").split())
    rows = ["| key | default | allowed | what it is |", "|---|---|---|---|"]
    for key, field in table.model_fields.items():
        kind = next((one for one in field.metadata if isinstance(one, Kind)), None)
        may_be, meaning = in_cell(allowed(kind, field.annotation)), in_cell(meanings(table).get(key, ""))
        rows.append(f"| `{key}` | {_default(kind, field)} | {may_be} | {meaning} |")
    return f"## {name}\n\n{in_cell(about)}\n\n" + "\n".join(rows)


def page() -> str:
    """The page of all keys."""
    about = (
        "What a scenario file may set, made of the code that reads it. `--set TABLE.KEY=VALUE` of "
        "`crhalo run` sets one. PRL and REV are the two papers, see the [glossary](glossary.md). `title` is "
        "a line of text."
    )
    return (
        "\n\n".join(["# All keys", about, *(_table(name, table) for name, table in tables().items())]) + "\n"
    )
