"""What people ask of a run: times, grammage and densities at some energies, each with its error.

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
from ..fields.units import C_CM_S, KPC_CM, KPC_MYR_CM_S, FloatArray
from .result import Result
from .tally import NEAR_DEPTH_KPC, NEAR_R_KPC, TIME_EDGES_MYR, Region
from .uncertainty import Estimate

_SOME = 1e-300


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
    weight = R2 * (
        (depth > 0) & (depth < NEAR_DEPTH_KPC) & (np.hypot(R2, z2) < medium.table.bell_outer_radius)
    )
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
        "escape_time_Myr": Estimate.of(over(escape[..., 1], escape[..., 0])).as_dict()
        | {"escaped_fraction": escape[0, :, 0].tolist()},
        "escape_time_median_Myr": Estimate.of(_median_Myr(per_injected(result, "escape_time_histogram"))),
        "leave_time_Myr": {
            "median": Estimate.of(_median_Myr(per_injected(result, "leave_time_histogram"))),
            "alive_fraction": Estimate.of(per_injected(result, "alive")),
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


def grammage(result: Result) -> dict[str, Estimate]:
    """Mean grammage in each component until the history ends, by injected energy."""
    mean = per_injected(result, "grammage")
    return {name: Estimate.of(mean[..., i]) for i, name in enumerate(("disc", "halo", "cgm"))}


def densities(result: Result, galaxy: Galaxy, medium: Medium) -> dict[str, Estimate]:
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
    out = {
        "galactic_density": Estimate.of(over(disc * C_CM_S, reference)),
        "galactic_density_over_no_return": Estimate.of(over(disc, no_return)),
    }
    if medium.table.wall == 0:
        return out
    near = energy_weighted(result, n[..., Region.NEAR])
    carried = _carried(result)
    flux, flux_over_speed = _near_averages(galaxy, medium)
    advected = over(near, reference * flux_over_speed)
    over_tallied = over(advected * reference * flux, carried)
    out |= {
        "density_over_free_escape": Estimate.of(over(near * C_CM_S, 3.0 * reference * flux)),
        "density_times_vA_over_flux": Estimate.of(advected),
        "density_times_vA_over_tallied_flux": Estimate.of(over_tallied),
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


def _limit(energy: FloatArray, share: FloatArray) -> Estimate:
    """Energy at which a falling share crosses one half, with the jackknife error of the crossing."""
    return Estimate.of(np.array([crossing(energy, row) for row in share]))


def crossing(energy: FloatArray, share: FloatArray) -> float:
    """Energy at which a share first falls below one half, NaN if it does not."""
    good = np.isfinite(share)
    x, y = np.log(energy[good]), share[good]
    below = np.flatnonzero((y[1:] < 0.5) & (y[:-1] >= 0.5))
    if below.size == 0:
        return float("nan")
    i = below[0]
    return float(np.exp(x[i] + (y[i] - 0.5) / (y[i] - y[i + 1]) * (x[i + 1] - x[i])))


def age(result: Result) -> Estimate:
    """Mean age of the particles in the disc, by injected energy [Myr]."""
    weighted, residence = per_injected(result, "region_age"), per_injected(result, "region").sum(axis=2)
    return Estimate.of(over(weighted[..., Region.DISC], residence[..., Region.DISC]))
