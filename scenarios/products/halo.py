"""Results of a halo with self-generated waves, or with two zones: D, its size, and what the Sun measures.

Densities and grammage at the Sun are those of the steady transport equation, beside the particles of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...fields.units import KPC2_MYR_CM2_S, KPC_CM, FloatArray, energy_label, momentum_GeV, speed_kpc_Myr
from ...fields.waves.streaming_protons import diffusion_of_waves, settled
from ...maps.data.points import BORON_OVER_CARBON, PROTONS
from ...maps.data.read import Points, protons
from ...maps.data.read import boron_over_carbon as measured_boron_over_carbon
from ...maps.figures import halo as halo_figures
from ...maps.light.at_the_sun import MODULATION_GV, boron_over_carbon, local_slope, proton_flux_m2_s_sr_GV
from ...maps.light.sky import SUN_R_KPC, SUN_Z_KPC
from ...mc.coupled.waves import flux_of_particles, per_ln_p
from ...mc.uncertainty import Estimate
from ..file.tables import GIVEN_D
from ..run import Run
from .product import NOTHING, Made, Product
from .sun import protons_in_ring_cm3

POINTS_GEV = (10.0, 100.0, 1e3, 1e4, 1e5)
_HEIGHTS_KPC = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# Of slopes and of the ratio to AMS-02, whose last point is at 1417 GV.
_BEFORE_GV, _AFTER_GV, _COMPARED_GV = (45.0, 220.0), (450.0, 1400.0), (10.0, 1400.0)
_BINS_TOGETHER = 2


@dataclass(frozen=True)
class Halo:
    """The halo of a finished run."""

    run: Run

    @property
    def top_kpc(self) -> float:
        return self.run.galaxy.surface_extent_kpc[1]

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

    def flux(self, modulation_GV: float = MODULATION_GV) -> tuple[FloatArray, FloatArray]:
        """(rigidity, flux) of protons at the Sun from the transport equation."""
        local = self.run.at_the_sun
        protons_cm3 = local.at_sun(local.protons.protons_kpc3) / KPC_CM**3
        per_GeV = protons_cm3 / np.diff(local.energy_edges_GeV)
        return proton_flux_m2_s_sr_GV(local.protons.energy_GeV, per_GeV, modulation_GV)

    def counted_flux(self) -> tuple[FloatArray, Estimate]:
        """The same from the particles in a ring about the Sun, |z| < 0.1 kpc, with errors."""
        edges, counted = self.run.result.grid.current_edges_GeV, protons_in_ring_cm3(self.run.result)
        assert counted is not None
        bins = counted.shape[1] // _BINS_TOGETHER * _BINS_TOGETHER
        ends = edges[: bins + 1 : _BINS_TOGETHER]
        per_GeV = np.add.reduceat(counted[:, :bins], range(0, bins, _BINS_TOGETHER), axis=1) / np.diff(ends)
        R_GV, flux = proton_flux_m2_s_sr_GV(np.sqrt(ends[1:] * ends[:-1]), per_GeV, MODULATION_GV)
        return R_GV, Estimate.of(flux)

    def boron_over_carbon(self, rigidity_GV: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(B/C, the grammage of hydrogen that it comes from [g cm^-2]) at the Sun.

        Of nuclei that were followed where there is a [composition], else of the grammage alone.
        """
        local = self.run.at_the_sun
        crossed = local.hydrogen_g_cm2(rigidity_GV)
        if self.run.scenario.composition is None:
            return boron_over_carbon(crossed), crossed
        return local.flux("B", rigidity_GV) / local.flux("C", rigidity_GV), crossed

    def dipole(self, energy_GeV: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Dipole of the intensity at the Sun, 3 D |grad n|/(n v): (outwards along R, away from the plane).

        Sources lie in the plane itself, so that the Sun, 20.8 pc above it, sees all of the flux from them
        that goes up: sources as thick as the gas would take most of that part away.
        """
        solution, cells = self.run.at_the_sun.protons, self.run.at_the_sun.cells
        p, z = momentum_GeV(solution.energy_GeV)[:, None], cells.z_kpc[0]
        D = self.run.galaxy.diffusion_halo(p, cells.R_kpc, z)
        plane, up = cells.spread(solution.protons_kpc3)[..., 0], solution.fluxes_z()[0][..., 0]
        here = plane + up / D * (z - SUN_Z_KPC)
        found = []
        for flux in (-D * np.gradient(plane, cells.R_kpc, axis=1), up):
            dipole = 3.0 / speed_kpc_Myr(p) * np.divide(flux, here, out=np.zeros_like(flux), where=here > 0)
            at_sun = [np.interp(SUN_R_KPC, cells.R_kpc, row) for row in dipole]
            found.append(np.interp(np.log(energy_GeV), np.log(solution.energy_GeV), at_sun))
        return found[0], found[1]

    def D_of_particles(self, energy_GeV: FloatArray, height_kpc: float) -> Estimate:
        """D that the flux of the run's own particles would make over the D they moved in, with errors."""
        run, waves = self.run, self.run.waves
        assert waves is not None
        table = waves.diffusion
        level = int(np.argmin(np.abs(table.height_kpc - height_kpc)))
        edges, spectrum, R_d = run.result.grid.current_edges_GeV, run.result.spectrum, run.galaxy.R_d_kpc
        replicas = []
        for counted in run.result.by_current_energy("halo"):
            found = flux_of_particles(run.result, counted, run.medium, run.galaxy, table.height_kpc)
            passing = per_ln_p(*found, edges_GeV=edges, spectrum=spectrum, R_d_kpc=R_d)
            protons = waves.model.protons(waves.column, table.p_GeV, *passing)
            try:
                power, _ = settled(waves.column, protons, waves.power)
                D = diffusion_of_waves(waves.column, power, table.p_GeV)
            except ArithmeticError:
                D = np.full_like(table.D_kpc2_Myr, np.nan)
            ratio = D[level] / table.D_kpc2_Myr[level]
            replicas.append(np.interp(np.log(momentum_GeV(energy_GeV)), np.log(table.p_GeV), ratio))
        return Estimate.of(np.array(replicas))


def halo_summary(halo: Halo) -> dict[str, Any]:
    """Numbers of a self-made halo, or one with a D that is given, for summary.json."""
    run = halo.run
    low, high = run.result.grid.energy_edges_GeV[[0, -1]]
    E = np.array([point for point in POINTS_GEV if low <= point <= high])
    heights = [h for h in _HEIGHTS_KPC[1:] if h < halo.top_kpc]
    D = halo.D_cm2_s(E, np.append(0.0, heights))
    ratio, grammage = halo.boron_over_carbon(momentum_GeV(E))
    table: dict[str, Any] = {
        "energy_GeV": E.tolist(),
        "D_disc_cm2_s": D[:, 0].tolist(),
        **{f"D_{h:g}_kpc_over_disc": (D[:, i] / D[:, 0]).tolist() for i, h in enumerate(heights, start=1)},
        "half_return_kpc": halo.size_kpc(E).tolist(),
        "grammage_at_sun_g_cm2": grammage.tolist(),
        "boron_over_carbon": ratio.tolist(),
    }
    found: dict[str, Any] = {"halo": table, "protons_at_sun": _slopes(halo)}
    if run.medium.lines is None:
        outwards, away = halo.dipole(E)
        found["dipole_anisotropy"] = {
            "energy_GeV": E.tolist(),
            "outwards": outwards.tolist(),
            "away_from_plane": away.tolist(),
            "amplitude": np.hypot(outwards, away).tolist(),
        }
    if run.waves is not None:
        near = 1.0 if halo.top_kpc > 2.0 else 0.5 * halo.top_kpc
        table[f"D_of_particles_over_D_{near:g}_kpc"] = halo.D_of_particles(E, near)
    return found


def _slopes(halo: Halo) -> dict[str, Any]:
    """Slopes of the proton flux on either side of the break, beside those measured."""
    R, J = halo.flux()
    ams = protons()[0]
    out: dict[str, Any] = {"modulation_GV": MODULATION_GV}
    for name, (x, y) in {"": (R, J), "_AMS_02": (ams.x, ams.value)}.items():
        before, after = local_slope(x, y, *_BEFORE_GV), local_slope(x, y, *_AFTER_GV)
        out |= {
            "slope_{:.0f}_{:.0f}_GV".format(*_BEFORE_GV) + name: before,
            "slope_{:.0f}_{:.0f}_GV".format(*_AFTER_GV) + name: after,
            f"hardening{name}": after - before,
        }
    ratio = J / ams.at(R)[0]
    ratio = ratio[np.isfinite(ratio) & (R > _COMPARED_GV[0]) & (R < _COMPARED_GV[1])]
    out["compared_GV"] = list(_COMPARED_GV)
    out["flux_over_AMS_02"] = [float(ratio.min()), float(ratio.max())] if ratio.size else None
    return out


def _draw_diffusion(halo: Halo, ax: Any = None) -> Any:
    """D by energy and by height."""
    E = halo.run.result.current_energy_GeV
    heights = [h for h in _HEIGHTS_KPC[::2] if h < halo.top_kpc]
    z = np.geomspace(0.02, halo.top_kpc, 200)
    points = [point for point in POINTS_GEV if E[0] <= point <= E[-1]]
    D = halo.D_cm2_s(E, np.array(heights))
    by_energy = halo.D_cm2_s(np.array(points), z)
    return halo_figures.diffusion_of_halo(
        E,
        {f"{h:g} kpc": D[:, i] for i, h in enumerate(heights)},
        z,
        {energy_label(p): by_energy[i] / by_energy[i, 0] for i, p in enumerate(points)},
        halo.size_kpc(E),
        ax,
    )


def _draw_protons(halo: Halo, ax: Any = None, data: Mapping[str, Sequence[Points]] = NOTHING) -> Any:
    """The spectrum of protons at the Sun, beside measurements."""
    found = *halo.flux(), halo.flux(0.0), halo.counted_flux()
    return halo_figures.proton_spectrum(protons(), *found, MODULATION_GV, data.get(PROTONS, ()), ax)


def _draw_boron(halo: Halo, ax: Any = None, data: Mapping[str, Sequence[Points]] = NOTHING) -> Any:
    """B/C and grammage by rigidity, beside measurements."""
    E = halo.run.result.current_energy_GeV
    p_low, p_high = (float(x) for x in momentum_GeV(E[[0, -1]]))
    p = np.geomspace(max(2.0, p_low), max(min(1e4, p_high), 2.0 * p_low), 16)
    known, more = measured_boron_over_carbon(), data.get(BORON_OVER_CARBON, ())
    return halo_figures.boron_over_carbon(known, p, *halo.boron_over_carbon(p), more, ax)


def _make(run: Run) -> Made:
    halo = Halo(run)
    figures = {
        "diffusion": _draw_diffusion,
        "proton_spectrum": _draw_protons,
        "boron_over_carbon": _draw_boron,
    }
    return Made(halo_summary(halo), figures={name: partial(draw, halo) for name, draw in figures.items()})


PRODUCT = Product(
    "halo",
    lambda run: run.scenario.medium.waves in ("self-consistent", *GIVEN_D),
    _make,
    {"proton_spectrum": (PROTONS,), "boron_over_carbon": (BORON_OVER_CARBON,)},
)
