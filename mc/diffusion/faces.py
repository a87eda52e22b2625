"""Faces between cells, and the exact steady flux of diffusion and advection through them.

From one cell centre to the next D and the velocity are taken constant on either side of the face between
them (Scharfetter and Gummel 1969), with the density continuous at the face. Where particles leave for good
it is that which lets v n/(3 q) out, with q = 0.7104, the Milne extrapolation length in mean free paths: it
would be zero that far outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ...fields.units import FloatArray
from ..kernels.albedo import MILNE_EXTRAPOLATION

NOBODY = -1
_NOTHING = 1e-200
_STEP = 1e-30  # of a logarithm


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


def escape_speed_kpc_Myr(speed_kpc_Myr: float) -> float:
    """What leaves for good through a face over the density at it, of protons of that speed."""
    return speed_kpc_Myr / (3.0 * MILNE_EXTRAPOLATION)


def leaves(f: Faces) -> np.ndarray:
    """Whether nobody is on one side of a face, or returns from it."""
    return (f.low == NOBODY) | (f.high == NOBODY) | (f.one_way != 0)


def density_at(f: Faces, D: FloatArray, escape: float, n: FloatArray) -> FloatArray:
    """Density at faces, where the fluxes of the two half cells, or what leaves for good, are equal."""
    a_low, b_low, a_high, b_high, out_low, out_high = _halves(f, D[f.low], D[f.high], escape)
    n_low, n_high = n[f.low], n[f.high]
    up, down = _without_return(f)
    between = (a_low * n_low + b_high * n_high) / (b_low + a_high)
    return np.where(
        up, a_low * n_low / (b_low + out_low), np.where(down, b_high * n_high / (a_high + out_high), between)
    )


def conductances(f: Faces, D: FloatArray, escape: float) -> tuple[FloatArray, FloatArray]:
    """(from_low, from_high) of flux = from_low n_low - from_high n_high, per area.

    Parameters
    ----------
    f : Faces
        The faces.
    D : ndarray, shape (cells,)
        D along the axis [kpc^2/Myr] of each cell.
    escape : float
        `escape_speed_kpc_Myr`; infinite where the density at such a face is zero.
    """
    D = np.append(D, 1.0)
    return _between(f, D[f.low], D[f.high], escape)


def _between(f: Faces, D_low: FloatArray, D_high: FloatArray, escape: float) -> tuple[FloatArray, FloatArray]:
    """Conductances for D on either side of each face."""
    a_low, b_low, a_high, b_high, out_low, out_high = _halves(f, D_low, D_high, escape)
    from_low, from_high = a_low * a_high / (b_low + a_high), b_low * b_high / (b_low + a_high)
    up, down = _without_return(f)
    from_low = np.where(up, a_low / (1.0 + b_low / out_low), np.where(down, 0.0, from_low))
    from_high = np.where(up, 0.0, np.where(down, b_high / (1.0 + a_high / out_high), from_high))
    return from_low, from_high


def _without_return(f: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Whether particles go up through a face for good, and whether down."""
    return (f.high == NOBODY) | (f.one_way == 1), (f.low == NOBODY) | (f.one_way == -1)


def _halves(f: Faces, D_low: FloatArray, D_high: FloatArray, escape: float) -> tuple[FloatArray, ...]:
    """`half_cell` on either side of faces, and what leaves for good up and down over the density."""
    low, high = half_cell(D_low, f.h_low, f.u_low), half_cell(D_high, f.h_high, f.u_high)
    # Against a flow that is faster than that nothing gets out; a little, so that there is no 0/0.
    out = np.maximum(escape + f.u_low, _NOTHING), np.maximum(escape - f.u_high, _NOTHING)
    return *low, *high, *out


class Slopes(NamedTuple):
    """By how much conductances (from_low, from_high) change, each an array (2, faces).

    Attributes
    ----------
    D_low, D_high : ndarray
        With the logarithm of D on one side alone.
    u : ndarray
        With that of the velocity on both sides.
    """

    D_low: FloatArray
    D_high: FloatArray
    u: FloatArray


def slopes(f: Faces, D: FloatArray, escape: float) -> Slopes:
    """Derivatives of `conductances`, exact to rounding.

    By a complex step (Squire and Trapp 1998, SIAM Rev. 40, 110): Im F(x + ih)/h, which takes no difference of
    numbers that are nearly equal. So they are those of whatever mean `conductances` takes.
    """
    D = np.append(D, 1.0)
    step: Any = 1.0 + 1j * _STEP
    low, high = D[f.low], D[f.high]
    moving = replace(f, u_low=f.u_low * step, u_high=f.u_high * step)
    varied = (
        _between(f, low * step, high, escape),
        _between(f, low, high * step, escape),
        _between(moving, low, high, escape),
    )
    return Slopes(*(np.imag(each) / _STEP for each in varied))
