"""Where the energy goes: exactly where every history is followed, in the mean where split particles are."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import C_KPC_MYR, KPC_CM, M_P_G, M_P_GEV, MYR_S, momentum_GeV
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.observables import bin_energies_GeV
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import Energy, TallyGrid, energy_groups, galactic_grid
from crhalo.mc.uncertainty import value_and_error

ENDS = (Energy.STORED, Energy.ESCAPED, Energy.ABSORBED)
LOST = (Energy.ADIABATIC_HALO, Energy.ADIABATIC_BEHIND, Energy.WALL)
LOW, HIGH = 1e5, 1e6

# What happens in each: the galaxy, and how its particles are followed.
FOLLOWED = {
    "every encounter flown": ({"delta_G": 1e4, "r_max_kpc": 30.0}, {"acceleration": 1}, {Energy.WALL}),
    "flights alone": (
        {"delta_G": 1e4, "r_max_kpc": 30.0},
        {"acceleration": 1, "method": "flight", "t_max_Myr": 20.0},
        {Energy.STORED, Energy.ESCAPED},
    ),
    "one way": (
        {"delta_G": 100.0, "r_max_kpc": 30.0, "two_way": False, "outflow_recipe": "momentum"},
        {"t_max_Myr": 50.0},
        {Energy.STORED, Energy.ESCAPED, Energy.ADIABATIC_BEHIND, Energy.WALL},
    ),
    "absorbed": ({"halo": "constant", "bell": False}, {"t_max_Myr": 0.03}, {Energy.STORED, Energy.ABSORBED}),
    "slow protons": ({"halo": "constant", "bell": False}, {"low": 1.0, "high": 10.0}, {Energy.ABSORBED}),
    "halo that moves": (
        {"halo": "constant", "bell": False, "waves_move": True},
        {},
        {Energy.ABSORBED, Energy.ADIABATIC_HALO},
    ),
}


def follow(galaxy, number, low=LOW, high=HIGH, **how):
    grid = galactic_grid(energy_groups(low, high), galaxy)
    return run(galaxy.medium(), grid, Transport(number, 4, **how), threads=2)


@pytest.mark.parametrize("case", FOLLOWED)
def test_it_adds_up_exactly_where_every_history_is_followed(case):
    parameters, how, must = FOLLOWED[case]
    result = follow(Galaxy(**parameters), 48, **how)
    energy = result.tallies["energy"].sum(axis=0)
    gone = energy[:, [*ENDS, *LOST]].sum(axis=1) + result.tallies["pp_loss"].sum(axis=(0, 2))
    np.testing.assert_allclose(gone, energy[:, Energy.INJECTED], rtol=1e-5 if "low" in how else 1e-9)
    per_particle = energy[:, Energy.INJECTED] / result.tallies["injected"].sum(axis=0)
    edges = result.grid.energy_edges_GeV
    assert (per_particle < edges[1:]).all() and (per_particle > edges[:-1] - M_P_GEV).all()
    assert all(energy[:, entry].any() for entry in must), energy.sum(axis=0)


def test_split_particles_take_what_the_wall_and_the_flow_do():
    """In the mean, with an outflow that takes more than a third; and as P_CR div u says, cell by cell."""
    galaxy = Galaxy(outflow_recipe="momentum", r_max_kpc=30.0)
    result = follow(galaxy, 600, 1e3, 1e4)
    energy = result.per_particle("energy").mean(axis=1)
    shares = energy / energy[:, :1]
    lost = (result.per_particle("pp_loss").sum(axis=-1)).mean(axis=1) / energy[:, 0]
    left, error = value_and_error(1.0 - shares[:, 1:].sum(axis=1) - lost)
    assert error < 0.02 and abs(left) < 3 * error
    assert shares[0, Energy.WALL] == pytest.approx(0.245, abs=0.015)

    # Those that fall below what is followed are not in the cells: begin above.
    result = result.reweight(E_min_GeV=3e3, E_max_GeV=1e4, slope_above=2.0)
    rates = result.spectrum.group_rates_s(result.grid.energy_edges_GeV)
    counted = (rates * result.per_particle("energy")[0, :, Energy.ADIABATIC_BEHIND]).sum()
    E = bin_energies_GeV(result)
    # p v/3, of protons that are nearly as fast as light.
    pressure_GeV = np.einsum("brz,b->rz", result.by_current_energy("bell")[0], E) / 3.0
    expansion = mean_divergence_Myr(galaxy, result)
    assert counted == pytest.approx((pressure_GeV * expansion).sum() / MYR_S, rel=0.02)


def mean_divergence_Myr(galaxy, result):
    """Of the outflow, over the part of each cell that is behind the surface."""
    edges_R, edges_z = result.grid.cells["bell"]
    offsets = (np.arange(12) + 0.5) / 12
    R = (edges_R[:-1, None] + np.diff(edges_R)[:, None] * offsets)[:, None, :, None]
    z = (edges_z[:-1, None] + np.diff(edges_z)[:, None] * offsets)[None, :, None, :]
    weight = R * ((galaxy.surface_level(R, z) > 0) & (np.hypot(R, z) < galaxy.r_max_kpc))
    total = (weight * galaxy.outflow_divergence_Myr(R, z)).sum(axis=(2, 3))
    return total / np.maximum(weight.sum(axis=(2, 3)), 1e-300)


def shell_behind_a_one_way_wall(loss_rate_Myr):
    """A thin shell behind it, of which two fifths are the layer that is not followed; its speed."""
    u, free_path = 0.01 * C_KPC_MYR, 1e-4

    def over_r(R, z):
        return u / np.maximum(np.hypot(R, z), 0.1)

    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 0.1 * C_KPC_MYR + 0.0 * p * R * z,
        diffusion_bell=lambda p, R, z: free_path * C_KPC_MYR / 3.0 + 0.0 * p * R * z,
        surface=lambda R, z: np.hypot(R, z) - 1.0,
        outflow=lambda R, z: (over_r(R, z) * R, over_r(R, z) * z),
        divergence=lambda R, z: 2.0 * over_r(R, z),
        gas_cgm=lambda R, z: 1.0 + 0.0 * R * z,
        loss_rate=lambda p: loss_rate_Myr + 0.0 * p,
        R_axis=axis((1.2, 0.02)),
        z_axis=axis((1.2, 0.02)),
        r_max_kpc=1.05,
        wall=Wall.ONE_WAY,
    )
    edges = np.array([0.0, 1.1])
    grid = TallyGrid(np.array([1e4, 2e4]), edges, edges, edges, edges)
    return run(medium, grid, Transport(400, 2, R_d_kpc=0.1), Spectrum()), u


def test_gas_in_the_layer_behind_a_one_way_wall_takes_its_share():
    """What is left at the end is less by the time there; histories are the same, for D is."""
    rate_Myr = 2.0
    (without, u), (result, _) = shell_behind_a_one_way_wall(0.0), shell_behind_a_one_way_wall(rate_Myr)
    time_Myr = result.per_particle("bell").sum(axis=(2, 3, 4))[0].mean()
    assert time_Myr == pytest.approx(0.05 / u, rel=0.1)
    left = [each.tallies["energy"][..., Energy.ESCAPED].sum() for each in (result, without)]
    assert -np.log(left[0] / left[1]) == pytest.approx(rate_Myr * time_Myr, rel=0.03)


def test_a_proton_that_has_lost_energy_is_slower():
    """In a closed box at rest p falls as exp(-b t), and the way is c/b [asinh(p/m)] between both ends."""
    b_Myr, t_Myr = 0.2, 10.0
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 0.01 * C_KPC_MYR + 0.0 * p * R * z,
        surface=lambda R, z: np.hypot(R, z) - 1.0,
        gas_halo=lambda R, z: 1.0 + 0.0 * R * z,
        loss_rate=lambda p: b_Myr + 0.0 * p,
        R_axis=axis((1.2, 0.05)),
        z_axis=axis((1.2, 0.05)),
        r_max_kpc=2.0,
        wall=Wall.CLOSED,
    )
    edges = np.array([0.0, 1.2])
    grid = TallyGrid(np.array([2.0, 2.02]), edges, edges, edges, edges)
    result = run(medium, grid, Transport(16, 2, R_d_kpc=0.1, t_max_Myr=t_Myr), Spectrum())
    way_kpc = result.per_particle("grammage")[0, 0].sum() / (M_P_G * KPC_CM)
    x = momentum_GeV(2.01) / M_P_GEV
    expected = C_KPC_MYR / b_Myr * (np.arcsinh(x) - np.arcsinh(x * np.exp(-b_Myr * t_Myr)))
    assert way_kpc == pytest.approx(expected, rel=0.01)
