"""The medium that particles move through, tabulated for the engine.

A physicist writes D(p, R, z), u(R, z) and n(R, z) as vectorised NumPy functions; `Medium.tabulate`
samples them on a rectilinear (R, |z|) grid, D also in momentum, on either side of one surface: the
Bell surface or an absorbing boundary. Units: kpc, Myr, GeV, cm^-3 (`units`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .averages import about_nodes, of_cells
from .field_lines import FieldLines, tabulated
from .interpolate import interpolate
from .medium_table import FAR_KPC, Axis, MediumTable, MOMENTUM_NODES_GeV, Wall, assembled
from .sampling import sampled
from .surface import LevelFunction, signed_distance_kpc
from .units import speed_kpc_Myr

Function = Callable[[np.ndarray, np.ndarray], np.ndarray]
DiffusionFunction = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
FlowFunction = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

_AT_REST = np.zeros((1, 1, 3))


def _nothing(R: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.zeros(np.broadcast_shapes(np.shape(R), np.shape(z)))


def _everywhere(function: DiffusionFunction) -> DiffusionFunction:
    """The function, with values in the shape of its places also where it returns one number for them all."""

    def broadcast(p_GeV: np.ndarray, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(np.shape(p_GeV), np.shape(R_kpc), np.shape(z_kpc))
        values = function(p_GeV, R_kpc, z_kpc)
        return values if np.shape(values) == shape else np.broadcast_to(values, shape)

    return broadcast


def _sampled_loss_rate(function: Callable[[np.ndarray], np.ndarray] | None) -> np.ndarray:
    """-(dp/dt)/(p n) at the momentum nodes; without a function nothing is lost."""
    p = MOMENTUM_NODES_GeV
    if function is None:
        return np.zeros(p.size)
    rate = sampled("loss_rate", function, "cm3/Myr", "a finite number", p_GeV=p)
    return np.array(np.broadcast_to(rate, p.shape))


def _sampled_ln_D(name: str, function: DiffusionFunction, R: np.ndarray, z: np.ndarray) -> np.ndarray:
    """ln(D/v) at the nodes, (R, |z|, ln p): over v, which varies fast below 1 GeV, D is near a power law."""
    p = MOMENTUM_NODES_GeV[None, None, :]
    places = {"p_GeV": p, "R_kpc": R[..., None], "z_kpc": z[..., None]}
    D = sampled(name, function, "kpc2/Myr", "a finite number above zero", **places)
    return np.log(np.broadcast_to(D / speed_kpc_Myr(p), (*R.shape, p.size)))


def _sampled_flow(
    name: str, flow: FlowFunction | None, divergence: Function, R: np.ndarray, z: np.ndarray
) -> np.ndarray:
    """(u_R, u_z, div u) at the nodes, last axis 3."""
    along_R: Function = (lambda R, z: flow(R, z)[0]) if flow else _nothing
    along_z: Function = (lambda R, z: flow(R, z)[1]) if flow else _nothing
    functions = (
        (f"{name}, u_R", along_R, "kpc/Myr"),
        (f"{name}, u_z", along_z, "kpc/Myr"),
        (f"divergence of the {name}", divergence, "1/Myr"),
    )
    return np.stack(
        [
            np.broadcast_to(sampled(of, each, unit, "a finite number", R_kpc=R, z_kpc=z), R.shape)
            for of, each, unit in functions
        ],
        axis=-1,
    )


def _tabulated_gas(functions: dict[str, Function], R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
    """Densities in the order of the functions (last axis): means about the nodes of what may have edges.

    The circumgalactic gas has none, and is that at the nodes.
    """
    allowed = "a finite number, zero or above"
    R, z = np.meshgrid(R_kpc, z_kpc, indexing="ij")

    def checked(name: str, R: np.ndarray, z: np.ndarray) -> np.ndarray:
        return sampled(name, functions[name], "cm-3", allowed, R_kpc=R, z_kpc=z)

    densities = {name: np.broadcast_to(checked(name, R, z), R.shape) for name in functions}
    for name in ("gas_disc", "gas_halo"):
        densities[name] = about_nodes(partial(checked, name), R_kpc, z_kpc)
    return np.stack(list(densities.values()), axis=-1)


@dataclass(frozen=True, repr=False)
class Medium:
    """A tabulated medium with the functions it was made from.

    Attributes
    ----------
    table : MediumTable
        What kernels read.
    diffusion_halo, diffusion_bell : callable
        D(p_GeV, R_kpc, z_kpc) [kpc^2/Myr] inside and outside the surface.
    functions : dict of callable
        What else the table was made from, by the names that `tabulate` has for it.
    lines : FieldLines or None
        Field lines of the halo, along which D is `diffusion_halo`; None where it is isotropic.
    """

    table: MediumTable
    diffusion_halo: DiffusionFunction
    diffusion_bell: DiffusionFunction
    functions: dict[str, Callable[..., Any]]
    lines: FieldLines | None = None

    def __repr__(self) -> str:
        wall = Wall(self.table.wall).name.lower()
        return f"<Medium to {self.table.r_max:g} kpc with a surface that is {wall}>"

    @classmethod
    def tabulate(
        cls,
        *,
        diffusion_halo: DiffusionFunction,
        surface: LevelFunction,
        R_axis: Axis,
        z_axis: Axis,
        r_max_kpc: float,
        bell_outer_radius_kpc: float | None = None,
        wall: Wall = Wall.ABSORBING,
        diffusion_bell: DiffusionFunction | None = None,
        outflow: FlowFunction | None = None,
        divergence: Function = _nothing,
        halo_flow: FlowFunction | None = None,
        halo_divergence: Function = _nothing,
        gas_disc: Function = _nothing,
        gas_halo: Function = _nothing,
        gas_cgm: Function = _nothing,
        loss_rate: Callable[[np.ndarray], np.ndarray] | None = None,
        collisions: ArrayLike = (1.0, 1.0, 1.0),
        disc_scale_kpc: float = FAR_KPC,
        lines: FieldLines | None = None,
        source_radii_kpc: ArrayLike = (),
    ) -> Medium:
        """Sample vectorised functions of (R_kpc, |z|_kpc) on a grid.

        Parameters
        ----------
        diffusion_halo, diffusion_bell : callable
            D(p_GeV, R_kpc, z_kpc) [kpc^2/Myr] inside and outside the surface.
        surface : callable
            Level function, negative inside; any scale, its zero is the surface.
        R_axis, z_axis : Axis
            Nodes; values are held constant beyond the last one.
        r_max_kpc : float
            Radius of the absorbing outer sphere.
        bell_outer_radius_kpc : float, optional
            Radius beyond which whoever is outside the surface is free, if it is less than that.
        wall : Wall
            What the surface does to a particle that comes from within.
        outflow, divergence : callable
            Plasma velocity (u_R, u_z) [kpc/Myr] and its divergence [1/Myr] outside the surface.
        halo_flow, halo_divergence : callable
            The same inside it; without them the halo is at rest.
        gas_disc, gas_halo, gas_cgm : callable
            Hydrogen density [cm^-3]; disc and halo gas are inside the surface and may have edges, the CGM is
            outside, and smooth.
        loss_rate : callable
            -(dp/dt)/(p n) [1/Myr per cm^-3] in protons, at momentum p_GeV.
        collisions : array_like, shape (3,)
            Collisions in (disc, halo, CGM) gas over those with as many protons as its density says.
        disc_scale_kpc : float
            Height of the gas disc, which steps near the plane have to resolve.
        lines : FieldLines, optional
            Field lines inside the surface, along which D is diffusion_halo; without them it is isotropic.
        source_radii_kpc : array_like
            How sources are spread over the disc, see `disc.sources.radii_of_shares`; empty: evenly.

        Raises
        ------
        UserError
            If a function returns what is not finite, D that is not positive, or another shape: which one, and
            where.
        """
        R, z = np.meshgrid(R_axis.nodes, z_axis.nodes, indexing="ij")
        diffusion_bell = diffusion_bell or diffusion_halo
        distance = np.clip(signed_distance_kpc(surface, R_axis.nodes, z_axis.nodes), -FAR_KPC, FAR_KPC)
        gas = {"gas_disc": gas_disc, "gas_halo": gas_halo, "gas_cgm": gas_cgm}
        table = assembled(
            R_axis,
            z_axis,
            _sampled_ln_D("diffusion_halo", diffusion_halo, R, z),
            _sampled_ln_D("diffusion_bell", diffusion_bell, R, z),
            distance,
            outflow=_sampled_flow("outflow", outflow, divergence, R, z),
            halo_moves=halo_flow is not None,
            # A halo at rest is not looked up.
            halo_flow=_sampled_flow("halo_flow", halo_flow, halo_divergence, R, z) if halo_flow else _AT_REST,
            gas=_tabulated_gas(gas, R_axis.nodes, z_axis.nodes),
            loss_rate=_sampled_loss_rate(loss_rate),
            collisions=np.asarray(collisions, dtype=float),
            wall=int(wall),
            r_max=float(r_max_kpc),
            bell_outer_radius=float(r_max_kpc if bell_outer_radius_kpc is None else bell_outer_radius_kpc),
            disc_scale=float(disc_scale_kpc),
            source_radii=np.asarray(source_radii_kpc, float),
            lines=tabulated(lines, R, z, distance < 0) if lines else None,
        )
        functions = {"surface": surface, "outflow": outflow, "divergence": divergence}
        functions |= {"halo_flow": halo_flow, "halo_divergence": halo_divergence} | gas
        given = {name: each for name, each in functions.items() if each is not None}
        return cls(table, _everywhere(diffusion_halo), _everywhere(diffusion_bell), given, lines)

    def distance_kpc(self, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """Signed distance to the surface as the engine sees it (bilinear), negative inside [kpc]."""
        return self.interpolated(self.table.distance, R_kpc, z_kpc)

    def gas_density_cm3(self, R_kpc: np.ndarray, z_kpc: np.ndarray, blur_kpc: float = 0.0) -> np.ndarray:
        """Hydrogen density of (disc, halo, CGM) as the engine sees it [cm^-3], last axis 3.

        With `blur_kpc` the surface between the last and the others is a ramp as wide as that.
        """
        gas = self.interpolated(self.table.gas, R_kpc, z_kpc)
        distance = self.distance_kpc(R_kpc, z_kpc)[..., None]
        outside = np.clip(0.5 + distance / blur_kpc, 0.0, 1.0) if blur_kpc else 1.0 * (distance >= 0)
        return gas * ((1.0 - outside) * [1, 1, 0] + outside * [0, 0, 1])

    def mean_gas_cm3(self, R_edges_kpc: np.ndarray, z_edges_kpc: np.ndarray) -> np.ndarray:
        """Mean hydrogen density of (disc, halo, CGM) over cells in (R, |z|) as the engine sees it [cm^-3].

        Shape (n_R, n_z, 3), of all three on either side of the surface.
        """
        over_R = of_cells(self.table.R.nodes, np.asarray(R_edges_kpc, float), radial=True)
        over_z = of_cells(self.table.z.nodes, np.asarray(z_edges_kpc, float), radial=False)
        return np.einsum("ai,bj,ijc->abc", over_R, over_z, self.table.gas, optimize=True)

    def mean_targets_cm3(self, R_edges_kpc: np.ndarray, z_edges_kpc: np.ndarray) -> np.ndarray:
        """The same of protons that would collide as the gas does, see `targets_cm3`."""
        return self.mean_gas_cm3(R_edges_kpc, z_edges_kpc) * self.table.collisions

    def targets_cm3(self, R_kpc: np.ndarray, z_kpc: np.ndarray, blur_kpc: float = 0.0) -> np.ndarray:
        """Protons per cm^3 that would collide as (disc, halo, CGM) gas does, last axis 3."""
        return self.gas_density_cm3(R_kpc, z_kpc, blur_kpc) * self.table.collisions

    def outflow_kpc_Myr(self, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """(u_R, u_z, div u) outside the surface as the engine sees them, last axis 3."""
        return self.interpolated(self.table.outflow, R_kpc, z_kpc)

    def halo_flow_kpc_Myr(self, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """The same inside the surface."""
        if not self.table.halo_moves:
            return np.zeros((*np.broadcast_shapes(np.shape(R_kpc), np.shape(z_kpc)), 3))
        return self.interpolated(self.table.halo_flow, R_kpc, z_kpc)

    def loss_rate_Myr(self, p_GeV: np.ndarray) -> np.ndarray:
        """-(dp/dt)/(p n) at some momenta as the engine sees it [1/Myr per cm^-3 of protons]."""
        return np.interp(np.log(p_GeV), np.log(MOMENTUM_NODES_GeV), self.table.loss_rate)

    def absorbing(self) -> Medium:
        """The same with a surface that absorbs."""
        return replace(self, table=self.table._replace(wall=int(Wall.ABSORBING)))

    def interpolated(self, values: np.ndarray, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """Values at the nodes (n_R, n_z, ...) as the engine interpolates them, with the same last axes."""
        return interpolate(values, self.table.R.nodes, self.table.z.nodes, R_kpc, z_kpc)
