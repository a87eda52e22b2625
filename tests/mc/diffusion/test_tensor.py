"""Cells in a halo with field lines: what flows across the gradient, beside each kind of wall."""

import numpy as np
import pytest
from crhalo.fields.field_lines import FieldLines
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.mc.diffusion.compare import lambda_not_small_above_GeV
from crhalo.mc.diffusion.finite_volumes import Cells
from crhalo.mc.diffusion.solve import residence, solve
from crhalo.mc.spectrum import Spectrum
from scipy.sparse.linalg import splu

H = 4.0
EDGES = np.linspace(0.0, 10.0, 21), np.append(np.linspace(0.0, 1.0, 5), np.linspace(1.0, 6.0, 11)[1:])


def straight(degrees):
    tilt = np.radians(degrees)
    return lambda R, z: (np.sin(tilt) + 0.0 * R * z, 0.0 * R * z, np.cos(tilt) + 0.0 * R * z)


def tube(R, z):
    B = np.exp(-z / 2.0) + 0.0 * R
    return 0.25 * R * B, 0.0 * B, B


def circles(R, z):
    return 0.0 * R * z, 1.0 + 0.0 * R * z, 0.0 * R * z


def dome(R, z):
    return np.hypot(0.7 * R, z) - H


def medium(field, epsilon=0.0, wall=Wall.ABSORBING, surface=lambda R, z: z - H + 0.0 * R, free_path=0.0):
    """A free path of 0 kpc stands for D of the order of one, rising with height."""
    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: (102.2 * free_path or 0.4) * np.exp(np.abs(z) / 3.0) + 0.0 * p * R,
        diffusion_bell=lambda p, R, z: 0.01 + 0.0 * p * R * z,
        surface=surface,
        outflow=lambda R, z: (0.0 * R * z, 0.02 + 0.0 * R * z),
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=1e5,
        wall=wall,
        lines=FieldLines(field, epsilon) if field else None,
    )


@pytest.mark.parametrize("wall", list(Wall))
def test_nothing_is_lost_between_cells_and_no_density_grows(wall):
    """Columns sum to what leaves, and n A n >= 0 without a flow, also at the steps of a surface."""
    cells = Cells(medium(tube, wall=wall, surface=dome), *EDGES)
    matrix = cells.operator(10.0)
    free = Cells(medium(None, wall=wall, surface=dome), *EDGES).operator(10.0)
    leaving, without_lines = (np.asarray(each.sum(axis=0)).ravel() for each in (matrix, free))
    np.testing.assert_allclose(leaving[without_lines < 1e-10], 0.0, atol=1e-10)
    inside = matrix[cells.inside[cells.used]][:, cells.inside[cells.used]].toarray()
    assert np.linalg.eigvalsh(0.5 * (inside + inside.T)).min() > -1e-10
    if wall in (Wall.ABSORBING, Wall.CLOSED):
        np.testing.assert_allclose(inside, inside.T, atol=1e-12)


def test_as_much_across_the_field_as_along_is_isotropic_to_the_bit():
    along, isotropic = (
        Cells(medium(field, 1.0, Wall.TWO_WAY, dome), *EDGES).operator(10.0) for field in (tube, None)
    )
    assert abs(along - isotropic).max() == 0.0


def test_densities_that_do_not_change_along_lines_stay():
    """In uneven cells with lines into their closed walls, but where two of these meet."""
    rings = np.append(0.0, 1e4 + np.append(np.linspace(0.0, 2.0, 9), np.linspace(2.0, 8.0, 13)[1:]))
    cells = Cells(medium(straight(35.0), wall=Wall.CLOSED), rings, EDGES[1][EDGES[1] <= H])
    R, z = cells.centres_kpc
    n = (R - 1e4) * np.cos(np.radians(35.0)) - z * np.sin(np.radians(35.0))
    rates = cells.spread(cells.operator(10.0) @ n / cells.volume_kpc3)[2:]
    rates[-1, [0, -1]] = 0.0
    # Rings are not quite straight.
    np.testing.assert_allclose(rates, 0.0, atol=1e-3)


def test_lines_along_a_wall_to_rounding_go_along_it():
    """cos 90 deg is not quite zero: nothing is to stop where such lines run into the plane at infinity."""
    nearly, exactly = (
        Cells(medium(field), *EDGES).operator(10.0)
        for field in (straight(90.0), lambda R, z: (1.0 + 0.0 * R * z, 0.0 * R * z, 0.0 * R * z))
    )
    assert abs(nearly - exactly).max() < 1e-9 * abs(exactly).max()


def test_fluxes_through_layers_are_what_the_operator_loses():
    cells = Cells(medium(tube, 0.1, Wall.TWO_WAY), *EDGES)
    n = np.random.default_rng(0).random(cells.count)
    rings = np.pi * np.diff(EDGES[0] ** 2)
    up = rings @ sum(cells.fluxes_z(10.0, n))
    lost = cells.spread(cells.operator(10.0) @ n).sum(axis=0)
    np.testing.assert_allclose(np.diff(up, prepend=0.0)[:-1], lost[:-1], rtol=1e-9, atol=1e-9)


def test_flux_along_lines_meets_a_bell_wall_head_on_or_not():
    """n_out = phi/u behind a wall that lines meet at any angle, and n in front of it is that on top of it."""
    helix = medium(lambda R, z: (0.0 * R * z, 0.0 * R * z + 2.0, 1.0 + 0.0 * R * z), wall=Wall.TWO_WAY)
    cells = Cells(helix, np.array([0.0, 1.0]), np.linspace(0.0, 6.0, 193))
    n = splu(cells.operator(10.0)).solve(cells.shares(1.0)) * np.pi
    # Through 2 kpc of D = 0.01 n falls to zero at the last face: 1 - exp(-u s/D) of phi/u.
    wall = (1.0 - np.exp(-0.02 * 2.0 / 0.01)) / 0.02
    across = 3.0 / 0.4 * 5.0 * (np.exp(-cells.z_kpc[0] / 3.0) - np.exp(-H / 3.0))
    assert n[0] == pytest.approx(wall + across, rel=1e-3)


def wave_through_a_bell_wall(z, D, tensor, D_out, u, k, top):
    """g(z) of n = g exp(ikR) for a unit flux exp(ikR) from the plane, with n = 0 at the top."""
    D_RR, D_zz, D_Rz = tensor
    roots = [
        np.roots([D_zz, 2j * k * D_Rz, -(k**2) * D_RR]),
        np.roots([D_out, -u, -(k**2) * D_out]),
    ]
    of_flux = [-D_zz * roots[0] - 1j * k * D_Rz, -D_out * roots[1] + u]
    at_wall, at_top = ([np.exp(each * x) for each in roots] for x in (H, top))
    none = np.zeros(2)
    conditions = np.array(
        [
            [*of_flux[0], *none],
            [*at_wall[0], *-at_wall[1]],
            [*(of_flux[0] * at_wall[0]), *(-of_flux[1] * at_wall[1])],
            [*none, *at_top[1]],
        ]
    )
    a = np.linalg.solve(conditions, [1.0, 0.0, 0.0, 0.0])
    inside, outside = (a[2 * i :][:2] @ np.exp(np.outer(roots[i], z)) for i in (0, 1))
    return np.where(z < H, inside, outside)


@pytest.mark.parametrize(("D_out", "u"), [(0.1, 0.05), (0.01, 0.2)])
def test_waves_across_a_bell_wall_that_lines_meet_obliquely(D_out, u):
    """The flux n.D.grad n is the same on both sides: known for n = g(z) exp(ikR) in straight geometry.

    What lies above the source tells of the wall, whatever its strength.
    """
    D, epsilon, k, top = 0.4, 0.1, 2 * np.pi / 8.0, 6.0
    halo = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        diffusion_bell=lambda p, R, z: D_out + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        outflow=lambda R, z: (0.0 * R * z, u + 0.0 * R * z),
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=1e5,
        wall=Wall.TWO_WAY,
        lines=FieldLines(straight(50.0), epsilon),
    )
    errors = []
    for h in (0.5, 0.25):
        rings = np.append(0.0, 1e4 + np.arange(0.0, 80.0 + h, h))
        cells = Cells(halo, rings, np.linspace(0.0, top, round(top / h) + 1))
        R, z = cells.centres_kpc
        source = np.where(z < h, np.exp(1j * k * R) * cells.volume_kpc3 / h, 0.0)
        inverse = splu(cells.operator(10.0))
        n = (inverse.solve(source.real) + 1j * inverse.solve(source.imag)) / np.exp(1j * k * R)
        tensor = halo.lines.tensor_kpc2_Myr(10.0, np.array([D]), np.ones(1), np.ones(1))
        exact = wave_through_a_bell_wall(z, D, [x[0] for x in tensor], D_out, u, k, top)
        above = (n / exact).reshape(cells.shape)[len(rings) // 2, 1:]
        errors.append(np.abs(above / above[0] - 1.0).max())
    assert errors[1] < 0.02 and errors[0] > 3.0 * errors[1]


def test_nothing_leaves_along_circles():
    cells = Cells(medium(circles), *EDGES)
    with pytest.raises(ValueError, match="nothing leaves"):
        residence(cells, 10.0, 5.0)
    with pytest.raises(ValueError, match="nothing leaves"):
        solve(cells, np.geomspace(10.0, 100.0, 4), Spectrum(), 5.0)
    after = solve(cells, np.geomspace(10.0, 100.0, 4), Spectrum(), 5.0, t_Myr=100.0)
    assert after.protons_kpc3[0, cells.centres_kpc[1] > 0.3].max() < 1e-20 * after.protons_kpc3[0].max()


def test_negative_densities_are_told_with_their_place():
    edges = np.geomspace(10.0, 100.0, 4)
    found = solve(Cells(medium(tube), *EDGES), edges, Spectrum(), 3.0).most_negative
    assert found["R_kpc"] > 3.0 and -0.2 < found["density_over_largest"] < 0.0
    assert solve(Cells(medium(None), *EDGES), edges, Spectrum(), 3.0).most_negative is None
    assert solve(Cells(medium(tube, 0.1), *EDGES), edges, Spectrum(), 3.0).most_negative is None


@pytest.mark.parametrize(("field", "small"), [(straight(0.0), False), (circles, True)])
def test_free_paths_count_along_the_lines(field, small):
    """D changes by e in 3 kpc of height: over them lambda = 0.3 kpc is not small, over circles it is."""
    found = lambda_not_small_above_GeV(medium(field, 0.01, free_path=0.3), 5.0, np.array([1e3, 1e4]))
    assert found and all((energy is None) == small for energy in found.values())
