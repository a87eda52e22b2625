"""Faces between cells, and the exact steady flux of diffusion and advection through them.

From one cell centre to the next D and the velocity are taken constant on either side of the face between
them (Scharfetter and Gummel 1969), with the density continuous at the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields.units import FloatArray

NOBODY = -1


def bernoulli(x: FloatArray) -> FloatArray:
    """x/(e^x - 1)."""
    small = np.abs(x) < 1e-5
    safe = np.where(small, 1.0, x)
    # Nothing is left of e^-600, and e^x must not overflow.
    return np.where(small, 1.0 - 0.5 * x, safe / np.expm1(np.minimum(safe, 600.0)))


@dataclass(frozen=True)
class Faces:
    """Upper faces of the cells along one axis that particles may pass.

    `low` and `high` number the cells on either side, the last number (that of nobody) where there is none;
    `place` are the indices (R, z) of the cell below. Velocities are those on either side, along the axis.
    `one_way` is 1 where nobody comes back from above, -1 where nobody does from below, else 0.
    """

    place: tuple[np.ndarray, ...]
    low: np.ndarray
    high: np.ndarray
    area: FloatArray
    h_low: FloatArray
    h_high: FloatArray
    u_low: FloatArray
    u_high: FloatArray
    one_way: np.ndarray


def half_cell(D: FloatArray, h: FloatArray, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(a, b) of flux = a n(0) - b n(h) over a length h of constant D and u."""
    return D / h * bernoulli(-u * h / D), D / h * bernoulli(u * h / D)


def leaves(f: Faces) -> np.ndarray:
    """Whether nobody is on one side of a face, or returns from it: the density at it is zero."""
    return (f.low == NOBODY) | (f.high == NOBODY) | (f.one_way != 0)


def density_at(f: Faces, D: FloatArray, n: FloatArray) -> FloatArray:
    """Density at faces, where the fluxes of the two half cells are equal; zero at faces without return."""
    a_low, b_low = half_cell(D[f.low], f.h_low, f.u_low)
    a_high, b_high = half_cell(D[f.high], f.h_high, f.u_high)
    return np.where(leaves(f), 0.0, (a_low * n[f.low] + b_high * n[f.high]) / (b_low + a_high))


def conductances(f: Faces, D: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(from_low, from_high) of flux = from_low n_low - from_high n_high, per area.

    Where nobody is on one side, or returns from it, the density at the face is zero.
    """
    D = np.append(D, 1.0)
    a_low, b_low = half_cell(D[f.low], f.h_low, f.u_low)
    a_high, b_high = half_cell(D[f.high], f.h_high, f.u_high)
    from_low, from_high = a_low * a_high / (b_low + a_high), b_low * b_high / (b_low + a_high)
    up, down = (f.high == NOBODY) | (f.one_way == 1), (f.low == NOBODY) | (f.one_way == -1)
    from_low = np.where(up, a_low, np.where(down, 0.0, from_low))
    from_high = np.where(up, 0.0, np.where(down, b_high, from_high))
    return from_low, from_high
