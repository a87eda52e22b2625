"""From a scenario to the tube of a source in each phase of the gas, and its run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ....fields.disc.phases import PHASES, GasPhase
from ....fields.exceptions import RunFailed
from ....fields.galaxy import Galaxy
from ....fields.units import KPC2_MYR_CM2_S, KPC_CM, M_P_G, M_SUN_G, FloatArray, momentum_GeV
from ....fields.waves.streaming import larmor_radius_kpc
from ....fields.waves.tube_waves import TubeWaves
from ....mc.coupled.flux_tube import FluxTube, Tube, TubeRun
from ....mc.coupled.tube_particles import FLIGHTS_FROM, Passage, free_path_kpc, passage
from ...build import galaxy_of
from ...file.quantities import ScenarioError
from ...file.scenario import Scenario
from ...file.study_tables import NearSource
from ...file.tables import text_of
from ...progress import Progress

_PER_DECADE, _MOST_MOMENTA = 8, 48
_EPOCHS, _FIRST_EPOCH = 120, 1e-6
# Where test protons are followed in steps; and how many energies of those that fly.
_STEPS_AT_GEV, _FLIGHTS = (100.0, 1e3), 3
CONVERGED = 0.03
"""Most that residence times may change where steps are twice as long."""


class Source(NamedTuple):
    """A source in one phase: the run, by how much longer steps change it, and particles by momentum."""

    name: str
    run: TubeRun
    change: float
    particles: dict[int, Passage]


def wanted_of(scenario: Scenario) -> NearSource:
    """The table of a scenario, checked against the rest of it.

    Raises
    ------
    ScenarioError
        If the tube is shorter than the Larmor radius of the highest energy.
    """
    wanted = scenario.near_source or scenario.cocoons
    assert wanted is not None
    for name in wanted.phases:
        r_L = float(larmor_radius_kpc(scenario.source.E_max, phase_of(wanted, name).B_uG))
        if wanted.L_c <= r_L:
            longer = f"more than the Larmor radius at source.E_max, {1e3 * r_L:.3g} pc"
            raise ScenarioError(f"{wanted.NAME}.L_c = {text_of(wanted, 'L_c')}: allowed: {longer}")
    if scenario.source.E_max < 10.0 * scenario.source.E_min:
        raise ScenarioError(f"source.E_max: allowed: ten times source.E_min or more with a [{wanted.NAME}]")
    return wanted


def phase_of(wanted: NearSource, name: str) -> GasPhase:
    """A phase by name, with what the scenario changes of it."""
    given = {
        "density_cm3": wanted.density,
        "neutral_fraction": wanted.neutral_fraction,
        "temperature_K": wanted.temperature,
        "B_uG": wanted.field,
    }
    changes = {key: value for key, value in given.items() if value != "auto"}
    return replace(PHASES[name], **changes)  # type: ignore[arg-type]


def momenta_GeV(scenario: Scenario) -> FloatArray:
    """Middles of bins that are even in the logarithm, (n,) [GeV/c]."""
    low, high = (float(momentum_GeV(E)) for E in (scenario.source.E_min, scenario.source.E_max))
    count = min(int(np.ceil(_PER_DECADE * np.log10(high / low))), _MOST_MOMENTA)
    edges = np.geomspace(low, high, count + 1)
    return np.asarray(np.sqrt(edges[1:] * edges[:-1]))


def per_mass(scenario: Scenario) -> float:
    """Hydrogen atoms that a hydrogen mass of gas with helium is as a target."""
    return float(galaxy_of(scenario).helium_factors[2])


def tube_of(wanted: NearSource, phase: GasPhase, p_GeV: FloatArray, slope: float) -> Tube:
    """The tube; a cloud counts half in each of its halves."""
    release = np.zeros(p_GeV.size)
    if wanted.release == "escape":
        release = wanted.release_start * (p_GeV[-1] / p_GeV) ** 0.4
    faces = np.linspace(0.0, wanted.L_c, wanted.cells + 1)
    gas = np.full(wanted.cells, phase.density_cm3)
    if wanted.cloud_mass > 0.0:
        low, high = wanted.cloud_distance - wanted.cloud_radius, wanted.cloud_distance + wanted.cloud_radius
        share = np.diff(np.clip(faces, low, high)) / (high - low)
        volume = np.pi * (wanted.radius * KPC_CM) ** 2 * np.diff(faces) * KPC_CM
        gas = gas + 0.5 * wanted.cloud_mass * M_SUN_G / M_P_G * share / volume
    return Tube(wanted.L_c, wanted.radius, wanted.source_length, wanted.energy_erg, slope, release, gas)


def waves_of(wanted: NearSource, phase: GasPhase, p_GeV: FloatArray) -> TubeWaves:
    """What makes and damps waves there."""
    return TubeWaves(
        p_GeV,
        phase,
        D_gal_cm2_s=wanted.D_gal * KPC2_MYR_CM2_S,
        slope=wanted.D_slope,
        growth=wanted.growth,
        ion_neutral=wanted.ion_neutral,
        advected=wanted.advected,
        nonlinear=wanted.nonlinear,
        shear_scale_kpc=wanted.shear_scale,
    )


def source_in(scenario: Scenario, name: str) -> Source:
    """Follow the source in one phase, twice, with steps that differ by a factor of two, and particles."""
    wanted, p = wanted_of(scenario), momenta_GeV(scenario)
    phase = phase_of(wanted, name)
    tube, waves = tube_of(wanted, phase, p, scenario.source.slope), waves_of(wanted, phase, p)
    ages = list(np.geomspace(_FIRST_EPOCH, 1.0, _EPOCHS) * wanted.age)
    loss_rate = Galaxy().loss_rate
    run, coarse = (
        FluxTube(tube, waves, loss_rate, change).follow(ages)
        for change in (wanted.change, 2.0 * wanted.change)
    )
    change = float(np.nanmax(np.abs(coarse.residence_Myr / run.residence_Myr - 1.0)))
    particles = {}
    if wanted.particles > 1 and run.finished:
        seed = scenario.transport.seed
        particles = {at: passage(run, at, wanted.particles, seed) for at in _followed(run)}
    return Source(name, run, change, particles)


def _followed(run: TubeRun) -> list[int]:
    """Momenta of test protons: some that diffuse in steps, and some of those that fly."""
    p = run.waves.p_GeV
    steps = [int(np.argmin(np.abs(np.log(p / each)))) for each in _STEPS_AT_GEV if p[0] <= each <= p[-1]]
    fly = np.flatnonzero(free_path_kpc(run) > FLIGHTS_FROM * run.tube.L_c_kpc)
    some = fly[np.linspace(0, fly.size - 1, _FLIGHTS).astype(int)] if fly.size else fly
    return sorted({*steps, *some.tolist()})


def sources_in_all_phases(scenario: Scenario, progress: Progress) -> list[Source]:
    """The source in each phase that a scenario lists."""
    phases, sources = wanted_of(scenario).phases, []
    for done, name in enumerate(phases):
        progress("Phases of the gas", done, len(phases))
        sources.append(source_in(scenario, name))
    progress("Phases of the gas", len(phases), len(phases))
    return sources


def refuse_rough(sources: list[Source], table: str, folder: Path) -> None:
    """Fail where the steps of a source do not converge; what was found is in the folder.

    Raises
    ------
    RunFailed
        With the first of them.
    """
    # Negated, so that what is no number does not pass.
    if rough := [each for each in sources if not (each.run.finished and each.change < CONVERGED)]:
        one = rough[0]
        how = f"residence times change by {one.change:.2g}" if one.run.finished else "they are too many"
        hint = f"{'a smaller' if one.run.finished else 'a larger'} {table}.change may help"
        raise RunFailed(
            f"source in {one.name} gas: steps do not converge: {how}; {hint}; what there is: {folder}"
        )
