"""The numbers of a run that people quote, each with its error: summary.json.

Densities are by current (total) energy, weighted by energy; times and grammage are by injected energy. Both
are averages over a decade around 10 GeV, 100 GeV, ... (half a decade at the ends of the range). Everything
is derived on the replica axis of `mc.result`, so errors include those of ratios.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..fields import bell
from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..fields.units import C_CM_S, KPC_CM, KPC_MYR_CM_S, KPC_MYR_KM_S, FloatArray
from ..maps.emissivity import emissivity_matrix
from ..maps.sky import SUN_R_KPC
from ..maps.synthesis import ComponentMaps
from ..mc.result import Result, value_and_error
from ..mc.tally import AGES_MYR, NEAR_DEPTH_KPC, NEAR_R_KPC, TIME_EDGES_MYR, Region

_SOME = 1e-300


def quantity(replicas: FloatArray) -> dict[str, list[float]]:
    """{"value", "error"} of an array with a leading replica axis."""
    value, error = value_and_error(replicas)
    return {"value": value.tolist(), "error": error.tolist()}


def over(a: FloatArray, b: FloatArray) -> FloatArray:
    """a/b, NaN (null in the file) where there is nothing to divide by."""
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b != 0)


def _begins(result: Result) -> list[int]:
    """Current-energy bins at which the summary's points begin: half a decade from whole powers of ten."""
    edges = np.log10(result.grid.current_edges_GeV)
    halves = np.arange(np.ceil(edges[0] - 0.5), edges[-1] + 0.5) + 0.5
    nearest = {int(np.argmin(np.abs(edges[:-1] - half))) for half in halves if edges[0] < half < edges[-1]}
    return sorted({0} | nearest)


def _grouped(result: Result, values: FloatArray) -> FloatArray:
    """Sums over the energies of each point, along axis 1 of (replicas, bins or groups, ...)."""
    per_bin = values.shape[1] // (len(result.grid.current_edges_GeV) - 1)
    return np.add.reduceat(values, [begin * per_bin for begin in _begins(result)], axis=1)


def point_energies_GeV(result: Result) -> FloatArray:
    """Geometric centres of the summary's energy points."""
    edges = result.grid.current_edges_GeV
    ends = np.append(edges[_begins(result)], edges[-1])
    return np.sqrt(ends[1:] * ends[:-1])


def energy_weighted(result: Result, per_bin: FloatArray) -> FloatArray:
    """Sum of E times a quantity per current-energy bin (replicas, bins), over the bins of each point."""
    return _grouped(result, per_bin * result.current_energy_GeV)


def per_injected(result: Result, name: str) -> FloatArray:
    """Mean of a tally over the injection groups of each point, (replicas, points, ...)."""
    values = result.per_particle(name)
    counts = _grouped(result, np.ones((1, result.grid.groups)))[0]
    return _grouped(result, values) / counts.reshape(-1, *(1,) * (values.ndim - 2))


def injected_flux_cm2_s(result: Result, R_d_kpc: float) -> FloatArray:
    """Flux phi_0 per current-energy bin out of each side of the disc, as injected (PRL Eq. 3)."""
    rates = result.spectrum.group_rates_s(result.grid.current_edges_GeV)
    return rates / (2 * np.pi * (R_d_kpc * KPC_CM) ** 2)


def _near_averages(galaxy: Galaxy, medium: Medium) -> tuple[float, float]:
    """Averages of phi/phi_0 and of phi/(phi_0 v_A~) [s/cm] over the region NEAR, from the model."""
    z = np.linspace(0.0, galaxy.r_max_kpc, 8001)
    R = (np.arange(64) + 0.5) * NEAR_R_KPC / 64
    R2, z2 = R[:, None], z[None, :]
    depth = medium.distance_kpc(R2, z2)
    weight = R2 * ((depth > 0) & (depth < NEAR_DEPTH_KPC) & (np.hypot(R2, z2) < medium.table.bell_reach))
    dilution = bell.dilution(R2, z2, galaxy.R_d_kpc)
    speed = np.hypot(*galaxy.outflow(R2, z2)) * KPC_MYR_CM_S
    return float((weight * dilution).sum() / weight.sum()), float(
        (weight * dilution / speed).sum() / weight.sum()
    )


def times(result: Result) -> dict[str, Any]:
    """Escape and leaving times by injected energy.

    Escape is the first passage of the surface, its mean over those that escaped before t_max. Leaving is
    r_max (or the absorbing surface); its median counts those still alive as later than t_max.
    """
    escape = per_injected(result, "escape")
    return {
        "escape_time_Myr": quantity(over(escape[..., 1], escape[..., 0]))
        | {"escaped_fraction": escape[0, :, 0].tolist()},
        "escape_time_median_Myr": quantity(_median_Myr(per_injected(result, "escape_time_histogram"))),
        "leave_time_Myr": {
            "median": quantity(_median_Myr(per_injected(result, "leave_time_histogram"))),
            "alive_fraction": quantity(per_injected(result, "alive")),
        },
    }


def _median_Myr(histogram: FloatArray) -> FloatArray:
    """Median time of (replicas, points, bins) shares, NaN where fewer than half have come."""
    below = np.cumsum(histogram, axis=-1)
    after = np.argmax(below >= 0.5, axis=-1)
    reached = below[..., -1] >= 0.5
    after = np.clip(after, 1, len(TIME_EDGES_MYR) - 1)
    high = np.take_along_axis(below, after[..., None], -1)[..., 0]
    low = np.take_along_axis(below, after[..., None] - 1, -1)[..., 0]
    share = np.clip((0.5 - low) / np.maximum(high - low, _SOME), 0.0, 1.0)
    edges = np.log(TIME_EDGES_MYR)
    median = np.exp(edges[after - 1] + share * (edges[after] - edges[after - 1]))
    return np.where(reached, median, np.nan)


def grammage(result: Result) -> dict[str, Any]:
    """Mean grammage in each component until the history ends, by injected energy."""
    mean = per_injected(result, "grammage")
    return {name: quantity(mean[..., i]) for i, name in enumerate(("disc", "halo", "cgm"))}


def densities(result: Result, galaxy: Galaxy, medium: Medium) -> dict[str, Any]:
    """Densities in the disc and behind the Bell surface, by current energy.

    density_over_free_escape : n over 3 phi/c, n the mean over R < 5 kpc in the first 4 kpc behind the surface
        and phi the local flux of the model; density_times_vA_over_flux the same n over the mean of phi/v_A~;
        density_times_vA_over_tallied_flux with the flux that the particles themselves carry through there.
    galactic_density : mean over R < R_d, |z| < 0.1 kpc in units of phi_0/c; over_no_return: over that of
        particles before they first met the Bell surface.
    advection_limit_GeV : energy at which advection ceases to carry half of the tallied flux.
    """
    n = result.density_cm3("region")
    energy = point_energies_GeV(result)
    phi_0 = injected_flux_cm2_s(result, galaxy.R_d_kpc)
    reference = energy_weighted(result, np.broadcast_to(phi_0, n.shape[:2]))
    disc = energy_weighted(result, n[..., Region.DISC])
    no_return = energy_weighted(result, n[..., Region.DISC_NO_RETURN])
    out: dict[str, Any] = {
        "galactic_density": quantity(over(disc * C_CM_S, reference)),
        "galactic_density_over_no_return": quantity(over(disc, no_return)),
    }
    if medium.table.wall == 0:
        return out
    near = energy_weighted(result, n[..., Region.NEAR])
    carried = _carried(result)
    flux, flux_over_speed = _near_averages(galaxy, medium)
    advected = over(near, reference * flux_over_speed)
    over_tallied = over(advected * reference * flux, carried)
    out |= {
        "density_over_free_escape": quantity(over(near * C_CM_S, 3.0 * reference * flux)),
        "density_times_vA_over_flux": quantity(advected),
        "density_times_vA_over_tallied_flux": quantity(over_tallied),
        "advection_limit_GeV": _limit(energy, over_tallied),
    }
    return out


def _carried(result: Result) -> FloatArray:
    """E times the flux away from the centre that particles carry through the region NEAR, at each point."""
    carried = energy_weighted(result, result.by_current_energy("near_flux"))
    # Displacement per Myr of all particles there, per volume: the mean flux.
    return carried * KPC_MYR_CM_S / (result.volumes_kpc3["region"][Region.NEAR] * KPC_CM**3)


def carried_over_model(result: Result, galaxy: Galaxy, medium: Medium) -> FloatArray:
    """Flux that particles carry behind the Bell surface over that of PRL Eq. 3, diluted, without cut-off."""
    endless = result.reweight(slope_above=result.spectrum.slope)
    model = energy_weighted(result, injected_flux_cm2_s(endless, galaxy.R_d_kpc)[None])
    return over(_carried(result), model * _near_averages(galaxy, medium)[0])


def _limit(energy: FloatArray, share: FloatArray) -> dict[str, Any]:
    """Energy at which a falling share crosses one half, with the jackknife error of the crossing."""
    crossings = np.array([crossing(energy, row) for row in share])
    value, error = value_and_error(crossings)
    return {"value": float(value), "error": float(error)}


def crossing(energy: FloatArray, share: FloatArray) -> float:
    """Energy at which a share first falls below one half, NaN if it does not."""
    good = np.isfinite(share)
    x, y = np.log(energy[good]), share[good]
    below = np.flatnonzero((y[1:] < 0.5) & (y[:-1] >= 0.5))
    if below.size == 0:
        return float("nan")
    i = below[0]
    return float(np.exp(x[i] + (y[i] - 0.5) / (y[i] - y[i + 1]) * (x[i + 1] - x[i])))


def spectra(sky: ComponentMaps, prl_17: float | None = None) -> dict[str, Any]:
    """Sky-averaged E^2 flux, total and by component; neutrinos per flavour.

    ratio_to_prl_17 is the circumgalactic part, which PRL Eq. 17 estimates, over that estimate.
    """
    E2 = sky.energy_GeV**2
    energy = sky.energy_GeV.tolist()

    def flux(name: str) -> dict[str, Any]:
        value, error = sky.mean[name]
        return {
            "energy_GeV": energy,
            "E2_flux_GeV_cm2_s_sr": {"value": (E2 * value).tolist(), "error": (E2 * error).tolist()},
        }

    out = flux("total") | {name: flux(name) for name in ("disc", "halo", "cgm")}
    if prl_17:
        value, error = sky.mean["cgm"]
        out["ratio_to_prl_17"] = {
            "value": (E2 * value / prl_17).tolist(),
            "error": (E2 * error / prl_17).tolist(),
        }
    return out


def filling(result: Result, galaxy: Galaxy) -> dict[str, Any]:
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
    glow = np.einsum("eb,fbas,s->fae", matrix, result.snapshots_cm3()[..., :-1], seen * gas * part)
    shares = over(glow[:, :-1], glow[:, -1:])
    by_age = {f"at {t:g} Myr": quantity(shares[:, i]) for i, t in enumerate(AGES_MYR)}
    return {"energy_GeV": energy.tolist(), **by_age}


def bell_region(galaxy: Galaxy, T_cgm_K: float) -> dict[str, Any]:
    """The Bell region on the axis, at the surface: field, outflow, growth, and what heat does to its onset.

    Fields of PRL after Eqs. 6 and 7; the growth is slowed, by about 2, where the onset lies below B_*.
    """
    z = np.linspace(0.0, galaxy.bell_reach_kpc, 10_001)
    z_wall = float(z[np.flatnonzero(galaxy.surface_level(0.0 * z, z) > 0)[0]])
    density = float(galaxy.cgm_density_cm3(0.0, z_wall))
    flux = galaxy.energy_flux * float(bell.dilution(0.0, z_wall, galaxy.R_d_kpc))
    onset_uG = float(bell.saturation_field_uG(flux))
    slowed_uG = float(bell.thermal_onset_uG(galaxy.E_max_GeV, flux, density, T_cgm_K))
    return {
        "z_surface_kpc": z_wall,
        "r_end_kpc": galaxy.bell_reach_kpc,
        "field_uG": float(galaxy.saturated_field_uG(0.0, z_wall)),
        "field_at_disc_uG": float(galaxy.saturated_field_uG(0.0, 0.0)),
        "outflow_km_s": float(np.hypot(*galaxy.outflow(0.0, z_wall))) * KPC_MYR_KM_S,
        "onset_below_uG": onset_uG,
        "growth_time_Myr_at_E_max": 1.0 / float(bell.gamma_max_Myr(galaxy.E_max_GeV, flux, density)),
        "thermal_equipartition_uG": float(bell.thermal_bound_uG(density, T_cgm_K)),
        "slowed_by_heat_below_uG_at_E_max": slowed_uG,
        "slowed_by_heat": onset_uG < slowed_uG,
    }


def age(result: Result) -> dict[str, Any]:
    """Mean age of the particles in the disc, by injected energy [Myr]."""
    weighted, residence = per_injected(result, "region_age"), per_injected(result, "region").sum(axis=2)
    return quantity(over(weighted[..., Region.DISC], residence[..., Region.DISC]))


def summarise(
    result: Result, galaxy: Galaxy, medium: Medium, neutrino: ComponentMaps, gamma: ComponentMaps
) -> dict[str, Any]:
    """Everything that summary.json holds."""
    E = point_energies_GeV(result)
    prl_17 = prl_17_flux(galaxy) if galaxy.has_bell_region else None
    return {
        "energy_GeV": E.tolist(),
        **times(result),
        "age_in_disc_Myr": age(result),
        "grammage_g_cm2": grammage(result),
        **densities(result, galaxy, medium),
        "neutrino": {"flavours": "per flavour (nu + nubar, a third of the sum)"} | spectra(neutrino, prl_17),
        "gamma": spectra(gamma),
        "counters": result.counters,
        "particles": result.particles,
        "wall_time_s": result.performance.get("wall_time_s"),
        "steps": result.steps,
        "seed": result.provenance.get("seed"),
        "version": result.provenance.get("version"),
        "tabulation_error": result.provenance.get("tabulation_error"),
    }


def prl_17_flux(galaxy: Galaxy) -> float:
    """PRL Eq. 17 for the galaxy's parameters [GeV cm^-2 s^-1 sr^-1, per flavour]."""
    Lambda = np.log(galaxy.E_max_GeV / galaxy.E_min_GeV)
    return float(bell.neutrino_flux_prl17(galaxy.delta_G, galaxy.L_CR_erg_s, Lambda))
