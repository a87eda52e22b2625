"""Sources at random: places, ages, directions, and what cannot be."""

import healpy
import numpy as np
import pytest
from crhalo.fields.disc.sources import radii_of_shares, share_within
from crhalo.fields.exceptions import UserError
from crhalo.maps.light.near_sources.cocoons import CocoonLight, Explosions, SourcePopulation, cocoon_skies
from crhalo.maps.light.sky import SUN_KPC

POPULATION = SourcePopulation(5e4, "snr", 15.0, 0.1)
LIGHT = CocoonLight(np.array([0.1, 0.2, 1.0]), np.array([0.0, 0.05, 0.1]), 0.02, np.ones((3, 2, 1)))
E = np.array([100.0])


def drawn(seed=1):
    return POPULATION.drawn(np.random.default_rng(seed), 1.0)


def test_sources_are_spread_as_they_should_be():
    found = drawn()
    count = len(found.age_Myr)
    assert abs(count - 5e4) < 4.0 * 5e4**0.5
    R, z = np.hypot(*found.place_kpc[:, :2].T), found.place_kpc[:, 2]
    table = radii_of_shares("snr", 15.0)
    for radius in (3.0, 8.0):
        share = float(share_within(table, 15.0, radius))
        assert abs((R < radius).mean() - share) < 4.0 * (share * (1.0 - share) / count) ** 0.5
    assert np.abs(z).mean() == pytest.approx(0.1, rel=0.02) and abs(z.mean()) < 3e-3
    assert np.linalg.norm(found.direction, axis=1) == pytest.approx(1.0)
    assert np.abs(found.direction.mean(axis=0)).max() < 0.01
    assert 0.0 <= found.age_Myr.min() and found.age_Myr.max() <= 1.0


def test_a_uniform_disc_is_uniform():
    R = np.hypot(
        *SourcePopulation(1e4, "uniform", 10.0, 0.0).drawn(np.random.default_rng(2), 1.0).place_kpc[:, :2].T
    )
    assert (R < 5.0).mean() == pytest.approx(0.25, abs=0.02)


def test_light_is_linear_between_epochs_and_ends_with_the_last():
    rising = CocoonLight(np.array([0.1, 0.2]), np.array([0.0, 0.1]), 0.02, np.array([[[1.0]], [[3.0]]]))
    np.testing.assert_allclose(
        rising.at(np.array([0.01, 0.1, 0.15, 0.2, 0.21])).ravel(), [1.0, 1.0, 2.0, 3.0, 0.0]
    )
    assert rising.whole == pytest.approx(2.0 * (0.1 * 1.0 + 0.1 * 2.0))


def test_a_source_is_seen_where_it_is():
    ahead = np.array([SUN_KPC]) + np.array([[0.0, 3.0, 0.0]])
    one = Explosions(ahead, np.array([[0.0, 0.0, 1.0]]), np.array([0.5]))
    sky = cocoon_skies([LIGHT], one, E, 64, np.random.default_rng(3))[0, 0]
    l, b = healpy.pix2ang(64, np.flatnonzero(sky), lonlat=True)
    # 100 pc up and down at 3 kpc, in the direction l = 90.
    assert np.abs(l - 90.0).max() < 2.0 and 1.0 < np.abs(b).max() < 2.7


def test_same_numbers_same_sky_and_each_light_has_its_own():
    twice = [cocoon_skies([LIGHT], drawn(4), E, 8, np.random.default_rng(4)) for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    dimmer = CocoonLight(LIGHT.age_Myr, LIGHT.edges_kpc, 0.02, 0.25 * LIGHT.power)
    both = cocoon_skies([LIGHT, dimmer], drawn(4), E, 8, np.random.default_rng(4))
    np.testing.assert_allclose(both[1], 0.25 * both[0])


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: SourcePopulation(0.0, "snr", 15.0, 0.1), "above zero"),
        (lambda: SourcePopulation(1.0, "snr", 15.0, -0.1), "above zero"),
        (
            lambda: cocoon_skies(
                [LIGHT, CocoonLight(LIGHT.age_Myr, LIGHT.edges_kpc, 0.01, LIGHT.power)],
                drawn(), E, 8, np.random.default_rng(1),
            ),
            "one shape",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(make, why):
    with pytest.raises(UserError, match=why):
        make()
