"""Averages about nodes and over cells: no mass is lost, whatever the edges."""

import numpy as np
import pytest
from crhalo.fields.averages import about_nodes, of_cells, places_in_cells
from crhalo.fields.medium_table import axis

R = axis((2.0, 0.1), (12.0, 0.25), (20.0, 1.0)).nodes
Z = axis((0.3, 0.0125), (1.0, 0.05), (5.0, 0.25)).nodes


def mass(means):
    """Of both sides of the plane, from the means over one cell that holds all the nodes."""
    over_R, over_z = of_cells(R, R[[0, -1]], radial=True), of_cells(Z, Z[[0, -1]], radial=False)
    return 2.0 * np.pi * R[-1] ** 2 * Z[-1] * float((over_R @ means @ over_z.T)[0, 0])


@pytest.mark.parametrize(("R_edge", "z_edge"), [(1.3, 0.057), (3.37, 0.083), (10.0, 0.1), (17.3, 2.1)])
def test_an_edge_changes_no_mass(R_edge, z_edge):
    means = about_nodes(lambda R, z: 1.0 * (R < R_edge) * (z < z_edge), R, Z)
    assert mass(means) == pytest.approx(2.0 * np.pi * R_edge**2 * z_edge, rel=5e-3)
    assert means.min() >= 0.0 and means.max() <= 1.0 + 1e-12
    # Twin: the values at the nodes.
    at_nodes = 1.0 * (R[:, None] < R_edge) * (Z < z_edge)
    assert mass(at_nodes) != pytest.approx(2.0 * np.pi * R_edge**2 * z_edge, rel=5e-3)


def test_an_ellipsoid_and_an_exponential():
    ellipsoid = about_nodes(lambda R, z: 1.0 * (R**2 / 9.0 + z**2 / 0.25 < 1.0), R, Z)
    assert mass(ellipsoid) == pytest.approx(4.0 / 3.0 * np.pi * 9.0 * 0.5, rel=2e-3)
    falls = about_nodes(lambda R, z: np.exp(-R / 2.5 - z / 0.05), R, Z)
    assert mass(falls) == pytest.approx(4.0 * np.pi * 2.5**2 * 0.05, rel=5e-3)


def test_constants_and_straight_lines():
    np.testing.assert_allclose(about_nodes(lambda R, z: 0.3, R, Z), 0.3, rtol=1e-14)
    edges = np.array([0.0, 0.07, 1.93, 4.0])
    over_z = of_cells(Z, edges, radial=False) @ Z
    np.testing.assert_allclose(over_z, 0.5 * (edges[1:] + edges[:-1]), rtol=1e-13)
    low, high = edges[:-1], edges[1:]
    of_rings = 2.0 / 3.0 * (high**3 - low**3) / (high**2 - low**2)
    np.testing.assert_allclose(of_cells(R, edges, radial=True) @ R, of_rings, rtol=1e-13)
    beyond = of_cells(Z, np.array([4.0, 7.0]), radial=False) @ Z
    assert beyond == pytest.approx([(4.5 + 2 * 5.0) / 3.0])


def test_places_are_those_of_gauss():
    x, length = places_in_cells(np.array([0.0, 1.0, 3.0]), 2)
    assert x.shape == length.shape == (2, 4)
    for power in range(4):
        exact = 3.0 ** (power + 1) / (power + 1)
        assert (length * x**power).sum() == pytest.approx(exact, rel=1e-12)
