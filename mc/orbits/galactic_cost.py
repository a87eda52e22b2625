"""Estimates, before a run, what orbits through a galaxy cost, and whether they can be right."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields.exceptions import UserError
from ...fields.field_lines import lines_in_half_plane
from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.medium_table import Wall
from ...fields.turbulence.local_waves import MODES_PER_DECADE
from ...fields.turbulence.of_galaxy import wave_power_of
from ...fields.units import FloatArray, momentum_GeV, speed_kpc_Myr
from ...fields.waves.streaming import larmor_radius_kpc
from ..kernels.orbit import STEP_OVER_LARMOR
from .cost import LONGEST_CORE_HOURS

# Of one thread: a step, with the waves of a window; and one through as many plane waves in a uniform field.
_NS_PER_STEP, NS_PER_WAVE_STEP = 450.0, 150.0
# The way out along the line where nothing scatters: particles start in all directions.
_WAYS_OUT = 4.0


class GalacticCost(NamedTuple):
    """What to expect of orbits of one energy through a galaxy.

    Attributes
    ----------
    energy_GeV : float
        Total energy.
    z_kpc, larmor_radius_kpc, mean_free_path_kpc : ndarray
        Along the line from the middle of the source disc: height, r_L, and lambda of the medium.
    overlap : ndarray
        Widths of the resonances of two neighbouring waves over their distance, at mu = 0.7: from one on
        particles go from one to the next (Chirikov).
    scale_over_wave : ndarray
        Length over which the field changes along the line over the longest wave in resonance.
    steps, core_hours : float
        Of all particles.
    """

    energy_GeV: float
    z_kpc: FloatArray
    larmor_radius_kpc: FloatArray
    mean_free_path_kpc: FloatArray
    overlap: FloatArray
    scale_over_wave: FloatArray
    steps: float
    core_hours: float

    def with_tracks(self, steps: float) -> GalacticCost:
        """With so many steps more, through homogeneous waves to measure D."""
        hours = 1e-9 * NS_PER_WAVE_STEP * steps / 3600.0
        return self._replace(steps=self.steps + steps, core_hours=self.core_hours + hours)


def galactic_cost(
    galaxy: Galaxy, medium: Medium, energy_GeV: float, particles: int, R_d_kpc: float, t_max_Myr: float
) -> GalacticCost:
    """What it takes to follow particles of one energy out of a galaxy.

    Along the line from the middle of the source disc: the time in each part of it by diffusion along the
    line, but the way that they fly at least; behind a two-way surface the way out by Bohm's diffusion.

    Parameters
    ----------
    galaxy, medium : Galaxy, Medium
        A galaxy with field lines, and the medium that it makes.
    energy_GeV : float
        Total energy.
    particles : int
        How many of them.
    R_d_kpc, t_max_Myr : float
        Radius of the source disc, and when histories end.

    Raises
    ------
    UserError
        If the line does not lead out of the disc.
    """
    p = float(momentum_GeV(energy_GeV))
    v = float(speed_kpc_Myr(p))
    lines = medium.lines
    assert lines is not None
    R, z = line_out(medium, 0.5 * R_d_kpc)
    b_R, _, b_z = lines.direction(R, z)
    length = np.hypot(np.gradient(R), np.gradient(z)) / np.maximum(np.hypot(b_R, b_z), 1e-9)
    B = np.sqrt(sum(np.square(component) for component in lines.field(R, z)))
    D = np.asarray(medium.diffusion_halo(np.asarray(p), R, z), float)
    r_L = larmor_radius_kpc(p, B)
    F, _ = wave_power_of(medium, p, R, z, B)
    # The density of what diffuses out of both ends of a tube of the width 1/B, over the flux.
    resistance = length * B / D
    density = np.cumsum(resistance[::-1])[::-1] / B
    path = np.minimum(v * density, v * t_max_Myr) * length + _WAYS_OUT * length
    steps = float((path / (STEP_OVER_LARMOR * r_L)).sum())
    if medium.table.wall == Wall.TWO_WAY:
        steps += _steps_behind(galaxy, p, float(z[-1]), t_max_Myr)
    overlap = resonance_overlap(F)
    with np.errstate(divide="ignore"):
        scale = length / np.abs(np.gradient(np.log(B)))
    total = particles * steps
    hours = 1e-9 * _NS_PER_STEP * total / 3600.0
    return GalacticCost(energy_GeV, z, r_L, 3.0 * D / v, overlap, scale / (2.0 * math.pi * r_L), total, hours)


def line_out(medium: Medium, R_kpc: float) -> tuple[FloatArray, FloatArray]:
    """(R, z) along the line from a place in the plane to the surface.

    Raises
    ------
    UserError
        If it does not lead out of the disc.
    """
    lines = medium.lines
    assert lines is not None
    found = lines_in_half_plane(lines, [R_kpc], lambda R, z: medium.distance_kpc(R, z) < 0)
    if not found:
        raise UserError(
            f"{lines.name}: its line from R = {R_kpc:.2g} kpc does not leave the disc; allowed: one that "
            "does, for orbits"
        )
    return found[0]


def resonance_overlap(F: ArrayLike) -> FloatArray:
    """Widths of the resonances of two neighbouring waves of a window over their distance, at mu = 0.7."""
    step_of_k = math.log(10.0) / MODES_PER_DECADE
    return np.asarray(4.0 * (2.0 * np.asarray(F, float) * step_of_k) ** 0.25 / step_of_k)


def _steps_behind(galaxy: Galaxy, p_GeV: float, z_kpc: float, t_max_Myr: float) -> float:
    """Steps of a particle behind the surface, by Bohm's diffusion half-way out."""
    v, end = float(speed_kpc_Myr(p_GeV)), galaxy.bell_outer_radius_kpc
    middle = 0.5 * (z_kpc + end)
    r_L = float(larmor_radius_kpc(p_GeV, galaxy.saturated_field_uG(0.0, middle)))
    path = min((end - z_kpc) ** 2 / (2.0 * r_L / 3.0), v * t_max_Myr)
    return path / (STEP_OVER_LARMOR * r_L)


def refusal_in_galaxy(costs: list[GalacticCost]) -> str:
    """What stands against orbits of some energies: why, in one line; empty if nothing does."""
    for cost in costs:
        at = f"at {cost.energy_GeV:.4g} GeV"
        if np.any(short := cost.scale_over_wave < 1.0):
            z = cost.z_kpc[short][0]
            wave = 2e3 * math.pi * cost.larmor_radius_kpc[short][0]
            return (
                f"{at} the waves in resonance, {wave:.3g} pc, are longer than the field at z = {z:.3g} kpc "
                "varies over; allowed: energies of which they are shorter"
            )
        if np.any(apart := cost.overlap < 1.0):
            z, overlap = cost.z_kpc[apart][0], cost.overlap[apart][0]
            return (
                f"{at} the resonances of waves at z = {z:.3g} kpc do not overlap, {overlap:.2g} of their "
                "distance; allowed: energies of which they do"
            )
    hours = sum(cost.core_hours for cost in costs)
    if hours > LONGEST_CORE_HOURS:
        dearest = max(costs, key=lambda cost: cost.core_hours)
        work = f"{sum(cost.steps for cost in costs):.2g} steps take {hours:.2g} core hours"
        most = f"most of them at {dearest.energy_GeV:.4g} GeV"
        return f"{work}, {most}; allowed: at most {LONGEST_CORE_HOURS:g} core hours"
    return ""
