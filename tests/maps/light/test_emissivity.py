"""Emissivity: units, the matrix over bins, scaling."""

import numpy as np
import pytest
from crhalo.maps.light.emissivity import emissivity, emissivity_matrix, local_helium_per_proton
from crhalo.maps.light.secondaries import production_cross_section_mb_GeV

EDGES = 10 ** np.linspace(0, 7, 57)
PRODUCT = np.geomspace(1, 10**6.5, 27)


@pytest.mark.parametrize("secondary", ["gamma", "neutrino", "electron_positron"])
def test_bins_agree_with_a_fine_grid(secondary):
    number = 1 / EDGES[:-1] - 1 / EDGES[1:]  # of E^-2
    q = emissivity_matrix(secondary, PRODUCT, EDGES) @ number
    proton = np.geomspace(1, 1e7, 7 * 500 + 1)
    exact = emissivity(secondary, PRODUCT, proton, proton**-2)
    np.testing.assert_allclose(q[:-1], exact[:-1], rtol=0.005)
    assert q[-1] == pytest.approx(exact[-1], rel=0.03)  # a third of the highest proton energy


def test_a_narrow_bin_is_c_times_the_cross_section():
    q = emissivity_matrix("neutrino", [100.0], [999.9, 1000.1])
    sigma = production_cross_section_mb_GeV("neutrino", 1e3, 100.0)
    assert q[0, 0] == pytest.approx(1e-27 * 2.99792458e10 * sigma[0, 0], rel=1e-3)


def test_linear_over_any_leading_shape():
    proton = np.geomspace(1, 1e6, 121)
    density = np.stack([proton**-2, 3 * proton**-2.5])[:, None, :] * np.ones((2, 3, 1))
    q = emissivity("gamma", PRODUCT, proton, density)
    assert q.shape == (2, 3, PRODUCT.size)
    np.testing.assert_allclose(q[1, 2], 3 * emissivity("gamma", PRODUCT, proton, proton**-2.5))
    np.testing.assert_allclose(emissivity("gamma", PRODUCT, proton, density, 1.8), 1.8 * q)


def test_helium_adds_what_it_is_per_proton():
    """None adds nothing; twice as much twice; at high energies E/n is half of the proton's, and v is c."""
    bin_GeV = [999.9, 1000.1]
    plain = emissivity_matrix("neutrino", [50.0], bin_GeV)
    none, one, two = (emissivity_matrix("neutrino", [50.0], bin_GeV, np.array([x])) for x in (0.0, 0.1, 0.2))
    np.testing.assert_array_equal(none, plain)
    np.testing.assert_allclose(two - plain, 2 * (one - plain))
    sigma = production_cross_section_mb_GeV("neutrino", 500.0, 50.0, "He-p")
    assert (one - plain)[0, 0] == pytest.approx(0.1 * 1e-27 * 2.99792458e10 * sigma[0, 0], rel=1e-3)


def test_local_helium_is_that_of_ams02():
    """p/He of AMS-02 in 2015 (PRL 115, 211101): 5.229 at 18.7 GV, 4.253 at 201 GV; of 2021 up to 4% less.

    It is held beyond the last bin of protons.
    """
    edges = np.array([18.5, 19.0, 200.0, 202.5, 1e4, 1e5, 1e6])
    ratio = 1 / local_helium_per_proton(edges, heavier=False)
    assert ratio[0] == pytest.approx(5.229, rel=0.04) and ratio[2] == pytest.approx(4.254, rel=0.04)
    assert ratio[4] == ratio[5] == pytest.approx(3.68, rel=0.04)
    # CNO, Ne to Si and iron hold about 40% as many nucleons as helium.
    all_nuclei = local_helium_per_proton(edges) * ratio
    assert np.all((all_nuclei > 1.3) & (all_nuclei < 1.6))
