"""Where a straight path meets the surface, against the first change of sign on a fine grid."""

import numpy as np
import pytest
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import axis
from crhalo.mc.kernels.arithmetic.vector import Vector
from crhalo.mc.kernels.move import ON_SURFACE_KPC, SURFACE_RESOLUTION_KPC, crossing
from crhalo.mc.kernels.particle import at, turned
from scipy.interpolate import RegularGridInterpolator

LENGTH, GRID = 8.0, 40_000


def table_of(surface):
    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: p + 0 * R,
        diffusion_bell=lambda p, R, z: p + 0 * R,
        surface=surface,
        R_axis=axis((1.0, 0.125), (12.0, 0.25)),
        z_axis=axis((1.0, 0.125), (12.0, 0.25)),
        r_max_kpc=12.0,
        gas_disc=lambda R, z: 0 * R,
        gas_halo=lambda R, z: 0 * R,
        gas_cgm=lambda R, z: 0 * R,
        loss_rate=lambda p: 0 * p,
    ).table


@pytest.fixture(scope="module")
def table():
    """A surface with a waist, so that a path may leave it and come back."""
    return table_of(lambda R, z: np.hypot(R, z) - 5 - np.cos(3 * np.arctan2(z, R)))


def distances(table, place, way, paths):
    """Signed distances to the surface along a path."""
    x, y, z = (np.asarray(place) + np.multiply.outer(paths, way)).T
    between = RegularGridInterpolator((table.R.nodes, table.z.nodes), table.distance)
    nodes = table.R.nodes[-1], table.z.nodes[-1]
    return between(np.stack([np.minimum(np.hypot(x, y), nodes[0]), np.minimum(np.abs(z), nodes[1])], -1))


def way_from(random):
    way = random.normal(size=3)
    return Vector(*(way / np.linalg.norm(way)).tolist())


def particle_at(table, place, way, side):
    return turned(at(table, side > 0, *place, way, 7.0, 300.0), way, 7.0)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_path_is_followed_to_where_it_first_leaves_its_side(table, side):
    random = np.random.default_rng(5)
    paths = np.linspace(0.0, LENGTH, GRID)
    met = 0
    for _ in range(120):
        place, way = random.uniform(-6.0, 6.0, 3).tolist(), way_from(random)
        g = side * distances(table, place, way, paths)
        if g[0] <= 0.0:
            continue
        found = crossing(table, side, particle_at(table, place, way, side), way, LENGTH)
        beyond = g < 0.0
        # A stretch on the other side that is shorter than the steps of the search may be passed over.
        ends = np.flatnonzero(np.diff(beyond.astype(int)) > 0)
        step = int(1.01 * SURFACE_RESOLUTION_KPC / paths[1])
        long = [end for end in ends if beyond[end + 1 : end + 1 + step].all()]
        if found < 0.0:
            assert not long
            continue
        met += 1
        assert abs(distances(table, place, way, [found])[0]) < 10 * ON_SURFACE_KPC
        assert np.abs(paths[ends] - found).min() < 2 * paths[1]
        assert not long or found < paths[long[0]] + 2 * paths[1]
    assert met > 15


@pytest.mark.parametrize("off", [0.0, 1e-13, -1e-13])
def test_a_start_on_the_surface_is_no_crossing(table, off):
    """To rounding a particle may stand on either side of it: it is the way on that counts."""
    up = Vector(0.0, 0.0, 1.0)
    z = crossing(table, -1.0, particle_at(table, (0.0, 0.0, 0.0), up, -1.0), up, LENGTH)
    inwards = Vector(0.0, 0.6, -0.8)
    start = particle_at(table, (0.0, 0.0, z + off), inwards, -1.0)
    far = crossing(table, -1.0, start, inwards, 20.0)
    assert far > 1.0
    assert abs(distances(table, (0.0, 0.0, z + off), inwards, [far])[0]) < 10 * ON_SURFACE_KPC


@pytest.mark.parametrize("ratio", [1e-4, 0.03, 30.0, 1e4])
def test_a_crossing_is_found_where_the_distance_has_a_kink(ratio):
    """A distance that rises so many times faster behind the surface than in front of it."""
    table = table_of(lambda R, z: (np.hypot(R, z) - 5) * np.where(np.hypot(R, z) > 5, ratio, 1.0))
    random = np.random.default_rng(2)
    for _ in range(2000):
        place, way = random.uniform(-2.5, 2.5, 3).tolist(), way_from(random)
        found = crossing(table, -1.0, particle_at(table, place, way, -1.0), way, 12.0)
        steepest = max(1.0, ratio)
        assert found > 0.0
        assert abs(distances(table, place, way, [found])[0]) < 10 * ON_SURFACE_KPC * steepest
