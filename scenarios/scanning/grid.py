"""The grid of a scan: keys of a scenario, and the values that each takes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np

from ...fields.exceptions import on_a_line
from ...fields.units import FloatArray, to_internal
from ..file.keys import key_of
from ..file.quantities import NotAllowed, Number, Quantity, ScenarioError, shown
from ..file.scenario import Scenario, from_mapping

MOST_POINTS = 100_000
_ALLOWED = 'numbers and their unit, as "1,2,4 kpc", or a range, as "1:200:log8" or "1:4:lin7 kpc"'
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_RANGE = re.compile(r"([^:]*):([^:]*):\s*(log|lin)?\s*(\d+)(?!\d|\.)\s*([^:]*)")
_SAME = 1e-9  # relative difference below which two values are one
_DIGITS = 12

Item = tuple[float, str]


@dataclass(frozen=True)
class Axis:
    """A key and the values that it takes.

    Attributes
    ----------
    table, key : str
        Where it stands in the file.
    values : tuple of float
        In `unit`, in the order in which they were given.
    unit : str
        Of the values; empty for plain numbers.
    written : tuple
        The values as a file has them.
    """

    table: str
    key: str
    values: tuple[float, ...]
    unit: str
    written: tuple[Any, ...]

    @property
    def name(self) -> str:
        return f"{self.table}.{self.key}"

    @property
    def array(self) -> FloatArray:
        """The values, (n,)."""
        return np.array(self.values)

    def said(self, i: int) -> str:
        """One of its values, as a line says it."""
        return f"{self.key} = {self.values[i]:g}{self.unit and ' '}{self.unit}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for files."""
        return {"key": self.name, "unit": self.unit or "1", "values": list(self.values)}


def axes_of(scenario: Scenario, grid: Mapping[str, Any] | Iterable[str]) -> tuple[Axis, ...]:
    """The axes of a grid.

    Parameters
    ----------
    scenario : Scenario
        Whose keys they are.
    grid : mapping or iterable of str
        Values by key, as "medium.z_B": a text, as `crhalo scan` takes it after `key=`, a list of numbers or
        texts, or an astropy quantity. Or such texts with their keys, as "medium.z_B=1,2,4 kpc".

    Raises
    ------
    ScenarioError
        If there is no axis, or one twice, no such key, a value that is not allowed or there twice, or more
        than `MOST_POINTS` points.
    """
    pairs = list(grid.items()) if isinstance(grid, Mapping) else [_pair(text) for text in grid]
    if not pairs:
        raise ScenarioError("grid: missing; allowed: keys and their values, as medium.z_B=1,2,4 kpc")
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ScenarioError(f"grid: {shown(twice[0])} is there twice; allowed: each key once")
    axes = tuple(_axis(scenario, name, given) for name, given in pairs)
    points = math.prod(len(axis.values) for axis in axes)
    if points > MOST_POINTS:
        raise ScenarioError(f"grid: {points} points; allowed: {MOST_POINTS}")
    return axes


def _pair(text: Any) -> tuple[str, str]:
    key, equals, values = text.partition("=") if isinstance(text, str) else ("", "", "")
    if not (equals and key.strip() and values.strip()):
        raise ScenarioError(f"grid: {shown(text)}: allowed: a key and its values, as medium.z_B=1,2,4 kpc")
    return key.strip(), values.strip()


def _axis(scenario: Scenario, name: str, given: Any) -> Axis:
    table, key, kind = key_of(scenario, name, "grid")
    if kind is None:
        there = shown(scenario.model_dump()[table][key])
        raise ScenarioError(f"grid: {name} = {there}: allowed: a key that holds a number")
    try:
        unit, values = _numbers(given, kind)
    except NotAllowed as fault:
        hint = f"{fault.hint}; " if fault.hint else ""
        raise ScenarioError(f"grid: {name} = {shown(given)}: {hint}allowed: {fault}") from None
    written = []
    for value in values:
        try:
            as_written: Any = f"{value:.{_DIGITS}g} {unit}" if unit else value
            written.append((as_written, kind.parse(as_written)))
        except NotAllowed as fault:
            hint = f"{fault.hint}; " if fault.hint else ""
            said = f"{value:.{_DIGITS}g}{unit and ' '}{unit}"
            raise ScenarioError(f"grid: {name} = {said}: {hint}allowed: {fault}") from None
    _check_distinct(name, [read for _, read in written])
    whole = isinstance(kind, Number) and kind.bare.whole
    return Axis(table, key, tuple(values), unit, tuple(read if whole else text for text, read in written))


def _check_distinct(name: str, values: Sequence[float]) -> None:
    """Refuse (`ScenarioError`) values that come twice."""
    for low, high in pairwise(sorted(values)):
        if high - low <= _SAME * max(abs(low), abs(high)):
            raise ScenarioError(f"grid: {name}: a value is there twice; allowed: each value once")


def _numbers(given: Any, kind: Quantity | Number) -> tuple[str, list[float]]:
    """The unit of an axis and its values; `NotAllowed` if they are none."""
    if isinstance(given, str):
        if found := _RANGE.fullmatch(given.strip()):
            first, last, scale, number, unit = found.groups()
            return _between(_item(first), _item(f"{last} {unit}"), scale, int(number[:9]), kind)
        if ":" in given:
            raise NotAllowed(_ALLOWED)
        texts: list[Any] = given.split(",")
    else:
        texts = _as_list(given)
    if not texts:
        raise NotAllowed(_ALLOWED)
    return _in_one_unit([_item(text) for text in texts], kind)


def _as_list(given: Any) -> list[Any]:
    """What a list, an array or an astropy quantity holds."""
    if hasattr(given, "to_value"):
        return [f"{value!r} {given.unit}" for value in np.atleast_1d(given.value).astype(float).tolist()]
    try:
        return [given] if isinstance(given, int | float) else list(given)
    except TypeError:
        raise NotAllowed(_ALLOWED) from None


def _item(text: Any) -> Item:
    """A number and its unit, if there is one."""
    if hasattr(text, "to_value"):
        text = f"{float(text.value)!r} {text.unit}"
    found = None if isinstance(text, bool) else _NUMBER.fullmatch(str(text))
    if found is None or not math.isfinite(float(found[1])):
        raise NotAllowed(_ALLOWED, f"{on_a_line(text)} is no number")
    return float(found[1]), found[2]


def _in_one_unit(items: list[Item], kind: Quantity | Number) -> tuple[str, list[float]]:
    """All in the first unit there is; one after the last number is that of all that have none."""
    last = items[-1][1]
    items = [(number, unit or last) for number, unit in items]
    unit = items[0][1]
    if isinstance(kind, Quantity) and any(other != unit for _, other in items):
        one = _internal(f"1 {unit}", kind)
        items = [
            (number if other == unit else _internal(f"{number!r} {other}", kind) / one, unit)
            for number, other in items
        ]
    return unit, [float(f"{number:.{_DIGITS}g}") for number, _ in items]


def _internal(text: str, kind: Quantity) -> float:
    """A quantity in internal units, whether or not it is within the limits."""
    try:
        return to_internal(text, kind.unit)
    except ValueError:
        kind.parse(text)  # says what is allowed
        raise


def _between(
    first: Item, last: Item, scale: str | None, points: int, kind: Quantity | Number
) -> tuple[str, list[float]]:
    """Evenly spaced values, or such of even ratio."""
    unit, (low, high) = _in_one_unit([first, last], kind)
    if not 2 <= points <= MOST_POINTS:
        raise NotAllowed(f"a range of 2 to {MOST_POINTS} values")
    if scale == "log" and not (low > 0.0 and high > 0.0):
        raise NotAllowed("a range above zero, or one of linN")
    spaced = np.geomspace(low, high, points) if scale == "log" else np.linspace(low, high, points)
    return unit, [float(f"{value:.{_DIGITS}g}") for value in spaced]


def shape_of(axes: Sequence[Axis]) -> tuple[int, ...]:
    """How many values each axis has."""
    return tuple(len(axis.values) for axis in axes)


def scenarios_of(scenario: Scenario, axes: Sequence[Axis]) -> Iterator[Scenario]:
    """The scenario at each point of a grid, the last axis fastest.

    Raises
    ------
    ScenarioError
        Where values do not go together; it names the point.
    """
    for place in product(*(range(len(axis.values)) for axis in axes)):
        data = scenario.model_dump(exclude_none=True)
        for axis, i in zip(axes, place, strict=True):
            data[axis.table][axis.key] = axis.written[i]
        try:
            yield from_mapping(data)
        except ScenarioError as error:
            raise ScenarioError(*error.faults, where=f"grid, at {said_of(axes, place)}") from None


def said_of(axes: Sequence[Axis], place: Sequence[int]) -> str:
    """A point, as a line says it."""
    return ", ".join(axis.said(i) for axis, i in zip(axes, place, strict=True))
