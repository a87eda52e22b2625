"""What theory says of diffusion in given turbulence: quasi-linear, resonant, Bohm, small angles.

All functions take a `Turbulence` and momenta [GeV/c] and return kpc^2/Myr. Larmor radii are those in the
reference field of the turbulence.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import jv, jvp

from ..units import C_KPC_MYR, FloatArray, speed_kpc_Myr
from ..waves.streaming import larmor_radius_kpc
from .synthetic import SLAB_SHARE, Turbulence

_COSINES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
# mu = t^3 puts nodes where the resonance runs off to short waves.
_MU = (0.5 * (_COSINES + 1.0)) ** 3
_DMU = 0.5 * _WEIGHTS * 3.0 * (0.5 * (_COSINES + 1.0)) ** 2
# Waves in a sum over those in all directions, and what stands for zero under a root there.
_WAVES, _SMALL = 1600, 1e-12

# D/(c Lmax) against r_L/l_c, r_L in the rms field: isotropic Kolmogorov turbulence without a mean field,
# wavelengths 1e-3 to 1 Lmax; published values, good to 20%.
KOLMOGOROV_WAVELENGTHS = (1e-3, 1.0)
KOLMOGOROV_D = {0.1: 0.0111, 0.2: 0.0173, 0.5: 0.0413, 1.0: 0.0927, 2.0: 0.289, 5.0: 1.73}


def _radius_and_speed(turbulence: Turbulence, p_GeV: ArrayLike) -> tuple[FloatArray, FloatArray]:
    r_L = larmor_radius_kpc(p_GeV, turbulence.reference_field_uG)
    return r_L, np.asarray(speed_kpc_Myr(p_GeV), float)


def bohm_D(turbulence: Turbulence, p_GeV: ArrayLike) -> FloatArray:
    """r_L v/3."""
    r_L, v = _radius_and_speed(turbulence, p_GeV)
    return r_L * v / 3.0


def resonant_D(turbulence: Turbulence, p_GeV: ArrayLike) -> FloatArray:
    """r_L v/(3 F) with F at k = 1/r_L (REV Eq. 3); infinite where no wave is in resonance."""
    r_L, v = _radius_and_speed(turbulence, p_GeV)
    with np.errstate(divide="ignore"):
        return r_L * v / (3.0 * turbulence.F(1.0 / r_L))


def pitch_angle_D(turbulence: Turbulence, p_GeV: float, mu: ArrayLike) -> FloatArray:
    """Quasi-linear D_mumu [1/Myr] of slab waves: (pi/4) (1 - mu^2) F(1/(r_L |mu|)) v/r_L."""
    r_L, v = _radius_and_speed(turbulence, p_GeV)
    cosine = np.abs(np.asarray(mu, float))
    with np.errstate(divide="ignore"):
        F = turbulence.F(1.0 / (r_L * cosine))
    return 0.25 * math.pi * (1.0 - cosine**2) * F * v / r_L


def isotropic_pitch_angle_D(turbulence: Turbulence, p_GeV: float, mu: ArrayLike) -> FloatArray:
    """Quasi-linear D_mumu [1/Myr] of waves in all directions, half of them in each polarisation.

    (pi/4) (1 - mu^2) (v/r_L) times the integral over ln k of F/(k r_L |mu|) times the sum over the harmonics
    n, of both signs, whose waves lie at the cosine eta = n/(k r_L |mu|) to the field:
    (n J_n(x)/x)^2 + (eta J_n'(x))^2, x = k r_L [(1 - mu^2) (1 - eta^2)]^(1/2). It falls as |mu| towards 90
    degrees, while that of slab waves stays. Waves beyond the range of the turbulence are not there.
    """
    r_L, v = _radius_and_speed(turbulence, p_GeV)
    cosine = np.abs(np.asarray(mu, float))
    low, high = (k * float(r_L) for k in turbulence.k_range_kpc)
    # Between its harmonics the sum is smooth; each begins with a step.
    k_r_L = np.geomspace(low, high, 2 * _WAVES + 1)[1::2]
    F = turbulence.F(k_r_L / r_L) * math.log(high / low) / _WAVES
    along = np.multiply.outer(cosine, k_r_L)
    total = np.zeros_like(cosine)
    for n in range(1, math.floor(high * cosine.max(initial=0.0)) + 1):
        eta = np.divide(n, along, out=np.ones_like(along), where=along >= n)
        x = k_r_L * np.sqrt(np.maximum((1.0 - cosine[..., None] ** 2) * (1.0 - eta**2), _SMALL))
        each = (n * jv(n, x) / x) ** 2 + (eta * jvp(n, x)) ** 2
        total += np.where(along >= n, 2.0 * F * each / np.maximum(along, n), 0.0).sum(axis=-1)
    return 0.25 * math.pi * (1.0 - cosine**2) * total * v / r_L


def broadened_D(turbulence: Turbulence, p_GeV: float) -> float:
    """Quasi-linear D along the mean field of waves in all directions, with broadened resonances [kpc^2/Myr].

    (v^2/8) int (1 - mu^2)^2/D_mumu dmu; D_mumu/(1 - mu^2) is no smaller than at |mu| = (dB/B)^(1/2), below
    which waves mirror particles. Infinite where no wave is in resonance there. Within 25% of tracks for F of
    1e-3 to 0.03, and below them for more.
    """
    _, v = _radius_and_speed(turbulence, p_GeV)
    broad = min(math.sqrt(turbulence.rms_uG / turbulence.mean_field_uG), 1.0)
    cosines, weights = np.polynomial.legendre.leggauss(24)
    mu = np.append(broad, broad + (1.0 - broad) * 0.5 * (cosines + 1.0))
    share = np.append(broad - broad**3 / 3.0, 0.5 * (1.0 - broad) * weights * (1.0 - mu[1:] ** 2))
    mu = np.minimum(mu, 1.0 - 1e-9)  # where both D_mumu and 1 - mu^2 vanish
    with np.errstate(divide="ignore"):
        each = share * (1.0 - mu**2) / isotropic_pitch_angle_D(turbulence, p_GeV, mu)
    return float(0.25 * v**2 * each[share > 0.0].sum())


def has_quasi_linear(turbulence: Turbulence) -> bool:
    """Whether there is a mean field, and waves along it."""
    return turbulence.mean_field_uG > 0.0 and turbulence.geometry in ("slab", "composite")


def quasi_linear_D(turbulence: Turbulence, p_GeV: ArrayLike) -> FloatArray:
    """Quasi-linear D along the mean field, by slab waves: v r_L/(2 pi) int (1 - mu^2)/F(1/(r_L |mu|)) dmu.

    (2/pi) r_L v/(3 F) where F is flat, 2.46 times r_L v/(3 F) for Kolmogorov. Pitch angles whose waves are
    longer or shorter than all there are take those at the end of the range: theory alone would give no
    scattering there, and D without end.

    Of a composite, F is that of its slab waves.

    Raises
    ------
    ValueError
        Without a mean field, or waves along it.
    """
    if not has_quasi_linear(turbulence):
        raise ValueError("quasi-linear theory needs a mean field, and slab waves")
    return _quasi_linear(turbulence, p_GeV) / (SLAB_SHARE if turbulence.geometry == "composite" else 1.0)


def _quasi_linear(turbulence: Turbulence, p_GeV: ArrayLike) -> FloatArray:
    r_L, v = _radius_and_speed(turbulence, p_GeV)
    k = 1.0 / (r_L[..., None] * _MU)
    integral = (2.0 * _DMU * (1.0 - _MU**2) / turbulence.F(np.clip(k, *turbulence.k_range_kpc))).sum(axis=-1)
    return v * r_L / (2.0 * math.pi) * integral


def small_angle_D(turbulence: Turbulence, p_GeV: ArrayLike) -> FloatArray:
    """(2/3) v r_L^2/l_c, for r_L far above l_c without a mean field."""
    r_L, v = _radius_and_speed(turbulence, p_GeV)
    return 2.0 / 3.0 * v * r_L**2 / turbulence.correlation_length_kpc


def expected_D(turbulence: Turbulence, p_GeV: ArrayLike) -> FloatArray:
    """An estimate to plan with: quasi-linear, or without a mean field r_L v/(9 F) + (2/3) v r_L^2/l_c.

    Isotropic waves about a mean field are taken as slab waves.
    The second is within 20% of tracks in isotropic Kolmogorov turbulence at r_L/l_c = 0.1 to 5.
    """
    if has_quasi_linear(turbulence):
        return quasi_linear_D(turbulence, p_GeV)
    if turbulence.mean_field_uG > 0.0:
        return _quasi_linear(turbulence, p_GeV)
    resonant = resonant_D(turbulence, p_GeV)
    return np.where(np.isfinite(resonant), resonant / 3.0, 0.0) + small_angle_D(turbulence, p_GeV)


def power_law_D(
    p_GeV: ArrayLike,
    height_kpc: ArrayLike,
    D0_kpc2_Myr: float,
    R0_GV: float,
    delta: float,
    R_break_GV: float,
    delta_high: float,
    smoothness: float,
    eta: float,
    scale_kpc: float = math.inf,
) -> FloatArray:
    """D0 (v/c)^eta (R/R0)^delta, beyond a break as R^delta_high [kpc^2/Myr], of protons of rigidity R = pc/e.

    The break is [1 + (R/R_break)^((delta - delta_high)/smoothness)]^-smoothness (Genolini et al. 2019, PRD
    99, 123028). Above the disc D grows by e over `scale_kpc`.
    """
    R = np.asarray(p_GeV, float)
    bend = np.logaddexp(0.0, (delta - delta_high) / smoothness * np.log(R / R_break_GV))
    growth = np.exp(np.asarray(height_kpc, float) / scale_kpc - smoothness * bend)
    return D0_kpc2_Myr * (speed_kpc_Myr(R) / C_KPC_MYR) ** eta * (R / R0_GV) ** delta * growth


def two_zone_D(
    p_GeV: ArrayLike,
    height_kpc: ArrayLike,
    D0_kpc2_Myr: float,
    p0_GeV: float,
    slope_disc: float,
    slope_halo: float,
    thickness_kpc: float,
) -> FloatArray:
    """D = D0 (v/c) (p/p0)^slope [kpc^2/Myr], the slope another near the disc (Tomassetti 2012, ApJ 752, L13).

    The slope goes from one to the other about the height `thickness_kpc`, over half of that.
    """
    p = np.asarray(p_GeV, float)
    above = 0.5 * (1.0 + np.tanh((np.asarray(height_kpc, float) / thickness_kpc - 1.0) / 0.25))
    slope = slope_disc + (slope_halo - slope_disc) * above
    return D0_kpc2_Myr * speed_kpc_Myr(p) / C_KPC_MYR * (p / p0_GeV) ** slope
