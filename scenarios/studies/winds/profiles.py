"""Profiles of a wind: the file of them, and the curves that are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.units import KPC2_MYR_CM2_S, KPC_MYR_KM_S, FloatArray
from ....maps.light.at_the_sun import boron_over_carbon
from ....mc.coupled.wind import Wind
from ....mc.coupled.wind_flow import PRESSURE_ERG_CM3
from ....mc.coupled.wind_loop import DrivenWind
from ...folder.write import writing_profiles
from .numbers import AtTheSun

_CONVENTIONS = {
    "groups": "wind: with what protons do; fluid: cosmic rays as a fluid of gamma_c = 4/3 without diffusion; "
    "protons: n_cm3 and D_cm2_s (heights, momenta), n per ln p at z_kpc, D on faces_kpc",
    "area": "over that of the disc",
    "sun": "spectra at the base, by p_GeV",
}
RIGIDITIES_GV = np.geomspace(5.0, 3e3, 81)


def profiles_of(wind: Wind) -> dict[str, FloatArray]:
    """All of a wind by height, in units that the names end in."""
    return {
        "z_kpc": wind.z_kpc,
        "area": wind.area,
        "u_km_s": wind.u_kpc_Myr * KPC_MYR_KM_S,
        "v_A_km_s": wind.v_A_kpc_Myr * KPC_MYR_KM_S,
        "c_km_s": wind.c_kpc_Myr * KPC_MYR_KM_S,
        "sound_km_s": np.sqrt(wind.base.gamma_g * wind.gas_pressure / wind.density_cm3) * KPC_MYR_KM_S,
        "density_cm3": wind.density_cm3,
        "temperature_K": wind.temperature_K,
        "B_uG": wind.B_uG,
        "P_g_erg_cm3": wind.gas_pressure * PRESSURE_ERG_CM3,
        "P_c_erg_cm3": wind.cosmic_ray_pressure * PRESSURE_ERG_CM3,
    }


def curves_of(driven: DrivenWind, sun: AtTheSun) -> dict[str, Any]:
    """What the figure shows."""
    protons, R = driven.protons, RIGIDITIES_GV
    at = {p: int(np.argmin(np.abs(np.log(protons.release.p_GeV / p)))) for p in (10.0, 100.0, 1e3, 1e4)}
    return {
        "wind": profiles_of(driven.wind),
        "critical_kpc": driven.wind.critical.z_kpc,
        "protons_z_kpc": protons.z_kpc,
        "protons_P_c_erg_cm3": protons.pressure * PRESSURE_ERG_CM3,
        # Without the last, where the end of the tube shows.
        "faces_kpc": protons.faces_kpc[:-2],
        "D_cm2_s": {p: protons.D_kpc2_Myr[:-2, j] * KPC2_MYR_CM2_S for p, j in at.items()},
        "rigidity_GV": R,
        "flux": sun.flux(R),
        "boron_over_carbon": boron_over_carbon(sun.at(sun.grammage_g_cm2, R)),
    }


def write_profiles(driven: DrivenWind, sun: AtTheSun, about: Mapping[str, Any], path: Path) -> None:
    """Write gas and protons by height, and spectra at the Sun, with conventions and provenance."""
    with writing_profiles(about, _CONVENTIONS, path) as file:
        for name, wind in (("wind", driven.wind), ("fluid", driven.fluid)):
            group = file.create_group(name)
            for key, values in profiles_of(wind).items():
                group[key] = values
        group, protons = file.create_group("protons"), driven.protons
        group["p_GeV"], group["z_kpc"] = protons.release.p_GeV, protons.z_kpc
        group["faces_kpc"], group["n_cm3"] = protons.faces_kpc, protons.n_cm3
        group["D_cm2_s"] = protons.D_kpc2_Myr * KPC2_MYR_CM2_S
        group["P_c_erg_cm3"], group["gamma_c"] = protons.pressure * PRESSURE_ERG_CM3, protons.gamma_c
        group = file.create_group("sun")
        for key in (
            "p_GeV",
            "n_cm3",
            "slope",
            "D_cm2_s",
            "grammage_g_cm2",
            "wind_grammage_g_cm2",
            "escape_Myr",
        ):
            group[key] = getattr(sun, key)
