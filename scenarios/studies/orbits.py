"""Tracks through the [turbulence] of a scenario: D, whether diffusion describes them, and figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.turbulence.scattering import KOLMOGOROV_D, KOLMOGOROV_WAVELENGTHS, pitch_angle_D
from ...fields.turbulence.statistics import measure
from ...fields.turbulence.synthetic import Turbulence
from ...fields.units import C_KPC_MYR, KPC2_MYR_CM2_S, FloatArray, energy_label, momentum_GeV
from ...fields.waves.streaming import larmor_radius_kpc
from ...maps.figures import tracks as track_figures
from ...mc.blocks import REALISATION
from ...mc.files import write_text
from ...mc.orbits.cost import Cost, estimate_cost, refusal
from ...mc.orbits.diffusion_test import MU_EDGES, DiffusionTest
from ...mc.orbits.escape import Slab
from ..build import turbulence_of
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..folder.provenance import provenance_of
from ..folder.write import write_json
from ..products.product import Made
from ..products.write import check_all_written, write_files
from ..progress import Progress
from ..run import RunOptions
from .study import Study, refuse

_DIAGNOSED = 24
# Eight realisations, so that there is a scatter; and what fits into memory.
FEWEST, MOST = 8 * REALISATION, 20_000
# Along a field those that start across it would stay for ever.
LONGEST_TIMES = 100.0
_SHOWN_PITCH_ANGLES = 3

CONVENTIONS = {
    "D": "in units of c times the longest wavelength; along the mean field if there is one, else of all axes",
    "D_perp": "the same across the mean field, null where there is none",
    "r_L": "in the mean field, or in the rms field (all three components) where there is none",
    "l_c": "one-sided correlation length of the trace, int_0^inf <B(0).B(r)> dr/<B^2>, over all directions",
    "F": "power per ln k over the square of that field; D_formula is r_L v/(3 F) at k = 1/r_L (REV Eq. 3)",
    "D_qlt": "quasi-linear, slab waves: v r_L/(2 pi) int (1 - mu^2)/F(1/(r_L mu)) dmu",
    "exit_time": "first passage of |z| = H from z = 0; diffusive: (H + 0.71 lambda)^2/(2 D), D from tracks",
    "exit_time_tests": "ks, ad: statistics; _p: chance of larger ones, shuffling whole realisations",
    "error": "one sigma, with the scatter between realisations; beside D_over_cLmax it is that of it",
    "bias_expected": "of D, relative and upward, from log-spaced waves at r_L > l_c; not taken off",
    "D_bohm": "r_L v/3",
    "D_small_angle": "(2/3) v r_L^2/l_c",
    "hybrid": "the hybrid engine with the D of tracks, 16 times as many particles",
    "grammage": "m_p n v t of hydrogen",
    "inside_at_end": "particles that had not left when their history ended",
    "flag": "ballistic: lambda > H; diffusive: lambda < 0.05 H, H > 20 l_c and the escape time within 3% or "
    "two sigma of that of diffusion; not converged: D or the time known to worse than 10% or 5%, D still "
    "changing, or more than 1% inside at the end; marginal: else",
}


def _energies(scenario: Scenario) -> Any:
    assert scenario.turbulence is not None
    return np.geomspace(*scenario.turbulence.energies)


def costs_of(scenario: Scenario) -> list[Cost]:
    """The cost of each energy.

    Raises
    ------
    ScenarioError
        If one of them cannot be right, or takes too long.
    """
    turbulence, t = _turbulence(scenario), scenario.turbulence
    assert t is not None
    particles = scenario.transport.particles
    if not FEWEST <= particles <= MOST:
        raise ScenarioError(
            f"transport.particles = {particles}: allowed: {FEWEST} to {MOST} for an energy of a [turbulence]"
        )
    costs = [
        estimate_cost(turbulence, float(E), t.H, particles, scenario.transport.t_max)
        for E in _energies(scenario)
    ]
    refused = refusal(costs, turbulence)
    if refused:
        raise ScenarioError(f"turbulence.{refused[0]}: {refused[1]}")
    return costs


def _turbulence(scenario: Scenario) -> Turbulence:
    turbulence = turbulence_of(scenario)
    assert turbulence is not None
    return turbulence


def plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    """What a run would do and cost, by energy."""
    costs, turbulence = costs_of(scenario), _turbulence(scenario)
    pc = 1e3
    # In the mean field, as the results have it; steps are by that in all of the field.
    momenta = momentum_GeV(np.array([a.energy_GeV for a in costs]))
    r_L = larmor_radius_kpc(momenta, turbulence.reference_field_uG)
    return {
        "title": scenario.title,
        "energy_GeV": [float(f"{a.energy_GeV:.4g}") for a in costs],
        "r_L_pc": (pc * r_L).tolist(),
        "r_L_over_lc": (r_L / turbulence.correlation_length_kpc).tolist(),
        "step_pc": [pc * a.step_kpc for a in costs],
        "lambda_over_H": [a.mean_free_path_kpc / a.H_kpc for a in costs],
        "bias_of_D": [a.bias for a in costs],
        "steps": [a.steps for a in costs],
        "minutes": [60.0 * a.core_hours / threads for a in costs],
        "correlation_length_pc": pc * turbulence.correlation_length_kpc,
        "rms_uG": turbulence.rms_uG,
        "modes_per_decade": turbulence.modes_per_decade,
        "realisations": -(-scenario.transport.particles // REALISATION),
        "minutes_in_all": 60.0 * sum(a.core_hours for a in costs) / threads,
        "besides": "compiling, half a minute the first time, and figures",
        "would_write": "scenario.toml, verdict.json, summary.json, tracks_*.h5, hybrid_*.h5, figures",
    }


def diffusion_tests(scenario: Scenario, threads: int) -> list[DiffusionTest]:
    """One test for each energy, nothing followed yet; histories end after 100 times the expected way out.

    Raises
    ------
    ScenarioError
        If an energy cannot be right, or takes too long.
    """
    t, turbulence = scenario.turbulence, _turbulence(scenario)
    assert t is not None
    how = (scenario.transport.particles, scenario.transport.seed, threads)
    tests = []
    for cost in costs_of(scenario):
        end = min(scenario.transport.t_max, LONGEST_TIMES * cost.way_out_kpc / C_KPC_MYR)
        tests.append(DiffusionTest(turbulence, cost.energy_GeV, Slab(t.H, t.gas, end), *how))
    return tests


def execute(scenario: Scenario, out: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    """Follow the tracks of a scenario and write its files into a folder.

    Raises
    ------
    ScenarioError
        If an energy cannot be right, or takes too long.
    OSError
        If the folder cannot be written.
    """
    refuse(options, "a [turbulence]")
    tests = diffusion_tests(scenario, threads)
    stage = "Diffusion tests"
    progress(stage, 0, len(tests))
    provenance = provenance_of(scenario) | {"conventions": CONVENTIONS}
    write_text(out / "scenario.toml", scenario.to_toml())
    rows = []
    for number, test in enumerate(tests, start=1):
        rows.append(test.row())
        escapes = {"tracks": test.by_orbits} | ({"hybrid": test.by_hybrid} if test.D_kpc2_Myr[0] > 0 else {})
        for method, found in escapes.items():
            found.result.provenance.update(provenance)
            name = energy_label(test.energy_GeV).replace(" ", "")
            found.result.write(out / f"{method}_{number:02d}_{name}.h5")
        progress(stage, number, len(tests))
    about = {"seed": scenario.transport.seed, "L_max_kpc": tests[0].turbulence.wavelengths_kpc[1]}
    write_json(provenance | about | {"rows": rows}, out / "verdict.json")
    progress("Figures", 0, 1)
    failed = write_files(Made({}, figures=figures_of(tests, rows)), out, options.figure_format)
    progress("Figures", 1, 1)
    # Last, because it marks the run as complete.
    write_json(summarise(tests, rows) | {"provenance": provenance | about}, out / "summary.json")
    check_all_written(failed, out)


def summarise(tests: list[DiffusionTest], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The results of the tests as columns against energy."""
    D, error = (np.array([test.D_kpc2_Myr[i] for test in tests]) * KPC2_MYR_CM2_S for i in (0, 1))
    over = {
        f"D_over_{name}": _ratio(rows, f"D_{key}")
        for name, key in (("QLT", "qlt"), ("r_Lv_3F", "formula"), ("Bohm", "bohm"))
    }
    ratios = [row["exit_time_over_diffusive"] or {"value": None, "error": None} for row in rows]
    counters = [test.by_orbits.result.counters for test in tests]
    return {
        "energy_GeV": [float(f"{row['energy_GeV']:.4g}") for row in rows],
        "r_L_over_lc": [row["r_L_over_lc"] for row in rows],
        "D_cm2_s": {"value": D.tolist(), "error": error.tolist()},
        **_across(tests),
        **{key: ratio for key, ratio in over.items() if any(value is not None for value in ratio["value"])},
        "lambda_over_H": [row["mean_free_path_over_H"] for row in rows],
        "exit_time_over_diffusive": {key: [ratio[key] for ratio in ratios] for key in ("value", "error")},
        "flag": [row["flag"] for row in rows],
        "reason": [row["reason"] for row in rows],
        "counters": {key: sum(each[key] for each in counters) for key in counters[0]},
        "steps": sum(test.by_orbits.result.steps for test in tests),
    }


def _across(tests: list[DiffusionTest]) -> dict[str, Any]:
    """D across the mean field, if there is one."""
    found = [(test.late.across, test.speed_kpc_Myr * KPC2_MYR_CM2_S) for test in tests]
    value = [across.plateau * unit for across, unit in found if across]
    error = [across.plateau_error * unit for across, unit in found if across]
    return {"D_perp_cm2_s": {"value": value, "error": error}} if value else {}


def _ratio(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """Measured D over a theory, None where the theory says nothing."""
    return {
        "value": [row[key] and row["D_over_cLmax"] / row[key] for row in rows],
        "error": [row[key] and row["error"] / row[key] for row in rows],
    }


def figures_of(tests: list[DiffusionTest], rows: list[dict[str, Any]]) -> dict[str, Callable[..., Any]]:
    """Every figure of the tests: what draws each."""
    turbulence = tests[0].turbulence
    figures: dict[str, Callable[..., Any]] = {}
    pairs = [(test, row) for test, row in zip(tests, rows, strict=True) if test.D_kpc2_Myr[0] > 0]
    if pairs:
        running = [(energy_label(test.energy_GeV), *_running(test)) for test, _ in pairs]
        figures = {
            "diffusion": partial(
                track_figures.diffusion_against_larmor_radius,
                [row for _, row in pairs],
                _published(turbulence),
            ),
            "running_diffusion": partial(track_figures.running_diffusion, running),
            "exit_times": partial(track_figures.exit_times, [_panel(test, row) for test, row in pairs]),
        }
    diagnosed = measure(turbulence, [field.second for field in tests[0].fields("orbits", _DIAGNOSED)])
    figures["turbulence"] = partial(track_figures.turbulence_diagnostics, diagnosed)
    if turbulence.geometry == "slab" and turbulence.mean_field_uG > 0:
        chosen = tests[:: -(-len(tests) // _SHOWN_PITCH_ANGLES)]
        figures["pitch_angles"] = partial(
            track_figures.pitch_angles, [_pitch_angles(test) for test in chosen]
        )
    return figures


def _running(test: DiffusionTest) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Path over lambda, D over its plateau and the error of it: early displacements, NaN, then later ones.

    The two are measured on different tracks: a line through both would jump.
    """
    early, late = test.early.along, test.late.along
    after = late.path_kpc > early.path_kpc[-1]
    path, D, error = (
        np.concatenate([getattr(early, name), np.full(int(after.any()), np.nan), getattr(late, name)[after]])
        for name in ("path_kpc", "running", "running_error")
    )
    return path / test.mean_free_path_kpc, D / late.plateau, error / late.plateau


def _pitch_angles(test: DiffusionTest) -> tuple[str, dict[str, FloatArray]]:
    """D_mumu times r_L/v: measured in bins of mu, and quasi-linear."""
    scale = test.larmor_radius_kpc / test.speed_kpc_Myr
    measured, error = test.pitch_angles()
    mu = np.linspace(-0.999, 0.999, 400)
    return energy_label(test.energy_GeV), {
        "mu": 0.5 * (MU_EDGES[1:] + MU_EDGES[:-1]),
        "value": scale * measured,
        "error": scale * error,
        "theory_mu": mu,
        "theory": scale * pitch_angle_D(test.turbulence, test.momentum_GeV, mu),
    }


def _published(turbulence: Turbulence) -> tuple[list[float], list[float]] | None:
    """The published curve, where this is the turbulence that it was measured in."""
    shortest, longest = turbulence.wavelengths_kpc
    same = (
        abs(shortest / longest / KOLMOGOROV_WAVELENGTHS[0] - 1.0) < 0.01 and turbulence.mean_field_uG == 0.0
    )
    kolmogorov = float(turbulence.power(np.array(8.0)) / turbulence.power(np.array(1.0)))
    if not (same and turbulence.geometry == "isotropic" and abs(kolmogorov - 0.25) < 1e-6):
        return None
    return list(KOLMOGOROV_D), list(KOLMOGOROV_D.values())


def _panel(test: DiffusionTest, row: dict[str, Any]) -> tuple[str, Any, Any, Any, Any]:
    law = test.diffusive
    time = np.linspace(0.0, 4.0, 300)
    label = f"{energy_label(test.energy_GeV)}\n$\\lambda/H={row['mean_free_path_over_H']:.2g}$\n{row['flag']}"
    tracks, hybrid = (
        np.concatenate(found.times_Myr) / law.mean_Myr for found in (test.by_orbits, test.by_hybrid)
    )
    return label, tracks, hybrid, time, 1.0 - law.cdf(time * law.mean_Myr)


STUDY = Study("turbulence", lambda scenario: [], plan, execute)
