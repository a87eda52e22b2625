"""Measurements at the Sun that a scenario can be fitted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...fields.exceptions import UserError, on_a_line
from ...fields.limits import numbers_in
from ...fields.units import FloatArray
from ...maps.data.points import BORON_OVER_CARBON, NUCLEI, POSITRONS, PROTONS, UNDRAWN, points_of
from ...maps.data.read import Points
from ...maps.data.tables import load
from ..file.scenario import Scenario

COMPARED_GV = (20.0, 2000.0)
"""Where the scenarios with nuclei are held against measurements: solar modulation and losses to ionisation
matter below."""
_BEYOND_GV = 1e5  # nuclei are not followed further
_MADE_FROM = 100.0  # rigidity of what makes most antiprotons and positrons, over theirs
FITTED = {
    PROTONS: ("protons",),
    BORON_OVER_CARBON: ("boron", "carbon"),
    **{name: (name,) for name in (*NUCLEI, *UNDRAWN, POSITRONS)},
}
"""Quantities of tables, and the cosmic rays that they are of: one, or two for their ratio."""
_SECONDARY = ("antiprotons", "positrons")


@dataclass(frozen=True)
class Measured:
    """Points of one measurement.

    Attributes
    ----------
    label : str
        Experiment and year.
    names : tuple of str
        Of the cosmic rays.
    rigidity_GV, value, below, above : ndarray, shape (n,)
        Inside the heliosphere; fluxes in m^-2 s^-1 sr^-1 GV^-1; lengths of the error bars.
    models : int
        In how many models, as of hadronic interactions, the same points were published. Errors are wider by
        the root of it: together they count as one measurement.
    """

    label: str
    names: tuple[str, ...]
    rigidity_GV: FloatArray
    value: FloatArray
    below: FloatArray
    above: FloatArray
    models: int = 1

    @property
    def independent(self) -> float:
        """Points that count: those of one model are shared with the others."""
        return self.value.size / self.models

    @property
    def what(self) -> str:
        """As boron_over_carbon."""
        return "_over_".join(self.names)

    def error(self, model: FloatArray) -> FloatArray:
        """The error on the side of a model (..., points)."""
        return np.where(model > self.value, self.above, self.below)


def by_measurement(measured: Sequence[Measured], values: FloatArray) -> list[FloatArray]:
    """Values at all points (..., points), apart for each measurement."""
    ends = np.cumsum([each.value.size for each in measured])[:-1]
    return np.split(values, ends, axis=-1)


def independent_points(measured: Sequence[Measured]) -> int:
    """How many points count."""
    return round(sum(each.independent for each in measured))


def range_GV(asked: object) -> tuple[float, float]:
    """Lowest and highest rigidity of what is fitted, of numbers or quantities."""
    if asked is None:
        return COMPARED_GV
    found = numbers_in(asked, "GV", "range_GV")  # type: ignore[arg-type]
    if found.shape != (2,) or not 0.0 < found[0] < found[1]:
        raise UserError(f"range_GV = {on_a_line(asked)}: allowed: two rigidities, rising, above zero")
    return float(found[0]), float(found[1])


def measured_at_sun(
    scenario: Scenario, data: Sequence[str | Path], between_GV: tuple[float, float]
) -> tuple[Measured, ...]:
    """Points of some tables that a scenario can be fitted to.

    Raises
    ------
    UserError
        If there is no such table, it has no errors, is not of cosmic rays at the Sun, or of nuclei where the
        scenario has none; or if none of its points is in the range and among the energies of the scenario.
    """
    if isinstance(data, str) or not data:
        raise UserError(f"data: {on_a_line(data)}; allowed: a list of tables, as ams02-protons, or files")
    names = [str(name) for name in data]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"data: {on_a_line(twice[0])} is there twice; allowed: each table once")
    return tuple(each for name in data for each in _of_table(scenario, name, between_GV))


def _of_table(scenario: Scenario, name: str | Path, between_GV: tuple[float, float]) -> Iterable[Measured]:
    table, said = load(name), on_a_line(str(name))
    quantity = table.meta["quantity"]
    if quantity not in FITTED:
        raise UserError(f"data {said}: quantity {on_a_line(quantity)}; allowed in a fit: {', '.join(FITTED)}")
    names = FITTED[quantity]
    if scenario.composition is None and names != ("protons",):
        raise UserError(f"data {said}: {quantity}: allowed: in a scenario with a [composition]")
    low, high = followed_GV(scenario, names)
    low, high = max(low, between_GV[0]), min(high, between_GV[1])
    models = points_of(table, Path(name).name)
    for points in models:
        yield _within(points, names, (low, high), said, len(models))


def followed_GV(scenario: Scenario, names: Sequence[str]) -> tuple[float, float]:
    """Rigidities between which a scenario can say what there is of some cosmic rays."""
    low, high = scenario.transport.energy_range
    if set(names) & set(_SECONDARY):
        return 1.5 * low, high / _MADE_FROM
    return 1.5 * low, 0.5 * high if names == ("protons",) else min(0.5 * high, 0.5 * _BEYOND_GV)


def needed_GeV(measured: Sequence[Measured]) -> tuple[float, float]:
    """Energies of protons to solve for: some bins beyond the points, more for what protons make."""
    low = min(float(each.rigidity_GV.min()) for each in measured)
    high = max(
        float(each.rigidity_GV.max()) * (_MADE_FROM if set(each.names) & set(_SECONDARY) else 1.0)
        for each in measured
    )
    return 0.5 * low, 4.0 * high


def _within(
    points: Points, names: tuple[str, ...], between: tuple[float, float], said: str, models: int
) -> Measured:
    """The points between two rigidities."""
    here = (points.x >= between[0]) & (points.x <= between[1])
    if not here.any():
        there = f"{points.x.min():g} to {points.x.max():g} GV"
        raise UserError(
            f"data {said}: points at {there}; allowed: some from {between[0]:g} to {between[1]:g} GV"
        )
    below, above = points.errors[:, here]
    if np.any(below <= 0.0) or np.any(above <= 0.0):
        raise UserError(f"data {said}: points without errors; allowed: errors above zero on both sides")
    wider = models**0.5
    return Measured(
        points.label, names, points.x[here], points.value[here], wider * below, wider * above, models
    )
