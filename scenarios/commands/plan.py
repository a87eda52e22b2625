"""What a scenario would do and cost, from a few pilot particles and small maps; and whether there is room."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...fields.exceptions import UserError
from ...maps.light.sky_model import SkyModel
from ...mc.engine import run
from ...mc.result import Result
from ...mc.tally import BATCHES, TallyGrid
from ..build import Setup, check_orbits, galaxy_of, given_medium, grid_of, sky_energies_GeV, transport_of
from ..file.quantities import shown
from ..file.scenario import Scenario
from ..run import SECONDARIES
from ..studies.registry import study_of

_PILOT_PARTICLES, _PILOT_S = 48, 2.0
_BASE_MEMORY_MB = 870  # Python, its libraries, the kernels, and figures being drawn
# Bytes a pixel and energy: three components and an error of two skies, and a file of them being written.
_MAP_BYTES = 88
_FILE_BYTES = 20
_FIGURES_S = 15.0  # of one core
_SMALL_NSIDE = 8
_SMALLER = "allowed: fewer sky.energies, a smaller sky.nside or transport.energy_range"


def plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    """What a scenario would do and cost.

    The time is that of a few pilot particles and of small maps, scaled; that of waves that are found in
    rounds is not in it.

    Raises
    ------
    UserError
        If its values leave no halo, or its orbits cannot be right or take too long.
    """
    study = study_of(scenario)
    planned = study.plan(scenario, threads) if study else None
    if planned is not None:
        return planned
    check_orbits(scenario)
    setup = given_medium(scenario)
    runs = study.runs(scenario) if study else 1
    particles = scenario.transport.particles
    pilot, seconds = _pilot(scenario, setup)
    transport_s = runs * seconds * particles / pilot.particles / threads
    maps_s = _maps_s(scenario, setup, pilot) / (1 if study else threads)
    R_surface, z_surface = setup.galaxy.surface_extent_kpc
    return {
        "title": scenario.title,
        "particles": particles,
        "runs": runs,
        "threads": threads,
        "surface_kpc": {"R_in_the_plane": R_surface, "z_on_the_axis": z_surface},
        "steps_estimated": int(runs * pilot.steps / pilot.particles * particles),
        "transport_time_s_estimated": round(transport_s, 1),
        "maps_and_figures_time_s_estimated": round(maps_s + _FIGURES_S, 1),
        "time_s_estimated": round(transport_s + maps_s + _FIGURES_S),
        "memory_MB_estimated": round(memory_MB(scenario, grid_of(scenario, setup.galaxy), threads)),
        "would_write": "scenario.toml, summary.json, a table, figures"
        if study
        else "scenario.toml, result.h5, summary.json, sky_neutrino.fits, sky_gamma.fits, figures",
    }


def _pilot(scenario: Scenario, setup: Setup) -> tuple[Result, float]:
    """A few particles of a run, enough to take a second or two, and the time of one core that they took."""
    grid, transport = grid_of(scenario, setup.galaxy), transport_of(scenario)
    run(setup.medium, grid, replace(transport, particles=1))  # compiles
    particles = _PILOT_PARTICLES
    while True:
        particles = min(particles, transport.particles)
        started = time.perf_counter()
        result = run(setup.medium, grid, replace(transport, particles=particles))
        seconds = time.perf_counter() - started
        if seconds > _PILOT_S or particles == transport.particles:
            return result, seconds
        particles *= 4


def _maps_s(scenario: Scenario, setup: Setup, pilot: Result) -> float:
    """Time of the maps of a run on one core, from those of a small resolution."""
    model = SkyModel(pilot, setup.medium, setup.galaxy.R_d_kpc)
    energy = sky_energies_GeV(scenario)
    few = energy[:: max(energy.size // 8, 1)]
    took = []
    model.maps("gamma", few, 1)  # what is found once
    for nside in (1, _SMALL_NSIDE):
        started = time.perf_counter()
        model.maps("gamma", few, nside)
        took.append(time.perf_counter() - started)
    per_pixel = max(took[1] - took[0], 0.0) / (12 * (_SMALL_NSIDE**2 - 1))
    growth = len(SECONDARIES) * energy.size / few.size
    return growth * (took[0] + per_pixel * 12 * scenario.sky.nside**2)


def memory_MB(scenario: Scenario, grid: TallyGrid, threads: int) -> float:
    """Most memory that a run takes: its tallies, or its maps and a file of them being written."""
    tally_MB = sum(array.nbytes for array in grid.empty()) / 1e6
    return _BASE_MEMORY_MB + tally_MB * (BATCHES / 2 + 3 * threads) + _map_values(scenario) * _MAP_BYTES / 1e6


def _map_values(scenario: Scenario) -> int:
    """Pixels times energies of one sky; none where a study is all that is made."""
    if study_of(scenario):
        return 0
    return 12 * scenario.sky.nside**2 * sky_energies_GeV(scenario).size


def check_room(scenario: Scenario, folder: Path, threads: int) -> None:
    """Refuse a run whose tallies and maps do not fit into the memory, or whose files not on the disk.

    Raises
    ------
    UserError
        In one line: what it takes, and what there is.
    """
    study = study_of(scenario)
    if study is not None and study.runs(scenario) == 0:  # it fills no cells
        return
    grid = grid_of(scenario, galaxy_of(scenario))
    needed, there = memory_MB(scenario, grid, threads), _memory_there_MB()
    if needed > there:
        raise UserError(
            f"memory: about {needed / 1e3:.3g} GB are needed and this machine has {there / 1e3:.3g} GB; "
            f"{_SMALLER}, or --force"
        )
    files = 2 * _FILE_BYTES * _map_values(scenario) / 1e6
    free = shutil.disk_usage(_existing(folder)).free / 1e6
    if files > free:
        raise UserError(
            f"--out {shown(folder)}: the sky files take about {files / 1e3:.3g} GB and {free / 1e3:.3g} GB "
            f"are free there; {_SMALLER}, or --force"
        )


def _memory_there_MB() -> float:
    """Memory of this machine, or of the container that the process is in."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
    try:
        limit = float(Path("/sys/fs/cgroup/memory.max").read_text()) / 1e6
    except (OSError, ValueError):  # none, or "max"
        return pages
    return min(pages, limit)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
