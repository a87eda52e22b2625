"""Waves in a column: growth, damping, cascade and advection, steady in (k, z).

    d(v_A B^2 F)/dz = B^2 { d/dln k [D_kk d(F/k)/dk] + (growth - damping) F + Q },

with F per ln k over B^2, waves carried away from the plane at v_A (Evoli et al. 2018), and D_kk = C_K v_A
k^(7/2) W^(1/2) (Kolmogorov) or C_K v_A k^4 W (Kraichnan), W = F/k. Without advection each
height is solved alone. Energy that reaches the largest k is lost there. The growth is that of a given flux
of protons (`streaming.growth_rate_flux_Myr`), so that the solution does not depend on the D one starts from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_banded

from ..units import FloatArray
from .streaming import balanced_power, cascade_rate_Myr

F_FLOOR = 1e-14
_ROUNDS = 400
_TOLERANCE = 1e-7
# Waves this much weaker than the strongest need not converge: at the smallest k nothing feeds them.
_FAINT = 1e-4

Damping = Callable[[FloatArray, int], FloatArray]


@dataclass(frozen=True)
class Column:
    """The column of gas and protons that waves pass on their way up.

    Attributes
    ----------
    k_kpc : ndarray, shape (n,)
        Wavenumbers, evenly spaced in the logarithm, from below the scale of injection [1/kpc].
    z_kpc : ndarray, shape (m,)
        Heights, rising from above zero.
    B_uG, v_A_kpc_Myr : ndarray, shape (m,)
        Field and Alfven speed there.
    growth_Myr : ndarray, shape (m, n)
        Growth rate by the protons, at the wave power `grown_at`.
    grown_at, stiffness : ndarray, shape (m, n)
        What the growth power F growth_Myr is where F differs from `grown_at`: it goes as F^stiffness. 1 where
        the flux of protons is given, 0 where their gradient is.
    injection_Myr : ndarray, shape (m, n)
        Q: F injected per time.
    damping : callable
        Rate [1/Myr] of (F at a height, number of the height).
    cascade : str
        "none", "kolmogorov" or "kraichnan".
    advected : bool
        Whether waves travel away from the plane.
    """

    k_kpc: FloatArray
    z_kpc: FloatArray
    B_uG: FloatArray
    v_A_kpc_Myr: FloatArray
    growth_Myr: FloatArray
    grown_at: FloatArray
    stiffness: FloatArray
    injection_Myr: FloatArray
    damping: Damping
    cascade: str = "none"
    advected: bool = False

    def growth_power(self, level: int, F: FloatArray) -> FloatArray:
        """Growth rate times F [1/Myr] at a height."""
        at = self.grown_at[level]
        return self.growth_Myr[level] * at * (F / at) ** self.stiffness[level]


def wave_power(column: Column) -> FloatArray:
    """Steady F at every height, (m, n), not below `F_FLOOR`.

    Parameters
    ----------
    column : Column
        What there is.

    Raises
    ------
    ArithmeticError
        If the iteration at some height does not converge: growth that no damping ends.
    """
    found = np.empty_like(column.grown_at)
    # No waves come through the plane: up and down they begin there.
    below, carried_below = np.zeros(column.k_kpc.size), 0.0
    z_below = 0.0
    for level in range(column.z_kpc.size):
        # Backward differences in height.
        carried = column.v_A_kpc_Myr[level] * column.B_uG[level] ** 2 if column.advected else 0.0
        step = column.B_uG[level] ** 2 * (column.z_kpc[level] - z_below)
        arriving = carried_below / step * below
        found[level] = np.maximum(_at_height(column, level, arriving, carried / step), F_FLOOR)
        below, carried_below, z_below = found[level], carried, column.z_kpc[level]
    return found


def _at_height(column: Column, level: int, arriving: FloatArray, leaving_Myr: float) -> FloatArray:
    """F where growth and what arrives balance damping, cascade and what leaves.

    Without a cascade each k is solved alone. With one, growth is a source taken with the last F, so that
    every round solves for a positive F; the change shrinks by the same factor every round.
    """
    given = arriving + column.injection_Myr[level]
    if column.cascade == "none":
        return balanced_power(
            given, lambda F: column.damping(F, level) + leaving_Myr - column.growth_power(level, F) / F
        )
    F = np.maximum(column.grown_at[level], F_FLOOR)
    # D_kk goes as F^1/2 or F: the full way would overshoot by half, or for ever.
    share = {"kolmogorov": 2.0 / 3.0, "kraichnan": 0.5}[column.cascade]
    for _ in range(_ROUNDS):
        source = given + column.growth_power(level, F)
        new = np.maximum(_linear_round(column, level, F, source, leaving_Myr), F_FLOOR)
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
    outward = D_kk / (k_face * step)
    inward = outward[:-1] / k[1:]
    above = outward / k
    # Beyond the last face there are no waves: what passes it is gone.
    matrix = np.zeros((3, k.size))
    matrix[1] = loss
    matrix[1] += above / step
    matrix[1, 1:] += inward / step
    matrix[0, 1:] = -inward / step
    matrix[2, :-1] = -above[:-1] / step
    return np.asarray(solve_banded((1, 1), matrix, source))
