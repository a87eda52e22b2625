"""Keys of a scenario that a fit may vary: values, limits and texts, and the coordinates they vary in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ..file.composition import Composition
from ..file.keys import key_of
from ..file.quantities import Number, Quantity, ScenarioError, shown
from ..file.scenario import Scenario, from_mapping

# Above this factor between its limits a key varies in its logarithm.
_WIDE = 100.0
_DIGITS_OF_ERROR = 2
_SHARES = tuple(name for name in Composition.model_fields if name not in ("hydrogen", "slope"))
_SOURCE_ALONE = {
    "source": ("L_CR", "slope", "E_min", "E_max", "slope_above", "slope_beyond", "E_break"),
    "composition": ("slope",),
}


@dataclass(frozen=True)
class FreeKey:
    """A key that is varied.

    Attributes
    ----------
    table, key : str
        Where it stands in the file.
    kind : Quantity or Number
        How its value is written.
    low, high : float
        Its limits, in internal units.
    """

    table: str
    key: str
    kind: Quantity | Number
    low: float
    high: float

    @property
    def name(self) -> str:
        return f"{self.table}.{self.key}"

    @property
    def logarithmic(self) -> bool:
        """Whether it varies in its natural logarithm: where its limits are far apart, and above zero."""
        return self.low > 0.0 and self.high > _WIDE * self.low

    @property
    def limits(self) -> tuple[float, float]:
        """Of its coordinate."""
        return self.coordinate(self.low), self.coordinate(self.high)

    @property
    def unit(self) -> str:
        """That it is written in; empty for a number."""
        return self.kind.written_unit if isinstance(self.kind, Quantity) else ""

    @property
    def of_source_alone(self) -> bool:
        """Whether it says no more than how much is released at which energy."""
        return self.key in _SOURCE_ALONE.get(self.table, ())

    def value_in(self, scenario: Scenario) -> float:
        """What a scenario has, in internal units."""
        return float(getattr(getattr(scenario, self.table), self.key))

    def coordinate(self, value: float) -> float:
        return math.log(value) if self.logarithmic else value

    def value(self, coordinate: float) -> float:
        """In internal units, within the limits."""
        value = math.exp(coordinate) if self.logarithmic else coordinate
        return min(max(value, self.low), self.high)

    def in_unit(self, value: float) -> float:
        """A value as a number of `unit`."""
        return self.kind.in_written_unit(value) if isinstance(self.kind, Quantity) else value

    def error_in_unit(self, coordinate: float, error: float) -> float:
        """An error of the coordinate as one of the value, in `unit`."""
        return self.in_unit(self.value(coordinate)) * error if self.logarithmic else self.in_unit(error)

    def text(self, coordinate: float, error: float) -> Any:
        """The value as a file has it, rounded to two more digits than its error has."""
        value, error = self.in_unit(self.value(coordinate)), self.error_in_unit(coordinate, error)
        digits = 12
        if value != 0.0 and 0.0 < error < math.inf:
            digits = max(math.ceil(math.log10(abs(value) / error)), 0) + 1 + _DIGITS_OF_ERROR
        rounded = float(f"{value:.{min(digits, 12)}g}")
        return f"{rounded:.12g} {self.unit}" if self.unit else rounded


def free_keys(scenario: Scenario, names: Sequence[str]) -> tuple[FreeKey, ...]:
    """The keys of some names, as "diffusion.D0".

    Raises
    ------
    ScenarioError
        If there is none, one twice, no such key, or its value is no number that can vary.
    """
    if isinstance(names, str) or not names:
        raise ScenarioError(f"free: {shown(names)}; allowed: a list of keys, as diffusion.D0")
    if twice := [name for name in names if list(names).count(name) > 1]:
        raise ScenarioError(f"free: {shown(twice[0])} is there twice; allowed: each key once")
    return tuple(_free_key(scenario, name) for name in names)


def _free_key(scenario: Scenario, name: str) -> FreeKey:
    table, key, kind = key_of(scenario, name, "free")
    value = getattr(getattr(scenario, table), key)
    if not isinstance(value, float) or kind is None or (table, key) == ("composition", "hydrogen"):
        allowed = "a number that can vary"
        if key == "hydrogen":
            allowed = "its other shares: hydrogen takes the rest"
        raise ScenarioError(f"free: {name} = {shown(scenario.model_dump()[table][key])}: allowed: {allowed}")
    low, high = kind.limits
    return FreeKey(table, key, kind, low, high)


def coordinates_of(scenario: Scenario, keys: Sequence[FreeKey]) -> FloatArray:
    """Coordinates of the values that a scenario has, (keys,)."""
    return np.array([key.coordinate(key.value_in(scenario)) for key in keys])


def with_values(scenario: Scenario, keys: Sequence[FreeKey], values: Sequence[Any]) -> Scenario:
    """The scenario with other values of some keys, as a file has them, or numbers in internal units.

    Of a composition hydrogen takes what the other shares leave.

    Raises
    ------
    ScenarioError
        If values do not go together.
    """
    data = scenario.model_dump(exclude_none=True)
    for each, value in zip(keys, values, strict=True):
        written = (
            each.kind.write(value) if isinstance(each.kind, Quantity) and isinstance(value, float) else value
        )
        data[each.table][each.key] = written
    if any(each.table == "composition" for each in keys):
        shares = data["composition"]
        shares["hydrogen"] = 1.0 - sum(shares[name] for name in _SHARES)
    return from_mapping(data)
