"""Values at an energy: exact for power laws, not biased by noise, and told apart from means over a decade."""

import numpy as np
import pytest
from crhalo.mc.local_fit import HALF_WIDTH, at_energies

EDGES = np.geomspace(1.0, 1e7, 7 * 16 + 1)
GROUPS = np.sqrt(EDGES[1:] * EDGES[:-1])
WANTED = np.array([1.5, 10.0, 333.0, 1e5, 6e6])


def mean_over_a_decade(groups, values, energy):
    """The broken twin: what is not a value at an energy."""
    return values[:, np.abs(np.log(groups / energy)) < HALF_WIDTH].mean(axis=1)


@pytest.mark.parametrize("slope", [-2.0, -0.9, 0.0, 1.5])
def test_power_laws_are_exact(slope):
    found = at_energies(WANTED, GROUPS, GROUPS[None] ** slope)[0]
    np.testing.assert_allclose(found, WANTED**slope, rtol=6e-3)
    np.testing.assert_allclose(found[1:-1], WANTED[1:-1] ** slope, rtol=1e-3)
    twin = mean_over_a_decade(GROUPS, GROUPS[None] ** slope, 1e5)[0]
    assert (abs(twin / 1e5**slope - 1.0) > 0.1) == (slope != 0.0)


def test_a_bend_between_two_power_laws():
    def q(E):
        return (E / 1e3) ** -0.3 / (1.0 + (E / 1e4) ** 0.9)

    E = np.geomspace(10.0, 1e6, 23)
    np.testing.assert_allclose(at_energies(E, GROUPS, q(GROUPS)[None])[0], q(E), rtol=2e-3)


def test_noise_does_not_bias():
    """A group scatters by 50% and is skew: the mean over trials is right, that of logarithms is 12% low."""
    noise = np.random.default_rng(1).gamma(4.0, 0.25, (600, GROUPS.size))
    found = at_energies([1e3], GROUPS, GROUPS**-0.9 * noise)[:, 0] / 1e3**-0.9
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - 1.0) < 3 * error < 0.03
    assert found.std() < 0.2
    logarithms = np.exp(np.log(noise[:, 40:56]).mean(axis=1))
    assert abs(logarithms.mean() - 1.0) > 10 * error


def test_more_axes_and_replicas_are_fitted_alone():
    values = np.stack([GROUPS**-0.5, 3.0 * GROUPS**0.5], axis=-1) * np.array([1.0, 2.0])[:, None, None]
    found = at_energies([10.0, 100.0], GROUPS, values)
    assert found.shape == (2, 2, 2)
    np.testing.assert_allclose(found[1], 2.0 * found[0])
    np.testing.assert_allclose(found[0, :, 1], 3.0 * np.sqrt([10.0, 100.0]), rtol=1e-5)


def test_empty_groups():
    nothing = at_energies(WANTED, GROUPS, np.zeros((3, GROUPS.size)))
    assert (nothing == 0.0).all()
    known = np.where(GROUPS < 1e3, 1.0, np.nan)[None]
    found = at_energies([10.0, 1e5], GROUPS, known)[0]
    assert found[0] == pytest.approx(1.0) and np.isnan(found[1])
    # With most groups empty the mean: a parabola through a few of them could be anything.
    rare = np.where(np.arange(GROUPS.size) % 8 == 0, 8.0, 0.0)[None]
    assert at_energies([1e3], GROUPS, rare)[0, 0] == pytest.approx(1.0)


def test_a_replica_with_too_few_groups():
    """Densities of a run of 272 particles about 10 GeV: one of its replicas lacks two groups more."""
    groups = 10.0 * 10.0 ** (np.arange(-3.5, 4.0) / 8)
    all_of_it = np.array([0.0, 3.1, 43.3, 78.9, 19.5, 0.627, 0.0871, 0.0])
    values = np.tile(all_of_it, (12, 1))
    values[3, [1, 6]] = 0.0
    found = at_energies([10.0], groups, values)[:, 0]
    assert found.max() < all_of_it.max() and found.min() > 0.0
    # Fitted by itself that replica says anything: an error of many times the value.
    assert abs(np.log(at_energies([10.0], groups, values[3:4])[0, 0] / found[0])) < 1.0


def test_a_single_group():
    assert at_energies([2.0], np.array([2.0]), np.array([[5.0]]))[0, 0] == pytest.approx(5.0)
