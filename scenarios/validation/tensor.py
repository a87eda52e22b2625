"""Known answers of the transport equation in a halo with field lines, where D is a tensor."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.sparse.linalg import splu

from ...fields.field_lines import FieldFunction, FieldLines
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.units import FloatArray
from ...fields.vectors import slope
from ...mc.diffusion.finite_volumes import Cells
from .tools import Rows, row

_ONE_RING = np.array([0.0, 1.0])
_E_GEV = 1e4
Place = Callable[[FloatArray, FloatArray], FloatArray]


def halo(
    field: FieldFunction | None,
    epsilon: float,
    D: Place,
    H_kpc: float,
    width_kpc: float = 1e3,
    u: float = 0.0,
) -> Medium:
    """A halo with lines that absorbs at |z| = H and R = width, and streams apart at u at its top [kpc/Myr].

    D does not depend on momentum.
    """
    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: D(R, np.abs(z)) + 0.0 * p,
        surface=lambda R, z: np.maximum(z - H_kpc, R - width_kpc),
        halo_flow=(lambda R, z: (0.0 * R * z, u * z / H_kpc + 0.0 * R)) if u else None,
        R_axis=axis((20.0, 0.25)),
        z_axis=axis((H_kpc, 0.25), (2 * H_kpc, 0.5)),
        r_max_kpc=1e6,
        wall=Wall.ABSORBING,
        lines=None if field is None else FieldLines(field, epsilon),
    )


def helix(psi: float) -> FieldFunction:
    """Lines that climb about the axis, at an angle psi to it."""
    return lambda R, z: (0.0 * R * z, np.sin(psi) + 0.0 * R * z, np.cos(psi) + 0.0 * R * z)


def tensor_slab(scale: float) -> Rows:
    """Lines at an angle to z: <t> = H^2/[2 D (cos^2 psi + epsilon sin^2 psi)]; epsilon = 1 is isotropic."""
    H, D, epsilon = 4.0, 0.4, 0.01
    rows = []
    for degrees in (0, 60, 90):
        medium = halo(helix(np.radians(degrees)), epsilon, lambda R, z: D + 0.0 * R * z, H)
        cells = Cells(medium, _ONE_RING, np.linspace(0.0, H, 33))
        time = splu(cells.operator(_E_GEV)).solve(cells.shares(1.0)) @ cells.volume_kpc3
        cos2 = np.cos(np.radians(degrees)) ** 2
        known = H**2 / (2.0 * D * (cos2 + epsilon * (1.0 - cos2)))
        rows.append(row(f"tensor: lines at {degrees} deg, <t> over known", time / known, 1.0, 0.0, 0.005))
    grids = [
        Cells(halo(field, 1.0, _rising, H), np.linspace(0.0, 10.0, 21), np.linspace(0.0, H, 17))
        for field in (_opening, None)
    ]
    along, isotropic = (grid.operator(_E_GEV) for grid in grids)
    apart = abs(along - isotropic).max() / abs(isotropic).max()
    return [*rows, row("tensor: epsilon = 1, largest departure from isotropic", apart, 0.0, 0.0, 1e-12)]


_TOP_KPC, _WIDTH_KPC, _SPEED_KPC_MYR = 4.0, 10.0, 0.05


def _rising(R: FloatArray, z: FloatArray) -> FloatArray:
    return 0.3 * np.exp(z / 3.0) * (1.0 + 0.3 * np.cos(np.pi * R / _WIDTH_KPC))


def _opening(R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lines that open to 1 rad, and wind: a direction, which is all that the equation takes."""
    tilt = np.sin(0.5 * np.pi * R / _WIDTH_KPC) * np.sin(0.5 * np.pi * z / _TOP_KPC)
    return np.sin(tilt), 0.3 + 0.0 * tilt, np.cos(tilt)


def _chosen(R: FloatArray, z: FloatArray) -> FloatArray:
    return np.cos(0.5 * np.pi * z / _TOP_KPC) * np.cos(0.5 * np.pi * R / _WIDTH_KPC)


def _source(R: FloatArray, z: FloatArray, epsilon: float) -> FloatArray:
    """-div(D grad n - u n) of the chosen density, by differences of its fluxes."""

    def flux(R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        B = np.stack(_opening(R, z))
        b_R, _, b_z = B / np.sqrt((B**2).sum(axis=0))
        along_R = slope(lambda h: _chosen(R + h, z), 1e-3)
        along_z = slope(lambda h: _chosen(R, z + h), 1e-3)
        along = (1.0 - epsilon) * (b_R * along_R + b_z * along_z)
        D = _rising(R, np.abs(z))
        carried = _SPEED_KPC_MYR * z / _TOP_KPC * _chosen(R, z)
        return -D * (epsilon * along_R + along * b_R), -D * (epsilon * along_z + along * b_z) + carried

    outwards = slope(lambda h: (R + h) * flux(R + h, z)[0], 2e-3) / R
    return outwards + slope(lambda h: flux(R, z + h)[1], 2e-3)


def tensor_manufactured(scale: float) -> Rows:
    """Lines that open and wind, in a flow, with and without diffusion across: a chosen density."""
    rows = []
    for epsilon in (0.0, 0.1):
        medium = halo(_opening, epsilon, _rising, _TOP_KPC, _WIDTH_KPC, _SPEED_KPC_MYR)
        errors = []
        for size in (20, 40, 80):
            # One more ring, beyond the wall.
            rings = np.linspace(0.0, _WIDTH_KPC * (1 + 1 / size), size + 2)
            grid = Cells(medium, rings, np.linspace(0.0, _TOP_KPC, size + 1))
            R, z = grid.centres_kpc
            n = splu(grid.operator(_E_GEV)).solve(_source(R, z, epsilon) * grid.volume_kpc3)
            errors.append(np.sqrt((n - _chosen(R, z)) ** 2 @ grid.volume_kpc3 / grid.volume_kpc3.sum()))
        order = min(float(np.log2(wide / fine)) for wide, fine in pairwise(errors))
        name = f"tensor, manufactured, epsilon = {epsilon:g}"
        rows += [
            row(f"{name}: rms error, 80 x 80 cells", float(errors[-1]), 0.0, 0.0, 1e-3),
            row(f"{name}: order of convergence", order, 2.0, 0.0, 0.2),
        ]
    return rows


def tensor_tube(scale: float) -> Rows:
    """Lines R = R_0 exp(z/2 z_B) of the tube, D_zz = D_0 exp(z/z_B): n_gal/phi_0 = z_B/(2 D_0)."""
    z_B, H, D_0, R_d = 2.0, 10.0, 0.3, 2.0

    def tube(R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        B_z = np.exp(-z / z_B) + 0.0 * R
        return 0.5 * R / z_B * B_z, 0.0 * B_z, B_z

    def D(R: FloatArray, z: FloatArray) -> FloatArray:
        return D_0 * np.exp(z / z_B) * (1.0 + (0.5 * R / z_B) ** 2)

    # The source lies in the middle of the lowest layer, and lines already part within it.
    z_edges = np.append(0.0, np.geomspace(0.02, H, 65))
    R_edges = np.append(np.linspace(0.0, 8.0, 81), np.geomspace(8.0, 30.0, 25)[1:])
    cells = Cells(halo(tube, 0.0, D, H), R_edges, z_edges)
    n = cells.spread(splu(cells.operator(_E_GEV)).solve(cells.shares(R_d))) * np.pi * R_d**2
    known = 0.5 * z_B / D_0 * (np.exp(-2.0 * cells.z_kpc / z_B) - np.exp(-2.0 * H / z_B))
    line_kpc = R_d * np.exp(0.5 * cells.z_kpc / z_B)
    volume = cells.spread(cells.volume_kpc3)
    j = int(np.argmin(np.abs(cells.z_kpc - 4.0)))
    within, beyond = cells.R_kpc < 0.6 * line_kpc[j], cells.R_kpc > 1.2 * line_kpc[j]
    off = np.abs(n[within, j] / known[j] - 1.0).max()
    share = np.abs(n * volume)[beyond, j].sum() / (n * volume)[:, j].sum()
    return [
        row("tensor, tube: n_gal/phi_0 over z_B/2 D_0", n[0, 0] / known[0], 1.0, 0.0, 0.02),
        row("tensor, tube: |z| = 4 kpc, largest departure of n", off, 0.0, 0.0, 0.02),
        row("tensor, tube: |z| = 4 kpc, protons off its lines", share, 0.0, 0.0, 0.05),
    ]


def tensor_leak(scale: float) -> Rows:
    """Waves across straight lines that nothing crosses: D by which the cells spread them, over that along."""
    H, waves_cells = 8.0, 10.0
    h, R_0 = H / 32, 1e4
    edges = np.append(0.0, R_0 + h * np.arange(33)), np.linspace(0.0, H, 33)
    rows = []
    for degrees in (15, 30, 45):
        psi = np.radians(degrees)

        def straight(
            R: FloatArray, z: FloatArray, psi: float = psi
        ) -> tuple[FloatArray, FloatArray, FloatArray]:
            return np.sin(psi) + 0.0 * R * z, 0.0 * R * z, np.cos(psi) + 0.0 * R * z

        medium = halo(straight, 0.0, lambda R, z: 1.0 + 0.0 * R * z, H, 1e5)
        cells, k = Cells(medium, *edges), 2 * np.pi / (waves_cells * h)
        R, z = cells.centres_kpc
        n = np.exp(1j * k * ((R - R_0) * np.cos(psi) - z * np.sin(psi)))
        at = int(np.argmin(np.hypot(R - R_0 - 0.5 * H, z - 0.5 * H)))
        leak = (cells.operator(_E_GEV) @ n / n / cells.volume_kpc3)[at].real / k**2
        rows.append(
            row(f"tensor: spread across lines at {degrees} deg, waves of 10 cells", leak, 0.0, 0.0, 1.5e-3)
        )
    return rows
