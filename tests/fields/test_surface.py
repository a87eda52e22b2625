"""Signed distance to a surface."""

import numpy as np
import pytest
from crhalo.fields.surface import signed_distance_kpc

R = np.array([0.0, 0.3, 1.0, 2.5, 4.9, 5.0, 5.1, 8.0, 20.0])
Z = np.array([0.0, 0.1, 0.7, 3.9, 4.0, 4.1, 6.0, 15.0])
MESH_R, MESH_Z = np.meshgrid(R, Z, indexing="ij")


@pytest.mark.parametrize(
    "level", [lambda R, z: R**2 + z**2 - 25, lambda R, z: np.log((R**2 + z**2 + 1e-30) / 25)]
)
def test_sphere_whatever_the_scale_of_its_level(level):
    distance = signed_distance_kpc(level, R, Z)
    np.testing.assert_allclose(distance, np.hypot(MESH_R, MESH_Z) - 5, atol=1e-3)


def test_slab_to_the_edge_of_the_grid():
    distance = signed_distance_kpc(lambda R, z: np.abs(z) - 4 + 0 * R, R, Z)
    np.testing.assert_allclose(distance, MESH_Z - 4, atol=1e-3)


def test_box_has_a_round_outside_and_a_sharp_inside():
    distance = signed_distance_kpc(lambda R, z: np.maximum(R - 6, z - 4), R, Z)
    outside = np.hypot(np.maximum(MESH_R - 6, 0), np.maximum(MESH_Z - 4, 0))
    inside = np.maximum(MESH_R - 6, MESH_Z - 4)
    # The corner is cut within one fine cell, 0.05 kpc.
    np.testing.assert_allclose(distance, np.where(inside > 0, outside, inside), atol=0.02)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_without_a_surface_it_is_infinitely_far(sign):
    distance = signed_distance_kpc(lambda R, z: sign + 0 * (R + z), R, Z)
    assert distance.shape == MESH_R.shape and (distance == sign * np.inf).all()
