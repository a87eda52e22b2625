"""From a base to the wind that cosmic rays of the disc drive, with the protons that drive it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..fields.exceptions import NotConverged
from ..fields.galaxy import Galaxy
from ..fields.gas_density import MASS_PER_HYDROGEN
from ..fields.outflow import RadialWind
from ..fields.units import KPC_CM, M_P_G, MYR_S, FloatArray, momentum_GeV, total_energy_GeV
from ..mc.coupled.wind_base import NoWind
from ..mc.coupled.wind_flow import WindBase, galactic_tube
from ..mc.coupled.wind_loop import DrivenWind, wind_with_protons
from ..mc.coupled.wind_protons import Release
from ..mc.spectrum import Spectrum
from .file.quantities import ScenarioError
from .file.wind_tables import Wind

_PER_DECADE, _ABOVE_E_MAX = 12, 6.0
# Protons that have cooled below the least that are released, down to here.
_BELOW_E_MIN, _LOWEST_GEV = 0.3, 0.03
_END_KPC = 300.0


def release_of(spectrum: Spectrum, R_d_kpc: float, column_g_cm2: float) -> Release:
    """Protons that one side of the disc releases, and what its gas takes from those that cross it."""
    low = max(_BELOW_E_MIN * float(momentum_GeV(spectrum.E_min_GeV)), _LOWEST_GEV)
    high = _ABOVE_E_MAX * spectrum.E_max_GeV
    p = np.geomspace(low, high, int(np.ceil(_PER_DECADE * np.log10(high / low))) + 1)
    E = total_energy_GeV(p)
    sides = 2.0 * np.pi * (R_d_kpc * KPC_CM) ** 2
    hydrogen_cm2 = 0.5 * column_g_cm2 / (M_P_G * MASS_PER_HYDROGEN)
    lost: FloatArray = Galaxy().loss_rate(p) / MYR_S * hydrogen_cm2
    return Release(p, spectrum.rate_GeV_s(E) * p**2 / E / sides, lost)


def driven_wind(
    wanted: Wind, release: Release, slope: float, opening_kpc: float, end_kpc: float
) -> DrivenWind:
    """The wind of a base in a tube of cross-section 1 + (z/opening)^2.

    Raises
    ------
    NoWind, NotConverged
        As `wind_with_protons`.
    """
    base = WindBase(wanted.z_0, wanted.n_0, wanted.T_0, wanted.B_0, release.energy_flux_erg_cm2_s)
    tube = galactic_tube(wanted.R, opening_kpc, end_kpc)
    return wind_with_protons(base, tube, release, wanted.cells, wanted.nonlinear, slope)


@lru_cache(maxsize=32)
def radial_wind(wanted: Wind, spectrum: Spectrum, L_CR_erg_s: float, R_d_kpc: float) -> RadialWind:
    """The wind around a galaxy: of a tube that opens as the flux of cosmic rays is diluted, 1 + 2 (z/R_d)^2.

    Its speed at a height is that at the same distance from the centre. Cosmic rays have a luminosity L_CR.

    Raises
    ------
    ScenarioError
        If there is no wind from that base.
    """
    release = release_of(replace(spectrum, L_CR_erg_s=L_CR_erg_s), R_d_kpc, wanted.column)
    try:
        found = driven_wind(wanted, release, spectrum.slope, np.sqrt(0.5) * R_d_kpc, _END_KPC).wind
    except (NoWind, NotConverged) as fault:
        base = f"wind.n_0 = {wanted.n_0:g} cm-3, T_0 = {wanted.T_0:g} K, B_0 = {wanted.B_0:g} uG"
        raise ScenarioError(f"{base}: {fault}; allowed: a base that has one") from None
    flux = float(found.density_cm3[0] * found.u_kpc_Myr[0])
    return RadialWind(found.z_kpc, found.u_kpc_Myr, flux, R_d_kpc, found.base.B_uG, found.critical.z_kpc)
