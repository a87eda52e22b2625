"""Averages over rings: of a function about the nodes of a table, and of a table over cells.

A table that is bilinear between its nodes holds the mass of a function if each node has the mean of it over
the cells that meet there, weighted with the volume and with the share that the node has in a place (a hat).
An edge of the function is then smoothed over the cell it lies in, and nothing is lost of what it bounds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .units import FloatArray

# A function is asked for at the two points of Gauss's in each part of a cell, along both axes: straight lines
# times straight lines are exact. Parts are halved until means change by less than this of the largest one; an
# edge inside a cell is found to 1/64 of it.
_SETTLED, _MOST_PARTS = 1e-4, 16
_GAUSS = np.array([-1.0, 1.0]) / np.sqrt(3.0)
_CELLS_AT_ONCE = 16

Function = Callable[[FloatArray, FloatArray], FloatArray]


def about_nodes(function: Function, R_kpc: FloatArray, z_kpc: FloatArray) -> FloatArray:
    """Mean of a function of (R_kpc, |z|_kpc) about each node, as its hat and the volume weigh it.

    Parameters
    ----------
    function : callable
        Vectorised: R and z broadcast against each other, and it returns what broadcasts to their shape.
    R_kpc, z_kpc : ndarray
        Nodes, increasing from 0.

    Returns
    -------
    ndarray, shape (n_R, n_z)
        In the unit of the function.
    """
    total, volume = np.zeros((R_kpc.size, z_kpc.size)), np.zeros((R_kpc.size, 1))
    for first in range(0, R_kpc.size - 1, _CELLS_AT_ONCE):
        nodes = slice(first, first + _CELLS_AT_ONCE + 1)
        parts, (sums, volumes) = 1, _sums(function, R_kpc[nodes], z_kpc, 1)
        settled = False
        while not settled and parts < _MOST_PARTS:
            parts, before = 2 * parts, sums / volumes
            sums, volumes = _sums(function, R_kpc[nodes], z_kpc, parts)
            means = sums / volumes
            settled = bool(np.abs(means - before).max() <= _SETTLED * np.abs(means).max())
        total[nodes] += sums
        volume[nodes] += volumes
    return np.asarray(total / volume)


def of_cells(nodes_kpc: FloatArray, edges_kpc: FloatArray, radial: bool) -> FloatArray:
    """Share of each node in the mean over each cell of what is linear between nodes, (cells, nodes).

    Parameters
    ----------
    nodes_kpc : ndarray
        Increasing from 0; values are constant beyond the last.
    edges_kpc : ndarray
        Of the cells, increasing.
    radial : bool
        Whether the axis is R, along which the volume grows as R dR.
    """
    bounds = np.union1d(nodes_kpc[(nodes_kpc > edges_kpc[0]) & (nodes_kpc < edges_kpc[-1])], edges_kpc)
    x, weight = (each.ravel() for each in places_in_cells(bounds, 1))
    if radial:
        weight = weight * x
    cell = np.clip(np.searchsorted(edges_kpc, x, side="right") - 1, 0, edges_kpc.size - 2)
    i = np.clip(np.searchsorted(nodes_kpc, x, side="right") - 1, 0, nodes_kpc.size - 2)
    above = np.clip((x - nodes_kpc[i]) / (nodes_kpc[i + 1] - nodes_kpc[i]), 0.0, 1.0)
    shares = np.zeros((edges_kpc.size - 1, nodes_kpc.size))
    np.add.at(shares, (cell, i), weight * (1.0 - above))
    np.add.at(shares, (cell, i + 1), weight * above)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def places_in_cells(nodes: FloatArray, parts: int) -> tuple[FloatArray, FloatArray]:
    """Gauss's points in the parts of the cells between nodes, and the length that each stands for.

    Each of shape (cells, 2 parts).
    """
    width = np.diff(nodes)[:, None]
    shares = _shares(parts)
    return nodes[:-1, None] + width * shares, width / shares.size + 0.0 * shares


def _shares(parts: int) -> FloatArray:
    """Where Gauss's points lie in a cell, as shares of its length."""
    return ((np.arange(parts)[:, None] + 0.5 + 0.5 * _GAUSS) / parts).ravel()


def _sums(
    function: Function, R_kpc: FloatArray, z_kpc: FloatArray, parts: int
) -> tuple[FloatArray, FloatArray]:
    """Means over z times the volume about each node (up to a constant), and that volume, (n_R, 1)."""
    (R, width), (z, length) = places_in_cells(R_kpc, parts), places_in_cells(z_kpc, parts)
    values = np.broadcast_to(function(R.ravel()[:, None], z.ravel()), (R.size, z.size))
    over_z = _onto_nodes(values, length) / _onto_nodes(np.ones(z.size), length)
    return _onto_nodes(over_z.T, R * width).T, _onto_nodes(np.ones((1, R.size)), R * width).T


def _onto_nodes(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted sums about the nodes, each with its hat, of values at places (the last axis)."""
    by_cell = values.reshape(*values.shape[:-1], *weight.shape)
    sums = np.zeros((*values.shape[:-1], len(weight) + 1))
    # One after the other: sums are rounded alike whatever the order in memory.
    for place, share in enumerate(_shares(weight.shape[1] // 2)):
        part = by_cell[..., place] * weight[:, place]
        sums[..., :-1] += (1.0 - share) * part
        sums[..., 1:] += share * part
    return sums
