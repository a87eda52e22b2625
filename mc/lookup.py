"""Interpolation of a `MediumTable` inside kernels."""

from __future__ import annotations

import math

from ..fields._jit import kernel, small_kernel


@small_kernel
def place(axis, x):
    """Cell of a non-uniform axis and the fraction inside it; constant beyond the last node."""
    step = int(x * axis.inverse_step)
    last = axis.cell_of_step.size - 1
    cell = axis.cell_of_step[step if 0 <= step < last else last]
    fraction = (x - axis.nodes[cell]) / (axis.nodes[cell + 1] - axis.nodes[cell])
    return cell, min(max(fraction, 0.0), 1.0)


@small_kernel
def ln_diffusion(ln_D, table, R, z, ln_p):
    """ln(D/v) and the exact gradient (along R and |z|) of its interpolant."""
    i, a = place(table.R, R)
    j, b = place(table.z, z)
    position = (ln_p - table.ln_p0) * table.inverse_dln_p
    k = min(max(int(position), 0), ln_D.shape[0] - 2)
    c = position - k
    c1 = 1.0 - c
    q00 = c1 * ln_D[k, i, j] + c * ln_D[k + 1, i, j]
    q01 = c1 * ln_D[k, i, j + 1] + c * ln_D[k + 1, i, j + 1]
    q10 = c1 * ln_D[k, i + 1, j] + c * ln_D[k + 1, i + 1, j]
    q11 = c1 * ln_D[k, i + 1, j + 1] + c * ln_D[k + 1, i + 1, j + 1]
    low = q00 + a * (q10 - q00)
    high = q01 + a * (q11 - q01)
    width_R = table.R.nodes[i + 1] - table.R.nodes[i]
    width_z = table.z.nodes[j + 1] - table.z.nodes[j]
    gradient_R = ((1.0 - b) * (q10 - q00) + b * (q11 - q01)) / width_R
    return low + b * (high - low), gradient_R, (high - low) / width_z


@small_kernel
def surface_distance(table, R, z):
    """Signed distance to the surface, negative inside [kpc]."""
    i, a = place(table.R, R)
    j, b = place(table.z, z)
    d = table.distance
    low = d[i, j] + a * (d[i + 1, j] - d[i, j])
    high = d[i, j + 1] + a * (d[i + 1, j + 1] - d[i, j + 1])
    return low + b * (high - low)


@kernel
def surface_normal(table, x, y, z):
    """Unit normal of the surface, pointing out, at a point near it."""
    R = math.sqrt(x * x + y * y)
    i, a = place(table.R, R)
    j, b = place(table.z, abs(z))
    d = table.distance
    n_R = (1.0 - b) * (d[i + 1, j] - d[i, j]) + b * (d[i + 1, j + 1] - d[i, j + 1])
    n_z = (1.0 - a) * (d[i, j + 1] - d[i, j]) + a * (d[i + 1, j + 1] - d[i + 1, j])
    n_R /= table.R.nodes[i + 1] - table.R.nodes[i]
    n_z /= table.z.nodes[j + 1] - table.z.nodes[j]
    length = math.sqrt(n_R * n_R + n_z * n_z)
    if R < 1e-12:
        return 0.0, 0.0, math.copysign(1.0, z)
    return n_R * x / (R * length), n_R * y / (R * length), math.copysign(1.0, z) * n_z / length


@small_kernel
def outflow(table, x, y, z):
    """Plasma velocity (x, y, z) [kpc/Myr] and its divergence [1/Myr] outside the surface."""
    R = math.sqrt(x * x + y * y)
    i, a = place(table.R, R)
    j, b = place(table.z, abs(z))
    w00 = (1.0 - a) * (1.0 - b)
    w01 = (1.0 - a) * b
    w10 = a * (1.0 - b)
    w11 = a * b
    f = table.outflow
    u_R = w00 * f[i, j, 0] + w01 * f[i, j + 1, 0] + w10 * f[i + 1, j, 0] + w11 * f[i + 1, j + 1, 0]
    u_z = w00 * f[i, j, 1] + w01 * f[i, j + 1, 1] + w10 * f[i + 1, j, 1] + w11 * f[i + 1, j + 1, 1]
    div = w00 * f[i, j, 2] + w01 * f[i, j + 1, 2] + w10 * f[i + 1, j, 2] + w11 * f[i + 1, j + 1, 2]
    along_R = u_R / R if R > 1e-12 else 0.0
    return along_R * x, along_R * y, math.copysign(1.0, z) * u_z, div


@small_kernel
def gas_density(table, R, z):
    """Hydrogen density of (disc, halo, CGM) [cm^-3], each where it applies."""
    i, a = place(table.R, R)
    j, b = place(table.z, z)
    g = table.gas
    w00 = (1.0 - a) * (1.0 - b)
    w01 = (1.0 - a) * b
    w10 = a * (1.0 - b)
    w11 = a * b
    return (
        w00 * g[i, j, 0] + w01 * g[i, j + 1, 0] + w10 * g[i + 1, j, 0] + w11 * g[i + 1, j + 1, 0],
        w00 * g[i, j, 1] + w01 * g[i, j + 1, 1] + w10 * g[i + 1, j, 1] + w11 * g[i + 1, j + 1, 1],
        w00 * g[i, j, 2] + w01 * g[i, j + 1, 2] + w10 * g[i + 1, j, 2] + w11 * g[i + 1, j + 1, 2],
    )


@kernel
def at_momentum(values, table, ln_p):
    """Linear interpolation of a table over the momentum nodes, constant beyond them."""
    position = (ln_p - table.ln_p0) * table.inverse_dln_p
    position = min(max(position, 0.0), values.size - 1.0)
    k = min(int(position), values.size - 2)
    return values[k] + (position - k) * (values[k + 1] - values[k])
