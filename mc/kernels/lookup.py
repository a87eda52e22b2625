"""Interpolation of a `MediumTable` inside kernels."""

from __future__ import annotations

import math

import numpy as np

from ...fields._jit import kernel
from ...fields.interpolate import cell_at, in_cell, place
from .arithmetic.vector import Vector

# Nearer to the axis than this, what points along R has no direction [kpc].
ON_AXIS_KPC = 1e-12
# Indices are unsigned: a signed one is tested for counting from the end, every time.
_ONE = np.uint64(1)

# Components of the gas, in the order of `MediumTable.gas` and of the grammage tallies.
GAS_DISC, GAS_HALO, GAS_CGM = 0, 1, 2


@kernel
def ln_diffusion(ln_D, table, R, z, ln_p):
    """ln(D/v) and the exact gradient (along R and |z|) of its interpolant."""
    i, a, per_R = place(table.R, R)
    j, b, per_z = place(table.z, z)
    position = (ln_p - table.ln_p0) * table.inverse_dln_p
    lower = min(max(int(position), 0), ln_D.shape[0] - 2)
    k = np.uint64(lower)
    c = position - lower
    c1 = 1.0 - c
    q00 = c1 * ln_D[k, i, j] + c * ln_D[k + _ONE, i, j]
    q01 = c1 * ln_D[k, i, j + _ONE] + c * ln_D[k + _ONE, i, j + _ONE]
    q10 = c1 * ln_D[k, i + _ONE, j] + c * ln_D[k + _ONE, i + _ONE, j]
    q11 = c1 * ln_D[k, i + _ONE, j + _ONE] + c * ln_D[k + _ONE, i + _ONE, j + _ONE]
    low = q00 + a * (q10 - q00)
    high = q01 + a * (q11 - q01)
    gradient_R = ((1.0 - b) * (q10 - q00) + b * (q11 - q01)) * per_R
    return low + b * (high - low), gradient_R, (high - low) * per_z


@kernel
def bilinear(values, table, R, z):
    """A table over the nodes (R, |z|), interpolated."""
    i, a, _ = place(table.R, R)
    j, b, _ = place(table.z, z)
    low = values[i, j] + a * (values[i + _ONE, j] - values[i, j])
    high = values[i, j + _ONE] + a * (values[i + _ONE, j + _ONE] - values[i, j + _ONE])
    return low + b * (high - low)


@kernel
def surface_distance(table, R, z):
    """Signed distance to the surface, negative inside [kpc]."""
    return bilinear(table.distance, table, R, z)


@kernel
def surface_normal(table, x, y, z):
    """Unit normal of the surface, pointing out, at a point near it."""
    R = math.sqrt(x * x + y * y)
    i, a, per_R = place(table.R, R)
    j, b, per_z = place(table.z, abs(z))
    d = table.distance
    n_R = (1.0 - b) * (d[i + _ONE, j] - d[i, j]) + b * (d[i + _ONE, j + _ONE] - d[i, j + _ONE])
    n_z = (1.0 - a) * (d[i, j + _ONE] - d[i, j]) + a * (d[i + _ONE, j + _ONE] - d[i + _ONE, j])
    n_R *= per_R
    n_z *= per_z
    length = math.sqrt(n_R * n_R + n_z * n_z)
    if R < ON_AXIS_KPC:
        return Vector(0.0, 0.0, math.copysign(1.0, z))
    return Vector(n_R * x / (R * length), n_R * y / (R * length), math.copysign(1.0, z) * n_z / length)


@kernel
def outflow(table, x, y, z):
    """Plasma velocity (x, y, z) [kpc/Myr] and its divergence [1/Myr] outside the surface."""
    return flow_of(table, table.outflow, x, y, z)


@kernel
def flow_of(table, f, x, y, z):
    """Velocity (x, y, z) [kpc/Myr] and divergence [1/Myr] of the flow tabulated in `f`."""
    R = math.sqrt(x * x + y * y)
    i, a, _ = place(table.R, R)
    j, b, _ = place(table.z, abs(z))
    w00 = (1.0 - a) * (1.0 - b)
    w01 = (1.0 - a) * b
    w10 = a * (1.0 - b)
    w11 = a * b
    i1, j1 = i + _ONE, j + _ONE
    u_R = w00 * f[i, j, 0] + w01 * f[i, j1, 0] + w10 * f[i1, j, 0] + w11 * f[i1, j1, 0]
    u_z = w00 * f[i, j, 1] + w01 * f[i, j1, 1] + w10 * f[i1, j, 1] + w11 * f[i1, j1, 1]
    div = w00 * f[i, j, 2] + w01 * f[i, j1, 2] + w10 * f[i1, j, 2] + w11 * f[i1, j1, 2]
    along_R = u_R / R if R > ON_AXIS_KPC else 0.0
    return along_R * x, along_R * y, math.copysign(1.0, z) * u_z, div


@kernel
def gas_density(table, R, z, component):
    """Hydrogen density of the disc (0), the halo (1) or the CGM (2) [cm^-3], where it applies."""
    return in_cell(table.gas, cell_at(table, R, z), component)


@kernel
def at_momentum(values, table, ln_p):
    """Linear interpolation of a table over the momentum nodes, constant beyond them."""
    position = (ln_p - table.ln_p0) * table.inverse_dln_p
    position = min(max(position, 0.0), values.size - 1.0)
    lower = min(int(position), values.size - 2)
    k = np.uint64(lower)
    return values[k] + (position - lower) * (values[k + _ONE] - values[k])
