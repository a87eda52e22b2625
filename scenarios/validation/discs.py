"""Known answers of gas discs of any radius: how much of it particles cross."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j1

from ...fields.galaxy import Galaxy
from ...fields.gas_density import DISC_DENSITY_CM3, DISC_HEIGHT_KPC, grammage_per_length_g_cm2_kpc
from ...fields.units import C_KPC_MYR, FloatArray
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
