"""The field lines of a halo as a field that orbits go through, without divergence between its nodes too.

The poloidal part is the curl of an interpolated flux function A(R, z): B_R = -dA/dz/R, B_z = dA/dR/R. So its
divergence is at rounding level whatever the nodes; the azimuthal part has none anyway.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._jit import kernel
from ..field_lines import FieldLines
from ..interpolate import place
from ..medium_table import Axis
from ..units import FloatArray
from ..vectors import vector_field

_ONE = np.uint64(1)
# Nearer to the axis than this, what points along R has no direction [kpc].
_ON_AXIS_KPC = 1e-9
# Forward differences, since a field may have a kink in the plane: of second order, good to 1e-6 of a kpc.
_SLOPE_STEP_KPC = 1e-3
_RADII, _WEIGHTS = np.polynomial.legendre.leggauss(8)


class RegularField(NamedTuple):
    """The field of some lines, by bicubic Hermite interpolation between the nodes of a medium.

    Attributes
    ----------
    R, z : Axis
        Nodes in R and |z| [kpc].
    flux, azimuthal : ndarray, shape (n_R, n_z, 4)
        A [uG kpc2] and B_phi [uG]: value, slopes along R and along |z|, and the slope of the one along the
        other.
    """

    R: Axis
    z: Axis
    flux: np.ndarray
    azimuthal: np.ndarray


def _slope(function: Callable[[float], FloatArray]) -> FloatArray:
    """Slope of a function of a shift, at none."""
    h = _SLOPE_STEP_KPC
    return (4.0 * function(h) - 3.0 * function(0.0) - function(2.0 * h)) / (2.0 * h)


def regular_field(lines: FieldLines, R: Axis, z: Axis) -> RegularField:
    """The field of some lines between the nodes of a medium."""
    nodes_R, nodes_z = R.nodes[:, None], z.nodes[None, :]

    def B(i: int, by_R: float = 0.0, by_z: float = 0.0) -> FloatArray:
        values = np.asarray(lines.field(nodes_R + by_R, nodes_z + by_z)[i], float)
        return np.broadcast_to(values, (R.nodes.size, z.nodes.size))

    flux = [
        _flux_function(lines, R.nodes, nodes_z),
        nodes_R * B(2),
        -nodes_R * B(0),
        nodes_R * _slope(lambda h: B(2, by_z=h)),
    ]
    azimuthal = [
        B(1),
        _slope(lambda h: B(1, by_R=h)),
        _slope(lambda h: B(1, by_z=h)),
        _slope(lambda h: _slope(lambda g: B(1, by_R=h, by_z=g))),
    ]
    return RegularField(R, z, *(np.ascontiguousarray(np.stack(each, axis=-1)) for each in (flux, azimuthal)))


def _flux_function(lines: FieldLines, R_nodes: FloatArray, z: FloatArray) -> FloatArray:
    """A at nodes, the integral of R B_z from the axis."""
    half = 0.5 * np.diff(R_nodes)
    R = R_nodes[:-1, None] + half[:, None] * (1.0 + _RADII)
    B_z = np.asarray(lines.field(R[..., None], z[None])[2], float)
    parts = ((half[:, None] * _WEIGHTS * R)[..., None] * B_z).sum(axis=1)
    return np.concatenate([np.zeros((1, z.size)), np.cumsum(parts, axis=0)])


@kernel
def _weights(t, width):
    """Hermite's four cubics on a cell: of the lower value and slope, and of the upper ones."""
    u = 1.0 - t
    return (1.0 + 2.0 * t) * u * u, width * t * u * u, (3.0 - 2.0 * t) * t * t, -width * t * t * u


@kernel
def _slopes(t, inverse_width):
    """Their slopes."""
    rise = 6.0 * t * (1.0 - t) * inverse_width
    return -rise, (1.0 - t) * (1.0 - 3.0 * t), rise, t * (3.0 * t - 2.0)


@kernel
def _along_z(f, i, j, k, w):
    """Along z at a node in R: of the value (k = 0) or its slope along R (k = 1), with weights w."""
    low, high = j, j + _ONE
    return w[0] * f[i, low, k] + w[1] * f[i, low, k + 2] + w[2] * f[i, high, k] + w[3] * f[i, high, k + 2]


@kernel
def _bicubic(f, i, j, w_R, w_z):
    next_i = i + _ONE
    lower = w_R[0] * _along_z(f, i, j, 0, w_z) + w_R[1] * _along_z(f, i, j, 1, w_z)
    return lower + w_R[2] * _along_z(f, next_i, j, 0, w_z) + w_R[3] * _along_z(f, next_i, j, 1, w_z)


@vector_field(RegularField)
def _regular_field(field, x, y, z):
    R = max(math.sqrt(x * x + y * y), _ON_AXIS_KPC)
    i, a, per_R = place(field.R, R)
    j, b, per_z = place(field.z, abs(z))
    w_R, w_z = _weights(a, 1.0 / per_R), _weights(b, 1.0 / per_z)
    B_z = _bicubic(field.flux, i, j, _slopes(a, per_R), w_z) / R
    B_R = -math.copysign(1.0, z) * _bicubic(field.flux, i, j, w_R, _slopes(b, per_z)) / R
    B_phi = _bicubic(field.azimuthal, i, j, w_R, w_z)
    e_x, e_y = x / R, y / R
    return B_R * e_x - B_phi * e_y, B_R * e_y + B_phi * e_x, B_z
