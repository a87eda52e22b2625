"""A dry run and a run say the same of the Larmor radius: that in the mean field."""

import pytest
from crhalo.scenarios import load
from crhalo.scenarios.studies.orbits import diffusion_tests
from crhalo.scenarios.studies.registry import study_of


@pytest.mark.parametrize("name", ["self-generated-slab", "diffusion-check", "bell-turbulence"])
def test_larmor_radius_of_a_dry_run(name):
    scenario = load(name)
    planned = study_of(scenario).plan(scenario, 2)
    ran = diffusion_tests(scenario, 2)
    expected = [test.larmor_radius_kpc / test.turbulence.correlation_length_kpc for test in ran]
    assert planned["r_L_over_lc"] == pytest.approx(expected, rel=1e-6)
