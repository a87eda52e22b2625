"""Resonant streaming instability: growth, damping, wave power and diffusion in closed form (REV Eqs. 2-10).

The wave power F is dimensionless, per unit ln k, relative to the mean field. Its argument is the total
energy E, which REV uses for energy, momentum and wavenumber k = 1/r_L alike; the Larmor radius takes the
momentum. Rates are in 1/Myr. REV writes U_B = B^2/(4 pi), twice the usual energy density: kept here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .units import (
    C_CM_S,
    C_KPC_MYR,
    E_ESU,
    EV_ERG,
    GEV_ERG,
    KPC_MYR_CM_S,
    LARMOR_KPC,
    M_P_G,
    MYR_S,
    UG_GAUSS,
    FloatArray,
    momentum_GeV,
    speed_kpc_Myr,
)


def larmor_radius_kpc(p_GeV: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Larmor radius pc/(eB) in kpc of a charge e with momentum `p_GeV` (GeV/c) in the field `B_uG`."""
    return LARMOR_KPC * np.asarray(p_GeV, dtype=float) / np.asarray(B_uG, dtype=float)


def magnetic_energy_density_eV_cm3(B_uG: ArrayLike) -> FloatArray:
    """U_B = B^2/(4 pi) in eV cm^-3, as REV defines it (0.45 eV cm^-3 for 3 uG)."""
    return (np.asarray(B_uG, dtype=float) * UG_GAUSS) ** 2 / (4 * np.pi * EV_ERG)


def alfven_speed_kpc_Myr(B_uG: ArrayLike, density_cm3: ArrayLike) -> FloatArray:
    """Alfven speed B/sqrt(4 pi rho) in kpc/Myr, with rho = m_p n for gas of number density `density_cm3`."""
    rho = M_P_G * np.asarray(density_cm3, dtype=float)
    return np.asarray(B_uG, dtype=float) * UG_GAUSS / np.sqrt(4 * np.pi * rho) / KPC_MYR_CM_S


def cyclotron_frequency_Myr(B_uG: ArrayLike) -> FloatArray:
    """Non-relativistic proton cyclotron frequency e B/(m_p c) in rad/Myr."""
    return E_ESU * np.asarray(B_uG, dtype=float) * UG_GAUSS / (M_P_G * C_CM_S) * MYR_S


def cosmic_ray_pressure_eV_cm3(E_GeV: ArrayLike) -> FloatArray:
    """Pressure in eV cm^-3 of the cosmic rays above energy E: 8.3e-2 (E/10 GeV)^-0.7 (REV, before Eq. 8)."""
    return 8.3e-2 * (np.asarray(E_GeV, dtype=float) / 10.0) ** -0.7


def growth_rate_Myr(
    p_GeV: ArrayLike, df_dz: ArrayLike, B_uG: ArrayLike, density_cm3: ArrayLike, F: ArrayLike
) -> FloatArray:
    """Growth rate of resonant waves, (16 pi^2/3) v_A/(F B^2) p^4 v |df/dz|, in 1/Myr (REV Eq. 2).

    Parameters
    ----------
    p_GeV : array_like
        Resonant momentum in GeV/c, p = e B/(k c).
    df_dz : array_like
        Gradient of the phase-space density f(p) in cm^-3 (GeV/c)^-3 kpc^-1; n(>p) ~ 4 pi p^3 f.
    B_uG, density_cm3 : array_like
        Mean field, and number density of the ionised gas.
    F : array_like
        Wave power per unit ln k.
    """
    p = np.asarray(p_GeV, dtype=float)
    beta = speed_kpc_Myr(p) / C_KPC_MYR
    pressure_gradient = 4 * np.pi / 3 * p**4 * beta * np.abs(df_dz) * GEV_ERG / EV_ERG  # eV cm^-3 kpc^-1
    v_A = alfven_speed_kpc_Myr(B_uG, density_cm3)
    return pressure_gradient / magnetic_energy_density_eV_cm3(B_uG) * v_A / np.asarray(F)


def growth_rate_drift_Myr(
    v_D_kpc_Myr: ArrayLike, cr_density_cm3: ArrayLike, B_uG: ArrayLike, density_cm3: ArrayLike
) -> FloatArray:
    """Growth rate (v_D/v_A) Omega_c n_0(>p)/n_i in 1/Myr (REV Eq. 4), for drifts v_D > v_A.

    `v_D_kpc_Myr` is the drift speed D/H of the cosmic rays, `cr_density_cm3` their n_0(>p) = 4 pi p^3 f_0.
    """
    v_A = alfven_speed_kpc_Myr(B_uG, density_cm3)
    ratio = np.asarray(cr_density_cm3, dtype=float) / np.asarray(density_cm3, dtype=float)
    return np.asarray(v_D_kpc_Myr, dtype=float) / v_A * cyclotron_frequency_Myr(B_uG) * ratio


def growth_rate_pressure_Myr(
    pressure_eV_cm3: ArrayLike, B_uG: ArrayLike, density_cm3: ArrayLike, F: ArrayLike, H_kpc: ArrayLike
) -> FloatArray:
    """Growth rate (P_CR/U_B) v_A/(H F) in 1/Myr (REV Eq. 5), for a pressure that falls to zero over H."""
    v_A = alfven_speed_kpc_Myr(B_uG, density_cm3)
    ratio = np.asarray(pressure_eV_cm3, dtype=float) / magnetic_energy_density_eV_cm3(B_uG)
    return ratio * v_A / (np.asarray(H_kpc, dtype=float) * np.asarray(F, dtype=float))


def nonlinear_landau_damping_rate_Myr(k_kpc: ArrayLike, v_s_kpc_Myr: float, F: ArrayLike) -> FloatArray:
    """Rate k v_s F of non-linear Landau damping in 1/Myr (REV Eq. 6); `k_kpc` in 1/kpc."""
    return np.asarray(k_kpc, dtype=float) * v_s_kpc_Myr * np.asarray(F, dtype=float)


def wave_power_nlld_local(
    E_GeV: ArrayLike, B_uG: ArrayLike, H_waves_kpc: float, n_i_cm3: ArrayLike, v_s_kpc_Myr: float
) -> FloatArray:
    """Wave power F where growth balances non-linear Landau damping in the local field (REV Eq. 7).

    F = [(P_CR/U_B) (v_A/v_s) (r_L/H)]^(1/2) with U_B, v_A and r_L of the field `B_uG`, so F ~ 1/B and
    the diffusion coefficient does not rise as the field falls.

    Parameters
    ----------
    E_GeV : array_like
        Total energy of the resonant protons.
    B_uG : array_like
        Local mean field.
    H_waves_kpc : float
        Scale H over which the cosmic-ray pressure falls.
    n_i_cm3 : array_like
        Number density of the ionised gas.
    v_s_kpc_Myr : float
        Sound speed of the damping rate.
    """
    pressure_ratio = cosmic_ray_pressure_eV_cm3(E_GeV) / magnetic_energy_density_eV_cm3(B_uG)
    speed_ratio = alfven_speed_kpc_Myr(B_uG, n_i_cm3) / v_s_kpc_Myr
    length_ratio = larmor_radius_kpc(momentum_GeV(E_GeV), B_uG) / H_waves_kpc
    return np.sqrt(pressure_ratio * speed_ratio * length_ratio)


def wave_power_nlld(E_GeV: ArrayLike, H_waves_kpc: float) -> FloatArray:
    """Wave power F = 1.8e-5 (E/10 GeV)^0.15 (H/4 kpc)^-1/2 of the disc, as printed in REV Eq. 8.

    Keeping this value everywhere makes D rise as 1/B: another model than `wave_power_nlld_local`.
    """
    return 1.8e-5 * (np.asarray(E_GeV, dtype=float) / 10.0) ** 0.15 * (H_waves_kpc / 4.0) ** -0.5


def diffusion_coefficient_kpc2_Myr(p_GeV: ArrayLike, B_uG: ArrayLike, F: ArrayLike) -> FloatArray:
    """Diffusion coefficient r_L v/(3 F) in kpc^2/Myr along the field (REV Eqs. 3 and 9).

    With F of `wave_power_nlld` and B = 3 uG this is REV Eq. 9, 6e27 (E/10 GeV)^0.85 (H/4 kpc)^1/2 cm^2/s.
    """
    return larmor_radius_kpc(p_GeV, B_uG) * speed_kpc_Myr(p_GeV) / (3 * np.asarray(F, dtype=float))


def near_source_residence_Myr(L_c_kpc: ArrayLike, D_kpc2_Myr: ArrayLike) -> FloatArray:
    """Time L_c^2/D in Myr that cosmic rays stay within a coherence length of their source (REV Eq. 10)."""
    return np.asarray(L_c_kpc, dtype=float) ** 2 / np.asarray(D_kpc2_Myr, dtype=float)
