"""Figures of where the protons of a run are, when they leave, and what they cross."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...fields import bell
from ...fields.units import C_CM_S, KPC_CM, KPC_MYR_CM_S, FloatArray, energy_label
from ...maps.figures.protons import density_on_axis, density_plane, escape_and_grammage, filling
from ...mc.observables import grammage, group_energies_GeV, times
from ...mc.result import Result
from ...mc.tally import AGES_MYR, GROUPS_PER_DECADE
from ...mc.uncertainty import Estimate
from ..run import Run
from .product import Made, Product, always

_PROTON_ENERGIES_GEV = (10.0, 1e3, 1e5)
_AXIS_R_KPC = 5.0


def _make(run: Run) -> Made:
    figures: dict[str, Callable[..., Any]] = {
        "density_plane": _draw_plane,
        "density_axis": _draw_axis,
        "escape_and_grammage": _draw_times,
    }
    if run.galaxy.has_bell_region:
        figures["filling"] = _draw_filling
    return Made({}, figures={name: partial(draw, run) for name, draw in figures.items()})


def _draw_times(run: Run, ax: Any = None) -> Any:
    """Escape and leaving times, and grammage, at four energies a decade."""
    energy = group_energies_GeV(run.result)[1 :: GROUPS_PER_DECADE // 4]
    found = times(run.result, energy)
    arrivals = {
        "First arrival at the surface, mean": run.escape_time(energy),
        "First arrival at the surface, median": found["escape_time_median_Myr"],
    }
    # Where the surface absorbs, the first arrival is the last.
    last = {"Last departure, median": found["leave_time_Myr"]["median"]}
    return escape_and_grammage(
        energy,
        times_Myr=arrivals | (last if run.galaxy.has_bell_region else {}),
        grammage=grammage(run.result, energy),
        ax=ax,
    )


PRODUCT = Product("protons", always, _make)


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


def _draw_plane(run: Run, ax: Any = None) -> Any:
    """E^2 n in the meridional plane, each side of the surface from its own cells."""
    result, medium = run.result, run.medium
    R_surface, z_surface = run.galaxy.surface_extent_kpc
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
            edges = result.grid.cells[side]
            i, j = (
                np.clip(np.searchsorted(e, x) - 1, 0, len(e) - 2) for e, x in zip(edges, (R, z), strict=True)
            )
            shown[here] = density[np.ix_(i, j)][here]
        panels.append((energy_label(energy), shown))
    surface = surface_in_half_plane(distance, R, z) if run.galaxy.has_bell_region else None
    return density_plane(R_edges, z_edges, panels, surface_kpc=surface, ax=ax)


def _draw_filling(run: Run, ax: Any = None) -> Any:
    """E^2 n behind the Bell surface at several ages, in shells about the centre."""
    result = run.result
    edges, snapshots = result.grid.shell_edges_kpc, result.snapshots_cm3()[..., :-1]
    used = result.volumes_kpc3["filling"][:-1] > 0
    t_max = run.scenario.transport.t_max
    shown = np.append(t_max > AGES_MYR, True)
    ages = [*AGES_MYR[shown[:-1]], t_max]
    panels = {}
    for energy in _energies(result):
        replicas = _E2n(result, snapshots[:, :, shown], energy)
        panels[energy_label(energy)] = Estimate.of(np.where(used, replicas, np.nan))
    return filling(edges, ages, panels, ax)


def surface_in_half_plane(
    distance: FloatArray, R: FloatArray, z: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """(R, z) along the surface, from the axis to the plane; None if there is none here."""
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
    R, z = result.grid.cells[side]
    last = max(int(np.searchsorted(R, _AXIS_R_KPC + 1e-9)) - 1, 1)
    volume = result.volumes_kpc3[side][:last]
    full = np.pi * R[last] ** 2 * 2 * np.diff(z)
    protons = (result.density_cm3(side)[:, :, :last] * volume).sum(axis=2)
    use = volume.sum(axis=0) > 0.5 * full
    return 0.5 * (z[1:] + z[:-1])[use], protons[:, :, use] / volume.sum(axis=0)[use]


def _draw_axis(run: Run, ax: Any = None) -> Any:
    """E^2 n along the axis beside free escape and advection with the model's local flux."""
    result, galaxy = run.result, run.galaxy
    sides = [_column(result, side) for side in (("halo", "bell") if galaxy.has_bell_region else ("halo",))]
    heights = np.concatenate([z for z, _ in sides])
    order = np.argsort(heights)
    z = heights[order]
    curves, free, advected = {}, {}, {}
    flux = bell.dilution(0.0 * z, z, galaxy.R_d_kpc) / (2 * np.pi * (galaxy.R_d_kpc * KPC_CM) ** 2)
    speed = galaxy.outflow_speed_kpc_Myr(0.0 * z, z) * KPC_MYR_CM_S
    rates = result.spectrum.group_rates_s(result.grid.current_edges_GeV)[None]
    for energy in _energies(result):
        replicas = np.concatenate([_E2n(result, n, energy) for _, n in sides], axis=-1)[:, order]
        label = energy_label(energy)
        curves[label] = Estimate.of(replicas)
        rate = _E2n(result, rates, energy)[0]
        free[label] = 3.0 * rate * flux / C_CM_S
        advected[label] = rate * flux / speed if galaxy.has_bell_region else np.full_like(z, np.nan)
    return density_on_axis(
        z,
        curves,
        free_escape=free,
        advected=advected,
        surface_z_kpc=galaxy.surface_extent_kpc[1] if galaxy.has_bell_region else None,
        ax=ax,
    )
