"""What a run or a scan would do and cost, from pilot particles and small maps; and whether there is room."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from ...fields.exceptions import NotConverged, UserError
from ...fields.galaxy import Galaxy
from ...maps.light.sky_model import SkyModel
from ...mc.engine import run
from ...mc.result import Result
from ...mc.tally import BATCHES, TallyGrid
from ..adjoint import biased_transport_of
from ..build import (
    Setup,
    check_orbits,
    find_waves,
    galaxy_of,
    given_medium,
    grid_of,
    sky_energies_GeV,
)
from ..file.quantities import shown
from ..file.scenario import Scenario
from ..folder.check import POINTS
from ..run import SECONDARIES
from ..scanning.files import NETCDF
from ..studies.registry import study_of

_PILOT_PARTICLES, _PILOT_S = 48, 2.0
_BASE_MEMORY_MB = 430  # Python, its libraries and the kernels
_FIGURES_MEMORY_MB = 440  # maps and figures being drawn
# Bytes a pixel and energy: three components and an error of two skies, and a file of them being written.
_MAP_BYTES = 88
_FILE_BYTES = 20
# Of one core: of the figures of a run, and of what is seen from outside.
_FIGURES_S, _OUTSIDE_S = 8.0, 25.0
# Of one core for a run of a study: its medium, its volumes, and the few numbers that are kept of it.
_STUDIED_S = 5.0
# Small maps: of few pixels, of so many more, and of no more energies than this.
_SMALL_NSIDES, _MOST_ENERGIES = (8, 32), 32
_MAPS_TIMED = 3  # of each size: the quickest is what the work takes, the others waited for the machine
# All rounds that waves take until D stays as it is, over the first few, which take longer than the others.
_FIRST_ROUNDS, _ROUNDS_OVER_FIRST = 2, 3.5
_SMALLER = "allowed: fewer sky.energies, a smaller sky.nside or transport.energy_range"


def plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    """What a scenario would do and cost.

    The time is that of a few pilot particles, of small maps, and of the first rounds where waves are found
    with the protons, scaled.

    Raises
    ------
    UserError
        If its values leave no halo, or its orbits cannot be right or take too long.
    """
    study = study_of(scenario)
    planned = study.plan(scenario, threads) if study else None
    if planned is not None:
        return planned
    runs = study.runs(scenario) if study else [scenario]
    # A study's runs differ in their media: the first and the last stand for all.
    media = [given_medium(runs[place]) for place in sorted({0, len(runs) - 1})]
    check_orbits(scenario, media[0])
    galaxy, rounds_s = galaxy_of(scenario), 0.0
    if scenario.self_consistency is not None:
        found, rounds_s = _first_rounds(scenario, galaxy, threads)
        media = media if study else [found]
    pilots = [_pilot(scenario, each) for each in media]
    particles = len(runs) * scenario.transport.particles
    transport_s = fmean(seconds / pilot.particles for pilot, seconds in pilots) * particles / threads
    maps_s = len(runs) * _STUDIED_S
    if not study:
        maps_s = _maps_s(scenario, media[0], pilots[0][0]) / threads + _FIGURES_S
        maps_s += _OUTSIDE_S if scenario.observer else 0.0
    R_surface, z_surface = galaxy.surface_extent_kpc
    return {
        "title": scenario.title,
        "particles": scenario.transport.particles,
        "runs": len(runs),
        "threads": threads,
        "surface_kpc": {"R_in_the_plane": R_surface, "z_on_the_axis": z_surface},
        "steps_estimated": int(fmean(pilot.steps / pilot.particles for pilot, _ in pilots) * particles),
        "transport_time_s_estimated": round(transport_s, 1),
        "waves_time_s_estimated": round(rounds_s, 1),
        "maps_and_figures_time_s_estimated": round(maps_s, 1),
        "time_s_estimated": round(transport_s + rounds_s + maps_s),
        "memory_MB_estimated": round(memory_MB(scenario, grid_of(scenario, galaxy), threads)),
        "would_write": "scenario.toml, summary.json, a table, figures"
        if study
        else "scenario.toml, result.h5, summary.json, sky_neutrino.fits, sky_gamma.fits, tables, figures",
    }


def plan_scan(points: Sequence[Scenario], threads: int) -> dict[str, Any]:
    """What a scan would do and cost: the runs at its first, its middle and its last point stand for all.

    Parameters
    ----------
    points : sequence of Scenario
        The scenario at each point, as `points_of` has them.
    threads : int
        On which each is run.

    Raises
    ------
    UserError
        If orbits cannot be right or take too long.
    """
    chosen = [points[place] for place in sorted({0, len(points) // 2, len(points) - 1})]
    costs = [_cost(each, threads) for each in chosen]
    steps, transport_s, waves_s = (len(points) * fmean(several) for several in zip(*costs, strict=True))
    numbers_s = len(points) * _STUDIED_S
    grids = [grid_of(each, galaxy_of(each)) for each in chosen]
    memory = [_tally_memory_MB(grid, threads) for grid in grids]
    return {
        "title": f"Scan of: {points[0].title}",
        "points": len(points),
        "particles_of_each": points[0].transport.particles,
        "threads": threads,
        "steps_estimated": int(steps),
        "transport_time_s_estimated": round(transport_s, 1),
        "waves_time_s_estimated": round(waves_s, 1),
        "media_and_numbers_time_s_estimated": round(numbers_s, 1),
        "time_s_estimated": round(transport_s + waves_s + numbers_s),
        "memory_MB_estimated": round(max(memory)),
        "would_write": f"scenario.toml, {NETCDF}, summary.json, {POINTS}, figures of --plot",
    }


def _cost(scenario: Scenario, threads: int) -> tuple[float, float, float]:
    """Steps of a run, the time it follows particles, and the time that its waves take [s]."""
    setup, waves_s = given_medium(scenario), 0.0
    check_orbits(scenario, setup)
    if scenario.self_consistency is not None:
        setup, waves_s = _first_rounds(scenario, galaxy_of(scenario), threads)
    pilot, seconds = _pilot(scenario, setup)
    scale = scenario.transport.particles / pilot.particles
    return pilot.steps * scale, seconds * scale / threads, waves_s


def _pilot(scenario: Scenario, setup: Setup) -> tuple[Result, float]:
    """A few particles of a run, enough to take a second or two, and the time of one core that they took."""
    grid, transport = grid_of(scenario, setup.galaxy), biased_transport_of(scenario, setup)
    run(setup.medium, grid, replace(transport, particles=1))  # compiles
    particles = _PILOT_PARTICLES
    while True:
        particles = min(particles, transport.particles)
        started = time.process_time()
        result = run(setup.medium, grid, replace(transport, particles=particles))
        seconds = time.process_time() - started
        if seconds > _PILOT_S or particles == transport.particles:
            return result, seconds
        particles *= 4


def _maps_s(scenario: Scenario, setup: Setup, pilot: Result) -> float:
    """Time of the maps of a run on one core, from smaller ones."""
    model = SkyModel(pilot, setup.medium, setup.galaxy.R_d_kpc, scenario.sky.starlight)
    energy = sky_energies_GeV(scenario)
    few = energy[:: -(-energy.size // _MOST_ENERGIES)]

    def seconds(nside: int) -> float:
        started = time.process_time()
        model.maps("gamma", few, nside)
        return time.process_time() - started

    once = seconds(1)  # finds what all maps are made of
    small, larger = (min(seconds(nside) for _ in range(_MAPS_TIMED)) for nside in _SMALL_NSIDES)
    few_pixels, more_pixels, pixels = (12 * nside**2 for nside in (*_SMALL_NSIDES, scenario.sky.nside))
    slope = max(larger - small, 0.0) / (more_pixels - few_pixels)
    one_sky = max(small + slope * (pixels - few_pixels), 0.0)
    return once + len(SECONDARIES) * energy.size / few.size * one_sky


def _first_rounds(scenario: Scenario, galaxy: Galaxy, threads: int) -> tuple[Setup, float]:
    """The medium after the first rounds that find waves with the protons, and the time that all will take."""
    few = scenario.with_overrides([f"self_consistency.most_rounds={_FIRST_ROUNDS}"])
    try:
        waves = find_waves(few, galaxy, threads, lambda *_: None)
    except NotConverged as stopped:
        if stopped.found is None:
            raise
        waves = stopped.found
    return Setup(waves.galaxy, waves.galaxy.medium()), _ROUNDS_OVER_FIRST * sum(waves.seconds)


def memory_MB(scenario: Scenario, grid: TallyGrid, threads: int) -> float:
    """Most memory that a run takes: its tallies, or its maps and a file of them being written."""
    needed = _tally_memory_MB(grid, threads)
    if study_of(scenario) is None:
        needed += _FIGURES_MEMORY_MB + _map_values(scenario) * _MAP_BYTES / 1e6
    return needed


def _tally_memory_MB(grid: TallyGrid, threads: int) -> float:
    """Most memory of a run without maps and figures."""
    tally_MB = sum(array.nbytes for array in grid.empty()) / 1e6
    return _BASE_MEMORY_MB + tally_MB * (BATCHES / 2 + 3 * threads)


def _map_values(scenario: Scenario) -> int:
    """Pixels times energies of one sky."""
    return 12 * scenario.sky.nside**2 * sky_energies_GeV(scenario).size


def check_room(scenario: Scenario, folder: Path, threads: int) -> None:
    """Refuse a run whose tallies and maps do not fit into the memory, or whose files not on the disk.

    Raises
    ------
    UserError
        In one line: what it takes, and what there is.
    """
    study = study_of(scenario)
    if study is not None and not study.runs(scenario):  # it fills no cells
        return
    grid = grid_of(scenario, galaxy_of(scenario))
    needed, there = memory_MB(scenario, grid, threads), _memory_there_MB()
    if needed > there:
        raise UserError(
            f"memory: about {needed / 1e3:.3g} GB are needed and this machine has {there / 1e3:.3g} GB; "
            f"{_SMALLER}, or --force"
        )
    files = 0.0 if study else 2 * _FILE_BYTES * _map_values(scenario) / 1e6
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
