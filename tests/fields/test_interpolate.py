"""Bilinear interpolation of a table over R and |z|."""

import numpy as np
from crhalo.fields.interpolate import interpolate
from scipy.interpolate import RegularGridInterpolator

R_NODES, Z_NODES = np.array([0.0, 0.5, 2.0, 7.0]), np.array([0.0, 0.1, 3.0])
VALUES = np.random.default_rng(3).normal(size=(4, 3, 2))


def test_between_the_nodes_it_is_bilinear():
    rng = np.random.default_rng(4)
    R, z = rng.uniform(0.0, 7.0, (50, 1)), rng.uniform(-3.0, 3.0, 40)
    expected = RegularGridInterpolator((R_NODES, Z_NODES), VALUES)(
        np.stack(np.broadcast_arrays(R, np.abs(z)), axis=-1)
    )
    np.testing.assert_allclose(interpolate(VALUES, R_NODES, Z_NODES, R, z), expected, atol=1e-14)
    one = interpolate(VALUES[..., 1], R_NODES, Z_NODES, R, z)
    assert one.shape == (50, 40)
    np.testing.assert_allclose(one, expected[..., 1], atol=1e-14)


def test_at_the_nodes_and_beyond_the_last_it_is_theirs():
    found = interpolate(VALUES, R_NODES, Z_NODES, R_NODES[:, None], Z_NODES)
    np.testing.assert_allclose(found, VALUES, atol=1e-15)
    np.testing.assert_allclose(interpolate(VALUES, R_NODES, Z_NODES, 99.0, -99.0), VALUES[-1, -1], atol=1e-15)
    assert interpolate(VALUES, R_NODES, Z_NODES, 0.0, 0.0).shape == (2,)
