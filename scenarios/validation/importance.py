"""Weight windows: that they change no mean, and by how much they lessen errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.units import FloatArray
from ...mc.blocks import Transport, Windows
from ...mc.diffusion.finite_volumes import Cells
from ...mc.engine import run
from ...mc.result import Result
from ...mc.spectrum import Spectrum
from ...mc.tally import Energy, Region, TallyGrid, energy_groups, galactic_grid
from ..adjoint import biased_transport_of, response_of
from ..at_the_sun import local_cosmic_rays
from ..build import Setup, find_medium, grid_of, spectrum_of, transport_of
from ..file.observable import observable_of
from ..file.scenario import Scenario, load
from .tools import THREADS, Rows, row

REPEATS, _PARTICLES = 200, 32
OBSERVABLES = ("neutrino 10 TeV cgm", "neutrino 1 PeV cgm", "gamma 10 GeV disc", "protons 10 GeV sun")
"""Whose figures of merit are measured: flat in space and narrow in energy, and steep in both."""
# Small runs of each kind; where there are windows one of their blocks, so that every group has a particle.
_MERIT_REPEATS, _MERIT_PARTICLES = 16, 448


def weight_windows(scale: float) -> Rows:
    """Means of runs with windows that follow nothing at all, over those of runs without any: one."""
    galaxy = Galaxy(r_max_kpc=30.0)
    medium, grid = galaxy.medium(), galactic_grid(energy_groups(1e6, 1e7), galaxy)
    repeats = max(round(REPEATS * scale), 8)
    plain = _means(medium, grid, Transport(_PARTICLES), range(1, 1 + repeats))
    windowed = Transport(_PARTICLES, windows=windows_at_will(grid))
    biased = _means(medium, grid, windowed, range(1001, 1001 + repeats))
    rows = []
    for name, some in biased.items():
        value, one = some.mean(), plain[name].mean()
        error = np.hypot(some.std(ddof=1) / value, plain[name].std(ddof=1) / one) / np.sqrt(repeats)
        error *= value / one
        rows.append(row(f"weight windows: {name}", value / one, 1.0, error, 3.0 * error))
    return rows


def windows_at_will(grid: TallyGrid) -> Windows:
    """Windows that rise and fall on the way of a particle, as nothing that it is counted for does."""
    R, z = (0.5 * (each[1:] + each[:-1]) for each in grid.cells["halo"])
    weight = np.exp(np.sin(R[:, None] / 4.0) * np.sin(2.0 * z))
    return Windows(
        particles=np.full(grid.groups, 2),
        source_edges=np.tile([0.0, 0.1, 0.25, 0.6, 1.0], (grid.groups, 1)),
        weights=np.tile(weight, (grid.groups, 1, 1)),
    )


def _means(medium: Medium, grid: TallyGrid, transport: Transport, seeds: range) -> dict[str, FloatArray]:
    """What particles do in repeated runs, one number each."""
    found: dict[str, list[float]] = {}
    for seed in seeds:
        result = run(medium, grid, replace(transport, seed=seed), threads=THREADS)
        for name, value in _counted(result).items():
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def _counted(result: Result) -> dict[str, float]:
    near = result.per_particle("region")[0, :, :, Region.NEAR]
    grammage, energy = (result.per_particle(name)[0] for name in ("grammage", "energy"))
    return {
        "grammage of the disc": float(grammage[:, 0].mean()),
        "circumgalactic grammage": float(grammage[:, 2].mean()),
        "time near the surface": float(near.sum(axis=1).mean()),
        "first encounters with the surface": float(result.per_particle("escape")[0, :, 0].mean()),
        "energy that is injected": float(energy[:, Energy.INJECTED].mean()),
        "energy that escapes": float(energy[:, Energy.ESCAPED].mean()),
    }


@dataclass(frozen=True)
class _Case:
    """What particles are followed in, and by how much those in each cell count for each observable."""

    setup: Setup
    grid: TallyGrid
    spectrum: Spectrum
    responses: dict[str, tuple[str, FloatArray]]

    @classmethod
    def of(cls, scenario: Scenario) -> _Case:
        setup, spectrum = find_medium(scenario, THREADS), spectrum_of(scenario)
        grid = grid_of(scenario, setup.galaxy)
        local = local_cosmic_rays(scenario, setup, spectrum, grid.current_edges_GeV)
        responses = {}
        for words in OBSERVABLES:
            asked = observable_of(words)
            side = "bell" if asked.place == "cgm" else "halo"
            cells = Cells(setup.medium, *grid.cells[side])
            responses[words] = side, cells.spread(response_of(asked, replace(local, cells=cells)))
        return cls(setup, grid, spectrum, responses)

    def observed(self, result: Result, words: str) -> float:
        """An observable by the densities in the cells that particles are counted in."""
        side, response = self.responses[words]
        volume, protons = result.volumes_kpc3[side], result.by_current_energy(side)[0]
        density = np.divide(protons, volume, out=np.zeros_like(protons), where=volume > 0.0)
        return float((density * response).sum())

    def merits(
        self, name: str, transport: Transport, report: Callable[[str], None]
    ) -> dict[str, dict[str, float]]:
        """Errors, times and figures of merit of small runs, by observable; they are told of by a name."""
        windows = transport.windows
        particles = _MERIT_PARTICLES if windows is None else int(windows.particles.sum())
        small = replace(transport, particles=particles)
        run(self.setup.medium, self.grid, replace(small, particles=1))  # compiles
        values, started = [], time.process_time()
        for seed in range(1, 1 + _MERIT_REPEATS):
            report(f"{name}: run {seed} of {_MERIT_REPEATS}")
            result = run(self.setup.medium, self.grid, replace(small, seed=seed), self.spectrum, THREADS)
            values.append([self.observed(result, words) for words in OBSERVABLES])
        seconds = (time.process_time() - started) / _MERIT_REPEATS
        errors = np.std(values, axis=0, ddof=1) / np.mean(values, axis=0)
        return {
            words: {"error": error, "time_s": seconds, "figure_of_merit": 1.0 / (error**2 * seconds)}
            for words, error in zip(OBSERVABLES, errors.tolist(), strict=True)
        }


def figures_of_merit(report: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """What source bias and weight windows are worth in the main scenario, for `OBSERVABLES`.

    Returns
    -------
    list of dict
        {observable, sampling, error, time_s, figure_of_merit, over_plain}: the relative error of one small
        run, from the scatter of `_MERIT_REPEATS`; its time on one core; and 1/(error^2 time), which is good
        to half of itself. Sampling is "plain", "sources" (bias alone) or "sources and windows".
    """
    scenario = load("circumgalactic")
    case = _Case.of(scenario)
    plain = case.merits("plain", transport_of(scenario, case.setup), report)
    rows: list[dict[str, Any]] = []
    for words in OBSERVABLES:
        asks = scenario.with_overrides([f"transport.importance_of={words}"])
        found = {"plain": plain[words]}
        for sampling, divides in (("sources", "false"), ("sources and windows", "true")):
            biased = asks.with_overrides([f"transport.weight_windows={divides}"])
            transport = biased_transport_of(biased, case.setup)
            found[sampling] = case.merits(f"{words}, {sampling}", transport, report)[words]
        for sampling, merit in found.items():
            over = merit["figure_of_merit"] / plain[words]["figure_of_merit"]
            rows.append({"observable": words, "sampling": sampling, **merit, "over_plain": over})
    return rows
