"""Values at an energy, from what is counted in groups or bins of energy.

Most quantities are close to power laws, n/phi ~ E^-0.9 for one: their mean over a decade is 1.2 times their
value at its centre. Here ln q is a parabola in ln E, fitted to the groups within half a decade. The fit gives
each group the weight of its relative deviation (a gamma likelihood with a logarithmic link). Its equations
are linear in the counts, so that noise does not bias it, as that of logarithms would.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..fields.units import FloatArray

HALF_WIDTH = 0.5 * np.log(10.0)
"""Half of the width in ln E of what is fitted: half a decade on either side."""
_TERMS = 3
_ROUNDS = 60
_LARGEST_STEP = 2.0
_CONVERGED = 1e-10
# Share of the groups that must hold something for a fit; with fewer their mean is taken.
_FILLED = 0.75
# Keeps slopes finite where single groups are empty; it moves no value by more than a thousandth.
_RIDGE = 1e-3


def at_energies(energy_GeV: ArrayLike, groups_GeV: FloatArray, values: FloatArray) -> FloatArray:
    """Values at some energies by a local fit, exact for power laws and for parabolas in the logarithms.

    Parameters
    ----------
    energy_GeV : array_like, shape (n,)
        Where values are wanted.
    groups_GeV : ndarray, shape (groups,)
        Energies at which they are given.
    values : ndarray, shape (replicas, groups, ...)
        Non-negative; NaN where there is none.

    Returns
    -------
    ndarray, shape (replicas, n, ...)
        Zero where all that is fitted is zero, NaN where there is none at the two nearest energies.
    """
    values = np.asarray(values, float)
    rest = values.shape[2:]
    columns = values.reshape(*values.shape[:2], -1)
    ln_groups = np.log(groups_GeV)
    found = [_fitted(ln_groups - x, columns) for x in np.log(np.atleast_1d(energy_GeV))]
    return np.stack(found, axis=1).reshape(values.shape[0], len(found), *rest)


def _fitted(x: FloatArray, values: FloatArray) -> FloatArray:
    """Values at x = 0, (replicas, columns), from (replicas, groups, columns)."""
    near = np.abs(x) < HALF_WIDTH * (1 + 1e-9)
    near[np.argsort(np.abs(x))[:_TERMS]] = True
    x, values = x[near], np.moveaxis(values[:, near], 1, 2)
    known = np.isfinite(values)
    q = np.where(known, values, 0.0)
    mean = q.sum(axis=2) / np.maximum(known.sum(axis=2), 1)
    # All replicas of a column alike, for errors are their differences: where too few groups of one hold
    # something, its parabola would run anywhere.
    filled = ((q > 0).sum(axis=2) >= _FILLED * known.sum(axis=2)).all(axis=0)
    fits = filled & (mean > 0)
    out = np.where(known[:, :, np.argsort(np.abs(x))[:2]].any(axis=2), mean, np.nan)
    if fits.any():
        relative = q[fits] / mean[fits][:, None]
        out[fits] *= np.exp(_intercept(x / HALF_WIDTH, relative, known[fits].astype(float)))
    return out


def _intercept(x: FloatArray, q: FloatArray, weight: FloatArray) -> FloatArray:
    """ln of the fit at x = 0, by Newton's method: the least sum of weight (q/mu + ln mu), which is convex."""
    terms = x[:, None] ** np.arange(_TERMS)
    ridge = _RIDGE * len(x) * np.diag([0.0] + [1.0] * (_TERMS - 1))
    beta = np.zeros((len(q), _TERMS))
    for _ in range(_ROUNDS):
        pull = weight * q * np.exp(-np.clip(beta @ terms.T, -500.0, 500.0))
        slope = (weight - pull) @ terms + beta @ ridge
        # Half-way to the expected curvature, which does not vanish where a group is empty.
        curvature = np.einsum("ri,ij,ik->rjk", 0.5 * (pull + weight), terms, terms) + ridge
        step = np.linalg.solve(curvature, slope[..., None])[..., 0]
        largest = np.abs(step @ terms.T).max(axis=1, keepdims=True)
        beta -= step * np.minimum(1.0, _LARGEST_STEP / np.maximum(largest, 1e-300))
        if largest.max() < _CONVERGED:
            break
    return np.asarray(beta[:, 0])
