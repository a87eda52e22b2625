"""Bubbles of amplified field around other galaxies, and the particles that strong sources hold.

The current of the cosmic rays that leave a galaxy amplifies the field around it and sets the gas in motion
(PRL, "magnetization of the Universe"). Around a strong source the amplified field holds the particles of low
energy, which never reach us (Blasi, Amato & D'Angelo 2015, PRL 115, 121101: BAD below).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import bell
from . import gas_density as gas
from .exceptions import UserError
from .galaxy import Galaxy
from .units import C_KPC_MYR, KPC_CM, KPC_MYR_KM_S, LARMOR_KPC, FloatArray
from .waves.streaming import larmor_radius_kpc

AGE_OF_UNIVERSE_MYR = 13.8e3
LAMBDA_STRONG = float(np.log(1e11))
"""ln(E_max/E_min) of a strong source: 1 GeV to 1e11 GeV."""
E_FOLDINGS = 5.0
"""Growth of the field, gamma_max t, that is enough for saturation: "several" of PRL."""
FARTHEST_KPC = 1e5
"""Fronts are followed over 100 Mpc."""


class Bubble(NamedTuple):
    """What the escaping cosmic rays of a galaxy make around it.

    Attributes
    ----------
    L_CR_erg_s : float
        Luminosity of the galaxy in cosmic rays.
    disc_field_uG, disc_outflow_km_s : float
        Saturated field, and speed of the outflow, where the flux is not diluted.
    surface_radius_kpc, surface_height_kpc : float
        Surface outside which the field is amplified: in the plane, and the largest |z|.
    surface_field_uG, surface_outflow_km_s : float
        Saturated field and speed on the axis, at that height, where all below is taken.
    fill_time_Myr : float
        R_d over the speed at the disc (PRL).
    growth_time_Myr : float
        1/gamma_max (PRL Eq. 7) at the surface, for the particles of E_max: those of lower energy make
        their part of the field faster.
    front_kpc : float
        Distance that gas which leaves the surface on the axis reaches in the age of the galaxy, at most
        `end_kpc`.
    end_kpc : float
        Distance at which the current is too weak to amplify the background field (PRL Eq. 4).
    advected_energy_GeV : float
        Highest energy that the outflow carries away faster than Bohm diffusion does, u r/D > 1, at the
        surface.
    largest_scale_kpc : float
        Larmor radius of the particles of E_max in the field at the surface, the largest scale of the
        field (PRL).
    """

    L_CR_erg_s: float
    disc_field_uG: float
    disc_outflow_km_s: float
    surface_radius_kpc: float
    surface_height_kpc: float
    surface_field_uG: float
    surface_outflow_km_s: float
    fill_time_Myr: float
    growth_time_Myr: float
    front_kpc: float
    end_kpc: float
    advected_energy_GeV: float
    largest_scale_kpc: float


def front_radius_kpc(galaxy: Galaxy, age_Myr: ArrayLike, start_kpc: float) -> FloatArray:
    """Distance r in kpc that gas on the axis reaches in a time, from t = integral of dr/u.

    At the Alfven speed of the field of PRL Eq. 8, in uniform gas, u is constant within r_1 = R_d/sqrt(2) and
    falls as 1/r outside, where r^2 grows by 2 u_1 r_1 t.

    Parameters
    ----------
    galaxy : Galaxy
        Whose outflow it is.
    age_Myr : array_like
        Time since the gas left `start_kpc`.
    start_kpc : float
        Distance at which it starts, above zero.
    """
    r_kpc = np.geomspace(start_kpc, start_kpc + FARTHEST_KPC, 5000)
    slowness = 1.0 / galaxy.outflow(0.0, r_kpc)[1]
    steps_Myr = 0.5 * (slowness[1:] + slowness[:-1]) * np.diff(r_kpc)
    return np.interp(np.asarray(age_Myr, dtype=float), np.concatenate([[0.0], np.cumsum(steps_Myr)]), r_kpc)


def advected_energy_GeV(u_kpc_Myr: ArrayLike, r_kpc: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Energy in GeV at which u r/D = 1, with D = c r_L/3 in the field B: 3 e B u r/c."""
    u, r, B = (np.asarray(x, dtype=float) for x in (u_kpc_Myr, r_kpc, B_uG))
    return 3.0 * u * r * B / (C_KPC_MYR * LARMOR_KPC)


def bubble_of(galaxy: Galaxy, age_Myr: float, background_uG: float) -> Bubble:
    """The bubble of a galaxy of a given age.

    Parameters
    ----------
    galaxy : Galaxy
        With the instability. Its field around the galaxy gives way to `background_uG`.
    age_Myr : float
        For how long its cosmic rays have been escaping.
    background_uG : float
        Field of the intergalactic medium.

    Raises
    ------
    ValueError
        If nothing excites the instability, or the halo field is below saturation already in the disc.
    """
    galaxy = replace(galaxy, B_cgm_uG=background_uG)
    if not galaxy.has_bell_region:
        raise UserError(f"the Bell instability is not excited in {background_uG:g} uG: no bubble")
    radius_kpc, height_kpc = galaxy.surface_extent_kpc
    z_kpc = np.array([0.0, height_kpc])
    fields_uG = galaxy.saturated_field_uG(0.0, z_kpc)
    density_cm3 = galaxy.cgm_density_cm3(0.0, z_kpc)
    speeds = galaxy.outflow_speed_kpc_Myr(0.0, z_kpc)
    local_flux = galaxy.energy_flux * bell.dilution(0.0, height_kpc, galaxy.R_d_kpc)
    # Onset is the condition of PRL Eq. 4 whatever the field grows to.
    onset_uG = float(bell.saturation_field_uG(galaxy.energy_flux))
    end_kpc = float(bell.end_radius_kpc(onset_uG, galaxy.R_d_kpc, background_uG))
    bohm_GeV = float(advected_energy_GeV(speeds[1], height_kpc, fields_uG[1])) / galaxy.D_over_bohm
    return Bubble(
        L_CR_erg_s=galaxy.L_CR_erg_s,
        disc_field_uG=float(fields_uG[0]),
        disc_outflow_km_s=float(speeds[0] * KPC_MYR_KM_S),
        surface_radius_kpc=radius_kpc,
        surface_height_kpc=height_kpc,
        surface_field_uG=float(fields_uG[1]),
        surface_outflow_km_s=float(speeds[1] * KPC_MYR_KM_S),
        fill_time_Myr=float(bell.fill_time_Myr(galaxy.R_d_kpc, speeds[0])),
        growth_time_Myr=float(1.0 / bell.gamma_max_Myr(galaxy.E_max_GeV, local_flux, density_cm3[1])),
        front_kpc=min(float(front_radius_kpc(galaxy, age_Myr, height_kpc)), end_kpc),
        end_kpc=end_kpc,
        # Above E_max D goes as E^2.
        advected_energy_GeV=min(bohm_GeV, float(np.sqrt(bohm_GeV * galaxy.E_max_GeV))),
        largest_scale_kpc=float(larmor_radius_kpc(galaxy.E_max_GeV, fields_uG[1])),
    )


# -- a strong source -----------------------------------------------------------------------


def source_field_uG(
    r_kpc: ArrayLike, luminosity_erg_s: ArrayLike, Lambda: float = LAMBDA_STRONG
) -> FloatArray:
    """Saturated field sqrt(L/(Lambda c))/r in uG around a source of an E^-2 spectrum.

    PRL Eq. 8 with the flux E^2 phi = L/(4 pi r^2 Lambda) of particles that leave freely to all sides.
    """
    r_cm = np.asarray(r_kpc, dtype=float) * KPC_CM
    luminosity = np.asarray(luminosity_erg_s, dtype=float)
    return bell.saturation_field_uG(luminosity / (4 * np.pi * r_cm**2 * Lambda))


def mean_exit_time_Myr(R_kpc: ArrayLike, D_over_r_kpc_Myr: ArrayLike) -> FloatArray:
    """Mean time R/(3 a) in Myr to diffuse from the centre to the distance R, where D = a r.

    The solution of (1/r^2) d/dr(r^2 a r dT/dr) = -1 that is finite at the centre and zero at R.
    """
    return np.asarray(R_kpc, dtype=float) / (3.0 * np.asarray(D_over_r_kpc_Myr, dtype=float))


def confined_freely_GeV(
    luminosity_erg_s: ArrayLike,
    background_uG: ArrayLike,
    age_Myr: float = AGE_OF_UNIVERSE_MYR,
    delta: float = 1.0,
    Lambda: float = LAMBDA_STRONG,
) -> FloatArray:
    """Energy in GeV below which a source keeps its particles, where they leave to all sides.

    The mean exit time of Bohm diffusion in B(r) ~ 1/r is e B r R/(c E); E is where it is the age. The
    amplified field ends at R: where the current of E leaves it `E_FOLDINGS` of growth, gamma_max ~ L/(E r^2),
    or where B(r) is the background field, whichever is nearer. The first alone gives
    E ~ L^(2/3) whatever the background, as BAD find (1e7 GeV L_44^(2/3)).

    Parameters
    ----------
    luminosity_erg_s, background_uG : array_like
        Of the source in cosmic rays; of the intergalactic field.
    age_Myr : float
        Of the source.
    delta : float
        Density of the gas over the mean baryon density of the Universe.
    Lambda : float
        ln(E_max/E_min) of the source.
    """
    luminosity = np.asarray(luminosity_erg_s, dtype=float)
    B_r = source_field_uG(1.0, luminosity, Lambda)  # uG kpc
    a_per_GeV = C_KPC_MYR * larmor_radius_kpc(1.0, B_r) / 3.0
    # The exit time falls as 1/E: E = R times this.
    GeV_per_kpc = mean_exit_time_Myr(1.0, a_per_GeV) / age_Myr
    flux_at_1_kpc = luminosity / (4 * np.pi * KPC_CM**2 * Lambda)
    growths = bell.gamma_max_Myr(1.0, flux_at_1_kpc, gas.cgm_density_cm3(delta)) * age_Myr
    grown = np.cbrt(GeV_per_kpc**2 * growths / E_FOLDINGS)
    return np.minimum(grown, GeV_per_kpc * B_r / np.asarray(background_uG, dtype=float))


def confined_in_tube_GeV(
    luminosity_erg_s: ArrayLike,
    background_uG: ArrayLike,
    coherence_kpc: float = 1e4,
    age_Myr: float = AGE_OF_UNIVERSE_MYR,
    delta: float = 1.0,
    Lambda: float = LAMBDA_STRONG,
) -> FloatArray:
    """Energy in GeV below which a source keeps its particles, where they follow the background field.

    Particles of Larmor radius r_L below the coherence length l fill a tube of radius r_L, so that
    E^2 phi = L/(2 pi r_L^2 Lambda) to each side; they are out of it after l^2/(2 D) on average, with Bohm
    diffusion in the saturated field. This alone gives E ~ l L^(1/4) B^(1/2), as BAD find (2e8 GeV with l in
    10 Mpc, L in 1e44 erg/s, B in 0.1 nG). Here the field must also have time to grow, and the current must
    be strong enough to excite it (PRL Eq. 4). Parameters as in `confined_freely_GeV`.
    """
    luminosity, B_uG = (np.asarray(x, dtype=float) for x in (luminosity_erg_s, background_uG))
    tube_cm = larmor_radius_kpc(1.0, B_uG) * KPC_CM
    flux = luminosity / (2 * np.pi * tube_cm**2 * Lambda)  # at 1 GeV; it falls as E^-2
    B_E = bell.saturation_field_uG(flux)  # uG GeV
    slow = coherence_kpc * np.sqrt(3.0 * B_E / (2.0 * C_KPC_MYR * LARMOR_KPC * age_Myr))
    growths = bell.gamma_max_Myr(1.0, flux, gas.cgm_density_cm3(delta)) * age_Myr
    return np.minimum.reduce([slow, np.cbrt(growths / E_FOLDINGS), B_E / B_uG])


def low_energy_cutoff_GeV(
    luminosity_erg_s: ArrayLike,
    background_uG: ArrayLike,
    coherence_kpc: float = 1e4,
    age_Myr: float = AGE_OF_UNIVERSE_MYR,
    delta: float = 1.0,
    Lambda: float = LAMBDA_STRONG,
) -> FloatArray:
    """Energy in GeV below which no particle of a strong source has left its surroundings.

    Particles of Larmor radius above the coherence length leave to all sides. So do, at first, those whose
    tube is too wide for its field to grow. Parameters as in `confined_in_tube_GeV`.
    """
    tube = confined_in_tube_GeV(luminosity_erg_s, background_uG, coherence_kpc, age_Myr, delta, Lambda)
    free = confined_freely_GeV(luminosity_erg_s, background_uG, age_Myr, delta, Lambda)
    follows = coherence_kpc * np.asarray(background_uG, dtype=float) / LARMOR_KPC
    return np.maximum(np.minimum(tube, follows), free)
