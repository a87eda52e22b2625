"""Powers and pressures of the particles of a run under its spectrum, on the replica axis of `mc.result`."""

from __future__ import annotations

import numpy as np

from ..fields.units import GEV_ERG, FloatArray, momentum_GeV
from .observables import bin_energies_GeV
from .result import Result
from .tally import Energy, Region

PARTS = {
    "stored": Energy.STORED,
    "escaped": Energy.ESCAPED,
    "absorbed": Energy.ABSORBED,
    "adiabatic_halo": Energy.ADIABATIC_HALO,
    "adiabatic_behind": Energy.ADIABATIC_BEHIND,
    "wall": Energy.WALL,
}
"""What becomes of the injected energy, beside "pp": still there at t_max; out through the outer sphere, or at
the edge of an absorbing halo; to the flow in the halo, and behind the surface; to the plasma that recedes at
the wall."""


def powers_erg_s(result: Result) -> dict[str, FloatArray]:
    """Power by what becomes of it, (replicas,) each [erg/s]: "injected", those of `PARTS`, and "pp".

    Kinetic energy per particle, times particles per second: what steady injection for t_max comes to.
    """
    rates = result.spectrum.group_rates_s(result.grid.energy_edges_GeV) * GEV_ERG
    energy = np.einsum("g,fgk->fk", rates, result.per_particle("energy"))
    named = {"injected": Energy.INJECTED} | PARTS
    pp = np.einsum("g,fgs->f", rates, result.per_particle("pp_loss"))
    return {name: energy[:, entry] for name, entry in named.items()} | {"pp": pp}


def pressure_near_surface_erg_cm3(result: Result) -> FloatArray:
    """Pressure of the protons within 4 kpc behind the surface and R < 5 kpc, a third of the sum of n p v.

    (replicas,), of the energies that were followed.
    """
    E = bin_energies_GeV(result)
    pv_GeV = momentum_GeV(E) ** 2 / E
    return result.density_cm3("region")[..., Region.NEAR] @ pv_GeV * GEV_ERG / 3.0
