"""The field line through a particle, from the table of a medium; places are in a half-plane about the axis.

The field is the same all around the axis, so that a move is one in R and z and a turn about the axis, which
is exact whatever the curvature of a line around it. Units: kpc, Myr, GeV/c.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...fields._jit import kernel, small_kernel
from ...fields.units import LARMOR_KPC
from .lookup import ON_AXIS_KPC, place
from .particle import Particle
from .vector import Vector

_ONE = np.uint64(1)


class Line(NamedTuple):
    """The field line at a place.

    Attributes
    ----------
    R, z : float
        The place [kpc].
    b_R, b_phi, b_z : float
        Unit vector along the field.
    ln_B : float
        Logarithm of its strength.
    divergence : float
        Of that unit vector, -b.grad ln B: positive where the field weakens along it [1/kpc].
    bend_R, bend_z : float
        (b.grad) b in the half-plane, without what the turn about the axis adds [1/kpc].
    """

    R: float
    z: float
    b_R: float
    b_phi: float
    b_z: float
    ln_B: float
    divergence: float
    bend_R: float
    bend_z: float


@kernel
def line_at(table, R, z):
    """The `Line` at a place; through the plane b_R changes its sign, b_phi and b_z do not."""
    i, a = place(table.R, R)
    j, c = place(table.z, abs(z))
    f = table.lines.field
    i1, j1 = i + _ONE, j + _ONE
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - c), (1.0 - a) * c, a * (1.0 - c), a * c
    side = math.copysign(1.0, z)
    b_R = side * (w00 * f[i, j, 0] + w01 * f[i, j1, 0] + w10 * f[i1, j, 0] + w11 * f[i1, j1, 0])
    b_phi = w00 * f[i, j, 1] + w01 * f[i, j1, 1] + w10 * f[i1, j, 1] + w11 * f[i1, j1, 1]
    b_z = w00 * f[i, j, 2] + w01 * f[i, j1, 2] + w10 * f[i1, j, 2] + w11 * f[i1, j1, 2]
    ln_B = w00 * f[i, j, 3] + w01 * f[i, j1, 3] + w10 * f[i1, j, 3] + w11 * f[i1, j1, 3]
    # Interpolated parts add up to a little less than a unit vector.
    norm = 1.0 / math.sqrt(b_R * b_R + b_phi * b_phi + b_z * b_z)
    per_R, per_z = norm * table.R.inverse_width[i], norm * table.z.inverse_width[j]
    R_R = side * per_R * ((1.0 - c) * (f[i1, j, 0] - f[i, j, 0]) + c * (f[i1, j1, 0] - f[i, j1, 0]))
    R_z = per_z * ((1.0 - a) * (f[i, j1, 0] - f[i, j, 0]) + a * (f[i1, j1, 0] - f[i1, j, 0]))
    z_R = per_R * ((1.0 - c) * (f[i1, j, 2] - f[i, j, 2]) + c * (f[i1, j1, 2] - f[i, j1, 2]))
    z_z = side * per_z * ((1.0 - a) * (f[i, j1, 2] - f[i, j, 2]) + a * (f[i1, j1, 2] - f[i1, j, 2]))
    B_R = per_R * ((1.0 - c) * (f[i1, j, 3] - f[i, j, 3]) + c * (f[i1, j1, 3] - f[i, j1, 3]))
    B_z = side * per_z * ((1.0 - a) * (f[i, j1, 3] - f[i, j, 3]) + a * (f[i1, j1, 3] - f[i1, j, 3]))
    # Of the slopes of ln B the norm belongs to b, which is normalised below.
    divergence = -(b_R * B_R + b_z * B_z)
    b_R, b_phi, b_z = norm * b_R, norm * b_phi, norm * b_z
    bend_R, bend_z = b_R * R_R + b_z * R_z, b_R * z_R + b_z * z_z
    return Line(R, z, b_R, b_phi, b_z, ln_B, divergence, bend_R, bend_z)


@small_kernel
def direction_of_line(line):
    """(b_R, b_phi, b_z) of a `Line`."""
    return Vector(line.b_R, line.b_phi, line.b_z)


@kernel
def way_of_line(table, R, z):
    """(b_R, b_phi, b_z) at a place: less to look up than a whole `Line`."""
    i, a = place(table.R, R)
    j, c = place(table.z, abs(z))
    f = table.lines.field
    i1, j1 = i + _ONE, j + _ONE
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - c), (1.0 - a) * c, a * (1.0 - c), a * c
    b_R = w00 * f[i, j, 0] + w01 * f[i, j1, 0] + w10 * f[i1, j, 0] + w11 * f[i1, j1, 0]
    b_phi = w00 * f[i, j, 1] + w01 * f[i, j1, 1] + w10 * f[i1, j, 1] + w11 * f[i1, j1, 1]
    b_z = w00 * f[i, j, 2] + w01 * f[i, j1, 2] + w10 * f[i1, j, 2] + w11 * f[i1, j1, 2]
    norm = 1.0 / math.sqrt(b_R * b_R + b_phi * b_phi + b_z * b_z)
    return Vector(math.copysign(norm, z) * b_R, norm * b_phi, norm * b_z)


@small_kernel
def cosine_along(line, particle, R):
    """Cosine of the direction of a particle at a distance R from the axis to its line."""
    e_x, e_y = _outwards(particle, R)
    along_R = particle.dir_x * e_x + particle.dir_y * e_y
    along_phi = particle.dir_y * e_x - particle.dir_x * e_y
    mu = line.b_R * along_R + line.b_phi * along_phi + line.b_z * particle.dir_z
    return min(max(mu, -1.0), 1.0)


@small_kernel
def _outwards(particle, R):
    """(x, y) of the unit vector away from the axis; along x on the axis itself."""
    if R < ON_AXIS_KPC:
        return 1.0, 0.0
    return particle.x / R, particle.y / R


@kernel
def turned_about_axis(particle, R, angle):
    """The particle at the same R and z after a turn about the axis."""
    e_x, e_y = _outwards(particle, R)
    cosine, sine = math.cos(angle), math.sin(angle)
    return Particle(
        R * (cosine * e_x - sine * e_y),
        R * (sine * e_x + cosine * e_y),
        particle.z,
        particle.dir_x,
        particle.dir_y,
        particle.dir_z,
        particle.ln_p,
        particle.speed,
        particle.diffusion,
        particle.slope_R,
        particle.slope_z,
        particle.distance,
    )


@kernel
def direction_at(b, particle, R, mu):
    """A unit vector with the cosine mu to a line; the phase of the gyration is any.

    `b` is that of the line along R, about the axis and along z.
    """
    b_R, b_phi, b_z = b
    e_x, e_y = _outwards(particle, R)
    sine = math.sqrt(max(0.0, 1.0 - mu * mu))
    # Across the line, in the plane of the axis and the line's R and z, or level where it rises steeply.
    across = math.sqrt(b_R * b_R + b_phi * b_phi)
    if across > 0.5:
        n_R, n_phi, n_z = -b_R * b_z / across, -b_phi * b_z / across, across
    else:
        length = math.sqrt(b_phi * b_phi + b_z * b_z)
        n_R, n_phi, n_z = length, -b_R * b_phi / length, -b_R * b_z / length
    along_R, along_phi = mu * b_R + sine * n_R, mu * b_phi + sine * n_phi
    return Vector(along_R * e_x - along_phi * e_y, along_R * e_y + along_phi * e_x, mu * b_z + sine * n_z)


@small_kernel
def diffusion_across(table, particle):
    """(D across, share): D across the field [kpc2/Myr], and its slope over that of D along it."""
    lines = table.lines
    wander = 0.5 * lines.wander * particle.speed
    across = lines.epsilon * particle.diffusion + wander
    if across >= particle.diffusion:
        return particle.diffusion, 1.0
    return across, lines.epsilon


@kernel
def drift_of(table, particle, R, z):
    """(R, z) velocity of the drift of guiding centres, of all pitch angles together [kpc/Myr].

    (p v/3 e) curl(b/B): by curvature and gradient, and along b by its twist; it has no divergence. At most
    v/3: where r_L is longer than what bends there are no guiding centres.
    """
    i, a = place(table.R, R)
    j, c = place(table.z, abs(z))
    f = table.lines.drift
    i1, j1 = i + _ONE, j + _ONE
    low_R = (1.0 - c) * f[i, j, 0] + c * f[i, j1, 0]
    high_R = (1.0 - c) * f[i1, j, 0] + c * f[i1, j1, 0]
    low_z = (1.0 - c) * f[i, j, 1] + c * f[i, j1, 1]
    high_z = (1.0 - c) * f[i1, j, 1] + c * f[i1, j1, 1]
    factor = particle.speed * LARMOR_KPC * math.exp(particle.ln_p) / 3.0
    along_R, along_z = factor * (low_R + a * (high_R - low_R)), factor * (low_z + a * (high_z - low_z))
    speed = math.sqrt(along_R * along_R + along_z * along_z)
    if 3.0 * speed > particle.speed:
        along_R, along_z = along_R * particle.speed / (3.0 * speed), along_z * particle.speed / (3.0 * speed)
    return math.copysign(1.0, z) * along_R, along_z


@kernel
def strain_along(table, line):
    """(b.(b.grad) u, div u) of the flow of the halo [1/Myr]."""
    i, a = place(table.R, line.R)
    j, c = place(table.z, abs(line.z))
    f = table.halo_flow
    i1, j1 = i + _ONE, j + _ONE
    per_R, per_z, side = table.R.inverse_width[i], table.z.inverse_width[j], math.copysign(1.0, line.z)
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - c), (1.0 - a) * c, a * (1.0 - c), a * c
    u_R = w00 * f[i, j, 0] + w01 * f[i, j1, 0] + w10 * f[i1, j, 0] + w11 * f[i1, j1, 0]
    expansion = w00 * f[i, j, 2] + w01 * f[i, j1, 2] + w10 * f[i1, j, 2] + w11 * f[i1, j1, 2]
    R_R = per_R * ((1.0 - c) * (f[i1, j, 0] - f[i, j, 0]) + c * (f[i1, j1, 0] - f[i, j1, 0]))
    R_z = per_z * ((1.0 - a) * (f[i, j1, 0] - f[i, j, 0]) + a * (f[i1, j1, 0] - f[i1, j, 0]))
    z_R = per_R * ((1.0 - c) * (f[i1, j, 1] - f[i, j, 1]) + c * (f[i1, j1, 1] - f[i, j1, 1]))
    z_z = per_z * ((1.0 - a) * (f[i, j1, 1] - f[i, j, 1]) + a * (f[i1, j1, 1] - f[i1, j, 1]))
    across = side * line.b_R * line.b_z * (R_z + z_R)
    around = line.b_phi * line.b_phi * u_R / max(line.R, ON_AXIS_KPC)
    return line.b_R * line.b_R * R_R + across + line.b_z * line.b_z * z_z + around, expansion
