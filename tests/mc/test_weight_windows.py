"""Weight windows: what they ask for, and that a particle is divided and drawn without loss."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.mc import blocks
from crhalo.mc.blocks import Job, Transport, schedule
from crhalo.mc.coupled.waves import round_cells
from crhalo.mc.diffusion.adjoint import adjoint
from crhalo.mc.diffusion.solve import solve
from crhalo.mc.engine import run
from crhalo.mc.kernels.lanes.windows import source_of
from crhalo.mc.replay import replay
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import Energy, Fate, energy_groups, galactic_grid
from crhalo.mc.uncertainty import value_and_error
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
    weight = windows.weights[6]
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
    assert not windows.weights[0].any()


def test_sources_weigh_what_makes_up_for_their_bias(windows):
    u = (np.arange(20_000) + 0.5) / 20_000
    area, weight = np.array([source_of(windows.source_edges, 6, float(each)) for each in u]).T
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


def test_particles_are_as_many_in_the_end(halo, windows):
    """Within 3 sigma, though they have been divided and drawn; without windows exactly."""
    _, medium, grid = halo
    transport = Transport(6400, seed=3, t_max_Myr=100.0, windows=windows)
    for each, exact in ((transport, False), (replace(transport, windows=None), True)):
        result = run(medium, grid, each, threads=2)
        ends = result.per_particle("leave_time_histogram").sum(axis=-1) + result.per_particle("alive")
        number, error = value_and_error(ends.mean(axis=1))
        if exact:
            assert (number, error) == (1.0, 0.0)
        else:
            assert number == pytest.approx(1.0, abs=3.0 * error) and 0.0 < error < 0.01


def test_other_windows_are_another_run(halo, windows):
    _, medium, grid = halo

    def digest(windows):
        return Job.of(medium, grid, Transport(64, windows=windows)).digest()

    weights = windows.weights.copy()
    weights[7, 3, 3] *= 1.0 + 1e-12
    other = windows._replace(weights=weights)
    assert len({digest(each) for each in (None, windows, windows._replace(weights=None), other)}) == 4
    assert digest(windows) == digest(windows._replace(weights=windows.weights.copy()))


def test_a_particle_that_is_given_up_is_counted_as_such(halo, windows, monkeypatch):
    """Whatever becomes of the others that it has been divided into."""
    monkeypatch.setattr(blocks, "MAX_STEPS", 1000)
    _, medium, grid = halo
    job = Job.of(medium, grid, Transport(64, seed=3, windows=windows))
    assert job.controls.max_steps == 1000
    fates = [job.follow(block, np.zeros(1, np.int64)).fates for block in range(job.blocks)]
    capped = np.concatenate(fates) == Fate.MAX_STEPS
    longest = []
    for particle in np.flatnonzero(~capped)[:8]:
        track = replay(medium, grid, job.transport, int(particle))
        longest += np.bincount(track.lines[: track.moves, 8].astype(int)).tolist()
    assert 4 < capped.sum() < 60 and max(longest) < 1000


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


def test_particles_in_a_field_are_not_divided(halo, windows):
    _, medium, grid = halo
    lines = Galaxy(field="tube", r_max_kpc=30.0).medium()
    for there, how in ((medium, "orbit"), (lines, "guiding-centre")):
        with pytest.raises(ValueError, match="without a field"):
            Job.of(there, grid, Transport(4, method=how, turbulence=object(), windows=windows))
