"""Non-resonant (Bell) instability driven by the escaping cosmic rays: onset, growth, saturation.

PRL Eqs. 3-17 (PRL: Blasi & Amato 2019, PRL 122, 051101). The instability is driven by the energy flux
E^2 phi of the escaping particles, the argument `energy_flux` in erg cm^-2 s^-1. Functions of (R, z) take the
flux at the disc and dilute it themselves; all others take the local flux. Gas density is the number density
rho/m_p. R, z are galactocentric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .gas_density import OMEGA_B_RHO_CR_G_CM3
from .units import (
    C_CM_S,
    C_KPC_MYR,
    GEV_ERG,
    K_B_ERG_K,
    KPC_CM,
    KPC_MYR_CM_S,
    M_P_G,
    MBARN_CM2,
    UG_GAUSS,
    FloatArray,
)
from .waves.streaming import alfven_speed_kpc_Myr, diffusion_coefficient_kpc2_Myr, larmor_radius_kpc


def spectrum_normalisation(slope: float, E_min_GeV: float, E_max_GeV: float) -> float:
    """Fraction of the luminosity injected per unit ln E at E_max, E^2 Q(E)/L_CR, for Q ~ E^-slope.

    The spectrum has sharp limits; for slope 2 this is 1/Lambda with Lambda = ln(E_max/E_min) (PRL Eq. 3).

    Raises
    ------
    ValueError
        Unless 0 < E_min < E_max.
    """
    if not 0 < E_min_GeV < E_max_GeV:
        raise ValueError(f"need 0 < E_min < E_max, got {E_min_GeV} and {E_max_GeV} GeV")
    log_range = np.log(E_max_GeV / E_min_GeV)
    hardness = 2.0 - slope
    if abs(hardness) * log_range < 1e-8:
        return float(1.0 / log_range)
    return float(-hardness / np.expm1(-hardness * log_range))


def luminosity_per_ln_E(
    E_GeV: ArrayLike,
    slope: float,
    E_min_GeV: float,
    E_max_GeV: float,
    slope_beyond: float | None = None,
    E_break_GeV: float = 1.0,
) -> FloatArray:
    """Fraction of the luminosity injected per unit ln E, E^2 Q(E)/L_CR, for Q ~ E^-slope with sharp limits.

    From E_break on it is Q ~ E^-slope_beyond, if that is given. Beyond the limits the law goes on.
    """
    E = np.asarray(E_GeV, dtype=float)
    if slope_beyond is None:
        return spectrum_normalisation(slope, E_min_GeV, E_max_GeV) * (E / E_max_GeV) ** (2.0 - slope)
    below = 1.0 / spectrum_normalisation(slope, E_min_GeV, E_break_GeV)
    end = (E_max_GeV / E_break_GeV) ** (2.0 - slope_beyond)
    above = end / spectrum_normalisation(slope_beyond, E_break_GeV, E_max_GeV)
    x = E / E_break_GeV
    return np.asarray(x ** (2.0 - np.where(x > 1.0, slope_beyond, slope)) / (below + above))


def escaping_energy_flux_erg_cm2_s(
    E_GeV: ArrayLike,
    L_CR_erg_s: float,
    R_d_kpc: float,
    slope: float,
    E_min_GeV: float,
    E_max_GeV: float,
    slope_beyond: float | None = None,
    E_break_GeV: float = 1.0,
) -> FloatArray:
    """Energy flux E^2 phi that leaves each side of the disc, in erg cm^-2 s^-1 (PRL Eq. 3, REV Eq. 11).

    L_CR/(2 pi R_d^2 Lambda) for slope 2, at any energy. For other slopes the flux depends on the energy;
    field amplification takes it at E_max, where the field is needed to hold the particles.
    """
    share = luminosity_per_ln_E(E_GeV, slope, E_min_GeV, E_max_GeV, slope_beyond, E_break_GeV)
    return L_CR_erg_s * share / (2 * np.pi * (R_d_kpc * KPC_CM) ** 2)


def total_energy_flux_erg_cm2_s(L_CR_erg_s: float, R_d_kpc: float) -> float:
    """Energy flux of all cosmic rays that leaves each side of the disc, L_CR/(2 pi R_d^2)."""
    return float(L_CR_erg_s / (2 * np.pi * (R_d_kpc * KPC_CM) ** 2))


def number_flux_cm2_s_GeV(E_GeV: ArrayLike, energy_flux: ArrayLike) -> FloatArray:
    """Number flux phi(E) in cm^-2 s^-1 GeV^-1 of particles with E^2 phi = `energy_flux`."""
    return np.asarray(energy_flux, dtype=float) / GEV_ERG / np.asarray(E_GeV, dtype=float) ** 2


def dilution(R_kpc: ArrayLike, z_kpc: ArrayLike, R_d_kpc: float) -> FloatArray:
    """Local flux over the flux at the disc, min(1, R_d^2/(2 r^2)): far away, L_CR goes through 4 pi r^2."""
    r_squared = np.asarray(R_kpc, dtype=float) ** 2 + np.asarray(z_kpc, dtype=float) ** 2
    return R_d_kpc**2 / np.maximum(2 * r_squared, R_d_kpc**2)


def is_unstable(B_uG: ArrayLike, energy_flux: ArrayLike) -> np.ndarray:
    """True where the instability is excited, E^2 phi/c > B^2/(4 pi) (PRL Eq. 4, REV Eq. 12)."""
    magnetic = (np.asarray(B_uG, dtype=float) * UG_GAUSS) ** 2 / (4 * np.pi)
    return np.asarray(energy_flux, dtype=float) / C_CM_S > magnetic


def k_max_kpc(E_GeV: ArrayLike, B_uG: ArrayLike, energy_flux: ArrayLike) -> FloatArray:
    """Fastest growing wavenumber 4 pi E^2 phi/(c B^2 r_L(E)) in 1/kpc (PRL Eq. 5, REV Eq. 13).

    Here r_L(E) = E/(eB): the total energy stands in it because the current is J = e E phi.
    """
    B_gauss = np.asarray(B_uG, dtype=float) * UG_GAUSS
    ratio = 4 * np.pi * np.asarray(energy_flux, dtype=float) / (C_CM_S * B_gauss**2)
    return ratio / larmor_radius_kpc(E_GeV, B_uG)


def gamma_max_Myr(E_GeV: ArrayLike, energy_flux: ArrayLike, density_cm3: ArrayLike) -> FloatArray:
    """Growth rate k_max v_A in 1/Myr (PRL Eq. 7, REV Eq. 15); the field cancels."""
    any_B_uG = 1.0
    return k_max_kpc(E_GeV, any_B_uG, energy_flux) * alfven_speed_kpc_Myr(any_B_uG, density_cm3)


def saturation_field_uG(energy_flux: ArrayLike) -> FloatArray:
    """Saturated field sqrt(4 pi E^2 phi/c) in uG (PRL Eqs. 6 and 8, REV Eqs. 14 and 16).

    2.25e-8 G with the values of PRL, which prints it as 2.2e-8 and as 2.4e-8 G.
    """
    return np.sqrt(4 * np.pi * np.asarray(energy_flux, dtype=float) / C_CM_S) / UG_GAUSS


def saturation_field_pressure_uG(energy_flux: ArrayLike, density_cm3: ArrayLike) -> FloatArray:
    """Field in uG at which plasma pushed by the pressure gradient reaches the Alfven speed (PRL Eq. 14).

    (pi^(3/2) rho^(1/2) L_CR/(R_d^2 Lambda))^(1/3), with L_CR/(R_d^2 Lambda) = 2 pi E^2 phi.
    """
    rho = M_P_G * np.asarray(density_cm3, dtype=float)
    return np.cbrt(2 * np.pi**2.5 * np.sqrt(rho) * np.asarray(energy_flux, dtype=float)) / UG_GAUSS


def saturation_field_growing_wavelength_uG(energy_flux: ArrayLike, background_uG: ArrayLike) -> FloatArray:
    """Field in uG at which waves that lengthen as they grow reach the Larmor radius (PRL, before Eq. 10).

    The fastest wave lengthens as the square of the field it has reached, k = k_max (B_0/dB)^2 (Riquelme &
    Spitkovsky 2009, ApJ 694, 626); k r_L(dB) = 1 at dB = (B_0 B_sat^2)^(1/3), B_sat that of PRL Eq. 8.
    """
    return np.cbrt(np.asarray(background_uG, dtype=float) * saturation_field_uG(energy_flux) ** 2)


class Saturation(NamedTuple):
    """A saturation recipe: the field from (energy flux, density, background), and how it grows with them."""

    field_uG: Callable[[FloatArray, ArrayLike, float], FloatArray]
    flux_power: float
    density_power: float


SATURATION = {
    "current": Saturation(lambda flux, density_cm3, background_uG: saturation_field_uG(flux), 1 / 2, 0.0),
    "pressure": Saturation(
        lambda flux, density_cm3, background_uG: saturation_field_pressure_uG(flux, density_cm3), 1 / 3, 1 / 6
    ),
    "growing-wavelength": Saturation(
        lambda flux, density_cm3, background_uG: saturation_field_growing_wavelength_uG(flux, background_uG),
        1 / 3,
        0.0,
    ),
}
"""Recipes by name: PRL Eq. 8, PRL Eq. 14, and the lengthening waves of Riquelme & Spitkovsky (2009)."""


def amplified_field_uG(
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    energy_flux: ArrayLike,
    R_d_kpc: float,
    density_cm3: ArrayLike,
    saturation: str = "current",
    background_uG: float = 0.0,
) -> FloatArray:
    """Saturated field in uG at (R, z), from the diluted energy flux.

    Parameters
    ----------
    R_kpc, z_kpc : array_like
        Galactocentric coordinates.
    energy_flux : array_like
        E^2 phi at the disc in erg cm^-2 s^-1.
    R_d_kpc : float
        Radius of the disc.
    density_cm3 : array_like
        Number density of the circumgalactic gas.
    saturation : str
        A key of `SATURATION`.
    background_uG : float
        Field that is there without the instability.

    Raises
    ------
    KeyError
        If there is no such recipe.
    """
    flux = np.asarray(energy_flux, dtype=float) * dilution(R_kpc, z_kpc, R_d_kpc)
    return SATURATION[saturation].field_uG(flux, density_cm3, background_uG)


def thermal_bound_uG(density_cm3: ArrayLike, T_K: ArrayLike) -> FloatArray:
    """Field B_th in uG in equipartition with the gas, B^2/(4 pi) = n k T (PRL text)."""
    pressure = np.asarray(density_cm3, dtype=float) * K_B_ERG_K * np.asarray(T_K, dtype=float)
    return np.sqrt(4 * np.pi * pressure) / UG_GAUSS


def thermal_onset_uG(
    E_GeV: ArrayLike, energy_flux: ArrayLike, density_cm3: ArrayLike, T_K: ArrayLike
) -> FloatArray:
    """Field B_* in uG below which the heat of the gas slows the growth (PRL text).

    B^3 = (4 pi rho)^(3/2) (E phi) (2 k T/m_p)/(rho/m_p); Reville et al. 2008, Zweibel & Everett 2010.
    """
    n = np.asarray(density_cm3, dtype=float)
    flux_cm2_s = np.asarray(energy_flux, dtype=float) / (np.asarray(E_GeV, dtype=float) * GEV_ERG)
    thermal_speed_squared = 2 * K_B_ERG_K * np.asarray(T_K, dtype=float) / M_P_G
    return np.sqrt(4 * np.pi * M_P_G * n) * np.cbrt(flux_cm2_s * thermal_speed_squared / n) / UG_GAUSS


def end_radius_kpc(disc_field_uG: float, R_d_kpc: float, background_uG: ArrayLike) -> FloatArray:
    """Distance in kpc at which the field of PRL Eq. 8, sqrt(4 pi E^2 phi/c), equals a background field.

    It falls as 1/r beyond R_d/sqrt(2); zero where it is below the background everywhere.
    """
    ratio = disc_field_uG / np.asarray(background_uG, dtype=float)
    return np.where(ratio >= 1.0, R_d_kpc / np.sqrt(2.0) * ratio, 0.0)


def bohm_diffusion_coefficient_kpc2_Myr(p_GeV: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Bohm diffusion coefficient r_L v/3 in kpc^2/Myr in the amplified field (PRL Eq. 9).

    PRL prints the scaling L41^1/2 R10; since D ~ 1/B it is L41^-1/2 R10.
    """
    return diffusion_coefficient_kpc2_Myr(p_GeV, B_uG, F=1.0)


def without_resonance(p_GeV: ArrayLike, p_max_GeV: float) -> FloatArray:
    """D over Bohm's where the current ends at `p_max_GeV`: max(1, p/p_max).

    It drives no waves longer than its own Larmor radius; beyond, the angle by which a wave turns a proton
    falls as 1/p, and D grows as p^2.
    """
    return np.maximum(np.asarray(p_GeV, dtype=float) / p_max_GeV, 1.0)


def density_free_escape_cm3_GeV(flux_cm2_s_GeV: ArrayLike) -> FloatArray:
    """Density 3 phi/c in cm^-3 GeV^-1 of particles that leave freely (PRL, after Eq. 3)."""
    return 3 * np.asarray(flux_cm2_s_GeV, dtype=float) / C_CM_S


def density_diffusive_cm3_GeV(
    flux_cm2_s_GeV: ArrayLike, t_Myr: ArrayLike, D_kpc2_Myr: ArrayLike
) -> FloatArray:
    """Density 2 phi sqrt(t/(pi D)) in cm^-3 GeV^-1 at the wall after steady injection for t (PRL Eq. 10)."""
    resistance = np.sqrt(np.asarray(t_Myr, dtype=float) / (np.pi * np.asarray(D_kpc2_Myr, dtype=float)))
    return 2 * np.asarray(flux_cm2_s_GeV, dtype=float) * resistance / KPC_MYR_CM_S


def diffusive_drift_kpc_Myr(t_Myr: ArrayLike, D_kpc2_Myr: ArrayLike) -> FloatArray:
    """Drift speed phi/n = sqrt(pi D/(4 t)) in kpc/Myr of diffusing cosmic rays (PRL Eq. 11)."""
    return np.sqrt(np.pi * np.asarray(D_kpc2_Myr, dtype=float) / (4 * np.asarray(t_Myr, dtype=float)))


def density_advected_cm3_GeV(flux_cm2_s_GeV: ArrayLike, u_kpc_Myr: ArrayLike) -> FloatArray:
    """Density phi/u in cm^-3 GeV^-1 of particles carried by the plasma (PRL Eq. 15)."""
    return np.asarray(flux_cm2_s_GeV, dtype=float) / (np.asarray(u_kpc_Myr, dtype=float) * KPC_MYR_CM_S)


def fill_time_Myr(R_d_kpc: ArrayLike, u_kpc_Myr: ArrayLike) -> FloatArray:
    """Time R_d/u in Myr in which the cosmic rays fill the region around the Galaxy (PRL text)."""
    return np.asarray(R_d_kpc, dtype=float) / np.asarray(u_kpc_Myr, dtype=float)


def density_ratio_to_free_escape(u_kpc_Myr: ArrayLike) -> FloatArray:
    """Advected density over the free-escape density 3 phi/c: c/(3 u). PRL quotes c/u."""
    return C_KPC_MYR / (3 * np.asarray(u_kpc_Myr, dtype=float))


def neutrino_flux_prl16(
    energy_flux: ArrayLike,
    u_kpc_Myr: ArrayLike,
    density_cm3: ArrayLike,
    column_kpc: ArrayLike,
    eta: float = 0.05,
    sigma_pp_mb: float = 36.0,
) -> FloatArray:
    """One-zone neutrino intensity E^2 F per flavour in GeV cm^-2 s^-1 sr^-1 (PRL Eq. 16).

    eta E^2 n_CR n_H c sigma_pp R_d/(2 pi), with n_CR = phi/u and neutrinos at E_nu = eta E. The factor
    1/(2 pi) is PRL's; isotropic emission along a column gives 1/(4 pi), half as much.

    Parameters
    ----------
    energy_flux : array_like
        E^2 phi of the protons in erg cm^-2 s^-1.
    u_kpc_Myr : array_like
        Speed of the outflow.
    density_cm3 : array_like
        Number density n_H of the circumgalactic gas.
    column_kpc : array_like
        Length of the emitting column, R_d in PRL.
    eta, sigma_pp_mb : float
        E_nu/E, and the pp cross section; 36 mb gives the printed 5e-12 delta_G^(3/2).
    """
    energy_density_GeV_cm3 = np.asarray(energy_flux, dtype=float) / (
        np.asarray(u_kpc_Myr, dtype=float) * KPC_MYR_CM_S * GEV_ERG
    )
    column_cm2 = np.asarray(density_cm3, dtype=float) * np.asarray(column_kpc, dtype=float) * KPC_CM
    return eta * energy_density_GeV_cm3 * column_cm2 * sigma_pp_mb * MBARN_CM2 * C_CM_S / (2 * np.pi)


def neutrino_flux_prl17(
    delta_G: ArrayLike,
    L_CR_erg_s: float,
    Lambda: float,
    eta: float = 0.05,
    sigma_pp_mb: float = 36.0,
) -> FloatArray:
    """One-zone neutrino intensity E^2 F per flavour in GeV cm^-2 s^-1 sr^-1 (PRL Eq. 17, REV Eq. 19).

    (L_CR/Lambda)^(1/2) (c delta_G Omega_b rho_cr/(2 pi))^(3/2) eta sigma_pp/m_p: PRL Eq. 16 with an E^-2
    spectrum and the Alfven speed in the field of PRL Eq. 8; R_d cancels. One of the factors 1/(2 pi) is
    the solid angle of PRL Eq. 16, for which isotropic emission along a column gives 1/(4 pi): half as much.
    The printed 5e-12 delta_G^(3/2) belongs to 36 mb (30 mb: 4.2e-12).
    """
    rho = np.asarray(delta_G, dtype=float) * OMEGA_B_RHO_CR_G_CM3
    erg = np.sqrt(L_CR_erg_s / Lambda) * (C_CM_S * rho / (2 * np.pi)) ** 1.5 * eta
    return erg * sigma_pp_mb * MBARN_CM2 / M_P_G / GEV_ERG
