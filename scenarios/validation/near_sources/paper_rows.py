"""What REV says in its section 3 of cosmic rays near their sources, each beside a tube or a closed form."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ....fields.disc.phases import PHASES
from ....fields.gas_density import grammage_per_length_g_cm2_kpc
from ....fields.units import C_KPC_MYR, KPC2_MYR_CM2_S, KPC_CM, MYR_YR, FloatArray
from ....fields.waves import streaming
from ....fields.waves.tube_waves import TubeWaves
from ....mc.coupled.flux_tube import FluxTube, Tube, TubeRun
from ..tools import paper_row

_L_C_KPC, _SOURCE_KPC, _AGE_MYR = 0.1, 0.005, 3.0
# With twice the cells and half the steps residence times change by 4% at most.
_CELLS, _CHANGE = 60, 0.5
_GALAXY_G_CM2 = 2.28  # at 100 GV, as B/C of AMS-02 asks
_MOMENTA = np.array([10.0, 100.0, 1e3, 1e4])


@cache
def _run(phase: str, neutral: bool = True) -> TubeRun:
    """1e50 erg of E^-2 in a tube of 20 pc, from 2 GeV to 30 TeV."""
    p, gas = np.geomspace(2.0, 3e4, 16), PHASES[phase]
    gas = gas if neutral else replace(gas, neutral_fraction=0.0)
    tube = Tube(_L_C_KPC, 0.02, _SOURCE_KPC, 1e50, 2.0, np.zeros(p.size), np.full(_CELLS, gas.density_cm3))
    return FluxTube(tube, TubeWaves(p, gas), change=_CHANGE).follow([_AGE_MYR])


def _at(run: TubeRun, spectrum: FloatArray) -> FloatArray:
    return np.exp(np.interp(np.log(_MOMENTA), np.log(run.waves.p_GeV), np.log(spectrum)))


def near_source_rows() -> list[dict[str, Any]]:
    """Numbers and claims of REV section 3, and those of its summary on sources."""
    hot, warm, ionised = _run("hot-ionised"), _run("warm-ionised"), _run("warm-ionised", neutral=False)
    stay, longer = _at(hot, hot.residence_Myr), _enhancement(hot)
    D_1GeV = 1.5e28 / KPC2_MYR_CM2_S
    ends = 0.01 * C_KPC_MYR / D_1GeV  # L_c c/D(1 GeV)
    grammage = grammage_per_length_g_cm2_kpc([1e-2, 1e-3]) * C_KPC_MYR * 0.3
    section = "REV Sect. 3"
    return [
        paper_row(
            "residence near the source at 1 GeV, L_c = 10 pc", "REV Eq. 10", "yr", 2000.0,
            float(streaming.near_source_residence_Myr(0.01, D_1GeV)) * MYR_YR,
            "needs D(1 GeV) = 1.5e28 cm^2/s; the mean time from the middle of a slab is half of it",
        ),
        paper_row(
            "energy where L_c^2/D is L_c/c, L_c = 10 pc, delta = 1/3", section, "GeV", 2e5, ends**3,
            "lambda is 3 L_c there; lambda = L_c is at 1/27 of it",
        ),
        paper_row(
            "residence at 10 GeV in ionised gas, L_c = 100 pc", section, "yr", (1e5, 1e6), stay[0] * MYR_YR,
            "'several hundred thousand years'; 1e50 erg in 0.01 cm^-3, 1e6 K",
        ),
        paper_row(
            "the same, over that with D of the Galaxy", section, "1", (2.0, 1e3), longer[0],
            "'instead of the short time suggested by Eq. 10'",
        ),
        paper_row(
            "residence over that with D of the Galaxy at 10 TeV, ionised gas", section, "1", (1.0, 2.0),
            longer[3],
            "'negligible at energies above ~TeV'; at 1 TeV ours is 5, and it falls to 2 at some 20 TeV, as "
            "D'Angelo, Blasi & Amato (2016) say of up to ~10 TeV",
        ),
        paper_row(
            "residence over that with D of the Galaxy at 100 GeV, 10% neutral H", "REV Sect. 5", "1",
            (1.0, 2.0), _enhancement(warm)[1],
            "'ion-neutral damping limits considerably the growth of waves'",
        ),
        paper_row(
            "grammage of 3e5 yr in 1e-2 cm^-3", section, "g cm^-2", (0.0, 0.1), grammage[0],
            "'negligible', taken as a hundredth of 10 g/cm^2; 1e-3 cm^-3 gives a tenth of ours",
        ),
        paper_row(
            "grammage at 10 GeV in ionised gas, as solved", section, "g cm^-2", (0.0, 0.1),
            _at(hot, hot.grammage_g_cm2)[0], "'negligible', as above",
        ),
        paper_row(
            "gamma rays near sources over the Galaxy's, as grammage at 100 GeV: 0.5 cm^-3 without neutrals",
            section, "1", (0.5, 10.0),
            _at(ionised, ionised.grammage_g_cm2)[1] / _GALAXY_G_CM2,
            "'comparable' along some lines of sight; this is the mean over all, for 2.3 g/cm^2 in the Galaxy",
        ),
        paper_row(
            "growth time at the source, 10 GeV, over the residence of Eq. 10", section, "1", (0.0, 1.0),
            _growth_over_residence(hot), "'large enough to induce streaming instability'",
        ),
    ]  # fmt: skip


def _enhancement(run: TubeRun) -> FloatArray:
    """Residence over that with D of the Galaxy."""
    alone = run.tube.D_times_residence_kpc2 / run.waves.D_gal_kpc2_Myr
    return _at(run, run.residence_Myr / alone)


def _growth_over_residence(run: TubeRun) -> float:
    """Of the Galaxy's waves, by protons of 10 GeV that fill L_c and fall to none at its end."""
    waves, tube = run.waves, run.tube
    density = tube.released(waves.p_GeV) / (tube.area_cm2 * _L_C_KPC * KPC_CM)
    rate = waves.v_A_kpc_Myr * density * waves.pressure_eV_cm3 / waves.U_B_eV_cm3 / _L_C_KPC / waves.F_gal
    stay = streaming.near_source_residence_Myr(_L_C_KPC, waves.D_gal_kpc2_Myr)
    return float(_at(run, 1.0 / (rate * stay))[0])
