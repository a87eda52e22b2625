"""Least squares over free keys, and which of them the data can tell.

In the logarithm of the fluxes first, where they hang on the coordinates almost along straight lines, so that
a start far off does no harm; then with the errors of the measurements as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from ...fields.exceptions import NotConverged, RunFailed, UserError
from ...fields.units import FloatArray
from ..file.quantities import ScenarioError
from .free_keys import FreeKey
from .local_data import Measured, by_measurement
from .predictions import Predictions

_MOST_STEPS = 40
# A change of chi^2 by this share, or of all coordinates, ends the search.
_SETTLED = 1e-5
# An error above this, of the logarithm or over the value, says nothing of a key.
_UNKNOWN = 1.0
# Pulls of values that are not allowed together: such a step is not taken.
_FORBIDDEN = 1e6
_PART = 0.2  # of a direction that the data do not see: keys with such a component are named


@dataclass(frozen=True)
class BestFit:
    """Where chi^2 is least.

    Attributes
    ----------
    coordinates : ndarray, shape (keys,)
        Of the keys.
    covariance : ndarray, shape (keys, keys)
        Of the coordinates, by the slopes there; the errors of the data as they are published.
    model : ndarray, shape (points,)
        The prediction.
    model_error : ndarray, shape (points,)
        Of the prediction, from the covariance.
    pulls : ndarray, shape (points,)
        (Model - measured) over the error.
    """

    coordinates: FloatArray
    covariance: FloatArray
    model: FloatArray
    model_error: FloatArray
    pulls: FloatArray

    @property
    def chi2(self) -> float:
        return float(self.pulls @ self.pulls)

    @property
    def errors(self) -> FloatArray:
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlations(self) -> FloatArray:
        return self.covariance / np.outer(self.errors, self.errors)


def pulls_of(measured: Sequence[Measured], model: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(Model - measured) over the error on its side, and that error; both (..., points), as a model is."""
    parts = zip(measured, by_measurement(measured, model), strict=True)
    error = np.concatenate([each.error(part) for each, part in parts], axis=-1)
    return (model - np.concatenate([each.value for each in measured])) / error, error


def check_constrained(predictions: Predictions, coordinates: FloatArray) -> None:
    """Refuse free keys that the data do not tell, by the slopes at some values.

    Raises
    ------
    UserError
        Naming those keys.
    """
    keys = predictions.keys
    weighted = predictions.slopes(coordinates) / relative_errors(predictions.measured)[:, None]
    if fault := unconstrained(keys, weighted, coordinates):
        raise UserError(f"free: {fault}")


def unconstrained(keys: Sequence[FreeKey], weighted: FloatArray, coordinates: FloatArray) -> str:
    """Which keys slopes over errors (points, keys) do not tell, in words; empty if all are known.

    One is told if its error is less than a factor of e, or than its value.
    """
    sizes = [
        1.0 if key.logarithmic else abs(float(u)) or key.high - key.low
        for key, u in zip(keys, coordinates, strict=True)
    ]
    slopes = weighted * np.array(sizes)
    blind = [
        key.name
        for key, of_key in zip(keys, slopes.T, strict=True)
        if np.linalg.norm(of_key) < 1.0 / _UNKNOWN
    ]
    if blind:
        return f"{', '.join(blind)}: the data cannot tell this; allowed: other keys"
    _, strength, directions = np.linalg.svd(slopes, full_matrices=False)
    if len(strength) < len(keys) or strength[-1] < 1.0 / _UNKNOWN:
        names = [key.name for key, part in zip(keys, directions[-1], strict=True) if abs(part) > _PART]
        return f"{', '.join(names)}: the data tell only some combination of them; allowed: fewer of these"
    return ""


def relative_errors(measured: Sequence[Measured]) -> FloatArray:
    """Errors of the measurements over their values, the mean of both sides, (points,); infinite at zero."""
    values = np.concatenate([each.value for each in measured])
    errors = np.concatenate([each.below + each.above for each in measured])
    return 0.5 * np.divide(errors, values, out=np.full(values.size, np.inf), where=values > 0.0)


def propagated(slopes: FloatArray, covariance: FloatArray) -> FloatArray:
    """Errors (n,) that a covariance of the keys makes of what has some slopes in them, (n, keys)."""
    return np.sqrt(np.einsum("pi,ij,pj->p", slopes, covariance, slopes))


def best_fit(predictions: Predictions, start: FloatArray, told: Callable[[], None] = lambda: None) -> BestFit:
    """The least chi^2 from a start.

    Parameters
    ----------
    predictions : Predictions
        Of the free keys at the points.
    start : ndarray, shape (keys,)
        Coordinates within the limits.
    told : callable
        Is called after each prediction.

    Raises
    ------
    NotConverged
        If it does not settle.
    RunFailed
        If it comes to values that do not go together.
    """
    measured = predictions.measured
    values = np.concatenate([each.value for each in measured])
    weights = np.where(values > 0.0, 1.0 / relative_errors(measured), 0.0)
    ln_values = np.log(np.where(values > 0.0, values, 1.0))

    def in_logarithms(model: FloatArray) -> tuple[FloatArray, FloatArray]:
        return weights * (np.log(model) - ln_values), weights

    def as_published(model: FloatArray) -> tuple[FloatArray, FloatArray]:
        pulls, error = pulls_of(measured, model)
        return pulls, model / error

    at = _searched(predictions, in_logarithms, start, told)
    at = _searched(predictions, as_published, at, told)
    model, slopes = predictions.at(at), predictions.slopes(at)
    pulls, weights_there = as_published(model)
    weighted = weights_there[:, None] * slopes
    if fault := unconstrained(predictions.keys, weighted, at):
        raise NotConverged(f"at the best fit, {fault}", at)
    covariance = np.asarray(np.linalg.inv(weighted.T @ weighted))
    return BestFit(at, covariance, model, model * propagated(slopes, covariance), pulls)


def _searched(
    predictions: Predictions,
    pulls: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    start: FloatArray,
    told: Callable[[], None],
) -> FloatArray:
    """Where the sum of squared pulls is least; `pulls` gives them and their slopes by ln of the model."""

    def residuals(at: FloatArray) -> FloatArray:
        told()
        if not predictions.allows(at):
            return np.full(sum(each.value.size for each in predictions.measured), _FORBIDDEN)
        return pulls(guarded(predictions.at, predictions, at))[0]

    def slopes(at: FloatArray) -> FloatArray:
        weights = pulls(predictions.at(at))[1]
        return weights[:, None] * guarded(predictions.slopes, predictions, at)

    low, high = np.array([key.limits for key in predictions.keys]).T
    inside = np.clip(start, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
    found = least_squares(
        residuals, inside, slopes, (low, high), x_scale="jac", ftol=_SETTLED, xtol=_SETTLED, gtol=1e-12,
        max_nfev=_MOST_STEPS,
    )  # fmt: skip
    if found.status <= 0:
        raise NotConverged(
            f"the fit does not settle: chi^2 = {2 * found.cost:.4g} after {_MOST_STEPS} steps, at "
            f"{values_at(predictions, found.x)}",
            found.x,
        )
    return np.asarray(found.x)


def guarded(make: Callable[[FloatArray], FloatArray], predictions: Predictions, at: FloatArray) -> FloatArray:
    """A prediction; where there is none, the fit, which has begun, ends."""
    try:
        return make(at)
    except (ScenarioError, ValueError) as fault:
        raise RunFailed(f"the fit came to {values_at(predictions, at)}, where {fault}") from None


def values_at(predictions: Predictions, at: FloatArray) -> str:
    """The values of all keys, in words."""
    pairs = zip(predictions.keys, at, strict=True)
    return ", ".join(f"{key.name} = {key.text(float(u), 0.01)}" for key, u in pairs)
