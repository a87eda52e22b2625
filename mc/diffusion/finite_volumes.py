"""Cells in (R, |z|) and the fluxes between them: the space part of the transport equation.

From one cell centre to the next D and the velocity are taken constant on either side of the face between
them, and the steady flux of diffusion and advection is used exactly (Scharfetter and Gummel 1969), with the
density continuous at the face. So densities stay positive, layers thinner than a cell (behind a Bell wall)
do no harm, and jumps of D or of the velocity are exact. A surface is followed along faces of cells. Where the
halo has field lines, D_RR and D_zz take the place of D; what flows across the gradient, and may make
densities negative, is in `cross_terms`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix

from ...fields.disc.sources import share_within
from ...fields.medium import Medium
from ...fields.medium_table import Axis, Wall
from ...fields.units import FloatArray, speed_kpc_Myr
from .cross_terms import CrossFluxes, cross_fluxes, face_grid
from .faces import NOBODY, Faces, conductances, density_at, escape_speed_kpc_Myr

_LEAST = 1e-30  # kpc^2/Myr, in place of no D at all


@dataclass(frozen=True)
class Cells:
    """Rings of a medium between edges in R and |z|, above the plane; those beyond its end are left out.

    Attributes
    ----------
    medium : Medium
        Whose functions give D, and whose tables the rest.
    R_edges_kpc, z_edges_kpc : ndarray
        From zero. The plane mirrors; the last R does if it lies within r_max.
    """

    medium: Medium
    R_edges_kpc: FloatArray
    z_edges_kpc: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.R_edges_kpc) - 1, len(self.z_edges_kpc) - 1

    @property
    def count(self) -> int:
        return int(self.used.sum())

    @cached_property
    def R_kpc(self) -> FloatArray:
        return 0.5 * (self.R_edges_kpc[1:] + self.R_edges_kpc[:-1])

    @cached_property
    def z_kpc(self) -> FloatArray:
        return 0.5 * (self.z_edges_kpc[1:] + self.z_edges_kpc[:-1])

    @cached_property
    def inside(self) -> np.ndarray:
        """Whether a cell's centre lies inside the surface."""
        return self.medium.distance_kpc(self.R_kpc[:, None], self.z_kpc[None, :]) < 0

    @cached_property
    def used(self) -> np.ndarray:
        """Cells that particles can be in."""
        table = self.medium.table
        used = np.hypot(self.R_kpc[:, None], self.z_kpc[None, :]) < np.where(
            self.inside, table.r_max, table.bell_outer_radius
        )
        if self.medium.table.wall in (Wall.ABSORBING, Wall.CLOSED):
            used &= self.inside
        return used

    @cached_property
    def centres_kpc(self) -> tuple[FloatArray, FloatArray]:
        """(R, z) of each used cell."""
        R, z = np.meshgrid(self.R_kpc, self.z_kpc, indexing="ij")
        return R[self.used], z[self.used]

    @cached_property
    def volume_kpc3(self) -> FloatArray:
        """Of each used cell."""
        rings = np.pi * np.diff(self.R_edges_kpc**2)
        return (rings[:, None] * np.diff(self.z_edges_kpc)[None, :])[self.used]

    def spread(self, values: FloatArray) -> FloatArray:
        """Values of the used cells (..., cells) on all of them (..., R, z), zero elsewhere."""
        out = np.zeros((*np.shape(values)[:-1], *self.shape))
        out[..., self.used] = values
        return out

    @cached_property
    def gas_cm3(self) -> FloatArray:
        """Hydrogen of (disc, halo, CGM) in each used cell, on its own side of the surface; (cells, 3)."""
        gas = self.medium.mean_gas_cm3(self.R_edges_kpc, self.z_edges_kpc)[self.used]
        return gas * np.where(self.inside[self.used, None], [1, 1, 0], [0, 0, 1])

    def diffusion_kpc2_Myr(self, p_GeV: float, speed: float = 1.0) -> FloatArray:
        """D of each used cell, on its own side of the surface; along the lines where there are some.

        Of a proton, or of what has its rigidity and `speed` times its speed: v times a mean free path that
        the rigidity gives.
        """
        R, z = self.centres_kpc
        p = np.asarray(p_GeV, float)
        here = self.inside[self.used]
        D = np.where(here, self.medium.diffusion_halo(p, R, z), self.medium.diffusion_bell(p, R, z))
        return speed * np.asarray(D, float)

    def diffusion_along_axes_kpc2_Myr(
        self, p_GeV: float, speed: float = 1.0
    ) -> tuple[FloatArray, FloatArray]:
        """(D_RR, D_zz) of each used cell."""
        D = self.diffusion_kpc2_Myr(p_GeV, speed)
        if self.medium.lines is None:
            return D, D
        D_RR, D_zz, _ = self.medium.lines.tensor_kpc2_Myr(p_GeV, D, *self.centres_kpc)
        here = self.inside[self.used]
        return np.where(here, np.maximum(D_RR, _LEAST), D), np.where(here, np.maximum(D_zz, _LEAST), D)

    def leaving_speed_kpc_Myr(self, p_GeV: float, speed: float = 1.0) -> float:
        """At faces that particles leave by for good; cross terms of field lines ask for no density there."""
        if self.medium.lines is not None and self.medium.lines.epsilon < 1.0:
            return np.inf
        return escape_speed_kpc_Myr(speed * float(speed_kpc_Myr(p_GeV)))

    def _cross_fluxes(self, p_GeV: float, speed: float = 1.0) -> CrossFluxes:
        """What field lines add to the fluxes through faces."""
        lines, edges = self.medium.lines, (self.R_edges_kpc, self.z_edges_kpc)
        assert lines is not None
        D_RR, D_zz = (
            np.where(self.used, self.spread(D), 1.0) for D in self.diffusion_along_axes_kpc2_Myr(p_GeV, speed)
        )
        here = self.inside & self.used
        grids = (
            face_grid(self.faces[0], 0, D_RR, here, 0.5 * np.diff(edges[0])),
            face_grid(self.faces[1], 1, D_zz, here, 0.5 * np.diff(edges[1])),
        )
        R, z = np.meshgrid(edges[0][1:], edges[1], indexing="ij")
        D = speed * np.asarray(self.medium.diffusion_halo(np.asarray(p_GeV, float), R, z), float)
        return cross_fluxes(self._numbers, grids, lines.tensor_kpc2_Myr(p_GeV, D, R, z), edges)

    def shares(self, R_d_kpc: float) -> FloatArray:
        """Share of the sources, which are in the plane within R_d, that falls into each used cell."""
        shares = np.zeros(self.shape)
        shares[:, 0] = np.diff(share_within(self.medium.table.source_radii, R_d_kpc, self.R_edges_kpc))
        return shares[self.used]

    @cached_property
    def _numbers(self) -> np.ndarray:
        """Of the used cells, on all of them."""
        numbers = np.full(self.shape, NOBODY)
        numbers[self.used] = np.arange(self.count)
        return numbers

    # -- faces -----------------------------------------------------------------------------

    @cached_property
    def faces(self) -> tuple[Faces, Faces]:
        """Faces across R, and across z."""
        R, z = self.R_edges_kpc, self.z_edges_kpc
        rings = np.pi * np.diff(R**2)[:, None] + 0.0 * self.z_kpc
        sides = 2 * np.pi * R[1:, None] * np.diff(z)
        half_R, half_z = (0.5 * np.diff(each) for each in (R, z))
        return (
            self._faces_along(0, sides, R[1:, None], self.z_kpc, half_R[:, None] + 0.0 * self.z_kpc),
            self._faces_along(1, rings, self.R_kpc[:, None], z[1:], half_z + 0.0 * self.R_kpc[:, None]),
        )

    def _faces_along(
        self, along: int, area: FloatArray, R: FloatArray, z: FloatArray, h: FloatArray
    ) -> Faces:
        wall = self.medium.table.wall

        def above(values: np.ndarray, beyond: float | None) -> np.ndarray:
            """Of the next cell along the axis; of the cell itself, or `beyond`, at the rim."""
            values = np.moveaxis(values, along, 0)
            rim = values[-1:] if beyond is None else np.full_like(values[-1:], beyond)
            return np.moveaxis(np.concatenate([values[1:], rim]), 0, along)

        low, high = self._numbers, above(self._numbers, NOBODY)
        passed = (low != NOBODY) | (high != NOBODY)
        if wall == Wall.CLOSED:
            passed = (low != NOBODY) & (high != NOBODY)
        if along == 0 and self.R_edges_kpc[-1] < self.medium.table.r_max * (1 - 1e-9):
            passed[-1] = False
        behind = self.medium.outflow_kpc_Myr(R, z)[..., along]
        before = self.medium.halo_flow_kpc_Myr(R, z)[..., along]
        inside, inside_above = self.inside, above(self.inside, None)
        return Faces(
            place=np.nonzero(passed),
            low=low[passed],
            high=high[passed],
            area=area[passed],
            h_low=h[passed],
            h_high=above(h, None)[passed],
            u_low=np.where(inside, before, behind)[passed],
            u_high=np.where(inside_above, before, behind)[passed],
            one_way=(inside.astype(int) - inside_above.astype(int))[passed] * (wall == Wall.ONE_WAY),
        )

    @cached_property
    def expansion_Myr(self) -> FloatArray:
        """Divergence of the flow in each used cell, surfaces included [1/Myr].

        A jump of the velocity counts in the cell before it, whose density is that at the jump.
        """
        total = np.zeros(self.count + 1)
        for f in self.faces:
            faster = np.where(np.abs(f.u_high) > np.abs(f.u_low), f.u_high, f.u_low)
            np.add.at(total, f.low, faster * f.area)
            np.add.at(total, f.high, -faster * f.area)
        return total[:-1] / self.volume_kpc3

    def operator(self, p_GeV: float, speed: float = 1.0) -> csc_matrix:
        """A, by which cells of density n lose A n by diffusion and advection [kpc^3/Myr].

        Every column sums to what leaves for good. `speed` as in `diffusion_kpc2_Myr`.
        """
        entries: list[tuple[FloatArray, np.ndarray, np.ndarray]] = []
        escape = self.leaving_speed_kpc_Myr(p_GeV, speed)
        for f, D in zip(self.faces, self.diffusion_along_axes_kpc2_Myr(p_GeV, speed), strict=True):
            from_low, from_high = conductances(f, D, escape)
            entries += [
                (f.area * from_low, f.low, f.low),
                (-f.area * from_low, f.high, f.low),
                (f.area * from_high, f.high, f.high),
                (-f.area * from_high, f.low, f.high),
            ]
        if self.medium.lines is not None:
            entries += self._cross_fluxes(p_GeV, speed).entries()
        values, rows, columns = (np.concatenate(each) for each in zip(*entries, strict=True))
        kept = (rows != NOBODY) & (columns != NOBODY)
        return coo_matrix((values[kept], (rows[kept], columns[kept])), shape=(self.count, self.count)).tocsc()

    def fluxes_z(self, p_GeV: float, density: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(Diffusive, u n) through the upper face of every cell, each (R, z), zero where there is none."""
        D, f = self.diffusion_along_axes_kpc2_Myr(p_GeV)[1], self.faces[1]
        n, escape = np.append(density, 0.0), self.leaving_speed_kpc_Myr(p_GeV)
        from_low, from_high = conductances(f, D, escape)
        total = from_low * n[f.low] - from_high * n[f.high]
        carried = f.u_low * density_at(f, np.append(D, 1.0), escape, n)
        out = np.zeros((2, *self.shape))
        out[0][f.place], out[1][f.place] = total - carried, carried
        if self.medium.lines is not None:
            out[0] += self._cross_fluxes(p_GeV).through_z(n) / np.pi / np.diff(self.R_edges_kpc**2)[:, None]
        return out[0], out[1]


def cells_of(medium: Medium, R_max_kpc: float, z_max_kpc: float, coarsen: int = 1) -> Cells:
    """Cells between the nodes that the medium is tabulated at, `coarsen` to a cell, up to R_max and z_max."""

    def edges(axis: Axis, end: float) -> FloatArray:
        within = axis.nodes[axis.nodes < end * (1 - 1e-9)]
        return np.append(within[::coarsen], end)

    return Cells(medium, edges(medium.table.R, R_max_kpc), edges(medium.table.z, z_max_kpc))
