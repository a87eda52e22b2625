"""Where the energy of the cosmic rays goes, and whether the outflow is in balance with what drives it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.galaxy import Galaxy
from ...fields.outflow import pressure_over_momentum_flux
from ...fields.units import K_B_ERG_K, KPC_CM, KPC_MYR_CM_S, M_P_G, M_SUN_G, MYR_S, UG_GAUSS, FloatArray
from ...mc.energy_budget import powers_erg_s, pressure_near_surface_erg_cm3
from ...mc.observables import mean_near_surface, over
from ...mc.result import Result
from ...mc.uncertainty import Estimate
from ...mc.wall_sampling import wall_on_axis_kpc
from ..run import Run
from .product import Made, Product, always

_SHELLS = 4001


def energy_shares(result: Result) -> dict[str, Any]:
    """The injected power, and the shares of it that are stored, lost and taken out; they add up to one."""
    powers = powers_erg_s(result)
    injected = powers.pop("injected")
    shares = {name: over(power, injected) for name, power in powers.items()}
    unaccounted = 1.0 - np.sum(list(shares.values()), axis=0)
    return {
        "injected_erg_s": Estimate.of(injected),
        **{name: Estimate.of(share) for name, share in shares.items()},
        "unaccounted": Estimate.of(unaccounted),
    }


class _Flow:
    """The plasma of the Bell region on spheres about the centre, in CGS."""

    def __init__(self, galaxy: Galaxy) -> None:
        self._galaxy = galaxy

    def density(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Mass density."""
        return self._galaxy.cgm_density_cm3(R_kpc, z_kpc) * M_P_G

    def speed(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Speed away from the centre."""
        return self._galaxy.outflow_speed_kpc_Myr(R_kpc, z_kpc) * KPC_MYR_CM_S

    def ram_pressure(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """rho u^2."""
        return self.density(R_kpc, z_kpc) * self.speed(R_kpc, z_kpc) ** 2

    def magnetic_pressure(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """B^2/8 pi of the saturated field."""
        return (self._galaxy.saturated_field_uG(R_kpc, z_kpc) * UG_GAUSS) ** 2 / (8 * np.pi)

    def mass_per_s(self, r_kpc: float) -> float:
        """4 pi r^2 rho u."""
        at = 0.0, r_kpc
        return float(4 * np.pi * (r_kpc * KPC_CM) ** 2 * self.density(*at) * self.speed(*at))

    def powers(self, r_kpc: float) -> tuple[float, float]:
        """Kinetic (rho u^3/2) and magnetic (B^2/4 pi times u, a field across the flow) through a sphere."""
        at = 0.0, r_kpc
        through = 4 * np.pi * (r_kpc * KPC_CM) ** 2 * self.speed(*at)
        return float(0.5 * self.ram_pressure(*at) * through), float(2 * self.magnetic_pressure(*at) * through)

    def mass_within(self, r_kpc: float) -> float:
        """Of the circumgalactic gas, from the centre on."""
        r = np.linspace(0.0, r_kpc, _SHELLS)
        return float(np.trapezoid(4 * np.pi * r**2 * self.density(0.0 * r, r), r)) * KPC_CM**3


def balance(run: Run) -> dict[str, Any]:
    """Pressures behind the wall, work on the plasma beside the power that it carries, and its mass.

    Pressures are means within 4 kpc behind the surface, R < 5 kpc; spheres are those of the height of the
    surface on the axis ("wall") and of the end of the Bell region ("end"). Of all nuclei, which are taken to
    do what protons of their rigidity do.
    """
    galaxy, medium = run.galaxy, run.medium
    flow, end_kpc = _Flow(galaxy), galaxy.bell_outer_radius_kpc
    density, ram, magnetic = mean_near_surface(
        galaxy, medium, galaxy.cgm_density_cm3, flow.ram_pressure, flow.magnetic_pressure
    )
    composition = run.scenario.composition
    over_protons = composition.energy_over_protons if composition else 1.0
    pressure = over_protons * pressure_near_surface_erg_cm3(run.result)
    powers = powers_erg_s(run.result)
    work = over_protons * (powers["adiabatic_behind"] + powers["wall"])
    kinetic, field = flow.powers(end_kpc)
    wall, end = flow.mass_per_s(wall_on_axis_kpc(medium)), flow.mass_per_s(end_kpc)
    age_s = run.scenario.transport.t_max * MYR_S
    return {
        "P_CR_erg_cm3": Estimate.of(pressure),
        "rho_u2_erg_cm3": ram,
        "magnetic_erg_cm3": magnetic,
        "thermal_erg_cm3": 2.0 * density * K_B_ERG_K * run.scenario.medium.T_cgm,
        "P_CR_over_rho_u2": Estimate.of(pressure / ram),
        "P_CR_over_rho_u2_without_losses": float(
            pressure_over_momentum_flux(
                galaxy.cgm_density_cm3(0.0, np.sqrt(0.5) * galaxy.R_d_kpc), galaxy.drive
            )
        ),
        "work_erg_s": Estimate.of(work),
        "kinetic_power_at_end_erg_s": kinetic,
        "magnetic_power_at_end_erg_s": field,
        "work_over_power_at_end": Estimate.of(work / (kinetic + field)),
        "mass_flux_Msun_yr": {"wall": wall * _PER_YEAR, "end": end * _PER_YEAR},
        "gas_within_end_Msun": flow.mass_within(end_kpc) / M_SUN_G,
        "gas_out_in_the_age_Msun": end * age_s / M_SUN_G,
    }


_PER_YEAR = MYR_S / 1e6 / M_SUN_G  # g/s in solar masses a year


def _make(run: Run) -> Made:
    numbers: dict[str, Any] = {"energy": energy_shares(run.result)}
    if run.galaxy.has_bell_region:
        numbers["balance"] = balance(run)
    return Made(numbers)


PRODUCT = Product("balance", always, _make)
