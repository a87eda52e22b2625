"""Speed of the kernels on this machine: sums over plane waves, the grid, the engines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.turbulence.single_precision import single_precision
from ...fields.turbulence.synthetic import Turbulence, grid_field, kolmogorov, plane_waves
from ...mc.blocks import Transport
from ...mc.engine import run
from ...mc.orbits.tracks import tracks
from ...mc.tally import energy_groups, galactic_grid

MODES = (64, 256, 1024)
THREADS = (1, 2)
GRID_CELLS, HYBRID_PARTICLES = 256, 256
# r_L of 0.1 in turbulence of wavelengths up to 1, a tenth of r_L a step; a new base every 32 steps.
_STEP, _RIGIDITY, _REBASE = 0.01, 0.1, 32
_PARTICLES, _REPEATS = 8, 5
# Orbits of a measurement on a GPU, and how long they are followed: some hundred moves.
DEVICE_ORBITS, _DEVICE_T_MAX_Myr = 16384, 1e-3
WAVES_A_THREAD = 8_000_000


def benchmarks(report: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """Time of every kernel.

    Returns
    -------
    list of dict
        {kernel, modes, dtype, threads, ns_per_mode, ns_per_step}; times are of the wall clock, over the steps
        of all threads together: twice as fast on two threads is half of it. The best of several runs.
    """
    rows = []
    for modes in MODES:
        waves = plane_waves(kolmogorov, (1e-3, 1.0), modes, 1.0, 1)
        for dtype in ("float64", "float32"):
            report(f"{modes} plane waves, {dtype}")
            for threads in THREADS:
                fields = [
                    waves if dtype == "float64" else single_precision(waves, _REBASE * _STEP)
                    for _ in range(threads)
                ]
                ns = _ns_per_step(fields, WAVES_A_THREAD // modes)
                rows.append(_row("plane waves", modes, dtype, threads, ns))
    report(f"grid of {GRID_CELLS}^3")
    grid = grid_field(kolmogorov, (4.0 / GRID_CELLS, 1.0), GRID_CELLS, 1.0, 1.0, 1)
    for threads in THREADS:
        rows.append(
            _row("grid", None, "float32", threads, _ns_per_step([grid] * threads, WAVES_A_THREAD // 80))
        )
    for kernel, galaxy in (("hybrid", Galaxy()), ("guiding-centre", Galaxy(field="x-shaped", epsilon=0.01))):
        report(f"{kernel} engine")
        rows.extend(_row(kernel, None, "float64", threads, _move_ns(galaxy, threads)) for threads in THREADS)
    return rows


def orbits_on_device(report: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """Time of a step of orbits on a GPU, with its start left out; the keys are those of `benchmarks`."""
    from ...mc.device.executor import Device

    report("orbits on a GPU")
    galaxy = Galaxy(field="tube", r_max_kpc=30.0)
    medium = galaxy.medium()
    grid = galactic_grid(energy_groups(1e6, 1.1e6), galaxy)
    turbulence = Turbulence(kolmogorov, (1e-4, 0.02), MODES[0], 1.0)
    how = Transport(DEVICE_ORBITS, 1, "orbit", 1, _DEVICE_T_MAX_Myr, turbulence=turbulence)
    run(medium, grid, replace(how, particles=1), executor=Device())
    result = run(medium, grid, how, executor=Device())
    ns = 1e9 * float(result.performance["wall_time_s"]) / result.steps
    return [_row("orbit on a GPU", MODES[0], "float64", 1, ns)]


def _row(kernel: str, modes: int | None, dtype: str, threads: int, ns: float) -> dict[str, Any]:
    per_mode = None if modes is None else ns / modes
    return {
        "kernel": kernel,
        "modes": modes,
        "dtype": dtype,
        "threads": threads,
        "ns_per_mode": per_mode,
        "ns_per_step": ns,
    }


def _ns_per_step(fields: list[Any], steps: int) -> float:
    """Boris steps through fields, one thread each."""
    path = np.array([steps * _STEP])
    tracks(fields, _RIGIDITY, _STEP, path / steps, _PARTICLES, 1.0, 1, len(fields))
    best = np.inf
    for _ in range(_REPEATS):
        started = time.perf_counter()
        tracks(fields, _RIGIDITY, _STEP, path / _PARTICLES, _PARTICLES, 1.0, 1, len(fields))
        best = min(best, time.perf_counter() - started)
    return 1e9 * best / (len(fields) * steps)


def _move_ns(galaxy: Galaxy, threads: int) -> float:
    """Moves of the main scenario in a galaxy between 10 TeV and 100 TeV."""
    medium = galaxy.medium()
    grid = galactic_grid(energy_groups(1e4, 1e5), galaxy)
    run(medium, grid, Transport(1))
    result = run(medium, grid, Transport(HYBRID_PARTICLES), threads=threads)
    return 1e9 * float(result.performance["wall_time_s"]) / result.steps
