"""The tabulated medium against the functions that it was made from."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import MOMENTUM_NODES_GeV, Wall, axis
from crhalo.fields.tabulation import check_tabulation, tabulation_error
from crhalo.fields.units import speed_kpc_Myr

BALL_KPC = 5.0


def diffusion(p, R, z):
    return 0.1 * p**0.5 * np.exp(0.3 * R + np.sin(z))


def ball(**changes):
    """A ball of radius 5 kpc in an axis-aligned grid."""
    arguments = {
        "diffusion_halo": diffusion,
        "surface": lambda R, z: np.hypot(R, z) - BALL_KPC,
        "R_axis": axis((6.0, 0.1), (12.0, 0.5)),
        "z_axis": axis((1.0, 0.05), (6.0, 0.1), (12.0, 0.5)),
        "r_max_kpc": 10.0,
    }
    return Medium.tabulate(**(arguments | changes))


@pytest.fixture(scope="module")
def galaxy_medium():
    return Galaxy().medium()


def test_axis_look_up_finds_the_cell():
    ax = axis((0.3, 0.0125), (1.0, 0.05), (14.0, 0.25), (100.0, 1.0))
    x = np.random.default_rng(1).uniform(0, 100, 20_000)
    cell = ax.cell_of_step[(x * ax.inverse_step).astype(int)]
    assert ((ax.nodes[cell] <= x) & (x <= ax.nodes[cell + 1])).all()
    assert (np.diff(ax.nodes) > 0).all() and ax.nodes[-1] == 100


def test_table_holds_the_functions_at_its_nodes():
    table = ball().table
    R, z = np.meshgrid(table.R.nodes, table.z.nodes, indexing="ij")
    p = MOMENTUM_NODES_GeV[:, None, None]
    exact = diffusion(p, R, z) / speed_kpc_Myr(p)
    np.testing.assert_allclose(np.exp(table.ln_D_over_v_halo), exact, rtol=1e-12)
    np.testing.assert_array_equal(table.ln_D_over_v_halo, table.ln_D_over_v_bell)
    np.testing.assert_allclose(table.distance, np.hypot(R, z) - BALL_KPC, atol=1e-3)
    assert table.wall == Wall.ABSORBING and not table.outflow.any() and not table.gas.any()


def test_tabulation_error_of_a_galaxy_is_small_and_stated(galaxy_medium):
    error = tabulation_error(galaxy_medium)["D"]
    assert error["median"] < 1e-3
    # Linear interpolation of ln D in ln p is worst where protons become relativistic.
    assert error["median"] <= error["p99"] <= error["max"] < 0.025


def test_tabulation_error_sees_a_coarse_grid():
    coarse = ball(R_axis=axis((12.0, 2.0)), z_axis=axis((12.0, 2.0)))
    assert tabulation_error(ball())["D"]["max"] < 0.05 < tabulation_error(coarse)["D"]["p99"]


@pytest.mark.parametrize("in_bell", [False, True])
def test_max_grad_ln_D_bounds_the_true_gradient(galaxy_medium, in_bell):
    table = galaxy_medium.table
    function = galaxy_medium.diffusion_bell if in_bell else galaxy_medium.diffusion_halo
    rng = np.random.default_rng(2)
    R, z = rng.uniform(0, 30 if in_bell else 23, 20_000), rng.uniform(0, 30 if in_bell else 12, 20_000)
    side = (galaxy_medium.distance_kpc(R, z) > 0) == in_bell
    R, z, step = R[side], z[side], 1e-4
    slopes = [
        np.log(function(10.0, R + dR, z + dz) / function(10.0, np.abs(R - dR), np.abs(z - dz))) / (2 * step)
        for dR, dz in ((step, 0), (0, step))
    ]
    gradient = np.hypot(*slopes)
    bound = table.max_grad_ln_D_bell if in_bell else table.max_grad_ln_D_halo
    assert gradient.max() <= bound < 2 * gradient.max()


def test_each_gas_is_on_its_side():
    ones = np.ones_like
    medium = ball(
        gas_disc=lambda R, z: 3 * ones(R), gas_halo=lambda R, z: 2 * ones(R), gas_cgm=lambda R, z: ones(R)
    )
    gas = medium.gas_density_cm3(1.0, [1.0, -1.0, 8.0, -8.0])
    np.testing.assert_allclose(gas, [[3, 2, 0], [3, 2, 0], [0, 0, 1], [0, 0, 1]])


def test_values_beyond_the_last_node_are_those_of_the_last_node():
    medium = ball(outflow=lambda R, z: (R, z))
    np.testing.assert_allclose(medium.outflow_kpc_Myr(1e6, 1e6), [12, 12, 0])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_bad_diffusion_is_refused(bad):
    hole = lambda p, R, z: np.where((R > 1) & (z > 1), bad, 1.0) * p  # noqa: E731
    for name in ("diffusion_halo", "diffusion_bell"):
        with pytest.raises(UserError, match=rf"{name}: .* at p = .* GeV/c, R = 1\.1 kpc, z = .* above zero"):
            ball(**{name: hole})


@pytest.mark.parametrize("name", ["diffusion_halo", "diffusion_bell"])
def test_diffusion_of_another_shape_is_refused(name):
    with pytest.raises(UserError, match=rf"{name}: shape \(3,\); expected .* broadcasts to \(73, 83, 36\)"):
        ball(**{name: lambda p, R, z: np.ones(3)})


def test_one_number_for_all_places_will_do():
    numbers = ball(
        diffusion_halo=lambda p, R, z: 0.1,
        diffusion_bell=lambda p, R, z: 0.2 * p,
        outflow=lambda R, z: (0.0, 1e-3),
        gas_halo=lambda R, z: 2.0,
        loss_rate=lambda p: 1e-4,
    )
    assert np.all(numbers.table.outflow == [0.0, 1e-3, 0.0]) and np.all(numbers.table.gas == [0.0, 2.0, 0.0])
    np.testing.assert_array_equal(numbers.table.loss_rate, np.full(MOMENTUM_NODES_GeV.size, 1e-4))
    z = np.linspace(0.0, 4.0, 5)
    assert numbers.diffusion_halo(10.0, 0.0 * z, z).tolist() == [0.1] * 5
    assert numbers.diffusion_bell(np.ones((3, 1)), 0.0 * z, z).shape == (3, 5)


def test_other_functions_must_be_finite():
    with pytest.raises(UserError, match=r"gas_cgm: nan at R = 3.* kpc, z = 0 kpc; expected a finite number"):
        ball(gas_cgm=lambda R, z: np.where(R > 3, np.nan, 1.0))
    with pytest.raises(UserError, match=r"outflow, u_z: inf at R = 0 kpc, z = 3.* kpc"):
        ball(outflow=lambda R, z: (R, np.where(z > 3, np.inf, 1.0)))
    with pytest.raises(UserError, match=r"divergence of the outflow: nan at R = 0 kpc, .* \[1/Myr\]"):
        ball(divergence=lambda R, z: np.nan * R)
    with pytest.raises(UserError, match=r"loss_rate: nan at p = .* GeV/c; expected a finite number"):
        ball(loss_rate=lambda p: np.nan * p)


def test_what_the_nodes_do_not_resolve_is_refused_with_its_worst_place():
    check_tabulation(ball(), "mine")
    rippled = ball(diffusion_halo=lambda p, R, z: p * np.exp(2.0 * np.sin(20.0 * z)) + 0.0 * R)
    with pytest.raises(
        UserError, match=r"mine: cannot be tabulated: .* off by \d+% at p = .*, R = .*, z = .*"
    ):
        check_tabulation(rippled, "mine")
