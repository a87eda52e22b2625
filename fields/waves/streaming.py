"""Resonant streaming instability: growth, damping, their balance, wave power and diffusion (REV Eqs. 2-10).

The wave power F is dimensionless, per unit ln k, relative to the mean field. Its argument is the total
energy E, which REV uses for energy, momentum and wavenumber k = 1/r_L alike; the Larmor radius takes the
momentum. REV writes U_B = B^2/(4 pi), twice the usual energy density: kept here.

Rates are in 1/Myr and all of the energy of waves, twice those of their amplitude: REV Eq. 2 is one (times
F B^2/4 pi, over ln k, it is the work v_A |dP/dz| that protons do), so what it is balanced with has to be.
Papers that write dW/dt = 2 (Gamma - Gamma_d) W give rates of amplitude (Ptuskin & Zirakashvili 2003; Nava et
al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ..units import (
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


def growth_rate_flux_Myr(
    p_GeV: ArrayLike, flux_cm2_s: ArrayLike, B_uG: ArrayLike, density_cm3: ArrayLike
) -> FloatArray:
    """Growth rate (W/U_B) v_A/r_L in 1/Myr where the diffusive flux is given, W = p phi(ln p).

    REV Eq. 2 with D = r_L v/(3 F) put in for the gradient: the wave power drops out.

    Parameters
    ----------
    p_GeV : array_like
        Resonant momentum in GeV/c.
    flux_cm2_s : array_like
        Diffusive flux -D dn/dz of protons per ln p, in cm^-2 s^-1.
    B_uG, density_cm3 : array_like
        Mean field, and number density of the ionised gas.
    """
    p = np.asarray(p_GeV, dtype=float)
    W_eV_cm3 = p * np.abs(flux_cm2_s) / C_CM_S * GEV_ERG / EV_ERG
    rate = W_eV_cm3 / magnetic_energy_density_eV_cm3(B_uG) * alfven_speed_kpc_Myr(B_uG, density_cm3)
    return rate / larmor_radius_kpc(p, B_uG)


def nonlinear_landau_damping_rate_Myr(k_kpc: ArrayLike, v_s_kpc_Myr: float, F: ArrayLike) -> FloatArray:
    """Rate k v_s F of non-linear Landau damping in 1/Myr (REV Eq. 6), of energy; `k_kpc` in 1/kpc.

    Nava et al. (2019) have (1/2) (pi/2)^(1/2) k v_i F for the amplitude, v_i^2 = kT/m_p of the ions, which is
    REV's for the energy with v_s = 1.25 v_i.
    """
    return np.asarray(k_kpc, dtype=float) * v_s_kpc_Myr * np.asarray(F, dtype=float)


CASCADE_CONSTANT = 0.052
"""C_K of the diffusion of waves in k (Miller & Roberts 1995; Evoli et al. 2018)."""


def cascade_rate_Myr(
    k_kpc: ArrayLike, v_A_kpc_Myr: ArrayLike, F: ArrayLike, cascade: str = "kolmogorov"
) -> FloatArray:
    """Rate D_kk/k^2 at which waves pass their energy on to larger k, in 1/Myr: it is W that diffuses in k.

    C_K v_A k F^(1/2) for a Kolmogorov cascade, C_K v_A k F for a Kraichnan one (Miller & Roberts 1995, in
    F = k W).
    """
    power = {"kolmogorov": 0.5, "kraichnan": 1.0}[cascade]
    return (
        CASCADE_CONSTANT * np.asarray(v_A_kpc_Myr) * np.asarray(k_kpc) * np.asarray(F, dtype=float) ** power
    )


def turbulent_damping_rate_Myr(
    k_kpc: ArrayLike, v_A_kpc_Myr: ArrayLike, injection_scale_kpc: float
) -> FloatArray:
    """Rate 2 v_A (k/L)^(1/2) in 1/Myr at which background turbulence shears waves, of energy.

    Twice the (epsilon/(r_L v_A))^(1/2) of Farmer & Goldreich (2004), which Nava et al. (2016) take for that
    of the amplitude; k = 1/r_L and epsilon = v_A^3/L, turbulence that is trans-Alfvenic at L.
    """
    return 2.0 * np.asarray(v_A_kpc_Myr) * np.sqrt(np.asarray(k_kpc, dtype=float) / injection_scale_kpc)


def ion_neutral_damping_rate_Myr(
    k_kpc: ArrayLike,
    v_A_kpc_Myr: ArrayLike,
    neutral_density_cm3: ArrayLike,
    ion_density_cm3: ArrayLike,
    temperature_K: float,
) -> FloatArray:
    """Damping rate -2 Im(omega) of Alfven waves by collisions of ions with neutrals, in 1/Myr, of energy.

    Of omega (omega^2 - omega_k^2) + i nu ((1 + chi) omega^2 - chi omega_k^2) = 0 (Kulsrud & Pearce 1969;
    Zweibel & Shull 1982) with omega_k = k v_A of the ions alone, chi = n_i/n_n and the collision rate
    nu = 8.4e-9 (T/10^4 K)^0.4 n_n s^-1. It is nu for waves too short for the neutrals to follow. In a band
    where nothing propagates it is the decay that both ends of the band go over into.
    """
    n_n, n_i = (np.asarray(n, dtype=float) for n in (neutral_density_cm3, ion_density_cm3))
    nu, chi = 8.4e-9 * MYR_S * (temperature_K / 1e4) ** 0.4 * n_n, n_i / np.maximum(n_n, 1e-300)
    k, v_A, nu, chi = np.broadcast_arrays(np.asarray(k_kpc, float), v_A_kpc_Myr, nu, chi)
    rates = np.zeros(k.shape)
    for at in np.ndindex(k.shape):
        if nu[at] > 0.0:
            # With omega = -i g nu and x = (omega_k/nu)^2: g^3 - (1 + chi) g^2 + x g - chi x = 0.
            x = (k[at] * v_A[at] / nu[at]) ** 2
            decays = np.roots([1.0, -(1.0 + chi[at]), x, -chi[at] * x])
            waves = decays[np.abs(decays.imag) > 1e-9 * np.abs(decays)]
            amplitude = nu[at] * (waves.real[0] if waves.size else np.sort(decays.real)[1])
            rates[at] = 2.0 * amplitude
    return rates


def balanced_power(
    growth_power_Myr: ArrayLike, damping_rate_Myr: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Wave power F at which growth balances damping, growth_power = F damping(F).

    Parameters
    ----------
    growth_power_Myr : array_like
        Growth rate times F in 1/Myr, which does not depend on F where the gradient is given (REV Eq. 2).
    damping_rate_Myr : callable
        Sum of the damping rates in 1/Myr (less a growth rate, if there is one that does not go as 1/F), which
        falls nowhere with F; takes and returns arrays like `growth_power_Myr`.

    Returns
    -------
    ndarray
        F to 1e-13 of itself, between 1e-60 and 1e10 at the most.
    """
    growth_power = np.asarray(growth_power_Myr, dtype=float)
    low, high = np.full(growth_power.shape, -60.0), np.full(growth_power.shape, 10.0)
    for _ in range(52):
        middle = 0.5 * (low + high)
        F = 10.0**middle
        too_much = F * damping_rate_Myr(F) > growth_power
        low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
    return np.asarray(10.0 ** (0.5 * (low + high)))


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
