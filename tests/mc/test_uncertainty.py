"""Values with their errors: by the jackknife, in sums and ratios, and how far an error can be trusted."""

import numpy as np
import pytest
from crhalo.mc.uncertainty import Estimate, Interval, interval, reached


def replicas_of(alone):
    """The mean of some batches, and the means that leave one of them out."""
    alone = np.asarray(alone, float)
    return np.concatenate([alone.mean(axis=0)[None], (alone.sum(axis=0) - alone) / (len(alone) - 1)])


# -- an estimate ---------------------------------------------------------------------------


def test_error_of_a_mean_is_that_of_the_scatter():
    alone = np.random.default_rng(1).normal(3.0, 1.0, (32, 5))
    found = Estimate.of(replicas_of(alone))
    np.testing.assert_allclose(found.value, alone.mean(axis=0))
    np.testing.assert_allclose(found.error, alone.std(axis=0, ddof=1) / np.sqrt(32))
    assert np.isnan(Estimate.of(replicas_of(alone)[:2]).error).all()


def test_factors_scale_value_and_error_and_leave_the_energies():
    E = np.array([1.0, 10.0])
    flux = Estimate(np.array([2.0, 3.0]), np.array([0.2, 0.6]), E)
    for found in (flux * E**2, E**2 * flux, flux / E**-2.0):
        np.testing.assert_allclose(found.value, [2.0, 300.0])
        np.testing.assert_allclose(found.error, [0.2, 60.0])
        assert found.energy_GeV is E
    assert flux.as_dict() == {"value": [2.0, 3.0], "error": [0.2, 0.6]}


def test_an_estimate_is_no_pair():
    """Of one with two values that would go unseen: value, error = estimate."""
    with pytest.raises(TypeError):
        _value, _error = Estimate(np.array([2.0, 3.0]), np.array([0.2, 0.6]))


# -- its interval --------------------------------------------------------------------------


def test_students_interval_covers_what_it_should():
    """Of 4000 means of 4 numbers, the 68% interval holds the truth 68% of the time; a normal one does not."""
    chance = np.random.default_rng(3)
    covered = normal = 0
    for _ in range(4000):
        alone = chance.normal(5.0, 1.0, 4)
        total = alone.sum()
        each = interval(np.append(total / 4, (total - alone) / 3))
        covered += abs(each.value - 5.0) < each.half_width
        normal += abs(each.value - 5.0) < alone.std(ddof=1) / 2.0
    sigma = np.sqrt(4000 * 0.6827 * 0.3173)
    assert abs(covered - 4000 * 0.6827) < 3.0 * sigma
    assert normal < 4000 * 0.6827 - 5.0 * sigma


def test_heavy_tails_are_flagged():
    chance = np.random.default_rng(5)

    def of(alone):
        return interval(np.append(alone.mean(), (alone.sum() - alone) / (alone.size - 1)))

    assert not of(chance.normal(1.0, 0.1, 32)).heavy_tailed
    tail = np.ones(32)
    tail[7] = 50.0
    assert of(tail).heavy_tailed


@pytest.mark.parametrize("power", [1.5, 3.0])
def test_the_slope_of_a_tail_is_that_of_its_law(power):
    """A density that falls as x^-(1 + power), in 2000 batches; four standard errors of Hill's estimator."""
    alone = (1.0 + np.random.default_rng(6).pareto(power, 2000)) * np.resize([1.0, -1.0], 2000)
    found = interval(np.append(alone.mean(), (alone.sum() - alone) / 1999))
    assert abs(found.tail_slope - 1.0 - power) < 4.0 * power / np.sqrt(500)


@pytest.mark.parametrize(
    ("intervals", "batches", "yes"),
    [
        ({"a": Interval(1.0, 0.01, 0.05, 4.0)}, 32, True),
        ({"a": Interval(1.0, 0.01, 0.05, 4.0)}, 9, False),
        ({"a": Interval(0.0, 0.0, 0.05, 4.0)}, 32, False),
        ({"a": Interval(float("nan"), 0.0, 0.05, 4.0)}, 32, False),
        ({"a": Interval(1.0, float("nan"), 0.05, 4.0)}, 32, False),
        ({"a": Interval(1.0, 0.0, 0.05, 4.0)}, 32, False),
        ({"a": Interval(1.0, 0.01, 0.05, 4.0), "b": Interval(1.0, 0.03, 0.05, 4.0)}, 32, False),
    ],
)
def test_precision_is_never_reached_by_nothing(intervals, batches, yes):
    assert reached(intervals, batches, 0.02) is yes
