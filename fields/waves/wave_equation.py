"""Waves in a column: growth, damping, cascade and advection, steady in (k, z).

    d(v_A B^2 F)/dz = B^2 { d/dln k [D_kk d(F/k)/dk] + (growth - damping) F + Q },

with F per ln k over B^2, waves carried away from the plane at v_A (Evoli et al. 2018), and D_kk = C_K v_A
k^(7/2) W^(1/2) (Kolmogorov) or C_K v_A k^4 W (Kraichnan), W = F/k. Without advection each height is solved
alone. Energy that reaches the largest k is lost there. All rates are of energy. Waves keep their k: that it
rises as v_A falls is left out, which matters only where they live for as long as they take to get there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from ..units import FloatArray
from .streaming import balanced_power, cascade_rate_Myr

F_FLOOR = 1e-14
_ROUNDS = 400
_TOLERANCE = 1e-7
# Waves this much weaker than the strongest need not converge: at the smallest k nothing feeds them.
_FAINT = 1e-4
# Powers of e: beyond the first nothing is left, below the second nothing has changed.
_MOST_FOLDS, _NO_FOLDS = 600.0, 1e-8
# F where waves grow is looked for up to e^10, to 1e-7 of itself.
_LARGEST_LN_F, _BISECTIONS = 10.0, 29

Damping = Callable[[FloatArray, int], FloatArray]
Growth = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Column:
    """The column of gas that waves pass on their way up, in layers from the plane on.

    Attributes
    ----------
    k_kpc : ndarray, shape (n,)
        Wavenumbers, evenly spaced in the logarithm, from below the scale of injection [1/kpc].
    edges_kpc : ndarray, shape (m + 1,)
        Edges of the layers, from zero.
    B_uG, v_A_kpc_Myr : ndarray, shape (m,)
        Field and Alfven speed in the middle of each.
    injection_Myr : ndarray, shape (m, n)
        Q: F injected per time.
    damping : callable
        Rate [1/Myr] of (F in a layer, number of the layer).
    cascade : str
        "none", "kolmogorov" or "kraichnan".
    advected : bool
        Whether waves travel away from the plane.
    seed : float
        F that is there without growth, in every layer and at every k.
    """

    k_kpc: FloatArray
    edges_kpc: FloatArray
    B_uG: FloatArray
    v_A_kpc_Myr: FloatArray
    injection_Myr: FloatArray
    damping: Damping
    cascade: str = "none"
    advected: bool = False
    seed: float = F_FLOOR

    @property
    def z_kpc(self) -> FloatArray:
        """Middles of the layers."""
        return 0.5 * (self.edges_kpc[1:] + self.edges_kpc[:-1])


def layer_power(
    column: Column, level: int, arriving: FloatArray, growth: Growth, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Steady F in the middle of a layer and what leaves through its top, both (n,), not below the seed.

    Parameters
    ----------
    column : Column
        What there is.
    level : int
        Number of the layer.
    arriving : ndarray, shape (n,)
        F that leaves the layer below, by the field there; the first layer is reached by seeds alone.
    growth : callable
        Growth rate [1/Myr] of F, the same or less where F is more.
    start : ndarray, shape (n,)
        F to begin from, if there is a cascade.

    Raises
    ------
    ArithmeticError
        If the iteration does not converge: growth that no damping ends.
    """
    if column.cascade != "none":
        F = np.maximum(_cascaded(column, level, arriving, growth, start), column.seed)
        return F, F
    if not column.advected:
        given = column.injection_Myr[level]
        F = np.maximum(balanced_power(given, lambda F: column.damping(F, level) - growth(F)), column.seed)
        return F, F
    middle, top = _grown(column, level, np.maximum(_compressed(column, level, arriving), column.seed), growth)
    return np.maximum(middle, column.seed), np.maximum(top, column.seed)


def _compressed(column: Column, level: int, arriving: FloatArray) -> FloatArray:
    """What arrives, by the field of the layer: v_A B^2 F goes on."""
    below = max(level - 1, 0)
    carried = column.v_A_kpc_Myr * column.B_uG**2
    return arriving * carried[below] / carried[level]


def _grown(column: Column, level: int, first: FloatArray, growth: Growth) -> tuple[FloatArray, FloatArray]:
    """F in the middle and at the top of a layer that waves cross without a cascade, from `first` at its foot.

    d ln F/dt = G - b F along the way, with G that of the F in the middle, is solved exactly: implicit steps
    would let waves grow from nothing wherever G h > v_A.
    """
    linear = column.damping(np.zeros_like(first), level)
    b = column.damping(np.ones_like(first), level) - linear
    time = (column.edges_kpc[level + 1] - column.edges_kpc[level]) / column.v_A_kpc_Myr[level]

    def after(t: float, G: FloatArray) -> FloatArray:
        Gt = np.clip(G * t, -_MOST_FOLDS, _MOST_FOLDS)
        passed = np.where(np.abs(Gt) > _NO_FOLDS, -np.expm1(-Gt) / np.where(Gt == 0.0, 1.0, Gt), 1.0)
        return first / (np.exp(-Gt) + b * first * t * passed)

    low, high = np.full(first.size, np.log(column.seed)), np.full(first.size, _LARGEST_LN_F)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        F = np.exp(middle)
        too_much = F > after(0.5 * time, growth(F) - linear)
        low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
    F = np.exp(0.5 * (low + high))
    return F, after(time, growth(F) - linear)


def _cascaded(
    column: Column, level: int, arriving: FloatArray, growth: Growth, start: FloatArray
) -> FloatArray:
    """F where growth and what arrives balance damping, cascade and what leaves.

    Growth is a source taken with the last F, so that every round solves for a positive F; the change shrinks
    by the same factor every round.
    """
    given, leaving = column.injection_Myr[level], 0.0
    if column.advected:
        leaving = column.v_A_kpc_Myr[level] / (column.edges_kpc[level + 1] - column.edges_kpc[level])
        given = given + leaving * _compressed(column, level, arriving)
    F = start
    # D_kk goes as F^1/2 or F: the full way would overshoot by half, or for ever.
    share = {"kolmogorov": 2.0 / 3.0, "kraichnan": 0.5}[column.cascade]
    for _ in range(_ROUNDS):
        source = given + growth(F) * F
        new = np.maximum(_linear_round(column, level, F, source, leaving), F_FLOOR)
        change = share * np.log(new / F)
        F = F * np.exp(change)
        if np.abs(change[F > _FAINT * F.max()]).max() < _TOLERANCE:
            return F
    raise ArithmeticError(
        f"waves at z = {column.z_kpc[level]:.3g} kpc do not converge: nothing balances their growth"
    )


def _linear_round(
    column: Column, level: int, F: FloatArray, source: FloatArray, leaving_Myr: float
) -> FloatArray:
    """F of the linear balance with the rates that the last F gives (tridiagonal in k)."""
    k = column.k_kpc
    loss = column.damping(F, level) + leaving_Myr
    step = np.log(k[1] / k[0])
    # Through the face above k: D_kk (W - W_above)/dk, in waves of F = k W.
    k_face = np.append(np.sqrt(k[1:] * k[:-1]), k[-1] * np.exp(0.5 * step))
    F_face = np.append(np.sqrt(F[1:] * F[:-1]), F[-1])
    D_kk = cascade_rate_Myr(k_face, column.v_A_kpc_Myr[level], F_face, column.cascade) * k_face**2
    outward = D_kk / k_face
    # Of W, for which it is symmetric and solved without pivots: where nothing damps, these would cost nearly
    # all digits of the long waves. Beyond the last face there are none: what passes it is gone.
    matrix = np.zeros((2, k.size))
    matrix[0, 1:] = -outward[:-1]
    matrix[1] = step**2 * k * loss + outward
    matrix[1, 1:] += outward[:-1]
    return k * np.asarray(solveh_banded(matrix, step**2 * source))
