"""Lorentz orbits out of a halo with field lines, beside guiding centres, diffusion, the transport equation.

For each energy protons leave the halo by four descriptions (`mc.orbits.galactic_test`); the table says which
of them have the escape times of the orbits.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ...maps.figures.galaxy_tracks import escape_figure, local_figure, waves_figure
from ...mc.blocks import REALISATION
from ...mc.orbits.galactic_cost import GalacticCost, galactic_cost, refusal_in_galaxy
from ...mc.orbits.galactic_test import GalacticTest
from ...mc.tally import NEAR_DEPTH_KPC, NEAR_R_KPC
from ..build import given_medium
from ..file.quantities import ScenarioError, refused_as
from ..file.scenario import Scenario
from ..folder.write import write_ecsv, write_json
from ..products.product import Made
from ..progress import Progress
from ..run import RunOptions
from .study import Study, envelope, refuse, write_study

# Eight realisations, so that there is a scatter.
FEWEST = 8 * REALISATION

CONVENTIONS = {
    "tracks": "Lorentz orbits through the field and the waves of the halo, a new realisation for every 16",
    "local": "of orbits through homogeneous turbulence like the waves at three heights along the line from "
    "the middle of the source disc: lambda = 3 D/v along the mean field, and D across over D along; "
    "formula_kpc: 3 D/v of the medium, D = r_L v/(3 F); slab_kpc, broadened_kpc: quasi-linear, of slab waves "
    "and of waves in all directions",
    "D_over_bohm": "behind the surface: D of orbits through homogeneous turbulence like that there, over "
    "r_L v/3; the other descriptions have it too",
    "guiding-centre": "along the lines, with the D of `local`, interpolated in height",
    "isotropic": "the hybrid engine with that D the same in all directions",
    "transport equation": "finite volumes along the lines, with that D; it has no statistical error",
    "escape_time_Myr": "mean time of first passage through the surface of the halo",
    "time_of_tracks_over": "escape time of tracks over that of another description",
    "describes": "whether that is one, to 5% or two sigma",
    "leaving_time_Myr": "mean time at which they leave for good: through that surface where it absorbs, "
    "else through r_max",
    "exit_time_tests": "ks, ad: statistics of these times; _p: chance of larger, shuffling realisations",
    "grammage_g_cm2": "m_p n v t of hydrogen",
    "time_in_layers_Myr_kpc": "time in layers of |z| per thickness, in front of the surface",
    "time_behind_Myr": "time behind the surface, zero where it absorbs",
    "time_near_Myr": f"time behind it within {NEAR_DEPTH_KPC:g} kpc of it and R < {NEAR_R_KPC:g} kpc",
    "inside_at_end": "particles that had not left when their history ended",
    "flag": "ballistic: lambda beyond the height of the halo; focused: beyond a tenth of that, or of the "
    "length over which B falls; diffusive: else",
    "error": "one sigma, with the scatter between realisations",
}


def _energies(scenario: Scenario) -> FloatArray:
    assert scenario.galaxy_tracks is not None
    return np.asarray(np.geomspace(*scenario.galaxy_tracks.energies), float)


def tests_of(scenario: Scenario, threads: int) -> list[tuple[GalacticTest, GalacticCost]]:
    """A test for each energy, nothing followed yet, and its cost.

    Raises
    ------
    ScenarioError
        If one of them cannot be right, or takes too long; or if there are too few particles for errors.
    """
    t, R_d = scenario.transport, scenario.source.R_d
    if t.particles < FEWEST:
        raise ScenarioError(
            f"transport.particles = {t.particles}: allowed: {FEWEST} or more for an energy of [galaxy_tracks]"
        )
    setup, E_max = given_medium(scenario), scenario.source.E_max
    if scenario.medium.bell and _energies(scenario)[-1] > E_max * (1 + 1e-9):
        raise ScenarioError(
            f"galaxy_tracks.energies: up to {_energies(scenario)[-1]:g} GeV; allowed: with a Bell region up "
            f"to source.E_max = {E_max:g} GeV, that of its longest waves"
        )
    found = []
    with refused_as("galaxy_tracks.energies"):
        for E in _energies(scenario):
            cost = galactic_cost(setup.galaxy, setup.medium, float(E), t.particles, R_d, t.t_max)
            _check([cost])
            test = GalacticTest(setup.galaxy, float(E), t.particles, R_d, t.t_max, t.seed, threads)
            found.append((test, cost.with_tracks(test.local_steps)))
        _check([cost for _, cost in found])
    return found


def _check(costs: list[GalacticCost]) -> None:
    if refused := refusal_in_galaxy(costs):
        raise ScenarioError(refused)


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    """What a run would do and cost, by energy."""
    costs = [cost for _, cost in tests_of(scenario, threads)]
    return {
        "title": scenario.title,
        "energy_GeV": [float(f"{one.energy_GeV:.4g}") for one in costs],
        "r_L_pc_at_the_disc": [1e3 * float(one.larmor_radius_kpc[0]) for one in costs],
        "lambda_kpc_at_the_disc": [float(one.mean_free_path_kpc[0]) for one in costs],
        "overlap_of_resonances": [float(one.overlap.min()) for one in costs],
        "steps": [one.steps for one in costs],
        "minutes": [60.0 * one.core_hours / threads for one in costs],
        "minutes_in_all": 60.0 * sum(one.core_hours for one in costs) / threads,
        "would_write": "scenario.toml, galaxy_tracks.json, galaxy_tracks.ecsv, summary.json, figures",
    }


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    refuse(options, "a [galaxy_tracks]")
    tests = [test for test, _ in tests_of(scenario, threads)]
    progress("Energies", 0, len(tests))
    rows = []
    for number, test in enumerate(tests, start=1):
        rows.append(test.row())
        progress("Energies", number, len(tests))
    write_study(scenario, _made(scenario, tests, rows), folder, options.figure_format)


def _made(scenario: Scenario, tests: list[GalacticTest], rows: list[dict[str, Any]]) -> Made:
    """Numbers, files and figures."""
    found = {**envelope(scenario, CONVENTIONS), "rows": rows}
    files = {
        "galaxy_tracks.json": partial(write_json, found),
        "galaxy_tracks.ecsv": partial(
            write_ecsv, [_line(row) for row in rows], envelope(scenario, CONVENTIONS)
        ),
    }
    panels = [
        (
            row,
            {way: np.concatenate(each.times_Myr) for way, each in test.escapes.items()},
        )
        for test, row in zip(tests, rows, strict=True)
    ]
    radii = [local["larmor_radius_kpc"] for local in rows[0]["local"]]
    figures = {
        "escape": partial(escape_figure, panels),
        "local_diffusion": partial(local_figure, rows),
        "waves": partial(waves_figure, tests[0].places, radii, tests[0].waves_met()),
    }
    ways = rows[0]["time_of_tracks_over"]
    numbers = {
        "energy_GeV": [float(f"{row['energy_GeV']:.4g}") for row in rows],
        "escape_time_Myr": _columns([row["escape_time_Myr"]["tracks"] for row in rows]),
        "time_of_tracks_over": {
            way: _columns([row["time_of_tracks_over"][way] for row in rows]) for way in ways
        },
        "lambda_over_formula": _columns([_lambda_over(row, "formula_kpc") for row in rows]),
        "lambda_over_broadened": _columns([_lambda_over(row, "broadened_kpc") for row in rows]),
        "D_over_bohm": _columns([row["D_over_bohm"] for row in rows]),
        "time_behind_Myr": _columns([row["time_behind_Myr"]["tracks"] for row in rows]),
        "time_behind_of_guiding_centres_Myr": _columns(
            [row["time_behind_Myr"]["guiding-centre"] for row in rows]
        ),
        "flag": [row["flag"] for row in rows],
        "reason": [row["reason"] for row in rows],
        "steps": sum(test.escapes["tracks"].result.steps for test in tests),
    }
    return Made(numbers, files, figures)


def _lambda_over(row: dict[str, Any], theory: str) -> dict[str, float]:
    """lambda of tracks over that of a theory, the mean of the heights."""
    ratios = np.array([local["free_path_kpc"] / local[theory] for local in row["local"]])
    errors = np.array([local["free_path_error"] / local[theory] for local in row["local"]])
    return {"value": float(ratios.mean()), "error": float(np.hypot.reduce(errors)) / ratios.size}


def _columns(values: list[dict[str, float]]) -> dict[str, list[float]]:
    return {key: [one[key] for one in values] for key in ("value", "error")}


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """An energy as a line of a table."""
    line: dict[str, Any] = {"energy_GeV": row["energy_GeV"], "flag": row["flag"]}
    for way, time in row["escape_time_Myr"].items():
        name = f"escape_time_{_name(way)}"
        line |= {f"{name}_Myr": time["value"], f"{name}_error_Myr": time["error"]}
    for number, local in enumerate(row["local"], start=1):
        line |= {f"z_{number}_kpc": local["z_kpc"], f"lambda_{number}_kpc": local["free_path_kpc"]}
        line |= {f"lambda_{number}_error_kpc": local["free_path_error"]}
    for way, time in row["time_behind_Myr"].items():
        name = f"time_behind_{_name(way)}"
        line |= {f"{name}_Myr": time["value"], f"{name}_error_Myr": time["error"]}
    return line


def _name(way: str) -> str:
    return way.replace("-", "_").replace(" ", "_")


STUDY = Study("galaxy_tracks", lambda scenario: [], _plan, _execute)
