"""Absorption of gamma rays by pair production on light of stars and dust, which differs from place to place.

At the Sun it is a sum of diluted black bodies, which Delahaye et al. (2010, arXiv:1002.1910) fitted to the
model of Porter & Strong. Elsewhere it is that of a disc of dust, exp(-R/3.3 kpc - |z|/0.09 kpc), warm dust
after Misiriotis et al. (2006, astro-ph/0607638), seen without extinction: light of 100 um, which absorbs
most, meets hardly any. All black bodies share that shape; those above 1000 K take less than 1% between
the Sun and the Galactic centre.

At 100 TeV 24% is lost between the two, and Moskalenko, Porter & Strong (2006, ApJ 640, L155) find about 25%;
with the 5 kpc of cold dust it would be 17%.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import RegularGridInterpolator

from ...fields.units import FloatArray
from .absorption import black_body_absorption_per_kpc, black_body_eV_cm3
from .sky import (
    SUN_KPC,
    SUN_R_KPC,
    SUN_Z_KPC,
    Nodes,
    _integrate_table,
    _map_of_rays,
    lit_channels,
    whole_blocks,
)

GREY_BODIES: tuple[tuple[float, float], ...] = (
    (33.07, 4.5e-5),
    (313.32, 1.2e-9),
    (3249.3, 7.03e-13),
    (6150.4, 3.39e-14),
    (23209.0, 8.67e-17),
)
"""Light at the Sun: temperatures in K, and the share of a black body that there is of each."""

STARLIGHT_EV_CM3 = float(sum(share * black_body_eV_cm3(T) for T, share in GREY_BODIES))
"""Energy density of that."""

DISC_SCALE_KPC, DISC_HEIGHT_KPC = 3.3, 0.09
# Beyond this many scales there is no disc.
_MOST_SCALES = 25.0
# So few that what is known of their points stays in the processor's cache.
_RAYS_AT_ONCE = 8


def starlight_absorption_per_kpc(energy_GeV: ArrayLike) -> FloatArray:
    """Inverse mean free path in 1/kpc of a gamma ray in the light of stars and dust at the Sun.

    Times `starlight_over_local` it is that elsewhere. The light is taken as isotropic, which that of a disc
    is not: gamma rays that leave it with its light meet little of it, those that come back meet it head-on.
    At 100 TeV the optical depth to the Galactic centre should be 0.87 of this (0.24 in place of 0.27), to the
    poles and the anticentre 1.8 and 1.7 times this (0.08 and 0.09 in place of 0.04 and 0.05): up to 4% of the
    gamma rays, in any direction. Same shape as `energy_GeV`.
    """
    return np.sum([share * black_body_absorption_per_kpc(energy_GeV, T) for T, share in GREY_BODIES], axis=0)


def starlight_over_local(R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
    """Density of that light over the one at the Sun.

    The integral of exp(-R'/h - |z'|/h_z)/d^2 over the disc, d the distance to it. Good to 0.1%.

    Parameters
    ----------
    R_kpc, z_kpc : array_like, (n_R,) and (n_z,)

    Returns
    -------
    ndarray, shape (n_R, n_z)
    """
    R, z = (np.atleast_1d(np.asarray(each, dtype=float)) for each in (R_kpc, z_kpc))
    density = np.stack([_density_of_disc(R, abs(height)) for height in z], axis=-1)
    return density / _density_of_disc(np.array([SUN_R_KPC]), SUN_Z_KPC)[0]


def _density_of_disc(R: FloatArray, z: float) -> FloatArray:
    """Light at radii `R` and height `z`, ring by ring: the mean of 1/d^2 over a ring is 1/(d_near d_far).

    With R' = R + gap sinh t, gap being z - z', dR'/d_near is dt: nothing is singular.
    """
    # Finer where the disc is, and where the point is: the sum over heights diverges there as a logarithm.
    around = DISC_HEIGHT_KPC * np.concatenate(
        [np.linspace(0.0, 4.0, 21), np.geomspace(4.3, _MOST_SCALES, 12)]
    )
    near = np.geomspace(1e-3, 1.0, 20)
    edges = np.unique(np.concatenate([-around, around, z - near, [z], z + near]))
    height, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    layer = width * np.exp(-np.abs(height) / DISC_HEIGHT_KPC)
    gap = np.abs(z - height)[:, None, None]
    low, high = (np.arcsinh((ring - R[:, None]) / gap) for ring in (0.0, _MOST_SCALES * DISC_SCALE_KPC))
    x, w = np.polynomial.legendre.leggauss(40)
    ring = R[:, None] + gap * np.sinh((low + high) / 2 + (high - low) / 2 * x)
    light = ring * np.exp(-ring / DISC_SCALE_KPC) / np.hypot(R[:, None] + ring, gap)
    return np.asarray(layer @ ((light * w).sum(axis=-1) * ((high - low) / 2)[..., 0]))


@cache
def _log_profile() -> RegularGridInterpolator:
    """Logarithm of `starlight_over_local` between nodes in R and |z|, closer where it is steep."""
    R, z = (scale * np.sinh(np.linspace(0.0, np.arcsinh(1e3 / scale), 90)) for scale in (0.5, 0.05))
    return RegularGridInterpolator((R, z), np.log(starlight_over_local(R, z)))


def column_kpc(nodes: Nodes, direction: FloatArray) -> FloatArray:
    """Integral of `starlight_over_local` along rays from the Sun to each of their points, (n_ray, n_node)."""
    x, y, z = np.moveaxis(nodes.s[..., None] * direction[:, None, :] + SUN_KPC, -1, 0)
    steps = np.exp(_log_profile()((np.hypot(x, y), np.abs(z)))) * nodes.ds
    return np.asarray(np.cumsum(steps, axis=1) - steps / 2)


def starlight_sky_map(
    table: FloatArray,
    R_kpc: FloatArray,
    z_kpc: FloatArray,
    nside: int,
    *,
    absorption_per_kpc: FloatArray,
    starlight_per_kpc: FloatArray,
    r_max_kpc: float = 100.0,
    disc_radius_kpc: float | None = 10.0,
) -> FloatArray:
    """`table_sky_map` with light of stars and dust on the way.

    Parameters
    ----------
    table, R_kpc, z_kpc, nside, r_max_kpc, disc_radius_kpc
        As for `table_sky_map`.
    absorption_per_kpc, starlight_per_kpc : ndarray, shape (n_channel,)
        Inverse mean free paths in 1/kpc: of what is the same everywhere, and in that light at the Sun.

    Returns
    -------
    ndarray, shape (n_channel, 12 nside^2)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1.
    """
    channels, q = table.shape[2], whole_blocks(table)
    per_kpc = whole_blocks(-np.stack([absorption_per_kpc, starlight_per_kpc]))
    lit = lit_channels(q)

    def along_rays(direction: FloatArray, nodes: Nodes) -> FloatArray:
        integral = np.zeros((len(direction), q.shape[2]))
        for first in range(0, len(direction), _RAYS_AT_ONCE):
            part = slice(first, first + _RAYS_AT_ONCE)
            s, ds, step = (each[part] for each in nodes)
            columns = np.stack([s, column_kpc(Nodes(s, ds, step), direction[part])], axis=-1)
            seen = columns.reshape(-1, 2) @ per_kpc
            np.exp(seen, out=seen)
            # The kernel looks transmissions up by step: here each point of each ray has its own.
            of_points = (s, ds, np.arange(s.size).reshape(s.shape))
            sun = (SUN_R_KPC, SUN_Z_KPC)
            _integrate_table(q, R_kpc, z_kpc, lit, seen, direction[part], of_points, *sun, integral[part])
        return integral

    along = _map_of_rays(lambda edges: along_rays, nside, r_max_kpc, disc_radius_kpc, axisymmetric=True)
    return along[:channels]
