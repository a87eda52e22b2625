"""The waves of the scenarios as they are shipped, over all energies: those of tests are over a few."""

import pytest
from crhalo.scenarios import load
from crhalo.scenarios.build import find_waves, given_medium
from crhalo.scenarios.progress import quiet


@pytest.mark.parametrize("name", ["cascade-halo", "self-controlled", "self-generated-halo"])
def test_they_converge(name):
    scenario = load(name)
    assert find_waves(scenario, given_medium(scenario).galaxy, 2, quiet).converged
