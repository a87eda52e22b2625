"""How much an emissivity at each node of a table counts on the sky: in each pixel, and in parts of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ....fields._jit import entry
from ....fields.cores import cores
from ....fields.units import KPC_CM, FloatArray
from ..sky import (
    SUN_R_KPC,
    SUN_Z_KPC,
    Rays,
    all_rays,
    chunks,
    distance_edges_kpc,
    mirrors,
    nodes_on,
    place_on_ray,
    some_of,
    transmission,
)

# Of rays, whatever the number of threads: sums of other parts would have other bits.
_PARTS = 4


class _Rows(NamedTuple):
    """Rows of weights that each ray counts in: those from `first` on to those of the next ray."""

    first: np.ndarray  # (n_ray + 1,)
    row: np.ndarray
    weight: FloatArray


@entry()
def _weigh_nodes(R_nodes, z_nodes, rays, nodes, sun_R, sun_z, weights):
    """Add the path for which each node of a table counts along rays to rows of `weights`.

    Of each ray the rows from `first` on to those of the next, each with the weight that the ray has there.
    """
    direction, first, row, weight = rays
    s, ds, _ = nodes
    for ray in range(len(direction)):
        i, j = 0, 0
        if first[ray + 1] == first[ray]:
            continue
        for k in range(s.shape[1]):
            there, i, j, f, g = place_on_ray(R_nodes, z_nodes, direction[ray], s[ray, k], sun_R, sun_z, i, j)
            if ds[ray, k] == 0 or not there:
                continue
            for n in range(first[ray], first[ray + 1]):
                path = weight[n] * ds[ray, k]
                seen = weights[row[n]]
                seen[i, j] += path * (1 - f) * (1 - g)
                seen[i, j + 1] += path * (1 - f) * g
                seen[i + 1, j] += path * f * (1 - g)
                seen[i + 1, j + 1] += path * f * g


def _weigh(
    rays: Rays,
    edges: FloatArray,
    nodes_kpc: tuple[FloatArray, FloatArray],
    rows: _Rows,
    weights: FloatArray,
    absorption_per_kpc: float = 0.0,
) -> None:
    """Add rays to rows of `weights`, (rows, nodes in R, nodes in |z|), in kpc."""
    R, z = nodes_kpc
    seen = transmission(edges, absorption_per_kpc, 1)[:, 0]
    for part in chunks(len(rays.pixel)):
        some = some_of(rays, part)
        first = rows.first[part.start : part.start + len(some.pixel) + 1]
        into = (some.direction, first, rows.row, rows.weight)
        nodes = nodes_on(edges, some)
        if absorption_per_kpc > 0.0:
            nodes = nodes._replace(ds=nodes.ds * seen[nodes.step])
        _weigh_nodes(R, z, into, tuple(nodes), SUN_R_KPC, SUN_Z_KPC, weights)


def pixel_weights(
    R_kpc: FloatArray, z_kpc: FloatArray, nside: int, *, r_max_kpc: float, disc_radius_kpc: float
) -> tuple[FloatArray, np.ndarray]:
    """Maps of an emissivity of one at each node of a table and zero at the others, unabsorbed.

    A map of any table (`sky.table_sky_map`) is the sum over its nodes of these: for many tables on the same
    nodes that is much less work.

    Parameters
    ----------
    R_kpc, z_kpc, nside, r_max_kpc, disc_radius_kpc
        As for `sky.table_sky_map`.

    Returns
    -------
    weights : ndarray, shape (n, n_R, n_z)
        Of the pixels on one side of l = 0, in cm sr^-1: times emissivities in GeV^-1 cm^-3 s^-1, intensities.
    at : ndarray of int, shape (12 nside^2,)
        Which of these each pixel is: the sky is the same at l and -l.
    """
    rays = all_rays(nside, r_max_kpc, disc_radius_kpc)
    edges = distance_edges_kpc(rays)
    mirror = mirrors(nside)
    kept, at = np.unique(np.minimum(mirror, np.arange(mirror.size)), return_inverse=True)
    rays = some_of(rays, rays.pixel <= mirror[rays.pixel])
    weights = np.zeros((kept.size, R_kpc.size, z_kpc.size))
    # Each thread has pixels of its own.
    first = kept[np.linspace(0, kept.size, cores() + 1).astype(int)[:-1]]
    ends = [*np.searchsorted(rays.pixel, first), len(rays.pixel)]

    def weigh(part: slice) -> None:
        some = some_of(rays, part)
        rows = _Rows(np.arange(len(some.pixel) + 1), at[some.pixel], some.weight)
        _weigh(some, edges, (R_kpc, z_kpc), rows, weights)

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(weigh, (slice(*each) for each in pairwise(ends))))
    weights *= KPC_CM / (4 * np.pi)
    return weights, at


def weights_of_parts(
    shares: FloatArray,
    nodes_kpc: tuple[FloatArray, FloatArray],
    nside: int,
    *,
    r_max_kpc: float,
    disc_radius_kpc: float,
    absorption_per_kpc: float = 0.0,
) -> FloatArray:
    """Means over parts of the sky of an emissivity of one at each node and zero at the others.

    Parameters
    ----------
    shares : ndarray, shape (n, 12 nside^2)
        How much each pixel counts in each part; they add up to one.
    nodes_kpc, nside, r_max_kpc, disc_radius_kpc
        As for `pixel_weights`.
    absorption_per_kpc : float
        Inverse mean free path of the light in 1/kpc.

    Returns
    -------
    ndarray, shape (n, n_R, n_z)
        In cm sr^-1.
    """
    rays = all_rays(nside, r_max_kpc, disc_radius_kpc)
    edges = distance_edges_kpc(rays)
    mirror = mirrors(nside)
    # What lies at -l counts at l.
    both = shares + np.where(mirror == np.arange(mirror.size), 0.0, shares[:, mirror])
    counts = (rays.pixel <= mirror[rays.pixel]) & np.any(both[:, rays.pixel] > 0, axis=0)
    rays = some_of(rays, counts)

    def weighed(part: slice) -> FloatArray:
        some = some_of(rays, part)
        of_rays = both[:, some.pixel].T * some.weight[:, None]
        ray, row = np.nonzero(of_rays)
        first = np.searchsorted(ray, np.arange(len(some.pixel) + 1))
        weights = np.zeros((len(shares), *(each.size for each in nodes_kpc)))
        rows = _Rows(first, row, of_rays[ray, row])
        _weigh(some, edges, nodes_kpc, rows, weights, absorption_per_kpc)
        return weights

    ends = np.linspace(0, len(rays.pixel), _PARTS + 1).astype(int)
    with ThreadPoolExecutor(cores()) as pool:
        found = pool.map(weighed, (slice(*each) for each in pairwise(ends)))
        return np.sum(list(found), axis=0) * (KPC_CM / (4 * np.pi))
