"""The gamma-ray halo of a source in a flux tube, and the file of its profiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.units import KPC2_MYR_CM2_S, KPC_CM, FloatArray
from ....maps.light.near_sources.cocoons import tube_emissivity
from ....mc.coupled.flux_tube import TubeRun
from ...folder.write import writing_profiles

EPOCHS_MYR = (0.003, 0.01, 0.03, 0.1, 0.3)
"""At which a halo is looked at, and its profiles are kept; the nearest that were solved."""
_PROFILES = {
    "groups": "one of each phase",
    "s_kpc": "middles of cells, from the source outwards; both halves are alike",
    "n_cm3": "(ages, cells, momenta): protons per ln p beyond those of the Galaxy",
    "D_cm2_s": "(ages, cells + 1, momenta), on the faces of the cells",
}


def shown(run: TubeRun) -> list[int]:
    """Numbers of the snapshots that are shown."""
    ages = np.array([each.age_Myr for each in run.snapshots])
    return sorted({int(np.argmin(np.abs(np.log(ages / wanted)))) for wanted in EPOCHS_MYR})


def halo(run: TubeRun, energy_GeV: FloatArray, per_mass: float) -> dict[str, Any]:
    """Gamma rays of a tube: E^2 I against s from the side, and E^2 dN/dE/dt of all of it, at each age shown.

    From the side a line of sight crosses pi/2 radii of the tube on average. `per_mass` is that of
    `tube_emissivity`.
    """
    tube = run.tube
    length = 0.5 * np.pi * tube.radius_kpc * KPC_CM
    brightness, luminosity = [], []
    for at in shown(run):
        q = tube_emissivity(run, run.snapshots[at], "gamma", energy_GeV, per_mass) * energy_GeV**2
        brightness.append(q * length / (4.0 * np.pi))
        luminosity.append(q.sum(axis=0) * tube.area_cm2 * tube.width_kpc * KPC_CM)
    return {
        "age_Myr": [run.snapshots[at].age_Myr for at in shown(run)],
        "energy_GeV": energy_GeV,
        "s_kpc": tube.centres_kpc,
        "brightness": np.array(brightness),
        "luminosity": np.array(luminosity),
    }


def write_tubes(runs: Mapping[str, TubeRun], about: Mapping[str, Any], path: Path) -> None:
    """Write protons and D of each phase at the ages shown, with conventions and provenance."""
    with writing_profiles(about, _PROFILES, path) as file:
        for name, run in runs.items():
            group, kept = file.create_group(name), [run.snapshots[at] for at in shown(run)]
            group["age_Myr"] = [each.age_Myr for each in kept]
            group["p_GeV"], group["s_kpc"] = run.waves.p_GeV, run.tube.centres_kpc
            group["n_cm3"] = np.array([each.n_cm3 for each in kept])
            group["D_cm2_s"] = np.array([run.waves.D_kpc2_Myr(each.F) for each in kept]) * KPC2_MYR_CM2_S
