"""How encounters with a Bell wall are sampled: how many of them one simulated return stands for.

A particle has ~1/P encounters with the wall before it is swept away, P the chance of never coming back. If
the halo mixes in far fewer encounters, one simulated return may stand for many (`multiplicity`); where it
does not (below ~100 GeV, where it moves sideways slowly, or on lines that it hardly leaves) each return has
to be followed.
"""

from __future__ import annotations

import numpy as np

from ..fields.medium import Medium
from ..fields.medium_table import MOMENTUM_NODES_GeV, Wall
from ..fields.units import FloatArray, speed_kpc_Myr
from .kernels.albedo import h_table
from .kernels.world import WallSampling

# Encounters that are left to a particle, in units of those the halo needs to mix sideways.
ENCOUNTERS_PER_MIXING = 5.0
ENCOUNTERS_AT_LEAST = 600.0
# Split particles sent out per capture: many where a capture takes many encounters, and they cost hardly
# anything. With few of them the captures come too regularly: 0.2% of the density at 6 where the chance of
# return varies.
ENCOUNTERS_PER_SPLIT = 50.0
SPLITS_AT_LEAST = 6.0
# Histories up to the first encounter with the wall that are followed for each one beyond it.
FIRST_PASSAGE_SPLITS = 8
# Behind the wall the integral over the height takes this many steps, and is D/u itself where that is less
# than about three of them.
_HEIGHTS = 4000
_UNRESOLVED = 0.3
# A share of the diffusion that mixes nothing, and can be divided by.
_LEAST_SHARE = 1e-9
# Heights, or radii, at which the surface is looked for.
_PLACES = 20_001


def wall_on_axis_kpc(medium: Medium) -> float:
    """Height of the surface on the axis; r_max if there is none below it."""
    z = np.linspace(0.0, medium.table.r_max, _PLACES)
    outside = np.flatnonzero(medium.distance_kpc(np.zeros_like(z), z) > 0)
    return float(z[outside[0]]) if outside.size else medium.table.r_max


def _resistance_kpc(medium: Medium) -> np.ndarray:
    """Integral of exp(-int u/D) (D_w/D) (z_w/z)^2 dz behind the wall: D/u or r/2, the smaller rules."""
    z_wall = wall_on_axis_kpc(medium)
    z = np.geomspace(z_wall, max(medium.table.bell_outer_radius, 1.01 * z_wall), _HEIGHTS)
    p = MOMENTUM_NODES_GeV[:, None]
    D = medium.diffusion_bell(p, 0.0 * z, z)
    u = medium.outflow_kpc_Myr(0.0 * z, z)[:, 1]
    swept = np.zeros_like(D)
    swept[:, 1:] = np.cumsum(0.5 * (u[1:] / D[:, 1:] + u[:-1] / D[:, :-1]) * np.diff(z), axis=1)
    integrand = np.exp(-np.minimum(swept, 700.0)) * D[:, :1] / D * (z_wall / z) ** 2
    resistance = (0.5 * (integrand[:, 1:] + integrand[:, :-1]) * np.diff(z)).sum(axis=1)
    # Where D/u is far below the grid spacing the integral is D/u itself.
    unresolved = (u[0] / D[:, 0]) * np.diff(z)[0] > _UNRESOLVED
    return np.where(unresolved, D[:, 0] / max(u[0], 1e-300), resistance)


def escape_chance(medium: Medium) -> np.ndarray:
    """Chance per encounter with the wall, on the axis, of being swept out to r_max, by momentum node.

    (4/3) lambda over the resistance behind the wall: 4u/v where advection rules, ~(4/3) lambda/r where
    diffusion does.
    """
    D = medium.diffusion_bell(MOMENTUM_NODES_GeV, np.zeros(1), np.array([wall_on_axis_kpc(medium)]))
    free_path = 3.0 * D / speed_kpc_Myr(MOMENTUM_NODES_GeV)
    return np.minimum(4.0 / 3.0 * free_path / _resistance_kpc(medium), 1.0)


def encounters_to_mix(medium: Medium) -> np.ndarray:
    """Encounters in which a particle in the halo wanders sideways across the wall, by momentum node."""
    z_wall = wall_on_axis_kpc(medium)
    R = np.linspace(0.0, medium.table.r_max, _PLACES)
    outside = np.flatnonzero(medium.distance_kpc(R, 0.0 * R) > 0)
    R_wall = float(R[outside[0]]) if outside.size else medium.table.r_max
    D = medium.diffusion_halo(MOMENTUM_NODES_GeV, np.zeros(1), np.array([z_wall]))
    free_path = 3.0 * D / speed_kpc_Myr(MOMENTUM_NODES_GeV)
    # A halo that flows towards the wall keeps them within D/u of it.
    u = float(np.hypot(*medium.halo_flow_kpc_Myr(np.zeros(1), np.array([z_wall]))[0, :2]))
    depth = np.minimum(min(1.0 / max(medium.table.max_grad_ln_D_halo, 1e-9), z_wall), D / max(u, 1e-300))
    return R_wall**2 / (np.minimum(free_path, z_wall) * depth * _share_sideways(medium, D))


def _share_sideways(medium: Medium, D: FloatArray) -> FloatArray:
    """D along the surface on the axis over that towards it: lines stand upright on the surface there.

    Where nothing leads off its line no number of returns mixes the halo, and it is taken as one.
    """
    lines = medium.table.lines
    if lines is None or not (lines.epsilon or lines.wander or lines.drifts or medium.table.halo_moves):
        return np.ones_like(D)
    assert medium.lines is not None
    return np.maximum(medium.lines.across_kpc2_Myr(MOMENTUM_NODES_GeV, D) / D, _LEAST_SHARE)


def acceleration_tables(medium: Medium, acceleration: float | str) -> tuple[np.ndarray, np.ndarray]:
    """(multiplicity, split particles per capture) by momentum node.

    Parameters
    ----------
    medium : Medium
        The tabulated medium.
    acceleration : float or "auto"
        A multiplicity for all momenta (1: brute force), or "auto": bounded by the mixing of the halo.
    """
    ones = np.ones(MOMENTUM_NODES_GeV.size)
    if medium.table.wall != Wall.TWO_WAY or acceleration == 1:
        return ones, ones
    if acceleration != "auto":
        return ones * float(acceleration), ones * SPLITS_AT_LEAST
    encounters = 1.0 / escape_chance(medium)
    needed = np.maximum(ENCOUNTERS_PER_MIXING * encounters_to_mix(medium), ENCOUNTERS_AT_LEAST)
    multiplicity = np.maximum(encounters / needed, 1.0)
    # Whole, since where the wall is flown that many share the weight of one.
    splits = np.round(encounters / multiplicity / ENCOUNTERS_PER_SPLIT)
    return multiplicity, np.maximum(splits, SPLITS_AT_LEAST)


def sampling_at(medium: Medium, acceleration: float | str, p_GeV: np.ndarray) -> dict[str, np.ndarray]:
    """What bounds the multiplicity at some momenta, as the nearest node has it.

    "multiplicity" returns that one simulated return stands for, "splits_per_capture"; and the "encounters"
    that a particle has with the wall before it is swept away, beside the "encounters_to_mix" in which the
    halo mixes it sideways.
    """
    multiplicity, splits = acceleration_tables(medium, acceleration)
    found = {
        "multiplicity": multiplicity,
        "splits_per_capture": splits,
        "encounters": 1.0 / escape_chance(medium),
        "encounters_to_mix": encounters_to_mix(medium),
    }
    nearest = np.abs(np.log(np.asarray(p_GeV)[:, None] / MOMENTUM_NODES_GeV)).argmin(axis=1)
    return {name: values[nearest] for name, values in found.items()}


def wall_sampling_of(medium: Medium, acceleration: float | str) -> WallSampling | None:
    """How a Bell wall is dealt with, see `acceleration_tables`; None where nobody comes back from behind."""
    if medium.table.wall != Wall.TWO_WAY:
        return None
    return WallSampling(*acceleration_tables(medium, acceleration), h_table())
