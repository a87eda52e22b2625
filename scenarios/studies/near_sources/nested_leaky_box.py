"""The nested leaky box beside the standard halo of `milky-way`: protons, B/C, antiprotons and positrons.

No particle is followed: the boxes and the steady transport equation in the halo. What Blasi 2019 (Sect. 3)
says of the model, and what it costs, are numbers of the summary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from ....fields.exceptions import on_a_line, said_by
from ....fields.gas_density import MASS_PER_HYDROGEN
from ....fields.units import FloatArray
from ....maps.data.read import boron_over_carbon
from ....maps.figures.nuclei import nested_leaky_box_figure
from ....maps.light.antimatter import ANTIPROTON, GEV_PER_EV, POSITRON
from ....maps.light.at_the_sun import FluxesAtSun, flux_or_ratio
from ....maps.light.near_sources.nested_leaky_box import NestedLeakyBox
from ....maps.light.starlight import STARLIGHT_EV_CM3
from ....maps.light.synchrotron import CMB_ENERGY_DENSITY_GEV_CM3, magnetic_energy_density_GeV_cm3
from ....mc.diffusion.leaky_box import Box
from ....mc.tally import energy_groups
from ....mc.uncertainty import Estimate
from ...at_the_sun import release_of
from ...build import spectrum_of
from ...file.quantities import ScenarioError
from ...file.scenario import Scenario
from ...folder.write import write_ecsv, write_json
from ...products.nuclei import (
    COMPARED_GV,
    compared,
    measured_as,
    measurements,
    ranges_of,
    summary_of,
)
from ...products.product import Made
from ..study import envelope, study_of_runs
from .nested_costs import REV_GV, asked_for, costs, made_in_the_galaxy, of_secondaries
from .standard import STANDARD, standard_halo

_FITTED_FROM_GV = 10.0
_GRAMMAGE_AT_GV = np.array([10.0, 30.0, 100.0, 200.0, 1e3])
_CURVES_GV = np.geomspace(5.0, 5e3, 121)

CONVENTIONS = {
    "grammage_g_cm2": "mean of exponential paths, gas with its helium, by rigidity",
    "fit": "least squares of X_0, delta_s and X_g to B/C of AMS-02 above 10 GV, spectra and all else as "
    "given; errors as if those of the points were independent, without that of cross sections (10-20%)",
    "nested_leaky_box, standard_halo": f"fluxes of this model, and of the scenario {STANDARD}",
    "chi2_per_point": "of the points from 20 GV to 1.4 TV, errors of measurements alone",
    "asked_for": "the X_g with which all antiprotons, or all positrons if they did not radiate, would be "
    "secondary; B/C that it makes alone",
    "positrons": "of collisions alone; both models leave out other sources",
    "losses": "protons lose energy in collisions in both boxes, positrons by synchrotron and inverse Compton "
    "radiation (Thomson) while they are there, antiprotons annihilate; those that survive a collision with "
    "less energy (tertiaries) are left out",
}


# -- from the scenario to the boxes --------------------------------------------------------


def boxes_of(scenario: Scenario) -> NestedLeakyBox:
    """The boxes of a scenario with a [nested_leaky_box].

    Raises
    ------
    ScenarioError
        If its file of grammages is none.
    """
    wanted = scenario.nested_leaky_box
    assert wanted is not None
    uniform = magnetic_energy_density_GeV_cm3(scenario.medium.B0) + CMB_ENERGY_DENSITY_GEV_CM3
    factor = scenario.medium.helium_factor
    return NestedLeakyBox(
        source=Box(source_hydrogen_g_cm2(scenario), wanted.source_gas),
        galaxy=Box(_even(wanted.X_g), wanted.gas, 2.0 * np.pi * scenario.source.R_d**2 * wanted.height),
        release=release_of(scenario, spectrum_of(scenario)),
        energy_edges_GeV=energy_groups(*scenario.transport.energy_range),
        radiation_eV_cm3=float(uniform) / GEV_PER_EV + STARLIGHT_EV_CM3,
        helium_factor=factor[0] if isinstance(factor, tuple) else factor,
    )


def source_hydrogen_g_cm2(scenario: Scenario) -> Callable[[FloatArray], FloatArray]:
    """Hydrogen that is crossed about the sources, by rigidity."""
    wanted = scenario.nested_leaky_box
    assert wanted is not None
    if wanted.source_grammage == "power-law":
        return _power_law(wanted.X_0, wanted.R_0, wanted.delta_s)
    ln_R, ln_X = np.log(grammage_in(Path(wanted.source_grammage))) - [[0.0], [np.log(MASS_PER_HYDROGEN)]]

    def crossed(rigidity_GV: FloatArray) -> FloatArray:
        at = np.log(rigidity_GV)
        i = np.clip(np.searchsorted(ln_R, at) - 1, 0, ln_R.size - 2)
        slope = np.diff(ln_X)[i] / np.diff(ln_R)[i]
        return np.asarray(np.exp(ln_X[i] + slope * (at - ln_R[i])))

    return crossed


def _power_law(X_0: float, R_0: float, delta: float) -> Callable[[FloatArray], FloatArray]:
    return lambda rigidity_GV: X_0 / MASS_PER_HYDROGEN * (np.asarray(rigidity_GV) / R_0) ** -delta


def _even(X: float) -> Callable[[FloatArray], FloatArray]:
    return _power_law(X, 1.0, 0.0)


def grammage_in(path: Path) -> FloatArray:
    """Rigidity [GV] and grammage [g cm^-2] of a table with these columns and their units, (2, rows).

    Raises
    ------
    ScenarioError
        If it cannot be read, lacks a column, a unit or rows, or its numbers are not above zero and rising.
    """
    from astropy.table import Table

    said = f"nested_leaky_box.source_grammage: {on_a_line(path.name)}"
    try:
        table = Table.read(path, format="ascii.ecsv")
        found = [
            np.asarray(table[name].quantity.to_value(unit), float)
            for name, unit in (("rigidity", "GV"), ("grammage", "g/cm2"))
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        allowed = "the columns rigidity [GV] and grammage [g/cm2]"
        raise ScenarioError(f"{said}: {said_by(fault)}; allowed: ECSV with {allowed}") from None
    R, X = found
    whole = np.isfinite(found).all() and R.ndim == 1 and R.size >= 2
    if not (whole and R[0] > 0 and (np.diff(R) > 0).all() and (X > 0).all()):
        raise ScenarioError(f"{said}: allowed: two rows or more, rising rigidities, grammages above zero")
    return np.stack(found)


# -- the fit to B/C ------------------------------------------------------------------------


def fitted(boxes: NestedLeakyBox, scenario: Scenario) -> dict[str, Any]:
    """X_0, delta_s and X_g by least squares to B/C of AMS-02, from those of the scenario."""
    wanted, points = scenario.nested_leaky_box, boron_over_carbon()[0]
    assert wanted is not None
    used = points.x >= _FITTED_FROM_GV
    R, value, error = points.x[used], points.value[used], points.errors.mean(axis=0)[used]

    def pulls(x: FloatArray) -> FloatArray:
        X_0, X_g = np.exp(x[0]), np.exp(x[2])
        source = replace(boxes.source, grammage_g_cm2=_power_law(X_0, wanted.R_0, float(x[1])))
        other = replace(boxes, source=source, galaxy=replace(boxes.galaxy, grammage_g_cm2=_even(X_g)))
        return (other.flux("boron", R) / other.flux("carbon", R) - value) / error

    start = np.array([np.log(max(wanted.X_0, 0.1)), wanted.delta_s, np.log(wanted.X_g)])
    least = least_squares(pulls, start, diff_step=1e-3, xtol=1e-4, ftol=1e-4, max_nfev=15)
    covariance = np.linalg.inv(least.jac.T @ least.jac)
    sigma = np.sqrt(np.diag(covariance))
    X_0, delta, X_g = float(np.exp(least.x[0])), float(least.x[1]), float(np.exp(least.x[2]))
    by = np.array([1.0, -np.log(REV_GV / wanted.R_0), -1.0])
    ratio = float(X_0 * (REV_GV / wanted.R_0) ** -delta / X_g)
    return {
        "X_0_g_cm2": Estimate(np.array(X_0), np.array(X_0 * sigma[0])),
        "delta_s": Estimate(np.array(delta), np.array(sigma[1])),
        "X_g_g_cm2": Estimate(np.array(X_g), np.array(X_g * sigma[2])),
        f"X_s_over_X_g_at_{REV_GV:g}_GV": Estimate(
            np.array(ratio), np.array(ratio * np.sqrt(by @ covariance @ by))
        ),
        "points": int(used.sum()),
        "chi2_per_point": float(2.0 * least.cost / used.sum()),
    }


# -- beside the standard halo --------------------------------------------------------------


def rows_of(models: dict[str, FluxesAtSun]) -> Iterator[dict[str, Any]]:
    """A row for each measured point, with both models."""
    each = [compared(model) for model in models.values()]
    known = [{(row["quantity"], row["experiment"], row["rigidity_GV"]): row for row in rows} for rows in each]
    told = ("quantity", "experiment", "rigidity_GV", "unit", "measured", "error")
    for key, first in known[0].items():
        if all(key in others for others in known):
            ones = {name: others[key] for name, others in zip(models, known, strict=True)}
            values = {name: one["model"] for name, one in ones.items()}
            pulls = {f"pull_of_{name}": one["pull"] for name, one in ones.items()}
            yield {each: first[each] for each in told} | values | pulls


def comparison(models: dict[str, FluxesAtSun]) -> dict[str, Any]:
    """Least and largest ratio, and chi^2 per point, of each measurement and model."""
    found: dict[str, Any] = {}
    for name, model in models.items():
        rows = compared(model)
        for what, span in ranges_of(summary_of(rows)).items():
            found.setdefault(what, {})[name] = {"least_and_largest_ratio": span}
        pulls: dict[str, list[float]] = {}
        for row in rows:
            if COMPARED_GV[0] <= row["rigidity_GV"] <= COMPARED_GV[1]:
                pulls.setdefault(measured_as(row), []).append(row["pull"])
        for what, each in pulls.items():
            found[what][name]["chi2_per_point"] = float(np.mean(np.square(each)))
    return found


def _grammage(boxes: NestedLeakyBox) -> dict[str, Any]:
    R = _GRAMMAGE_AT_GV
    X_s, X_g = (MASS_PER_HYDROGEN * box.grammage_g_cm2(R) for box in (boxes.source, boxes.galaxy))
    return {"rigidity_GV": R, "source_g_cm2": X_s, "galaxy_g_cm2": X_g, "galactic_share": X_g / (X_s + X_g)}


def _curves(boxes: NestedLeakyBox, halo: FluxesAtSun) -> dict[str, dict[str, FloatArray]]:
    """By quantity and curve, at `_CURVES_GV`."""
    quantities = (("protons",), ("boron", "carbon"), ("antiprotons", "protons"), ("positrons",))
    models = {
        "nested leaky box": boxes,
        "without radiation": boxes.without_losses(),
        "standard halo": halo,
    }
    found = {
        "_over_".join(names): {
            label: flux_or_ratio(model, names, _CURVES_GV)
            for label, model in models.items()
            if label != "without radiation" or names == ("positrons",)
        }
        for names in quantities
    }
    for names, species in ((quantities[2], ANTIPROTON), (quantities[3], POSITRON)):
        curves = found["_over_".join(names)]
        share = made_in_the_galaxy(boxes, species, _CURVES_GV)
        curves["made in the Galaxy"] = curves["nested leaky box"] * share
    return found


def _conclude(scenario: Scenario, kept: list[None]) -> Made:
    wanted = scenario.nested_leaky_box
    assert wanted is not None
    boxes, halo = boxes_of(scenario), standard_halo()
    models: dict[str, FluxesAtSun] = {"nested_leaky_box": boxes, "standard_halo": halo}
    curves, rows = _curves(boxes, halo), list(rows_of(models))
    numbers = {
        "grammage": _grammage(boxes),
        **({"fit": fitted(boxes, scenario)} if wanted.source_grammage == "power-law" else {}),
        "compared": comparison(models),
        "secondaries": of_secondaries(boxes, halo),
        "asked_for": asked_for(boxes, wanted.X_g),
        "costs": costs(boxes, halo),
    }
    about = envelope(scenario, CONVENTIONS)
    table = {**about, **numbers, "rigidity_GV": _CURVES_GV, "curves": curves}
    points: dict[str, list[Any]] = {what: [] for what in curves}
    for names, each in measurements():
        points.get("_over_".join(names), []).append(each)
    return Made(
        numbers,
        {
            "nested_leaky_box.json": partial(write_json, table),
            "nested_leaky_box.ecsv": partial(write_ecsv, rows, about),
        },
        {"nested_leaky_box": partial(nested_leaky_box_figure, _CURVES_GV, curves, points)},
    )


# Closed boxes and a stationary equation: there is no run to make.
STUDY = study_of_runs("nested_leaky_box", lambda scenario: [], lambda scenario, run: None, _conclude)
