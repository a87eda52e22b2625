"""Interpolation in kernels against SciPy's."""

import numpy as np
import pytest
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import MOMENTUM_NODES_GeV, axis
from crhalo.mc.kernels.lookup import (
    at_momentum,
    gas_density,
    ln_diffusion,
    outflow,
    surface_distance,
    surface_normal,
)
from scipy.interpolate import RegularGridInterpolator

LN_P = np.log(MOMENTUM_NODES_GeV)


@pytest.fixture(scope="module")
def medium():
    """Smooth functions on strongly non-uniform axes."""
    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: p**0.5 * np.exp(0.3 * R + np.sin(z)) + p / (1 + R),
        diffusion_bell=lambda p, R, z: p * (1 + R * z),
        surface=lambda R, z: np.hypot(R, z) - 5,
        R_axis=axis((1.0, 0.125), (3.0, 0.5), (12.0, 1.0)),
        z_axis=axis((0.3, 0.0125), (1.0, 0.05), (12.0, 0.25)),
        r_max_kpc=12.0,
        outflow=lambda R, z: (R * np.cos(z), z * np.cos(R)),
        divergence=lambda R, z: np.cos(R + z),
        gas_disc=lambda R, z: np.exp(-z),
        gas_halo=lambda R, z: np.exp(-R),
        gas_cgm=lambda R, z: np.cos(R * z) + 2,
        loss_rate=lambda p: p / (1 + p),
    )


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(3).uniform([0, 0, LN_P[0]], [12, 12, LN_P[-1]], (300, 3)).tolist()


def interpolator(table, values):
    """SciPy's multilinear interpolation of an (R, z, ...) table."""
    return RegularGridInterpolator((table.R.nodes, table.z.nodes), values)


def test_trilinear_diffusion(medium, points):
    table = medium.table
    for ln_D in (table.ln_D_over_v_halo, table.ln_D_over_v_bell):
        by_momentum = RegularGridInterpolator((LN_P, table.R.nodes, table.z.nodes), ln_D)
        scipys = by_momentum(np.roll(points, 1, axis=1))
        ours = [ln_diffusion(ln_D, table, *point)[0] for point in points]
        np.testing.assert_allclose(ours, scipys, rtol=1e-12, atol=1e-12)


def test_gradient_is_that_of_the_interpolant(medium, points):
    table, step = medium.table, 1e-6
    value = lambda R, z, ln_p: ln_diffusion(table.ln_D_over_v_halo, table, R, z, ln_p)[0]  # noqa: E731
    for R, z, ln_p in points:
        if min(np.abs(table.R.nodes - R).min(), np.abs(table.z.nodes - z).min()) < 2 * step:
            continue  # the interpolant has a kink at a node
        _, slope_R, slope_z = ln_diffusion(table.ln_D_over_v_halo, table, R, z, ln_p)
        assert slope_R == pytest.approx(
            (value(R + step, z, ln_p) - value(R - step, z, ln_p)) / (2 * step), rel=1e-6, abs=1e-8
        )
        assert slope_z == pytest.approx(
            (value(R, z + step, ln_p) - value(R, z - step, ln_p)) / (2 * step), rel=1e-6, abs=1e-8
        )


def test_bilinear_distance_gas_and_outflow(medium, points):
    table = medium.table
    R, z, _ = np.transpose(points)
    ours = [surface_distance(table, *point[:2]) for point in points]
    np.testing.assert_allclose(ours, interpolator(table, table.distance)((R, z)), rtol=1e-12, atol=1e-12)
    ours = [[gas_density(table, *point[:2], component) for component in range(3)] for point in points]
    np.testing.assert_allclose(ours, interpolator(table, table.gas)((R, z)), rtol=1e-12, atol=1e-12)
    # A meridional plane at 30 degrees, below the disc: u_z changes sign, u_R turns with the plane.
    c, s = np.sqrt(0.75), 0.5
    u_R, u_z, divergence = interpolator(table, table.outflow)((R, z)).T
    ours = [outflow(table, c * a, s * a, -b) for a, b, _ in points]
    np.testing.assert_allclose(ours, np.transpose([c * u_R, s * u_R, -u_z, divergence]), atol=1e-12)


def test_python_side_agrees_with_kernels(medium, points):
    R, z, _ = np.transpose(points)
    kernel = [surface_distance(medium.table, *point[:2]) for point in points]
    np.testing.assert_allclose(medium.distance_kpc(R, z), kernel, rtol=1e-12, atol=1e-12)


def test_constant_beyond_the_table(medium):
    table = medium.table
    assert surface_distance(table, 1e9, 1e9) == table.distance[-1, -1]
    assert surface_distance(table, 0.0, 0.0) == table.distance[0, 0]
    assert gas_density(table, 12.0, 12.0, 1) == pytest.approx(table.gas[-1, -1, 1])


def test_on_the_axis_of_the_galaxy(medium):
    assert surface_normal(medium.table, 0.0, 0.0, -5.0) == (0.0, 0.0, -1.0)
    assert outflow(medium.table, 0.0, 0.0, 5.0)[:2] == (0.0, 0.0)


def test_normal_of_a_sphere(medium):
    directions = np.random.default_rng(4).normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    for n in directions:
        ours = surface_normal(medium.table, *(5 * n).tolist())
        assert np.linalg.norm(ours) == pytest.approx(1)
        assert np.dot(ours, n) > 0.99  # cells of 1 kpc on a sphere of 5 kpc


def test_momentum_table_is_held_beyond_its_ends(medium):
    rate = medium.table.loss_rate
    ours = [at_momentum(rate, medium.table, x) for x in np.linspace(LN_P[0] - 2, LN_P[-1] + 2, 300)]
    np.testing.assert_allclose(ours, np.interp(np.linspace(LN_P[0] - 2, LN_P[-1] + 2, 300), LN_P, rate))
