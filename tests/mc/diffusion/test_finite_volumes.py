"""Cells and the fluxes between them: conservation, what leaves, and exact one-dimensional profiles."""

import numpy as np
import pytest
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import speed_kpc_Myr
from crhalo.mc.diffusion.finite_volumes import Cells, cells_of
from scipy.sparse.linalg import splu

D, H, U = 0.4, 4.0, 0.3
OUT = float(speed_kpc_Myr(10.0)) / (3.0 * 0.7104461)
"""What leaves an end over the density there: it would be zero 0.71 mean free paths outside (Milne)."""


def slab(wall=Wall.ABSORBING, flow=0.0, behind=0.0, D_behind=1e-6, r_max=100.0):
    def upward(R, z):
        return 0.0 * R * z, flow + 0.0 * R * z

    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        diffusion_bell=lambda p, R, z: D_behind + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        outflow=lambda R, z: (0.0 * R * z, behind + 0.0 * R * z),
        halo_flow=upward if flow else None,
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=r_max,
        wall=wall,
    )


def one_ring(medium, top, layers):
    return Cells(medium, np.array([0.0, 1.0]), np.linspace(0.0, top, layers + 1))


def density(cells):
    """Of unit flux through unit area."""
    return splu(cells.operator(10.0)).solve(cells.shares(1.0)) * np.pi


@pytest.mark.parametrize("wall", list(Wall))
def test_nothing_is_lost_between_cells(wall):
    """What leaves one cell arrives in another: columns sum to zero but where the rim or the wall takes."""
    cells = cells_of(slab(wall, behind=0.02), 20.0, 8.0)
    leaving = np.asarray(cells.operator(10.0).sum(axis=0)).ravel()
    assert leaving.min() > -1e-10
    z = np.meshgrid(cells.R_kpc, cells.z_kpc, indexing="ij")[1][cells.used]
    top = {Wall.ABSORBING: H, Wall.CLOSED: H}.get(wall, 8.0)
    inner = z < top - 0.3
    np.testing.assert_allclose(leaving[inner], 0.0, atol=1e-9)
    assert (leaving.sum() > 1e-9) == (wall != Wall.CLOSED)


def test_closed_box_stays_uniform():
    cells = cells_of(slab(Wall.CLOSED), 20.0, 8.0)
    np.testing.assert_allclose(cells.operator(10.0) @ np.ones(cells.count), 0.0, atol=1e-12)


def test_slab_is_exact_in_any_number_of_cells():
    for layers in (3, 20):
        cells = one_ring(slab(), H, layers)
        # The flux starts in the middle of the lowest cell.
        np.testing.assert_allclose(density(cells), (H - cells.z_kpc) / D + 1.0 / OUT, rtol=1e-12)


def test_the_layer_at_the_end_of_a_slab_is_that_of_milne():
    """Density as if it fell to zero 0.71 lambda outside, for lambda of a fifth of the slab."""
    free_path = 0.2 * H
    wide = Medium.tabulate(
        diffusion_halo=lambda p, R, z: free_path * speed_kpc_Myr(p) / 3.0 + 0.0 * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=100.0,
        wall=Wall.ABSORBING,
    )
    cells = one_ring(wide, H, 20)
    D_wide = free_path * float(speed_kpc_Myr(10.0)) / 3.0
    n = density(cells)
    np.testing.assert_allclose(n * D_wide, H + 0.7104461 * free_path - cells.z_kpc, rtol=1e-9)
    # The twin: zero at the end itself would be 14% lower in the plane.
    assert n[0] * D_wide > 1.1 * (H - cells.z_kpc[0])


def test_steady_flow_is_exact_in_any_number_of_cells():
    for layers in (4, 30):
        cells = one_ring(slab(flow=U), H, layers)
        left = np.exp(-U * (H - cells.z_kpc) / D)
        expected = (1.0 - left) / U + left / (OUT + U)
        np.testing.assert_allclose(density(cells), expected, rtol=1e-9)


def test_layer_thinner_than_a_cell_behind_the_wall():
    """D/u behind the wall is 1e-4 of a cell: n = phi/u there, and in front of it on top of the slab."""
    u = 0.02
    cells = one_ring(slab(Wall.TWO_WAY, behind=u), 8.0, 32)
    n = density(cells)
    np.testing.assert_allclose(n[17:] * u, 1.0, rtol=1e-6)
    np.testing.assert_allclose(n[:16], (H - cells.z_kpc[:16]) / D + 1 / u, rtol=1e-6)


def test_nobody_returns_through_a_one_way_wall():
    n = density(one_ring(slab(Wall.ONE_WAY, behind=0.02), 8.0, 32))
    free = density(one_ring(slab(), H, 16))
    np.testing.assert_allclose(n[:16], free, rtol=1e-9)
    np.testing.assert_allclose(n[17:] * 0.02, 1.0, rtol=1e-6)


def test_nobody_returns_through_the_sides_of_a_one_way_wall_either():
    """A surface that rises outwards, so that outside lies below and inside beside it."""
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: z - 2.0 - 0.3 * R,
        outflow=lambda R, z: (0.0 * R * z, 0.02 + 0.0 * R * z),
        R_axis=axis((10.0, 0.5)),
        z_axis=axis((10.0, 0.5)),
        r_max_kpc=9.0,
        wall=Wall.ONE_WAY,
    )
    cells = cells_of(medium, 10.0, 10.0)
    back = cells.operator(10.0)[cells.inside[cells.used]][:, ~cells.inside[cells.used]]
    assert abs(back).sum() == 0.0


def test_fluxes_add_up_to_what_is_injected():
    cells = one_ring(slab(flow=U), H, 16)
    diffusive, carried = cells.fluxes_z(10.0, density(cells))
    np.testing.assert_allclose((diffusive + carried)[0], 1.0, rtol=1e-9)
    gradient = np.exp(-U * (H - cells.z_edges_kpc[1:]) / D) * OUT / (OUT + U)
    np.testing.assert_allclose(diffusive[0], gradient, rtol=1e-9)


def test_a_jump_of_the_flow_expands_the_cell_before_it():
    cells = one_ring(slab(Wall.TWO_WAY, behind=0.02), 8.0, 32)
    expected = np.zeros(32)
    expected[15] = 0.02 / 0.25
    np.testing.assert_allclose(cells.expansion_Myr[:-1], expected[:-1], atol=1e-15)


def test_source_fills_the_disc():
    cells = cells_of(slab(), 20.0, 8.0)
    shares = cells.spread(cells.shares(10.3))
    assert shares.sum() == pytest.approx(1.0)
    assert shares[:, 1:].sum() == 0.0
    within = np.cumsum(shares[:, 0])
    np.testing.assert_allclose(within[:20], (cells.R_edges_kpc[1:21] / 10.3) ** 2, rtol=1e-12)


def test_the_outer_sphere_takes():
    """A point source in open space: n = q/(4 pi D) (1/r - 1/r_max), away from both."""
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: -1.0 + 0.0 * R * z,
        R_axis=axis((20.0, 0.25)),
        z_axis=axis((20.0, 0.25)),
        r_max_kpc=20.0,
    )
    cells = cells_of(medium, 20.0, 20.0)
    n = splu(cells.operator(10.0)).solve(0.5 * cells.shares(0.2))
    R, z = (x[cells.used] for x in np.meshgrid(cells.R_kpc, cells.z_kpc, indexing="ij"))
    r = np.hypot(R, z)
    between = (r > 3) & (r < 10)
    exact = (1 / r - 1 / 20.0) / (4 * np.pi * D)
    np.testing.assert_allclose(n[between], exact[between], rtol=0.03)
