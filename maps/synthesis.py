"""From the tallies of a run to the light of its gas: emissivity on a grid, maps and their errors.

The density of protons is tallied in cells on either side of the surface; it is interpolated between cell
centres on its own side only, turned into emissivity per hydrogen atom and multiplied by the gas there:
the Galactic disc and the halo inside the surface, the circumgalactic medium outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import distance_transform_edt

from ..fields.medium import Medium
from ..fields.units import FloatArray
from ..mc.result import Result, value_and_error
from .absorption import cmb_absorption_per_kpc
from .emissivity import emissivity_matrix
from .sky import table_sky_map

COMPONENTS = ("disc", "halo", "cgm")
_SIDE = {"disc": "halo", "halo": "halo", "cgm": "bell"}
# Errors vary slowly over the sky: they are found on coarse pixels.
_ERROR_NSIDE = 8
_EDGE_KPC = 1e-3


@dataclass(frozen=True)
class ComponentMaps:
    """Intensity maps of each component with the statistical error of their sum.

    Attributes
    ----------
    energy_GeV : ndarray, shape (n_energy,)
        Energies of the product.
    maps : dict of ndarray, each (n_energy, n_pix)
        Per component, in GeV^-1 cm^-2 s^-1 sr^-1; neutrinos per flavour.
    relative_error : ndarray, shape (n_energy, n_pix)
        Of the sum of the components.
    mean : dict of (value, error)
        Sky average of each component and of "total", each of shape (n_energy,).
    """

    energy_GeV: FloatArray
    maps: dict[str, FloatArray]
    relative_error: FloatArray
    mean: dict[str, tuple[FloatArray, FloatArray]]

    @property
    def total(self) -> FloatArray:
        """Sum of the components."""
        return sum(self.maps.values(), start=np.zeros_like(self.maps["disc"]))


@dataclass(frozen=True)
class Synthesis:
    """What a run looks like from the Sun.

    Attributes
    ----------
    result, medium : Result, Medium
        The run and the medium it was made in.
    helium_factor : float
        Collisions with all nuclei over collisions with hydrogen.
    disc_radius_kpc : float
        Where the gas disc ends.
    """

    result: Result
    medium: Medium
    helium_factor: float = 1.0
    disc_radius_kpc: float = 10.0

    @cached_property
    def nodes_kpc(self) -> tuple[FloatArray, FloatArray]:
        """Nodes (R, |z|) of the emissivity: those of the medium, doubled at the rim of the gas disc."""
        R = self.medium.table.R.nodes
        rim = self.disc_radius_kpc + np.array([-_EDGE_KPC, _EDGE_KPC])
        return np.unique(np.concatenate([R[np.abs(R - self.disc_radius_kpc) > _EDGE_KPC], rim])), (
            self.medium.table.z.nodes
        )

    @cached_property
    def gas_cm3(self) -> FloatArray:
        """Density of (disc, halo, CGM) gas at the nodes."""
        R, z = self.nodes_kpc
        return self.medium.gas_density_cm3(R[:, None], z[None, :])

    def _at_nodes(self, cells: FloatArray, side: str) -> FloatArray:
        """Cell averages (n_R, n_z, channels) of one side as values at the nodes."""
        grid = self.result.grid
        R_edges, z_edges = (getattr(grid, f"{side}_{axis}_kpc") for axis in ("R", "z"))
        empty = self.result.volumes_kpc3[side] <= 0
        if np.all(empty):
            return np.zeros((*self.gas_cm3.shape[:2], cells.shape[2]))
        nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
        filled = cells[tuple(nearest)]
        centres = [0.5 * (edges[1:] + edges[:-1]) for edges in (R_edges, z_edges)]
        R, z = (np.clip(x, c[0], c[-1]) for x, c in zip(self.nodes_kpc, centres, strict=True))
        mesh = np.stack(np.meshgrid(R, z, indexing="ij"), axis=-1)
        return RegularGridInterpolator(centres, filled)(mesh)

    def _glow(self, secondary: str, energy_GeV: FloatArray, side: str, replicas: slice) -> FloatArray:
        """Emissivity per H atom in the cells of a side, (n_R, n_z, replicas, energies) [GeV^-1 s^-1]."""
        matrix = emissivity_matrix(secondary, energy_GeV, self.result.grid.current_edges_GeV)
        matrix *= self.helium_factor * (1.0 / 3.0 if secondary == "neutrino" else 1.0)
        cells = self.result.density_cm3(side)[replicas]
        return np.einsum("eb,fbRz->Rzfe", matrix, cells, optimize=True)

    def _seen(self, table: FloatArray, nside: int, absorption: FloatArray | None = None) -> FloatArray:
        """Maps of emissivities at the nodes, (channels, n_pix)."""
        # Emissivities are far below the smallest float32: integrate them in units of their largest.
        largest = np.maximum(table.max(axis=(0, 1)), 1e-300)
        R, z = self.nodes_kpc
        return largest[:, None] * table_sky_map(
            (table / largest).astype(np.float32),
            R,
            z,
            nside,
            absorption_per_kpc=absorption,
            r_max_kpc=self.medium.table.r_max,
            disc_radius_kpc=self.disc_radius_kpc,
        )

    @cached_property
    def _responses(self) -> dict[str, FloatArray]:
        """Coarse maps of each component per unit emissivity of each cell, (n_R, n_z, n_pix), unabsorbed."""
        responses = {}
        for index, component in enumerate(COMPONENTS):
            shape = self.result.volumes_kpc3[_SIDE[component]].shape
            one_each = np.eye(shape[0] * shape[1]).reshape(*shape, -1)
            table = self._at_nodes(one_each, _SIDE[component]) * self.gas_cm3[..., index, None]
            responses[component] = self._seen(table, _ERROR_NSIDE).reshape(*shape, -1)
        return responses

    def _coarse_replicas(self, secondary: str, energy_GeV: FloatArray) -> dict[str, FloatArray]:
        """Coarse maps of every replica, (replicas, energies, n_pix), good for relative errors."""
        glow = {side: self._glow(secondary, energy_GeV, side, slice(None)) for side in ("halo", "bell")}
        return {
            component: np.tensordot(np.moveaxis(glow[_SIDE[component]], (2, 3), (0, 1)), response, axes=2)
            for component, response in self._responses.items()
        }

    def maps(self, secondary: str, energy_GeV: FloatArray, nside: int) -> ComponentMaps:
        """Intensity maps of a secondary.

        Parameters
        ----------
        secondary : {"neutrino", "gamma"}
            Neutrinos come per flavour (nu + nubar, a third of the sum); gamma rays are dimmed on the CMB.
        energy_GeV : ndarray
            Energies of the product.
        nside : int
            HEALPix resolution (RING order, Galactic coordinates).
        """
        import healpy

        energy = np.asarray(energy_GeV, float)
        absorption = cmb_absorption_per_kpc(energy) if secondary == "gamma" else None
        glow = {
            side: self._at_nodes(self._glow(secondary, energy, side, slice(0, 1))[:, :, 0], side)
            for side in ("halo", "bell")
        }
        maps = {
            name: self._seen(glow[_SIDE[name]] * self.gas_cm3[..., i, None], nside, absorption)
            for i, name in enumerate(COMPONENTS)
        }
        coarse = self._coarse_replicas(secondary, energy)
        coarse["total"] = sum(coarse.values(), start=np.zeros_like(coarse["disc"]))
        maps_with_total = maps | {"total": sum(maps.values(), start=np.zeros_like(maps["disc"]))}
        mean = {}
        for name, replicas in coarse.items():
            value, error = value_and_error(replicas.mean(axis=-1))
            fine = maps_with_total[name].mean(axis=-1, dtype=float)
            mean[name] = (fine, fine * _ratio(error, value))
        value, error = value_and_error(coarse["total"])
        relative = _ratio(error, value)
        direction = healpy.pix2ang(nside, np.arange(12 * nside**2))
        fine_error = np.array([healpy.get_interp_val(row, *direction) for row in relative])
        return ComponentMaps(energy, maps, fine_error, mean)


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
