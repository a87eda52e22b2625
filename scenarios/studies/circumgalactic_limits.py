"""How bright the circumgalactic sky may be, given data at the Sun.

In each of many media the free keys are fitted to protons and nuclei at the Sun by the transport equation, and
the light of the circumgalactic gas is that of the same solution. Some media cannot have what is measured:
what comes back from outside adds grammage that no halo takes away.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ...maps.data.read import Points, fermi_igrb, icecube
from ...maps.figures.limits import limits_figure
from ...mc.uncertainty import Estimate
from ..file.scenario import Scenario
from ..folder.write import write_ecsv, write_json
from ..products.product import Made
from ..progress import Progress
from ..run import RunOptions
from .limits_media import (
    fit_all,
    judged_below_GV,
    medium_at,
    places_of,
    predictions_of,
    seconds_of_one,
    solutions_of,
)
from .study import Study, envelope, refuse, write_study

ALLOWED_QUANTILE, NEAR_THE_BEST = 0.95, 9.0
TOLD_GEV = {"neutrino": (1e3, 1e4, 1e5, 1e6), "gamma": (10.0, 100.0, 1e3, 1e5)}
"""Energies of the table."""
_COMPARED_GEV = {"neutrino": (1e4, 1e5, 1e6), "gamma": (10.0, 100.0)}

CONVENTIONS = {
    "E2_flux_GeV_cm2_s_sr": "E^2 I of the circumgalactic gas alone, averaged over the sky; neutrinos per "
    "flavour, nu + nubar. At the age transport.t_max, by the transport equation: within 10% of particles "
    "where these were followed, mostly lower",
    "error": "one sigma, from the covariance of the fit, times (chi^2/freedom)^(1/2) where that is above "
    "one. Errors of cross sections and of the equation are not in it",
    "chi2": "of all fitted points, errors as published, taken to be independent. Models of hadronic "
    "interactions in one table share its points: errors of each times the root of their number",
    "allowed": "each measurement that ends below source.E_break has chi^2 below the "
    f"{ALLOWED_QUANTILE:.0%} quantile for its number of points; beyond, it is the power laws of the sources "
    "that are tested. Media whose fit failed, or was given up, are not allowed; the latter are excluded by "
    "ratios that D alone does not make, in their own or in thinner gas, of which less returns, or undecided",
    "behind_the_best": "chi^2 of these measurements less that of the medium that has them best",
    "steady_over_age": "light of the steady state, of which the slopes are, over that at the age",
    "ratio": "over IceCube (combined fit, and starting events) and Fermi-LAT's isotropic background, both "
    "log-interpolated between points that are no limits; null where one of these is a limit. error: of both",
    "D0": "diffusion.scale is z_B in every medium",
}


# -- which are allowed -----------------------------------------------------------------------


def excluded_by(row: dict[str, Any], below_GV: float) -> list[str]:
    """Measurements below a rigidity that a medium does not have, which exclude it.

    Of a fit that was given up, ratios that the medium does not have even by themselves.
    """
    from scipy.stats import chi2

    fitted = row.get("by_data", {}) if row.get("settled") else (row.get("alone") or {}).get("chi2", {})
    return [
        name
        for name, of in fitted.items()
        if of["highest_GV"] <= below_GV and of["chi2"] > chi2.ppf(ALLOWED_QUANTILE, of["points"])
    ]


def judged_chi2(row: dict[str, Any], below_GV: float) -> float:
    """chi^2 of the measurements that judge a medium."""
    return float(sum(of["chi2"] for of in row["by_data"].values() if of["highest_GV"] <= below_GV))


# -- numbers ---------------------------------------------------------------------------------


def light_at(row: dict[str, Any], secondary: str, energy_GeV: float) -> Estimate | None:
    """E^2 I at an energy, log-interpolated; None where it is not known."""
    light = row.get(secondary)
    if light is None or not light["energy_GeV"][0] <= energy_GeV * 1.001 <= light["energy_GeV"][-1] * 1.002:
        return None
    x = np.log(light["energy_GeV"])
    value = float(np.exp(np.interp(np.log(energy_GeV), x, np.log(light["E2_flux"]))))
    relative = float(np.interp(np.log(energy_GeV), x, light["relative_error"])) * scale_of(row)
    return Estimate(np.array(value), np.array(value * relative))


def scale_of(row: dict[str, Any]) -> float:
    """By which errors of the fit are too small."""
    return float(max(row["chi2"] / max(row["freedom"], 1), 1.0) ** 0.5)


def measured_at(points: Points, energy_GeV: float) -> Estimate | None:
    """A measurement between two points; None where one of them is a limit, or there is none."""
    above = int(np.searchsorted(points.x, energy_GeV))
    if not 0 < above < points.x.size or points.is_limit[above - 1 : above + 1].any():
        return None
    around = Points(points.label, *(column[above - 1 : above + 1] for column in points[1:]))
    return Estimate(*around.at(energy_GeV))


def ratios_of(row: dict[str, Any]) -> dict[str, Any]:
    """Light over measurements, "neutrino_over_icecube_combined" and others, by energy."""
    data = {
        "neutrino": {"icecube_combined": icecube()[0], "icecube_mese": icecube()[1]},
        "gamma": {"fermi_igrb": fermi_igrb()},
    }
    found: dict[str, Any] = {}
    for secondary, tables in data.items():
        for name, points in tables.items():
            pairs = [(E, _ratio(row, secondary, points, E)) for E in _COMPARED_GEV[secondary]]
            found[f"{secondary}_over_{name}"] = {_text(E): ratio for E, ratio in pairs}
    return found


def _ratio(row: dict[str, Any], secondary: str, points: Points, E: float) -> Estimate | None:
    light, measured = light_at(row, secondary, E), measured_at(points, E)
    if light is None or measured is None:
        return None
    relative = np.hypot(light.error / light.value, measured.error / measured.value)
    ratio = light.value / measured.value
    return Estimate(np.asarray(ratio), np.asarray(ratio * relative))


def _text(energy_GeV: float) -> str:
    """As 100_TeV."""
    for unit, size in (("PeV", 1e6), ("TeV", 1e3)):
        if energy_GeV >= size:
            return f"{energy_GeV / size:g}_{unit}"
    return f"{energy_GeV:g}_GeV"


def named(row: dict[str, Any]) -> str:
    return f"{row['outflow']}, z_B={row['z_B_kpc']:g} kpc, {row['field']}, delta_G={row['delta_G']:g}"


def table_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each medium; what is not known is None."""
    lines = []
    for row in rows:
        line: dict[str, Any] = {
            name: row[name] for name in ("outflow", "z_B_kpc", "field", "delta_G", "allowed")
        }
        line["note"] = row["fault"] or note_of(row)
        line["excluded_by"] = "; ".join(row["excluded_by"])
        for name in ("chi2", "points", "freedom", "behind_the_best", "solved"):
            line[name] = row.get(name)
        for secondary, energies in TOLD_GEV.items():
            for E in energies:
                light = light_at(row, secondary, E)
                line[f"{secondary}_{_text(E)}_E2I"] = light and light.value
                line[f"error_of_{secondary}_{_text(E)}_E2I"] = light and light.error
        for key, of in row.get("keys", {}).items():
            name = f"{key}_{of['unit'].replace('/', '_')}" if of["unit"] else key
            line |= {name: of["value"], f"error_of_{name}": of["error"]}
        lines.append(line)
    names = list(dict.fromkeys(name for line in lines for name in line))
    return [{name: line.get(name) for name in names} for line in lines]


def summary_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many media are allowed, the brightest of these, and what each comes to."""
    allowed = [row for row in rows if row["allowed"]]
    found: dict[str, Any] = {
        "media": len(rows),
        "allowed": len(allowed),
        "not_fitted": sum(bool(row["fault"]) for row in rows),
        "criterion": CONVENTIONS["allowed"],
    }
    near = [row for row in allowed if row["behind_the_best"] <= NEAR_THE_BEST]
    for which, some in (("allowed", allowed), ("near_the_best", near)):
        for secondary, E in (("neutrino", 1e5), ("gamma", 100.0)):
            known = [(light_at(row, secondary, E), row) for row in some]
            lit = [(light, row) for light, row in known if light is not None]
            if lit:
                light, row = max(lit, key=lambda each: float(each[0].value))
                found[f"brightest_{which}_{secondary}"] = {
                    "medium": named(row), f"E2_flux_{_text(E)}_GeV_cm2_s_sr": light, **ratios_of(row),
                }  # fmt: skip
    if given_up := [row for row in rows if row.get("alone")]:
        found["ratio_alone"] = {
            f"{row['outflow']}, z_B={row['z_B_kpc']:g} kpc, {row['field']}": row["alone"] for row in given_up
        }
    for row in rows:
        one = {"allowed": row["allowed"]}
        one |= {"fault": row["fault"]} if row["fault"] else _told(row)
        found[named(row)] = one
    return found


def note_of(row: dict[str, Any]) -> str:
    """What is to be said of a fit besides its numbers."""
    notes = [f"{key} at its limit" for key in row["at_limits"]]
    if not row["settled"]:
        undecided = "" if row["excluded_by"] else ": undecided"
        notes = [f"given up far from the data, without errors{undecided}", *notes]
    return ", ".join(notes)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "chi2": row["chi2"],
        "points": row["points"],
        "excluded_by": row["excluded_by"],
        "behind_the_best": row["behind_the_best"],
        "note": note_of(row),
        "neutrino_E2_flux_100_TeV_GeV_cm2_s_sr": light_at(row, "neutrino", 1e5),
        "gamma_E2_flux_100_GeV_GeV_cm2_s_sr": light_at(row, "gamma", 100.0),
    }


# -- the study -------------------------------------------------------------------------------


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    places = places_of(scenario)
    _check(scenario)
    media, processes = len(places) * len(wanted.delta_G), min(threads, len(places))
    one_s = seconds_of_one(scenario)
    solutions = media * solutions_of(scenario)
    return {
        "title": scenario.title,
        "particles": 0,
        "media": media,
        "processes": processes,
        "solutions_estimated": solutions,
        "time_s_estimated": round(one_s * solutions / processes),
        "would_write": "scenario.toml, summary.json, circumgalactic_limits.ecsv, .json, a figure",
    }


def _check(scenario: Scenario) -> None:
    """Refuse tables, keys and media that are none before the first fit begins."""
    wanted = scenario.circumgalactic_limits
    assert wanted is not None
    place = places_of(scenario)[0]
    predictions_of(scenario, medium_at(scenario, place, wanted.delta_G[0]))


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    refuse(options, "a [circumgalactic_limits]")
    _check(scenario)
    rows = fit_all(
        scenario,
        min(threads, len(places_of(scenario))),
        lambda done, total: progress("Media", done, total),
    )
    write_study(scenario, conclude(scenario, rows), folder, options.figure_format)


def conclude(scenario: Scenario, rows: list[dict[str, Any]]) -> Made:
    """Which media are allowed, and what is written and drawn of them."""
    below = judged_below_GV(scenario)
    rows = [
        {"at_limits": [], **row, "excluded_by": excluded_by(row, below)}
        | ({} if row["fault"] else {"ratios": ratios_of(row)})
        for row in rows
    ]
    rows = [{**row, "allowed": row.get("settled", False) and not row["excluded_by"]} for row in rows]
    settled = [judged_chi2(row, below) for row in rows if row.get("settled")]
    rows = [
        {**row, "behind_the_best": judged_chi2(row, below) - min(settled) if row.get("settled") else None}
        for row in rows
    ]
    about = envelope(scenario, CONVENTIONS)
    files = {
        "circumgalactic_limits.json": partial(write_json, {**about, "media": rows}),
        "circumgalactic_limits.ecsv": partial(write_ecsv, table_of(rows), about),
    }
    figures = {}
    if any(not row["fault"] for row in rows):
        figures["circumgalactic_limits"] = partial(limits_figure, [_drawn(row) for row in rows])
    return Made(summary_of(rows), files, figures)


def _drawn(row: dict[str, Any]) -> dict[str, Any]:
    """What the figure takes of a medium."""
    found = {name: row[name] for name in ("outflow", "delta_G", "allowed", "fault")}
    if not row["fault"]:
        for secondary in TOLD_GEV:
            light = row[secondary]
            value: FloatArray = light["E2_flux"]
            found[secondary] = Estimate(
                value, value * light["relative_error"] * scale_of(row), light["energy_GeV"]
            )
    return found


STUDY = Study("circumgalactic_limits", lambda scenario: [], _plan, _execute)
