"""Gamma rays from M31, the nearest large spiral seen from outside: what Fermi-LAT papers report."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..fields.units import GEV_ERG, KPC_CM, FloatArray

M31_DISTANCE_KPC = 780.0
"""Distance with which Pshirkov et al. 2016 turn flux into luminosity."""
M31_INCLINATION_DEG = 77.0
"""Usual inclination of the disc; its atomic hydrogen has 74 deg (Chemin et al. 2009, arXiv:0909.3846)."""

_UNKNOWN = (np.nan, np.nan)


class M31Emission(NamedTuple):
    """A component of M31 as published, NaN where the paper's abstract gives no number.

    Attributes
    ----------
    component, source : str
        What it is, and the paper.
    low_GeV, high_GeV : float
        Range of photon energies.
    radius_deg : float
        Of the uniformly bright circle that was fitted.
    flux_cm2_s, luminosity_erg_s : (value, error)
        Photons and energy in that range.
    extent_kpc : (from, to)
        How far from the centre light was found, between these values.
    """

    component: str
    source: str
    low_GeV: float
    high_GeV: float
    radius_deg: float = np.nan
    flux_cm2_s: tuple[float, float] = _UNKNOWN
    luminosity_erg_s: tuple[float, float] = _UNKNOWN
    extent_kpc: tuple[float, float] = _UNKNOWN


_PSHIRKOV_2015 = "Pshirkov et al. 2015, arXiv:1501.03460"

HALO_CIRCLE = M31Emission("halo", _PSHIRKOV_2015, 0.3, 100.0, 0.9, (3.2e-9, 1.0e-9), (4.0e38, 1.5e38))
"""A circle of 0.9 deg, which is 12 kpc, with the disc apart from it."""
DISC = M31Emission("disc", _PSHIRKOV_2015, 0.3, 100.0, np.nan, (3.3e-10, 1.0e-10), (5e37, np.nan))
"""The disc beside `HALO_CIRCLE`."""
HALO_BUBBLES = M31Emission(
    "halo",
    "Pshirkov et al. 2016, MNRAS 459, L76, arXiv:1603.07245",
    0.3,
    100.0,
    np.nan,
    (2.6e-9, 0.6e-9),
    (3.2e38, 0.6e38),
)
"""The same authors' later fit: two bubbles of 6 to 7.5 kpc above and below the disc, better than a circle."""
BULGE = M31Emission(
    "bulge",
    "Feng et al. 2019, RAA 19, 46, arXiv:1810.10721",
    0.2,
    300.0,
    luminosity_erg_s=(1.16e38, 0.14e38),
)
"""Spectrum E^-2.57 +- 0.17."""
OUTER_HALO = M31Emission(
    "outer halo", "Karwin et al. 2019, ApJ 880, 95, arXiv:1812.02958", 1.0, 100.0, extent_kpc=(120.0, 200.0)
)
"""An excess out to somewhere between 120 and 200 kpc."""

M31_EMISSION = (HALO_CIRCLE, HALO_BUBBLES, DISC, BULGE, OUTER_HALO)


def _moment(power: float, low_GeV: float, high_GeV: float) -> float:
    """Integral of E^(power - 1) dE."""
    if abs(power) < 1e-9:
        return float(np.log(high_GeV / low_GeV))
    return float((high_GeV**power - low_GeV**power) / power)


def mean_E2_intensity(
    flux_cm2_s: ArrayLike,
    radius_deg: float,
    low_GeV: float,
    high_GeV: float,
    *,
    energy_GeV: float = 1.0,
    slope: float = 2.0,
) -> FloatArray:
    """Mean E^2 I in GeV cm^-2 s^-1 sr^-1 of a circle on the sky, from its flux of photons in a range.

    The spectrum is taken as E^-slope; for slope 2 E^2 I is the same at all energies. At 1 GeV the circle of
    `HALO_CIRCLE` has 1.24e-6 with slope 2 and 1.12e-6 with 2.3, the slope with which its flux gives its
    luminosity.

    Parameters
    ----------
    flux_cm2_s : array_like
        Photons between `low_GeV` and `high_GeV`.
    radius_deg : float
        Angular radius of the circle.
    low_GeV, high_GeV : float
        Range of the flux.
    energy_GeV : float
        Where E^2 I is wanted.
    slope : float
        Of the spectrum in number.
    """
    solid_angle = 4 * np.pi * np.sin(np.radians(radius_deg) / 2) ** 2
    per_photon = energy_GeV ** (2.0 - slope) / _moment(1.0 - slope, low_GeV, high_GeV)
    return np.asarray(flux_cm2_s, dtype=float) * per_photon / solid_angle


def luminosity_erg_s(
    flux_cm2_s: ArrayLike, low_GeV: float, high_GeV: float, *, distance_kpc: float, slope: float
) -> FloatArray:
    """Luminosity in the range of a flux of photons with a spectrum E^-slope, 4 pi d^2 times its energy."""
    energy = _moment(2.0 - slope, low_GeV, high_GeV) / _moment(1.0 - slope, low_GeV, high_GeV)
    sphere_cm2 = 4 * np.pi * (distance_kpc * KPC_CM) ** 2
    return np.asarray(flux_cm2_s, dtype=float) * energy * GEV_ERG * sphere_cm2
