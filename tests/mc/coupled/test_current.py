"""The current that drives the instability, measured: what a galaxy does with it."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy


def test_a_current_of_one_is_the_prescribed_one():
    p, R, z = np.array([1e2, 1e5]), 0.0, 15.0
    same = Galaxy(current=lambda E: np.ones_like(E))
    np.testing.assert_allclose(same.diffusion_bell(p, R, z), Galaxy().diffusion_bell(p, R, z))
    assert same.energy_flux == pytest.approx(Galaxy().energy_flux)


def test_each_energy_scatters_on_its_own_current():
    """B goes with its root, D with its inverse; the largest current carries the gas along."""
    galaxy = Galaxy(current=lambda E: np.where(E < 1e3, 1.0, 0.25))
    p = np.array([1e2, 1e5])
    np.testing.assert_allclose(galaxy.diffusion_bell(p, 0, 15) / Galaxy().diffusion_bell(p, 0, 15), [1, 2])
    assert galaxy.outflow(0.0, 15.0)[1] == pytest.approx(Galaxy().outflow(0.0, 15.0)[1])
