"""Samples of the posterior of the free keys: emcee on a quadratic whose error is counted as one of the data.

The prior is flat in the coordinates within their limits. The quadratic is fitted to solutions around the best
fit, and held against others that are drawn from the posterior itself; where it is off by more than a share of
the errors of the data, those join it, and all is done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...fields.exceptions import NotConverged, UserError
from ...fields.units import FloatArray
from .best_fit import BestFit, guarded, pulls_of, relative_errors
from .emulator import SOLVED_PER_TERM, Emulator, design, terms_of
from .local_data import Measured
from .predictions import Predictions

HELD_OUT = 12
"""Solutions that the quadratic is held against."""
GOOD, GOOD_SHIFT = 0.3, 0.2
"""Error of the quadratic over that of the data, at any point, and the shift that it makes of any combination
of keys over the error of that, which are good enough."""
_ROUNDS = 4
_WIDER = 1.5
_WALKERS, _STEPS, _MOST_STEPS = 40, 2000, 64000
_TIMES_CORRELATION = 50  # that a chain has to be long
_KEPT = 4000


@dataclass(frozen=True)
class Posterior:
    """Samples, and how good the quadratic was that they are of.

    Attributes
    ----------
    coordinates : ndarray, shape (samples, keys)
        Nearly independent.
    emulator : Emulator
        With its error.
    held_out : ndarray, shape (solved, keys)
        Coordinates, drawn from the posterior, at which it was held against the transport equation.
    off : ndarray, shape (solved, points)
        ln of what it said over what was solved there.
    error_over_data : float
        The largest error of the quadratic at a point, over that of the data.
    shift_over_error : float
        The largest shift of any combination of keys that its error makes, over the error of that.
    correlation_steps : float
        Autocorrelation time of the chain, in steps.
    """

    coordinates: FloatArray
    emulator: Emulator
    held_out: FloatArray
    off: FloatArray
    error_over_data: float
    shift_over_error: float
    correlation_steps: float


def check_can_sample() -> None:
    """Refuse a posterior where what samples it is missing."""
    missing = [name for name in ("emcee", "corner") if find_spec(name) is None]
    if missing:
        raise UserError(
            f"posterior: {' and '.join(missing)} missing; allowed: with pip install 'crhalo[fit]'"
        )


def sample(
    predictions: Predictions,
    best: BestFit,
    seed: int,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Posterior:
    """Samples of the posterior.

    Parameters
    ----------
    predictions : Predictions
        Of the free keys.
    best : BestFit
        Where the quadratic is centred, and how wide.
    seed : int
        Of the walkers, and of where the equation is solved.
    told : callable
        Is told how many of how many solutions there are.

    Raises
    ------
    NotConverged
        If the quadratic does not come close enough, or the chain does not forget where it began.
    """
    low, high = np.array([key.limits for key in predictions.keys]).T
    limits = low, high
    count = SOLVED_PER_TERM * terms_of(len(predictions.keys))
    at = design(
        best.coordinates,
        best.covariance,
        _WIDER,
        count,
        lambda u: bool(_within(u, limits)) and predictions.allows(u),
        seed,
    )
    models = _solved(predictions, at, told, 0, count + HELD_OUT)
    error = np.zeros(models.shape[1])
    for round in range(_ROUNDS):
        emulator = Emulator.fitted(best.coordinates, best.covariance, at, models)
        chain, _ = _chain(predictions.measured, replace(emulator, error=error), best, limits, seed)
        pick = np.random.default_rng((seed, round)).choice(len(chain), HELD_OUT, replace=False)
        held_out = chain[pick]
        truth = _solved(predictions, held_out, told, len(at), len(at) + HELD_OUT)
        off = emulator.off(held_out, truth)
        error = np.sqrt(np.mean(off**2, axis=0))
        relative = relative_errors(predictions.measured)
        worst = float(np.max(error / relative))
        # Points are off together: what counts is where the keys go.
        shift = float(np.sqrt(np.mean(emulator.shifts(off, relative) ** 2, axis=0)).max())
        if worst <= GOOD and shift <= GOOD_SHIFT:
            emulator = replace(emulator, error=error)
            chain, steps = _chain(predictions.measured, emulator, best, limits, seed)
            return Posterior(_thinned(chain), emulator, held_out, off, worst, shift, steps)
        at, models = np.concatenate([at, held_out]), np.concatenate([models, truth])
    raise NotConverged(
        f"the posterior is too wide for a quadratic, which is off by {worst:.2g} of the errors of the data, "
        f"and {shift:.2g} of those of the keys"
    )


def _within(at: FloatArray, limits: tuple[FloatArray, FloatArray]) -> np.ndarray:
    """Whether coordinates (..., keys) are within the limits."""
    return np.all((at >= limits[0]) & (at <= limits[1]), axis=-1)


def _solved(
    predictions: Predictions, points: FloatArray, told: Callable[[int, int], None], done: int, of: int
) -> FloatArray:
    """Predictions at some coordinates, (solved, points)."""
    found = []
    for i, at in enumerate(points):
        told(done + i, of)
        found.append(guarded(predictions.at, predictions, at))
    told(done + len(points), of)
    return np.array(found)


def _chain(
    measured: tuple[Measured, ...],
    emulator: Emulator,
    best: BestFit,
    limits: tuple[FloatArray, FloatArray],
    seed: int,
) -> tuple[FloatArray, float]:
    """Samples of walkers that have forgotten where they began, and the autocorrelation time in steps."""
    import emcee

    low, high = limits

    def log_probability(at: FloatArray) -> FloatArray:
        model = emulator(at)
        found = log_likelihood(measured, model, emulator.error)
        return np.where(_within(at, limits), found, -np.inf)

    keys, random = best.coordinates.size, np.random.RandomState(seed)
    walkers = max(_WALKERS, 4 * keys)
    start = best.coordinates + random.standard_normal((walkers, keys)) @ np.linalg.cholesky(best.covariance).T
    start = np.clip(start, low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    sampler = emcee.EnsembleSampler(walkers, keys, log_probability, vectorize=True)
    state: Any = emcee.State(start, random_state=random.get_state())
    while sampler.iteration < _MOST_STEPS:
        state = sampler.run_mcmc(state, _STEPS)
        time = float(np.max(sampler.get_autocorr_time(tol=0)))
        if sampler.iteration > _TIMES_CORRELATION * time:
            return sampler.get_chain(discard=int(5 * time), thin=max(int(time / 2), 1), flat=True), time
    raise NotConverged(f"the chain is still correlated over {time:.0f} steps after {sampler.iteration}")


def log_likelihood(
    measured: tuple[Measured, ...], model: FloatArray, emulator_error: FloatArray
) -> FloatArray:
    """Of models (..., points), whose relative error counts beside that of the data."""
    pulls, error = pulls_of(measured, model)
    wider = np.hypot(1.0, emulator_error * model / error)
    return np.asarray(-0.5 * ((pulls / wider) ** 2).sum(axis=-1) - np.log(wider).sum(axis=-1))


def _thinned(chain: FloatArray) -> FloatArray:
    """At most so many samples, evenly spread."""
    return chain[np.unique(np.linspace(0, len(chain) - 1, _KEPT).astype(int))]
