"""Regions of the sky in which measurements were made, and what a run shines there.

A mean over a region is that of the map, each pixel counted with the share of its area that lies inside, times
what the pixels cannot resolve: the mean of the unabsorbed light along rays that are close enough for the
thin disc, over that along the rays of the map. The same weights of cells give the statistical error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import FloatArray
from ...mc.uncertainty import Estimate, value_and_error
from .rays.weights import weights_of_parts
from .sky_model import ComponentMaps, SkyModel

# The mean over a strip of 10 deg about the plane is within 0.1% of that with four times as many pixels.
_FINE_NSIDE = 64
# Parts of pixels are taken to lie in a corner of a region by one edge after the other.
_CUT_NSIDE = 128


class Region(NamedTuple):
    """Part of the sky between two longitudes and between two distances from the plane.

    Attributes
    ----------
    l_deg : (from, to)
        Galactic longitudes, eastwards from the first.
    b_deg : (from, to)
        Distances from the Galactic plane, |b|.
    source : str
        Who measured there.
    left_out : str
        What of it they did not look at; means here are of the whole region, for their masks are not known.
    """

    l_deg: tuple[float, float]
    b_deg: tuple[float, float]
    source: str
    left_out: str = ""

    def __str__(self) -> str:
        """Its limits."""
        l, b = self.l_deg, self.b_deg
        limits = [f"{l[0]:g} < l < {l[1]:g}"] if l[1] - l[0] < 360.0 else []
        if b != (0.0, 90.0):
            limits.append(f"|b| < {b[1]:g}" if b[0] == 0.0 else f"|b| > {b[0]:g}")
        return f"{', '.join(limits)} deg" if limits else "whole sky"

    def contains(self, l_deg: ArrayLike, b_deg: ArrayLike) -> np.ndarray:
        """Whether directions lie in it; an array of the shape of the Galactic coordinates."""
        past, away = np.mod(np.asarray(l_deg) - self.l_deg[0], 360.0), np.abs(b_deg)
        along = past < self.l_deg[1] - self.l_deg[0]
        return along & (away >= self.b_deg[0]) & (away <= self.b_deg[1])

    @property
    def solid_angle_sr(self) -> float:
        """Both sides of the plane together."""
        low, high = np.sin(np.radians(self.b_deg))
        return float(2.0 * np.radians(self.l_deg[1] - self.l_deg[0]) * (high - low))

    def shares(self, nside: int) -> FloatArray:
        """Share of the area of each pixel that lies in it, (12 nside^2,), RING order.

        They add up to the solid angle over that of a pixel, to 0.02% at any `nside`.
        """
        return _shares(self, nside)


@lru_cache(maxsize=16)
def _shares(region: Region, nside: int) -> FloatArray:
    """Shares in longitude times those in latitude, of parts so small that no corner matters."""
    import healpy

    fine = max(_CUT_NSIDE, nside)
    l, b = healpy.pix2ang(fine, np.arange(12 * fine**2), nest=True, lonlat=True)
    parts = _along(region, l, fine) * _across(region, np.sin(np.radians(b)), fine)
    nested = parts.reshape(12 * nside**2, -1).mean(axis=1)
    return np.asarray(nested[healpy.ring2nest(nside, np.arange(12 * nside**2))])


def _below(t: FloatArray) -> FloatArray:
    """Share of a diamond that lies below a cut at t half-heights above its centre.

    Pixels are diamonds in (l, sin b) up to |b| = 41.8 deg, centre to corner 45 deg/nside and 2/(3 nside).
    """
    t = np.clip(t, -1.0, 1.0)
    return 0.5 + t - 0.5 * t * np.abs(t)


def _along(region: Region, l_deg: FloatArray, nside: int) -> FloatArray:
    width = region.l_deg[1] - region.l_deg[0]
    if width >= 360.0:
        return np.ones_like(l_deg)
    behind = 180.0 - 0.5 * width
    past = np.mod(l_deg - region.l_deg[0] + behind, 360.0) - behind
    return _below((width - past) * nside / 45.0) - _below(-past * nside / 45.0)


def _across(region: Region, sin_b: FloatArray, nside: int) -> FloatArray:
    def within(b_deg: float) -> FloatArray:
        edge = np.sin(np.radians(b_deg)) if b_deg < 90.0 else np.inf
        return _below((edge - sin_b) * 1.5 * nside) - _below((-edge - sin_b) * 1.5 * nside)

    return within(region.b_deg[1]) - within(region.b_deg[0])


_SOURCES = "known sources, which were masked"
REGIONS: Mapping[str, Region] = {
    "lhaaso-inner": Region((15.0, 125.0), (0.0, 5.0), "LHAASO-KM2A, PRL 131, 151001 (2023)", _SOURCES),
    "lhaaso-outer": Region((125.0, 235.0), (0.0, 5.0), "LHAASO-KM2A, PRL 131, 151001 (2023)", _SOURCES),
    "tibet-inner": Region((25.0, 100.0), (0.0, 5.0), "Tibet ASgamma, PRL 126, 141101 (2021)", _SOURCES),
    "tibet-outer": Region((50.0, 200.0), (0.0, 5.0), "Tibet ASgamma, PRL 126, 141101 (2021)", _SOURCES),
    "high-latitudes": Region((0.0, 360.0), (20.0, 90.0), "Fermi-LAT, ApJ 799, 86 (2015)"),
    "whole-sky": Region((0.0, 360.0), (0.0, 90.0), "IceCube"),
}
"""Regions by name, their limits in Galactic coordinates."""


def means_over(
    model: SkyModel, secondary: str, sky: ComponentMaps, regions: Sequence[Region]
) -> list[dict[str, Estimate]]:
    """Mean intensity in regions, of each component of a sky and of their "total".

    Parameters
    ----------
    model : SkyModel
        What the sky was made of.
    secondary : {"neutrino", "gamma"}
        Of the sky.
    sky : ComponentMaps
        Its maps; of any nside.
    regions : sequence of Region

    Returns
    -------
    list of dict of Estimate
        Of each region, (energies,) each, in GeV^-1 cm^-2 s^-1 sr^-1.
    """
    import healpy

    nside = healpy.npix2nside(sky.maps["disc"].shape[-1])
    per_H = model.emissivity_per_H(secondary, sky.energy_GeV)
    fine = model.seen_by(_weights_of(model, regions, _FINE_NSIDE), per_H)
    best = {side: cells[:, :, :1] for side, cells in per_H.items()}
    coarse = model.seen_by(_weights_of(model, regions, nside), best)
    maps = {name: np.asarray(each, float) for name, each in sky.maps.items()}
    found: list[dict[str, Estimate]] = []
    for at, region in enumerate(regions):
        shares = region.shares(nside) / region.shares(nside).sum()
        means, replicas = {}, {}
        for name, each in maps.items():
            # By what absorption takes, of all replicas alike.
            seen, unabsorbed = each @ shares, coarse[name][0, :, at]
            dimmed = np.divide(seen, unabsorbed, out=np.zeros_like(seen), where=unabsorbed > 0)
            replicas[name] = fine[name][..., at] * dimmed
        replicas["total"] = np.sum(list(replicas.values()), axis=0)
        for name, each in replicas.items():
            means[name] = Estimate(*value_and_error(each), sky.energy_GeV)
        found.append(means)
    return found


def _weights_of(model: SkyModel, regions: Sequence[Region], nside: int) -> FloatArray:
    """`region_weights` of the geometry of a model, found once for all that it shines."""
    key = ("regions", tuple(regions), nside)
    if key not in model.geometry:
        end = {"r_max_kpc": model.medium.table.r_max, "disc_radius_kpc": model.disc_radius_kpc}
        model.geometry[key] = region_weights(regions, model.nodes_kpc, nside, **end)
    return model.geometry[key]


def region_weights(
    regions: Sequence[Region],
    nodes_kpc: tuple[FloatArray, FloatArray],
    nside: int,
    *,
    r_max_kpc: float,
    disc_radius_kpc: float,
    absorption_per_kpc: float = 0.0,
) -> FloatArray:
    """Means over regions of an emissivity of one at each node and zero at the others.

    As `weights_of_parts`, (regions, nodes in R, nodes in |z|).
    """
    shares = np.array([region.shares(nside) for region in regions])
    shares /= shares.sum(axis=1, keepdims=True)
    end = {"r_max_kpc": r_max_kpc, "disc_radius_kpc": disc_radius_kpc}
    return weights_of_parts(shares, nodes_kpc, nside, absorption_per_kpc=absorption_per_kpc, **end)
