"""Light of stars and dust on the way of gamma rays: at the Sun, from far away, and none at all."""

import numpy as np
import pytest
from crhalo.maps.light.sky import SUN_R_KPC, SUN_Z_KPC, table_sky_map
from crhalo.maps.light.starlight import (
    GREY_BODIES,
    starlight_absorption_per_kpc,
    starlight_over_local,
    starlight_sky_map,
)

NODES = np.linspace(0.0, 30.0, 31)
TABLE = np.exp(-0.5 * ((np.hypot(NODES[:, None], NODES) - 20.0) / 2.0) ** 2)[..., None] * np.ones(3)
OPTIONS = {"r_max_kpc": 30.0, "disc_radius_kpc": None}


def test_light_at_the_sun():
    """0.25 eV/cm^3 of dust and 0.7 of stars: black bodies hold 4 sigma T^4/c each."""
    eV_cm3 = [share * 4.722e-3 * T**4 for T, share in GREY_BODIES]
    assert eV_cm3[0] == pytest.approx(0.254, rel=0.01)
    assert sum(eV_cm3[2:]) == pytest.approx(0.72, rel=0.02)
    assert starlight_over_local([SUN_R_KPC], [SUN_Z_KPC]) == pytest.approx(1.0)


def test_far_away_the_disc_is_a_point():
    near, far = (starlight_over_local([0.0, r], [r, 0.0]) for r in (100.0, 200.0))
    assert near[0, 0] / far[0, 0] == pytest.approx(4.0, rel=0.02)
    assert near[1, 1] / far[1, 1] == pytest.approx(4.0, rel=0.02)
    assert near[0, 0] == pytest.approx(near[1, 1], rel=0.05)
    np.testing.assert_array_equal(starlight_over_local([4.0], [-1.0]), starlight_over_local([4.0], [1.0]))


def test_most_is_taken_where_dust_shines():
    E = np.geomspace(1e3, 1e7, 200)
    absorption = starlight_absorption_per_kpc(E)
    assert E[absorption.argmax()] == pytest.approx(1.75e5, rel=0.1)
    assert starlight_absorption_per_kpc(np.ones((2, 3))).shape == (2, 3)


def test_without_starlight_it_is_the_map_of_the_microwave_background():
    k = np.array([0.0, 0.02, 0.1])
    plain = table_sky_map(TABLE, NODES, NODES, 4, absorption_per_kpc=k, **OPTIONS)
    ours = starlight_sky_map(
        TABLE, NODES, NODES, 4, absorption_per_kpc=k, starlight_per_kpc=np.zeros(3), **OPTIONS
    )
    np.testing.assert_allclose(ours, plain, rtol=1e-3)  # cut steps have their own transmission


def test_both_dim_and_the_centre_most():
    k = np.array([0.0, 0.0, 0.02])
    starlight = np.array([0.0, 0.01, 0.01])
    single = TABLE.astype(np.float32)
    bare, dim, both = starlight_sky_map(
        single, NODES, NODES, 4, absorption_per_kpc=k, starlight_per_kpc=starlight, **OPTIONS
    )
    assert np.all(both < dim) and np.all(dim < bare)
    assert (dim / bare).argmin() in (72, 88, 104)  # the pixels next to the centre
