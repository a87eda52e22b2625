"""Published fluxes to compare with: neutrinos (IceCube) and isotropic gamma rays (Fermi-LAT, KASCADE-Grande).

Every function returns E^2 I in GeV cm^-2 s^-1 sr^-1 against E in GeV. Neutrinos count nu + nubar per flavour.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..fields.units import FloatArray


class Points(NamedTuple):
    """Measured fluxes; a point whose lower end is zero or less is an upper limit at its upper end.

    Attributes
    ----------
    label : str
        Experiment and year, for a legend.
    energy_GeV : ndarray, shape (n, 3)
        Lower edge, logarithmic centre and upper edge of each bin.
    flux : ndarray, shape (n, 3)
        Lower end, value and upper end of E^2 I.
    """

    label: str
    energy_GeV: FloatArray
    flux: FloatArray

    @property
    def is_limit(self) -> np.ndarray:
        return self.flux[:, 0] <= 0


def _points(label: str, low: FloatArray, high: FloatArray, flux: list[FloatArray]) -> Points:
    return Points(label, np.stack([low, np.sqrt(low * high), high], axis=1), np.stack(flux, axis=1))


# E_min, E_max [GeV]; E^2 I per flavour, lower and upper end (68%) [1e-8 GeV cm^-2 s^-1 sr^-1].
# IceCube 2025, arXiv:2507.22234, data release doi:10.7910/DVN/ZBO52I. The release states no flavour
# convention; per flavour agrees with the fits in the paper (1.8e-8 at 100 TeV).
_ICECUBE_COMBINED_2025 = (
    (100, 1000, 0, 0, 27.1),
    (1000, 2154, 0, 0, 14.68),
    (2154, 4642, 0, 0, 3.75),
    (4642, 1e4, 3.105, 1.09, 4.937),
    (1e4, 2.154e4, 3.623, 2.907, 4.812),
    (2.154e4, 4.642e4, 4.582, 4.064, 5.123),
    (4.642e4, 1e5, 2.053, 1.625, 2.441),
    (1e5, 2.154e5, 1.818, 1.438, 2.206),
    (2.154e5, 4.642e5, 0.1041, 0, 0.4061),
    (4.642e5, 1e6, 0.8459, 0.4388, 1.272),
    (1e6, 2.154e6, 0.4258, 0.1621, 0.8131),
    (2.154e6, 4.642e6, 0, 0, 0.2014),
    (4.642e6, 1e7, 0.01516, 0, 0.08604),
    (1e7, 1e8, 0.0779, 0, 0.3459),
)
_ICECUBE_MESE_2025 = (
    (1000, 2154, 0, 0, 5.182),
    (2154, 4642, 5.425, 0, 11.27),
    (4642, 1e4, 3.882, 1.885, 5.94),
    (1e4, 2.154e4, 4.414, 3.503, 5.369),
    (2.154e4, 4.642e4, 5.51, 4.833, 6.227),
    (4.642e4, 1e5, 3.344, 2.841, 3.916),
    (1e5, 2.154e5, 1.549, 1.195, 2.046),
    (2.154e5, 4.642e5, 0.314, 0, 0.6961),
    (4.642e5, 1e6, 0.5935, 0.4048, 1.013),
    (1e6, 2.154e6, 0.3267, 0.1408, 0.6753),
    (2.154e6, 4.642e6, 0, 0, 0.2192),
    (4.642e6, 1e7, 0.2504, 0.09334, 0.4454),
    (1e7, 1e8, 0, 0, 0.7624),
)


def icecube() -> list[Points]:
    """All-sky astrophysical neutrinos per flavour in segments of energy (IceCube 2025, arXiv:2507.22234)."""
    sets = []
    for label, table in (
        ("IceCube tracks + cascades 2025", _ICECUBE_COMBINED_2025),
        ("IceCube MESE 2025", _ICECUBE_MESE_2025),
    ):
        low, high, value, flux_low, flux_high = np.array(table, dtype=float).T
        sets.append(_points(label, low, high, [1e-8 * flux_low, 1e-8 * value, 1e-8 * flux_high]))
    return sets


# Isotropic gamma-ray background, Ackermann et al. 2015, ApJ 799, 86, Table 3, foreground model A. E_min and
# E_max [MeV]; flux in the band, its error (statistics and instrument) up and down, its error from the
# Galactic foreground up and down [1e-10 cm^-2 s^-1 sr^-1].
_FERMI_IGRB_2015 = (
    (100, 141.4, 27690, 5509, 5509, 1279, 9082),
    (141.4, 200, 17010, 4316, 4316, 1054, 5778),
    (200, 282.8, 10570, 3092, 3092, 915.8, 3664),
    (282.8, 400, 6650, 1990, 1990, 722.6, 2388),
    (400, 565.7, 4486, 1007, 1007, 658, 1578),
    (565.7, 800, 3256, 403, 403, 578.5, 1117),
    (800, 1131.4, 1932, 219.3, 219.3, 426.3, 664.2),
    (1131.4, 1600, 1069, 128.5, 128.6, 349.4, 351.8),
    (1600, 2262.7, 603, 82.12, 82.16, 269.9, 270.9),
    (2262.7, 3200, 393.2, 41.48, 41.48, 192.1, 179.7),
    (3200, 4525.5, 233, 30.2, 30.2, 128.5, 111.5),
    (4525.5, 6400, 146.1, 23.84, 23.85, 82.86, 63.89),
    (6400, 9051, 95.81, 14.75, 14.75, 53.77, 37.78),
    (9051, 12800, 76.19, 9.883, 9.884, 31.26, 21.29),
    (12800, 18101.9, 40.39, 5.348, 5.347, 19.78, 10.67),
    (18101.9, 25600, 26.49, 3.265, 3.264, 11.58, 7.089),
    (25600, 36203.9, 15.51, 1.886, 1.884, 6.618, 4.166),
    (36203.9, 51200, 10.51, 1.249, 1.246, 3.755, 2.867),
    (51200, 72407.7, 6.341, 0.792, 0.7888, 2.026, 1.741),
    (72407.7, 102400, 3.606, 0.4997, 0.4959, 1.083, 0.9794),
    (102400, 144815.5, 1.546, 0.2871, 0.2823, 0.5492, 0.4183),
    (144815.5, 204800, 0.9791, 0.204, 0.1988, 0.2674, 0.2565),
    (204800, 289630.9, 0.4716, 0.1364, 0.1309, 0.1307, 0.1226),
    (289630.9, 409600, 0.3197, 0.1087, 0.1023, 0.08778, 0.08313),
    (409600, 579261.9, 0.0733, 0.05661, 0.05146, 0.03778, 0.02907),
    (579261.9, 819200, 0.0004206, 0.02234, 0.02234, 0.02458, 0.01206),
)


def fermi_igrb() -> Points:
    """Isotropic gamma-ray background as E^2 dN/dE (Ackermann et al. 2015, ApJ 799, 86, Table 3, model A).

    A flux F in a band is E^2 dN/dE = F E_min E_max/(E_max - E_min), exact for E^-2 within the band. The
    error adds that of the foreground in quadrature.
    """
    low, high, *fluxes = np.array(_FERMI_IGRB_2015).T
    low, high = 1e-3 * low, 1e-3 * high
    value, up, down, foreground_up, foreground_down = (1e-10 * f * low * high / (high - low) for f in fluxes)
    ends = [value - np.hypot(down, foreground_down), value, value + np.hypot(up, foreground_up)]
    return _points("Fermi-LAT IGRB 2015", low, high, ends)


# Share of gamma rays in all cosmic rays at 3.7 PeV, 90% C.L. (Apel et al. 2017, ApJ 848, 1).
_KASCADE_GRANDE_GeV, _KASCADE_GRANDE_SHARE = 3.7e6, 1.1e-5
# All cosmic rays there, 8.8e-18 GeV^-1 cm^-2 s^-1 sr^-1 falling as E^-2.9 (IceTop, PRD 102, 122001, 2020).
_ALL_PARTICLE, _ALL_PARTICLE_SLOPE = 8.8e-18, 2.9


def pev_gamma_limit() -> Points:
    """Limit on isotropic gamma rays from their share in the cosmic rays (KASCADE-Grande 2017, ApJ 848, 1).

    The share is taken as that of the fluxes above 3.7 PeV; with photons as E^-2 it gives E^2 dN/dE =
    share E I_CR(>E). The flux of cosmic rays is that of IceTop 2020.
    """
    E = np.array([_KASCADE_GRANDE_GeV])
    limit = _KASCADE_GRANDE_SHARE * E**2 * _ALL_PARTICLE / (_ALL_PARTICLE_SLOPE - 1)
    return _points("KASCADE-Grande 2017", E, E, [0 * E, limit, limit])
