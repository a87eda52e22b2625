"""Grids of the tallies: volumes, look-ups, energy groups."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.tally import (
    ENERGY_BINS_PER_DECADE,
    GROUPS_PER_DECADE,
    Fate,
    Region,
    TallyGrid,
    add,
    cell_volumes_kpc3,
    energy_groups,
    galactic_grid,
    region_volumes_kpc3,
)


def volumes(medium, grid):
    return (
        cell_volumes_kpc3(medium, grid.halo_R_kpc, grid.halo_z_kpc, inside=True),
        cell_volumes_kpc3(medium, grid.bell_R_kpc, grid.bell_z_kpc, inside=False),
    )


@pytest.mark.parametrize("changes", [{}, {"delta_G": 1e4}, {"bell": False, "r_max_kpc": 40.0}])
def test_volumes_add_up_to_the_sphere(changes):
    galaxy = Galaxy(**changes)
    medium = galaxy.medium()
    grid = galactic_grid(energy_groups(1e5, 1e6), galaxy)
    halo, bell = volumes(medium, grid)
    assert (halo >= 0).all() and (bell >= 0).all()
    assert halo.sum() + bell.sum() == pytest.approx(4 / 3 * np.pi * galaxy.r_max_kpc**3, rel=5e-3)
    # The halo alone, by columns: none of it above the grid.
    R = np.linspace(0, galaxy.r_max_kpc, 1001)
    z = np.linspace(0, galaxy.r_max_kpc, 3001)
    inside = (medium.distance_kpc(R[:, None], z) < 0) & (R[:, None] ** 2 + z**2 < galaxy.r_max_kpc**2)
    height = inside.mean(axis=1) * galaxy.r_max_kpc
    assert halo.sum() == pytest.approx(np.trapezoid(4 * np.pi * R * height, R), rel=2e-3)


def test_uncut_cells_are_rings(medium, grid):
    halo, _ = volumes(medium, grid)
    R, z = grid.halo_R_kpc, grid.halo_z_kpc
    assert halo[2, 1] == pytest.approx(2 * np.pi * (R[3] ** 2 - R[2] ** 2) * (z[2] - z[1]))


def test_region_volumes(medium):
    regions = region_volumes_kpc3(medium, 10.0)
    assert regions[Region.DISC] == regions[Region.DISC_NO_RETURN] == pytest.approx(np.pi * 100 * 0.2)
    # 4 kpc behind a nearly flat wall, both sides of the plane.
    assert regions[Region.NEAR] == pytest.approx(2 * np.pi * 25 * 4, rel=0.1)


def test_look_up_is_searchsorted(grid):
    rng = np.random.default_rng(5)
    edges = ((grid.halo_R_kpc, grid.halo_z_kpc), (grid.bell_R_kpc, grid.bell_z_kpc))
    for binning, (R_edges, z_edges) in zip(grid.binnings(), edges, strict=True):
        R, z = (
            (binning.cell_of_R, binning.inverse_step_R, R_edges),
            (binning.cell_of_z, binning.inverse_step_z, z_edges),
        )
        for cells, inverse_step, e in (R, z):
            x = rng.uniform(0, 1.5 * e[-1], 20_000)
            ours = cells[np.minimum((x * inverse_step).astype(int), cells.size - 1)]
            expected = np.searchsorted(e, x, side="right") - 1
            np.testing.assert_array_equal(ours, np.where(x < e[-1], expected, -1))


def test_one_cell_of_any_length_is_looked_up():
    whole = np.array([0.0, 0.0613])
    binning, _ = TallyGrid(np.array([1.0, 2.0]), whole, whole, whole, whole).binnings()
    x = np.array([0.0, 0.03, 0.0612, 0.0614])
    found = binning.cell_of_z[
        np.minimum((x * binning.inverse_step_z).astype(int), binning.cell_of_z.size - 1)
    ]
    assert found.tolist() == [0, 0, 0, -1]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1e6), (1e5, 1e6), (1e2, 3e4), (10.0, 11.0)])
def test_energy_groups(low, high):
    edges = energy_groups(low, high)
    assert edges[[0, -1]] == pytest.approx([low, high])
    width = np.diff(np.log10(edges))
    np.testing.assert_allclose(width, width[0])
    assert width[0] <= 1 / GROUPS_PER_DECADE * (1 + 1e-9)
    # Whole current-energy bins.
    assert (len(edges) - 1) % (GROUPS_PER_DECADE // ENERGY_BINS_PER_DECADE) == 0


def test_current_energy_bins_span_the_groups(grid):
    current = grid.current_edges_GeV
    assert current[0] == grid.energy_edges_GeV[0] and current[-1] == grid.energy_edges_GeV[-1]
    assert len(current) == grid.groups // 2 + 1


def test_add_is_in_place(grid):
    total, block = grid.empty(), grid.empty()
    for values in block:
        values += 1
    add(total, block)
    add(total, block)
    assert all((values == 2).all() for values in total)


def test_every_fate_has_its_sentence():
    assert len({fate.sentence for fate in Fate}) == len(Fate)


@pytest.mark.parametrize("R_d_kpc", [0.05, 0.37, 1.0, 2.9, 7.3, 20.0])
@pytest.mark.parametrize("H_kpc", [0.3, 4.0, 4.137])
def test_cells_follow_the_disc_and_a_flat_surface(R_d_kpc, H_kpc):
    galaxy = Galaxy(R_d_kpc=R_d_kpc, halo="constant", H_kpc=H_kpc, bell=False, r_max_kpc=30.0)
    own = galactic_grid(energy_groups(1e5, 1e6), galaxy)
    R, z = own.halo_R_kpc, own.halo_z_kpc
    assert np.isclose(R, R_d_kpc, rtol=1e-12).any() and z[-1] == pytest.approx(H_kpc, rel=1e-12)
    near = R[R <= min(2 * R_d_kpc, 24.0) * (1 + 1e-9)]
    assert R[-1] >= 30.0 * (1 - 1e-12) and np.diff(near).max() <= min(R_d_kpc / 4, 1.0) * (1 + 1e-9)
    test_look_up_is_searchsorted(own)
    medium = galaxy.medium()
    volume = cell_volumes_kpc3(medium, R, z, inside=True)
    disc = (medium.mean_gas_cm3(R, z)[..., 0] * volume).sum()
    expected = 2 * np.pi * R_d_kpc**2 * 0.1 * -np.expm1(-H_kpc / 0.1)
    assert disc == pytest.approx(expected, rel=5e-3)


def test_cells_of_the_papers_galaxy_are_what_they_were(grid):
    own = galactic_grid(energy_groups(1e5, 1e6), Galaxy())
    assert own.halo_R_kpc.tolist() == list(range(24))
    heights = [0.0, 0.1, 0.3, 0.6, *range(1, 13)]
    np.testing.assert_allclose(own.halo_z_kpc, heights, rtol=1e-12)
    far = [*np.arange(24.0, 41.0, 4.0), *np.arange(52.0, 101.0, 12.0)]
    np.testing.assert_allclose(own.bell_R_kpc, [*np.arange(0.0, 20.1, 2.5), *far], rtol=1e-12)
    np.testing.assert_allclose(own.bell_z_kpc, [*np.arange(0.0, 20.1, 1.25), *far], rtol=1e-12)


def test_edges_without_a_common_step_are_refused():
    whole = np.array([0.0, 1.0])
    odd = np.array([0.0, 1.0, 1.0 + np.sqrt(2.0)])
    with pytest.raises(ValueError, match="not multiples of one step"):
        TallyGrid(np.array([1.0, 2.0]), whole, odd, whole, whole).binnings()
