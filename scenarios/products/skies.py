"""The skies of a run: maps, spectra, multipoles, profiles, distances, and how well they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields import bell
from ...fields.galaxy import Galaxy
from ...fields.units import FloatArray, energy_label
from ...maps.data.points import GAMMA_RAYS, NEUTRINOS
from ...maps.data.read import Points
from ...maps.figures.skies import contrast_panels, sky_panels
from ...maps.figures.spectra import spectra as draw_spectra
from ...maps.figures.structure import relative_error_maps, sky_structure
from ...maps.light import structure
from ...maps.light.sky_model import COMPONENTS, ComponentMaps
from ...maps.light.skyfile import FLAVOURS, SkyCube, write_sky
from ...mc.uncertainty import FEWEST_BATCHES, Estimate
from ..run import Run
from .product import NOTHING, Made, Product, always

ENERGIES_GEV = np.array([1e3, 1e4, 1e5])
_RADII = np.arange(1, 101) / 100.0  # of r_max
_LMAX = 12
_LATITUDES_DEG = np.arange(-90.0, 91.0, 15.0)
_LONGITUDES_DEG = np.arange(-180.0, 181.0, 20.0)
_SHARES = (0.1, 0.5, 0.9)
_SHOWN_GEV = {"neutrino": (1e4,), "gamma": (10.0, 1e5)}
_NAMES = {"total": "Total", "disc": "Galactic disc", "halo": "Halo", "cgm": "Circumgalactic"}
_TITLES = {"neutrino": "Neutrinos per flavour", "gamma": "Gamma rays"}


def _make(run: Run) -> Made:
    prl_17, (neutrino, gamma) = prl_17_of(run), (run.skies["neutrino"], run.skies["gamma"])
    tables = {
        "neutrino": {"flavours": "per flavour (nu + nubar, a third of the sum)"}
        | spectra(neutrino.energy_GeV, neutrino.mean, prl_17),
        "gamma": spectra(gamma.energy_GeV, gamma.mean),
    }
    of_structure, figures = _structure(run)
    files = {
        f"sky_{secondary}.fits": partial(_write_fits, run, secondary, sky)
        for secondary, sky in run.skies.items()
    }
    for secondary, sky in run.skies.items():
        figures |= dict(_sky_figure(sky, secondary, energy) for energy in _SHOWN_GEV[secondary])
    figures["spectra"] = partial(_draw_spectra, run, prl_17)
    if len(run.result.tallies["injected"]) >= FEWEST_BATCHES:
        figures["sky_errors"] = partial(_draw_errors, run)
    return Made({**tables, "sky": of_structure}, files, figures)


def _draw_spectra(
    run: Run, prl_17: float | None, ax: Any = None, data: Mapping[str, Sequence[Points]] = NOTHING
) -> Any:
    """Sky averages by component, beside measurements."""
    neutrino, gamma = (
        {"energy_GeV": sky.energy_GeV}
        | {name: sky.energy_GeV**2 * sky.mean[name] for name in ("total", *COMPONENTS)}
        for sky in (run.skies["neutrino"], run.skies["gamma"])
    )
    of_each = data.get(NEUTRINOS, ()), data.get(GAMMA_RAYS, ())
    return draw_spectra(neutrino, gamma, prl_17=prl_17, data=of_each, title="Sky average", ax=ax)


def _draw_errors(run: Run, ax: Any = None) -> Any:
    """Maps of the relative errors of both skies."""
    panels = {
        f"{name}, {energy_label(run.skies[key].energy_GeV[at])}": run.skies[key].relative_error[at]
        for at in _shown(run)
        for key, name in (("neutrino", "Neutrinos"), ("gamma", "Gamma rays"))
    }
    return relative_error_maps(panels, title="Relative error of the sky", ax=ax)


PRODUCT = Product("skies", always, _make, {"spectra": (NEUTRINOS, GAMMA_RAYS)})


def prl_17_flux(galaxy: Galaxy) -> float:
    """PRL Eq. 17 for the galaxy's parameters [GeV cm^-2 s^-1 sr^-1, per flavour]."""
    Lambda = np.log(galaxy.E_max_GeV / galaxy.E_min_GeV)
    return float(bell.neutrino_flux_prl17(galaxy.delta_G, galaxy.L_CR_erg_s, Lambda))


def prl_17_of(run: Run) -> float | None:
    """PRL Eq. 17 for a run; None where it has no Bell region, or the gas of a wind."""
    galaxy = run.galaxy
    return prl_17_flux(galaxy) if galaxy.has_bell_region and galaxy.wind is None else None


def spectra(
    energy_GeV: FloatArray, mean: Mapping[str, Estimate], prl_17: float | None = None
) -> dict[str, Any]:
    """Sky-averaged E^2 flux of mean intensities, total and by component; neutrinos per flavour.

    ratio_to_prl_17 is the circumgalactic part, which PRL Eq. 17 estimates, over that estimate.
    """
    E2, energy = energy_GeV**2, energy_GeV.tolist()

    def flux(name: str) -> dict[str, Any]:
        return {"energy_GeV": energy, "E2_flux_GeV_cm2_s_sr": E2 * mean[name]}

    out = flux("total") | {name: flux(name) for name in COMPONENTS}
    if prl_17:
        out["ratio_to_prl_17"] = E2 * mean["cgm"] / prl_17
    return out


def _write_fits(run: Run, secondary: str, sky: ComponentMaps, path: Path) -> None:
    # A single batch has no scatter.
    known = len(run.result.tallies["injected"]) > 1
    cube = SkyCube(
        secondary=secondary,
        flavours=FLAVOURS[secondary][0],
        energy_GeV=sky.energy_GeV,
        intensity=sky.total,
        error=sky.total * sky.relative_error if known else None,
        metadata=run.result.provenance,
        components=sky.maps,
    )
    write_sky(path, cube)


def _sky_figure(sky: ComponentMaps, secondary: str, energy_GeV: float) -> tuple[str, Callable[..., Any]]:
    """Name of the figure of a sky at the energy that is nearest to one, and what draws it."""
    at = _nearest(sky, energy_GeV)
    E = sky.energy_GeV[at]

    def draw(ax: Any = None) -> Any:
        errors = {name: error[at] for name, error in sky.typical_error.items()}
        errors["total"] = np.median(sky.relative_error[at])
        maps = {}
        for name, values in {"total": sky.total, **sky.maps}.items():
            if np.any(values[at] > 0):
                known = f", known to {errors[name]:.1%}" if errors[name] > 0 else ""
                maps[_NAMES[name] + known] = E**2 * values[at]
        return sky_panels(maps, title=_TITLES[secondary], energy_label=energy_label(E), ax=ax)

    return f"sky_{secondary}_{energy_label(E).replace(' ', '')}", draw


def _shown(run: Run) -> list[int]:
    """Which of the scenario's energies are nearest to those at which skies are looked into."""
    return list(dict.fromkeys(_nearest(run.skies["neutrino"], E) for E in ENERGIES_GEV))


def _nearest(sky: ComponentMaps, energy_GeV: float) -> int:
    """Which of the energies of a sky is nearest to one."""
    return int(np.argmin(np.abs(np.log(sky.energy_GeV / energy_GeV))))


def _structure(run: Run) -> tuple[dict[str, Any], dict[str, Callable[..., Any]]]:
    """What there is in the circumgalactic neutrino sky, and what draws it; errors of all skies besides."""
    summary: dict[str, Any] = {"energy_GeV": ENERGIES_GEV.tolist()} | {
        f"largest_relative_error_{name}": {
            energy_label(sky.energy_GeV[at]): float(sky.relative_error[at].max()) for at in _shown(run)
        }
        for name, sky in run.skies.items()
    }
    per_H = run.sky_model.emissivity_per_H("neutrino", ENERGIES_GEV)
    if not np.any(per_H["bell"]):
        return summary, {}
    maps = run.sky_model.coarse_maps(per_H)["cgm"]
    radii_kpc = _RADII * run.medium.table.r_max
    within = run.sky_model.share_within("cgm", per_H, radii_kpc)
    radii = {
        f"r_kpc_within_which_{share:.0%}": Estimate.of(_radius_kpc(within, share, radii_kpc))
        for share in _SHARES
    }

    def draw(ax: Any = None) -> Any:
        return sky_structure(
            _by_energy(structure.power_spectrum(maps, _LMAX)),
            _LATITUDES_DEG,
            _by_energy(structure.latitude_profile(maps, _LATITUDES_DEG)),
            _LONGITUDES_DEG,
            _by_energy(structure.longitude_profile(maps, _LONGITUDES_DEG)),
            radii_kpc,
            _by_energy(Estimate.of(within)),
            title="Circumgalactic neutrinos",
            ax=ax,
        )

    figures: dict[str, Callable[..., Any]] = {"sky_structure": draw}
    if lit := [at for at in _shown(run) if run.skies["neutrino"].maps["cgm"][at].any()]:
        figures["sky_contrast"] = partial(_draw_contrast, run, lit)
    return summary | structure.multipoles(maps) | radii, figures


def _draw_contrast(run: Run, at: list[int], ax: Any = None) -> Any:
    """Circumgalactic neutrinos over their mean, and what noise makes of that: the coarse maps say."""
    sky = run.skies["neutrino"]
    E, maps = sky.energy_GeV[at], sky.maps["cgm"][at]
    replicas = run.sky_model.coarse_maps(run.sky_model.emissivity_per_H("neutrino", E))["cgm"]
    mean = replicas.mean(axis=-1, keepdims=True)
    over = np.divide(replicas, mean, out=np.zeros_like(replicas), where=mean > 0)
    known = np.median(Estimate.of(over).error, axis=-1)
    panels = {
        f"{energy_label(E[i])}, known to {known[i]:.1%}": values / values.mean() - 1.0
        for i, values in enumerate(maps)
    }
    return contrast_panels(panels, title=r"Circumgalactic neutrinos, $I/\langle I\rangle - 1$", ax=ax)


def _radius_kpc(within: FloatArray, share: float, radii_kpc: FloatArray) -> FloatArray:
    """Radius within which a share of the light is made, (replicas, energies)."""
    return np.array([[np.interp(share, row, radii_kpc) for row in replica] for replica in within])


def _by_energy(estimate: Estimate) -> dict[str, Estimate]:
    """An estimate at several energies, (energies, ...), as one for each."""
    return {
        energy_label(E): Estimate(value, error)
        for E, value, error in zip(ENERGIES_GEV, estimate.value, estimate.error, strict=True)
    }
