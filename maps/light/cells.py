"""From the cells that particles are counted in to the nodes that light is made of, and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import distance_transform_edt

from ...fields.medium import Medium
from ...fields.units import FloatArray
from ...mc.result import Result

# Behind the surface densities fall with about this power of r.
_FALL, _POINTS = -1.5, 8
_SMOOTHING = 0.7  # in widths of a cell


class CellsToNodes(NamedTuple):
    """A linear map from averages over the cells of one side of the surface to values at nodes.

    A cell is divided by the trend of densities there, smoothed with its neighbours (behind the surface only),
    filled from the nearest where it has no volume, interpolated, and multiplied by the trend at the nodes.

    Attributes
    ----------
    trend_in_cells, trend_at_nodes : ndarray, (n_R, n_z) of cells, and of nodes
        How densities go on that side, by and large: what is left to interpolate is flat.
    smoothing : ndarray, shape (n_R, n_z, n_R, n_z), or None
        Weight of each cell in what stands for one.
    nearest : ndarray, shape (2, n_R, n_z)
        The nearest cell that has a volume.
    R_from_cells, z_from_cells : ndarray, (nodes, cells)
        Interpolation along each axis.
    """

    trend_in_cells: FloatArray
    trend_at_nodes: FloatArray
    smoothing: FloatArray | None
    nearest: np.ndarray
    R_from_cells: FloatArray
    z_from_cells: FloatArray

    def at_nodes(self, cells: FloatArray) -> FloatArray:
        """Values at the nodes, (nodes in R, nodes in |z|, ...), of cells (n_R, n_z, ...)."""
        extra = (1,) * (cells.ndim - 2)
        flat = cells / self.trend_in_cells.reshape(*self.trend_in_cells.shape, *extra)
        if self.smoothing is not None:
            flat = np.tensordot(self.smoothing, flat, axes=2)
        filled = flat[tuple(self.nearest)]
        values = np.einsum("ai,bj,ij...->ab...", self.R_from_cells, self.z_from_cells, filled, optimize=True)
        return values * self.trend_at_nodes.reshape(*self.trend_at_nodes.shape, *extra)

    def in_cells(self, weights: FloatArray) -> FloatArray:
        """Weights of the cells, (..., n_R, n_z), that weights at the nodes give them (the adjoint).

        sum(weights * at_nodes(cells)) = sum(in_cells(weights) * cells), for any cells.
        """
        rows = (weights * self.trend_at_nodes) @ self.z_from_cells
        filled = np.moveaxis(np.moveaxis(rows, -2, -1) @ self.R_from_cells, -1, -2)
        # As np.add.at, in a tenth of the time.
        n_R, n_z = filled.shape[-2:]
        rows, cell = filled.reshape(-1, n_R * n_z), self.nearest[0] * n_z + self.nearest[1]
        into = np.arange(len(rows))[:, None] * (n_R * n_z) + cell.ravel()
        flat = np.asarray(np.bincount(into.ravel(), rows.ravel(), rows.size), float).reshape(filled.shape)
        if self.smoothing is not None:
            flat = np.tensordot(flat, self.smoothing, axes=2)
        return flat / self.trend_in_cells


def cells_to_nodes(
    result: Result, medium: Medium, side: str, nodes_kpc: tuple[FloatArray, FloatArray]
) -> CellsToNodes | None:
    """The map for one side, "halo" or "bell", onto nodes in (R, |z|); None where it has no volume."""
    empty = result.volumes_kpc3[side] <= 0
    if np.all(empty):
        return None
    behind = side == "bell"
    edges = result.grid.cells[side]
    centres = [0.5 * (each[1:] + each[:-1]) for each in edges]
    degree = 3 if behind else 1
    R_from_cells, z_from_cells = (from_middles(c, x, degree) for c, x in zip(centres, nodes_kpc, strict=True))
    R_nodes, z_nodes = nodes_kpc
    in_cells, at_nodes = np.ones(empty.shape), np.ones((R_nodes.size, z_nodes.size))
    if behind:
        in_cells, at_nodes = _trend(medium, edges, nodes_kpc)
    return CellsToNodes(
        trend_in_cells=in_cells,
        trend_at_nodes=at_nodes,
        smoothing=_smoothing(edges, result.volumes_kpc3[side]) if behind else None,
        nearest=distance_transform_edt(empty, return_distances=False, return_indices=True),
        R_from_cells=R_from_cells,
        z_from_cells=z_from_cells,
    )


def from_middles(middles: FloatArray, nodes: FloatArray, degree: int = 1) -> FloatArray:
    """What makes values at nodes of an axis from those at the middles of cells, (nodes, cells).

    Constant beyond the first and the last middle.
    """
    spline = make_interp_spline(middles, np.eye(middles.size), k=min(degree, middles.size - 1))
    return np.asarray(spline(np.clip(nodes, middles[0], middles[-1])))


def gas_in_cells(medium: Medium, edges: tuple[FloatArray, FloatArray], component: int) -> FloatArray:
    """Mean density of one component of the gas [cm^-3] over the part of each cell behind the surface."""
    R, z = _points(edges)
    weight = R * (medium.distance_kpc(R, z) >= 0) + 1e-9
    return np.asarray(
        (weight * medium.gas_density_cm3(R, z)[..., component]).sum((2, 3)) / weight.sum((2, 3))
    )


def node_volumes_kpc3(R_kpc: FloatArray, z_kpc: FloatArray) -> FloatArray:
    """Volume that each node stands for in what is bilinear between nodes, both signs of z."""
    low, high = R_kpc[:-1], R_kpc[1:]
    over_R = np.zeros(R_kpc.size)
    over_R[:-1] += (high - low) * (2 * low + high) / 6
    over_R[1:] += (high - low) * (low + 2 * high) / 6
    over_R[0] += R_kpc[0] ** 2 / 2
    over_z = np.zeros(z_kpc.size)
    over_z[:-1] += np.diff(z_kpc) / 2
    over_z[1:] += np.diff(z_kpc) / 2
    over_z[0] += z_kpc[0]
    return 4 * np.pi * over_R[:, None] * over_z


def _points(edges: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Points spread over each cell, (n_R, 1, points, 1) and (1, n_z, 1, points)."""
    offsets = (np.arange(_POINTS) + 0.5) / _POINTS
    R, z = (each[:-1, None] + np.diff(each)[:, None] * offsets for each in edges)
    return R[:, None, :, None], z[None, :, None, :]


def _trend(
    medium: Medium, edges: tuple[FloatArray, FloatArray], nodes_kpc: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """The fall behind the surface, means over cells and values at nodes.

    Between 1/r (advection) and 1/r^2 (diffusion). Straight lines between the means of convex falls lie above
    them, by 4% in cells of 12 kpc at 50 kpc.
    """
    R, z = _points(edges)
    weight = R * (medium.distance_kpc(R, z) >= 0) + 1e-9
    in_cells = (weight * np.hypot(R, z) ** _FALL).sum(axis=(2, 3)) / weight.sum(axis=(2, 3))
    return in_cells, np.maximum(np.hypot(nodes_kpc[0][:, None], nodes_kpc[1]), 0.1) ** _FALL


def _smoothing(edges: tuple[FloatArray, FloatArray], volume: FloatArray) -> FloatArray:
    """Weights for means over neighbouring cells, by how much volume each holds: axis cells are small.

    Without it the noise of single cells shows on the sky as rings.
    """
    # Below the plane is what is above it.
    near = [_near(each) for each in edges]
    weight = np.einsum("ai,bj,ij->abij", *near, volume, optimize=True)
    return np.asarray(weight / np.maximum(weight.sum(axis=(2, 3), keepdims=True), 1e-300))


def _near(edges: FloatArray) -> FloatArray:
    """Gauss weights between cells along an axis that is mirrored at zero, as wide as a cell."""
    x, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    away = np.stack([x[:, None] - x, x[:, None] + x])
    return np.asarray(np.exp(-0.5 * (away / (_SMOOTHING * width[:, None])) ** 2).sum(axis=0))
