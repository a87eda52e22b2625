"""Cosmic rays near a source in several phases of the gas: how long they stay, what they pass, what shines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.units import MYR_YR, FloatArray, total_energy_GeV
from ....maps.figures.near_sources import tube as figures
from ....mc.coupled.tube_particles import free_path_kpc, verdict
from ...build import sky_energies_GeV
from ...file.scenario import Scenario
from ...folder.write import write_ecsv, write_json
from ...products.product import Made
from ...progress import Progress
from ...run import RunOptions
from ..study import Study, envelope, refuse, write_study
from .halo import halo, write_tubes
from .published import beside_published
from .source import Source, per_mass, refuse_rough, sources_in_all_phases, wanted_of

ENERGIES_GEV = (10.0, 100.0, 1e3, 1e4)
# Longer than this times what D of the Galaxy alone makes of it, waves of the protons matter.
_MATTERS = 2.0

CONVENTIONS = {
    "residence_Myr": "mean time within |s| < L_c, by energy; 'half': after which half are gone",
    "over_galactic": "residence over (L_c^2 - l^2/3)/(2 D_gal), l half of the length of the source",
    "grammage_g_cm2": "gas passed within |s| < L_c, of hydrogen masses",
    "lambda_over_L_c": "3 D/(v L_c) of the constant D that holds them as long",
    "verdict": "diffusive where that is below 0.1, not diffusive above 1",
    "escaped": "protons that left the ends by the last age, over those released at that momentum",
    "matters_up_to_GeV": "energy above which the residence is less than twice that of D_gal; null: nowhere",
    "steps_change": "of residence times, at most, where steps are twice as long",
    "ratio": "ours over the published, 1 within its range",
    "n": "beyond the Galaxy's own protons, per ln p",
    "halo": "seen from the side: brightness E^2 I in GeV cm^-2 s^-1 sr^-1, luminosity E^2 dN/dE/dt in GeV/s",
}


def _galactic_Myr(source: Source) -> FloatArray:
    """Mean residence with the D of the Galaxy alone, (n,)."""
    return source.run.tube.D_times_residence_kpc2 / source.run.waves.D_gal_kpc2_Myr


def _spectra(source: Source) -> dict[str, FloatArray]:
    """All that is told by energy, (n,) each."""
    run = source.run
    return {
        "energy_GeV": total_energy_GeV(run.waves.p_GeV),
        "residence_Myr": run.residence_Myr,
        "galactic_Myr": _galactic_Myr(source),
        "half_left_Myr": run.half_left_Myr,
        "over_galactic": run.residence_Myr / _galactic_Myr(source),
        "grammage_g_cm2": run.grammage_g_cm2,
        "escaped": run.escaped,
        "lambda_over_L_c": free_path_kpc(run) / run.tube.L_c_kpc,
    }


def _rows(source: Source) -> list[dict[str, Any]]:
    """The four energies."""
    spectra = _spectra(source)
    x = np.log(spectra["energy_GeV"])
    rows = []
    for E in ENERGIES_GEV:
        if not x[0] <= np.log(E) <= x[-1]:
            continue
        told = {
            key: float(np.exp(np.interp(np.log(E), x, np.log(spectra[key]))))
            for key in (
                "residence_Myr",
                "half_left_Myr",
                "over_galactic",
                "grammage_g_cm2",
                "lambda_over_L_c",
            )
        }
        rows.append(
            {"phase": source.name, "energy_GeV": E, **told, "verdict": verdict(told["lambda_over_L_c"])}
        )
    return rows


def _matters_up_to_GeV(source: Source) -> float:
    """The energy above which waves of the protons make less than a factor of two."""
    spectra = _spectra(source)
    longer = spectra["over_galactic"] > _MATTERS
    if not longer.any():
        return float("nan")
    last = int(np.flatnonzero(longer)[-1])
    if last == longer.size - 1:
        return float(spectra["energy_GeV"][-1])
    a, b = np.log(spectra["over_galactic"][last : last + 2] / _MATTERS)
    E = np.log(spectra["energy_GeV"][last : last + 2])
    return float(np.exp(E[0] + a / (a - b) * (E[1] - E[0])))


def _particles(source: Source) -> list[dict[str, Any]]:
    """Test protons beside the equation."""
    E, run = total_energy_GeV(source.run.waves.p_GeV), source.run
    return [
        {
            "phase": source.name,
            "energy_GeV": float(E[at]),
            "residence_Myr": one.residence_Myr,
            "residence_error_Myr": one.residence_error_Myr,
            "over_equation": one.residence_Myr / float(run.residence_Myr[at]),
            "over_equation_error": one.residence_error_Myr / float(run.residence_Myr[at]),
            "lambda_over_L_c": float(free_path_kpc(run)[at] / run.tube.L_c_kpc),
            "by": "steps" if one.steps else "flights",
        }
        for at, one in source.particles.items()
    ]


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    refuse(options, "a [near_source]")
    sources = sources_in_all_phases(scenario, progress)
    write_study(scenario, _made(scenario, sources), folder, options.figure_format)
    refuse_rough(sources, "near_source", folder)


def _made(scenario: Scenario, sources: list[Source]) -> Made:
    """Numbers, files and the figure."""
    about, E = envelope(scenario, CONVENTIONS), sky_energies_GeV(scenario)
    rows = [row for each in sources for row in _rows(each)]
    spectra = {each.name: _spectra(each) for each in sources}
    particles = [row for each in sources for row in _particles(each)]
    halos = {each.name: halo(each.run, E, per_mass(scenario)) for each in sources}
    published = beside_published(rows)
    phases = {
        each.name: {
            "matters_up_to_GeV": _matters_up_to_GeV(each),
            "steps": each.run.steps,
            "steps_change": each.change,
            "imbalance": each.run.imbalance,
            "energy_shares": {
                key: value / each.run.energy_erg["released"] for key, value in each.run.energy_erg.items()
            },
        }
        for each in sources
    }
    found = about | {
        "phases": phases, "rows": rows, "spectra": spectra, "particles": particles, "published": published,
        "halos": halos,
    }  # fmt: skip
    told = {
        each.name: {key: phases[each.name][key] for key in ("matters_up_to_GeV", "steps_change", "imbalance")}
        | {
            key: [row[key] for row in rows if row["phase"] == each.name]
            for key in ("energy_GeV", "residence_Myr", "over_galactic", "grammage_g_cm2", "verdict")
        }
        for each in sources
    }
    ratios = {f"{one['paper']}, {one['quantity']}, {one['phase']}, {one['energy_GeV']:g} GeV": one["ratio"]
              for one in published}  # fmt: skip
    runs = {each.name: each.run for each in sources}
    return Made(
        {"near_source": told, "over_published": ratios},
        {
            "near_source.json": partial(write_json, found),
            "near_source.ecsv": partial(write_ecsv, rows, about),
            "near_source.h5": partial(write_tubes, runs, about),
        },
        {"near_source": partial(figures.near_source, spectra, particles, runs, halos)},
    )


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    wanted = wanted_of(scenario)
    files = "scenario.toml, summary.json, tables, profiles, a figure"
    named = f"{', '.join(wanted.phases)} for {wanted.age * MYR_YR:g} yr"
    return {"title": scenario.title, "particles": 0, "phases": named, "would_write": files}


STUDY = Study("near_source", lambda scenario: [], _plan, _execute)
