"""Nuclei, antiprotons and positrons at the Sun, held against measurements point by point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...fields.gas_density import MASS_PER_HYDROGEN
from ...fields.units import FloatArray
from ...maps.data import read
from ...maps.data.points import NUCLEI, POSITRONS, PROTONS, points_of
from ...maps.data.read import Points
from ...maps.data.tables import load
from ...maps.figures.nuclei import local_spectra
from ...maps.light.at_the_sun import MODULATION_GV, NAMES, FluxesAtSun, flux_or_ratio
from ...maps.light.local_cosmic_rays import LocalCosmicRays
from ...mc.diffusion.nuclei import NUCLEON_GEV
from ...mc.uncertainty import Estimate
from ..folder.write import write_ecsv
from ..run import Run
from .product import NOTHING, Made, Product
from .sun import protons_in_ring_cm3, solved_in_ring_cm3

# Between them every point is in the summary: where AMS-02 has protons, the last of which are at 1417 GV, and
# solar modulation is small.
COMPARED_GV = (20.0, 1420.0)
_GRAMMAGE_AT_GV, _PUBLISHED_G_CM2 = (10.0, 100.0, 1e3), (8.2, 2.3, 1.1)
_BERYLLIUM_GEV = (2.0, 5.0, 10.0, 30.0)
_UNIT = "m-2 s-1 sr-1 GV-1"

Names = tuple[str, ...]
"""Of cosmic rays: one, or two for their ratio."""


def measurements() -> list[tuple[Names, Points]]:
    """What was measured, and its points."""
    words = {symbol: name for name, symbol in NAMES.items()}
    return [
        *((("protons",), points) for points in [*read.protons(), *_at_higher_energies()]),
        *(((words[symbol],), points) for symbol, points in read.nuclei().items()),
        *((("boron", "carbon"), points) for points in read.boron_over_carbon()),
        (("antiprotons", "protons"), read.antiproton_over_proton()),
        (("positrons",), read.positrons()),
    ]


def _at_higher_energies() -> list[Points]:
    """Protons up to the knee and beyond, by model of hadronic interactions."""
    return [points for name in ("lhaaso-protons", "icetop-protons") for points in points_of(load(name), name)]


def compared(local: FluxesAtSun) -> list[dict[str, Any]]:
    """A row for each measured point that lies within what was followed."""
    rows = []
    for names, points in measurements():
        found, error = flux_or_ratio(local, names, points.x), points.errors.mean(axis=0)
        for R, value, measured, sigma in zip(points.x, found, points.value, error, strict=True):
            if np.isfinite(value):
                rows.append(
                    {
                        "quantity": "_over_".join(names),
                        "experiment": points.label,
                        "rigidity_GV": float(R),
                        "unit": _UNIT if len(names) == 1 else "1",
                        "model": float(value),
                        "measured": float(measured),
                        "error": float(sigma),
                        "ratio": float(value / measured),
                        "ratio_error": float(value * sigma / measured**2),
                        "pull": float((value - measured) / sigma),
                    }
                )
    return rows


def measured_as(row: dict[str, Any]) -> str:
    """What a row is called in summaries, as protons_over_ams02."""
    experiment = row["experiment"].split()[0].replace("-", "").lower()
    return f"{row['quantity']}_over_{experiment}"


def summary_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Ratios to each measurement between 20 GV and 1.4 TV, with the error of the measurement."""
    found: dict[str, Any] = {}
    for row in rows:
        if COMPARED_GV[0] <= row["rigidity_GV"] <= COMPARED_GV[1]:
            table = found.setdefault(measured_as(row), {"rigidity_GV": [], "value": [], "error": []})
            table["rigidity_GV"].append(row["rigidity_GV"])
            table["value"].append(row["ratio"])
            table["error"].append(row["ratio_error"])
    return found


def ranges_of(ratios: dict[str, Any]) -> dict[str, list[float]]:
    """Least and largest ratio of each measurement."""
    return {name: [min(table["value"]), max(table["value"])] for name, table in ratios.items()}


def _grammage(run: Run) -> dict[str, Any]:
    """Grammage at the Sun beside that which fits of AMS-02 ask for."""
    low, high = run.at_the_sun.network.rigidity_edges_GV[[0, -1]]
    R = np.array([each for each in _GRAMMAGE_AT_GV if low <= each <= high])
    halo, sources = run.at_the_sun.hydrogen_g_cm2(R), run.at_the_sun.release.grammage_g_cm2
    published = [_PUBLISHED_G_CM2[_GRAMMAGE_AT_GV.index(each)] for each in R]
    return {
        "rigidity_GV": R,
        "hydrogen_g_cm2": halo,
        "hydrogen_with_sources_g_cm2": halo + sources,
        "gas_with_sources_g_cm2": MASS_PER_HYDROGEN * (halo + sources),
        "published_g_cm2": published,
    }


def beryllium(local: FluxesAtSun) -> dict[str, Any]:
    """10Be over 9Be at equal kinetic energy per nucleon, as it is measured."""
    E, charge = np.array(_BERYLLIUM_GEV), 4.0
    momentum = np.sqrt(E * (E + 2.0 * NUCLEON_GEV))
    # Per energy per nucleon a flux is that per rigidity times A/Z.
    ten, nine = (A * local.flux(f"Be{A}", A / charge * momentum) for A in (10, 9))
    return {"energy_GeV": E, "ratio": ten / nine}


def _particles_over_equation(run: Run) -> dict[str, Any]:
    """Protons counted in a ring about the Sun over those of the equation, by decade of energy."""
    counted = protons_in_ring_cm3(run.result)
    if counted is None:
        return {}
    E, solved = run.result.current_energy_GeV, solved_in_ring_cm3(run.result, run.at_the_sun.protons)
    decades = np.floor(np.log10(E) + 1e-9)
    energies, ratios = [], []
    for decade in np.unique(decades):
        here = decades == decade
        energies.append(float(np.exp(np.log(E[here]).mean())))
        ratios.append(counted[:, here] @ E[here] / (solved[here] @ E[here]))
    return {"energy_GeV": energies, **Estimate.of(np.array(ratios).T).as_dict()}


def _make(run: Run) -> Made:
    local = run.at_the_sun
    rows = compared(local)
    ratios = summary_of(rows)
    numbers = {
        **ratios,
        "least_and_largest_ratio": ranges_of(ratios),
        "grammage_at_sun": _grammage(run),
        "beryllium_10_over_9": beryllium(local),
        "protons_of_particles_over_equation": _particles_over_equation(run),
    }
    about = {"modulation_GV": MODULATION_GV, **run.result.provenance}
    return Made(
        numbers,
        {"at_the_sun.ecsv": partial(write_ecsv, rows, about)},
        {"local_spectra": partial(_draw, local)},
    )


def _draw(local: LocalCosmicRays, ax: Any = None, data: Mapping[str, Sequence[Points]] = NOTHING) -> Any:
    """Spectra of protons, nuclei, antiprotons and positrons beside measurements."""
    low, high = local.network.rigidity_edges_GV[[0, -1]]
    R = np.geomspace(low, high, 200)
    by_name: dict[str, tuple[FloatArray, list[Points]]] = {}
    for names, points in measurements():
        what = "_over_".join(names)
        by_name.setdefault(what, (flux_or_ratio(local, names, R), []))[1].append(points)
    return local_spectra(R, by_name, data, ax)


PRODUCT = Product(
    "nuclei",
    lambda run: run.scenario.composition is not None,
    _make,
    {"local_spectra": (PROTONS, *NUCLEI, POSITRONS)},
)
