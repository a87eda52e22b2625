"""Distances: to a surface given as the zero of any level function of (R, |z|), and to the disc, with which
the field of the papers falls off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .units import FloatArray

LevelFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]

_CONTOUR_STEP_KPC = 0.05


def signed_distance_kpc(level: LevelFunction, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
    """Distance of each node to the zero of `level`: negative inside (level < 0).

    The zero contour is traced on a fine grid that spans the nodes and the distance is that to its
    nearest segment. A surface that reaches the edge of the grid is taken to go on as it is there.

    Parameters
    ----------
    level : callable
        Vectorised function of (R_kpc, |z|_kpc), negative inside, of any scale.
    R_kpc, z_kpc : ndarray
        Node coordinates, increasing from 0.

    Returns
    -------
    ndarray, shape (n_R, n_z)
        Signed distance [kpc]; without a surface it is +inf or -inf everywhere.
    """
    from contourpy import contour_generator
    from scipy.spatial import cKDTree

    fine_R = np.arange(0.0, R_kpc[-1] + _CONTOUR_STEP_KPC, _CONTOUR_STEP_KPC)
    fine_z = np.arange(0.0, z_kpc[-1] + _CONTOUR_STEP_KPC, _CONTOUR_STEP_KPC)
    values = level(fine_R[:, None], fine_z[None, :])
    traced = contour_generator(x=fine_z, y=fine_R, z=values).lines(0.0)
    lines = [np.asarray(line) for line in traced]
    mesh_R, mesh_z = np.meshgrid(R_kpc, z_kpc, indexing="ij")
    sign = np.where(level(mesh_R, mesh_z) < 0, -1.0, 1.0)
    if not lines:
        return sign * np.inf
    start = np.concatenate([line[:-1, ::-1] for line in lines])
    end = np.concatenate([line[1:, ::-1] for line in lines])
    points = np.stack([mesh_R.ravel(), mesh_z.ravel()], axis=1)
    # The nearest segment is among those whose midpoints are nearest: all are shorter than a fine cell.
    _, candidates = cKDTree(0.5 * (start + end)).query(points, k=min(4, len(start)))
    candidates = candidates.reshape(len(points), -1)
    a, b = start[candidates], end[candidates]
    along = b - a
    length2 = np.maximum((along**2).sum(-1), 1e-30)
    fraction = np.clip(((points[:, None, :] - a) * along).sum(-1) / length2, 0.0, 1.0)
    gap = points[:, None, :] - (a + fraction[..., None] * along)
    distance = np.sqrt((gap**2).sum(-1)).min(axis=1)
    return sign * distance.reshape(mesh_R.shape)


def distance_from_disc_kpc(R_kpc: ArrayLike, z_kpc: ArrayLike, R_d_kpc: float) -> FloatArray:
    """Distance in kpc from the disc z = 0, R < R_d: |z| over the disc, to its rim elsewhere."""
    beyond_rim = np.maximum(np.asarray(R_kpc, dtype=float) - R_d_kpc, 0.0)
    return np.hypot(beyond_rim, z_kpc)


def exponential_field_uG(
    R_kpc: ArrayLike, z_kpc: ArrayLike, B0_uG: float, z_B_kpc: float, R_d_kpc: float
) -> FloatArray:
    """Strength in uG of the halo field B0 exp(-d/z_B), with d the distance from the disc.

    PRL describes "an exponentially decreasing magnetic field"; measuring d to the rim beyond R_d makes
    the halo round off there. A field that falls in |z| alone makes a pancake 75 kpc wide, from which
    particles leave sideways.
    """
    return B0_uG * np.exp(-distance_from_disc_kpc(R_kpc, z_kpc, R_d_kpc) / z_B_kpc)


def reach_kpc(level: LevelFunction, r_max_kpc: float) -> tuple[float, float, float]:
    """(R in the plane, |z| on the axis, largest |z|) up to which a level is negative, at most r_max."""
    s = np.linspace(0.0, r_max_kpc, 10_001)

    def reach(R: np.ndarray, z: np.ndarray) -> float:
        outside = np.flatnonzero(level(R, z) > 0)
        return float(s[outside[0]]) if outside.size else r_max_kpc

    R_reach = reach(s, 0.0 * s)
    z_reach = [reach(R + 0.0 * s, s) for R in np.linspace(0.0, R_reach, 101)]
    return R_reach, z_reach[0], max(z_reach)
