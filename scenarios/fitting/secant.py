"""Least squares where each prediction is dear: slopes are learnt from the steps of the search itself.

Gauss and Newton's method in the logarithms of the predictions, in a box around the best values so far that
shrinks where a step fails, with Broyden's update of the slopes (1965, Math. Comp. 19, 577). Slopes are
measured, by differences, only where the search settles, and at the start where none are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from ...fields.exceptions import NotConverged, RunFailed
from ...fields.units import FloatArray
from .best_fit import BestFit, propagated, pulls_of, relative_errors
from .predictions import Predictions

_MOST_STEPS = 60
_WIDEST, _NARROWEST = 0.5, 1e-4  # half sides of the box, in logarithms; times the value for other keys
# A medium that is still so far off, chi^2 per point, after so many steps is given up.
PATIENCE, _HOPELESS = 12, 10.0
_SETTLED = 3e-3  # of chi^2, that a step could still gain
_AT_LIMIT = 1e-6  # of the span of the limits


@dataclass(frozen=True)
class SecantFit:
    """A best fit, and the slopes of all predictions there.

    Attributes
    ----------
    best : BestFit
        Of the measured points alone; keys at their limits have no errors.
    predicted : ndarray, shape (points + further,)
        All predictions, those of the measured points first.
    slopes : ndarray, shape (points + further, keys)
        d ln (prediction)/d coordinate.
    at_limits : tuple of str
        Names of keys that the fit has pushed to their limits.
    settled : bool
        Or was the search given up, far from what is measured? Then there are no errors.
    """

    best: BestFit
    predicted: FloatArray
    slopes: FloatArray
    at_limits: tuple[str, ...]
    settled: bool = True

    def relative_errors(self) -> FloatArray:
        """Of all predictions, by the covariance of the keys."""
        return propagated(self.slopes, self.best.covariance)


def secant_fit(
    predictions: Predictions, start: FloatArray, slopes: FloatArray | None = None, patience: int = PATIENCE
) -> SecantFit:
    """The least chi^2 of measured points, from a start and slopes near it.

    Parameters
    ----------
    predictions : Predictions
        Its predictions begin with the measured points; there may be further ones.
    start : ndarray, shape (keys,)
        Coordinates within the limits.
    slopes : ndarray, shape (points + further, keys), optional
        d ln (prediction)/d coordinate, as found nearby.
    patience : int
        Steps after which a fit that is still hopelessly far off is given up.

    Raises
    ------
    NotConverged
        If it does not settle.
    UserError, RunFailed
        If there is no prediction for the values that it starts from.
    """
    search = _Search(predictions)
    low, high = search.limits
    at = np.clip(start, low, high)
    ln = np.log(predictions.at(at))
    measured_here = slopes is None
    J = predictions.slopes(at) if slopes is None else np.array(slopes, float)
    width = _WIDEST
    for taken in range(_MOST_STEPS):
        if taken >= patience and search.chi2(ln) > _HOPELESS * search.points:
            return search.found(at, ln, J, settled=False)
        step, gain = search.step(at, ln, J, width)
        chi2 = search.chi2(ln)
        if gain <= _SETTLED * (1.0 + chi2) or width < _NARROWEST:
            if measured_here:
                stuck = width < _NARROWEST and chi2 > _HOPELESS * search.points
                return search.found(at, ln, J, settled=not stuck)
            # From slopes that were measured here.
            J, measured_here, width = predictions.slopes(at), True, max(width, 0.1 * _WIDEST)
            continue
        there = at + step
        ln_there = search.ln_at(there)
        if ln_there is None:
            width *= 0.25
            continue
        gained = chi2 - search.chi2(ln_there)
        scaled = step / search.scale(at) ** 2
        J += np.outer(ln_there - ln - J @ step, scaled) / (step @ scaled)
        if gained > 0.0:
            # Slopes as measured go on to hold over a short way.
            measured_here &= bool(np.all(np.abs(step) < 0.05 * search.scale(at)))
            at, ln = there, ln_there
        width = _next_width(width, gained / gain)
    raise NotConverged(
        f"the fit does not settle: chi^2 = {search.chi2(ln):.4g} after {_MOST_STEPS} steps", at
    )


def _next_width(width: float, kept: float) -> float:
    """Of the box, by the share of what a step was to gain that it did gain."""
    if kept > 0.5:
        return min(2.0 * width, _WIDEST)
    return width if kept > 0.1 else 0.3 * width


def _inverse(curvature: FloatArray) -> FloatArray:
    """Covariance of a curvature; of keys that nothing tells, it is infinite."""
    told = np.diag(curvature) > 0.0
    found = np.diag(np.where(told, 0.0, np.inf))
    found[np.ix_(told, told)] = np.linalg.pinv(curvature[np.ix_(told, told)])
    return found


class _Search:
    """What the search asks at each step."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        measured = predictions.measured
        self.value = np.concatenate([each.value for each in measured])
        # A value of zero has no logarithm, and no weight.
        self.weight = 1.0 / relative_errors(measured)
        self.ln_value = np.log(np.where(self.value > 0.0, self.value, 1.0))
        low, high = np.array([key.limits for key in predictions.keys]).T
        self.limits = low, high
        self.points = self.value.size

    def residuals(self, ln: FloatArray) -> FloatArray:
        return self.weight * (ln[: self.points] - self.ln_value)

    def chi2(self, ln: FloatArray) -> float:
        found = self.residuals(ln)
        return float(found @ found)

    def scale(self, at: FloatArray) -> FloatArray:
        """Of a change of each coordinate by a factor of e, or by the value."""
        keys = self.predictions.keys
        return np.array(
            [1.0 if key.logarithmic else max(abs(u), 0.1) for key, u in zip(keys, at, strict=True)]
        )

    def step(self, at: FloatArray, ln: FloatArray, J: FloatArray, width: float) -> tuple[FloatArray, float]:
        """The best step within the box and the limits by the slopes, and how much chi^2 would fall."""
        low, high = self.limits
        half = width * self.scale(at)
        box = np.maximum(low - at, -half), np.minimum(high - at, half)
        A, r = self.weight[:, None] * J[: self.points], self.residuals(ln)
        pinned = box[1] - box[0] < 1e-12
        box = box[0] - 1e-12 * pinned, box[1] + 1e-12 * pinned
        step = np.asarray(lsq_linear(A, -r, box).x)
        left = r + A @ step
        return step, float(r @ r - left @ left)

    def ln_at(self, at: FloatArray) -> FloatArray | None:
        """ln of the predictions; None where there are none."""
        try:
            return np.log(self.predictions.at(at))
        except (RunFailed, ValueError):
            return None

    def found(self, at: FloatArray, ln: FloatArray, J: FloatArray, settled: bool = True) -> SecantFit:
        """The fit there, with its covariance; NaN where the search was given up."""
        low, high = self.limits
        keys = self.predictions.keys
        ended = np.minimum(at - low, high - at) < _AT_LIMIT * (high - low)
        A = self.weight[:, None] * J[: self.points, ~ended]
        covariance = np.zeros((at.size, at.size))
        covariance[np.ix_(~ended, ~ended)] = _inverse(A.T @ A) if settled else np.nan
        model = np.exp(ln[: self.points])
        error = model * propagated(J[: self.points], covariance)
        best = BestFit(at, covariance, model, error, pulls_of(self.predictions.measured, model)[0])
        names = tuple(key.name for key, end in zip(keys, ended, strict=True) if end)
        return SecantFit(best, np.exp(ln), J, names, settled)
