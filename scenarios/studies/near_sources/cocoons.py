"""Sources at random in the disc, each with the protons it still holds: their light beside the Galaxy's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.units import MYR_S, FloatArray
from ....maps.data.read import lhaaso_plane
from ....maps.figures.near_sources.cocoons import cocoons_figure
from ....maps.light.near_sources.cocoons import CocoonLight, SourcePopulation, cocoon_skies
from ....maps.light.regions import REGIONS
from ....maps.light.sky_of_cells import sky_of_cells
from ....maps.light.skyfile import SkyCube, write_sky
from ....mc.uncertainty import Estimate
from ...build import sky_energies_GeV
from ...file.scenario import Scenario
from ...folder.write import write_ecsv, write_json
from ...products.product import Made
from ...progress import Progress
from ...run import RunOptions
from ..study import Study, envelope, refuse, write_study
from .source import Source, per_mass, refuse_rough, sources_in_all_phases, wanted_of
from .standard import STANDARD, standard_halo

_REGIONS = ("lhaaso-inner", "lhaaso-outer", "high-latitudes", "whole-sky")
_TOLD_GEV = (10.0, 100.0, 1e3, 1e4, 1e5)
_MOST_BINS = 10

CONVENTIONS = {
    "E2_flux": "mean of E^2 I of gamma rays over the region, GeV cm^-2 s^-1 sr^-1",
    "diffuse": f"the Galaxy of the scenario {STANDARD}, protons by the transport equation, with the nuclei "
    "that come with them",
    "cocoons": "protons within L_c of their source alone, beyond those of the Galaxy, without nuclei",
    "share": "cocoons over the diffuse emission: mean over realisations and its error",
    "spread": "standard deviation of the share over realisations: how far one sky is from the mean; the "
    "nearest sources make it, so its own error is large",
    "sources": "source.L_CR/energy_erg a time, spread over the disc as those of [source], of all ages up to "
    "`age`, each along a direction of its own",
}


def population_of(scenario: Scenario) -> SourcePopulation:
    """The sources of a scenario with [cocoons]."""
    wanted, source = scenario.cocoons, scenario.source
    assert wanted is not None
    return SourcePopulation(source.L_CR / wanted.energy_erg * MYR_S, source.radial, source.R_d, wanted.height)


def lights_of(scenario: Scenario, sources: list[Source], energy_GeV: FloatArray) -> list[CocoonLight]:
    """Gamma rays of the source in each phase against its age."""
    cells = sources[0].run.tube.gas_cm3.size
    bins = max(each for each in range(1, _MOST_BINS + 1) if cells % each == 0)
    mass = per_mass(scenario)
    return [CocoonLight.of(each.run, "gamma", energy_GeV, mass, bins) for each in sources]


def _in_regions(skies: FloatArray) -> dict[str, FloatArray]:
    """Means of maps (..., pixels) over each region."""
    nside = int(np.sqrt(skies.shape[-1] / 12))
    shares = {name: REGIONS[name].shares(nside) for name in _REGIONS}
    return {name: skies @ (each / each.sum()) for name, each in shares.items()}


def realised(
    scenario: Scenario, lights: list[CocoonLight], energy_GeV: FloatArray, progress: Progress
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Means over regions, (realisations, phases, energies) each, and the maps of the first realisation."""
    wanted, population = scenario.cocoons, population_of(scenario)
    assert wanted is not None
    found: dict[str, list[FloatArray]] = {name: [] for name in _REGIONS}
    for number in range(wanted.realisations):
        progress("Realisations", number, wanted.realisations)
        rng = np.random.default_rng([scenario.transport.seed, number])
        explosions = population.drawn(rng, wanted.age)
        skies = cocoon_skies(lights, explosions, energy_GeV, scenario.sky.nside, rng)
        if number == 0:
            first = skies
        for name, means in _in_regions(skies).items():
            found[name].append(means)
    progress("Realisations", wanted.realisations, wanted.realisations)
    return {name: np.array(each) for name, each in found.items()}, first


def _rows(
    phases: list[str], E: FloatArray, diffuse: Mapping[str, FloatArray], found: Mapping[str, FloatArray]
) -> list[dict[str, Any]]:
    """A row for each region, phase and energy."""
    rows = []
    for region, each in found.items():
        shares = each / diffuse[region]
        error = shares.std(axis=0, ddof=1)
        for at, phase in enumerate(phases):
            for i, energy in enumerate(E):
                rows.append(
                    {
                        "region": region,
                        "phase": phase,
                        "energy_GeV": energy,
                        "diffuse_E2_flux": float(energy**2 * diffuse[region][i]),
                        "cocoons_E2_flux": float(energy**2 * each[:, at, i].mean()),
                        "share": float(shares[:, at, i].mean()),
                        "share_error": float(error[at, i] / np.sqrt(len(shares))),
                        "spread": float(error[at, i]),
                        "median_share": float(np.median(shares[:, at, i])),
                    }
                )
    return rows


def _told_at(E: FloatArray) -> list[int]:
    """Which of the energies are told."""
    return sorted({int(np.argmin(np.abs(np.log(E / each)))) for each in _TOLD_GEV if E[0] <= each <= E[-1]})


def _told(rows: list[dict[str, Any]], phases: list[str], region: str, E: FloatArray) -> dict[str, Estimate]:
    """Shares in a region at some of the energies, by phase."""
    told, at = {}, _told_at(E)
    for phase in phases:
        these = [row for row in rows if (row["region"], row["phase"]) == (region, phase)]
        value, error = ([these[i][key] for i in at] for key in ("share", "share_error"))
        told[phase] = Estimate(np.array(value), np.array(error), E[at])
    return told


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    refuse(options, "[cocoons]")
    sources, E = sources_in_all_phases(scenario, progress), sky_energies_GeV(scenario)
    lights = lights_of(scenario, sources, E)
    found, skies = realised(scenario, lights, E, progress)
    write_study(scenario, _made(scenario, sources, found, skies), folder, options.figure_format)
    refuse_rough(sources, "cocoons", folder)


def _made(scenario: Scenario, sources: list[Source], found: dict[str, FloatArray], skies: FloatArray) -> Made:
    """Numbers, files and the figure."""
    E, halo, phases = sky_energies_GeV(scenario), standard_halo(), [each.name for each in sources]
    diffuse_sky = sky_of_cells(
        halo.protons, "gamma", E, scenario.sky.nside, halo.helium_per_proton, halo.release.R_d_kpc
    )
    diffuse = _in_regions(diffuse_sky)
    rows, about = _rows(phases, E, diffuse, found), envelope(scenario, CONVENTIONS)
    population = population_of(scenario)
    wanted = wanted_of(scenario)
    numbers = {
        "sources": {
            "years_between": 1e6 / population.per_Myr,
            "followed": population.per_Myr * wanted.age,
            "realisations": len(found[_REGIONS[0]]),
        },
        "share_of_the_diffuse_emission": {
            "energy_GeV": E[_told_at(E)],
            **{name: _told(rows, phases, name, E) for name in _REGIONS},
        },
    }
    files: dict[str, Any] = {
        "cocoons.json": partial(write_json, {**about, **numbers, "rows": rows}),
        "cocoons.ecsv": partial(write_ecsv, rows, about),
        "sky_gamma_diffuse.fits": partial(_write_sky, diffuse_sky, E, about),
    } | {
        f"sky_gamma_{name}.fits": partial(_write_sky, sky, E, about | {"phase": name})
        for name, sky in zip(phases, skies, strict=True)
    }
    points = {name: lhaaso_plane(name.removeprefix("lhaaso-")) for name in _REGIONS[:2]}
    shown = (phases[0], skies[0], diffuse_sky)
    return Made(numbers, files, {"cocoons": partial(cocoons_figure, E, rows, shown, points)})


def _write_sky(sky: FloatArray, energy_GeV: FloatArray, about: Mapping[str, Any], path: Path) -> None:
    write_sky(path, SkyCube("gamma", "", energy_GeV, sky, metadata=about))


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    wanted, files = (
        wanted_of(scenario),
        "scenario.toml, summary.json, cocoons.json, cocoons.ecsv, skies, a figure",
    )
    population = population_of(scenario)
    return {
        "title": scenario.title,
        "particles": 0,
        "sources": round(population.per_Myr * wanted.age),
        "would_write": files,
    }


STUDY = Study("cocoons", lambda scenario: [], _plan, _execute)
