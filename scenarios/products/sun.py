"""Protons counted at the Sun, over those that are measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fields.units import KPC_CM, M_P_GEV, FloatArray
from ...maps.data.read import Points, protons
from ...maps.light.at_the_sun import MODULATION_GV, proton_flux_m2_s_sr_GV
from ...mc.diffusion.solve import Solution
from ...mc.local_fit import at_energies
from ...mc.observables import bin_energies_GeV, disc_cm2, injected_flux_cm2_s, over
from ...mc.result import Result
from ...mc.uncertainty import Estimate
from ..run import Run

_RING_KPC = (7.0, 9.0)
_KEYS = {"AMS-02": "protons_over_ams02", "DAMPE": "protons_over_dampe", "CALET": "protons_over_calet"}


def protons_in_ring_cm3(result: Result) -> FloatArray | None:
    """Protons per volume in a ring about the Sun, |z| < 0.1 kpc, (replicas, bins of current energy).

    None where the halo does not reach so far.
    """
    R = result.grid.halo_R_kpc
    ring = (R[:-1] >= _RING_KPC[0] - 1e-9) & (R[1:] <= _RING_KPC[1] + 1e-9)
    volume = result.volumes_kpc3["halo"][ring, 0].sum() * KPC_CM**3
    if not volume > 0.0:
        return None
    return np.asarray(result.by_current_energy("halo")[:, :, ring, 0].sum(axis=2) / volume)


def solved_in_ring_cm3(result: Result, solution: Solution) -> FloatArray:
    """The mean over the same ring of what the transport equation has, (bins,)."""
    cells, top = solution.cells, result.grid.halo_z_kpc[1]
    rings = np.diff(np.clip(cells.R_edges_kpc, *_RING_KPC) ** 2)
    layers = np.diff(np.clip(cells.z_edges_kpc, 0.0, top))
    mean = rings @ cells.spread(solution.protons_kpc3) @ layers / (rings.sum() * layers.sum())
    return np.asarray(mean / KPC_CM**3)


def protons_over_measured(run: Run) -> dict[str, Any]:
    """Protons at the Sun over each measurement, at powers of ten of rigidity that both reach.

    A local fit in energy, as all values at an energy; the errors of both in quadrature. Nothing for a galaxy
    that is seen from outside, or ends before the Sun, or whose nuclei are held against measurements too.
    """
    counted = protons_in_ring_cm3(run.result) if run.scenario.observer is None else None
    if counted is None or run.scenario.composition is not None:
        return {}
    each = {_KEYS[points.label.split()[0]]: _over(run, counted, points) for points in protons()}
    return {key: table for key, table in each.items() if table is not None}


def _over(run: Run, counted_cm3: FloatArray, points: Points) -> dict[str, Any] | None:
    """The ratio to one measurement; None if the energies that were followed do not meet it."""
    decades = 10.0 ** np.arange(np.ceil(np.log10(points.x[0])), np.log10(points.x[-1]))
    energy = np.hypot(decades, M_P_GEV) + MODULATION_GV
    low, high = run.result.grid.energy_edges_GeV[[0, -1]]
    followed = (energy >= low) & (energy <= high)
    if not followed.any():
        return None
    result, R_d = run.result, run.galaxy.R_d_kpc
    injected = injected_flux_cm2_s(result, R_d)[:, None]
    per_flux = at_energies(energy[followed], bin_energies_GeV(result), over(counted_cm3[..., None], injected))
    per_GeV = per_flux[..., 0] * result.spectrum.rate_GeV_s(energy[followed]) / disc_cm2(R_d)
    _, flux = proton_flux_m2_s_sr_GV(energy[followed], per_GeV, MODULATION_GV)
    value, error = points.at(decades[followed])
    ratio = Estimate.of(flux / value)
    both = np.hypot(ratio.error, ratio.value * error / value)
    return {
        "rigidity_GV": decades[followed],
        "modulation_GV": MODULATION_GV,
        "value": ratio.value,
        "error": both,
    }
