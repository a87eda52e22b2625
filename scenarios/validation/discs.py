"""Known answers of discs of gas and sources: how much gas particles cross, and where they come from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j1

from ...fields.disc.gas import ATOMIC, MOLECULAR
from ...fields.galaxy import Galaxy
from ...fields.gas_density import (
    DISC_DENSITY_CM3,
    DISC_HEIGHT_KPC,
    MASS_PER_HYDROGEN,
    grammage_per_length_g_cm2_kpc,
)
from ...fields.units import C_KPC_MYR, KPC2_MYR_CM2_S, KPC_CM, M_P_G, M_SUN_G, FloatArray
from ...maps.light.sky import SUN_R_KPC
from ...mc.blocks import Transport
from ...mc.diffusion.finite_volumes import cells_of
from ...mc.diffusion.solve import residence
from ...mc.engine import run
from ...mc.kernels.albedo import MILNE_EXTRAPOLATION
from ...mc.tally import galactic_grid
from .tools import THREADS, Rows, check, row

_H_KPC, _FREE_PATH_KPC = 1.03, 5e-4
_RADII_KPC = (0.1, 0.5, 1.0, 3.9)
_LONG_MYR = 1e30
_PC_CM = KPC_CM / 1e3


def disc_grammage_g_cm2(R_d_kpc: float, H_kpc: float, D_kpc2_Myr: float, beyond_kpc: float = 0.0) -> float:
    """Mean grammage of particles of speed c in the gas of the disc that they come from, uniform in R < R_d.

    m_p c times the integral of n N, with N the density that one particle per Myr makes in a slab of uniform
    D: a Bessel-Fourier integral over J_0(kR) J_1(k R_d) sinh(k(h - |z|))/(2 pi D R_d cosh(k h)). N is zero at
    h, which lies `beyond_kpc` outside of the surface |z| = H.
    """
    zero, a = H_kpc + beyond_kpc, 1.0 / DISC_HEIGHT_KPC
    k = np.geomspace(1e-5, 1e3, 200_001) / R_d_kpc
    # Integrals of exp(-a z) times the two exponentials of the sinh; what grows is taken from the top.
    falls = -np.expm1(-(a + k) * H_kpc) / (a + k)
    slope = np.maximum(np.abs(k - a), 1e-9)
    rises = np.exp(np.maximum(k - a, 0.0) * H_kpc - 2.0 * k * zero) * -np.expm1(-slope * H_kpc) / slope
    heights = 2.0 * (falls - rises) / (1.0 + np.exp(-2.0 * k * zero))
    met = DISC_DENSITY_CM3 * np.trapezoid(j1(k * R_d_kpc) ** 2 / k * heights, np.log(k)) / D_kpc2_Myr
    return float(grammage_per_length_g_cm2_kpc(met) * C_KPC_MYR)


def disc_of_any_radius(scale: float) -> Rows:
    """Grammage of discs from 0.1 to 4 kpc over the Bessel-Fourier solution: the equation, and particles."""
    D = _FREE_PATH_KPC * C_KPC_MYR / 3.0
    rows = []
    for R_d in _RADII_KPC:
        galaxy = _slab(R_d, D)
        cells = cells_of(galaxy.medium(), galaxy.r_max_kpc, _H_KPC)
        found = float(residence(cells, 1e4, R_d).grammage_g_cm2[0])
        ratio = found / disc_grammage_g_cm2(R_d, _H_KPC, D)
        rows.append(row(f"disc of {R_d:g} kpc: grammage of the transport equation", ratio, 1.0, 0.0, 0.01))
    galaxy = _slab(_RADII_KPC[0], D)
    transport = Transport(int(20_000 * scale), 22, t_max_Myr=_LONG_MYR, R_d_kpc=galaxy.R_d_kpc)
    grid = galactic_grid(np.array([1e4, 2e4]), galaxy)
    X = run(galaxy.medium(), grid, transport, threads=THREADS).per_particle("grammage")[:, :, 0].mean(axis=1)
    exact = disc_grammage_g_cm2(galaxy.R_d_kpc, _H_KPC, D, MILNE_EXTRAPOLATION * _FREE_PATH_KPC)
    rows.append(check(f"disc of {galaxy.R_d_kpc:g} kpc: grammage of particles", X / exact, 1.0, 0.02))
    return rows


def _slab(R_d_kpc: float, D_kpc2_Myr: float) -> Galaxy:
    def diffusion(p: ArrayLike, R: ArrayLike, z: ArrayLike) -> FloatArray:
        return np.full(np.broadcast_shapes(np.shape(p), np.shape(R), np.shape(z)), D_kpc2_Myr)

    return Galaxy(
        R_d_kpc=R_d_kpc, halo="constant", H_kpc=_H_KPC, bell=False, r_max_kpc=20.0, diffusion=diffusion
    )


_REMNANTS_D_KPC2_MYR, _WITHIN_KPC = 0.02, 5.0
_THIN_MG_CM2, _THIN_D_OVER_H_CM2_S_KPC, _THIN_H_KPC = 2.3, 1.2e28, 8.0


def discs_as_observed(scale: float) -> Rows:
    """Columns of the discs of gas at the Sun, the grammage of a thin disc, and sources like remnants."""
    medium = Galaxy(gas="mcmillan", halo="constant", bell=False, R_d_kpc=15.0).medium()
    z = np.linspace(0.0, 3.0, 30_001)
    rows = []
    for name, disc in (("atomic", ATOMIC), ("molecular", MOLECULAR)):
        column = 2.0 * np.trapezoid(disc.hydrogen_cm3(SUN_R_KPC, z), z) * KPC_CM * M_P_G * MASS_PER_HYDROGEN
        exact = float(disc.column_Msun_pc2(SUN_R_KPC)) * M_SUN_G / _PC_CM**2
        rows.append(
            row(f"{name} gas at the Sun: column over Sigma(R)", float(column) / exact, 1.0, 0.0, 0.01)
        )
    tabulated = medium.gas_density_cm3(np.full_like(z, SUN_R_KPC), z)[:, 0]
    hydrogen = 2e3 * np.trapezoid(tabulated, z) * KPC_CM * M_P_G
    rows.append(row("hydrogen at the Sun [mg/cm2]", float(hydrogen), 1.85, 0.0, 0.01))
    return [*rows, _thin_disc(), _remnants(scale)]


def _thin_disc() -> dict[str, Any]:
    """mu c H/(2 D) of a thin disc of gas in a wide slab; that of finite height is 0.8% less."""
    D = _THIN_D_OVER_H_CM2_S_KPC * _THIN_H_KPC / KPC2_MYR_CM2_S
    height = MOLECULAR.z_d_kpc
    centre = _THIN_MG_CM2 * 1e-3 / (4.0 * height * KPC_CM) / M_P_G

    def gas(R: FloatArray, z: FloatArray) -> FloatArray:
        return centre / np.cosh(np.minimum(z / (2.0 * height), 300.0)) ** 2 + 0.0 * R

    galaxy = replace(_slab(100.0, D), H_kpc=_THIN_H_KPC, r_max_kpc=200.0, disc_gas_cm3=gas)
    cells = cells_of(galaxy.medium(), galaxy.r_max_kpc, _THIN_H_KPC)
    at_exit = residence(cells, 1e4, 100.0).grammage_g_cm2[0]
    expected = _THIN_MG_CM2 * 1e-3 * C_KPC_MYR / (2.0 * _THIN_D_OVER_H_CM2_S_KPC / KPC2_MYR_CM2_S)
    name = f"thin disc of 2.3 mg/cm2, D/H = 1.2e28 cm2/s/kpc: X over {expected:.2f} g/cm2"
    return row(name, float(at_exit) / expected, 1.0, 0.0, 0.02)


def _remnants(scale: float) -> dict[str, Any]:
    """Share of their time that particles from remnants spend within 5 kpc, over that of the equation."""
    galaxy = replace(_slab(15.0, _REMNANTS_D_KPC2_MYR), radial="snr", r_max_kpc=30.0)
    cells = cells_of(galaxy.medium(), 24.0, _H_KPC)
    time = residence(cells, 1e4, galaxy.R_d_kpc).per_cell_Myr
    expected = time[cells.centres_kpc[0] < _WITHIN_KPC].sum() / time.sum()
    transport = Transport(int(20_000 * scale), 23, t_max_Myr=_LONG_MYR, R_d_kpc=galaxy.R_d_kpc)
    grid = galactic_grid(np.array([1e4, 2e4]), galaxy)
    spent = run(galaxy.medium(), grid, transport, threads=THREADS).per_particle("halo").sum(axis=(1, 2, 4))
    near = grid.halo_R_kpc[1:] <= _WITHIN_KPC + 1e-9
    share = spent[:, near].sum(axis=1) / spent.sum(axis=1)
    return check("sources like remnants: time within 5 kpc over the equation", share / expected, 1.0, 0.02)
