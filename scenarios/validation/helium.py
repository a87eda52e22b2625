"""Known answers of light with helium in the gas and among the cosmic rays."""

from __future__ import annotations

import numpy as np

from ...fields.gas_density import HELIUM_PER_HYDROGEN
from ...fields.units import M_P_GEV, FloatArray, momentum_GeV
from ...maps.light.emissivity import emissivity_matrix, local_helium_per_proton
from ...maps.light.secondaries import (
    PAIRS,
    light_mb_GeV,
    production_cross_section_mb_GeV,
    target_factors,
)
from .tools import Rows, row

_SLOPE, _GAMMA_GEV = 2.7, 10.0


def _by_pairs() -> tuple[float, float]:
    """Gamma rays of protons as E^-2.7, and of the helium with them, on gas with helium over those of p on p.

    An integral over the energies of protons, pair by pair.
    """
    proton = np.geomspace(4.0, 1e6, 1001)
    rigidity = momentum_GeV(proton)
    helium = local_helium_per_proton(np.append(proton, 1.01 * proton[-1]), heavier=False)
    found = {}
    for pair in PAIRS:
        by_protons = pair.startswith("p")
        energy = proton if by_protons else np.sqrt((rigidity / 2.0) ** 2 + M_P_GEV**2)
        flux = (1.0 if by_protons else helium) * rigidity * proton ** (-1.0 - _SLOPE)
        sigma = production_cross_section_mb_GeV("gamma", energy, _GAMMA_GEV, pair)[0]
        found[pair] = np.trapezoid(flux * sigma * proton, np.log(proton))
    by_protons = (found["p-p"] + HELIUM_PER_HYDROGEN * found["p-He"]) / found["p-p"]
    by_helium = (found["He-p"] + HELIUM_PER_HYDROGEN * found["He-He"]) / found["p-p"]
    return float(by_protons), float(by_helium)


def helium(scale: float) -> Rows:
    """Light of gas with helium is 1.33 times that of its hydrogen; of all nuclei on it, 1.9 times.

    Each nucleon of helium that is hit shines as a proton of its energy does: the light of He-p is four times
    that of p-p, to 3% (with the nucleons that come out it is 2% more than four times too; those that are not
    hit the tables leave out, so that the energy does not add up to all of it). In gamma rays of 10 GeV from
    protons as E^-2.7, Mori (2009, arXiv:0903.3260) has 1.8-2.0 with all nuclei, from 6 GeV to 1 TeV for each
    nucleon.
    """
    rows = []
    for energy in (1e1, 1e2, 1e3, 1e4):
        ratio = light_mb_GeV("He-p", energy) / light_mb_GeV("p-p", energy)
        rows.append(row(f"helium: light of He-p over p-p at {energy:g} GeV a nucleon", ratio, 4.0, 0.0, 0.12))
    per_hydrogen, _, per_mass = target_factors()
    edges = np.geomspace(1.0, 1e7, 281)
    protons = edges[:-1] ** (1.0 - _SLOPE) - edges[1:] ** (1.0 - _SLOPE)
    of_protons = emissivity_matrix("gamma", [_GAMMA_GEV], edges) @ protons

    def of_gamma_rays(heavier: bool) -> FloatArray:
        return emissivity_matrix("gamma", [_GAMMA_GEV], edges, local_helium_per_proton(edges, heavier))

    both, every = (
        per_hydrogen * float((of_gamma_rays(heavier) @ protons / of_protons)[0]) for heavier in (False, True)
    )
    by_protons, by_helium = _by_pairs()
    return [
        *rows,
        row("helium in the gas: light per hydrogen", per_hydrogen, 1.33, 0.0, 0.02),
        row("helium in the gas: light per rho/m_p", per_mass, 0.95, 0.0, 0.02),
        row("helium in the gas: gamma rays of 10 GeV, E^-2.7", by_protons, 1.33, 0.0, 0.02),
        row(
            "protons and helium: matrices over pair by pair", both / (by_protons + by_helium), 1.0, 0.0, 0.02
        ),
        row("all nuclei on both: gamma rays of 10 GeV", every, 1.9, 0.0, 0.1),
    ]
