"""A galaxy seen from outside: image, mean intensity in rings of projected radius, flux within a radius.

I = integral q ds/(4 pi), in GeV^-1 cm^-2 s^-1 sr^-1 for q in GeV^-1 cm^-3 s^-1; nothing is absorbed. The
emissivity is axisymmetric and mirror-symmetric, given on nodes in R and |z|: bilinear between them, constant
inside the first node, zero beyond the last and beyond a sphere of radius r_max.

Frame: Galactocentric, in kpc, z along the axis. For an inclination i the observer is at
d (0, -sin i, cos i): above the pole at 0, in the plane at 90 deg. On the plane of the sky through the
centre, x runs along the major axis and y along the minor one, in the direction (0, cos i, sin i); the near
side of the disc has y < 0. Rays start from the observer: projected radius rho is seen at the angle
arctan(rho/d) from the centre.

A ray is cut wherever it crosses a node in R or in |z|, and each piece has two Gauss points. What is bilinear
in R and |z| is so integrated, however thin the disc, with no error but the curvature of R(s) in a cell.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import KPC_CM, FloatArray

_RAYS_PER_CHUNK = 256
# Rays of a ring: so many radii, and azimuths in each half. Half of these are evenly spaced, the others lie
# close to the major axis, where a disc seen edge-on is this thick.
_RADII, _AZIMUTHS, _THIN_KPC = 12, 20, 0.05


class _Rays(NamedTuple):
    """Straight lines, each array (n_ray, 1); s is the distance from the point closest to the centre, in kpc.

    z = z0 + u_z s and R^2 = across^2 + slope^2 (s - s_axis)^2.
    """

    impact: FloatArray
    z0: FloatArray
    u_z: FloatArray
    across: FloatArray
    slope: FloatArray
    s_axis: FloatArray

    def R(self, s: FloatArray) -> FloatArray:
        return np.hypot(self.across, self.slope * (s - self.s_axis))

    def height(self, s: FloatArray) -> FloatArray:
        return np.abs(self.z0 + self.u_z * s)

    def cuts(self, R_nodes: FloatArray, z_nodes: FloatArray, r_max: float) -> FloatArray:
        """Increasing s from end to end with all crossings of nodes, (n_ray, n_cut); unmet ones coincide."""
        half = np.sqrt(np.maximum(r_max**2 - self.impact**2, 0.0))
        to_R = np.sqrt(np.maximum(R_nodes**2 - self.across**2, 0.0)) / self.slope
        cuts = [-half, half, self.s_axis, self.s_axis - to_R, self.s_axis + to_R]
        cuts += [(z_nodes - self.z0) / self.u_z, (-z_nodes - self.z0) / self.u_z]
        return np.sort(np.clip(np.concatenate(cuts, axis=1), -half, half), axis=1)


def _rays(x: FloatArray, y: FloatArray, distance_kpc: float, inclination_deg: float) -> _Rays:
    """Rays from the observer through points on the plane of the sky."""
    sin_i, cos_i = np.sin(np.radians(inclination_deg)), np.cos(np.radians(inclination_deg))
    x, y, d = x[:, None], y[:, None], distance_kpc
    length = np.sqrt(d**2 + x**2 + y**2)
    u_x, u_y, u_z = x / length, (y * cos_i + d * sin_i) / length, (y * sin_i - d * cos_i) / length
    x0, y0, z0 = d**2 / length * u_x, d**2 / length * u_y - d * sin_i, d**2 / length * u_z + d * cos_i
    slope = np.maximum(np.hypot(u_x, u_y), 1e-15)  # a ray along the axis stays on it
    u_z = np.where(np.abs(u_z) > 1e-15, u_z, 1e-15)  # one in the plane too
    s_axis = -(x0 * u_x + y0 * u_y) / slope**2
    return _Rays(d * np.hypot(x, y) / length, z0, u_z, np.abs(x0 * u_y - y0 * u_x) / slope, slope, s_axis)


def _cell(nodes: FloatArray, x: FloatArray) -> np.ndarray:
    """Index of the cell that holds x."""
    return np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)


def _node_lengths(rays: _Rays, R_nodes: FloatArray, z_nodes: FloatArray, r_max_kpc: float) -> Any:
    """Sparse (n_ray, n_R n_z): the integral of q along a ray [kpc] is this times q at the nodes."""
    from scipy.sparse import csr_array

    cuts = rays.cuts(R_nodes, z_nodes, r_max_kpc)
    middle, half = 0.5 * (cuts[:, 1:] + cuts[:, :-1]), 0.5 * np.diff(cuts, axis=1)
    R, z = rays.R(middle), rays.height(middle)
    used = (half > 0) & (R < R_nodes[-1]) & (z < z_nodes[-1])
    ray, _ = np.nonzero(used)
    middle, half, i, j = middle[used], half[used], _cell(R_nodes, R[used]), _cell(z_nodes, z[used])
    each = _Rays(*(array[ray, 0] for array in rays))
    weights = np.zeros((4, half.size))
    for s in (middle - half / np.sqrt(3), middle + half / np.sqrt(3)):
        f = np.clip((each.R(s) - R_nodes[i]) / (R_nodes[i + 1] - R_nodes[i]), 0.0, 1.0)
        g = np.clip((each.height(s) - z_nodes[j]) / (z_nodes[j + 1] - z_nodes[j]), 0.0, 1.0)
        weights += half * np.stack([(1 - f) * (1 - g), (1 - f) * g, f * (1 - g), f * g])
    node = i * z_nodes.size + j + np.array([0, 1, z_nodes.size, z_nodes.size + 1])[:, None]
    begin = 4 * np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    shape = (len(used), R_nodes.size * z_nodes.size)
    return csr_array((weights.T.ravel(), node.T.ravel(), begin), shape=shape)


def _checked_nodes(
    R_kpc: ArrayLike, z_kpc: ArrayLike, distance_kpc: float, r_max_kpc: float
) -> tuple[FloatArray, FloatArray]:
    R, z = (np.asarray(nodes, dtype=float) for nodes in (R_kpc, z_kpc))
    for name, nodes in (("R_kpc", R), ("z_kpc", z)):
        if nodes.ndim != 1 or nodes.size < 2 or not np.all(np.diff(nodes) > 0) or nodes[0] < 0:
            raise ValueError(f"{name} must be two or more increasing nodes from 0 or above")
    if not distance_kpc > r_max_kpc:
        raise ValueError(f"distance_kpc = {distance_kpc} must exceed r_max_kpc = {r_max_kpc}")
    return R, z


def _checked_table(table: ArrayLike, R: FloatArray, z: FloatArray) -> FloatArray:
    q = np.asarray(table, dtype=float)
    if q.ndim != 3 or q.shape[:2] != (R.size, z.size):
        raise ValueError(f"table has shape {q.shape}; expected ({R.size}, {z.size}, n_channel)")
    return q


def _checked_edges(ring_edges_kpc: ArrayLike) -> FloatArray:
    edges = np.asarray(ring_edges_kpc, dtype=float)
    if edges.ndim != 1 or edges.size < 2 or edges[0] < 0 or not np.all(np.diff(edges) > 0):
        raise ValueError("ring_edges_kpc must be two or more increasing radii from 0 or above")
    return edges


def outside_image(
    table: ArrayLike,
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    x_kpc: ArrayLike,
    y_kpc: ArrayLike,
    *,
    distance_kpc: float,
    inclination_deg: float,
    r_max_kpc: float,
) -> FloatArray:
    """Intensity at points on the plane of the sky through the centre, one ray each.

    Parameters
    ----------
    table : array_like, shape (n_R, n_z, n_channel)
        Emissivity q in GeV^-1 cm^-3 s^-1.
    R_kpc, z_kpc : array_like
        Increasing nodes, at least two each, from 0 or above.
    x_kpc, y_kpc : array_like, shape (n_x,), (n_y,)
        Offsets from the centre along the major and the minor axis.
    distance_kpc : float
        From the observer to the centre.
    inclination_deg : float
        0 is face-on, 90 edge-on.
    r_max_kpc : float
        Radius of the sphere in which there is anything to see.

    Returns
    -------
    ndarray, shape (n_channel, n_y, n_x)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1.

    Raises
    ------
    ValueError
        If the shapes do not fit, nodes do not increase, or the observer is not outside the sphere.
    """
    R, z = _checked_nodes(R_kpc, z_kpc, distance_kpc, r_max_kpc)
    q = _checked_table(table, R, z).reshape(R.size * z.size, -1)
    # Both halves of the major axis look the same.
    x, column = np.unique(np.abs(np.asarray(x_kpc, dtype=float)), return_inverse=True)
    y = np.asarray(y_kpc, dtype=float)
    rays = _rays(np.tile(x, y.size), np.repeat(y, x.size), distance_kpc, inclination_deg)
    integral = np.empty((len(rays.z0), q.shape[1]))
    for begin in range(0, len(integral), _RAYS_PER_CHUNK):
        part = slice(begin, begin + _RAYS_PER_CHUNK)
        integral[part] = _node_lengths(_Rays(*(array[part] for array in rays)), R, z, r_max_kpc) @ q
    return np.moveaxis(integral.reshape(y.size, x.size, -1)[:, column], 2, 0) * (KPC_CM / (4 * np.pi))


def ring_solid_angle_sr(ring_edges_kpc: ArrayLike, distance_kpc: float) -> FloatArray:
    """Solid angle 2 pi (cos theta_in - cos theta_out) of each ring, tan theta = edge/distance, (n_ring,)."""
    # 1 - cos theta without the loss of digits at small angles
    squared = (_checked_edges(ring_edges_kpc) / distance_kpc) ** 2
    root = np.sqrt(1 + squared)
    return 2 * np.pi * np.diff(squared / (root * (1 + root)))


def _azimuths(radius: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Angles from the major axis in (0, pi/2) and weights that add up to 1, each (n_radius, n_azimuth)."""
    node, gauss = np.polynomial.legendre.leggauss(_AZIMUTHS)
    width = _THIN_KPC / radius[:, None]
    whole = np.arcsinh(np.pi / 2 / width)
    fine = np.pi / 2 * np.linspace(0.0, 1.0, 2001) ** 4
    count = np.arcsinh(fine / width) / whole + fine / (np.pi / 2)
    angle = np.array([np.interp(1 + node, row, fine) for row in count])
    weight = gauss / (1 / np.hypot(angle, width) / whole + 2 / np.pi)
    return angle, weight / weight.sum(axis=1, keepdims=True)


def _ring_points(
    inner: float, outer: float, distance_kpc: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points (x, y) in the half of a ring with x > 0, and weights in solid angle that add up to 1."""
    node, gauss = np.polynomial.legendre.leggauss(_RADII)
    radius = 0.5 * (inner + outer) + 0.5 * (outer - inner) * node
    by_radius = gauss * radius / (distance_kpc**2 + radius**2) ** 1.5
    angle, weight = _azimuths(radius)
    weight *= 0.5 * by_radius[:, None] / by_radius.sum()
    x, y = (np.ravel(radius[:, None] * part) for part in (np.cos(angle), np.sin(angle)))
    return np.tile(x, 2), np.concatenate([y, -y]), np.tile(weight.ravel(), 2)


def ring_response(
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    ring_edges_kpc: ArrayLike,
    *,
    distance_kpc: float,
    inclination_deg: float,
    r_max_kpc: float,
) -> FloatArray:
    """Mean intensity of each ring per unit emissivity at each node.

    For many channels make it once: the profile is ``numpy.tensordot(response, table, axes=2)``.

    Parameters
    ----------
    R_kpc, z_kpc, distance_kpc, inclination_deg, r_max_kpc
        As for `outside_image`.
    ring_edges_kpc : array_like, shape (n_ring + 1,)
        Increasing projected radii.

    Returns
    -------
    ndarray, shape (n_ring, n_R, n_z)
        In cm sr^-1, averaged over the solid angle of the ring.

    Raises
    ------
    ValueError
        If nodes or edges do not increase, or the observer is not outside the sphere.
    """
    R, z = _checked_nodes(R_kpc, z_kpc, distance_kpc, r_max_kpc)
    edges = _checked_edges(ring_edges_kpc)
    response = np.empty((edges.size - 1, R.size, z.size))
    for ring, (inner, outer) in enumerate(pairwise(edges)):
        x, y, weight = _ring_points(inner, outer, distance_kpc)
        lengths = _node_lengths(_rays(x, y, distance_kpc, inclination_deg), R, z, r_max_kpc)
        response[ring] = (lengths.T @ weight).reshape(R.size, z.size)
    return response * (KPC_CM / (4 * np.pi))


def radial_profile(
    table: ArrayLike,
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    ring_edges_kpc: ArrayLike,
    *,
    distance_kpc: float,
    inclination_deg: float,
    r_max_kpc: float,
) -> FloatArray:
    """Mean intensity in rings of projected radius.

    Good to 1e-4 where the emissivity has no jump; a few per cent of the disc in the ring that holds its rim,
    if no edge of the rings lies there.

    Parameters
    ----------
    table, R_kpc, z_kpc, distance_kpc, inclination_deg, r_max_kpc
        As for `outside_image`.
    ring_edges_kpc : array_like, shape (n_ring + 1,)
        Increasing projected radii.

    Returns
    -------
    ndarray, shape (n_channel, n_ring)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1.

    Raises
    ------
    ValueError
        As `ring_response`, or if the table does not fit its nodes.
    """
    R, z = _checked_nodes(R_kpc, z_kpc, distance_kpc, r_max_kpc)
    q = _checked_table(table, R, z)
    response = ring_response(
        R,
        z,
        ring_edges_kpc,
        distance_kpc=distance_kpc,
        inclination_deg=inclination_deg,
        r_max_kpc=r_max_kpc,
    )
    return np.tensordot(response, q, axes=2).T


def flux_within(profile: ArrayLike, ring_edges_kpc: ArrayLike, distance_kpc: float) -> FloatArray:
    """Flux from the first edge out to the outer edge of each ring.

    Parameters
    ----------
    profile : array_like, shape (..., n_ring)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1 from `radial_profile`.
    ring_edges_kpc : array_like, shape (n_ring + 1,)
        Edges of its rings.
    distance_kpc : float
        From the observer to the centre.

    Returns
    -------
    ndarray, shape (..., n_ring)
        Flux in GeV^-1 cm^-2 s^-1.
    """
    solid_angle = ring_solid_angle_sr(ring_edges_kpc, distance_kpc)
    return np.cumsum(np.asarray(profile, dtype=float) * solid_angle, axis=-1)
