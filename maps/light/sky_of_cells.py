"""The sky at the Sun of protons whose density is known in cells: its average, and its map.

The mean over the sky of integral q ds/(4 pi) is integral q dV/(16 pi^2 d^2), d the distance from the Sun.
A cell is a ring above the plane and its mirror image below. The Sun lies in the disc: of the gas of the disc,
cells near it are too coarse for more than an estimate; the circumgalactic gas is kiloparsecs away.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import KPC_CM, FloatArray
from ...mc.diffusion.finite_volumes import Cells
from ...mc.diffusion.solve import Solution
from .absorption import cmb_absorption_per_kpc
from .cells import from_middles
from .emissivity import matrix_per_flavour
from .regions import Region, region_weights
from .sky import SUN_R_KPC, SUN_Z_KPC, table_sky_map
from .sky_model import COMPONENTS
from .structure import ring_weight

_POINTS = 4  # of Gauss quadrature along each side of a cell
_AZIMUTHS = 24  # over half a turn
_REGION_NSIDE = 64  # of what is seen in a region
# Below this share of light that is lost on the way nothing is.
_LEAST_ABSORBED = 1e-6


def sky_average(
    solution: Solution,
    secondary: str,
    energy_GeV: ArrayLike,
    helium_per_proton: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Intensity averaged over the sky of what protons in cells make, by component.

    Parameters
    ----------
    solution : Solution
        Protons of the transport equation.
    secondary : {"gamma", "neutrino"}
        Gamma rays are dimmed on the CMB on their way; neutrinos are per flavour, nu + nubar.
    energy_GeV : array_like, shape (n,)
        Of the product.
    helium_per_proton : ndarray, shape (bins,), optional
        Nuclei that come with the protons, in each bin of their energy.

    Returns
    -------
    dict of ndarray, each (n,)
        Of the gas of "disc", "halo" and "cgm", GeV^-1 cm^-2 s^-1 sr^-1.
    """
    E, cells = np.asarray(energy_GeV, float), solution.cells
    matrix = matrix_per_flavour(secondary, E, solution.energy_edges_GeV, helium_per_proton)
    per_H = matrix @ solution.protons_kpc3 / KPC_CM**3
    targets = cells.gas_cm3 * cells.medium.table.collisions
    seen = per_H * _seen_kpc(cells, secondary, E)
    return dict(zip(COMPONENTS, (seen @ targets).T * KPC_CM, strict=True))


def _seen_kpc(cells: Cells, secondary: str, energy_GeV: FloatArray) -> FloatArray:
    """Sky average of an emissivity of one in each cell, (cells,), or (energies, cells) of gamma rays."""
    weights = weights_kpc(cells)[cells.used]
    return weights * transmission(cells, energy_GeV) if secondary == "gamma" else weights


def response(
    cells: Cells,
    energy_edges_GeV: FloatArray,
    secondary: str,
    energy_GeV: float,
    component: str,
    helium_per_proton: FloatArray | None = None,
) -> FloatArray:
    """By how much a proton per kpc^3 changes the average over the sky of one component.

    Parameters
    ----------
    cells, energy_edges_GeV
        Where protons are, and bins of their total energy.
    secondary, helium_per_proton
        As for `sky_average`.
    energy_GeV : float
        Of the product.
    component : {"disc", "halo", "cgm"}
        The gas that shines.

    Returns
    -------
    ndarray, shape (bins, cells)
        GeV^-1 cm^-2 s^-1 sr^-1 for a proton per kpc^3: with those of a solution it adds up to `sky_average`.
    """
    E = np.array([energy_GeV])
    per_H = matrix_per_flavour(secondary, E, energy_edges_GeV, helium_per_proton)[0] / KPC_CM**3
    number = COMPONENTS.index(component)
    targets = cells.gas_cm3[:, number] * np.broadcast_to(cells.medium.table.collisions, 3)[number]
    return per_H[:, None] * np.ravel(_seen_kpc(cells, secondary, E)) * targets * KPC_CM


def response_in_region(
    cells: Cells,
    energy_edges_GeV: FloatArray,
    secondary: str,
    energy_GeV: float,
    region: Region,
    helium_per_proton: FloatArray | None = None,
    disc_radius_kpc: float = 10.0,
) -> FloatArray:
    """By how much a proton per kpc^3 changes the mean over a region of the sky, of all gas together.

    Parameters
    ----------
    cells, energy_edges_GeV, secondary, energy_GeV, helium_per_proton
        As for `response`.
    region : Region
        The part of the sky.
    disc_radius_kpc : float
        Where the gas disc ends.

    Returns
    -------
    ndarray, shape (bins, cells)
        GeV^-1 cm^-2 s^-1 sr^-1 for a proton per kpc^3: with those of a solution it adds up to the mean of
        `sky_of_cells`.
    """
    E, table = np.array([energy_GeV]), cells.medium.table
    per_H = matrix_per_flavour(secondary, E, energy_edges_GeV, helium_per_proton)[0] / KPC_CM**3
    (weights,) = region_weights(
        [region],
        (table.R.nodes, table.z.nodes),
        _REGION_NSIDE,
        r_max_kpc=table.r_max,
        disc_radius_kpc=disc_radius_kpc,
        absorption_per_kpc=float(_absorption_per_kpc(secondary, E)[0]),
    )
    along_R, along_z = _onto_nodes(cells)
    seen = along_R.T @ (weights * _gas_at_nodes_cm3(cells)) @ along_z
    return per_H[:, None] * seen[cells.used]


def _absorption_per_kpc(secondary: str, energy_GeV: FloatArray) -> FloatArray:
    """Inverse mean free path on the way to the Sun."""
    return cmb_absorption_per_kpc(energy_GeV) if secondary == "gamma" else np.zeros(energy_GeV.size)


def _onto_nodes(cells: Cells) -> tuple[FloatArray, FloatArray]:
    """Linear interpolation from the middles of cells to nodes of the medium, in R and z: (nodes, cells)."""
    table = cells.medium.table
    return from_middles(cells.R_kpc, table.R.nodes), from_middles(cells.z_kpc, table.z.nodes)


def _gas_at_nodes_cm3(cells: Cells) -> FloatArray:
    """Density of protons that shine as all gas does, at the nodes of the medium."""
    table = cells.medium.table
    return np.asarray(cells.medium.targets_cm3(table.R.nodes[:, None], table.z.nodes).sum(axis=-1))


def sky_of_cells(
    solution: Solution,
    secondary: str,
    energy_GeV: ArrayLike,
    nside: int,
    helium_per_proton: FloatArray | None = None,
    disc_radius_kpc: float = 10.0,
) -> FloatArray:
    """Map of what protons in cells make, of all components together.

    Densities are interpolated linearly in R and |z| between the middles of cells; the gas is that of the
    medium at its nodes.

    Parameters
    ----------
    solution, secondary, energy_GeV, helium_per_proton
        As for `sky_average`.
    nside : int
        HEALPix resolution.
    disc_radius_kpc : float
        Where the gas disc ends.

    Returns
    -------
    ndarray, shape (n, 12 nside^2)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1, RING order, Galactic coordinates.
    """
    E, cells = np.asarray(energy_GeV, float), solution.cells
    table = cells.medium.table
    matrix = matrix_per_flavour(secondary, E, solution.energy_edges_GeV, helium_per_proton)
    per_H = cells.spread(matrix @ solution.protons_kpc3 / KPC_CM**3)
    along_R, along_z = _onto_nodes(cells)
    at_nodes = np.moveaxis(along_R @ per_H @ along_z.T * _gas_at_nodes_cm3(cells), 0, -1)
    return table_sky_map(
        at_nodes,
        table.R.nodes,
        table.z.nodes,
        nside,
        absorption_per_kpc=_absorption_per_kpc(secondary, E),
        r_max_kpc=table.r_max,
        disc_radius_kpc=disc_radius_kpc,
    )


def weights_kpc(cells: Cells) -> FloatArray:
    """Sky average of an emissivity of one in each cell (R, z) and its mirror image, unabsorbed [kpc]."""
    return _weights_kpc(tuple(cells.R_edges_kpc), tuple(cells.z_edges_kpc))


@lru_cache(maxsize=8)
def _weights_kpc(R_edges: tuple[float, ...], z_edges: tuple[float, ...]) -> FloatArray:
    (R, dR), (z, dz) = (_gauss(np.array(each)) for each in (R_edges, z_edges))
    found = ring_weight(R[:, None], z) * dR[:, None] * dz
    return np.asarray(found.reshape(len(R_edges) - 1, _POINTS, len(z_edges) - 1, _POINTS).sum(axis=(1, 3)))


def _gauss(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points and weights of quadrature, `_POINTS` to a cell."""
    x, w = np.polynomial.legendre.leggauss(_POINTS)
    half = 0.5 * np.diff(edges)[:, None]
    return (0.5 * (edges[1:] + edges[:-1])[:, None] + half * x).ravel(), (half * w).ravel()


def transmission(cells: Cells, energy_GeV: FloatArray) -> FloatArray:
    """Share of the gamma rays of each cell that reach the Sun through the CMB, (energies, cells).

    The mean over azimuth, and both sides of the plane, of exp(-d/lambda) weighted with 1/d^2, from the middle
    of the cell.
    """
    azimuth = np.pi * (np.arange(_AZIMUTHS) + 0.5) / _AZIMUTHS
    R, z = (each[:, None] for each in cells.centres_kpc)
    across = R**2 + SUN_R_KPC**2 - 2.0 * R * SUN_R_KPC * np.cos(azimuth)
    d = np.sqrt(np.concatenate([across + (z - SUN_Z_KPC) ** 2, across + (z + SUN_Z_KPC) ** 2], axis=1))
    near = d**-2 / (d**-2).sum(axis=1, keepdims=True)
    found = np.ones((energy_GeV.size, cells.count))
    for row, per_kpc in zip(found, cmb_absorption_per_kpc(energy_GeV), strict=True):
        if per_kpc * d.max() > _LEAST_ABSORBED:
            row[:] = (np.exp(-per_kpc * d) * near).sum(axis=1)
    return found
