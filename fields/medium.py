"""Medium: what a particle meets at a point, tabulated for the engine.

A physicist writes D(p, R, z), u(R, z) and n(R, z) as vectorised NumPy functions; `Medium.tabulate`
samples them on a rectilinear (R, |z|) grid, D also in momentum, on either side of one surface: the
Bell surface or an absorbing boundary. Units: kpc, Myr, GeV, cm^-3 (`units`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from .surface import LevelFunction, signed_distance_kpc
from .units import speed_kpc_Myr

Function = Callable[[np.ndarray, np.ndarray], np.ndarray]
DiffusionFunction = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
FlowFunction = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
FAR_KPC = 1e6


class Wall(IntEnum):
    """What the surface does to a particle that reaches it from within."""

    ABSORBING = 0
    TWO_WAY = 1
    ONE_WAY = 2
    CLOSED = 3


class Axis(NamedTuple):
    """Non-uniform nodes with an O(1) look-up: nodes are multiples of `1/inverse_step`."""

    nodes: np.ndarray
    inverse_width: np.ndarray
    inverse_step: float
    cell_of_step: np.ndarray


class MediumTable(NamedTuple):
    """The plain arrays that a kernel reads; grids are ([ln p,] R, |z|[, component])."""

    R: Axis
    z: Axis
    ln_p0: float
    inverse_dln_p: float
    ln_D_over_v_halo: np.ndarray
    ln_D_over_v_bell: np.ndarray
    outflow: np.ndarray
    halo_moves: bool
    halo_flow: np.ndarray
    gas: np.ndarray
    distance: np.ndarray
    thickness: float
    steepness_halo: float
    steepness_bell: float
    halo_scale: np.ndarray
    loss_rate: np.ndarray
    wall: int
    r_max: float
    bell_reach: float
    disc_scale: float


def axis(*pieces: tuple[float, float]) -> Axis:
    """Nodes from 0 through (end, spacing) pieces; every spacing a multiple of the smallest.

    Examples
    --------
    >>> axis((0.5, 0.25), (2.0, 0.5)).nodes.tolist()
    [0.0, 0.25, 0.5, 1.0, 1.5, 2.0]
    """
    nodes = [0.0]
    for end, spacing in pieces:
        count = round((end - nodes[-1]) / spacing)
        nodes.extend(np.linspace(nodes[-1], end, count + 1)[1:] if count > 0 else [])
    values = np.asarray(nodes)
    step = min(spacing for _, spacing in pieces)
    centres = (np.arange(round(values[-1] / step)) + 0.5) * step
    cells = np.clip(np.searchsorted(values, centres, side="right") - 1, 0, len(values) - 2)
    return Axis(values, 1.0 / np.diff(values), 1.0 / step, cells.astype(np.int16))


MOMENTUM_NODES_GeV = np.logspace(-1.5, 7.25, 36)


def _steepness(ln_D: np.ndarray, R: np.ndarray, z: np.ndarray, used: np.ndarray) -> np.ndarray:
    """|grad ln D| at the centres of the cells in use, the largest of all momenta [1/kpc]; zero elsewhere.

    A corner of the field (the rim of the disc) is steeper inside its one cell; paths there are too short
    for it to matter.
    """
    low, high = ln_D[:-1], ln_D[1:]
    along_R = 0.5 * (high[:, 1:] - low[:, 1:] + high[:, :-1] - low[:, :-1]) / np.diff(R)[:, None, None]
    along_z = 0.5 * (low[:, 1:] - low[:, :-1] + high[:, 1:] - high[:, :-1]) / np.diff(z)[None, :, None]
    return np.where(used, np.sqrt(along_R**2 + along_z**2).max(axis=-1), 0.0)


_SLOWER = 0.7


def _scale_kpc(steepness: np.ndarray, R: np.ndarray, z: np.ndarray) -> np.ndarray:
    """At each node, twice the length over which ln D changes by one there, or at a distance from there.

    The least of 2/|grad ln D| plus 0.7 of the way, over all the cells.
    """
    of_cells = 2.0 / np.maximum(steepness, 1e-3)
    padded = np.pad(of_cells, 1, constant_values=np.inf)
    scale = np.minimum(
        np.minimum(padded[1:, 1:], padded[:-1, 1:]), np.minimum(padded[1:, :-1], padded[:-1, :-1])
    )
    for axis, nodes in ((0, R), (1, z)):
        lines = np.moveaxis(scale, axis, 0)
        way = _SLOWER * np.diff(nodes)
        for i in range(1, len(nodes)):
            lines[i] = np.minimum(lines[i], lines[i - 1] + way[i - 1])
        for i in range(len(nodes) - 2, -1, -1):
            lines[i] = np.minimum(lines[i], lines[i + 1] + way[i])
    return scale


def _cells_used(inside: np.ndarray) -> np.ndarray:
    return inside[1:, 1:] | inside[:-1, 1:] | inside[1:, :-1] | inside[:-1, :-1]


def _nothing(R: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.zeros(np.broadcast_shapes(np.shape(R), np.shape(z)))


def _sampled_flow(
    flow: FlowFunction | None, divergence: Function, R: np.ndarray, z: np.ndarray
) -> np.ndarray:
    u_R, u_z = flow(R, z) if flow else (_nothing(R, z), _nothing(R, z))
    return np.stack([u_R, u_z, divergence(R, z)], axis=-1)


@dataclass(frozen=True)
class Medium:
    """A tabulated medium with the functions it was made from.

    Attributes
    ----------
    table : MediumTable
        What kernels read.
    diffusion_halo, diffusion_bell : callable
        D(p_GeV, R_kpc, z_kpc) [kpc^2/Myr] inside and outside the surface.
    outflow : callable or None
        (u_R, u_z) [kpc/Myr] at (R_kpc, z_kpc) outside the surface.
    description : dict
        Whatever a product should say of the medium (names, numbers with their units).
    """

    table: MediumTable
    diffusion_halo: DiffusionFunction
    diffusion_bell: DiffusionFunction
    description: dict = field(default_factory=dict)

    @classmethod
    def tabulate(
        cls,
        *,
        diffusion_halo: DiffusionFunction,
        surface: LevelFunction,
        R_axis: Axis,
        z_axis: Axis,
        r_max_kpc: float,
        bell_reach_kpc: float | None = None,
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
        disc_scale_kpc: float = FAR_KPC,
        description: dict | None = None,
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
        bell_reach_kpc : float, optional
            Radius beyond which whoever is outside the surface is free, if it is less than that.
        wall : Wall
            What the surface does to a particle that comes from within.
        outflow, divergence : callable
            Plasma velocity (u_R, u_z) [kpc/Myr] and its divergence [1/Myr] outside the surface.
        halo_flow, halo_divergence : callable
            The same inside it, where the surface absorbs; without them the halo is at rest.
        gas_disc, gas_halo, gas_cgm : callable
            Hydrogen density [cm^-3]; disc and halo gas are inside the surface, CGM outside.
        loss_rate : callable
            -(dp/dt)/(p n) [1/Myr per cm^-3] at momentum p_GeV.
        disc_scale_kpc : float
            Height of the gas disc, which steps near the plane have to resolve.

        Raises
        ------
        ValueError
            If a function returns something that is not finite (or D that is not positive), or a halo
            that moves ends at a wall that particles return from: they would, into a halo at rest.
        """
        if halo_flow is not None and wall != Wall.ABSORBING:
            raise ValueError("a halo that moves must end at an absorbing surface, or at none")
        R, z = np.meshgrid(R_axis.nodes, z_axis.nodes, indexing="ij")
        diffusion_bell = diffusion_bell or diffusion_halo
        distance = np.clip(signed_distance_kpc(surface, R_axis.nodes, z_axis.nodes), -FAR_KPC, FAR_KPC)
        momentum = MOMENTUM_NODES_GeV[None, None, :]

        def sampled_ln_D(function: DiffusionFunction) -> np.ndarray:
            values = function(momentum, R[..., None], z[..., None])
            if not (np.all(np.isfinite(values)) and np.all(values > 0)):
                raise ValueError("the diffusion coefficient must be finite and positive everywhere")
            # Over v, which varies fast below 1 GeV, D is close to a power law of momentum.
            per_speed = np.log(np.broadcast_to(values / speed_kpc_Myr(momentum), (*R.shape, momentum.size)))
            return np.ascontiguousarray(per_speed)

        ln_D_halo, ln_D_bell = sampled_ln_D(diffusion_halo), sampled_ln_D(diffusion_bell)
        flow = _sampled_flow(outflow, divergence, R, z)
        # A halo at rest is not looked up.
        inner = _sampled_flow(halo_flow, halo_divergence, R, z) if halo_flow else np.zeros((1, 1, 3))
        gas = np.stack([gas_disc(R, z), gas_halo(R, z), gas_cgm(R, z)], axis=-1)
        for name, values in (("outflow", flow), ("halo flow", inner), ("gas density", gas)):
            if not np.all(np.isfinite(values)):
                raise ValueError(f"the {name} must be finite everywhere")
        steepness = _steepness(ln_D_halo, R_axis.nodes, z_axis.nodes, _cells_used(distance < 0))
        ln_p = np.log(MOMENTUM_NODES_GeV)
        losses = loss_rate(MOMENTUM_NODES_GeV) if loss_rate else np.zeros(ln_p.size)
        table = MediumTable(
            R=R_axis,
            z=z_axis,
            ln_p0=float(ln_p[0]),
            inverse_dln_p=float(1.0 / (ln_p[1] - ln_p[0])),
            ln_D_over_v_halo=np.ascontiguousarray(np.moveaxis(ln_D_halo, -1, 0)),
            ln_D_over_v_bell=np.ascontiguousarray(np.moveaxis(ln_D_bell, -1, 0)),
            outflow=np.ascontiguousarray(flow, float),
            halo_moves=halo_flow is not None,
            halo_flow=np.ascontiguousarray(inner, float),
            gas=np.ascontiguousarray(gas, float),
            distance=np.ascontiguousarray(distance, float),
            # Of the volume inside: the largest distance to its surface.
            thickness=float(-distance.min()),
            steepness_halo=float(steepness.max(initial=0.0)),
            steepness_bell=float(
                _steepness(ln_D_bell, R_axis.nodes, z_axis.nodes, _cells_used(distance > 0)).max(initial=0.0)
            ),
            halo_scale=_scale_kpc(steepness, R_axis.nodes, z_axis.nodes),
            loss_rate=np.asarray(losses, float),
            wall=int(wall),
            r_max=float(r_max_kpc),
            bell_reach=float(r_max_kpc if bell_reach_kpc is None else bell_reach_kpc),
            disc_scale=float(disc_scale_kpc),
        )
        return cls(table, diffusion_halo, diffusion_bell, description or {})

    def distance_kpc(self, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """Signed distance to the surface as the engine sees it (bilinear), negative inside [kpc]."""
        return self._interpolate(self.table.distance, R_kpc, z_kpc)

    def gas_density_cm3(self, R_kpc: np.ndarray, z_kpc: np.ndarray, blur_kpc: float = 0.0) -> np.ndarray:
        """Hydrogen density of (disc, halo, CGM) as the engine sees it [cm^-3], last axis 3.

        With `blur_kpc` the surface between the last and the others is a ramp as wide as that.
        """
        gas = self._interpolate(self.table.gas, R_kpc, z_kpc)
        distance = self.distance_kpc(R_kpc, z_kpc)[..., None]
        outside = np.clip(0.5 + distance / blur_kpc, 0.0, 1.0) if blur_kpc else 1.0 * (distance >= 0)
        return gas * ((1.0 - outside) * [1, 1, 0] + outside * [0, 0, 1])

    def outflow_kpc_Myr(self, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """(u_R, u_z, div u) outside the surface as the engine sees them, last axis 3."""
        return self._interpolate(self.table.outflow, R_kpc, z_kpc)

    def halo_flow_kpc_Myr(self, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        """The same inside the surface."""
        if not self.table.halo_moves:
            return np.zeros((*np.broadcast_shapes(np.shape(R_kpc), np.shape(z_kpc)), 3))
        return self._interpolate(self.table.halo_flow, R_kpc, z_kpc)

    def loss_rate_Myr(self, p_GeV: np.ndarray) -> np.ndarray:
        """-(dp/dt)/(p n) at some momenta as the engine sees it [1/Myr per cm^-3 of hydrogen]."""
        return np.interp(np.log(p_GeV), np.log(MOMENTUM_NODES_GeV), self.table.loss_rate)

    def absorbing(self) -> Medium:
        """The same with a surface that absorbs."""
        return replace(self, table=self.table._replace(wall=int(Wall.ABSORBING)))

    def tabulation_error(self, samples: int = 20_000, seed: int = 0) -> dict[str, float]:
        """Error of the tabulated ln D against the functions it came from.

        Returns
        -------
        dict
            {"median", "p99", "max"} of |D_table/D - 1| at random places and momenta, each place on
            its own side of the surface.
        """
        rng = np.random.default_rng(seed)
        R_max, z_max = self.table.R.nodes[-1], self.table.z.nodes[-1]
        # Half of the samples where the structure is: near the plane and inside the surface.
        inner = rng.random(samples) < 0.5
        scale = np.abs(self.table.distance[0, 0])
        R = rng.random(samples) * np.where(inner, min(2 * scale, R_max), R_max)
        z = rng.random(samples) * np.where(inner, min(scale, z_max), z_max)
        p = np.exp(rng.uniform(np.log(MOMENTUM_NODES_GeV[0]), np.log(MOMENTUM_NODES_GeV[-1]), samples))
        inside = self.distance_kpc(R, z) < 0
        exact = np.where(inside, self.diffusion_halo(p, R, z), self.diffusion_bell(p, R, z))
        position = (np.log(p) - self.table.ln_p0) * self.table.inverse_dln_p
        low = np.clip(position.astype(int), 0, len(MOMENTUM_NODES_GeV) - 2)
        fraction = position - low
        index = np.arange(samples)
        halo = self._interpolate(np.moveaxis(self.table.ln_D_over_v_halo, 0, -1), R, z)
        bell = self._interpolate(np.moveaxis(self.table.ln_D_over_v_bell, 0, -1), R, z)
        chosen = np.where(inside[:, None], halo, bell)
        ln_D = chosen[index, low] * (1 - fraction) + chosen[index, low + 1] * fraction
        error = np.abs(np.exp(ln_D) * speed_kpc_Myr(p) / exact - 1.0)
        return {
            "median": float(np.median(error)),
            "p99": float(np.quantile(error, 0.99)),
            "max": float(error.max()),
        }

    def _interpolate(self, values: np.ndarray, R_kpc: np.ndarray, z_kpc: np.ndarray) -> np.ndarray:
        def place(ax: Axis, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            x = np.clip(np.abs(x), 0.0, ax.nodes[-1])
            i = np.clip(np.searchsorted(ax.nodes, x, side="right") - 1, 0, len(ax.nodes) - 2)
            return i, (x - ax.nodes[i]) / (ax.nodes[i + 1] - ax.nodes[i])

        i, a = place(self.table.R, np.asarray(R_kpc, float))
        j, b = place(self.table.z, np.asarray(z_kpc, float))
        i, j, a, b = np.broadcast_arrays(i, j, a, b)
        extra = (1,) * (values.ndim - 2)
        a, b = a.reshape(a.shape + extra), b.reshape(b.shape + extra)
        lower = values[i, j] * (1 - b) + values[i, j + 1] * b
        upper = values[i + 1, j] * (1 - b) + values[i + 1, j + 1] * b
        return lower * (1 - a) + upper * a
