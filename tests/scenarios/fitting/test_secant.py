"""The search that learns slopes from its own steps, on predictions that are known in closed form."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from crhalo.fields.exceptions import NotConverged
from crhalo.scenarios.fitting import secant
from crhalo.scenarios.fitting.local_data import Measured
from crhalo.scenarios.fitting.secant import secant_fit

R = np.geomspace(10.0, 1e3, 9)


@dataclass
class Key:
    name: str
    limits: tuple[float, float]
    logarithmic: bool = True


@dataclass
class Curves:
    """exp(a + b ln R + c b^2), and its square as a further prediction."""

    measured: tuple[Measured, ...]
    keys: tuple[Key, ...] = (Key("a", (-5.0, 5.0)), Key("b", (-4.0, 0.0), False))
    solved: list = field(default_factory=list)
    slopes_asked: int = 0

    def at(self, u):
        self.solved.append(tuple(u))
        model = np.exp(u[0] + u[1] * np.log(R / 100.0) + 0.1 * u[1] ** 2)
        return np.concatenate([model, model**2])

    def slopes(self, u):
        self.slopes_asked += 1
        of_b = np.log(R / 100.0) + 0.2 * u[1]
        one = np.stack([np.ones(R.size), of_b], axis=1)
        return np.concatenate([one, 2.0 * one])


def curves_at(a, b, error=0.02, seed=None, **keys):
    value = Curves(()).at((a, b))[: R.size]
    if seed is not None:
        value = value * (1.0 + error * np.random.default_rng(seed).standard_normal(R.size))
    return Curves((Measured("known", ("protons",), R, value, error * value, error * value),), **keys)


def check_known(fit_of=secant_fit, start=(0.3, -1.5)):
    predictions = curves_at(1.0, -2.5)
    fit = fit_of(predictions, np.array(start))
    np.testing.assert_allclose(fit.best.coordinates, [1.0, -2.5], atol=2e-3)
    assert fit.best.chi2 < 0.1 and not fit.at_limits
    # Slopes where it begins, and where it settles.
    assert predictions.slopes_asked <= 2
    return fit


def test_it_comes_to_what_was_put_in_and_measures_slopes_but_twice():
    fit = check_known()
    # The error of a square is twice that of what is squared.
    errors = fit.relative_errors()
    np.testing.assert_allclose(errors[R.size :], 2.0 * errors[: R.size], rtol=1e-6)


def test_with_slopes_of_a_neighbour_it_measures_them_once():
    predictions = curves_at(1.0, -2.5)
    found = secant_fit(predictions, np.array([0.9, -2.2]), Curves(()).slopes((0.5, -1.0)))
    np.testing.assert_allclose(found.best.coordinates, [1.0, -2.5], atol=5e-3)
    assert predictions.slopes_asked == 1


def test_a_search_that_forgets_the_limits_or_weights_is_seen(monkeypatch):
    """Broken twin: the errors of the points do not weigh."""
    monkeypatch.setattr(secant._Search, "residuals", lambda self, ln: np.log(self.value) - ln[: self.points])
    with pytest.raises((AssertionError, NotConverged)):
        check_known()


def test_covariance_is_the_scatter_of_fits():
    fits = [secant_fit(curves_at(1.0, -2.5, 0.05, seed), np.array([1.0, -2.5])) for seed in range(200)]
    scatter = np.std([fit.best.coordinates for fit in fits], axis=0)
    np.testing.assert_allclose(scatter, fits[0].best.errors, rtol=0.2)
    light = np.array([fit.predicted[-1] for fit in fits])
    assert np.std(np.log(light)) == pytest.approx(fits[0].relative_errors()[-1], rel=0.2)


def test_a_key_at_its_limit_is_named_and_has_no_error():
    keys = (Key("a", (-5.0, 5.0)), Key("b", (-2.0, 0.0), False))
    fit = secant_fit(curves_at(1.0, -2.5, keys=keys), np.array([0.3, -1.5]))
    assert fit.at_limits == ("b",) and fit.best.errors[1] == 0.0 and fit.best.errors[0] > 0.0
    assert fit.best.chi2 > 10.0


def test_what_does_not_settle_is_said(monkeypatch):
    monkeypatch.setattr(secant, "_MOST_STEPS", 1)
    with pytest.raises(NotConverged, match="does not settle: chi"):
        secant_fit(curves_at(1.0, -2.5), np.array([-3.0, -0.1]), patience=99)


def test_far_from_what_is_measured_it_is_given_up_without_errors():
    fit = secant_fit(curves_at(1.0, -2.5), np.array([-3.0, -0.1]), patience=1)
    assert not fit.settled and fit.best.chi2 > 90.0
    assert np.isnan(fit.best.errors).all() and np.isnan(fit.relative_errors()).all()
