"""Protons that stream through the waves they excite, while the waves carry them: both, layer by layer.

Of the flux J of protons through a layer the waves carry u n; what is left, -D dn/dz = J - u n, excites them
(growth needs v_D > v_A, REV Eq. 4). J is conserved and hardly depends on D, so it is given. With D and u
constant over a layer of thickness h the diffusive flux falls from the top down as exp(-u h/D), and D is
r_L v/(3 F): the more waves, the less is left to excite them.

With u constant, non-linear Landau damping alone and J the same at all heights the solution is closed. D_f is
the D that J would make if all of it were diffusive (D_f times the diffusive flux over J is D at any height):

    u n(0)/J = x/(1 + x),    D(z) = D_f [1 + (u/D_f) (H - z)],    x = u H/D_f,    n(H) = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import KPC_MYR_CM_S, FloatArray, speed_kpc_Myr
from . import streaming
from .wave_equation import Column, Growth, layer_power

LONGEST_FREE_PATH_KPC = 100.0
_SWEEPS = 8
_SETTLED = 1e-4
# F that a search for waves begins with, if there is no better one.
_FIRST = 1e-5
_NOTHING = 1e-300


@dataclass(frozen=True)
class Protons:
    """Protons over the disc as they pass up through layers.

    Attributes
    ----------
    p_GeV : ndarray, shape (n,)
        Momenta, rising.
    flux_cm2_s : ndarray, shape (m, n)
        All of their flux away from the disc per ln p, in each layer.
    speed_kpc_Myr : ndarray, shape (m,)
        At which each layer carries them.
    top_density_cm3 : ndarray, shape (n,)
        Their density per ln p at the upper edge of the last layer.
    n_i_cm3 : float
        Ions, for the growth of waves.
    growth : bool
        Whether they excite waves at all.
    """

    p_GeV: FloatArray
    flux_cm2_s: FloatArray
    speed_kpc_Myr: FloatArray
    top_density_cm3: FloatArray
    n_i_cm3: float
    growth: bool = True


def settled(
    column: Column, protons: Protons, start: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """The waves of each layer and the diffusive flux there that excites them.

    Layers are swept from the top down, as the density of protons is found, and up, as waves travel, until D
    stays, `_SWEEPS` times at most; from the F of `start`, if there is one.

    Returns
    -------
    (ndarray, shape (m, wavenumbers); ndarray, shape (m, momenta))
        F, and -D dn/dz [cm^-2 s^-1 per ln p] in the middle of each layer.

    Raises
    ------
    ArithmeticError
        If nothing ends the growth of waves.
    """
    layers = range(column.z_kpc.size)
    F = np.full((len(layers), column.k_kpc.size), _FIRST) if start is None else start.copy()
    # What leaves each layer upwards; seeds come through the plane.
    leaving = np.full((len(layers) + 1, column.k_kpc.size), column.seed)
    diffusive = np.zeros_like(protons.flux_cm2_s)
    # n at the edges, times the unit of speed: [cm^-2 s^-1 per kpc/Myr].
    n = np.tile(protons.top_density_cm3 * KPC_MYR_CM_S, (len(layers) + 1, 1))
    D = np.full_like(diffusive, _NOTHING)
    for sweep in range(_SWEEPS):
        for level in layers if sweep % 2 else reversed(layers):
            at_top = protons.flux_cm2_s[level] - protons.speed_kpc_Myr[level] * n[level + 1]
            growth = _growth(column, protons, level, n[level + 1])
            F[level], leaving[level + 1] = layer_power(column, level, leaving[level], growth, F[level])
            n[level], diffusive[level] = _through(column, protons, level, n[level + 1], at_top, F[level])
        before, D = D, diffusion_of_waves(column, F, protons.p_GeV)
        # Where nothing travels or is carried, no layer asks for another.
        if not column.advected or np.abs(np.log(D / before)).max() < _SETTLED:
            return F, diffusive
    return F, diffusive


def growth_rate_Myr(column: Column, protons: Protons, level: int, flux_cm2_s: FloatArray) -> FloatArray:
    """Growth rate at the wavenumbers of a column [1/Myr] by a diffusive flux per ln p in a layer."""
    B, p = column.B_uG[level], protons.p_GeV
    resonant = _resonant_momenta_GeV(column, level)
    flux = np.exp(np.interp(np.log(resonant), np.log(p), np.log(np.maximum(flux_cm2_s, _NOTHING))))
    # Nobody resonates far below the lowest momentum or far above the highest.
    some = protons.growth & (resonant >= 0.5 * p[0]) & (resonant <= 2.0 * p[-1])
    return streaming.growth_rate_flux_Myr(resonant, np.where(some, flux, 0.0), B, protons.n_i_cm3)


def wave_gain_eV(
    column: Column, protons: Protons, level: int, flux_cm2_s: FloatArray, F: FloatArray
) -> FloatArray:
    """Energy that waves gain in a layer per time [eV cm^-3 Myr^-1], by ln p of the protons that resonate.

    growth F B^2/4 pi, by a diffusive flux per ln p; it is -v_A dP/dz of these protons (REV Eq. 2).
    """
    gain = growth_rate_Myr(column, protons, level, flux_cm2_s) * F
    at_momenta = np.interp(-np.log(protons.p_GeV), -np.log(_resonant_momenta_GeV(column, level)), gain)
    return at_momenta * float(streaming.magnetic_energy_density_eV_cm3(column.B_uG[level]))


def _resonant_momenta_GeV(column: Column, level: int) -> FloatArray:
    """Momenta whose Larmor radius is 1/k in a layer, one for each wavenumber."""
    return 1.0 / (column.k_kpc * float(streaming.larmor_radius_kpc(1.0, column.B_uG[level])))


def _growth(column: Column, protons: Protons, level: int, above: FloatArray) -> Growth:
    """Growth rate in a layer below which n is `above`, by what the waves do not carry.

    Of that exp(-u h/(2D)) is left in the middle, with the D of the waves themselves. Where the speed rises
    downwards so much that waves outrun the protons in a part of the layer, none grow there.
    """
    u = protons.speed_kpc_Myr
    edges = np.interp(column.edges_kpc[level : level + 2], column.z_kpc, u)
    low, high = (protons.flux_cm2_s[level] - speed * above for speed in edges)
    rate = growth_rate_Myr(column, protons, level, _mean_positive(low, high))
    r_L = 1.0 / column.k_kpc
    v = speed_kpc_Myr(r_L / float(streaming.larmor_radius_kpc(1.0, column.B_uG[level])))
    half = 0.5 * (column.edges_kpc[level + 1] - column.edges_kpc[level])
    lost = 3.0 * half * u[level] / (r_L * v)
    return lambda F: rate * np.exp(-lost * F)


def _mean_positive(a: FloatArray, b: FloatArray) -> FloatArray:
    """Mean over the way from a to b of what is above zero."""
    most, least = np.maximum(np.maximum(a, b), 0.0), np.minimum(a, b)
    partly = most**2 / (2.0 * np.maximum(most - least, _NOTHING))
    return np.where(least >= 0.0, 0.5 * (a + b), partly)


def _through(
    column: Column, protons: Protons, level: int, above: FloatArray, at_top: FloatArray, F: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """n at the lower edge of a layer, and the diffusive flux in its middle."""
    h = column.edges_kpc[level + 1] - column.edges_kpc[level]
    D = _diffusion(column.k_kpc, column.B_uG[level], F, protons.p_GeV)
    a = protons.speed_kpc_Myr[level] * h / D
    mean = np.where(a > 1e-8, -np.expm1(-a) / np.maximum(a, 1e-8), 1.0)
    return above + at_top * mean * h / D, at_top * np.exp(-0.5 * a)


def resonant_power(k_kpc: FloatArray, B_uG: float, F: FloatArray, p_GeV: FloatArray) -> FloatArray:
    """F at the resonance of each momentum, (n,), from F on wavenumbers in a field."""
    k = 1.0 / streaming.larmor_radius_kpc(p_GeV, B_uG)
    return np.exp(np.interp(np.log(k), np.log(k_kpc), np.log(F)))


def _diffusion(k_kpc: FloatArray, B_uG: float, F: FloatArray, p_GeV: FloatArray) -> FloatArray:
    at_resonance = np.minimum(resonant_power(k_kpc, B_uG, F, p_GeV), 1.0)
    D = streaming.diffusion_coefficient_kpc2_Myr(p_GeV, B_uG, at_resonance)
    return np.minimum(D, LONGEST_FREE_PATH_KPC * speed_kpc_Myr(p_GeV) / 3.0)


def diffusion_of_waves(column: Column, F: FloatArray, p_GeV: FloatArray) -> FloatArray:
    """D (layers, momenta) [kpc^2/Myr] from F on the wavenumbers of a column.

    Waves count no more than the field itself (F = 1), and lambda is at most 100 kpc.
    """
    fields = zip(column.B_uG, F, strict=True)
    return np.array([_diffusion(column.k_kpc, float(B), power, p_GeV) for B, power in fields])
