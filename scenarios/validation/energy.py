"""Known answers of energy and momentum: what drives the outflow, and where the energy goes."""

from __future__ import annotations

import math

import numpy as np

from ...fields import gas_density as gas
from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.outflow import pressure_over_momentum_flux
from ...fields.units import C_CM_S, C_KPC_MYR, KPC_MYR_CM_S, KPC_MYR_KM_S
from ...mc.energy_budget import powers_erg_s
from ...mc.spectrum import Spectrum
from ...mc.tally import energy_groups
from .tools import Rows, cells, check, follow, row

C = C_KPC_MYR


def momentum_balance(scale: float) -> Rows:
    """Speed at which rho u^2 is the pressure behind it, and how far PRL's Alfven speed is from that."""
    at_wall = float(Galaxy(outflow_recipe="momentum").outflow_speed_kpc_Myr(0.0, 10.6))
    papers = Galaxy()
    ratio = float(pressure_over_momentum_flux(gas.cgm_density_cm3(papers.delta_G), papers.drive))
    u_cm_s = float(papers.outflow_speed_kpc_Myr(0.0, 0.0)) * KPC_MYR_CM_S
    known = math.log(papers.E_max_GeV / papers.E_min_GeV) * C_CM_S / (3.0 * u_cm_s)
    return [
        row(
            "momentum balance: u at 10.6 kpc, delta_G = 100 [km/s]", at_wall * KPC_MYR_KM_S, 355.0, 0.0, 3.55
        ),
        row("P_CR/(rho u^2) of PRL, undiluted, delta_G = 100", ratio, 1.40e5, 0.0, 1.4e3),
        row("P_CR/(rho u^2) of PRL over Lambda c/(3 u)", ratio / known, 1.0, 0.0, 1e-6),
    ]


def energy_counters(scale: float) -> Rows:
    """Energy of a mixed slab that streams to a Bell wall: a quarter goes to the plasma, half of it there.

    Of the enthalpy 4 P_CR u that leaves at u behind the wall a quarter is work. The halo moves at up to u/2,
    and takes as much as the wall. Each return that is followed stands for twenty.
    """
    H, u = 1.0, 1e-3 * C
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: C / 3.0 + 0.0 * p * R * z,
        diffusion_bell=lambda p, R, z: 1e-4 * C / 3.0 + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        halo_flow=lambda R, z: (0.0 * R * z, 0.5 * u * np.minimum(z, H) / H + 0.0 * R),
        halo_divergence=lambda R, z: 0.5 * u / H * (z <= H) + 0.0 * R * z,
        outflow=lambda R, z: (0.0 * R * z, u + 0.0 * R * z),
        R_axis=axis((10.0, 5.0)),
        z_axis=axis((H, H / 256), (4 * H, H / 4)),
        r_max_kpc=60.0,
        wall=Wall.TWO_WAY,
    )
    grid = cells(np.array([0.0, H]), np.array([0.0, H, 2.0, 3.0]), energy_groups(1e3, 1e5))
    spectrum = Spectrum(slope=2.0, E_min_GeV=1e3, E_max_GeV=1e5, slope_above=2.0)
    result = follow(medium, grid, int(6000 * scale), 41, acceleration=20.0, spectrum=spectrum)
    power = powers_erg_s(result)
    share = {name: each / power["injected"] for name, each in power.items()}
    gone = np.sum([each for name, each in share.items() if name != "injected"], axis=0)
    return [
        check("energy counters: at the wall, over 1/8", 8.0 * share["wall"], 1.0, 0.02),
        check("energy counters: to the flow of the halo, over 1/8", 8.0 * share["adiabatic_halo"], 1.0, 0.02),
        check("energy counters: all that is gone over injected", gone, 1.0, 0.01),
    ]
