"""Chains of nuclei: their order, the rigidities of parents, and what sources do to them."""

import numpy as np
import pytest
from crhalo.fields.units import M_P_G, MBARN_CM2
from crhalo.mc.diffusion.nuclei import Network, Nucleus, after_the_sources

EDGES = np.geomspace(5.0, 500.0, 21)
CHAIN = (
    Nucleus.of("C12", 6, 12),
    Nucleus.of("Be10", 4, 10, 2.0, "B10"),
    Nucleus.of("B10", 5, 10),
)


def network(chain=CHAIN, made=10.0, destroyed=200.0):
    count = len(chain)
    table = np.tile(np.tril(np.full((count, count), made), -1), (20, 1, 1))
    return Network(chain, EDGES, np.full((20, count), destroyed), table)


def test_a_fragment_keeps_its_energy_per_nucleon():
    of = network()
    assert of.moved(1, 0) == pytest.approx(12 / 6 / (10 / 4))
    R = 30.0
    gammas = CHAIN[0].lorentz_factor(R * of.moved(1, 0)), CHAIN[1].lorentz_factor(R)
    assert gammas[0] == pytest.approx(gammas[1])


def test_decays_are_slowed_by_the_lorentz_factor_of_the_parent():
    of = network()
    rates = of.made_by_decay_Myr()
    assert np.count_nonzero(rates.any(axis=0)) == 1
    # B10 of 40 GV comes from Be10 of 50 GV.
    expected = 1.0 / (2.0 * CHAIN[1].lorentz_factor(1.25 * of.rigidity_GV))
    np.testing.assert_allclose(rates[:, 2, 1], expected)


@pytest.mark.parametrize(
    "chain", [CHAIN[::-1], (Nucleus.of("B10", 5, 10), Nucleus.of("Be10", 4, 10, 2.0, "B10"))]
)
def test_a_chain_that_does_not_run_down_is_refused(chain):
    with pytest.raises(ValueError, match="must come after"):
        network(chain)


def test_what_is_made_from_itself_is_refused():
    made = np.ones((20, 3, 3))
    with pytest.raises(ValueError, match="must come after"):
        Network(CHAIN, EDGES, np.ones((20, 3)), made)
    with pytest.raises(ValueError, match="must be"):
        Network(CHAIN, EDGES, np.ones((19, 3)), made)


def test_sources_destroy_and_make():
    """To first order in their grammage; rates as R^-1.5 per ln R."""
    of, X = network(), 1e-3
    R = of.rigidity_GV
    rates = (R**-1.5)[:, None] * np.array([1.0, 0.0, 0.0])
    left = after_the_sources(of, rates, X)
    s = X * MBARN_CM2 / M_P_G
    np.testing.assert_allclose(left[:, 0], rates[:, 0] / (1.0 + 200.0 * s))
    np.testing.assert_allclose(left[:, 1] / rates[:, 0], 10.0 * s * 1.25**1.5, rtol=1e-3)
    np.testing.assert_allclose(left[:, 2] / rates[:, 0], 10.0 * s, rtol=1e-3)
    np.testing.assert_allclose(after_the_sources(of, rates, 0.0), rates)
