"""Small media with known answers, and how to measure in them: the tools of `validate`.

Everything here is one-dimensional in |z| (the sources sit at z = 0, R = 0, and the medium does not depend on
R) unless it says otherwise. Residence time per height, per injected particle, is then n/phi with phi the flux
out of each side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...fields.field_lines import FieldLines
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.units import C_KPC_MYR, FloatArray
from ...mc.blocks import Transport
from ...mc.engine import run
from ...mc.result import Result
from ...mc.spectrum import Spectrum
from ...mc.tally import TallyGrid
from ...mc.uncertainty import value_and_error

FAR_KPC = 3e4
_LONG_MYR = 1e30
THREADS = 2


Rows = list[dict[str, Any]]
"""What a check finds: {name, value, expected, error, tolerance, passed} each."""


def check(name: str, replicas: FloatArray, expected: float, tolerance: float) -> dict[str, Any]:
    """A row of `validate`: passed if within the tolerance and measured to half of it."""
    value, error = (float(x) for x in value_and_error(np.asarray(replicas, float)))
    return row(name, value, expected, error, tolerance)


def row(name: str, value: float, expected: float, error: float, tolerance: float) -> dict[str, Any]:
    """A row of `validate` from numbers; `error` is one sigma, zero for a deterministic check."""
    passed = bool(abs(value - expected) <= tolerance and error <= 0.5 * tolerance)
    return {
        "name": name,
        "value": float(value),
        "expected": float(expected),
        "error": float(error),
        "tolerance": float(tolerance),
        "passed": passed,
    }


def paper_row(
    name: str, source: str, unit: str, paper: float | tuple[float, float], ours: Any, note: str | None = None
) -> dict[str, Any]:
    """A row of `crhalo table`; the ratio to a range is 1 inside it, and taken to the nearer edge outside."""
    ours = float(ours)
    low, high = paper if isinstance(paper, tuple) else (paper, paper)
    row: dict[str, Any] = {
        "name": name,
        "source": source,
        "unit": unit,
        "paper": list(paper) if isinstance(paper, tuple) else paper,
        "ours": ours,
        "ratio": ours / min(max(ours, low), high),
    }
    return row if note is None else {**row, "note": note}


@dataclass(frozen=True)
class Slab:
    """A slab |z| < H with mean free path lambda(z), and what lies behind its surface.

    Attributes
    ----------
    H_kpc : float
        Half-thickness.
    mean_free_path_kpc : callable
        lambda(|z|) inside.
    wall : Wall
        The surface at |z| = H.
    mean_free_path_behind_kpc, speed_behind_kpc_Myr : float
        Of the moving medium behind it.
    gas_cm3 : callable, optional
        Gas of the disc, by |z|.
    lines : FieldLines, optional
        Field lines in the slab.
    """

    H_kpc: float
    mean_free_path_kpc: Callable[[FloatArray], FloatArray]
    wall: Wall = Wall.ABSORBING
    mean_free_path_behind_kpc: float = 1.0
    speed_behind_kpc_Myr: float = 0.0
    gas_cm3: Callable[[FloatArray], FloatArray] | None = None
    gas_scale_kpc: float = 1e6
    lines: FieldLines | None = None

    def medium(self, r_max_kpc: float = FAR_KPC) -> Medium:
        """The tabulated slab; D does not depend on momentum (for protons above 100 GeV)."""
        behind = self.mean_free_path_behind_kpc * C_KPC_MYR / 3.0
        gas = self.gas_cm3 or (lambda z: 0.0 * z)
        return Medium.tabulate(
            diffusion_halo=lambda p, R, z: self.mean_free_path_kpc(z) * C_KPC_MYR / 3.0 + 0.0 * p * R,
            diffusion_bell=lambda p, R, z: behind + 0.0 * p * R * z,
            surface=lambda R, z: z - self.H_kpc + 0.0 * R,
            outflow=lambda R, z: (0.0 * R * z, self.speed_behind_kpc_Myr + 0.0 * R * z),
            gas_disc=lambda R, z: gas(z) + 0.0 * R,
            # All depends on z alone, and is constant beyond the last node.
            R_axis=axis((10.0, 5.0)),
            z_axis=axis((self.H_kpc, self.H_kpc / 256), (4 * self.H_kpc, self.H_kpc / 4)),
            r_max_kpc=r_max_kpc,
            wall=self.wall,
            disc_scale_kpc=self.gas_scale_kpc,
            lines=self.lines,
        )


def cells(
    halo_z_kpc: FloatArray, bell_z_kpc: FloatArray | None = None, energies: FloatArray | None = None
) -> TallyGrid:
    """Layers in |z| of unlimited width; edges are multiples of 0.05 kpc."""
    behind = np.array([0.0, 1.0]) if bell_z_kpc is None else bell_z_kpc
    wide = np.array([0.0, 2 * FAR_KPC])
    E = np.array([1e4, 2e4]) if energies is None else energies
    return TallyGrid(E, wide, np.asarray(halo_z_kpc, float), wide, np.asarray(behind, float))


def follow(
    medium: Medium,
    grid: TallyGrid,
    particles: int,
    seed: int,
    *,
    method: str = "auto",
    acceleration: float | str = "auto",
    t_max_Myr: float = _LONG_MYR,
    spectrum: Spectrum | None = None,
) -> Result:
    """A run with a point source at the centre."""
    transport = Transport(particles, seed, method, acceleration, t_max_Myr, R_d_kpc=1e-9)
    return run(medium, grid, transport, spectrum or Spectrum(), threads=THREADS)


def profile(result: Result, side: str = "halo") -> FloatArray:
    """n/phi in each layer of one side, (replicas, layers) [Myr/kpc]."""
    edges = result.grid.cells[side].z_kpc
    return result.per_particle(side).sum(axis=2)[:, :, 0, :].mean(axis=1) / np.diff(edges)


def mean_escape_time(result: Result) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the first-passage time, on the replica axis."""
    escape = result.per_particle("escape").sum(axis=1)
    mean = escape[:, 1] / escape[:, 0]
    return mean, escape[:, 2] / escape[:, 0] - mean**2
