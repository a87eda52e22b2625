"""Self-generated waves: their file, their figures, and how the rounds that found them went."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.exceptions import NotConverged
from ...fields.units import FloatArray
from ...fields.waves.streaming import cascade_rate_Myr
from ...fields.waves.streaming_protons import growth_rate_Myr
from ...maps.figures import halo as halo_figures
from ...mc.coupled.waves import ConvergedWaves
from ...mc.files import replacing_hdf5, write_text
from ..file.scenario import Scenario
from ..folder.provenance import provenance_of
from ..folder.write import write_json
from ..run import Run
from .product import Made, Product
from .write import write_files


def rounds(waves: ConvergedWaves) -> dict[str, Any]:
    """How the rounds went."""
    return {
        "verdict": waves.outcome,
        "converged": waves.converged,
        "rounds": len(waves.residuals),
        "residuals": [float(f"{x:.3g}") for x in waves.residuals],
    }


def write_waves(waves: ConvergedWaves, path: Path, provenance: dict[str, Any]) -> None:
    """D, the waves and the rounds of a self-consistent halo as HDF5."""
    column = waves.column
    arrays = {
        "momentum_GeV": (waves.diffusion.p_GeV, "GeV/c"),
        "height_kpc": (waves.diffusion.height_kpc, "kpc"),
        "D_kpc2_Myr": (waves.diffusion.D_kpc2_Myr, "kpc2/Myr"),
        "flux_cm2_s": (waves.flux_cm2_s, "cm-2 s-1 per ln p"),
        "wavenumber_kpc": (column.k_kpc, "1/kpc"),
        "power": (waves.power, "dB^2/B^2 per ln k"),
        "growth_Myr": (np.array([_growth_Myr(waves, level) for level in range(len(waves.power))]), "1/Myr"),
        "residual": (np.array(waves.residuals), "1"),
        "round_s": (np.array(waves.seconds), "s"),
    }
    with replacing_hdf5(path) as file:
        file.attrs["provenance"] = json.dumps(provenance | {"verdict": waves.outcome}, sort_keys=True)
        for name, (values, unit) in arrays.items():
            file.create_dataset(name, data=values, fletcher32=True).attrs["unit"] = unit


def _found(waves: ConvergedWaves, provenance: dict[str, Any]) -> Made:
    """The waves, and the rounds that they were found in."""
    return Made(
        {"self_consistency": rounds(waves)},
        {"waves.h5": lambda path: write_waves(waves, path, provenance)},
        {
            "iteration": partial(halo_figures.iteration, waves.residuals, waves.tolerance),
            "wave_power": partial(_draw_power, waves),
            "wave_rates": partial(_draw_rates, waves),
        },
    )


def _levels(waves: ConvergedWaves, *heights_kpc: float) -> dict[float, int]:
    """Levels that are nearest to some heights."""
    z = waves.diffusion.height_kpc
    return {h: int(np.argmin(np.abs(z - h))) for h in heights_kpc if h <= z[-1] * 1.001}


def _draw_power(waves: ConvergedWaves, ax: Any = None) -> Any:
    levels = _levels(waves, 0.1, 1.0, 4.0, 16.0)
    named = {f"{h:g} kpc": waves.power[level] for h, level in levels.items()}
    return halo_figures.wave_power(waves.column.k_kpc, named, float(waves.column.B_uG[0]), ax)


def _draw_rates(waves: ConvergedWaves, ax: Any = None) -> Any:
    levels = _levels(waves, 0.1, 1.0, 4.0)
    panels = [(f"$|z| = {h:g}$ kpc", _rates(waves, level)) for h, level in levels.items()]
    return halo_figures.wave_rates(waves.column.k_kpc, panels, ax)


def _growth_Myr(waves: ConvergedWaves, level: int) -> FloatArray:
    """Growth rate of waves by the diffusive flux of protons in a layer."""
    return growth_rate_Myr(waves.column, waves.protons, level, waves.flux_cm2_s[level])


def _rates(waves: ConvergedWaves, level: int) -> dict[str, FloatArray]:
    """Growth and each loss of waves at a height."""
    column, k, F = waves.column, waves.column.k_kpc, waves.power[level]
    z, v_A = float(column.z_kpc[level]), float(column.v_A_kpc_Myr[level])
    rates = {"growth": _growth_Myr(waves, level)}
    rates |= waves.model.damping_rates_Myr(k, z, v_A, F)
    if column.cascade != "none":
        rates["cascade"] = cascade_rate_Myr(k, v_A, F, column.cascade)
    if column.advected:
        rates["$v_A/|z|$"] = np.full_like(k, v_A / z)
    return rates


def _make(run: Run) -> Made:
    waves = run.waves
    assert waves is not None
    return _found(waves, run.result.provenance)


PRODUCT = Product("waves", lambda run: run.waves is not None, _make)


def write_not_converged(scenario: Scenario, stopped: NotConverged, folder: Path, figure_format: str) -> None:
    """Write what was found of waves that did not converge."""
    write_text(folder / "scenario.toml", scenario.to_toml())
    summary: dict[str, Any] = {"verdict": str(stopped), "converged": False}
    if stopped.found is not None:
        found = _found(stopped.found, provenance_of(scenario))
        write_files(found, folder, figure_format)
        summary = found.numbers["self_consistency"]
    write_json({"title": scenario.title, "self_consistency": summary}, folder / "summary.json")
