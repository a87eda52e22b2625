"""Blocks: never so few that a run has no errors."""

import numpy as np
import pytest
from crhalo.mc.blocks import Job, Transport, schedule
from crhalo.mc.engine import run
from crhalo.mc.observables import escape_time
from crhalo.mc.uncertainty import FEWEST_BATCHES


@pytest.mark.parametrize("particles", [10, 100, 505, 639, 640, 6400])
def test_a_run_has_ten_batches_or_whole_blocks(medium, grid, particles):
    job = Job.of(medium, grid, Transport(particles=particles))
    whole = schedule(grid.energy_edges_GeV)[0].size
    assert job.blocks >= FEWEST_BATCHES
    assert job.block_size == min(whole, max(particles // FEWEST_BATCHES, 1))
    assert (job.blocks - 1) * job.block_size < particles <= job.blocks * job.block_size


def test_particles_of_small_blocks_are_those_of_the_schedule(medium, grid):
    groups, _ = schedule(grid.energy_edges_GeV)
    few = run(medium, grid, Transport(particles=groups.size, seed=1))
    expected = np.bincount(groups, minlength=grid.groups)
    np.testing.assert_array_equal(few.tallies["injected"].sum(axis=0), expected)
    assert few.tallies["injected"].shape[0] == 11


def test_a_hundred_particles_have_errors(medium, grid):
    found = escape_time(run(medium, grid, Transport(particles=100, seed=1)), [3e5])
    assert 0.0 < found.error[0] < found.value[0]


def test_threads_do_not_matter_to_small_blocks(medium, grid):
    one, two = (run(medium, grid, Transport(particles=100, seed=1), threads=n) for n in (1, 2))
    for name, values in one.tallies.items():
        np.testing.assert_array_equal(values, two.tallies[name])
