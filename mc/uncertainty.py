"""Values with their errors, from tallies that are kept in batches.

All physics derived from tallies carries a leading replica axis: entry 0 is from all batches, the others leave
one batch out. `Estimate.of` collapses it (delete-one jackknife), so that errors of ratios and medians come
out as simply as those of sums. `Interval` says besides how far an error can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..fields.units import FloatArray

FEWEST_BATCHES = 10
# Relative variance of the variance above which an interval is not to be trusted.
HEAVY = 0.1


@dataclass(frozen=True)
class Estimate:
    """A quantity with its standard error.

    Attributes
    ----------
    value, error : ndarray
        Of the same shape; NaN where it is not known.
    energy_GeV : ndarray, optional
        Where it is known, for a spectrum.
    """

    value: FloatArray
    error: FloatArray
    energy_GeV: FloatArray | None = None

    # An array times an estimate is an estimate.
    __array_ufunc__ = None

    @classmethod
    def of(cls, replicas: FloatArray, energy_GeV: FloatArray | None = None) -> Estimate:
        """From an array with a leading replica axis."""
        return cls(*value_and_error(np.asarray(replicas)), energy_GeV)

    def __mul__(self, factor: FloatArray | float) -> Estimate:
        return replace(self, value=self.value * factor, error=self.error * factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: FloatArray | float) -> Estimate:
        return replace(self, value=self.value / divisor, error=self.error / divisor)

    def as_dict(self) -> dict[str, object]:
        """As files hold it: energies stand beside it there."""
        return {"value": np.asarray(self.value).tolist(), "error": np.asarray(self.error).tolist()}


def value_and_error(replicas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value and standard error of an array with a leading replica axis."""
    rest = replicas[1:]
    if len(rest) < 2:
        return replicas[0], np.full_like(replicas[0], np.nan)
    spread = ((rest - rest.mean(axis=0)) ** 2).sum(axis=0)
    return replicas[0], np.sqrt((len(rest) - 1) / len(rest) * spread)


def replicas_of_groups(values: np.ndarray, counts: np.ndarray) -> Iterator[np.ndarray]:
    """A tally per injected particle, (replicas, ...), of one group after the other.

    All of them together may be hundreds of megabytes. A short run leaves groups empty: they are taken to be
    like the nearest one that is not.

    Parameters
    ----------
    values : ndarray, shape (batches, groups, ...)
        The tally.
    counts : ndarray, shape (batches, groups)
        Particles injected.
    """
    total, number = values.sum(axis=0, dtype=float), counts.sum(axis=0)
    numbers = np.concatenate([number[None], number - counts])
    nearest = _nearest_counted(numbers)

    def means(group: int) -> np.ndarray:
        found = np.empty((len(numbers), *total.shape[1:]))
        found[0] = total[group]
        np.subtract(total[group], values[:, group], out=found[1:])
        found /= np.maximum(numbers[:, group], 1.0).reshape(-1, *(1,) * (total.ndim - 1))
        return found

    for group, of_replicas in enumerate(nearest.T):
        found = means(group)
        for replica in np.flatnonzero(of_replicas != group):
            found[replica] = means(of_replicas[replica])[replica]
        yield found


def _nearest_counted(numbers: np.ndarray) -> np.ndarray:
    """For each replica and group the nearest group that has any particles there, (replicas, groups)."""
    nearest = np.tile(np.arange(numbers.shape[1]), (len(numbers), 1))
    for groups, counted in zip(nearest, numbers, strict=True):
        filled = np.flatnonzero(counted)
        if filled.size:
            groups[:] = filled[np.abs(groups[:, None] - filled).argmin(axis=1)]
    return nearest


@dataclass(frozen=True)
class Interval:
    """A quantity with its 68% interval.

    Attributes
    ----------
    value, half_width : float
        Of the interval of Student's t, from the batches.
    variance_of_variance : float
        Relative; below 0.1 the interval can be trusted (as in MCNP's tenth of ten checks).
    tail_slope : float
        n where the probability density of what a batch says falls as x^-n beyond its outermost quarter
        (Hill's estimator, good to a third with 32 batches); a variance exists above 3. Normal batches have 4.
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
        """Whether the interval is not to be trusted; always false for a value of zero."""
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


def interval(replicas: FloatArray) -> Interval:
    """From the value of all batches and those that leave one out, shape (batches + 1,)."""
    # What scipy.stats finds a quantile with, which takes longest of all to import.
    from scipy.special import stdtrit

    value, rest = float(replicas[0]), np.asarray(replicas[1:], float)
    n, nan = rest.size, float("nan")
    if n < 2:
        return Interval(value, nan, nan, nan)
    # What each batch would say alone (Tukey's pseudo-values).
    alone = n * value - (n - 1) * rest
    away = alone - alone.mean()
    square = float((away**2).sum())
    error = np.sqrt(square / (n * (n - 1)))
    # A few batches say nothing of it.
    heavy = float((away**4).sum() / square**2 - 1.0 / n) if square > 0 and n >= FEWEST_BATCHES else nan
    return Interval(value, float(error * stdtrit(n - 1, 0.841345)), heavy, _tail_slope(np.abs(away)))


def _tail_slope(away: FloatArray) -> float:
    """Slope of a probability density beyond its largest quarter, by Hill's estimator."""
    largest = np.sort(away)[-(away.size // 4) - 1 :]
    if largest.size < 3 or not largest[0] > 0.0:
        return float("nan")
    return float(1.0 + 1.0 / np.log(largest[1:] / largest[0]).mean())


def reached(intervals: Mapping[str, Interval], batches: int, precision: float) -> bool:
    """Whether every quantity is known well enough; never with fewer than ten batches, zero, or no number."""
    return batches >= FEWEST_BATCHES and all(0 < each.relative <= precision for each in intervals.values())
