"""D along the lines and across them at a place of a galaxy: orbits beside quasi-linear theory.

For each energy orbits go through homogeneous waves like those at the place (`mc.orbits.local_diffusion`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.turbulence.of_galaxy import galactic_turbulence
from ...fields.units import KPC2_MYR_CM2_S, FloatArray, speed_kpc_Myr
from ...maps.figures.local_diffusion import diffusion_figure, tracks_figure
from ...mc.blocks import REALISATION
from ...mc.orbits.cost import LONGEST_CORE_HOURS
from ...mc.orbits.escape import seed_for
from ...mc.orbits.galactic_cost import NS_PER_WAVE_STEP, resonance_overlap
from ...mc.orbits.local_diffusion import Place, measured_on, place_in, tracks_at
from ..build import given_medium
from ..file.quantities import ScenarioError, refused_as
from ..file.scenario import Scenario
from ..folder.write import write_ecsv, write_json
from ..products.product import Made
from ..progress import Progress
from ..run import RunOptions
from .study import Study, envelope, refuse, write_study

# Eight realisations, so that there is a scatter; and what fits into memory.
FEWEST, MOST = 8 * REALISATION, 20_000
_KEPT_TRACKS = 8

CONVENTIONS = {
    "R_kpc, z_kpc": "the node of the medium next to the place that was asked for",
    "D_along_cm2_s": "along the mean field, of orbits through homogeneous waves like those at the place",
    "D_across_cm2_s": "across it; both from displacements over 4 to 8 free paths",
    "D_formula_cm2_s": "r_L v/(3 F) of the medium (REV Eq. 3)",
    "D_slab_cm2_s": "quasi-linear, slab waves of that F",
    "D_broadened_cm2_s": "quasi-linear, waves in all directions of that F, resonances broadened by "
    "(dB/B)^(1/2)",
    "D_bohm_cm2_s": "r_L v/3, r_L in the field of the lines; within 1 kpc of the axis of an x-shaped field "
    "that is weaker than the one of the medium, whose D is kept: F is larger there",
    "converged": "whether D along the field has stopped changing with the path, to 5% or two sigma",
    "F": "power per ln k at k r_L = 1, over the square of the mean field",
    "error": "one sigma, with the scatter between realisations",
    "tracks": "path v t, place, and direction, whose z is along the mean field; from places at random",
}


def places_of(scenario: Scenario) -> list[Place]:
    """The place at each energy, with the waves there.

    Raises
    ------
    ScenarioError
        If the place is not in front of the surface, its waves cannot be right, or orbits take too long.
    """
    wanted = scenario.local_diffusion
    assert wanted is not None
    particles = scenario.transport.particles
    if not FEWEST <= particles <= MOST:
        raise ScenarioError(f"transport.particles = {particles}: allowed: {FEWEST} to {MOST}")
    setup = given_medium(scenario)
    if not setup.medium.distance_kpc(np.array(wanted.R), np.array(wanted.z)) < 0.0:
        at = f"R = {wanted.R:g} kpc, z = {wanted.z:g} kpc"
        raise ScenarioError(f"local_diffusion: {at} lies behind the surface; allowed: in front of it")
    places = []
    for E in (float(E) for E in np.geomspace(*wanted.energies)):
        with refused_as("local_diffusion.energies"):
            waves = galactic_turbulence(setup.galaxy, setup.medium, (E, E))
            places.append(place_in(setup.medium, waves, wanted.R, wanted.z, E))
    if refused := _refusal(places, particles):
        raise ScenarioError(f"local_diffusion.energies: {refused}")
    return places


def _refusal(places: list[Place], particles: int) -> str:
    """What stands against orbits at a place, in one line; empty if nothing does."""
    for place in places:
        if (overlap := resonance_overlap(place.F)) < 1.0:
            return (
                f"at {place.energy_GeV:.4g} GeV the resonances of waves do not overlap, {overlap:.2g} of "
                "their distance; allowed: energies of which they do"
            )
    steps, hours = _steps_and_hours(places, particles)
    if sum(hours) > LONGEST_CORE_HOURS:
        dearest = places[int(np.argmax(hours))].energy_GeV
        return (
            f"{sum(steps):.2g} steps take {sum(hours):.2g} core hours, most of them at {dearest:.4g} GeV; "
            f"allowed: at most {LONGEST_CORE_HOURS:g} core hours"
        )
    return ""


def _steps_and_hours(places: list[Place], particles: int) -> tuple[list[float], list[float]]:
    """Steps and core hours of each energy."""
    steps = [particles * place.steps for place in places]
    return steps, [1e-9 * NS_PER_WAVE_STEP * each / 3600.0 for each in steps]


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    """What a run would do and cost, by energy."""
    places = places_of(scenario)
    steps, hours = _steps_and_hours(places, scenario.transport.particles)
    return {
        "title": scenario.title,
        "energy_GeV": [float(f"{place.energy_GeV:.4g}") for place in places],
        "r_L_pc": [1e3 * place.larmor_radius_kpc for place in places],
        "r_L_over_F_kpc": [place.formula_kpc for place in places],
        "overlap_of_resonances": [float(resonance_overlap(place.F)) for place in places],
        "steps": steps,
        "minutes_in_all": 60.0 * sum(hours) / threads,
        "would_write": "scenario.toml, local_diffusion.json, local_diffusion.ecsv, tracks.ecsv, "
        "summary.json, figures",
    }


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    refuse(options, "a [local_diffusion]")
    places, t = places_of(scenario), scenario.transport
    rows, kept = [], []
    for number, place in enumerate(places):
        progress("Energies", number, len(places))
        seed = seed_for(t.seed, place.energy_GeV)
        found = tracks_at(place, t.particles // REALISATION, seed, threads)
        rows.append(_row(place, found))
        kept.append(found[:, 0][:_KEPT_TRACKS])
    progress("Energies", len(places), len(places))
    write_study(scenario, _made(scenario, places, rows, kept), folder, options.figure_format)


def _row(place: Place, found: FloatArray) -> dict[str, Any]:
    """What was measured at an energy, and what theory says."""
    local = measured_on(place, found)
    to_D = float(speed_kpc_Myr(place.momentum_GeV)) / 3.0 * KPC2_MYR_CM2_S
    return {
        "energy_GeV": place.energy_GeV,
        "R_kpc": local.R_kpc,
        "z_kpc": local.z_kpc,
        "larmor_radius_kpc": local.larmor_radius_kpc,
        "F": place.F,
        "free_path_kpc": local.free_path_kpc,
        "free_path_error_kpc": local.free_path_error,
        "D_along_cm2_s": to_D * local.free_path_kpc,
        "D_along_error_cm2_s": to_D * local.free_path_error,
        "D_across_cm2_s": to_D * local.across_kpc,
        "D_across_error_cm2_s": to_D * local.across_error,
        "D_formula_cm2_s": to_D * local.formula_kpc,
        "D_slab_cm2_s": to_D * local.slab_kpc,
        "D_broadened_cm2_s": to_D * local.broadened_kpc,
        "D_bohm_cm2_s": to_D * local.larmor_radius_kpc,
        "converged": local.converged,
    }


def _lines_of(places: list[Place], kept: list[FloatArray]) -> Iterator[dict[str, Any]]:
    """Some tracks of each energy, record by record."""
    for place, tracks in zip(places, kept, strict=True):
        for number, track in enumerate(tracks):
            for record, (x, y, z, e_x, e_y, e_z) in enumerate(track):
                yield {
                    "energy_GeV": place.energy_GeV,
                    "track": number,
                    "path_kpc": record * place.spacing_kpc,
                    "x_kpc": x,
                    "y_kpc": y,
                    "z_kpc": z,
                    "direction_x": e_x,
                    "direction_y": e_y,
                    "direction_z": e_z,
                }


def _made(
    scenario: Scenario, places: list[Place], rows: list[dict[str, Any]], kept: list[FloatArray]
) -> Made:
    """Numbers, files and figures."""
    about = envelope(scenario, CONVENTIONS)
    files = {
        "local_diffusion.json": partial(write_json, about | {"rows": rows}),
        "local_diffusion.ecsv": partial(write_ecsv, rows, about),
        "tracks.ecsv": partial(write_ecsv, list(_lines_of(places, kept)), about),
    }
    figures = {
        "local_diffusion": partial(diffusion_figure, rows),
        "tracks": partial(tracks_figure, rows[0], places[0].spacing_kpc, kept[0]),
    }
    numbers = {
        "energy_GeV": [float(f"{row['energy_GeV']:.4g}") for row in rows],
        **{
            f"{name}_cm2_s": {
                "value": [row[f"{name}_cm2_s"] for row in rows],
                "error": [row[f"{name}_error_cm2_s"] for row in rows],
            }
            for name in ("D_along", "D_across")
        },
        **{
            f"D_along_over_{theory}": {
                "value": [row["D_along_cm2_s"] / row[f"D_{theory}_cm2_s"] for row in rows],
                "error": [row["D_along_error_cm2_s"] / row[f"D_{theory}_cm2_s"] for row in rows],
            }
            for theory in ("formula", "slab", "broadened")
        },
    }
    return Made(numbers, files, figures)


STUDY = Study("local_diffusion", lambda scenario: [], _plan, _execute)
