"""The figures of a run, from its tallies, its maps and its summary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..fields import bell
from ..fields.units import C_CM_S, KPC_CM, KPC_MYR_CM_S, FloatArray
from ..maps.figures import sky_panels, spectra
from ..maps.proton_figures import density_on_axis, density_plane, escape_and_grammage, filling
from ..maps.synthesis import ComponentMaps
from ..mc.result import Result, value_and_error
from ..mc.tally import AGES_MYR
from .finished import Run
from .summary import prl_17_flux

_PROTON_ENERGIES_GEV = (10.0, 1e3, 1e5)
_SKIES_GEV = {"neutrino": (1e4,), "gamma": (10.0, 1e5)}
_NAMES = {"disc": "Galactic disc", "halo": "Halo", "cgm": "Circumgalactic"}
_TITLES = {"neutrino": "Neutrinos per flavour", "gamma": "Gamma rays"}
_AXIS_R_KPC = 5.0


def energy_label(energy_GeV: float) -> str:
    """An energy for people: "10 GeV", "1 TeV".

    >>> energy_label(1e5)
    '100 TeV'
    """
    for unit, scale in (("PeV", 1e6), ("TeV", 1e3)):
        if energy_GeV >= 0.999 * scale:
            return f"{energy_GeV / scale:.3g} {unit}"
    return f"{energy_GeV:.3g} GeV"


def draw_figures(
    run: Run, summary: Mapping[str, Any], skies: Mapping[str, ComponentMaps], folder: Path
) -> None:
    """Draw every figure of a run into a folder."""
    for secondary, energies in _SKIES_GEV.items():
        for energy in energies:
            _draw_sky(skies[secondary], secondary, energy, folder)
    spectra(
        folder / "spectra.png",
        _curves(summary["neutrino"]),
        _curves(summary["gamma"]),
        prl_17=prl_17_flux(run.galaxy) if run.galaxy.has_bell_region else None,
        title="Sky average",
    )
    _draw_plane(run, folder / "density_plane.png")
    _draw_axis(run, folder / "density_axis.png")
    if run.galaxy.has_bell_region:
        _draw_filling(run, folder / "filling.png")
    escape_and_grammage(
        folder / "escape_and_grammage.png",
        summary["energy_GeV"],
        escape_time=_arrays(summary["escape_time_median_Myr"]),
        leave_time=_arrays(summary["leave_time_Myr"]["median"]),
        grammage={name: _arrays(curve) for name, curve in summary["grammage_g_cm2"].items()},
    )


def _arrays(quantity: Mapping[str, Any]) -> dict[str, FloatArray]:
    return {key: np.array(quantity[key], float) for key in ("value", "error")}


def _curves(spectrum: Mapping[str, Any]) -> dict[str, Any]:
    """Summary of a spectrum as its figure takes it."""
    parts = {name: _arrays(spectrum[name]["E2_flux_GeV_cm2_s_sr"]) for name in _NAMES}
    total = _arrays(spectrum["E2_flux_GeV_cm2_s_sr"])
    return {"energy_GeV": np.array(spectrum["energy_GeV"]), "total": total, **parts}


def _draw_sky(sky: ComponentMaps, secondary: str, energy_GeV: float, folder: Path) -> None:
    at = int(np.argmin(np.abs(np.log(sky.energy_GeV / energy_GeV))))
    E = sky.energy_GeV[at]
    parts = {_NAMES[name]: E**2 * values[at] for name, values in sky.maps.items()}
    sky_panels(
        {"Total": E**2 * sky.total[at]} | parts,
        folder / f"sky_{secondary}_{energy_label(E).replace(' ', '')}.png",
        title=_TITLES[secondary],
        energy_label=energy_label(E),
    )


def _energies(result: Result) -> list[float]:
    """Energies to show: those that were followed."""
    low, high = result.grid.energy_edges_GeV[[0, -1]]
    return [E for E in _PROTON_ENERGIES_GEV if low <= E <= high] or [float(np.sqrt(low * high))]


def _E2n(result: Result, density: FloatArray, energy_GeV: float) -> FloatArray:
    """E^2 n(E) [GeV cm^-3] around an energy, over half a decade, from (replicas, bins, ...) [cm^-3]."""
    near = np.abs(np.log10(result.current_energy_GeV / energy_GeV)) < 0.25
    E, edges = result.current_energy_GeV[near], result.grid.current_edges_GeV
    width = near.sum() * np.log(edges[1] / edges[0])
    return np.tensordot(density[:, near], E, axes=(1, 0)) / width


def _draw_plane(run: Run, path: Path) -> None:
    """E^2 n in the meridional plane, each side of the surface from its own cells."""
    result, medium = run.result, run.medium
    R_surface, z_surface = run.galaxy.surface_extent_kpc()
    R_end = min(1.6 * R_surface, run.galaxy.r_max_kpc, 40.0)
    z_end = min(max(2.0 * z_surface, 8.0), run.galaxy.r_max_kpc) if run.galaxy.has_bell_region else z_surface
    R_edges, z_edges = np.linspace(0, R_end, 161), np.linspace(0, z_end, 121)
    R, z = 0.5 * (R_edges[1:] + R_edges[:-1]), 0.5 * (z_edges[1:] + z_edges[:-1])
    distance = medium.distance_kpc(R[:, None], z[None, :])
    densities = {side: result.density_cm3(side)[:1] for side in ("halo", "bell")}
    panels = []
    for energy in _energies(result):
        shown = np.full(distance.shape, np.nan)
        for side, here in (("halo", distance < 0), ("bell", distance >= 0)):
            density = _E2n(result, densities[side], energy)[0]
            density[result.volumes_kpc3[side] <= 0] = np.nan
            edges = (getattr(result.grid, f"{side}_R_kpc"), getattr(result.grid, f"{side}_z_kpc"))
            i, j = (
                np.clip(np.searchsorted(e, x) - 1, 0, len(e) - 2) for e, x in zip(edges, (R, z), strict=True)
            )
            shown[here] = density[np.ix_(i, j)][here]
        panels.append((energy_label(energy), shown))
    if panels:
        surface = _surface(distance, R, z) if run.galaxy.has_bell_region else None
        density_plane(path, R_edges, z_edges, panels, surface_kpc=surface)


def _draw_filling(run: Run, path: Path) -> None:
    """E^2 n behind the Bell surface at several ages, in shells about the centre."""
    result = run.result
    edges, snapshots = result.grid.shell_edges_kpc, result.snapshots_cm3()[..., :-1]
    used = result.volumes_kpc3["filling"][:-1] > 0
    ages = [*AGES_MYR, run.scenario.transport.t_max]
    panels = {}
    for energy in _energies(result):
        replicas = _E2n(result, snapshots, energy)
        value, error = value_and_error(np.where(used, replicas, np.nan))
        panels[energy_label(energy)] = {"value": value, "error": error}
    filling(path, edges, ages, panels)


def _surface(distance: FloatArray, R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    from contourpy import contour_generator

    lines = [np.asarray(line) for line in contour_generator(x=R, y=z, z=distance.T).lines(0.0)]
    if not lines:
        return None
    line = max(lines, key=lambda each: len(each))
    # From the axis to the plane, closed at both ends.
    line = line if line[0, 0] < line[-1, 0] else line[::-1]
    return np.concatenate([[0.0], line[:, 0], line[-1:, 0]]), np.concatenate([line[:1, 1], line[:, 1], [0.0]])


def _column(result: Result, side: str) -> tuple[FloatArray, FloatArray]:
    """Heights and densities by (replica, bin, height), averaged over R < 5 kpc, where cells are full."""
    R, z = getattr(result.grid, f"{side}_R_kpc"), getattr(result.grid, f"{side}_z_kpc")
    last = max(int(np.searchsorted(R, _AXIS_R_KPC + 1e-9)) - 1, 1)
    volume = result.volumes_kpc3[side][:last]
    full = np.pi * R[last] ** 2 * 2 * np.diff(z)
    protons = (result.density_cm3(side)[:, :, :last] * volume).sum(axis=2)
    use = volume.sum(axis=0) > 0.5 * full
    return 0.5 * (z[1:] + z[:-1])[use], protons[:, :, use] / volume.sum(axis=0)[use]


def _draw_axis(run: Run, path: Path) -> None:
    """E^2 n along the axis beside free escape and advection with the model's local flux."""
    result, galaxy = run.result, run.galaxy
    sides = [_column(result, side) for side in (("halo", "bell") if galaxy.has_bell_region else ("halo",))]
    heights = np.concatenate([z for z, _ in sides])
    order = np.argsort(heights)
    z = heights[order]
    curves, free, advected = {}, {}, {}
    flux = bell.dilution(0.0 * z, z, galaxy.R_d_kpc) / (2 * np.pi * (galaxy.R_d_kpc * KPC_CM) ** 2)
    speed = np.hypot(*galaxy.outflow(0.0 * z, z)) * KPC_MYR_CM_S
    rates = result.spectrum.group_rates_s(result.grid.current_edges_GeV)[None]
    for energy in _energies(result):
        replicas = np.concatenate([_E2n(result, n, energy) for _, n in sides], axis=-1)[:, order]
        value, error = value_and_error(replicas)
        label = energy_label(energy)
        curves[label] = {"value": value, "error": error}
        rate = _E2n(result, rates, energy)[0]
        free[label] = 3.0 * rate * flux / C_CM_S
        advected[label] = rate * flux / speed if galaxy.has_bell_region else np.full_like(z, np.nan)
    density_on_axis(
        path,
        z,
        curves,
        free_escape=free,
        advected=advected,
        surface_z_kpc=galaxy.surface_extent_kpc()[1] if galaxy.has_bell_region else None,
    )
