"""What REV says in its section 2 of winds that cosmic rays drive, each beside a wind of one base."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ....fields.disc.gravity import GalacticPotential
from ....fields.units import KPC_CM, KPC_MYR_KM_S, total_energy_GeV
from ....mc.coupled.wind_flow import WindBase, galactic_tube
from ....mc.coupled.wind_loop import DrivenWind, wind_with_protons
from ....mc.coupled.wind_protons import Release
from ....mc.spectrum import Spectrum
from ..tools import paper_row

_SLOPE, _R_KPC = 2.5, 8.178
_CELLS = 150


@cache
def _release() -> Release:
    """E^-2.5 of 1e41 erg/s over both sides of a disc of 10 kpc."""
    p = np.geomspace(0.1, 6e6, 96)
    E = total_energy_GeV(p)
    rate = Spectrum(1e41, _SLOPE).rate_GeV_s(E) * p**2 / E / (2.0 * np.pi * (10.0 * KPC_CM) ** 2)
    return Release(p, rate, 0.0 * p)


@cache
def _driven() -> DrivenWind:
    """From 0.002 cm^-3, 3e5 K and 1 uG, 100 pc above the disc."""
    base = WindBase(0.1, 0.002, 3e5, 1.0, _release().energy_flux_erg_cm2_s)
    return wind_with_protons(base, galactic_tube(_R_KPC, 15.0, 300.0), _release(), _CELLS, slope=_SLOPE)


def wind_rows() -> list[dict[str, Any]]:
    """Claims of REV section 2 on winds."""
    driven, section = _driven(), "REV Sect. 2"
    p, n = driven.protons.release.p_GeV, driven.protons.n_cm3[0]
    slope = 1.0 - np.gradient(np.log(np.maximum(n, 1e-300)), np.log(p))
    low, high = np.interp(np.log([30.0, 300.0]), np.log(p), slope)
    wind, here = driven.wind, (_R_KPC, driven.wind.base.z_kpc)
    still = float(wind.gas_energy[0] - 0.5 * wind.u_kpc_Myr[0] ** 2) * KPC_MYR_KM_S**2
    dark = GalacticPotential(bulge_share=0.0, disc_share=0.0).potential_kpc2_Myr2(*here)
    return [
        paper_row(
            "share of dark matter in the potential that a wind leaves", section, "1", (0.5, 1.0),
            float(dark / GalacticPotential().potential_kpc2_Myr2(*here)),
            "'the gravitational pull dominated by the action of dark matter'; Bovy (2015) at the Sun",
        ),
        paper_row(
            "energy per mass of the gas alone at the base of a wind", section, "km^2 s^-2", (-1e6, 0.0),
            still,
            "below zero: without cosmic rays it is bound; 0.002 cm^-3, 3e5 K, 1 uG, 100 pc above the disc",
        ),
        paper_row(
            "slope of protons in the disc at 300 GeV over that at 30 GeV, with a wind", section, "1",
            (0.95, 1.02), float(high / low),
            "most winds give 'spectra quite unlike the ones observed at the Earth', whose slope falls by up "
            "to 0.15 (AMS-02): 0.95 of it, taken as the range. This wind makes it rise",
        ),
    ]  # fmt: skip
