"""What flows across the gradient where D is a tensor: fluxes that meet at the corners of cells.

At a corner the gradient of n is the mean over the cells about it, weighted by area, and the flux of a corner,
-D_Rz dn/dR or -D_Rz dn/dz, goes through the halves of the faces that end there: symmetric differencing
(Guenter et al. 2005, J. Comput. Phys. 209, 354). It is linear, conservative and symmetric, and dissipates
whatever the densities: D_Rz is its correlation D_Rz/sqrt(D_RR D_zz) times the conductances of the faces, so
that no corner has more of it than these allow. Densities may become negative.

Fluxes -D_RR dn/dR and -D_zz dn/dz taken at faces spread particles across lines at an angle psi to cells of
width h: by 2.5 sin^2(2 psi) (h/L)^2 of D along them for a wave of length L. So where lines lie oblique all
but `KEPT_AT_FACES` of these fluxes is taken at the corners, too, which leaves at most 0.13 (h/L)^2.

Beside a surface that runs straight along faces the density at the surface follows from the flux through it:
none where it is closed, all that comes where it absorbs, what goes on behind it where there is a Bell region.
At the steps of a surface only cross fluxes between the cells inside count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...fields.units import FloatArray
from .faces import NOBODY, Faces, half_cell, leaves

KEPT_AT_FACES = 0.05
"""Least share of the fluxes that is taken at faces where lines are oblique: without any, neighbours swing."""
# Lines that leave a face by less than such an angle go along it: their correlation would be one to the last.
_ALONG = 1e-4
# The faces about a corner: below and above it across R, inwards and outwards of it across z; and the cells on
# their low and high sides, numbered (inner, outer) below it, then above it.
_LOW, _HIGH = np.array([0, 2, 0, 1]), np.array([1, 3, 2, 3])


class FaceGrid(NamedTuple):
    """All faces across one axis, the rims and those between rows of nobody included: (faces along it, rows).

    A width, and what is called inner, is that of cells `inside`, in which cross terms count.

    Attributes
    ----------
    inside : ndarray
        How many of the two cells at a face are.
    width_kpc : ndarray
        Between the inner centres, or from the one to the face.
    conductance_kpc_Myr : ndarray
        Of that width: what flows along it for a difference in n.
    to_low, to_high : ndarray
        The inner gradient is to_low n_low + to_high n_high [1/kpc] without a cross flux.
    given_way : ndarray
        What a cross flux through the face adds to the inner gradient, over that flux [Myr/kpc^2].
    passed_on : ndarray
        Share of a cross flux that goes through the face.
    """

    inside: np.ndarray
    width_kpc: FloatArray
    conductance_kpc_Myr: FloatArray
    to_low: FloatArray
    to_high: FloatArray
    given_way: FloatArray
    passed_on: FloatArray

    def beside(self, along: int, upper: bool) -> FaceGrid:
        """The same of those that end at the corners (R, z) from one side."""
        rows = slice(1, None) if upper else slice(None, -1)
        if along == 0:
            return FaceGrid(*(each[1:, rows] for each in self))
        return FaceGrid(*(each[:, rows][:, 1:].T for each in self))


def face_grid(f: Faces, along: int, D: FloatArray, inside: np.ndarray, half_kpc: FloatArray) -> FaceGrid:
    """The faces across an axis.

    Parameters
    ----------
    f : Faces
        Those that particles pass.
    along : int
        The axis, 0 for R and 1 for z.
    D : ndarray, shape (R, z)
        Along that axis, in all cells [kpc^2/Myr].
    inside : ndarray of bool, shape (R, z)
        Cells in which cross terms count.
    half_kpc : ndarray
        Half the widths of cells along the axis.
    """
    D, here = (np.moveaxis(np.pad(x, 1, constant_values=y), along, 0) for x, y in ((D, 1.0), (inside, False)))
    h = np.pad(half_kpc, 1, constant_values=1.0)[:, None]
    low, high = here[:-1], here[1:]
    width = low * h[:-1] + high * h[1:]
    resistance = low * h[:-1] / D[:-1] + high * h[1:] / D[1:]
    # At a face that nobody passes n is that of the cell, and a cross flux turns along it.
    from_low, from_high = 1.0 * low, 1.0 * high
    slowness, passed_on = resistance.copy(), np.zeros(width.shape)
    at = f.place[along] + 1, f.place[1 - along] + 1
    a, b = half_cell(D[at], f.h_low, f.u_low)
    a_high, b_high = half_cell(D[at[0] + 1, at[1]], f.h_high, f.u_high)
    left = leaves(f)
    from_low[at], from_high[at] = (np.where(left, 0.0, x / (b + a_high)) for x in (a, b_high))
    slowness[at] = np.where(left, 0.0, 1.0 / (b + a_high))
    passed_on[at] = np.where(left, 1.0, np.where(low[at], a_high, b) / (b + a_high))
    both, some = low & high, np.maximum(width, 1e-300)
    return FaceGrid(
        inside=low.astype(int) + high,
        width_kpc=width,
        conductance_kpc_Myr=np.divide(1.0, resistance, out=np.zeros_like(width), where=resistance > 0),
        to_low=np.where(both, -1.0, np.where(low, from_low - 1.0, -from_low)) / some,
        to_high=np.where(both, 1.0, np.where(low, from_high, 1.0 - from_high)) / some,
        given_way=np.where(both, 0.0, slowness) / some,
        passed_on=np.where(both, 1.0, passed_on),
    )


@dataclass(frozen=True)
class CrossFluxes:
    """Fluxes through the halves of faces at corners, linear in the densities of the cells about them.

    Attributes
    ----------
    cells : ndarray, shape (4, R, z)
        Numbers of the cells about each corner: (inner, outer) below it, then above it.
    flux : ndarray, shape (4, 4, R, z)
        Through the face below and above it, inwards and outwards of it, for a density of one in each of these
        cells [kpc^3/Myr].
    """

    cells: np.ndarray
    flux: FloatArray

    def entries(self) -> list[tuple[FloatArray, np.ndarray, np.ndarray]]:
        """(values, rows, columns) of the operator."""
        rows, columns = (np.broadcast_to(x, self.flux.shape) for x in (self.cells[_LOW, None], self.cells))
        other = np.broadcast_to(self.cells[_HIGH, None], self.flux.shape)
        kept = self.flux != 0.0
        values, columns = self.flux[kept], columns[kept]
        return [(values, rows[kept], columns), (-values, other[kept], columns)]

    def through_z(self, n: FloatArray) -> FloatArray:
        """Flux through the upper face of every cell (R, z) for densities `n`, the last that of nobody."""
        inner, outer = np.einsum("fcij,cij->fij", self.flux[2:], n[self.cells])[:, :, 1:]
        return inner + np.pad(outer[:-1], ((1, 0), (0, 0)))


class _Direction:
    """The two faces across one axis at each corner, those that do not count with no area.

    Attributes
    ----------
    gradient : ndarray, shape (4, R, z)
        Of n along the axis, for a density of one in each of the cells about the corner [1/kpc].
    per_width : ndarray, shape (2, R, z)
        The share of each face in it, over its width [1/kpc].
    through : ndarray, shape (2, R, z)
        The same of what goes through the face.
    yields : ndarray, shape (R, z)
        What cross fluxes take off the gradient, over their strength.
    at_faces : ndarray, shape (R, z)
        The strength of fluxes along the axis: D times the volume, by the conductances of the faces.
    """

    def __init__(self, f: FaceGrid, area_kpc2: FloatArray, these: slice) -> None:
        f, area = FaceGrid(*(each[these] for each in f)), area_kpc2[these]
        share = _over(area, area.sum(axis=0))
        self.of_face = np.zeros((2, 4, *area.shape[1:]))
        for i, (low, high) in enumerate(zip(_LOW[these], _HIGH[these], strict=True)):
            self.of_face[i, low], self.of_face[i, high] = f.to_low[i], f.to_high[i]
        self.gradient = (share[:, None] * self.of_face).sum(axis=0)
        self.per_width = _over(share, f.width_kpc)
        self.through = f.passed_on * self.per_width
        self.yields = (share * f.given_way * _over(self.per_width, area)).sum(axis=0)
        self.walled = ((area > 0) & (f.inside == 1)).any(axis=0)
        self.volume = (area * f.width_kpc).sum(axis=0)
        self.work = area * f.conductance_kpc_Myr * f.width_kpc
        self.at_faces = _over(1.0, _over(self.per_width**2, area * f.conductance_kpc_Myr).sum(axis=0))

    def strength(self, exact: FloatArray, D: FloatArray) -> FloatArray:
        """D times the volume: that of the faces or, as far as said, of the corner itself [kpc^5/Myr]."""
        return self.at_faces + np.where(self.walled, 0.0, exact) * (D * self.volume - self.at_faces)

    def moved(self, kept: FloatArray, strength: FloatArray) -> FloatArray:
        """What the fluxes gain if all but `kept` of them is taken at the corner, (2, 4, R, z)."""
        at_corner = (strength - kept * self.at_faces) * self.gradient
        return (1.0 - kept) * self.work[:, None] * self.of_face - at_corner * self.per_width[:, None]


def cross_fluxes(
    numbers: np.ndarray,
    grids: tuple[FaceGrid, FaceGrid],
    tensor: tuple[FloatArray, FloatArray, FloatArray],
    edges_kpc: tuple[FloatArray, FloatArray],
) -> CrossFluxes:
    """What a tensor adds to the fluxes -D_RR dn/dR and -D_zz dn/dz through faces.

    Parameters
    ----------
    numbers : ndarray, shape (R, z)
        Of the cells.
    grids : (FaceGrid, FaceGrid)
        Faces across R and across z, with D_RR and D_zz.
    tensor : tuple of ndarray
        (D_RR, D_zz, D_Rz) at the corners: all edges but the axis.
    edges_kpc : tuple of ndarray
        Of the cells, in R and z.
    """
    about = [grids[along].beside(along, upper) for along in (0, 1) for upper in (False, True)]
    f = FaceGrid(*(np.stack(each) for each in zip(*about, strict=True)))
    inner_faces = (f.inside == 2).sum(axis=0)
    # A wall counts where it runs straight through the corner.
    counted = (f.inside == 2) | ((f.inside == 1) & (inner_faces == 1))
    area = np.where(counted, _half_areas_kpc2(*edges_kpc), 0.0)
    across_R, across_z = _Direction(f, area, slice(0, 2)), _Direction(f, area, slice(2, 4))
    D_RR, D_zz, D_Rz = tensor
    largest = np.maximum(np.sqrt(D_RR * D_zz), _ALONG * (D_RR + D_zz))
    correlation = np.clip(_over(D_Rz, largest), -1.0, 1.0)
    P, Q = across_R.strength(correlation**2, D_RR), across_z.strength(correlation**2, D_zz)
    X = correlation * np.sqrt(P * Q)
    gradient_R, gradient_z = across_R.gradient, across_z.gradient
    flux = np.concatenate(
        [
            -X * (gradient_z - across_z.yields * X * gradient_R) * across_R.through[:, None],
            -X * (gradient_R - across_R.yields * X * gradient_z) * across_z.through[:, None],
        ]
    )
    kept = np.where(inner_faces == 4, _kept_at_faces(*tensor), 1.0)
    flux += np.concatenate([across_R.moved(kept, P), across_z.moved(kept, Q)])
    padded = np.pad(numbers, 1, constant_values=NOBODY)
    return CrossFluxes(np.stack([padded[1:-1, :-1], padded[2:, :-1], padded[1:-1, 1:], padded[2:, 1:]]), flux)


def _over(above: FloatArray | float, below: FloatArray) -> FloatArray:
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros(below.shape), where=below > 0)


def _kept_at_faces(D_RR: FloatArray, D_zz: FloatArray, D_Rz: FloatArray) -> FloatArray:
    """Share of the flux down the gradient that is taken at faces: all of it along the cells."""
    oblique = _over(4.0 * D_Rz**2, (D_RR + D_zz) ** 2)
    return np.minimum(1.0, KEPT_AT_FACES / np.maximum(oblique, 1e-300))


def _half_areas_kpc2(R_edges_kpc: FloatArray, z_edges_kpc: FloatArray) -> FloatArray:
    """Of the faces at each corner, (4, R, z), from the centres of their cells to it."""
    R, half = R_edges_kpc[1:, None], 0.5 * np.pad(np.diff(z_edges_kpc), 1)
    middle = np.append(0.5 * (R_edges_kpc[1:] + R_edges_kpc[:-1]), R_edges_kpc[-1])[:, None]
    inwards, outwards = np.pi * (R**2 - middle[:-1] ** 2), np.pi * (middle[1:] ** 2 - R**2)
    sides = 2 * np.pi * R * half
    return np.stack(np.broadcast_arrays(sides[:, :-1], sides[:, 1:], inwards, outwards))
