"""What there is in the skies of a run: multipoles, profiles, distances, and how well they are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..fields.units import FloatArray
from ..maps import structure
from ..maps.structure_figures import relative_error_maps, sky_structure
from ..maps.synthesis import ComponentMaps
from ..mc.result import value_and_error
from .finished import Run
from .products import energy_label
from .summary import quantity

ENERGIES_GEV = np.array([1e3, 1e4, 1e5])
_RADII = np.arange(1, 101) / 100.0  # of r_max
_LMAX = 12
_LATITUDES_DEG = np.arange(-90.0, 91.0, 15.0)
_LONGITUDES_DEG = np.arange(-180.0, 181.0, 20.0)
_SHARES = (0.1, 0.5, 0.9)


def draw_skies(run: Run, skies: Mapping[str, ComponentMaps], folder: Path) -> dict[str, Any]:
    """Draw the structure of the circumgalactic neutrino sky and the errors of all skies, and sum them up."""
    glow = run.synthesis.glow("neutrino", ENERGIES_GEV)
    shown = {int(np.argmin(np.abs(np.log(skies["neutrino"].energy_GeV / E)))): None for E in ENERGIES_GEV}
    errors = {
        f"{name}, {energy_label(sky.energy_GeV[at])}": sky.relative_error[at]
        for at in shown
        for name, sky in (("Neutrinos", skies["neutrino"]), ("Gamma rays", skies["gamma"]))
    }
    relative_error_maps(errors, folder / "sky_errors.png", title="Relative error of the sky")
    summary: dict[str, Any] = {"energy_GeV": ENERGIES_GEV.tolist()} | {
        f"largest_relative_error_{name}": {
            energy_label(sky.energy_GeV[at]): float(sky.relative_error[at].max()) for at in shown
        }
        for name, sky in skies.items()
    }
    if not np.any(glow["bell"]):
        return summary
    maps = run.synthesis.coarse_maps(glow)["cgm"]
    radii_kpc = _RADII * run.medium.table.r_max
    within = run.synthesis.share_within("cgm", glow, radii_kpc)
    power = structure.power_spectrum(maps, _LMAX)
    by_latitude = structure.latitude_profile(maps, _LATITUDES_DEG)
    by_longitude = structure.longitude_profile(maps, _LONGITUDES_DEG)
    sky_structure(
        folder / "sky_structure.png",
        _curves(power),
        _LATITUDES_DEG,
        _curves(by_latitude),
        _LONGITUDES_DEG,
        _curves(by_longitude),
        radii_kpc,
        _curves(value_and_error(within)),
        title="Circumgalactic neutrinos",
    )
    multipoles = {
        name: {"value": value.tolist(), "error": error.tolist()}
        for name, (value, error) in structure.multipoles(maps).items()
    }
    radii = {
        f"r_kpc_within_which_{share:.0%}": quantity(_radius_kpc(within, share, radii_kpc))
        for share in _SHARES
    }
    return summary | multipoles | radii


def _radius_kpc(within: FloatArray, share: float, radii_kpc: FloatArray) -> FloatArray:
    """Radius within which a share of the light is made, (replicas, energies)."""
    return np.array([[np.interp(share, row, radii_kpc) for row in replica] for replica in within])


def _curves(estimate: tuple[FloatArray, FloatArray]) -> dict[str, dict[str, FloatArray]]:
    """Value and error by energy."""
    return {
        energy_label(E): {"value": value, "error": error}
        for E, value, error in zip(ENERGIES_GEV, *estimate, strict=True)
    }
