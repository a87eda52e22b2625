"""The stratified halo field."""

import numpy as np
import pytest
from crhalo.fields.surface import distance_from_disc_kpc, exponential_field_uG

R_D = 10.0


@pytest.mark.parametrize(
    ("R", "z", "d"), [(0, 0, 0), (3, -4, 4), (10, 4, 4), (13, 4, 5), (13, -4, 5), (12, 0, 2)]
)
def test_distance_from_the_disc(R, z, d):
    assert distance_from_disc_kpc(R, z, R_D) == pytest.approx(d)


def test_field_values():
    assert exponential_field_uG(0, 0, 3.0, 2.0, R_D) == 3.0
    assert exponential_field_uG(0, 2, 3.0, 2.0, R_D) == pytest.approx(3 / np.e)
    assert exponential_field_uG(12, 0, 3.0, 2.0, R_D) == pytest.approx(3 / np.e)


def test_field_is_symmetric_continuous_at_the_rim_and_finite():
    R, z = np.meshgrid([0, 1e-9, 9.999999, 10.000001, 50, 1e4], [-1e4, -3, 0, 3, 1e4])
    B = exponential_field_uG(R, z, 3.0, 2.0, R_D)
    assert B.shape == R.shape and np.isfinite(B).all() and (B >= 0).all()
    np.testing.assert_array_equal(B, B[::-1])
    np.testing.assert_allclose(B[:, 2], B[:, 3], rtol=1e-5)


def test_field_falls_in_every_direction_away_from_the_disc():
    d = np.linspace(0, 40, 200)
    assert (np.diff(exponential_field_uG(5.0, d, 3.0, 2.0, R_D)) < 0).all()
    assert (np.diff(exponential_field_uG(R_D + d, 1.0, 3.0, 2.0, R_D)) < 0).all()
