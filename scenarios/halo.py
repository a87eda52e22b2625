"""What a halo of self-made waves, or of two zones, comes to: D, its size, and what is measured at the Sun.

Densities and grammage at the Sun are those of the steady transport equation, beside the particles of a run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..fields.self_generated import diffusion_of_waves
from ..fields.streaming import cascade_rate_Myr
from ..fields.units import KPC2_MYR_CM2_S, KPC_CM, FloatArray, momentum_GeV
from ..fields.wave_equation import wave_power
from ..maps import halo_figures
from ..maps.at_the_sun import MODULATION_GV, boron_over_carbon, local_slope, proton_flux_m2_s_sr_GV
from ..maps.cosmic_ray_data import boron_over_carbon as measured_boron_over_carbon
from ..maps.cosmic_ray_data import protons
from ..mc.files import replacing_hdf5
from ..mc.result import value_and_error
from ..mc.self_consistency import Settled, exciting_flux, flux_of_particles, round_cells
from ..mc.transport_equation import Solution, residence, solve
from .finished import Run
from .products import energy_label

SUN_R_KPC = 8.178
POINTS_GEV = (10.0, 100.0, 1e3, 1e4, 1e5)
_HEIGHTS_KPC = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_BEFORE_GV, _AFTER_GV = (45.0, 220.0), (450.0, 2500.0)
_SUN_RING_KPC = (7.0, 9.0)
_BINS_TOGETHER = 2


@dataclass(frozen=True)
class Halo:
    """The halo of a finished run."""

    run: Run

    @property
    def top_kpc(self) -> float:
        return self.run.galaxy.surface_extent_kpc()[1]

    def D_cm2_s(self, energy_GeV: FloatArray, height_kpc: FloatArray) -> FloatArray:
        """D on the axis, energies by heights."""
        p = momentum_GeV(np.asarray(energy_GeV, float))
        D = self.run.galaxy.diffusion_halo(p[:, None], 0.0, np.asarray(height_kpc, float))
        return D * KPC2_MYR_CM2_S

    def size_kpc(self, energy_GeV: FloatArray) -> FloatArray:
        """Height from which half of the protons come back to the disc: where scattering stops confining.

        Along z alone, up to an end that absorbs: the chance to come back is 1 - S(z)/S(top), with
        S = int dz exp(-int u dz/D)/D.
        """
        z = np.append(0.0, np.geomspace(1e-3, self.top_kpc, 2000))
        middle, step = 0.5 * (z[1:] + z[:-1]), np.diff(z)
        D = self.D_cm2_s(energy_GeV, middle) / KPC2_MYR_CM2_S
        u = self.run.medium.halo_flow_kpc_Myr(np.zeros_like(middle), middle)[:, 1]
        swept = np.cumsum(u * step / D, axis=1)
        S = np.cumsum(np.exp(-swept) / D * step, axis=1)
        return np.array([np.interp(0.5, row / row[-1], middle) for row in S])

    @cached_property
    def solution(self) -> Solution:
        """The steady transport equation in this halo."""
        run = self.run
        cells = round_cells(run.medium, run.galaxy)
        edges = run.result.grid.current_edges_GeV
        return solve(cells, edges, run.result.spectrum, run.galaxy.R_d_kpc)

    def _at_sun(self, values: FloatArray) -> FloatArray:
        """Values of cells (..., cells) in the plane at the radius of the Sun."""
        cells = self.solution.cells
        plane = cells.spread(values)[..., 0]
        return np.apply_along_axis(lambda row: np.interp(SUN_R_KPC, cells.R_kpc, row), -1, plane)

    def flux(self, modulation_GV: float = MODULATION_GV) -> tuple[FloatArray, FloatArray]:
        """(rigidity, flux) of protons at the Sun from the transport equation."""
        protons_cm3 = self._at_sun(self.solution.protons_kpc3) / KPC_CM**3
        per_GeV = protons_cm3 / np.diff(self.solution.energy_edges_GeV)
        return proton_flux_m2_s_sr_GV(self.solution.energy_GeV, per_GeV, modulation_GV)

    def counted_flux(self) -> tuple[FloatArray, dict[str, FloatArray]]:
        """The same from the particles in a ring about the Sun, |z| < 0.1 kpc, with errors."""
        result, edges = self.run.result, self.run.result.grid.current_edges_GeV
        R = result.grid.halo_R_kpc
        ring = (R[:-1] >= _SUN_RING_KPC[0] - 1e-9) & (R[1:] <= _SUN_RING_KPC[1] + 1e-9)
        volume = result.volumes_kpc3["halo"][ring, 0].sum() * KPC_CM**3
        counted = result.by_current_energy("halo")[:, :, ring, 0].sum(axis=2) / volume
        bins = counted.shape[1] // _BINS_TOGETHER * _BINS_TOGETHER
        ends = edges[: bins + 1 : _BINS_TOGETHER]
        per_GeV = np.add.reduceat(counted[:, :bins], range(0, bins, _BINS_TOGETHER), axis=1) / np.diff(ends)
        R_GV, flux = proton_flux_m2_s_sr_GV(np.sqrt(ends[1:] * ends[:-1]), per_GeV, MODULATION_GV)
        value, error = value_and_error(flux)
        return R_GV, {"value": value, "error": error}

    def grammage_g_cm2(self, momenta_GeV: FloatArray) -> FloatArray:
        """Mean grammage of those found at the Sun."""
        cells, R_d = self.solution.cells, self.run.galaxy.R_d_kpc
        found = [residence(cells, float(p), R_d).crossed_g_cm2 for p in momenta_GeV]
        return self._at_sun(np.array(found))

    def D_of_particles(self, energy_GeV: FloatArray, height_kpc: float) -> dict[str, FloatArray]:
        """D that the flux of the run's own particles would make over the D they moved in, with errors."""
        run, settled = self.run, self.run.settled
        assert settled is not None
        table = settled.diffusion
        level = int(np.argmin(np.abs(table.height_kpc - height_kpc)))
        B = run.galaxy.magnetic_field_uG(0.0, table.height_kpc)
        edges, spectrum, R_d = run.result.grid.current_edges_GeV, run.result.spectrum, run.galaxy.R_d_kpc
        replicas = []
        for protons_there in run.result.by_current_energy("halo"):
            found = flux_of_particles(run.result, protons_there, run.medium, run.galaxy, table.height_kpc)
            flux, share = exciting_flux(*found, edges_GeV=edges, spectrum=spectrum, R_d_kpc=R_d)
            column = settled.model.column(table.p_GeV, table.height_kpc, B, flux, table.D_kpc2_Myr, share)
            try:
                D = diffusion_of_waves(column, wave_power(column), table.p_GeV)
            except ArithmeticError:
                D = np.full_like(table.D_kpc2_Myr, np.nan)
            ratio = D[level] / table.D_kpc2_Myr[level]
            replicas.append(np.interp(np.log(momentum_GeV(energy_GeV)), np.log(table.p_GeV), ratio))
        value, error = value_and_error(np.array(replicas))
        return {"value": value, "error": error}


def halo_summary(halo: Halo) -> dict[str, Any]:
    """Numbers of a self-made or two-zone halo, for summary.json."""
    run = halo.run
    low, high = run.result.grid.energy_edges_GeV[[0, -1]]
    E = np.array([point for point in POINTS_GEV if low <= point <= high])
    heights = [h for h in _HEIGHTS_KPC[1:] if h < halo.top_kpc]
    D = halo.D_cm2_s(E, np.append(0.0, heights))
    grammage = halo.grammage_g_cm2(momentum_GeV(E))
    table: dict[str, Any] = {
        "energy_GeV": E.tolist(),
        "D_disc_cm2_s": D[:, 0].tolist(),
        **{f"D_{h:g}_kpc_over_disc": (D[:, i] / D[:, 0]).tolist() for i, h in enumerate(heights, start=1)},
        "half_return_kpc": halo.size_kpc(E).tolist(),
        "grammage_at_sun_g_cm2": grammage.tolist(),
        "boron_over_carbon": boron_over_carbon(grammage).tolist(),
    }
    found: dict[str, Any] = {"halo": table, "protons_at_sun": _slopes(halo)}
    if run.settled is not None:
        near = 1.0 if halo.top_kpc > 2.0 else 0.5 * halo.top_kpc
        table[f"D_of_particles_over_D_{near:g}_kpc"] = {
            key: values.tolist() for key, values in halo.D_of_particles(E, near).items()
        }
        found["self_consistency"] = settled_summary(run.settled)
    return found


def settled_summary(settled: Settled) -> dict[str, Any]:
    """How the rounds went."""
    return {
        "verdict": settled.verdict,
        "converged": settled.converged,
        "rounds": len(settled.residuals),
        "residuals": [float(f"{x:.3g}") for x in settled.residuals],
    }


def _slopes(halo: Halo) -> dict[str, Any]:
    """Slopes of the proton flux on either side of the break, beside those measured."""
    R, J = halo.flux()
    ams = protons()[0]
    out: dict[str, Any] = {"modulation_GV": MODULATION_GV}
    for name, (x, y) in {"": (R, J), "_AMS_02": (ams.rigidity_GV, ams.value)}.items():
        before, after = local_slope(x, y, *_BEFORE_GV), local_slope(x, y, *_AFTER_GV)
        out |= {
            f"slope_45_220_GV{name}": before,
            f"slope_450_2500_GV{name}": after,
            f"hardening{name}": after - before,
        }
    at = (R > 10.0) & (R < 1800.0)
    expected = np.exp(np.interp(np.log(R[at]), np.log(ams.rigidity_GV), np.log(ams.value)))
    ratio = J[at] / expected
    out["flux_over_AMS_02"] = [float(ratio.min()), float(ratio.max())] if at.any() else None
    return out


def write_waves(settled: Settled, path: Path, provenance: dict[str, Any]) -> None:
    """D, the waves and the rounds of a self-consistent halo as HDF5."""
    column = settled.column
    arrays = {
        "momentum_GeV": (settled.diffusion.p_GeV, "GeV/c"),
        "height_kpc": (settled.diffusion.height_kpc, "kpc"),
        "D_kpc2_Myr": (settled.diffusion.D_kpc2_Myr, "kpc2/Myr"),
        "flux_cm2_s": (settled.flux_cm2_s, "cm-2 s-1 per ln p"),
        "wavenumber_kpc": (column.k_kpc, "1/kpc"),
        "power": (settled.power, "dB^2/B^2 per ln k"),
        "growth_Myr": (column.growth_Myr, "1/Myr"),
        "residual": (np.array(settled.residuals), "1"),
        "round_s": (np.array(settled.seconds), "s"),
    }
    with replacing_hdf5(path) as file:
        file.attrs["provenance"] = json.dumps(provenance | {"verdict": settled.verdict}, sort_keys=True)
        for name, (values, unit) in arrays.items():
            file.create_dataset(name, data=values, fletcher32=True).attrs["unit"] = unit


def draw_waves(settled: Settled, folder: Path) -> None:
    """Figures of the waves and of the rounds."""
    halo_figures.iteration(folder / "iteration.png", settled.residuals, settled.tolerance)
    z = settled.diffusion.height_kpc
    column = settled.column
    levels = {h: int(np.argmin(np.abs(z - h))) for h in (0.1, 1.0, 4.0, 16.0) if h <= z[-1] * 1.001}
    named = {f"{h:g} kpc": settled.power[level] for h, level in levels.items()}
    halo_figures.wave_power(folder / "wave_power.png", column.k_kpc, named, float(column.B_uG[0]))
    panels = [
        (f"$|z| = {h:g}$ kpc", _rates(settled, level)) for h, level in levels.items() if h in (0.1, 1.0, 4.0)
    ]
    halo_figures.wave_rates(folder / "wave_rates.png", column.k_kpc, panels)


def _rates(settled: Settled, level: int) -> dict[str, FloatArray]:
    """Growth and each loss of waves at a height."""
    column, k, F = settled.column, settled.column.k_kpc, settled.power[level]
    z, v_A = float(column.z_kpc[level]), float(column.v_A_kpc_Myr[level])
    rates = {"growth": column.growth_power(level, F) / F}
    rates |= settled.model.damping_rates_Myr(k, z, v_A, F)
    if column.cascade != "none":
        rates["cascade"] = cascade_rate_Myr(k, v_A, F, column.cascade)
    if column.advected:
        rates["$v_A/|z|$"] = np.full_like(k, v_A / z)
    return rates


def draw_halo(halo: Halo, folder: Path) -> None:
    """Figures of D, of the proton spectrum and of B/C."""
    run = halo.run
    E = run.result.current_energy_GeV
    heights = [h for h in _HEIGHTS_KPC[::2] if h < halo.top_kpc]
    z = np.geomspace(0.02, halo.top_kpc, 200)
    points = [point for point in POINTS_GEV if E[0] <= point <= E[-1]]
    D = halo.D_cm2_s(E, np.array(heights))
    by_energy = halo.D_cm2_s(np.array(points), z)
    halo_figures.diffusion_of_halo(
        folder / "diffusion.png",
        E,
        {f"{h:g} kpc": D[:, i] for i, h in enumerate(heights)},
        z,
        {energy_label(p): by_energy[i] / by_energy[i, 0] for i, p in enumerate(points)},
        halo.size_kpc(E),
    )
    halo_figures.proton_spectrum(
        folder / "proton_spectrum.png",
        protons(),
        *halo.flux(),
        halo.flux(0.0),
        halo.counted_flux(),
        MODULATION_GV,
    )
    p_low, p_high = (float(x) for x in momentum_GeV(E[[0, -1]]))
    p = np.geomspace(max(2.0, p_low), max(min(1e4, p_high), 2.0 * p_low), 16)
    X = halo.grammage_g_cm2(p)
    halo_figures.boron_over_carbon(
        folder / "boron_over_carbon.png", measured_boron_over_carbon(), p, boron_over_carbon(X), X
    )
    if run.settled is not None:
        draw_waves(run.settled, folder)
