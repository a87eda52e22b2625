"""From the tallies of a run to the light of its gas: emissivity on a grid, maps and their errors.

The density of protons is tallied in cells on either side of the surface; it is interpolated between cell
centres on its own side only, turned into emissivity per hydrogen atom and multiplied by the gas there:
the Galactic disc and the halo inside the surface, the circumgalactic medium outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.exceptions import UserError, on_a_line
from ...fields.medium import Medium
from ...fields.medium_table import Wall
from ...fields.units import FloatArray
from ...mc.result import Result
from ...mc.uncertainty import Estimate, value_and_error
from .absorption import cmb_absorption_per_kpc
from .bands import BandMaps, in_band
from .cells import CellsToNodes, cells_to_nodes, gas_in_cells, node_volumes_kpc3
from .emissivity import matrix_per_flavour
from .rays.weights import pixel_weights
from .sky import table_sky_map
from .starlight import starlight_absorption_per_kpc, starlight_sky_map
from .structure import distance_weights

COMPONENTS = ("disc", "halo", "cgm")
_SIDE = {"disc": "halo", "halo": "halo", "cgm": "bell"}
# Errors vary slowly over the sky: they are found on coarse pixels.
_ERROR_NSIDE = 8
_BLUR_KPC = 1.0


@dataclass(frozen=True, repr=False)
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
    typical_error : dict of ndarray, each (n_energy,)
        Per component, the relative error that half of the pixels have at most.
    mean : dict of Estimate
        Sky average of each component and of "total", each of shape (n_energy,).
    """

    energy_GeV: FloatArray
    maps: dict[str, FloatArray]
    relative_error: FloatArray
    typical_error: dict[str, FloatArray]
    mean: dict[str, Estimate]

    def __repr__(self) -> str:
        pixels = self.maps["disc"].shape[-1]
        return f"<ComponentMaps: {', '.join(self.maps)} at {self.energy_GeV.size} energies, {pixels} pixels>"

    @property
    def total(self) -> FloatArray:
        """Sum of the components."""
        return sum(self.maps.values(), start=np.zeros_like(self.maps["disc"]))

    def in_band(self, low_GeV: ArrayLike, high_GeV: ArrayLike) -> BandMaps:
        """Maps of all between two energies [cm^-2 s^-1 sr^-1], as power laws between those of this sky.

        Parameters
        ----------
        low_GeV, high_GeV : float or Quantity
            Ends of the band, within the energies of this sky: four of these a decade are enough for 1%.

        Raises
        ------
        UserError
            If it is not within these, or they do not increase.
        """
        return in_band(self, low_GeV, high_GeV)

    def to_gammapy(self, component: str = "total") -> Any:
        """A `gammapy.modeling.models.SkyModel` of the sky, or of "disc", "halo" or "cgm" alone.

        Raises
        ------
        UserError
            If there is no such component, one energy only, or gammapy is not installed.
        """
        from ..export.gammapy import gammapy_model

        parts = self.maps | {"total": self.total}
        if component not in parts:
            raise UserError(f"component = {on_a_line(component)}: allowed: {', '.join(parts)}")
        return gammapy_model(self.energy_GeV, np.asarray(parts[component], float), f"crhalo-{component}")


@dataclass(frozen=True)
class SkyModel:
    """What a run looks like from the Sun.

    Attributes
    ----------
    result, medium : Result, Medium
        The run and the medium it was made in.
    disc_radius_kpc : float
        Where the gas disc ends.
    starlight : bool
        Are gamma rays dimmed on the light of stars and dust too, or on the CMB alone?
    helium_per_proton : ndarray, optional
        Nuclei that come with the protons, in each bin of `result.grid.current_edges_GeV`.
    """

    result: Result
    medium: Medium
    disc_radius_kpc: float = 10.0
    starlight: bool = False
    helium_per_proton: FloatArray | None = None

    def of(self, result: Result) -> SkyModel:
        """Another result in the same medium and cells, with what does not depend on its counts found once."""
        other = replace(self, result=result)
        shared = (
            "nodes_kpc",
            "gas_cm3",
            "_to_nodes",
            "_light_of_cells",
            "_responses",
            "_mean_responses",
            "geometry",
        )
        other.__dict__.update({name: self.__dict__[name] for name in shared if name in self.__dict__})
        return other

    @cached_property
    def geometry(self) -> dict[Any, FloatArray]:
        """What others have found of the places of things, and keep here: it does not depend on the counts."""
        return {}

    @cached_property
    def nodes_kpc(self) -> tuple[FloatArray, FloatArray]:
        """Nodes (R, |z|) of the emissivity: those of the medium, of which the rim of the gas disc is one."""
        return self.medium.table.R.nodes, self.medium.table.z.nodes

    @cached_property
    def gas_cm3(self) -> FloatArray:
        """Density of protons that shine as (disc, halo, CGM) gas does, at the nodes.

        On nodes a sharp surface would be a staircase, and each of its steps a ring on the sky.
        """
        R, z = self.nodes_kpc[0][:, None], self.nodes_kpc[1]
        table = self.medium.table
        blur = _BLUR_KPC if table.wall in (Wall.TWO_WAY, Wall.ONE_WAY) else 0.0
        gas = self.medium.targets_cm3(R, z, blur)
        if table.bell_outer_radius < table.r_max:
            # Beyond it nobody is held, and next to nothing shines.
            gas[..., 2] *= np.clip(0.5 + (table.bell_outer_radius - np.hypot(R, z)) / _BLUR_KPC, 0.0, 1.0)
        return gas

    @cached_property
    def _to_nodes(self) -> dict[str, CellsToNodes | None]:
        return {
            side: cells_to_nodes(self.result, self.medium, side, self.nodes_kpc) for side in ("halo", "bell")
        }

    def _at_nodes(self, cells: FloatArray, side: str) -> FloatArray:
        """Cell averages (n_R, n_z, ...) of one side as values at the nodes."""
        to_nodes = self._to_nodes[side]
        if to_nodes is None:
            return np.zeros((*self.gas_cm3.shape[:2], *cells.shape[2:]))
        return to_nodes.at_nodes(cells)

    def protons_cm3(self) -> FloatArray:
        """Protons in each bin of energy at the nodes, each on its side of the surface, (n_R, n_z, bins)."""
        halo, behind = (
            self._at_nodes(np.moveaxis(self.result.density_cm3(side)[0], 0, -1), side)
            for side in ("halo", "bell")
        )
        R, z = self.nodes_kpc
        inside = self.medium.distance_kpc(R[:, None], z) < 0.0
        return np.where(inside[..., None], halo, behind)

    def _response(self, component: str, weights: FloatArray) -> FloatArray:
        """What weights at the nodes (n, nodes in R, nodes in |z|) see of one per H atom in each cell.

        (n_R, n_z, n), of the cells of the side that the component lies on.
        """
        to_nodes = self._to_nodes[_SIDE[component]]
        if to_nodes is None:
            return np.zeros((*self.result.volumes_kpc3[_SIDE[component]].shape, len(weights)))
        gas = self.gas_cm3[..., COMPONENTS.index(component)]
        return np.moveaxis(to_nodes.in_cells(weights * gas), 0, -1)

    def emissivity_per_H(
        self, secondary: str, energy_GeV: FloatArray, replicas: slice = slice(None)
    ) -> dict[str, FloatArray]:
        """Emissivity per H atom in the cells of each side, (n_R, n_z, replicas, energies) [GeV^-1 s^-1]."""
        edges = self.result.grid.current_edges_GeV
        matrix = matrix_per_flavour(secondary, energy_GeV, edges, self.helium_per_proton)
        per_H = {
            side: np.einsum("eb,fbRz->Rzfe", matrix, self.result.density_cm3(side)[replicas], optimize=True)
            for side in ("halo", "bell")
        }
        of_cells, of_nodes = self._light_of_cells
        per_H["bell"] *= _ratio(*(np.tensordot(each, per_H["bell"], axes=2) for each in (of_cells, of_nodes)))
        return per_H

    @cached_property
    def _light_of_cells(self) -> tuple[FloatArray, FloatArray]:
        """Light of what is behind the surface for one per H atom in each cell: by cells, and by nodes.

        In dense gas it is a layer that nodes do not resolve; the sum over cells is right all the same.
        """
        cgm, grid = COMPONENTS.index("cgm"), self.result.grid
        gas = gas_in_cells(self.medium, grid.cells["bell"], cgm) * self.medium.table.collisions[cgm]
        of_cells = self.result.volumes_kpc3["bell"] * gas
        R, z = self.nodes_kpc
        weights = node_volumes_kpc3(R, z) * (np.hypot(R[:, None], z) <= self.medium.table.r_max)
        return of_cells, self._response("cgm", weights[None])[..., 0]

    def emissivity(self, per_H: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Emissivity of each component at the nodes, (n_R, n_z, ...) [per cm^3], of those per H atom."""
        at_nodes = {side: self._at_nodes(cells, side) for side, cells in per_H.items()}
        return {
            name: at_nodes[_SIDE[name]] * self.gas_cm3[..., i].reshape(*self.gas_cm3.shape[:2], 1, 1)
            for i, name in enumerate(COMPONENTS)
        }

    def _seen(self, table: FloatArray, nside: int, absorption: dict[str, FloatArray]) -> FloatArray:
        """Maps of emissivities at the nodes, (channels, n_pix)."""
        return single_precision_map(
            table,
            *self.nodes_kpc,
            nside,
            **absorption,
            r_max_kpc=self.medium.table.r_max,
            disc_radius_kpc=self.disc_radius_kpc,
        )

    @cached_property
    def _responses(self) -> dict[str, FloatArray]:
        """Coarse maps of each component for one per H atom in each cell, (n_R, n_z, n_pix), unabsorbed."""
        weights, at = pixel_weights(
            *self.nodes_kpc,
            _ERROR_NSIDE,
            r_max_kpc=self.medium.table.r_max,
            disc_radius_kpc=self.disc_radius_kpc,
        )
        return {name: self._response(name, weights)[..., at] for name in COMPONENTS}

    def _shells(self, r_kpc: ArrayLike) -> FloatArray:
        """Sky average of one at each node: of what lies within some radii, one by one, and of the rest."""
        return distance_weights(*self.nodes_kpc, r_kpc, self.medium.table.r_max)

    def share_within(self, component: str, per_H: dict[str, FloatArray], r_kpc: ArrayLike) -> FloatArray:
        """Share of the sky average from within Galactocentric radii, (replicas, channels, radii)."""
        within = np.cumsum(self._response(component, self._shells(r_kpc)), axis=-1)  # unabsorbed
        light = _light(per_H[_SIDE[component]], within)
        return _ratio(light[..., :-1], light[..., -1:])

    @cached_property
    def _mean_responses(self) -> dict[str, FloatArray]:
        everywhere = self._shells([])
        return {name: self._response(name, everywhere)[..., 0] for name in COMPONENTS}

    def replicas_of_mean(self, per_H: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Sky average of the components given, and of their "total", (replicas, channels), unabsorbed."""
        means = {
            name: _light(per_H[_SIDE[name]], response)
            for name, response in self._mean_responses.items()
            if _SIDE[name] in per_H
        }
        return means | {"total": np.sum(list(means.values()), axis=0)}

    def mean(self, secondary: str, energy_GeV: FloatArray) -> dict[str, Estimate]:
        """Sky average and its error of each component and of their "total", as of `maps` but without them."""
        per_H = self.emissivity_per_H(secondary, energy_GeV)
        return self._means(energy_GeV, per_H, self._estimate(secondary, energy_GeV, per_H, _ERROR_NSIDE))

    def _means(
        self, energy_GeV: FloatArray, per_H: dict[str, FloatArray], maps: dict[str, FloatArray]
    ) -> dict[str, Estimate]:
        found = {}
        total = np.sum(list(maps.values()), axis=0)
        for name, replicas in self.replicas_of_mean(per_H).items():
            value, error = value_and_error(replicas)
            fine = (total if name == "total" else maps[name]).mean(axis=-1, dtype=float)
            found[name] = Estimate(fine, fine * _ratio(error, value), energy_GeV)
        return found

    def _estimate(
        self, secondary: str, energy_GeV: FloatArray, per_H: dict[str, FloatArray], nside: int
    ) -> dict[str, FloatArray]:
        """Maps of each component from all batches, gamma rays dimmed on their way."""
        tables = self.emissivity({side: cells[:, :, :1] for side, cells in per_H.items()})
        # All along the same rays.
        together = np.concatenate([table[:, :, 0] for table in tables.values()], axis=-1)
        absorption = {}
        if secondary == "gamma":
            absorption["absorption_per_kpc"] = np.tile(cmb_absorption_per_kpc(energy_GeV), len(tables))
            if self.starlight:
                of_starlight = starlight_absorption_per_kpc(energy_GeV)
                absorption["starlight_per_kpc"] = np.tile(of_starlight, len(tables))
        maps = np.split(self._seen(together, nside, absorption), len(tables))
        return dict(zip(tables, maps, strict=True))

    def seen_by(self, weights: FloatArray, per_H: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """What weights at the nodes (n, nodes in R, nodes in |z|) see of each component.

        (replicas, channels, n), without absorption.
        """
        return {
            name: _light(per_H[_SIDE[name]], self._response(name, weights))
            for name in COMPONENTS
            if _SIDE[name] in per_H
        }

    def coarse_maps(self, per_H: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Coarse maps of each component in every replica, (replicas, channels, n_pix), without absorption."""
        return {
            component: _light(per_H[_SIDE[component]], response)
            for component, response in self._responses.items()
            if _SIDE[component] in per_H
        }

    def maps(self, secondary: str, energy_GeV: FloatArray, nside: int) -> ComponentMaps:
        """Intensity maps of a secondary.

        Parameters
        ----------
        secondary : {"neutrino", "gamma"}
            Neutrinos come per flavour (nu + nubar, a third of the sum); gamma rays are dimmed on their way.
        energy_GeV : ndarray
            Energies of the product.
        nside : int
            HEALPix resolution (RING order, Galactic coordinates).
        """
        import healpy

        energy = np.asarray(energy_GeV, float)
        per_H = self.emissivity_per_H(secondary, energy)
        maps = self._estimate(secondary, energy, per_H, nside)
        coarse = self.coarse_maps(per_H)
        relative = _relative_error(np.sum(list(coarse.values()), axis=0))
        direction = healpy.pix2ang(nside, np.arange(12 * nside**2))
        four, weights = healpy.get_interp_weights(_ERROR_NSIDE, *direction)
        fine_error = np.array([np.sum(row[four] * weights, axis=0) for row in relative])
        typical = {name: np.median(_relative_error(part), axis=-1) for name, part in coarse.items()}
        return ComponentMaps(energy, maps, fine_error, typical, self._means(energy, per_H, maps))


def single_precision_map(
    table: FloatArray, R_kpc: FloatArray, z_kpc: FloatArray, nside: int, **how: Any
) -> FloatArray:
    """`table_sky_map`, or `starlight_sky_map`, of a table that is integrated in single precision.

    Emissivities are far below the smallest float32: they are in units of their largest.
    """
    largest = np.maximum(table.max(axis=(0, 1)), 1e-300)
    scaled = (table / largest).astype(np.float32)
    sky_map = starlight_sky_map if "starlight_per_kpc" in how else table_sky_map
    return largest[:, None] * sky_map(scaled, R_kpc, z_kpc, nside, **how)


def _light(per_H: FloatArray, response: FloatArray) -> FloatArray:
    """Sum over cells of emissivities per H (n_R, n_z, replicas, channels) times response (n_R, n_z, ...)."""
    return np.tensordot(np.moveaxis(per_H, (2, 3), (0, 1)), response, axes=2)


def _relative_error(replicas: FloatArray) -> FloatArray:
    value, error = value_and_error(replicas)
    return _ratio(error, value)


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
