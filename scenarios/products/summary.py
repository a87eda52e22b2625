"""The numbers of a run that people quote, each with its error."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fields import bell
from ...fields.galaxy import Galaxy
from ...fields.medium_table import Wall
from ...fields.tabulation import one_number_each
from ...fields.units import KPC_MYR_KM_S, momentum_GeV
from ...maps.light.emissivity import emissivity_matrix
from ...maps.light.sky import SUN_R_KPC
from ...mc.diffusion.compare import lambda_not_small_above_GeV
from ...mc.observables import age, densities, grammage, over, point_energies_GeV, times
from ...mc.result import Result
from ...mc.tally import AGES_MYR
from ...mc.uncertainty import Estimate
from ...mc.wall_sampling import sampling_at
from ..run import Run
from ..stopping_rule import intervals_of
from .product import Made, Product, always
from .sun import protons_over_measured


def filling(result: Result, galaxy: Galaxy, t_max_Myr: float) -> dict[str, Any]:
    """How the Bell region fills after the sources are switched on: neutrinos of its gas, by age, over now.

    From shells about the centre, each as bright as its mean: good for shares, not for fluxes.
    """
    r = result.grid.shell_edges_kpc
    middle = 0.5 * (r[1:] + r[:-1])
    # Of a shell with the emissivity 1, as the sky average: int dV/d^2, up to a constant.
    seen = np.diff(r) * middle * np.log((middle + SUN_R_KPC) / np.abs(middle - SUN_R_KPC))
    gas = galaxy.cgm_density_cm3(0.0, middle)
    part = result.volumes_kpc3["filling"][:-1] / (4.0 * np.pi / 3.0 * np.diff(r**3))
    energy = np.array([1e1, 1e2, 1e3, 1e4, 1e5])
    matrix = emissivity_matrix("neutrino", energy, result.grid.current_edges_GeV)
    per_H = np.einsum("eb,fbas,s->fae", matrix, result.snapshots_cm3()[..., :-1], seen * gas * part)
    shares = over(per_H[:, :-1], per_H[:, -1:])
    by_age = {f"at {t:g} Myr": Estimate.of(shares[:, i]) for i, t in enumerate(AGES_MYR) if t < t_max_Myr}
    return {"energy_GeV": energy.tolist(), **by_age}


def bell_region(galaxy: Galaxy, T_cgm_K: float) -> dict[str, Any]:
    """The Bell region on the axis, at the surface: field, outflow, growth, and what heat does to its onset.

    Fields of PRL after Eqs. 6 and 7; the growth is slowed, by about 2, where the onset lies below B_*.
    """
    z = np.linspace(0.0, galaxy.bell_outer_radius_kpc, 10_001)
    z_wall = float(z[np.flatnonzero(galaxy.surface_level(0.0 * z, z) > 0)[0]])
    density = float(galaxy.cgm_density_cm3(0.0, z_wall))
    flux = galaxy.energy_flux * float(bell.dilution(0.0, z_wall, galaxy.R_d_kpc))
    onset_uG = float(bell.saturation_field_uG(flux))
    slowed_uG = float(bell.thermal_onset_uG(galaxy.E_max_GeV, flux, density, T_cgm_K))
    of_wind = {}
    if (wind := galaxy.wind) is not None:
        along_uG = wind.base_field_uG * flux / galaxy.energy_flux
        of_wind = {"wind": {"critical_kpc": wind.critical_kpc, "field_along_the_flow_uG": along_uG}}
    return {
        "z_surface_kpc": z_wall,
        "r_end_kpc": galaxy.bell_outer_radius_kpc,
        "field_uG": float(galaxy.saturated_field_uG(0.0, z_wall)),
        "field_at_disc_uG": float(galaxy.saturated_field_uG(0.0, 0.0)),
        "outflow_km_s": float(galaxy.outflow_speed_kpc_Myr(0.0, z_wall)) * KPC_MYR_KM_S,
        "onset_below_uG": onset_uG,
        "growth_time_Myr_at_E_max": 1.0 / float(bell.gamma_max_Myr(galaxy.E_max_GeV, flux, density)),
        "thermal_equipartition_uG": float(bell.thermal_bound_uG(density, T_cgm_K)),
        "slowed_by_heat_below_uG_at_E_max": slowed_uG,
        "slowed_by_heat": onset_uG < slowed_uG,
        **of_wind,
    }


def _make(run: Run) -> Made:
    result, galaxy = run.result, run.galaxy
    energy = point_energies_GeV(result)
    numbers = {
        "energy_GeV": energy.tolist(),
        **times(result, energy),
        "age_in_disc_Myr": age(result, energy),
        "grammage_g_cm2": grammage(result, energy),
        **densities(result, galaxy, run.medium, energy),
        "counters": result.counters,
        "particles": result.particles,
        "wall_time_s": result.performance.get("wall_time_s"),
        "steps": result.steps,
        "seed": result.provenance.get("seed"),
        "version": result.provenance.get("version"),
        "tabulation_error": one_number_each(result.provenance.get("tabulation_error", {})),
    }
    if run.medium.table.wall == Wall.TWO_WAY:
        p, acceleration = momentum_GeV(energy), run.scenario.transport.acceleration
        numbers["wall_sampling"] = {"energy_GeV": energy, **sampling_at(run.medium, acceleration, p)}
    if galaxy.has_bell_region:
        numbers["bell_region"] = bell_region(galaxy, run.scenario.medium.T_cgm)
        numbers["filling"] = filling(result, galaxy, run.scenario.transport.t_max)
    if not run.scenario.too_small_for_cells():
        numbers["lambda_not_small_above_GeV"] = lambda_not_small_above_GeV(
            run.medium, galaxy.R_d_kpc, result.current_energy_GeV
        )
    numbers |= protons_over_measured(run)
    numbers["precision"] = {
        name: each.as_dict()
        for name, each in intervals_of(run.scenario.transport.precision_of, run.sky_model).items()
    }
    numbers["notes"] = run.notes
    numbers["folds"] = len(result.tallies["injected"])
    numbers["blocks_resumed"] = result.performance.get("blocks_resumed", 0)
    numbers["lost_particles"] = result.provenance.get("lost", [])
    if run.current is not None:
        numbers["current"] = run.current.as_dict()
    return Made(numbers)


PRODUCT = Product("summary", always, _make)
