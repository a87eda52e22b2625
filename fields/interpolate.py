"""Tables over R and |z|: cells of their axes for kernels, and many places at once, bilinear between nodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._jit import entry, kernel

# Indices are unsigned: a signed one is tested for counting from the end, every time.
_ONE = np.uint64(1)


@kernel
def place(axis, x):
    """Where on a non-uniform axis: (cell, fraction inside it, one over its width); its end beyond that."""
    steps = x * axis.inverse_step
    step = int(steps)
    last = axis.place_of_step.size - 1
    packed = axis.place_of_step[np.uint64(step if 0 <= step < last else last)]
    inverse_width = 1.0 / np.float64((packed >> 16) & 0xFFFF)
    fraction = (steps - np.float64(packed >> 32)) * inverse_width
    return np.uint64(packed & 0xFFFF), min(max(fraction, 0.0), 1.0), inverse_width * axis.inverse_step


class Cell(NamedTuple):
    """Where in a cell of the nodes (R, |z|) a place lies.

    Attributes
    ----------
    i, j, i1, j1 : int
        Its lower and upper nodes.
    a, b : float
        Fractions of the cell, along R and along |z|.
    per_R, per_z : float
        One over its widths [1/kpc].
    """

    i: np.uint64
    j: np.uint64
    i1: np.uint64
    j1: np.uint64
    a: float
    b: float
    per_R: float
    per_z: float


@kernel
def cell_at(table, R, z):
    """The `Cell` of a place, with any sign of z, of a table with the axes R and z."""
    i, a, per_R = place(table.R, R)
    j, b, per_z = place(table.z, abs(z))
    return Cell(i, j, i + _ONE, j + _ONE, a, b, per_R, per_z)


@kernel
def in_cell(f, cell, k):
    """Entry k of a table (R, |z|, entries), interpolated."""
    i, j, i1, j1, a, b, _, _ = cell
    low = (1.0 - b) * f[i, j, k] + b * f[i, j1, k]
    high = (1.0 - b) * f[i1, j, k] + b * f[i1, j1, k]
    return low + a * (high - low)


@kernel
def slopes_in_cell(f, cell, k):
    """Its exact slopes along R and |z|."""
    i, j, i1, j1, a, b, per_R, per_z = cell
    along_R = (1.0 - b) * (f[i1, j, k] - f[i, j, k]) + b * (f[i1, j1, k] - f[i, j1, k])
    along_z = (1.0 - a) * (f[i, j1, k] - f[i, j, k]) + a * (f[i1, j1, k] - f[i1, j, k])
    return along_R * per_R, along_z * per_z


@kernel
def _cell(nodes, x, guess):
    """Cell of increasing nodes that holds x, first looked for where the last one was found."""
    low, high = 0, nodes.size - 1
    if nodes[guess] <= x < nodes[guess + 1]:
        return guess
    while high - low > 1:
        middle = (low + high) // 2
        if x < nodes[middle]:
            high = middle
        else:
            low = middle
    return low


@entry()
def _interpolate_into(out, values, R_nodes, z_nodes, R, z):
    """Fill `out` (places, entries) from `values` (nodes in R, nodes in |z|, entries)."""
    i, j = 0, 0
    for n in range(R.size):
        x, y = min(abs(R[n]), R_nodes[-1]), min(abs(z[n]), z_nodes[-1])
        i, j = _cell(R_nodes, x, i), _cell(z_nodes, y, j)
        a = (x - R_nodes[i]) / (R_nodes[i + 1] - R_nodes[i])
        b = (y - z_nodes[j]) / (z_nodes[j + 1] - z_nodes[j])
        for k in range(values.shape[2]):
            lower = values[i, j, k] * (1.0 - b) + values[i, j + 1, k] * b
            upper = values[i + 1, j, k] * (1.0 - b) + values[i + 1, j + 1, k] * b
            out[n, k] = lower * (1.0 - a) + upper * a


def interpolate(
    values: np.ndarray, R_nodes_kpc: np.ndarray, z_nodes_kpc: np.ndarray, R_kpc: ArrayLike, z_kpc: ArrayLike
) -> np.ndarray:
    """A table at places that broadcast against each other.

    Parameters
    ----------
    values : ndarray, shape (n_R, n_z) or (n_R, n_z, entries)
        At the nodes.
    R_nodes_kpc, z_nodes_kpc : ndarray
        Increasing from 0.
    R_kpc, z_kpc : array_like
        Where; signs do not matter.

    Returns
    -------
    ndarray, of the shape of the places, with the entries last
    """
    R, z = np.broadcast_arrays(np.asarray(R_kpc, float), np.asarray(z_kpc, float))
    entries = values.shape[2:]
    table = np.ascontiguousarray(values.reshape(*values.shape[:2], -1), float)
    out = np.empty((R.size, table.shape[2]))
    _interpolate_into(out, table, R_nodes_kpc, z_nodes_kpc, R.ravel(), z.ravel())
    return out.reshape(R.shape + entries)
