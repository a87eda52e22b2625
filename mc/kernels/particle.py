"""A particle: where it is, where it goes, and what the medium is there."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from ...fields.units import C_KPC_MYR, M_P_GEV
from .arithmetic.elementary import exponential
from .arithmetic.vector import Vector
from .lookup import ln_diffusion, surface_distance


class Particle(NamedTuple):
    """A proton and the medium at its place.

    Attributes
    ----------
    x, y, z : float
        Place [kpc].
    dir_x, dir_y, dir_z : float
        Unit vector of its direction, in the frame of the waves.
    ln_p : float
        Logarithm of its momentum in GeV/c, in that frame.
    speed : float
        Its speed [kpc/Myr].
    diffusion : float
        Diffusion coefficient at its place and momentum [kpc2/Myr].
    slope_R, slope_z : float
        Gradient of ln D along R and along |z| [1/kpc].
    distance : float
        Signed distance to the surface, negative inside [kpc].
    """

    x: float
    y: float
    z: float
    dir_x: float
    dir_y: float
    dir_z: float
    ln_p: float
    speed: float
    diffusion: float
    slope_R: float
    slope_z: float
    distance: float


@kernel
def speed_of(ln_p):
    """Speed [kpc/Myr] of a proton."""
    p = exponential(ln_p)
    return C_KPC_MYR * p / math.sqrt(p * p + M_P_GEV * M_P_GEV)


@kernel
def free_path_of(particle):
    """Mean free path lambda = 3 D/v at the place of a particle [kpc]."""
    return 3.0 * particle.diffusion / particle.speed


@kernel
def R_of(particle):
    """Distance of a particle from the axis of the galaxy [kpc]."""
    return math.sqrt(particle.x * particle.x + particle.y * particle.y)


@kernel
def radius_of(particle):
    """Distance of a particle from the centre of the galaxy [kpc]."""
    return math.sqrt(particle.x * particle.x + particle.y * particle.y + particle.z * particle.z)


@kernel
def is_beyond(particle, radius):
    """Whether a particle is on or outside a sphere about the centre of the galaxy."""
    return particle.x * particle.x + particle.y * particle.y + particle.z * particle.z >= radius * radius


@kernel
def direction_of(particle):
    """Direction of a particle as a `Vector`."""
    return Vector(particle.dir_x, particle.dir_y, particle.dir_z)


@kernel
def at(table, in_bell, x, y, z, direction, ln_p, speed):
    """A particle with the medium looked up at its place and momentum, inside the surface or behind it."""
    R = math.sqrt(x * x + y * y)
    ln_D_over_v = table.ln_D_over_v_bell if in_bell else table.ln_D_over_v_halo
    value, slope_R, slope_z = ln_diffusion(ln_D_over_v, table, R, abs(z), ln_p)
    distance = surface_distance(table, R, abs(z))
    return Particle(
        x,
        y,
        z,
        direction.x,
        direction.y,
        direction.z,
        ln_p,
        speed,
        speed * exponential(value),
        slope_R,
        slope_z,
        distance,
    )


@kernel
def part_way(old, new, share):
    """The particle on the straight way from `old` to `new`, with what was looked up at `old`."""
    return Particle(
        old.x + share * (new.x - old.x),
        old.y + share * (new.y - old.y),
        old.z + share * (new.z - old.z),
        old.dir_x,
        old.dir_y,
        old.dir_z,
        old.ln_p,
        old.speed,
        old.diffusion,
        old.slope_R,
        old.slope_z,
        old.distance + share * (new.distance - old.distance),
    )


@kernel
def placed(particle, x, y, z, distance):
    """The same particle somewhere else, at a distance to the surface; what was looked up stays."""
    return Particle(
        x,
        y,
        z,
        particle.dir_x,
        particle.dir_y,
        particle.dir_z,
        particle.ln_p,
        particle.speed,
        particle.diffusion,
        particle.slope_R,
        particle.slope_z,
        distance,
    )


@kernel
def slowed(particle, ln_p, speed):
    """The same particle with another momentum and speed; D stays that of the old one until the next move."""
    return Particle(
        particle.x,
        particle.y,
        particle.z,
        particle.dir_x,
        particle.dir_y,
        particle.dir_z,
        ln_p,
        speed,
        particle.diffusion,
        particle.slope_R,
        particle.slope_z,
        particle.distance,
    )


@kernel
def turned(particle, direction, ln_p):
    """The same particle with another direction and a slightly different momentum.

    What was looked up for the old momentum stays until the next move.
    """
    return Particle(
        particle.x,
        particle.y,
        particle.z,
        direction.x,
        direction.y,
        direction.z,
        ln_p,
        particle.speed,
        particle.diffusion,
        particle.slope_R,
        particle.slope_z,
        particle.distance,
    )


@kernel
def is_finite(particle):
    """Whether the numbers of a particle are finite, and its diffusion coefficient positive."""
    total = particle.x + particle.y + particle.z + particle.ln_p + particle.diffusion
    return math.isfinite(total) and particle.diffusion > 0.0
