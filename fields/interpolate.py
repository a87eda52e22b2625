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
    """Cell of a non-uniform axis and the fraction inside it; constant beyond the last node."""
    step = int(x * axis.inverse_step)
    last = axis.cell_of_step.size - 1
    cell = np.uint64(axis.cell_of_step[np.uint64(step if 0 <= step < last else last)])
    fraction = (x - axis.nodes[cell]) * axis.inverse_width[cell]
    return cell, min(max(fraction, 0.0), 1.0)


class Cell(NamedTuple):
    """Where in a cell of the nodes (R, |z|) a place lies.

    Attributes
    ----------
    i, j, i1, j1 : int
        Its lower and upper nodes.
    a, b : float
        Fractions of the cell, along R and along |z|.
    """

    i: np.uint64
    j: np.uint64
    i1: np.uint64
    j1: np.uint64
    a: float
    b: float


@kernel
def cell_at(table, R, z):
    """The `Cell` of a place, with any sign of z, of a table with the axes R and z."""
    i, a = place(table.R, R)
    j, b = place(table.z, abs(z))
    return Cell(i, j, i + _ONE, j + _ONE, a, b)


@kernel
def in_cell(f, cell, k):
    """Entry k of a table (R, |z|, entries), interpolated."""
    i, j, i1, j1, a, b = cell
    low = (1.0 - b) * f[i, j, k] + b * f[i, j1, k]
    high = (1.0 - b) * f[i1, j, k] + b * f[i1, j1, k]
    return low + a * (high - low)


@kernel
def slopes_in_cell(f, table, cell, k):
    """Its exact slopes along R and |z|."""
    i, j, i1, j1, a, b = cell
    along_R = (1.0 - b) * (f[i1, j, k] - f[i, j, k]) + b * (f[i1, j1, k] - f[i, j1, k])
    along_z = (1.0 - a) * (f[i, j1, k] - f[i, j, k]) + a * (f[i1, j1, k] - f[i1, j, k])
    return along_R * table.R.inverse_width[i], along_z * table.z.inverse_width[j]


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
