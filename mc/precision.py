"""When a run is precise enough: Student intervals from its folds, and whether these can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

FEWEST_FOLDS = 10
# Relative variance of the variance above which an interval is not to be trusted.
HEAVY = 0.1


@dataclass(frozen=True)
class Estimate:
    """A quantity with its 68% interval.

    Attributes
    ----------
    value, half_width : float
        Of the interval of Student's t, from the folds.
    variance_of_variance : float
        Relative; below 0.1 the interval can be trusted (as in MCNP's tenth of ten checks).
    tail_slope : float
        n where the probability density of what a fold says falls as x^-n beyond its outermost quarter (Hill's
        estimator, good to a third with 32 folds); a variance exists above 3. Normal folds have 4.
    """

    value: float
    half_width: float
    variance_of_variance: float
    tail_slope: float

    @property
    def relative(self) -> float:
        """Half-width over value, infinite where there is no value."""
        good = np.isfinite(self.value) and np.isfinite(self.half_width) and self.value != 0
        return float(abs(self.half_width / self.value)) if good else float("inf")

    @property
    def heavy_tailed(self) -> bool:
        """Whether the interval is not to be trusted; of nothing it is not asked."""
        return self.value != 0 and not self.variance_of_variance < HEAVY

    def as_dict(self) -> dict[str, float | bool]:
        """Plain numbers, for files."""
        return {
            "value": self.value,
            "error": self.half_width,
            "relative_error": self.relative,
            "variance_of_variance": self.variance_of_variance,
            "tail_slope": self.tail_slope,
            "heavy_tailed": self.heavy_tailed,
        }


def estimate(replicas: np.ndarray) -> Estimate:
    """From the estimate of all folds and those that leave one out, shape (folds + 1,)."""
    value, rest = float(replicas[0]), np.asarray(replicas[1:], float)
    n, nan = rest.size, float("nan")
    if n < 2:
        return Estimate(value, nan, nan, nan)
    # What each fold would say alone (Tukey's pseudo-values).
    alone = n * value - (n - 1) * rest
    away = alone - alone.mean()
    square = float((away**2).sum())
    error = np.sqrt(square / (n * (n - 1)))
    # Of a few folds it says nothing.
    heavy = float((away**4).sum() / square**2 - 1.0 / n) if square > 0 and n >= FEWEST_FOLDS else nan
    return Estimate(value, float(error * student.ppf(0.841345, n - 1)), heavy, _tail_slope(np.abs(away)))


def _tail_slope(away: np.ndarray) -> float:
    """Slope of a probability density beyond its largest quarter, by Hill's estimator."""
    largest = np.sort(away)[-(away.size // 4) - 1 :]
    if largest.size < 3 or not largest[0] > 0.0:
        return float("nan")
    return float(1.0 + 1.0 / np.log(largest[1:] / largest[0]).mean())


def reached(estimates: Mapping[str, Estimate], folds: int, precision: float) -> bool:
    """Whether every quantity is known well enough; never with fewer than ten folds, zero, or no number."""
    return folds >= FEWEST_FOLDS and all(0 < each.relative <= precision for each in estimates.values())
