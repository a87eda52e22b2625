"""A run as an observer outside the galaxy sees it, in gamma rays: the [observer] of a scenario."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ...maps.data.read import m31_emission
from ...maps.figures.outside import galaxy_from_outside
from ...maps.light.outside import flux_within, outside_image, ring_response
from ...maps.light.sky_model import COMPONENTS
from ...mc.uncertainty import Estimate
from ..folder.write import write_json, write_table
from ..run import Run
from .product import Made, Product

# The range of the published fluxes of M31, in which photons are counted.
_ENERGIES_GEV = np.geomspace(0.3, 100.0, 16)
_SHOWN_GEV = 1.0
_PIXELS = 161
_IMAGE_KPC = 40.0
_M31_CIRCLE_KPC = 12.0  # 0.9 deg, the circle fitted to its halo

CONVENTIONS = {
    "brightness": "E^2 I of gamma rays in GeV cm^-2 s^-1 sr^-1 at 1 GeV, mean over rings of projected "
    "radius; error: one sigma; photons of the galaxy's protons alone, not absorbed",
    "flux": "photons of 0.3-100 GeV from within a projected radius, cm^-2 s^-1",
    "M31": "published numbers, E^-2 assumed where a range had to be changed",
}


def _make(run: Run) -> Made:
    observer = run.scenario.observer
    assert observer is not None
    view = {
        "distance_kpc": observer.distance,
        "inclination_deg": observer.inclination_deg,
        "r_max_kpc": run.medium.table.r_max,
    }
    edges = _rings_kpc(run)
    energy = np.unique(np.append(_ENERGIES_GEV, _SHOWN_GEV))
    shown = int(np.argmin(np.abs(energy - _SHOWN_GEV)))
    tables = run.sky_model.emissivity(run.sky_model.emissivity_per_H("gamma", energy))
    nodes = run.sky_model.nodes_kpc
    response = ring_response(*nodes, edges, **view)
    # (replicas, energies, rings)
    profiles = {name: np.moveaxis(np.tensordot(response, tables[name], axes=2), 0, -1) for name in COMPONENTS}
    profiles["total"] = np.sum(list(profiles.values()), axis=0)
    brightness = {name: Estimate.of(_SHOWN_GEV**2 * p[:, shown]) for name, p in profiles.items()}
    photons = {name: _photons(p, energy, edges, observer.distance) for name, p in profiles.items()}

    def draw(ax: Any = None) -> Any:
        x = np.linspace(-_IMAGE_KPC, _IMAGE_KPC, _PIXELS)
        total = np.sum([table[:, :, 0, shown] for table in tables.values()], axis=0)
        image = _SHOWN_GEV**2 * outside_image(total[..., None], *nodes, x, x, **view)[0]
        title = f"Seen from {observer.distance:g} kpc, inclination {observer.inclination_deg:g} deg, 1 GeV"
        return galaxy_from_outside(image, x, x, edges, brightness, energy_GeV=_SHOWN_GEV, title=title, ax=ax)

    rows = _rings(edges, brightness, photons["total"])
    published = [emission._asdict() for emission in m31_emission().values()]
    about = {**run.result.provenance, "conventions": CONVENTIONS, "rings": rows, "M31": published}
    files: dict[str, Callable[[Path], None]] = {
        "outside.csv": partial(write_table, rows),
        "outside.json": partial(write_json, about),
    }
    told = {name: _told(edges, found) for name, found in photons.items()}
    return Made({"outside": told | {"M31": _beside_m31(told)}}, files, {"outside": draw})


PRODUCT = Product("outside", lambda run: run.scenario.observer is not None, _make)


def _beside_m31(told: dict[str, dict[str, Estimate]]) -> dict[str, Estimate]:
    """The published disc and halo of M31, and what is within the radius of that halo over them."""
    m31, key = m31_emission(), f"flux_within_{_M31_CIRCLE_KPC:g}_kpc_cm2_s"
    disc, halo = (Estimate(*map(np.array, m31[name].flux_cm2_s)) for name in ("disc", "halo circle"))
    around = sum(told[name][key].value for name in ("halo", "cgm"))
    around_error = np.hypot(*(told[name][key].error for name in ("halo", "cgm")))
    return {
        "disc_flux_cm2_s": disc,
        "halo_flux_cm2_s": halo,
        "disc_over_M31": _ratio(told["disc"][key], disc),
        "halo_and_cgm_over_M31": _ratio(Estimate(np.asarray(around), np.asarray(around_error)), halo),
    }


def _ratio(one: Estimate, other: Estimate) -> Estimate:
    """One over the other, errors in quadrature."""
    value = one.value / other.value
    return Estimate(value, np.hypot(one.error, value * other.error) / other.value)


def _rings(
    edges_kpc: FloatArray, brightness: dict[str, Estimate], photons: Estimate
) -> list[dict[str, float]]:
    """Brightness of each ring, and photons from within it."""
    return [
        {"r_low_kpc": low, "r_high_kpc": high}
        | {f"{name}_brightness": float(curve.value[i]) for name, curve in brightness.items()}
        | {f"{name}_error": float(curve.error[i]) for name, curve in brightness.items()}
        | {"flux_within": float(photons.value[i]), "flux_error": float(photons.error[i])}
        for i, (low, high) in enumerate(pairwise(edges_kpc))
    ]


def _rings_kpc(run: Run) -> FloatArray:
    """Edges of the rings: 1 kpc at the centre, the rim of the disc among them, to the end of the region."""
    R_d, r_max = run.galaxy.R_d_kpc, run.medium.table.r_max
    edges = np.concatenate(
        [np.arange(0.0, 20.0, 1.0), np.arange(20.0, 40.0, 2.0), np.arange(40.0, r_max, 5.0)]
    )
    return np.unique(np.append(edges, [_M31_CIRCLE_KPC, min(R_d, r_max), r_max]))


def _photons(
    profile: FloatArray, energy_GeV: FloatArray, edges_kpc: FloatArray, distance_kpc: float
) -> Estimate:
    """Photons of all energies from within each ring's outer edge, and their error."""
    flux = flux_within(profile, edges_kpc, distance_kpc)
    return Estimate.of(np.asarray(np.trapezoid(flux * energy_GeV[:, None], np.log(energy_GeV), axis=1)))


def _told(edges_kpc: FloatArray, photons: Estimate) -> dict[str, Estimate]:
    """Flux within some radii."""
    told = {}
    for radius in (5.0, _M31_CIRCLE_KPC, 40.0, edges_kpc[-1]):
        at = int(np.argmin(np.abs(edges_kpc - radius))) - 1
        told[f"flux_within_{edges_kpc[at + 1]:g}_kpc_cm2_s"] = Estimate(photons.value[at], photons.error[at])
    return told
