"""What people ask of a run: times, grammage and densities at an energy, each with its error.

Times and grammage are by injected energy, densities by current (total) energy. All are values at that energy,
found by a local fit (`mc.local_fit`), unless a mean is named. Everything is derived on the replica axis of
`mc.result`, so errors include those of ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..fields import bell
from ..fields.exceptions import UserError, on_a_line
from ..fields.galaxy import Galaxy
from ..fields.limits import numbers_in
from ..fields.medium import Medium
from ..fields.units import C_CM_S, KPC_CM, KPC_MYR_CM_S, FloatArray
from .local_fit import HALF_WIDTH, at_energies
from .result import Result
from .tally import NEAR_DEPTH_KPC, NEAR_R_KPC, TIME_EDGES_MYR, Region
from .uncertainty import Estimate

REGIONS = {
    "disc": Region.DISC,
    "disc before the surface": Region.DISC_NO_RETURN,
    "near the surface": Region.NEAR,
}
"""Where `density` can be asked for: |z| < 0.1 kpc in the gas disc, all protons or those that have not met the
surface yet; and the first 4 kpc behind the surface, R < 5 kpc."""

# Medians are of the times of so many neighbouring groups together, a quarter of a decade.
_GROUPS_OF_A_MEDIAN = 4
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


def point_energies_GeV(result: Result) -> FloatArray:
    """Geometric centres of the summary's energy points."""
    edges = result.grid.current_edges_GeV
    ends = np.append(edges[_begins(result)], edges[-1])
    return np.sqrt(ends[1:] * ends[:-1])


def group_energies_GeV(result: Result) -> FloatArray:
    """Geometric centres of the injection groups, 16 a decade."""
    edges = result.grid.energy_edges_GeV
    return np.sqrt(edges[1:] * edges[:-1])


def asked_for(result: Result, energy_GeV: ArrayLike | None) -> FloatArray:
    """Energies at which something is asked for: all groups if none are given.

    Raises
    ------
    UserError
        If one lies outside the energies that were followed.
    """
    if energy_GeV is None:
        return group_energies_GeV(result)
    energy = np.atleast_1d(numbers_in(energy_GeV, "GeV", "energy_GeV"))
    low, high = result.grid.energy_edges_GeV[[0, -1]]
    outside = ~((energy >= low * (1 - 1e-9)) & (energy <= high * (1 + 1e-9)))
    if outside.any():
        raise UserError(
            f"energy_GeV = {energy[outside][0]:g}: allowed: {low:g} to {high:g}, which were followed"
        )
    return energy


def at_injected(result: Result, energy_GeV: ArrayLike, per_particle: FloatArray) -> FloatArray:
    """Values at injected energies of a tally per injected particle, (replicas, groups, ...)."""
    return at_energies(energy_GeV, group_energies_GeV(result), per_particle)


def injected_flux_cm2_s(result: Result, R_d_kpc: float) -> FloatArray:
    """Flux phi_0 per current-energy bin out of each side of the disc, as injected (PRL Eq. 3)."""
    return result.spectrum.group_rates_s(result.grid.current_edges_GeV) / disc_cm2(R_d_kpc)


def disc_cm2(R_d_kpc: float) -> float:
    """Area of both sides of the disc."""
    return float(2 * np.pi * (R_d_kpc * KPC_CM) ** 2)


def _over_flux(result: Result, R_d_kpc: float, energy_GeV: FloatArray) -> FloatArray:
    """Densities of the regions over the injected flux phi_0 [s/cm], (replicas, energies, regions)."""
    phi_0 = injected_flux_cm2_s(result, R_d_kpc)
    n = result.density_cm3("region")
    return at_energies(energy_GeV, bin_energies_GeV(result), over(n, phi_0[:, None]))


def bin_energies_GeV(result: Result) -> FloatArray:
    """Energies of the current-energy bins: means of ln E over what is injected there."""
    rates = result.spectrum.group_rates_s(result.grid.energy_edges_GeV)
    per_bin = len(rates) // (len(result.grid.current_edges_GeV) - 1)
    shape = (-1, per_bin)
    rates, ln_E = np.maximum(rates, _SOME).reshape(shape), np.log(group_energies_GeV(result)).reshape(shape)
    return np.exp((rates * ln_E).sum(axis=1) / rates.sum(axis=1))


def mean_near_surface(
    galaxy: Galaxy, medium: Medium, *functions: Callable[[FloatArray, FloatArray], FloatArray]
) -> list[float]:
    """Averages of functions of (R, z) over the region NEAR."""
    z = np.linspace(0.0, galaxy.r_max_kpc, 8001)
    R = (np.arange(64) + 0.5) * NEAR_R_KPC / 64
    R2, z2 = R[:, None], z[None, :]
    depth = medium.distance_kpc(R2, z2)
    weight = R2 * (
        (depth > 0) & (depth < NEAR_DEPTH_KPC) & (np.hypot(R2, z2) < medium.table.bell_outer_radius)
    )
    return [float((weight * function(R2, z2)).sum() / weight.sum()) for function in functions]


def _near_averages(galaxy: Galaxy, medium: Medium) -> list[float]:
    """Averages of phi/phi_0 and of phi/(phi_0 u) [s/cm] over the region NEAR, u the speed of the outflow."""

    def dilution(R: FloatArray, z: FloatArray) -> FloatArray:
        return bell.dilution(R, z, galaxy.R_d_kpc)

    def over_speed(R: FloatArray, z: FloatArray) -> FloatArray:
        return dilution(R, z) / (galaxy.outflow_speed_kpc_Myr(R, z) * KPC_MYR_CM_S)

    return mean_near_surface(galaxy, medium, dilution, over_speed)


def escape_time(result: Result, energy_GeV: ArrayLike | None = None) -> Estimate:
    """Mean age at the first encounter with the surface [Myr], of those that met it before t_max."""
    energy = asked_for(result, energy_GeV)
    escape = at_injected(result, energy, result.per_particle("escape")[..., :2])
    return Estimate.of(over(escape[..., 1], escape[..., 0]), energy)


def leave_time(result: Result, energy_GeV: ArrayLike | None = None) -> Estimate:
    """Median age at leaving for good [Myr]; NaN where half are still there at t_max."""
    energy = asked_for(result, energy_GeV)
    left, there = (result.per_particle(name) for name in ("leave_time_histogram", "alive"))
    # Of all that have an end, which weigh together what is injected in the mean alone where they are biased.
    shares = over(left, (left.sum(axis=-1) + there)[..., None])
    return Estimate.of(_median_Myr(result, shares, energy), energy)


def times(result: Result, energy_GeV: ArrayLike | None = None) -> dict[str, Any]:
    """Escape and leaving times by injected energy.

    Escape is the first passage of the surface, its mean over those that escaped before t_max. Leaving is
    r_max (or the absorbing surface); its median counts those still alive as later than t_max.
    """
    energy = asked_for(result, energy_GeV)
    escaped = np.minimum(at_injected(result, energy, result.per_particle("escape")[..., 0]), 1.0)
    alive = np.minimum(at_injected(result, energy, result.per_particle("alive")), 1.0)
    first = result.per_particle("escape_time_histogram")
    return {
        "escape_time_Myr": escape_time(result, energy).as_dict() | {"escaped_fraction": escaped[0].tolist()},
        "escape_time_median_Myr": Estimate.of(_median_Myr(result, first, energy)),
        "leave_time_Myr": {
            "median": leave_time(result, energy),
            "alive_fraction": Estimate.of(alive),
        },
    }


def _median_Myr(result: Result, shares: FloatArray, energy_GeV: FloatArray) -> FloatArray:
    """Median times at injected energies, (replicas, energies), by shares in bins of time."""
    width = min(_GROUPS_OF_A_MEDIAN, shares.shape[1])
    together = sum(shares[:, k : shares.shape[1] - width + 1 + k] for k in range(width)) / width
    edges = result.grid.energy_edges_GeV
    middle = np.sqrt(edges[width:] * edges[:-width])
    return at_energies(energy_GeV, middle, _medians_Myr(together))


def _medians_Myr(histogram: FloatArray) -> FloatArray:
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


def grammage(result: Result, energy_GeV: ArrayLike | None = None) -> dict[str, Estimate]:
    """Mean grammage in each component until the history ends [g cm-2], by injected energy."""
    energy = asked_for(result, energy_GeV)
    mean = at_injected(result, energy, result.per_particle("grammage"))
    return {name: Estimate.of(mean[..., i], energy) for i, name in enumerate(("disc", "halo", "cgm"))}


def density(
    result: Result, R_d_kpc: float, energy_GeV: ArrayLike | None = None, region: str = "disc"
) -> Estimate:
    """Protons per volume and energy in one of `REGIONS` [GeV^-1 cm^-3], by current energy.

    Raises
    ------
    UserError
        If there is no such region, or the energy was not followed.
    """
    there = [name for name, at in REGIONS.items() if result.volumes_kpc3["region"][at] > 0]
    if not isinstance(region, str) or region not in there:
        raise UserError(f"region = {on_a_line(region)}: allowed: {', '.join(there)}")
    energy = asked_for(result, energy_GeV)
    over_flux = _over_flux(result, R_d_kpc, energy)[..., REGIONS[region]]
    flux = result.spectrum.rate_GeV_s(energy) / disc_cm2(R_d_kpc)
    return Estimate.of(over_flux * flux, energy)


def densities(
    result: Result, galaxy: Galaxy, medium: Medium, energy_GeV: ArrayLike | None = None
) -> dict[str, Estimate]:
    """Densities in the disc and behind the Bell surface, by current energy.

    density_over_free_escape : n over 3 phi/c, n that over R < 5 kpc in the first 4 kpc behind the surface
        and phi the local flux of the model; density_times_u_over_flux the same n over the mean of phi/u, u
        the speed of the outflow; density_times_u_over_tallied_flux with the flux that the particles
        themselves carry through there, both within a decade, for their noise is the same.
    galactic_density : over R < R_d, |z| < 0.1 kpc in units of phi_0/c; over_no_return: over that of
        particles before they first met the Bell surface.
    advection_limit_GeV : energy at which advection ceases to carry half of the tallied flux.
    """
    energy = asked_for(result, energy_GeV)
    n = np.moveaxis(_over_flux(result, galaxy.R_d_kpc, energy), -1, 0)
    disc, no_return, near = n[Region.DISC], n[Region.DISC_NO_RETURN], n[Region.NEAR]
    out = {
        "galactic_density": Estimate.of(disc * C_CM_S, energy),
        "galactic_density_over_no_return": Estimate.of(over(disc, no_return), energy),
    }
    if medium.table.wall == 0:
        return out
    flux, flux_over_speed = _near_averages(galaxy, medium)
    fine = group_energies_GeV(result)
    share, share_fine = (_advected_share(result, at) * flux / flux_over_speed for at in (energy, fine))
    out |= {
        "density_over_free_escape": Estimate.of(near * C_CM_S / (3.0 * flux), energy),
        "density_times_u_over_flux": Estimate.of(near / flux_over_speed, energy),
        "density_times_u_over_tallied_flux": Estimate.of(share, energy),
        "advection_limit_GeV": _limit(fine, share_fine),
    }
    return out


def _advected_share(result: Result, energy_GeV: FloatArray) -> FloatArray:
    """Density near the surface over the flux that particles carry there, within a decade [s/cm]."""
    near = in_decade(result, energy_GeV, result.density_cm3("region")[..., Region.NEAR])
    return over(near, _carried(result, energy_GeV))


def in_decade(result: Result, energy_GeV: FloatArray, per_bin: FloatArray) -> FloatArray:
    """Sum of E times a quantity per current-energy bin (replicas, bins), within half a decade of energies."""
    E = result.current_energy_GeV
    near = np.abs(np.log(E / np.asarray(energy_GeV)[:, None])) < HALF_WIDTH
    return (per_bin * E) @ near.T.astype(float)


def _carried(result: Result, energy_GeV: FloatArray) -> FloatArray:
    """Flux away from the centre that particles carry through the region NEAR, times E, within a decade."""
    carried = in_decade(result, energy_GeV, result.by_current_energy("near_flux"))
    # Displacement per Myr of all particles there, per volume: the mean flux.
    return carried * KPC_MYR_CM_S / (result.volumes_kpc3["region"][Region.NEAR] * KPC_CM**3)


def carried_over_model(result: Result, galaxy: Galaxy, medium: Medium, energy_GeV: FloatArray) -> FloatArray:
    """Flux that particles carry behind the Bell surface over that of PRL Eq. 3, diluted, without cut-off.

    Means over a decade about each energy, (replicas, energies).
    """
    endless = result.reweight(slope_above=result.spectrum.slope)
    model = in_decade(result, energy_GeV, injected_flux_cm2_s(endless, galaxy.R_d_kpc)[None])
    return over(_carried(result, energy_GeV), model * _near_averages(galaxy, medium)[0])


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


def age(result: Result, energy_GeV: ArrayLike | None = None) -> Estimate:
    """Mean age of the particles in the disc [Myr], by injected energy."""
    energy = asked_for(result, energy_GeV)
    weighted = at_injected(result, energy, result.per_particle("region_age")[..., Region.DISC])
    residence = at_injected(result, energy, result.per_particle("region")[..., Region.DISC].sum(axis=2))
    return Estimate.of(over(weighted, residence), energy)
