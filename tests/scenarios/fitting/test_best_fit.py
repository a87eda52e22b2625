"""Least squares by the transport equation: known values come back, with the errors that they scatter by."""

import numpy as np
import pytest
from crhalo.fields.exceptions import NotConverged, RunFailed, UserError
from crhalo.scenarios.fitting import best_fit as module
from crhalo.scenarios.fitting.best_fit import best_fit, check_constrained, pulls_of, unconstrained
from crhalo.scenarios.fitting.free_keys import free_keys
from crhalo.scenarios.fitting.predictions import Predictions
from mocks import SCENARIO, coordinates_of, mock, predictions_of

FREE = ("source.slope", "diffusion.delta_high", "source.L_CR")
SOURCE = ("source.slope", "source.L_CR")
MOCKS = 10


@pytest.fixture(scope="module")
def predictions():
    return predictions_of(FREE)


def independent_pulls(found, truth):
    """(Best - true) in units of the errors, turned so that they are independent."""
    return np.linalg.solve(np.linalg.cholesky(found.covariance), found.coordinates - truth)


def pulls_of_mocks(predictions, mocks, scatter=1.0):
    truth = coordinates_of(predictions)
    off = truth + np.array([0.02, -0.02])
    found = [best_fit(mock(predictions, seed, scatter), off) for seed in range(mocks)]
    return np.array([independent_pulls(one, truth) for one in found]), np.array([one.chi2 for one in found])


def well_scattered(pulls):
    return abs(pulls.mean()) < 0.3 and abs(pulls.std() - 1.0) < 0.25


@pytest.fixture(scope="module")
def of_source():
    return predictions_of(SOURCE)


def test_mocks_scatter_by_their_errors(of_source):
    pulls, chi2 = pulls_of_mocks(of_source, MOCKS)
    assert well_scattered(pulls), (pulls.mean(), pulls.std())
    degrees = of_source.measured[0].value.size - len(SOURCE)
    assert abs(chi2.mean() - degrees) < 3.0 * np.sqrt(2.0 * degrees / MOCKS)


def test_data_that_scatter_more_than_they_say_are_noticed(of_source):
    assert not well_scattered(pulls_of_mocks(of_source, 3, scatter=3.0)[0])


def test_values_without_scatter_come_back(predictions):
    truth = coordinates_of(predictions)
    far = truth * np.array([1.2, 2.0, 1.0]) + np.array([0.0, 0.0, np.log(2.0)])
    found = best_fit(mock(predictions, 0, scatter=0.0), far)
    assert np.allclose(found.coordinates, truth, atol=1e-3 * found.errors.max())
    assert found.chi2 < 1e-4


def test_slopes_of_the_source_are_those_of_solutions(predictions):
    """Weighed anew and solved anew agree but for losses in collisions, a few per cent of the flux."""
    at = coordinates_of(predictions)
    weighed = predictions.slopes(at)
    solved = Predictions(predictions.scenario, predictions.keys, predictions.measured)
    solved._beside = lambda base, there, key: solved.at(there)
    assert np.allclose(weighed, solved.slopes(at), rtol=0.02, atol=2e-3)


def test_errors_are_those_of_a_straight_line(predictions):
    """The luminosity alone: the mean of ln of all points, by their weights."""
    alone = predictions_of(["source.L_CR"])
    found = best_fit(mock(alone, 3), coordinates_of(alone))
    one = mock(alone, 3).measured[0]
    assert found.errors[0] == pytest.approx(1.0 / np.sqrt(((found.model / one.above) ** 2).sum()), rel=1e-3)
    ratio = one.value / alone.at(coordinates_of(alone))
    expected = np.log(np.average(ratio, weights=(one.value / one.above / ratio) ** 2))
    assert found.coordinates[0] - coordinates_of(alone)[0] == pytest.approx(
        expected, abs=0.1 * found.errors[0]
    )
    assert np.allclose(found.model_error, found.model * found.errors[0], rtol=1e-3)


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (["source.slope", "medium.cgm_core"], r"medium.cgm_core: the data cannot tell this"),
        (["source.slope", "composition.iron"], r"composition.iron: the data cannot tell this"),
        (["source.L_CR", "diffusion.D0", "medium.H"], "medium.H: the data tell only some combination"),
    ],
)
def test_keys_that_the_data_do_not_tell_are_refused(free, said):
    asked = predictions_of(free, between=(100.0, 400.0))
    with pytest.raises(UserError, match=said) as refused:
        check_constrained(asked, coordinates_of(asked))
    assert "\n" not in str(refused.value) and str(refused.value).startswith("free: ")


def test_keys_that_the_data_tell_are_not(predictions):
    check_constrained(predictions, coordinates_of(predictions))


def test_two_columns_that_are_alike_tell_one_thing():
    keys = free_keys(SCENARIO, ["source.slope", "diffusion.delta", "source.L_CR"])
    x = np.linspace(0.0, 3.0, 20)
    told = np.column_stack([-x, -x + 1e-9, np.ones(20)]) * 100.0
    at = np.array([2.3, 0.6, 94.0])
    assert "source.slope, diffusion.delta: the data tell only some combination" in unconstrained(
        keys, told, at
    )
    assert unconstrained(keys, np.column_stack([-x, x**2, np.ones(20)]) * 100.0, at) == ""


def test_a_share_that_is_known_to_less_than_itself_is_not_told():
    (iron,) = free_keys(SCENARIO, ["composition.iron"])
    slopes = np.full((1, 1), 100.0)
    assert "cannot tell" in unconstrained((iron,), slopes, np.array([0.0017]))
    assert unconstrained((iron,), slopes, np.array([0.1])) == ""


def test_a_fit_that_does_not_settle_says_so(predictions, monkeypatch):
    monkeypatch.setattr(module, "_MOST_STEPS", 1)
    with pytest.raises(NotConverged, match="the fit does not settle: chi\\^2 = "):
        best_fit(mock(predictions, 0), coordinates_of(predictions) + 0.1)


def test_a_medium_without_a_steady_state_ends_it(predictions):
    class Closed(Predictions):
        def at(self, coordinates):
            raise ValueError("nothing leaves this medium")

    closed = Closed(predictions.scenario, predictions.keys, predictions.measured)
    with pytest.raises(RunFailed, match=r"the fit came to source.slope = .*nothing leaves"):
        best_fit(closed, coordinates_of(predictions))


def test_pulls_of_several_models_at_once(predictions):
    model = predictions.at(coordinates_of(predictions))
    both, _ = pulls_of(predictions.measured, np.stack([model, 2.0 * model]))
    assert both.shape == (2, model.size) and np.all(both[1] > both[0])


def test_a_step_to_values_that_do_not_go_together_is_not_taken(of_source):
    class Fenced(Predictions):
        def allows(self, coordinates):
            return coordinates[0] < 2.25

    made = mock(of_source, 0, scatter=0.0)
    fenced = Fenced(made.scenario, made.keys, made.measured, made.kept)
    found = best_fit(fenced, coordinates_of(of_source) - np.array([0.1, 0.0]))
    assert found.coordinates[0] < 2.25 and found.chi2 > 10.0
