"""What a wind says: of the gas, of protons at the Sun beside AMS-02, and whether the data allow it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....fields.gas_density import grammage_per_length_g_cm2_kpc
from ....fields.units import (
    EV_ERG,
    KPC2_MYR_CM2_S,
    KPC_CM,
    KPC_MYR_CM_S,
    KPC_MYR_KM_S,
    M_P_G,
    M_SUN_G,
    MYR_S,
    MYR_YR,
    FloatArray,
    speed_kpc_Myr,
    total_energy_GeV,
)
from ....maps.data import read
from ....maps.light.at_the_sun import (
    MODULATION_GV,
    boron_over_carbon,
    local_slope,
    proton_flux_m2_s_sr_GV,
)
from ....mc.coupled.wind_flow import PRESSURE_ERG_CM3
from ....mc.coupled.wind_loop import DrivenWind
from ...file.scenario import Scenario
from .base import wanted_of

RIGIDITIES_GV = (10.0, 30.0, 100.0, 300.0, 1e3)
LOW_GV, HIGH_GV = (10.0, 100.0), (100.0, 1e3)
STAR_FORMATION_MSUN_YR = 1.65
"""Of the Galaxy (Licquia & Newman 2015, ApJ 806, 96)."""
BELOW_KPC = 10.0
# How far a wind may be off the data, and still be allowed: both slopes move with the injected one, the
# normalisation with L_CR; cross sections are known to 20%.
_SLOPE, _CURVATURE, _NORMALISATION, _BC = 0.1, 0.1, 2.0, 0.3


class AtTheSun:
    """Protons of a wind at the Sun, which is at its base, by momentum: spectra are (n,).

    Attributes
    ----------
    p_GeV, n_cm3, D_cm2_s : ndarray
        Density per ln p, and D at the base.
    slope : ndarray
        -d ln (dn/dp)/d ln p.
    grammage_g_cm2 : ndarray
        Gas of the disc that nuclei have crossed: of fragments made there in proportion to the protons of
        their rigidity, over those protons.
    wind_grammage_g_cm2 : ndarray
        Gas of the wind, crossed by protons per proton released.
    escape_Myr : ndarray
        Time below `BELOW_KPC` per proton released.
    """

    def __init__(self, driven: DrivenWind, scenario: Scenario) -> None:
        transport, protons, release = driven.transport, driven.protons, driven.protons.release
        self.p_GeV, self.n_cm3 = release.p_GeV, protons.n_cm3[0]
        self.D_cm2_s = protons.D_kpc2_Myr[0] * KPC2_MYR_CM2_S
        ln_n = np.log(np.maximum(self.n_cm3, 1e-300))
        self.slope = 1.0 - np.gradient(ln_n, release.step)
        again = transport.response(protons.D_kpc2_Myr, self.n_cm3)
        v = speed_kpc_Myr(self.p_GeV)
        column = wanted_of(scenario).column
        self.grammage_g_cm2 = 0.5 * column * v * again / np.maximum(self.n_cm3, 1e-300)
        faces = protons.faces_kpc
        volume = np.sqrt(transport.area[1:] * transport.area[:-1]) * np.diff(faces) / transport.area[0]
        inside = np.clip((BELOW_KPC - faces[:-1]) / np.diff(faces), 0.0, 1.0) * volume
        with np.errstate(divide="ignore", invalid="ignore"):
            per_released = KPC_CM / MYR_S / release.rate_cm2_s
            self.escape_Myr = inside @ protons.n_cm3[1:] * per_released
            gas = np.exp(
                np.interp(
                    np.log(protons.z_kpc[1:]), np.log(driven.wind.z_kpc), np.log(driven.wind.density_cm3)
                )
            )
            passed = (volume * gas) @ protons.n_cm3[1:] * per_released
            self.wind_grammage_g_cm2 = grammage_per_length_g_cm2_kpc(passed) * v

    def flux(self, rigidity_GV: FloatArray, modulation_GV: float = MODULATION_GV) -> FloatArray:
        """Protons per rigidity at the Earth, m^-2 s^-1 sr^-1 GV^-1."""
        E = total_energy_GeV(self.p_GeV)
        per_GeV = self.n_cm3 * E / self.p_GeV**2
        R, J = proton_flux_m2_s_sr_GV(E, per_GeV, modulation_GV)
        known = np.isfinite(R) & (J > 0.0)
        return np.exp(np.interp(np.log(rigidity_GV), np.log(R[known]), np.log(J[known])))

    def at(self, values: FloatArray, rigidity_GV: FloatArray) -> FloatArray:
        """A spectrum at some rigidities."""
        return np.asarray(np.interp(np.log(rigidity_GV), np.log(self.p_GeV), values))


def spectra_of(sun: AtTheSun) -> dict[str, FloatArray]:
    """What there is at each rigidity, beside AMS-02."""
    R = np.array(RIGIDITIES_GV)
    measured, error = read.protons()[0].at(R)
    ratio, ratio_error = read.boron_over_carbon()[0].at(R)
    X = sun.at(sun.grammage_g_cm2, R)
    made = boron_over_carbon(X)
    return {
        "rigidity_GV": R,
        "flux_m2_s_sr_GV": sun.flux(R),
        "flux_over_ams02": sun.flux(R) / measured,
        "flux_over_ams02_error": sun.flux(R) / measured**2 * error,
        "slope": sun.at(sun.slope, R),
        "D_cm2_s": np.exp(sun.at(np.log(sun.D_cm2_s), R)),
        "grammage_g_cm2": X,
        "wind_grammage_g_cm2": sun.at(sun.wind_grammage_g_cm2, R),
        "boron_over_carbon": made,
        "boron_over_carbon_over_ams02": made / ratio,
        "boron_over_carbon_over_ams02_error": made / ratio**2 * ratio_error,
        "escape_time_Myr": sun.at(sun.escape_Myr, R),
    }


def beside_the_data(sun: AtTheSun) -> dict[str, Any]:
    """Slopes, normalisation and B/C beside AMS-02, and which of them the data allow."""
    points, bc = read.protons()[0], read.boron_over_carbon()[0]
    ours = [-local_slope(points.x, sun.flux(points.x), *ends) for ends in (LOW_GV, HIGH_GV)]
    theirs = [-local_slope(points.x, points.value, *ends) for ends in (LOW_GV, HIGH_GV)]
    R = np.array([10.0, 100.0, 1e3])
    made = boron_over_carbon(sun.at(sun.grammage_g_cm2, R)) / bc.at(R)[0]
    level = float(sun.flux(R[1:2])[0] / points.at(R[1:2])[0][0])
    curvature = (ours[1] - ours[0]) - (theirs[1] - theirs[0])
    allowed = {
        "slope": bool(max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < _SLOPE),
        "curvature": bool(abs(curvature) < _CURVATURE),
        "normalisation": bool(1.0 / _NORMALISATION < level < _NORMALISATION),
        "boron_over_carbon": bool(np.abs(made - 1.0).max() < _BC),
    }
    return {
        "slope_10_100_GV": ours[0],
        "slope_100_1000_GV": ours[1],
        "ams02_slope_10_100_GV": theirs[0],
        "ams02_slope_100_1000_GV": theirs[1],
        "curvature_over_ams02": curvature,
        "flux_over_ams02_at_100_GV": level,
        "boron_over_carbon_over_ams02": made.tolist(),
        "allowed": allowed,
        # The injected slope is free, and moves both slopes alike.
        "allowed_by_all": allowed["curvature"] and allowed["normalisation"] and allowed["boron_over_carbon"],
    }


def gas_of(driven: DrivenWind, scenario: Scenario) -> dict[str, Any]:
    """Speeds, pressures, mass loss and the critical point."""
    wind, protons = driven.wind, driven.protons
    sides = 2.0 * np.pi * (scenario.source.R_d * KPC_CM) ** 2
    lost = sides * M_P_G * wind.mass_flux * KPC_MYR_CM_S / M_SUN_G * MYR_S / MYR_YR
    lifted = 0.5 * M_P_G * wind.mass_flux * KPC_MYR_CM_S**3 * float(wind.u_kpc_Myr[-1]) ** 2 * sides
    base_P = float(wind.cosmic_ray_pressure[0]) * PRESSURE_ERG_CM3
    return {
        "u_0_km_s": float(wind.u_kpc_Myr[0]) * KPC_MYR_KM_S,
        "v_A_0_km_s": float(wind.v_A_kpc_Myr[0]) * KPC_MYR_KM_S,
        "c_0_km_s": float(wind.c_kpc_Myr[0]) * KPC_MYR_KM_S,
        "critical_kpc": wind.critical.z_kpc,
        "critical_km_s": wind.critical.u_kpc_Myr * KPC_MYR_KM_S,
        "u_end_km_s": float(wind.u_kpc_Myr[-1]) * KPC_MYR_KM_S,
        "energy_per_mass_km2_s2": float(_energy_per_mass(driven)) * KPC_MYR_KM_S**2,
        "highest_temperature_K": float(wind.temperature_K.max()),
        "P_c_0_erg_cm3": base_P,
        "P_c_0_eV_cm3": base_P / EV_ERG,
        "P_g_0_erg_cm3": float(wind.gas_pressure[0]) * PRESSURE_ERG_CM3,
        "gamma_c_0": float(protons.gamma_c[0]),
        "mass_loss_Msun_yr": lost,
        "mass_loss_over_star_formation": lost / STAR_FORMATION_MSUN_YR,
        "kinetic_power_over_L_CR": lifted / scenario.source.L_CR,
        "pressures_differ": driven.differences[-1],
        "rounds": len(driven.differences),
        "fluid_u_0_km_s": float(driven.fluid.u_kpc_Myr[0]) * KPC_MYR_KM_S,
        "fluid_critical_kpc": driven.fluid.critical.z_kpc,
        "fluid_bernoulli_spread": float(
            np.ptp(driven.fluid.bernoulli) / abs(driven.fluid.tube.potential(driven.fluid.base.z_kpc))
        ),
    }


def _energy_per_mass(driven: DrivenWind) -> float:
    """Of gas and protons at the base; above zero it is enough to leave the potential, (kpc/Myr)^2."""
    carried = driven.transport.energy_flux(driven.protons)[0]
    pushed = driven.transport.area[0] * driven.transport.V[0] * driven.protons.pressure[0]
    return float(driven.wind.gas_energy[0] + (carried + pushed) / driven.wind.mass_flux)
