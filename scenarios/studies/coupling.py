"""What returns from the Bell region: the density in the disc, its grammage and B/C, with return and without.

The papers take the equilibrium in the Galaxy to be unchanged by what lies outside. In one dimension particles
that come back raise the density by 1 + (1/u)/(integral dz/D); in three, the wall is wider than the disc.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...fields.units import FloatArray, momentum_GeV
from ...maps.figures.studies import coupling_figure
from ...maps.light.at_the_sun import boron_over_carbon
from ...mc.observables import at_injected, densities, over, point_energies_GeV
from ...mc.uncertainty import Estimate
from ..file.scenario import Scenario
from ..folder.write import write_json
from ..products.product import Made
from ..run import Run
from .study import envelope, in_media, study_of_runs

UNCHANGED = 1.1

CONVENTIONS = {
    "density": "in the disc (R < R_d, |z| < 0.1 kpc), with return over without, by current energy",
    "in_one_dimension": "1 + (1/u)/(integral dz/D), up to the Bell surface on the axis",
    "grammage_g_cm2": "of all gas (disc, halo, circumgalactic), mean until the history ends, by injected "
    "energy; without return: until the first encounter with the Bell surface",
    "boron_over_carbon": "of nuclei with that mean grammage, paths exponentially distributed",
    "unchanged_below_GeV": f"lowest energy at which the density is raised {UNCHANGED:g}-fold; null: at none, "
    "0: at all",
}


def _scenarios(scenario: Scenario) -> list[Scenario]:
    """A run for each medium."""
    assert scenario.coupling is not None
    return in_media(scenario, z_B=scenario.coupling.z_B, delta_G=scenario.coupling.delta_G)


def _conclude(scenario: Scenario, media: list[dict[str, Any]]) -> Made:
    told = ("energy_GeV", "density", "in_one_dimension", "unchanged_below_GeV")
    return Made(
        {
            f"z_B={one['z_B_kpc']:g} kpc, delta_G={one['delta_G']:g}": {key: one[key] for key in told}
            for one in media
        },
        {"coupling.json": partial(write_json, {**envelope(scenario, CONVENTIONS), "media": media})},
        {"coupling": partial(coupling_figure, media)},
    )


def compare(run: Run) -> dict[str, Any]:
    """Density, grammage and B/C in the disc with and without what returns, by energy."""
    result, galaxy = run.result, run.galaxy
    E = point_energies_GeV(result)
    raised = densities(result, galaxy, run.medium, E)["galactic_density_over_no_return"]
    grammage = {
        "with_return": at_injected(result, E, result.per_particle("grammage").sum(axis=-1)),
        "without": at_injected(result, E, result.per_particle("grammage_first").sum(axis=-1)),
    }
    return {
        "z_B_kpc": galaxy.z_B_kpc,
        "delta_G": galaxy.delta_G,
        "energy_GeV": E,
        "density": raised,
        "in_one_dimension": in_one_dimension(run, E),
        "unchanged_below_GeV": _first_above(E, raised.value),
        "grammage_g_cm2": {name: Estimate.of(X) for name, X in grammage.items()},
        "grammage_ratio": Estimate.of(over(grammage["with_return"], grammage["without"])),
        "boron_over_carbon": {name: Estimate.of(boron_over_carbon(X)) for name, X in grammage.items()},
    }


def in_one_dimension(run: Run, energy_GeV: FloatArray) -> FloatArray:
    """Density in the disc over that without return, if nothing moved sideways."""
    galaxy, medium = run.galaxy, run.medium
    z = np.linspace(0.0, galaxy.r_max_kpc, 20_001)
    within = medium.distance_kpc(0.0 * z, z) < 0
    speed = float(np.hypot(*galaxy.outflow(0.0, z[within][-1])))
    D = galaxy.diffusion_halo(momentum_GeV(energy_GeV)[:, None], 0.0, z[within])
    return np.asarray(1.0 + 1.0 / (speed * np.trapezoid(1.0 / D, z[within], axis=1)))


def _first_above(energy_GeV: FloatArray, raised: FloatArray) -> float:
    """Energy at which the rise first exceeds `UNCHANGED`, log-interpolated; 0 if it does at the lowest."""
    above = np.flatnonzero(raised > UNCHANGED)
    if above.size == 0:
        return float("nan")
    i = int(above[0])
    if i == 0:
        return 0.0
    share = (UNCHANGED - raised[i - 1]) / (raised[i] - raised[i - 1])
    return float(energy_GeV[i - 1] * (energy_GeV[i] / energy_GeV[i - 1]) ** share)


STUDY = study_of_runs("coupling", _scenarios, lambda scenario, run: compare(run), _conclude)
