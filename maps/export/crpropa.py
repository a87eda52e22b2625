"""Magnetic fields on grids as CRPropa 3 dumps and loads them (Alves Batista et al. 2022, JCAP 09, 035).

A binary file of float32, three components a cell, z fastest, then y, then x, in Gauss here
(`loadGrid(grid, path, gauss)`). What the file does not say stands beside it in path + ".json": cells, the
corner of the first cell and the width of a cell. CRPropa's values are those of the middles of cells.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...fields.exceptions import UserError, on_a_line
from ...fields.turbulence.grid import GridField
from ...fields.units import FloatArray
from ...mc.files import replacing, write_text

_GAUSS = 1e-6  # of a uG
_MOST_CELLS = 512**3


class VectorGrid(NamedTuple):
    """A field on cells.

    Attributes
    ----------
    B_uG : ndarray, shape (n_x, n_y, n_z, 3)
        At the middles of the cells.
    origin_kpc : tuple of float
        Corner of the first cell.
    spacing_kpc : float
        Width of a cell.
    """

    B_uG: np.ndarray
    origin_kpc: tuple[float, float, float]
    spacing_kpc: float


def halo_on_grid(
    field: Callable[[FloatArray, FloatArray], tuple[Any, Any, Any]], box_kpc: float, cells: int
) -> VectorGrid:
    """An axisymmetric field of places above the plane on a cube about the centre of the Galaxy.

    Parameters
    ----------
    field : callable
        (R_kpc, z_kpc) -> (B_R, B_phi, B_z) [uG], as `Galaxy.field`; below the plane B_R changes its sign.
    box_kpc : float
        Edge of the cube.
    cells : int
        Along each edge.

    Raises
    ------
    UserError
        If there are no cells, or more than 512^3, or no box.
    """
    if not (1 <= cells and cells**3 <= _MOST_CELLS) or not 0.0 < box_kpc < np.inf:
        raise UserError(f"{cells} cells along {box_kpc:g} kpc: allowed: 1 to 512, along more than none")
    x = (np.arange(cells) + 0.5) * (box_kpc / cells) - 0.5 * box_kpc
    X, Y, Z = np.meshgrid(x, x, x, indexing="ij")
    R = np.hypot(X, Y)
    B_R, B_phi, B_z = (np.broadcast_to(np.asarray(each, float), R.shape) for each in field(R, np.abs(Z)))
    out = np.where(Z < 0.0, -B_R, B_R)
    c, s = (np.divide(each, R, out=np.zeros_like(R), where=R > 0) for each in (X, Y))
    B = np.stack([out * c - B_phi * s, out * s + B_phi * c, B_z], axis=-1)
    return VectorGrid(B.astype(np.float32), (-0.5 * box_kpc,) * 3, box_kpc / cells)


def turbulence_on_grid(field: GridField) -> VectorGrid:
    """A periodic cube of turbulence; its first value lies at the origin, in the middle of CRPropa's cell."""
    spacing = 1.0 / (field.inverse_box * len(field.B_uG))
    return VectorGrid(field.B_uG, (-0.5 * spacing,) * 3, spacing)


def as_turbulence(grid: VectorGrid) -> GridField:
    """A cube that was read, as the field that orbits go through; it goes on periodically.

    Raises
    ------
    UserError
        If it is no cube.
    """
    n = grid.B_uG.shape[0]
    if grid.B_uG.shape != (n, n, n, 3):
        raise UserError(f"a grid of {grid.B_uG.shape[:3]} cells: allowed: a cube for turbulence")
    return GridField(np.ascontiguousarray(grid.B_uG, dtype=np.float32), 1.0 / (n * grid.spacing_kpc))


def write_crpropa_grid(grid: VectorGrid, path: Path) -> None:
    """Write the two files, each of them whole; whoever loads one finds how in the one beside it."""
    shape = list(grid.B_uG.shape[:3])
    about = {
        "format": "float32, components x y z, z fastest",
        "unit": "Gauss",
        "cells": shape,
        "origin_kpc": list(grid.origin_kpc),
        "spacing_kpc": grid.spacing_kpc,
        "load": "g = Grid3f(GridProperties(Vector3d(*origin_kpc) * kpc, *cells, spacing_kpc * kpc)); "
        "loadGrid(g, file, gauss); MagneticFieldGrid(g)",
    }
    with replacing(path) as temporary:
        temporary.write_bytes((grid.B_uG * np.float32(_GAUSS)).astype("<f4").tobytes())
    write_text(_beside(path), json.dumps(about, indent=1) + "\n")


def read_crpropa_grid(
    path: Path,
    cells: tuple[int, int, int] | None = None,
    spacing_kpc: float | None = None,
    origin_kpc: tuple[float, float, float] = (0.0, 0.0, 0.0),
    unit_uG: float = 1.0 / _GAUSS,
) -> VectorGrid:
    """Read a grid that CRPropa, or this, has dumped.

    Parameters
    ----------
    path : Path
        The binary file.
    cells, spacing_kpc, origin_kpc
        As of the grid; taken from the file beside it where there is one.
    unit_uG : float
        Of the numbers; 1e6 for Gauss, 1e10 for the Tesla of CRPropa itself.

    Raises
    ------
    UserError
        If its size is not that of the cells, or nothing says how many there are.
    """
    if cells is None and _beside(path).exists():
        about = json.loads(_beside(path).read_text("utf-8"))
        cells, spacing_kpc = tuple(about["cells"]), float(about["spacing_kpc"])
        origin_kpc = tuple(about["origin_kpc"])
    if cells is None or spacing_kpc is None:
        raise UserError(f"{on_a_line(path.name)}: allowed: with its .json, or with cells and spacing_kpc")
    values = np.fromfile(path, dtype="<f4")
    if values.size != 3 * int(np.prod(cells)):
        raise UserError(
            f"{on_a_line(path.name)}: {values.size} numbers; allowed: 3 for each of {cells} cells"
        )
    return VectorGrid(values.reshape(*cells, 3) * np.float32(unit_uG), origin_kpc, spacing_kpc)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")
