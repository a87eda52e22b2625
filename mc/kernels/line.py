"""The field line through a particle, from the table of a medium; places are in a half-plane about the axis.

The field is the same all around the axis, so that a move is one in R and z and a turn about the axis, which
is exact whatever the curvature of a line around it. Units: kpc, Myr, GeV/c.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from ...fields.interpolate import cell_at, in_cell, slopes_in_cell
from ...fields.units import LARMOR_KPC
from .arithmetic.vector import Vector
from .lookup import ON_AXIS_KPC
from .particle import placed


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
    cell, f, side = cell_at(table, R, z), table.lines.field, math.copysign(1.0, z)
    b = _unit(f, cell, side)
    R_R, R_z = slopes_in_cell(f, cell, 0)
    z_R, z_z = slopes_in_cell(f, cell, 2)
    B_R, B_z = slopes_in_cell(f, cell, 3)
    divergence = -(b.x * B_R + b.z * side * B_z)
    # Interpolated parts add up to a little less than a unit vector.
    norm = _norm(f, cell)
    bend_R = norm * (b.x * side * R_R + b.z * R_z)
    bend_z = norm * (b.x * z_R + b.z * side * z_z)
    return Line(R, z, b.x, b.y, b.z, in_cell(f, cell, 3), divergence, bend_R, bend_z)


@kernel
def _norm(f, cell):
    """One over the length of what is interpolated of a unit vector."""
    b_R, b_phi, b_z = in_cell(f, cell, 0), in_cell(f, cell, 1), in_cell(f, cell, 2)
    return 1.0 / math.sqrt(b_R * b_R + b_phi * b_phi + b_z * b_z)


@kernel
def _unit(f, cell, side):
    """Unit vector along the field, with the side of the plane."""
    norm = _norm(f, cell)
    return Vector(side * norm * in_cell(f, cell, 0), norm * in_cell(f, cell, 1), norm * in_cell(f, cell, 2))


@kernel
def way_of_line(table, R, z):
    """(b_R, b_phi, b_z) at a place: less to look up than a whole `Line`."""
    return _unit(table.lines.field, cell_at(table, R, z), math.copysign(1.0, z))


@kernel
def direction_of_line(line):
    """(b_R, b_phi, b_z) of a `Line`."""
    return Vector(line.b_R, line.b_phi, line.b_z)


@kernel
def cosine_along(b, particle, R):
    """Cosine of the direction of a particle at a distance R from the axis to a line of direction b."""
    e_x, e_y = _outwards(particle, R)
    along_R = particle.dir_x * e_x + particle.dir_y * e_y
    along_phi = particle.dir_y * e_x - particle.dir_x * e_y
    return min(max(b.x * along_R + b.y * along_phi + b.z * particle.dir_z, -1.0), 1.0)


@kernel
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
    x, y = R * (cosine * e_x - sine * e_y), R * (sine * e_x + cosine * e_y)
    return placed(particle, x, y, particle.z, particle.distance)


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


@kernel
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
    cell, f = cell_at(table, R, z), table.lines.drift
    factor = particle.speed * LARMOR_KPC * math.exp(particle.ln_p) / 3.0
    along_R, along_z = factor * in_cell(f, cell, 0), factor * in_cell(f, cell, 1)
    speed = math.sqrt(along_R * along_R + along_z * along_z)
    if 3.0 * speed > particle.speed:
        along_R, along_z = along_R * particle.speed / (3.0 * speed), along_z * particle.speed / (3.0 * speed)
    return math.copysign(1.0, z) * along_R, along_z


@kernel
def strain_along(table, line):
    """(b.(b.grad) u, div u) of the flow of the halo [1/Myr]."""
    cell, f = cell_at(table, line.R, line.z), table.halo_flow
    R_R, R_z = slopes_in_cell(f, cell, 0)
    z_R, z_z = slopes_in_cell(f, cell, 1)
    across = math.copysign(1.0, line.z) * line.b_R * line.b_z * (R_z + z_R)
    around = line.b_phi * line.b_phi * in_cell(f, cell, 0) / max(line.R, ON_AXIS_KPC)
    strain = line.b_R * line.b_R * R_R + across + line.b_z * line.b_z * z_z + around
    return strain, in_cell(f, cell, 2)
