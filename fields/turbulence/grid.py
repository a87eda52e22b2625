"""A field on a periodic grid, and how it is looked up."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .._jit import kernel, prefetch
from ..vectors import fetches, vector_field


class GridField(NamedTuple):
    """A periodic cube of n^3 cells, interpolated linearly: B[i, j, k] at (i, j, k)/(n inverse_box)."""

    B_uG: np.ndarray
    inverse_box: float


@kernel
def _cell(x, inverse_box, n):
    """Cell of a coordinate in a periodic box, the next one, and the fraction on the way to it."""
    turns = x * inverse_box
    at = (turns - math.floor(turns)) * n
    # Unsigned: a signed index is tested for counting from the end, every time.
    i = min(np.uint64(at), np.uint64(n - 1))
    after = i + np.uint64(1)
    return i, after if after < np.uint64(n) else np.uint64(0), at - i


@kernel
def _along_z(B, i, j, k, k1, w, component):
    low = B[i, j, k, component]
    return low + w * (B[i, j, k1, component] - low)


@kernel
def _corners(field, x, y, z):
    """The `_cell` of a place along each axis."""
    inverse_box, n = field.inverse_box, field.B_uG.shape[0]
    return _cell(x, inverse_box, n), _cell(y, inverse_box, n), _cell(z, inverse_box, n)


@vector_field(GridField)
def _grid_field(field, x, y, z):
    B = field.B_uG
    (i, i1, u), (j, j1, v), (k, k1, w) = _corners(field, x, y, z)
    B_x, B_y, B_z = 0.0, 0.0, 0.0
    for a, b, share in (
        (i, j, (1.0 - u) * (1.0 - v)), (i, j1, (1.0 - u) * v), (i1, j, u * (1.0 - v)), (i1, j1, u * v)
    ):  # fmt: skip
        B_x += share * _along_z(B, a, b, k, k1, w, 0)
        B_y += share * _along_z(B, a, b, k, k1, w, 1)
        B_z += share * _along_z(B, a, b, k, k1, w, 2)
    return B_x, B_y, B_z


@fetches(GridField)
def _fetch_corners(field, x, y, z):
    B = field.B_uG
    (i, i1, _), (j, j1, _), (k, k1, _) = _corners(field, x, y, z)
    for a, b in ((i, j), (i, j1), (i1, j), (i1, j1)):
        prefetch(B, (a, b, k, np.uint64(0)))
        # The last number of the other end, for the two may lie in two lines of memory.
        prefetch(B, (a, b, k1, np.uint64(2)))
