"""A quadratic in the free keys in place of the transport equation, near the best fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from ...fields.units import FloatArray

SOLVED_PER_TERM = 3
"""Points that a quadratic is fitted to, over its terms."""


@dataclass(frozen=True)
class Emulator:
    """ln of the predictions as a quadratic of coordinates in units of their errors.

    Attributes
    ----------
    centre : ndarray, shape (keys,)
        Of the coordinates.
    scale : ndarray, shape (keys, keys)
        Lower triangle of Cholesky of their covariance.
    terms : ndarray, shape (terms, points)
        Of the quadratic.
    error : ndarray, shape (points,)
        Of ln of a prediction, rms over solutions that the quadratic was not fitted to.
    """

    centre: FloatArray
    scale: FloatArray
    terms: FloatArray
    error: FloatArray

    @classmethod
    def fitted(
        cls, centre: FloatArray, covariance: FloatArray, coordinates: FloatArray, predictions: FloatArray
    ) -> Emulator:
        """The quadratic nearest to predictions (solved, points) at coordinates (solved, keys)."""
        scale = np.asarray(np.linalg.cholesky(covariance))
        basis = _basis(np.asarray(np.linalg.solve(scale, (coordinates - centre).T)).T)
        terms = np.asarray(np.linalg.lstsq(basis, np.log(predictions), rcond=None)[0])
        return cls(centre, scale, terms, np.zeros(predictions.shape[1]))

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """Predictions (..., points) at coordinates (..., keys)."""
        away = np.atleast_2d(coordinates) - self.centre
        x = np.asarray(np.linalg.solve(self.scale, away.T)).T
        return np.exp(_basis(x) @ self.terms)

    def shifts(self, off: FloatArray, relative_errors: FloatArray) -> FloatArray:
        """How far errors `off` (solved, points) move the best fit, to first order, (solved, keys).

        In errors of combinations of keys that are not correlated.
        """
        slopes = self.terms[1 : 1 + self.centre.size]
        return np.asarray((off / relative_errors**2) @ slopes.T)

    def off(self, coordinates: FloatArray, predictions: FloatArray) -> FloatArray:
        """ln of what it says over what was solved, (solved, points)."""
        return np.log(self(coordinates) / predictions)


def terms_of(keys: int) -> int:
    """Terms of a quadratic of so many coordinates."""
    return (keys + 1) * (keys + 2) // 2


def _basis(x: FloatArray) -> FloatArray:
    """Products of up to two coordinates, (n, terms)."""
    pairs = combinations_with_replacement(range(x.shape[1]), 2)
    return np.column_stack([np.ones(len(x)), x, *(x[:, i] * x[:, j] for i, j in pairs)])


def design(
    centre: FloatArray,
    covariance: FloatArray,
    wider: float,
    count: int,
    allowed: Callable[[FloatArray], bool],
    seed: int,
) -> FloatArray:
    """Coordinates to solve at, (count, keys): a low-discrepancy normal sample, so much wider than the errors.

    Those that are not allowed are left out.
    """
    from scipy.stats.qmc import MultivariateNormalQMC

    normal = MultivariateNormalQMC(np.zeros(centre.size), rng=np.random.default_rng(seed))
    scale, found = np.linalg.cholesky(covariance), list[FloatArray]()
    for _ in range(100):
        sample = centre + wider * normal.random(64) @ scale.T
        found += [each for each in sample if allowed(each)]
        if len(found) >= count:
            return np.array(found[:count])
    raise ValueError("hardly any values near the best fit are within the limits")
