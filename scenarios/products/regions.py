"""Skies held against measurements in the regions of the sky where these were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import make_interp_spline

from ...fields.units import FloatArray
from ...maps.data.points import PLANE
from ...maps.data.read import Points, fermi_igrb, icecube, lhaaso_plane
from ...maps.figures.regions import spectra_in_regions
from ...maps.light.regions import REGIONS, means_over
from ...maps.light.sky_model import COMPONENTS
from ...mc.uncertainty import Estimate
from ..build import sky_energies_GeV
from ..folder.write import write_ecsv
from ..run import SECONDARIES, Run
from .product import NOTHING, Made, Product

Means = dict[str, Estimate]


class Measured(NamedTuple):
    """A measurement of diffuse light: what, where, which component it is of, and its points."""

    secondary: str
    region: str
    component: str
    points: Callable[[], Points]


# What is left when the Galaxy is taken off a sky is no more than what is isotropic in it.
MEASURED = {
    "lhaaso-inner": Measured("gamma", "lhaaso-inner", "total", lambda: lhaaso_plane("inner")),
    "lhaaso-outer": Measured("gamma", "lhaaso-outer", "total", lambda: lhaaso_plane("outer")),
    "fermi-igrb": Measured("gamma", "high-latitudes", "cgm", fermi_igrb),
    "icecube-combined": Measured("neutrino", "whole-sky", "cgm", lambda: icecube()[0]),
    "icecube-mese": Measured("neutrino", "whole-sky", "cgm", lambda: icecube()[1]),
}
"""By the names of their tables."""
_AVERAGES_GEV = (1e2, 1e3, 1e4, 1e5, 1e6)
_PANELS = {"lhaaso-inner": "Inner Galaxy", "lhaaso-outer": "Outer Galaxy"}


def _reached(run: Run) -> dict[str, Points]:
    """Measurements within the energies of the skies, what is no limit of them."""
    sky = sky_energies_GeV(run.scenario)
    found = {}
    for name, measured in MEASURED.items():
        points = measured.points()
        kept = (points.x >= sky[0]) & (points.x <= sky[-1]) & ~points.is_limit
        if kept.any():
            found[name] = Points(points.label, *(column[kept] for column in points[1:]))
    return found


def _means(run: Run) -> dict[tuple[str, ...], Means]:
    """E^2 times the mean intensity by secondary and region."""
    found: dict[tuple[str, ...], Means] = {}
    for secondary in SECONDARIES:
        sky = run.skies[secondary]
        means = means_over(run.sky_model, secondary, sky, list(REGIONS.values()))
        for region, each in zip(REGIONS, means, strict=True):
            found[secondary, region] = {name: sky.energy_GeV**2 * mean for name, mean in each.items()}
    return found


def _averages(run: Run, means: dict[tuple[str, ...], Means]) -> dict[str, Any]:
    """E^2 I of the whole sky of a run in each region, at powers of ten."""
    low, high = sky_energies_GeV(run.scenario)[[0, -1]]
    E = np.array([each for each in _AVERAGES_GEV if low <= each <= high])
    found: dict[str, Any] = {}
    for (secondary, region), each in means.items():
        table = found.setdefault(secondary, {"energy_GeV": E})
        table[f"{region}_E2_flux_GeV_cm2_s_sr"] = at(E, each["total"])
    return found


def rows_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each measured point of `compared`, of all measurements."""
    rows = []
    for name, of in table.items():
        measured, model = of["measured_E2_flux_GeV_cm2_s_sr"], of[f"{of['compared']}_E2_flux_GeV_cm2_s_sr"]
        for i, energy in enumerate(of["energy_GeV"]):
            rows.append(
                {
                    "measurement": name,
                    "region": of["region"],
                    "component": of["compared"],
                    "energy_GeV": energy,
                    "model_E2I": float(model.value[i]),
                    "error_of_model_E2I": float(model.error[i]),
                    "measured_E2I": float(measured.value[i]),
                    "error_of_measured_E2I": float(measured.error[i]),
                    "ratio": float(of["ratio"].value[i]),
                    "ratio_error": float(of["ratio"].error[i]),
                }
            )
    return rows


def at(energy_GeV: FloatArray, spectrum: Estimate) -> Estimate:
    """A spectrum between its energies, a cubic log-log; its relative error goes along.

    Zero beyond the first and the last energy where there is any light.
    """
    assert spectrum.energy_GeV is not None
    lit = spectrum.value > 0.0
    if lit.sum() < 2:
        return Estimate(np.zeros_like(energy_GeV), np.zeros_like(energy_GeV), energy_GeV)
    x, known = np.log(energy_GeV), np.log(spectrum.energy_GeV[lit])
    curve = make_interp_spline(known, np.log(spectrum.value[lit]), k=min(3, known.size - 1))
    inside = (x > known[0] - 1e-9) & (x < known[-1] + 1e-9)
    value = np.where(inside, np.exp(curve(np.clip(x, known[0], known[-1]))), 0.0)
    return Estimate(value, value * np.interp(x, known, spectrum.error[lit] / spectrum.value[lit]), energy_GeV)


def compared(points: Points, means: Means, measured: Measured) -> dict[str, Any]:
    """A measurement beside the model: E^2 I by component, and the ratio with the errors of both."""
    region = REGIONS[measured.region]
    error = points.errors.mean(axis=0)
    of_model = {name: at(points.x, means[name]) for name in (*COMPONENTS, "total")}
    model = of_model[measured.component]
    both = np.hypot(model.error, model.value * error / points.value) / points.value
    return {
        "region": str(region),
        "of": region.source,
        "not_left_out_here": region.left_out or None,
        "compared": measured.component,
        "energy_GeV": points.x.tolist(),
        **{f"{name}_E2_flux_GeV_cm2_s_sr": each for name, each in of_model.items()},
        "measured_E2_flux_GeV_cm2_s_sr": Estimate(points.value, error, points.x),
        "ratio": Estimate(model.value / points.value, both, points.x),
    }


def _make(run: Run) -> Made:
    reached = _reached(run)
    means = _means(run)
    # A run without gas outside the halo has nothing to hold against what is isotropic.
    lit = [name for name in reached if np.any(means[MEASURED[name][:2]][MEASURED[name].component].value > 0)]
    table = {name: compared(reached[name], means[MEASURED[name][:2]], MEASURED[name]) for name in lit}
    shown = {
        _PANELS[name]: (REGIONS[name], means[MEASURED[name][:2]], MEASURED[name].points())
        for name in lit
        if name in _PANELS
    }
    figures = {"regions": partial(_draw, shown)} if shown else {}
    rows = rows_of(table)
    files = {"regions.ecsv": partial(write_ecsv, rows, run.result.provenance)} if rows else {}
    return Made({"regions": table, "sky_averages": _averages(run, means)}, files, figures)


def _draw(shown: dict[str, Any], ax: Any = None, data: Mapping[str, Sequence[Points]] = NOTHING) -> Any:
    """Gamma rays of the plane beside measurements."""
    more = {_PANELS[f"lhaaso-{name}"]: data.get(quantity, ()) for name, quantity in PLANE.items()}
    return spectra_in_regions(shown, more, ax)


PRODUCT = Product(
    "regions",
    lambda run: run.scenario.observer is None and bool(_reached(run)),
    _make,
    {"regions": tuple(PLANE.values())},
)
