"""What orbits go through in a galaxy: where its field and its waves are, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.turbulence.of_galaxy import galactic_turbulence
from crhalo.fields.vectors import sample

E_GEV = 1e6
TUBE = Galaxy(field="tube", r_max_kpc=30.0)


@pytest.fixture(scope="module")
def found():
    return galactic_turbulence(TUBE, TUBE.medium(), (0.5 * E_GEV, 2.0 * E_GEV))


def places(z_low, z_high, count=300):
    rng = np.random.default_rng(1)
    return np.stack([*rng.uniform(-0.5, 0.5, (2, count)), rng.uniform(z_low, z_high, count)], axis=-1)


@pytest.mark.parametrize("galaxy", [TUBE, Galaxy(field="x-shaped"), Galaxy(field="azimuthal", epsilon=0.1)])
def test_the_regular_field_is_that_of_the_lines(galaxy):
    regular = galactic_turbulence(galaxy, galaxy.medium(), (E_GEV, E_GEV)).regular
    at = places(-3.0, 3.0) + np.array([2.0, 1.0, 0.0])
    R = np.hypot(at[:, 0], at[:, 1])
    B_R, B_phi, B_z = (np.asarray(each) for each in galaxy.lines.field(R, np.abs(at[:, 2])))
    e = at[:, :2] / R[:, None]
    B_R = np.sign(at[:, 2]) * B_R
    exact = np.stack([B_R * e[:, 0] - B_phi * e[:, 1], B_R * e[:, 1] + B_phi * e[:, 0], B_z], axis=-1)
    off = np.linalg.norm(sample(regular, at) - exact, axis=-1) / np.linalg.norm(exact, axis=-1)
    assert off.max() < 1e-3


def test_waves_have_the_power_that_the_medium_says(found):
    """F = r_L v/(3 D) in a part 1/F_lnk of the field, at 2 kpc as in the disc."""
    at = places(1.9, 2.1)
    squares = np.mean([(sample(found.waves.realisation(seed), at) ** 2).sum(-1).mean() for seed in range(20)])
    i, j = 0, int(np.argmin(np.abs(found.waves.z.nodes - 2.0)))
    assert squares == pytest.approx(found.waves.at(i, j, 1.0).rms_uG ** 2, rel=0.1)


def test_one_turbulence_goes_over_into_the_other_at_the_surface(found):
    surface = TUBE.surface_extent_kpc[1]
    z = TUBE.medium().table.z.nodes
    distance = TUBE.medium().table.distance[0]
    z_surface = float(np.interp(0.0, distance, z))
    assert 1.0 < z_surface <= surface
    deep, far = places(0.5, 1.0, 50), places(z_surface + 1.5, z_surface + 2.0, 50)
    front, behind = found.waves.realisation(1), found.behind.realisation(1)
    assert np.all(sample(behind, deep) == 0.0) and np.all(sample(front, far) == 0.0)
    rms = np.sqrt(
        np.mean([(sample(found.behind.realisation(s), far) ** 2).sum(-1).mean() for s in range(20)])
    )
    window = np.log(found.behind.window[1] / found.behind.window[0]) / np.log(1e3)
    assert rms == pytest.approx(float(TUBE.saturated_field_uG(0.0, z_surface + 1.75)) * window**0.5, rel=0.15)


def test_realisations_differ_and_are_seeded(found):
    at = places(0.5, 1.0, 20)
    one, same, other = (sample(found.realisation(seed), at) for seed in ((1, 0), (1, 0), (1, 1)))
    np.testing.assert_array_equal(one, same)
    assert not np.any(one == other)


def test_a_galaxy_without_lines_is_refused():
    plain = replace(TUBE, field="isotropic")
    with pytest.raises(UserError, match=r'medium\.field = "isotropic": allowed: a field with lines'):
        galactic_turbulence(plain, plain.medium(), (E_GEV, E_GEV))


def test_waves_stronger_than_the_field_are_refused():
    strong = replace(TUBE, diffusion=lambda p, R, z: 1e-6 * p / p + 0.0 * R * z)
    with pytest.raises(UserError, match=r"would be stronger than the field, F = .*; allowed: F < 1"):
        galactic_turbulence(strong, strong.medium(), (E_GEV, E_GEV))
