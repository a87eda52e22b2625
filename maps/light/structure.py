"""Structure of a sky: multipoles, power spectrum, profiles, and from how far its light comes.

A sky comes as replicas, an array (replica, energy, pixel) in RING order and Galactic coordinates: replica 0
is the estimate of all batches of a run, each of the others leaves one batch out. Errors are those of the
delete-one jackknife. All that is made of maps is relative to the mean of the sky of its own replica.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, lpmv

from ...fields.units import KPC_CM, FloatArray
from ...mc.uncertainty import Estimate
from .sky import SUN_R_KPC, SUN_Z_KPC

_ITERATIONS = 3
_PROFILE_NSIDE = 256
# Sub-cells of `contribution_by_distance`: the smallest, at the Sun, and how each grows over the last.
_NEAREST_KPC, _GROWTH = 1e-5, 1.15
_SHELL_GROWTH = 1.03


def _relative(maps: ArrayLike) -> FloatArray:
    """I/<I>; NaN for a sky without light, as of products above the highest energy."""
    sky = np.asarray(maps, float)
    with np.errstate(invalid="ignore"):
        return sky / sky.mean(axis=-1, keepdims=True)


# -- spherical harmonics -------------------------------------------------------------------


@lru_cache(maxsize=2)
def _harmonics(nside: int) -> tuple[FloatArray, FloatArray]:
    """Real spherical harmonics (n_pix, n_lm) up to l = 2 nside at the pixels, and their l.

    Those with m < 0 go with sin(|m| longitude). No sign (-1)^m: the three of l = 1 are along y, z and x.
    """
    import healpy

    theta, longitude = healpy.pix2ang(nside, np.arange(12 * nside**2))
    l, m = np.array([(l, m) for l in range(2 * nside + 1) for m in range(-l, l + 1)], float).T
    k = np.abs(m)
    norm = np.exp(0.5 * (gammaln(l - k + 1) - gammaln(l + k + 1))) * np.sqrt((2 * l + 1) / (4 * np.pi))
    norm *= np.where(m == 0, 1.0, np.sqrt(2.0)) * (-1.0) ** k
    turn = k * longitude[:, None]
    return norm * lpmv(k, l, np.cos(theta)[:, None]) * np.where(m < 0, np.sin(turn), np.cos(turn)), l


def _fluctuation_alm(maps: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Coefficients (replica, energy, n_lm) of I/<I> - 1, and their l.

    The sum over pixels and three rounds on what it leaves, as healpy.map2alm(iter=3) (Gorski et al. 2005,
    ApJ 622, 759); written as a matrix, for there are a thousand small maps.
    """
    import healpy

    relative = _relative(maps) - 1.0
    sky = relative.reshape(-1, relative.shape[-1])  # one product of matrices, not one for each replica
    Y, l = _harmonics(healpy.npix2nside(sky.shape[-1]))
    to_alm = Y * (4 * np.pi / sky.shape[-1])
    alm = sky @ to_alm
    for _ in range(_ITERATIONS):
        alm += (sky - alm @ Y.T) @ to_alm
    return alm.reshape(*relative.shape[:-1], -1), l


def multipoles(maps: ArrayLike) -> dict[str, Estimate]:
    """Dipole and quadrupole of a sky, each with its error.

    Amplitudes are positive by definition, noise adds to them: what is not well above its error is noise,
    and so is then the direction.

    Parameters
    ----------
    maps : array_like, shape (n_replica, n_energy, 12 nside^2)
        Intensity, in any unit.

    Returns
    -------
    dict of Estimate, each of shape (n_energy,)
        "dipole": the largest value of the l = 1 part of the sky over the mean, sqrt(9 C_1/(4 pi)) with
        C_l that of I/<I>; "dipole_l_deg", "dipole_b_deg": Galactic longitude, 0 to 360, and latitude at
        which it has it; "quadrupole": rms of the l = 2 part over the mean, sqrt(5 C_2/(4 pi)).
    """
    alm, l = _fluctuation_alm(maps)
    y, z, x = np.moveaxis(alm[..., l == 1], -1, 0) * np.sqrt(3 / (4 * np.pi))
    amplitude = np.sqrt(x**2 + y**2 + z**2)
    longitude = np.degrees(np.arctan2(y, x))
    turn = (longitude - longitude[0] + 180) % 360 - 180  # errors do not see the step at 360 deg
    latitude = np.degrees(np.arctan2(z, np.hypot(x, y)))
    quadrupole = np.sqrt(np.sum(alm[..., l == 2] ** 2, axis=-1) / (4 * np.pi))
    return {
        "dipole": Estimate.of(amplitude),
        "dipole_l_deg": Estimate(np.round(longitude[0], 9) % 360, Estimate.of(turn).error),
        "dipole_b_deg": Estimate.of(latitude),
        "quadrupole": Estimate.of(quadrupole),
    }


def power_spectrum(maps: ArrayLike, lmax: int) -> Estimate:
    """C_l of the relative fluctuations I/<I> - 1 of a sky, without the noise of the particles.

    C_l is a square: the noise adds its own. For n batches the mean over the delete-one replicas has n/(n - 1)
    times that, so n value - (n - 1) mean(rest) has none (Quenouille 1956, Biometrika 43, 353); it can be
    negative where there is only noise. Not divided by the window of the pixels.

    Parameters
    ----------
    maps : array_like, shape (n_replica, n_energy, 12 nside^2)
        Intensity, in any unit.
    lmax : int
        At most 2 nside: beyond it pixels mix the multipoles.

    Returns
    -------
    Estimate, of shape (n_energy, lmax + 1)
        From l = 0, where there is next to none, to lmax. With fewer than two batches the noise is still in
        the value, and the error is NaN.

    Raises
    ------
    ValueError
        If `lmax` is beyond 2 nside.
    """
    alm, l = _fluctuation_alm(maps)
    if not 0 <= lmax <= l[-1]:
        raise ValueError(f"lmax = {lmax} is not within 0 and 2 nside = {l[-1]:.0f}")
    C = np.stack([np.mean(alm[..., l == k] ** 2, axis=-1) for k in range(lmax + 1)], axis=-1)
    found = Estimate.of(C)
    batches = len(C) - 1
    if batches < 2:
        return found
    return Estimate(batches * found.value - (batches - 1) * C[1:].mean(axis=0), found.error)


# -- profiles ------------------------------------------------------------------------------


def _profile(maps: ArrayLike, edges: FloatArray, along: str, b_max_deg: float) -> Estimate:
    """Mean of I/<I> between `edges` in "l" or "b"; pixels are cut at them, to a quarter of a degree."""
    import healpy

    sky = _relative(maps)
    nside = healpy.npix2nside(sky.shape[-1])
    fine = max(_PROFILE_NSIDE, nside)
    x, y, z = healpy.pix2vec(fine, np.arange(12 * fine**2))
    parent = healpy.vec2pix(nside, x, y, z)
    b = np.degrees(np.arcsin(z))
    where = b if along == "b" else (np.degrees(np.arctan2(y, x)) - edges[0]) % 360 + edges[0]
    place = np.searchsorted(edges, where, side="right") - 1
    used = (place >= 0) & (place < edges.size - 1) & (np.abs(b) <= b_max_deg)
    share = np.zeros((edges.size - 1, sky.shape[-1]))
    np.add.at(share, (place[used], parent[used]), 1.0)
    if np.any(share.sum(axis=1) == 0) or np.any(np.diff(edges) <= 0):
        raise ValueError(f"edges {edges} deg must increase by a degree or so within the sky")
    share /= share.sum(axis=1, keepdims=True)
    return Estimate.of(sky @ share.T)


def latitude_profile(maps: ArrayLike, edges_deg: ArrayLike) -> Estimate:
    """Mean over all longitudes of I/<I> between edges in latitude b.

    Parameters
    ----------
    maps : array_like, shape (n_replica, n_energy, 12 nside^2)
        Intensity, in any unit.
    edges_deg : array_like, shape (n + 1,)
        Increasing, within -90 and 90.

    Returns
    -------
    value, error : ndarray, each (n_energy, n)

    Raises
    ------
    ValueError
        If edges do not increase, or there is no sky between two of them.
    """
    return _profile(maps, np.asarray(edges_deg, float), "b", 90.0)


def longitude_profile(maps: ArrayLike, edges_deg: ArrayLike, b_max_deg: float = 90.0) -> Estimate:
    """Mean over |b| < `b_max_deg` of I/<I> between edges in longitude l; <I> is that of the whole sky.

    Parameters
    ----------
    maps : array_like, shape (n_replica, n_energy, 12 nside^2)
        Intensity, in any unit.
    edges_deg : array_like, shape (n + 1,)
        Increasing, over at most 360, from any longitude, such as -180.

    Returns
    -------
    value, error : ndarray, each (n_energy, n)

    Raises
    ------
    ValueError
        If edges do not increase, or there is no sky between two of them.
    """
    return _profile(maps, np.asarray(edges_deg, float), "l", b_max_deg)


# -- from how far --------------------------------------------------------------------------


def _sub_cells(nodes: FloatArray, sun: float) -> tuple[FloatArray, FloatArray]:
    """Points and weights of Gauss quadrature, two a cell; nodes bound cells, which shrink at the Sun."""
    end = nodes[-1]
    steps = _NEAREST_KPC * _GROWTH ** np.arange(np.log(end / _NEAREST_KPC) / np.log(_GROWTH))
    shells = end * _SHELL_GROWTH ** -np.arange(np.log(end / 0.1) / np.log(_SHELL_GROWTH))
    edges = np.concatenate([[0.0, sun], nodes, sun - steps, sun + steps, shells])
    edges = np.unique(edges[(edges >= 0) & (edges <= end)])
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    points = np.stack([middle - half / np.sqrt(3), middle + half / np.sqrt(3)], axis=1)
    return points.ravel(), np.repeat(half, 2)


def _hats(nodes: FloatArray, x: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """Index of the node below, and how much of the next; held inside the first node."""
    i = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
    return i, np.maximum((x - nodes[i]) / (nodes[i + 1] - nodes[i]), 0.0)


def ring_weight(R: FloatArray, z: FloatArray) -> FloatArray:
    """Mean intensity per emissivity and area dR d|z| of the rings at z and -z [1/kpc].

    integral R dphi/(16 pi^2 d^2) = R/(8 pi d_near d_far), the distances of the nearest and of the farthest
    point of the ring from the Sun: a - b and a + b are their squares.
    """
    rings = np.zeros(1)
    for side in (z, -z):
        near, far = (np.hypot(R + sign * SUN_R_KPC, side - SUN_Z_KPC) for sign in (-1, 1))
        rings = rings + 1 / (near * far)
    return R * rings / (8 * np.pi)


def contribution_by_distance(
    q: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike, r_kpc: ArrayLike, r_max_kpc: float = 100.0
) -> tuple[FloatArray, FloatArray]:
    """Mean intensity of the sky, and how much of it comes from within a distance of the Galactic centre.

    The mean over the sky of integral q ds/(4 pi) is integral q dV/(16 pi^2 d^2), d being the distance from
    the Sun; over the azimuth, 1/d^2 is integrated in closed form, integral dphi/(a - b cos phi) =
    2 pi/sqrt(a^2 - b^2). What is left goes as 1/distance about the Sun's place in (R, z): the sub-cells
    shrink towards it. The mean is good to 1e-5, or 4e-4 if q jumps at r_max; a part to 1e-3 of the mean,
    and to 4e-3 in a thin disc near the Sun, where a fifth of the light is from 0.1 kpc in r. Linear in q,
    which is that of `table_sky_map`: this is the mean of its map, without absorption.

    Parameters
    ----------
    q : array_like, shape (..., n_R, n_z)
        Axisymmetric and mirror-symmetric emissivity in GeV^-1 cm^-3 s^-1 on nodes; bilinear between them,
        constant inside the first and zero beyond the last.
    R_kpc, z_kpc : array_like
        Increasing nodes, at least two each, z_kpc >= 0.
    r_kpc : array_like, shape (n,)
        Increasing Galactocentric radii.
    r_max_kpc : float
        Radius of the sphere about the Galactic centre in which there is anything to see.

    Returns
    -------
    within : ndarray, shape (..., n)
        Mean intensity from r < r_kpc [GeV^-1 cm^-2 s^-1 sr^-1].
    mean : ndarray, shape (...)
        From everywhere.

    Raises
    ------
    ValueError
        If `r_kpc` does not increase.
    """
    shells = np.tensordot(
        np.asarray(q, float), distance_weights(R_kpc, z_kpc, r_kpc, r_max_kpc), axes=((-2, -1), (1, 2))
    )
    within = np.cumsum(shells, axis=-1)
    return within[..., :-1], within[..., -1]


def distance_weights(
    R_kpc: ArrayLike, z_kpc: ArrayLike, r_kpc: ArrayLike, r_max_kpc: float = 100.0
) -> FloatArray:
    """Sky average of an emissivity of one at each node and zero at the others, by shell about the centre.

    Parameters
    ----------
    R_kpc, z_kpc, r_kpc, r_max_kpc
        As for `contribution_by_distance`.

    Returns
    -------
    ndarray, shape (n + 1, n_R, n_z)
        Shells that end at each radius and, last, what lies beyond them [cm].

    Raises
    ------
    ValueError
        If `r_kpc` does not increase.
    """
    r_cut = np.asarray(r_kpc, float)
    if np.any(np.diff(r_cut) <= 0):
        raise ValueError("r_kpc must increase")
    nodes = [np.asarray(R_kpc, float), np.asarray(z_kpc, float)]
    (R, dR), (z, dz) = (_sub_cells(x, sun) for x, sun in zip(nodes, (SUN_R_KPC, SUN_Z_KPC), strict=True))
    r = np.hypot(R[:, None], z)
    weight = ring_weight(R[:, None], z) * dR[:, None] * dz * (r <= r_max_kpc)
    (i, f), (j, g) = _hats(nodes[0], R), _hats(nodes[1], z)

    shape = (r_cut.size + 1, nodes[0].size, nodes[1].size)
    first = (np.searchsorted(r_cut, r) * shape[1] + i[:, None]) * shape[2] + j
    response = np.zeros(int(np.prod(shape)))
    for step, of_R in ((0, 1 - f), (shape[2], f)):
        for further, of_z in ((0, 1 - g), (1, g)):
            part = weight * of_R[:, None] * of_z
            response += np.bincount((first + step + further).ravel(), part.ravel(), response.size)
    return response.reshape(shape) * KPC_CM
