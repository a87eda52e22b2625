"""The fit of data at the Sun in each of many media, and the circumgalactic light that goes with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np

from ...fields.exceptions import NotConverged, RunFailed, UserError
from ...fields.units import FloatArray
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..fitting.best_fit import pulls_of
from ..fitting.free_keys import coordinates_of, free_keys
from ..fitting.local_data import Measured, by_measurement, independent_points, measured_at_sun
from ..fitting.predictions import Predictions
from ..fitting.secant import PATIENCE, SecantFit, secant_fit
from ..fitting.with_light import PredictionsWithLight
from .study import in_media

NEUTRINOS_GEV = np.geomspace(1e2, 1e6, 13)
GAMMA_RAYS_GEV = np.geomspace(10.0, 1e5, 13)
_LEAST_UPWARDS = 0.02
_IMPATIENCE = 4
_PARENTS = 10.0  # energies that have to be followed over those of the light
_BESIDE_SLOPES = 12  # solutions of a fit but for those that its slopes take


@dataclass(frozen=True)
class Place:
    """What media have in common that differ in their gas alone."""

    outflow: str
    z_B_kpc: float
    field: str


def places_of(scenario: Scenario) -> list[Place]:
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    return [Place(*each) for each in product(wanted.outflow, wanted.z_B, wanted.field)]


def medium_at(scenario: Scenario, place: Place, delta_G: float) -> Scenario:
    """A single scenario: its D grows as the field falls, and is as large at the disc for its height."""
    wanted, law = scenario.circumgalactic_limits, scenario.diffusion
    assert wanted is not None and law is not None
    z_B = place.z_B_kpc
    has_lines = place.field != "isotropic"
    lines = {"epsilon": (wanted.epsilon if has_lines else 0.0,)}
    (one,) = in_media(
        scenario, delta_G=(delta_G,), outflow=(place.outflow,), z_B=(z_B,), field=(place.field,), **lines
    )
    # A start for the fit: B/C tells D0 over z_B, and flat lines let no more than epsilon D through upwards.
    upwards = max(wanted.epsilon, _LEAST_UPWARDS) if has_lines else 1.0
    scaled = {"scale": z_B, "D0": law.D0 * z_B / scenario.medium.z_B / upwards}
    return one.model_copy(update={"diffusion": law.model_copy(update=scaled)})


def light_of(scenario: Scenario) -> dict[str, FloatArray]:
    """Energies of neutrinos and gamma rays that the energies of the scenario allow.

    Raises
    ------
    ScenarioError
        If there are none.
    """
    low, high = scenario.transport.energy_range
    found = {
        name: E[(2.0 * low <= E) & (_PARENTS * E <= high * (1.0 + 1e-9))]
        for name, E in (("neutrino", NEUTRINOS_GEV), ("gamma", GAMMA_RAYS_GEV))
    }
    if not all(E.size for E in found.values()):
        raise ScenarioError(
            "transport.energy_range: allowed: up to 1 TeV or more in a [circumgalactic_limits]"
        )
    return found


def predictions_of(scenario: Scenario, single: Scenario) -> PredictionsWithLight:
    """What a fit in one medium needs.

    Raises
    ------
    UserError
        If a free key or a table of data is none.
    """
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    keys = free_keys(single, wanted.free)
    measured = measured_at_sun(single, wanted.data, wanted.range)
    return PredictionsWithLight(single, keys, measured, light=light_of(scenario))


def solutions_of(scenario: Scenario) -> int:
    """How often the equation is solved in one medium, about."""
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    return _BESIDE_SLOPES + len(wanted.free)


def seconds_of_one(scenario: Scenario) -> float:
    """Time that one solution takes."""
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    predictions = predictions_of(scenario, medium_at(scenario, places_of(scenario)[0], wanted.delta_G[0]))
    began = time.monotonic()
    predictions.at(coordinates_of(predictions.scenario, predictions.keys))
    return time.monotonic() - began


# -- all media -------------------------------------------------------------------------------


def fit_all(scenario: Scenario, processes: int, told: Callable[[int, int], None]) -> list[dict[str, Any]]:
    """A row for each medium, in the order of the lists; each place is gone through by one process.

    What a medium comes to hangs on the gas below it in its list, not on other places: the number of processes
    does not matter.
    """
    places, wanted = places_of(scenario), scenario.circumgalactic_limits
    assert wanted is not None
    total, rows = len(places) * len(wanted.delta_G), dict[Place, list[dict[str, Any]]]()
    told(0, total)
    if processes == 1:
        for place in places:
            rows[place] = []
            for row in fits_along(scenario, place):
                rows[place].append(row)
                told(sum(map(len, rows.values())), total)
    else:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            started = {pool.submit(_fits_at, scenario.to_toml(), place): place for place in places}
            for done in as_completed(started):
                rows[started[done]] = done.result()
                told(sum(map(len, rows.values())), total)
    return [row for place in places for row in rows[place]]


def _fits_at(text: str, place: Place) -> list[dict[str, Any]]:
    """All fits of a place, in a process of its own."""
    from ..file.scenario import load_text

    return list(fits_along(load_text(text), place))


def fits_along(scenario: Scenario, place: Place) -> Iterator[dict[str, Any]]:
    """Fits in gas that gets denser, each from where the last one ended."""
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    start: FloatArray | None = None
    slopes: FloatArray | None = None
    patience, out_of_reach = PATIENCE, None
    for delta_G in sorted(wanted.delta_G):
        about = {
            "outflow": place.outflow, "z_B_kpc": place.z_B_kpc, "field": place.field, "delta_G": delta_G,
        }  # fmt: skip
        began = time.monotonic()
        try:
            predictions = predictions_of(scenario, medium_at(scenario, place, delta_G))
            if start is None:
                start = coordinates_of(predictions.scenario, predictions.keys)
            fit = secant_fit(predictions, start, slopes, patience)
            row = row_of(predictions, fit)
            if not fit.settled and out_of_reach is None:
                out_of_reach = {"delta_G": delta_G, "chi2": alone(predictions)}
        except (UserError, NotConverged, RunFailed, ValueError) as fault:
            yield {**about, "fault": str(fault), "seconds": time.monotonic() - began}
            continue
        start, slopes = fit.best.coordinates, fit.slopes
        # More comes back from denser gas: what thinner gas did not let pass is not tried for long.
        patience = PATIENCE if fit.settled else _IMPATIENCE
        yield {
            **about,
            "fault": "",
            "seconds": time.monotonic() - began,
            "solved": predictions.kept.solved,
            **row,
            "alone": None if fit.settled else out_of_reach,
        }


def judged_below_GV(scenario: Scenario) -> float:
    """Where the sources break: beyond, it is their two power laws that measurements test, not the medium."""
    source = scenario.source
    return float("inf") if source.slope_beyond == "none" else source.E_break


def alone(predictions: PredictionsWithLight) -> dict[str, dict[str, float]]:
    """chi^2 of each ratio that judges the medium, fitted by itself and by the keys of the medium alone.

    Sources, on which ratios hardly hang but by what their luminosity drives, are as they are given.
    """
    single, found = predictions.scenario, {}
    keys = tuple(key for key in predictions.keys if not key.of_source_alone)
    for one in predictions.measured if keys else ():
        highest = float(one.rigidity_GV.max())
        if len(one.names) > 1 and highest <= judged_below_GV(single):
            by_itself = Predictions(single, keys, (one,))
            try:
                at = secant_fit(by_itself, coordinates_of(single, keys)).best.coordinates
            except NotConverged as stopped:  # along keys that it does not tell
                at = stopped.found
            pulls, _ = pulls_of((one,), by_itself.at(at))
            of = {"chi2": float(pulls @ pulls), "points": one.value.size, "highest_GV": highest}
            found[f"{one.label}, {one.what}"] = of
    return found


def row_of(predictions: PredictionsWithLight, fit: SecantFit) -> dict[str, Any]:
    """What is kept of a fit: plain numbers."""
    best, measured = fit.best, predictions.measured
    relative = fit.relative_errors()
    found: dict[str, Any] = {
        "chi2": best.chi2,
        "points": independent_points(measured),
        "freedom": independent_points(measured) - len(predictions.keys) + len(fit.at_limits),
        "by_data": _by_data(measured, best.pulls, best.model),
        "at_limits": list(fit.at_limits),
        "settled": fit.settled,
        "keys": {
            key.name: {
                "value": key.in_unit(key.value(float(u))),
                "error": key.error_in_unit(float(u), float(error)),
                "unit": key.unit,
            }
            for key, u, error in zip(predictions.keys, best.coordinates, best.errors, strict=True)
        },
    }
    steady = predictions.steady_over_age(best.coordinates, predictions.scenario.transport.t_max)
    light, place = fit.predicted[best.model.size :] / steady, 0
    relative = relative[best.model.size :]
    for secondary, E in (predictions.light or {}).items():
        here = slice(place, place + E.size)
        found[secondary] = {
            "energy_GeV": E,
            "E2_flux": light[here],
            "relative_error": relative[here],
            "steady_over_age": steady[here],
        }
        place += E.size
    return found


def _by_data(
    measured: tuple[Measured, ...], pulls: FloatArray, model: FloatArray
) -> dict[str, dict[str, float]]:
    """chi^2, points, the largest |model/measured - 1| and the highest rigidity of each measurement."""
    parts = zip(measured, *(by_measurement(measured, each) for each in (pulls, model)), strict=True)
    return {
        f"{each.label}, {each.what}": {
            "chi2": float(pull @ pull),
            "points": int(pull.size),
            "largest_deviation": float(np.max(np.abs(of / each.value - 1.0))),
            "highest_GV": float(each.rigidity_GV.max()),
        }
        for each, pull, of in parts
    }
