"""Winds that cosmic rays drive: one from the base that is asked for, and those of a scan over bases."""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.exceptions import RunFailed
from ....fields.units import KPC_MYR_KM_S
from ....maps.data import read
from ....maps.figures import wind as figures
from ....mc.coupled.wind_loop import DrivenWind
from ....mc.coupled.wind_particles import WindPassage, wind_passage
from ....mc.coupled.wind_protons import Release
from ...file.scenario import Scenario
from ...folder.write import write_ecsv, write_json
from ...products.product import Made
from ...progress import Progress
from ...run import RunOptions
from ..study import Study, envelope, refuse, write_study
from .base import Base, Found, found_at, release_of, wanted_of
from .numbers import AtTheSun, beside_the_data, gas_of, spectra_of
from .profiles import curves_of, write_profiles

_PARTICLES_AT_GEV = (10.0, 100.0, 1e3)

CONVENTIONS = {
    "n_0": "rho/m_p of ionised hydrogen at the base",
    "u, v_A, c": "speeds of gas, of waves in it, and c* of the critical point",
    "energy_per_mass_km2_s2": "kinetic, enthalpy, gravity and what cosmic rays carry; below 0 none leaves",
    "mass_loss": "of both sides of the disc within source.R_d",
    "slope": "-d ln J/d ln R between rigidities, at the Earth; AMS-02's by the same fit",
    "grammage_g_cm2": "gas of the disc, of a fragment made there",
    "wind_grammage_g_cm2": "gas of the wind per proton released, not in B/C",
    "escape_time_Myr": "time below 10 kpc per proton released",
    "allowed": "slope: both within 0.1 of AMS-02. curvature: their difference, which depends little on "
    "what is injected. normalisation: a factor of 2 at 100 GV. boron_over_carbon: 30% at 10, 100 and 1000 GV",
    "particles": "density at the base, and protons below 10 kpc, over those of the transport equation",
}


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    refuse(options, "a [cosmic_ray_wind]")
    wanted, release = wanted_of(scenario), release_of(scenario)
    bases = [Base(*each) for each in product(wanted.n_scan, wanted.T_scan, wanted.B_scan)]
    count = 1 + (len(bases) if wanted.scan else 0)
    progress("Winds", 0, count)
    found = found_at(scenario, Base(wanted.n_0, wanted.T_0, wanted.B_0), release)
    rows = []
    for done, base in enumerate(bases if wanted.scan else ()):
        progress("Winds", done + 1, count)
        rows.append(_row(scenario, found_at(scenario, base, release)))
    progress("Winds", count, count)
    write_study(scenario, _made(scenario, found, rows, release), folder, options.figure_format)
    if found.driven is None:
        raise RunFailed(f"cosmic_ray_wind, {found.base}: {found.told}; what there is: {folder}")


def _row(scenario: Scenario, found: Found) -> dict[str, Any]:
    """One base of the scan; what there is no wind for is NaN."""
    base = {"n_0_cm3": found.base.n_0, "T_0_K": found.base.T_0, "B_0_uG": found.base.B_0}
    told = {key: float("nan") for key in _TOLD}
    allowed = dict.fromkeys(("slope", "curvature", "normalisation", "boron_over_carbon"), False)
    by_all = False
    if found.driven is not None:
        sun, gas = AtTheSun(found.driven, scenario), gas_of(found.driven, scenario)
        data = beside_the_data(sun)
        grammage = spectra_of(sun)["grammage_g_cm2"]
        own = {
            "grammage_10_GV_g_cm2": grammage[0],
            "grammage_1_TV_g_cm2": grammage[-1],
            "boron_over_carbon_over_ams02_10_GV": data["boron_over_carbon_over_ams02"][0],
            "waves_0_km_s": gas["u_0_km_s"] + gas["v_A_0_km_s"],
        }
        told = {key: float((gas | data | own)[key]) for key in _TOLD}
        allowed, by_all = data["allowed"], data["allowed_by_all"]
    return (
        base
        | {"wind": found.driven is not None, "reason": found.reason}
        | told
        | {f"allowed_{key}": value for key, value in allowed.items()}
        | {"allowed_by_all": by_all}
    )


_TOLD = (
    "u_0_km_s", "waves_0_km_s", "critical_kpc", "u_end_km_s", "mass_loss_Msun_yr", "slope_10_100_GV",
    "slope_100_1000_GV", "curvature_over_ams02", "flux_over_ams02_at_100_GV", "grammage_10_GV_g_cm2",
    "grammage_1_TV_g_cm2", "boron_over_carbon_over_ams02_10_GV",
)  # fmt: skip


def _particles(scenario: Scenario, driven: DrivenWind) -> list[WindPassage]:
    count, seed = wanted_of(scenario).particles, scenario.transport.seed
    if count < 10:
        return []
    highest = 0.1 * scenario.source.E_max
    return [wind_passage(driven, p, count, seed) for p in _PARTICLES_AT_GEV if p <= highest]


def _counted(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many bases have a wind, why others have none, and which of the data allow how many."""
    winds = [row for row in rows if row["wind"]]
    reasons = sorted({row["reason"] for row in rows if not row["wind"]})
    keys = [key for key in rows[0] if key.startswith("allowed")]
    span = {
        f"{key}_{name}": float(end([row[key] for row in winds]))
        for key in ("curvature_over_ams02", "grammage_10_GV_g_cm2", "waves_0_km_s", "mass_loss_Msun_yr")
        for name, end in (("least", min), ("most", max))
        if winds
    }
    return {
        "bases": len(rows),
        "winds": len(winds),
        "none": {reason: sum(row["reason"] == reason for row in rows) for reason in reasons},
        **{key: sum(row[key] for row in winds) for key in keys},
        **span,
    }


def _made(scenario: Scenario, found: Found, rows: list[dict[str, Any]], release: Release) -> Made:
    """Numbers, files and figures."""
    about, name = envelope(scenario, CONVENTIONS), "cosmic_ray_wind"
    told: dict[str, Any] = {
        "wind": found.driven is not None,
        "energy_flux_erg_cm2_s": release.energy_flux_erg_cm2_s,
    }
    files: dict[str, Any] = {}
    drawn: dict[str, Any] = {}
    if found.driven is None:
        tried = [{"u_0_km_s": u * KPC_MYR_KM_S, "outcome": word} for u, word in found.tried]
        told |= {"reason": found.reason, "told": found.told, "tried": tried}
    else:
        sun = AtTheSun(found.driven, scenario)
        passed = [one._asdict() for one in _particles(scenario, found.driven)]
        particles = {key: [one[key] for one in passed] for key in (passed[0] if passed else ())}
        told |= {
            "gas": gas_of(found.driven, scenario), "at_the_sun": spectra_of(sun),
            "data": beside_the_data(sun), "particles": particles,
        }  # fmt: skip
        files[f"{name}.h5"] = partial(write_profiles, found.driven, sun, about)
        measured = {"protons": read.protons()[:1], "boron_over_carbon": read.boron_over_carbon()[:1]}
        drawn[name] = partial(figures.wind, curves_of(found.driven, sun), measured)
    if rows:
        told["scan"] = _counted(rows)
        files[f"{name}.ecsv"] = partial(write_ecsv, rows, about)
        drawn[f"{name}_scan"] = partial(figures.wind_scan, rows)
    files[f"{name}.json"] = partial(write_json, about | told | {"rows": rows})
    return Made({name: told}, files, drawn)


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    wanted = wanted_of(scenario)
    bases = 1 + wanted.scan * int(
        np.prod([len(each) for each in (wanted.n_scan, wanted.T_scan, wanted.B_scan)])
    )
    files = "scenario.toml, summary.json, tables, profiles, figures"
    return {"title": scenario.title, "particles": 0, "winds": bases, "would_write": files}


STUDY = Study("cosmic_ray_wind", lambda scenario: [], _plan, _execute)
