"""The posterior by a quadratic: as wide as the errors, honest about itself, uniform ranks."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.exceptions import NotConverged, UserError
from crhalo.scenarios.fitting import posterior as module
from crhalo.scenarios.fitting.best_fit import BestFit, best_fit, relative_errors
from crhalo.scenarios.fitting.emulator import Emulator, design, terms_of
from crhalo.scenarios.fitting.posterior import check_can_sample, log_likelihood, sample
from mocks import coordinates_of, mock, predictions_of

FREE = ("source.slope", "source.L_CR")


class Quadratic:
    """Predictions that are known: ln of a model is a quadratic, with a cubic on top if asked."""

    def __init__(self, keys, measured, cubic=0.0):
        self.keys, self.measured, self.cubic = keys, measured, cubic
        self.x = np.log(measured[0].rigidity_GV / 100.0)
        self.base = np.log(measured[0].value)

    def allows(self, coordinates):
        return True

    def at(self, coordinates):
        a, b = coordinates[0] - 2.3, coordinates[1] - np.log(1.1e41)
        return np.exp(self.base + b - a * self.x + 0.5 * a * b + self.cubic * (a * self.x) ** 3)


@pytest.fixture
def short_chains(monkeypatch):
    """Of a tenth of the samples."""
    monkeypatch.setattr(module, "_STEPS", 300)
    monkeypatch.setattr(module, "_TIMES_CORRELATION", 10)


@pytest.fixture(scope="module")
def predictions():
    return predictions_of(FREE, between=(60.0, 2000.0))


def gaussian(centre, errors):
    return BestFit(np.array(centre), np.diag(np.array(errors) ** 2), *[np.zeros(1)] * 3)


def quadratic(predictions, cubic=0.0):
    known = Quadratic(predictions.keys, predictions.measured, cubic)
    return known, gaussian([2.3, np.log(1.1e41)], [0.005, 0.005])


def test_a_quadratic_is_found_exactly(predictions):
    known, best = quadratic(predictions)
    at = design(best.coordinates, best.covariance, 1.5, 3 * terms_of(2), lambda u: True, 1)
    emulator = Emulator.fitted(best.coordinates, best.covariance, at, np.array([known.at(u) for u in at]))
    there = best.coordinates + np.array([0.013, -0.017])
    assert np.allclose(emulator(there)[0], known.at(there), rtol=1e-9)


def test_the_design_is_normal_and_within_limits():
    covariance = np.array([[4.0, 1.0], [1.0, 1.0]])
    at = design(np.zeros(2), covariance, 1.5, 2000, lambda u: u[0] > -3.0, 2)
    assert at.shape == (2000, 2) and at[:, 0].min() > -3.0
    free = design(np.zeros(2), covariance, 1.5, 4096, lambda u: True, 2)
    assert np.allclose(np.cov(free.T), 2.25 * covariance, rtol=0.05)
    with pytest.raises(ValueError, match="within the limits"):
        design(np.zeros(2), covariance, 1.5, 10, lambda u: False, 2)


def test_what_is_no_quadratic_is_told(predictions, short_chains):
    known, best = quadratic(predictions, cubic=300.0)
    with pytest.raises(NotConverged, match="too wide for a quadratic"):
        sample(known, replace(best, covariance=25.0 * best.covariance), 1)


def test_points_that_are_off_together_are_judged_by_where_the_keys_go(predictions):
    """A fifth of every error, in common, is nothing at a point, and a whole error of the luminosity."""
    known, best = quadratic(predictions)
    at = design(best.coordinates, best.covariance, 1.5, 3 * terms_of(2), lambda u: True, 1)
    relative = relative_errors(predictions.measured)
    x = (known.x[:, None] ** np.arange(2) * [1.0, -1.0]) / relative[:, None]
    best = replace(best, covariance=np.linalg.inv(x.T @ x)[::-1, ::-1])
    emulator = Emulator.fitted(best.coordinates, best.covariance, at, np.array([known.at(u) for u in at]))
    together = emulator.shifts(0.2 * relative[None], relative)
    mixed = emulator.shifts(0.2 * relative[None] * (-1.0) ** np.arange(relative.size), relative)
    assert np.abs(together).max() > 0.7 and np.abs(mixed).max() < 0.2


def test_the_posterior_is_as_wide_as_the_errors(predictions):
    made = mock(predictions, 5)
    best = best_fit(made, coordinates_of(predictions))
    found = sample(made, best, seed=3)
    assert found.error_over_data < 0.05 and len(found.held_out) == module.HELD_OUT
    away = (found.coordinates - best.coordinates) / best.errors
    assert np.all(np.abs(away.mean(axis=0)) < 0.1)
    assert np.all(np.abs(away.std(axis=0) - 1.0) < 0.1)
    assert np.allclose(np.corrcoef(found.coordinates.T), best.correlations, atol=0.1)


def test_a_seed_gives_the_same_samples(predictions, short_chains):
    known, best = quadratic(predictions)
    one, same, other = (sample(known, best, seed).coordinates for seed in (3, 3, 4))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_the_error_of_the_emulator_widens_it(predictions):
    known, best = quadratic(predictions)
    measured = predictions.measured
    relative = relative_errors(measured)
    here, off = best.coordinates, best.coordinates + np.array([0.0, 0.01])
    models = np.array([known.at(here), known.at(off)])

    def drop(error):
        one, other = log_likelihood(measured, models, error)
        return one - other

    exact, doubled = drop(0.0 * relative), drop(np.sqrt(3.0) * relative)
    # A fourth of chi^2, and what the wider Gaussian is lower by.
    lower = 0.01 * 0.75 * relative.size
    assert exact > 0.0 and doubled - lower == pytest.approx(exact / 4.0, rel=0.05)


def test_ranks_of_the_truth_are_uniform(predictions, short_chains):
    """Ten mocks whose posteriors are known: the truth is as often low in them as high."""
    ranks = ranks_of(predictions, 1.0)
    assert abs(ranks.mean() - 0.5) < 3.0 * np.sqrt(1.0 / 12.0 / ranks.size)
    assert abs(np.abs(ranks - 0.5).mean() - 0.25) < 0.1


def test_ranks_of_errors_that_are_too_small_are_not(predictions, short_chains):
    ranks = ranks_of(predictions, 4.0)
    assert abs(np.abs(ranks - 0.5).mean() - 0.25) > 0.1


def ranks_of(predictions, scatter):
    known, truth = quadratic(predictions)[0], np.array([2.3, np.log(1.1e41)])
    found = []
    for seed in range(10):
        rng = np.random.default_rng((7, seed))
        one = predictions.measured[0]
        value = known.at(truth) + scatter * rng.standard_normal(one.value.size) * one.above
        made = Quadratic(known.keys, (replace(one, value=value),))
        made.base = known.base
        slopes = np.column_stack([-known.x, np.ones(known.x.size)]) * (known.at(truth) / one.above)[:, None]
        best = gaussian(truth, [1.0, 1.0])
        best = replace(best, covariance=np.linalg.inv(slopes.T @ slopes))
        samples = sample(made, best, seed).coordinates
        found.append((samples < truth).mean(axis=0))
    return np.array(found)


def test_without_what_samples_it_a_posterior_is_refused(monkeypatch):
    check_can_sample()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"emcee and corner missing; allowed: with pip install 'crhalo\[fit\]'"
    ):
        check_can_sample()
