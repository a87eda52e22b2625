"""Known answers of winds: what is conserved along them, and Parker's, which has a closed form."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.optimize import brentq

from ....fields.units import KPC_CM, KPC_MYR_CM_S, KPC_MYR_KM_S, total_energy_GeV
from ....mc.coupled.wind import Wind, driven_wind
from ....mc.coupled.wind_flow import WindBase, WindTube, galactic_tube, square_speed
from ....mc.coupled.wind_loop import DrivenWind, wind_with_protons
from ....mc.coupled.wind_particles import wind_passage
from ....mc.coupled.wind_protons import Release, Transport
from ....mc.spectrum import Spectrum
from ..tools import Rows, row

_FLUX = 1e41 / (2.0 * np.pi * (10.0 * KPC_CM) ** 2)  # erg cm^-2 s^-1 of the Galaxy's disc
BASES = {
    "cool": WindBase(0.1, 0.001, 3e5, 1.0, _FLUX),
    "hot, strong field": WindBase(1.0, 0.003, 1e6, 5.0, _FLUX),
}


@cache
def _wind(name: str) -> Wind:
    return driven_wind(BASES[name], galactic_tube(8.178, 15.0, 300.0))


def bernoulli_of_winds(scale: float) -> Rows:
    """Energy per mass of gas and cosmic rays is the same all along a wind."""
    rows = []
    for name in BASES:
        wind = _wind(name)
        spread = float(np.ptp(wind.bernoulli) / abs(wind.tube.potential(wind.base.z_kpc)))
        rows.append(row(f"wind, {name}: spread of Bernoulli's constant, over Phi", spread, 0.0, 0.0, 1e-6))
    return rows


def energy_of_winds(scale: float) -> Rows:
    """What cosmic rays lose along a wind is what gas gains: motion, weight and the heat of waves."""
    rows = []
    for name in BASES:
        wind = _wind(name)
        done = float(wind.work[-1])
        carried = wind.cosmic_ray_energy
        gained = float(np.diff(wind.gas_energy[[0, -1]])[0]) * wind.mass_flux
        rows += [
            row(f"wind, {name}: energy of cosmic rays and their work, over what they start with",
                float((carried[-1] + done) / carried[0]), 1.0, 0.0, 1e-4),
            row(f"wind, {name}: energy that gas gains over that work", gained / done, 1.0, 0.0, 1e-4),
        ]  # fmt: skip
    return rows


_SLOPE = 2.3


@cache
def _driven() -> DrivenWind:
    """A wind with its protons, without losses in the disc."""
    spectrum = Spectrum(1e41, _SLOPE)
    p = np.geomspace(0.1, 6e6, 96)
    E = total_energy_GeV(p)
    rate = spectrum.rate_GeV_s(E) * p**2 / E / (2.0 * np.pi * (10.0 * KPC_CM) ** 2)
    release = Release(p, rate, 0.0 * p)
    base = WindBase(1.0, 0.001, 1e6, 2.0, release.energy_flux_erg_cm2_s)
    return wind_with_protons(base, galactic_tube(8.178, 15.0, 300.0), release, slope=_SLOPE)


def protons_of_winds(scale: float) -> Rows:
    """A wind and its protons agree, with energy kept; without diffusion their density is a closed form."""
    driven = _driven()
    wind, transport, protons = driven.wind, driven.transport, driven.protons
    through = transport.energy_flux(protons)
    work = protons.pressure[1:] @ np.diff(transport.area * transport.V)
    pushed = (transport.area * transport.V)[:-1] @ -np.diff(protons.pressure)
    gained = float(np.diff(wind.gas_energy[[0, -1]])[0]) * wind.mass_flux
    still = Transport(wind, protons.release, slope=_SLOPE)
    carried = still.response(
        np.full_like(protons.D_kpc2_Myr, 1e-9), protons.release.rate_cm2_s / KPC_MYR_CM_S
    )
    at = int(np.argmin(np.abs(protons.release.p_GeV - 1e3)))
    closed = 3.0 / (2.0 + _SLOPE) * protons.release.rate_cm2_s[at] / KPC_MYR_CM_S / transport.V[0]
    return [
        row("protons of a wind: their pressure and that in its gas differ by, at most",
            driven.differences[-1], 0.0, 0.0, 0.02),
        row("protons of a wind: energy that they lose over P d(A V)",
            float((through[0] - through[-1]) / work), 1.0, 0.0, 2e-3),
        row("protons of a wind: energy that gas gains over -A V dP", gained / float(pushed), 1.0, 0.0, 0.02),
        row("protons carried without diffusion: n_0 over 3 S/((2 + slope) V)",
            float(carried[at] / closed), 1.0, 0.0, 0.01),
    ]  # fmt: skip


def particles_of_winds(scale: float) -> Rows:
    """Test protons along a wind against the transport equation."""
    rows = []
    for p in (10.0, 100.0, 1e3):
        one = wind_passage(_driven(), p, round(6000 * scale), 3)
        for where, value, error in (
            ("at the base", one.at_base, one.at_base_error),
            ("below 10 kpc", one.below, one.below_error),
        ):
            name = f"test protons of a wind over the equation, {p:g} GeV/c, {where}"
            rows.append(row(name, value, 1.0, error, max(0.03, 3.0 * error)))
    return rows


def parkers_wind(scale: float) -> Rows:
    """Isothermal gas without cosmic rays around a mass: Parker (1958, ApJ 128, 664)."""
    sound, at = math.sqrt(square_speed(1e6)), 5.0
    mass = 2.0 * at * sound**2  # G M, so that r_c = G M/(2 a^2) = 5 kpc
    tube = WindTube(
        lambda r: 2.0 * np.log(r), lambda r: 2.0 / r, lambda r: mass / r**2, lambda r: -mass / r, 50.0
    )
    base = WindBase(1.0, 0.01, 1e6, 1e-6, 1e-25, gamma_g=1.0)
    wind = driven_wind(base, tube)

    def missed(mach: float, r: float) -> float:
        """(u/a)^2 - 2 ln(u/a) - 4 ln(r/r_c) - 4 r_c/r + 3."""
        return mach**2 - 2.0 * math.log(mach) - 4.0 * math.log(r / at) - 4.0 * at / r + 3.0

    slow = brentq(missed, 1e-12, 1.0, args=(1.0,), xtol=1e-15)
    fast = brentq(missed, 1.0, 10.0, args=(50.0,))
    found = wind.critical.z_kpc
    speed = np.interp(np.log(found), np.log(wind.z_kpc), wind.u_kpc_Myr)
    name = "Parker's wind"
    return [
        row(f"{name}: critical radius [kpc]", found, at, 0.0, 1e-4 * at),
        row(f"{name}: speed there over that of sound", float(speed / sound), 1.0, 0.0, 1e-4),
        row(f"{name}: speed at the base [km/s]", float(wind.u_kpc_Myr[0]) * KPC_MYR_KM_S,
            slow * sound * KPC_MYR_KM_S, 0.0, 1e-4 * slow * sound * KPC_MYR_KM_S),
        row(f"{name}: speed at ten r_c over that of sound", float(wind.u_kpc_Myr[-1] / sound), fast, 0.0,
            1e-4 * fast),
    ]  # fmt: skip
