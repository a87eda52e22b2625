"""Weight windows: what they ask for, and that a particle is divided and drawn without loss."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Job, Transport, schedule
from crhalo.mc.coupled.waves import round_cells
from crhalo.mc.diffusion.adjoint import adjoint
from crhalo.mc.diffusion.solve import solve
from crhalo.mc.engine import run
from crhalo.mc.kernels.lanes.windows import source_of
from crhalo.mc.kernels.world import Windows
from crhalo.mc.replay import replay
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import Energy, energy_groups, galactic_grid
from crhalo.mc.weight_windows import MOST_BIAS, PARTICLES_PER_GROUP, PARTS, windows_of
from crhalo.scenarios.validation.importance import windows_at_will

R_D = 10.0
SPECTRUM = Spectrum(slope=2.2)


@pytest.fixture(scope="module")
def halo():
    """A halo that ends at its surface: medium, grid."""
    galaxy = Galaxy(halo="constant", H_kpc=4.0, bell=False, r_max_kpc=20.0)
    return galaxy, galaxy.medium(), galactic_grid(energy_groups(10.0, 100.0), galaxy)


@pytest.fixture(scope="module")
def found(halo):
    """What protons add to those of 20 to 40 GeV at the Sun."""
    galaxy, medium, grid = halo
    cells = round_cells(medium, galaxy)
    solution = solve(cells, grid.current_edges_GeV, SPECTRUM, R_D)
    R, z = cells.centres_kpc
    response = np.zeros(solution.protons_kpc3.shape)
    response[3:5] = 1.0 * (np.abs(R - 8.2) < 0.5) * (z < 0.1)
    return adjoint(solution, SPECTRUM, response)


@pytest.fixture(scope="module")
def windows(halo, found):
    return windows_of(found, halo[2], R_D)


def test_a_history_weighs_one_over_its_importance(halo, found, windows):
    """So that weight times importance is one number for all histories of a group, where weights are free."""
    grid = halo[2]
    cells = found.solution.cells
    psi = cells.spread(found.importance_Myr)
    R = 0.5 * (grid.halo_R_kpc[1:] + grid.halo_R_kpc[:-1])
    z = 0.5 * (grid.halo_z_kpc[1:] + grid.halo_z_kpc[:-1])
    i, j = np.meshgrid(np.searchsorted(cells.R_edges_kpc, R) - 1, np.searchsorted(cells.z_edges_kpc, z) - 1)
    there = psi[3][i.T, j.T]
    weight = windows.weight[6]
    free = (weight > 1.001 / MOST_BIAS) & (weight < 0.999 * MOST_BIAS)
    worth = (weight * there)[free]
    assert free.sum() > 50 and there[free].max() > 5 * there[free].min()
    np.testing.assert_allclose(worth, worth.mean(), rtol=0.25)  # the nearest cell has it
    # The same at sources, a thirty-second of which each part holds.
    at_source = 1.0 / (PARTS * np.diff(windows.source_edges[6]))
    middles = R_D * np.sqrt((np.arange(PARTS) + 0.5) / PARTS)
    worth = at_source * np.interp(middles, cells.R_kpc, psi[3][:, 0])
    np.testing.assert_allclose(worth, worth.mean(), rtol=0.05)
    assert at_source.max() > 2.0 * at_source.min()


def test_particles_are_where_the_observable_is_made(halo, found, windows):
    particles, groups = windows.particles, halo[2].groups
    assert particles.min() == 1 and np.array_equal(particles[:6], np.ones(6))  # of too little energy
    assert particles.argmax() in (6, 7, 8, 9)
    assert abs(particles.sum() - PARTICLES_PER_GROUP * groups) < groups
    turns, _ = schedule(halo[2].energy_edges_GeV, windows=windows)
    assert np.array_equal(np.bincount(turns), particles)


def test_nothing_is_asked_where_nothing_is_known(windows):
    """Of groups that add nothing: sources as they are, and any weight will do."""
    np.testing.assert_allclose(np.diff(windows.source_edges[0]), 1.0 / PARTS)
    assert not windows.weight[0].any()


def test_sources_weigh_what_makes_up_for_their_bias(windows):
    u = (np.arange(20_000) + 0.5) / 20_000
    area, weight = np.array([source_of(windows, 6, float(each)) for each in u]).T
    assert weight.min() < 0.7 and weight.max() > 1.5
    assert weight.mean() == pytest.approx(1.0, abs=1e-3)
    for power in (1, 2, 5):
        assert (weight * area**power).mean() == pytest.approx(1.0 / (power + 1), rel=2e-3)
    assert abs(area.mean() - 0.5) > 0.02  # without weights it is another


def test_energy_adds_up_and_every_particle_has_an_end(halo, windows):
    """To 1e-4, as without windows, though histories are divided, and end by chance."""
    _, medium, grid = halo
    transport = Transport(64, seed=3, t_max_Myr=300.0, windows=windows)
    plain = run(medium, grid, replace(transport, windows=None))
    result = run(medium, grid, transport)
    for each in (plain, result):
        energy = each.tallies["energy"].sum(axis=(0, 1))
        gone = energy[Energy.INJECTED + 1 :].sum() + each.tallies["pp_loss"].sum()
        assert gone == pytest.approx(energy[Energy.INJECTED], rel=1e-4)
        assert sum(each.counters.values()) == 2 * 64
    # They have been divided, and drawn.
    ends = result.tallies["leave_time_histogram"].sum() + result.tallies["alive"].sum()
    assert ends != pytest.approx(64.0, abs=0.1) and ends == pytest.approx(64.0, rel=0.5)


def test_the_same_bits_on_any_number_of_threads_and_in_a_replay(halo):
    _, medium, grid = halo
    transport = Transport(40, seed=5, t_max_Myr=300.0, windows=windows_at_will(grid))
    one, two = (run(medium, grid, transport, threads=threads) for threads in (1, 2))
    for name, values in one.tallies.items():
        np.testing.assert_array_equal(values, two.tallies[name], err_msg=name)
    job = Job.of(medium, grid, transport)
    done = job.follow(0, np.zeros(1, np.int64))
    weights, histories = set(), set()
    for particle in range(job.block_size):
        track = replay(medium, grid, transport, particle)
        assert (track.fate, track.age_Myr) == (done.fates[particle], done.ages_Myr[particle])
        weights |= set(track.lines[: track.moves, 7])
        histories.update(track.lines[: track.moves, 8])
    assert len(weights) > 10 and len(histories) > 3


def test_orbits_are_not_divided(halo):
    _, medium, grid = halo
    windows = Windows(np.ones(grid.groups, int), np.zeros((1, 2)), np.zeros((1, 1, 1)))
    with pytest.raises(ValueError, match="orbits"):
        Job.of(medium, grid, Transport(4, method="orbit", turbulence=object(), windows=windows))
