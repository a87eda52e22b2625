"""Spherical skies: the mean of thin shells by the closed form, and maps that agree with it."""

import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.maps.light.sky import SUN_R_KPC, SUN_Z_KPC
from crhalo.maps.light.spherical import SphericalSky

SUN_KPC = np.hypot(SUN_R_KPC, SUN_Z_KPC)


@pytest.fixture(scope="module")
def sky():
    return SphericalSky(200.0)


def mean_of_shells(faces_kpc, emissivity):
    """<I> = (1/4 pi) integral q r/(2 d) ln((r + d)/|r - d|) dr, d the distance of the Sun from the centre."""
    total = np.zeros(emissivity.shape[1])
    for low, high, q in zip(faces_kpc[:-1], faces_kpc[1:], emissivity, strict=True):
        r = low + (high - low) * (np.arange(200) + 0.5) / 200
        kernel = r / (2 * SUN_KPC) * np.log((r + SUN_KPC) / np.abs(r - SUN_KPC))
        total += q * kernel.mean() * (high - low)
    return total * KPC_CM / (4 * np.pi)


@pytest.mark.parametrize("inner", [12.0, 50.0])
@pytest.mark.parametrize("thickness", [1e-3, 0.1])
def test_a_shell_however_thin_is_all_there(sky, inner, thickness):
    faces = inner * np.array([1.0, 1.0 + 0.5 * thickness, 1.0 + thickness])
    emissivity = np.array([[1e-30, 0.0], [3e-30, 1e-32]])
    mean = sky.mean(sky.at_nodes(faces, emissivity))
    np.testing.assert_allclose(mean, mean_of_shells(faces, emissivity), rtol=2e-3)


def test_a_map_has_that_mean_and_is_dimmed(sky):
    faces = np.array([40.0, 60.0])
    table = sky.at_nodes(faces, np.array([[1e-30, 1e-30]]))
    clear, dim = sky.maps(table, 8, np.array([0.0, 0.02]))
    assert clear.mean() == pytest.approx(sky.mean(table)[0], rel=5e-3)
    # From 32 to 68 kpc.
    assert np.exp(-0.02 * 68) < dim.mean() / clear.mean() < np.exp(-0.02 * 32)
    assert clear.min() > 0.95 * clear.max()


def test_light_from_beyond_r_max_is_not_seen(sky):
    assert not sky.at_nodes(np.array([250.0, 300.0]), np.array([[1.0]])).any()
