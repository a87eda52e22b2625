"""Runs: the same on any number of threads, complete, interruptible."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.mc import engine as run_module
from crhalo.mc.blocks import Job, Transport, schedule
from crhalo.mc.engine import run
from crhalo.mc.replay import replay
from crhalo.mc.tally import Fate, energy_groups, galactic_grid

BLOCK = schedule(energy_groups(1e5, 1e6))[0].size


def digest(result):
    sha = hashlib.sha256()
    for name in sorted(result.tallies):
        sha.update(name.encode() + result.tallies[name].tobytes())
    return sha.hexdigest()


def test_the_number_of_threads_does_not_matter(medium, grid, result):
    threads = run(medium, grid, Transport(particles=4 * BLOCK, seed=1), threads=2)
    assert digest(threads) == digest(result)
    other_seed = run(medium, grid, Transport(particles=BLOCK, seed=2))
    assert other_seed.tallies["halo"][0].tobytes() != result.tallies["halo"][0].tobytes()


def test_the_number_of_particles_does_not_matter_to_the_first(medium, grid, result):
    """Nor do the blocks that they come in."""
    few, many = (Job.of(medium, grid, Transport(particles=n, seed=1)) for n in (BLOCK, 100 * BLOCK))
    assert few.block_size < many.block_size == BLOCK
    blocks = [few.follow(block, np.zeros(1, np.int64)) for block in range(few.blocks)]
    one = many.follow(0, np.zeros(1, np.int64))
    np.testing.assert_array_equal(np.concatenate([block.ages_Myr for block in blocks]), one.ages_Myr)
    total = sum(block.tally.region for block in blocks)
    np.testing.assert_allclose(total, one.tally.region, rtol=1e-5)


def test_counters_add_up(result):
    counters = result.counters
    assert counters["injected"] == 4 * BLOCK == sum(counters[fate.key] for fate in Fate)
    assert counters["escaped"] == 4 * BLOCK == result.particles
    histogram = result.tallies["leave_time_histogram"].sum()
    assert histogram == 4 * BLOCK == pytest.approx(result.tallies["escape"][..., 0].sum())


def test_a_short_history_leaves_particles_alive(medium, grid):
    short = run(medium, grid, Transport(particles=BLOCK, seed=1, t_max_Myr=0.01))
    counters = short.counters
    assert counters["alive"] == BLOCK == short.tallies["alive"].sum()
    # Each of them is somewhere at all times.
    inside = short.tallies["halo"].sum() + short.tallies["bell"].sum()
    assert inside == pytest.approx(BLOCK * 0.01, rel=1e-5)


def test_residence_times_are_the_clock(grid):
    # Without a wall, time in the cells is the time to leave.
    galaxy = Galaxy(bell=False, r_max_kpc=30.0)
    whole = galactic_grid(grid.energy_edges_GeV, galaxy)
    left = run(galaxy.medium(), whole, Transport(particles=BLOCK, seed=1))
    assert left.counters["escaped"] == BLOCK
    short = run(galaxy.medium(), whole, Transport(particles=BLOCK, seed=1, t_max_Myr=0.02))
    assert short.tallies["halo"].sum() <= left.tallies["halo"].sum()


def test_a_field_of_the_users_own_needs_no_other_kernel(grid):
    galaxy = Galaxy(field_uG=lambda R, z: 3.0 / (1.0 + np.hypot(R, z) / 3.0), delta_G=1e5, r_max_kpc=30.0)
    own = galactic_grid(grid.energy_edges_GeV, galaxy)
    assert run(galaxy.medium(), own, Transport(particles=BLOCK, seed=1)).counters["escaped"] == BLOCK


def test_progress_is_reported_block_by_block(medium, grid):
    seen = []
    transport = Transport(particles=105, seed=1)
    final = run(medium, grid, transport, watch=lambda block, *done: seen.append(done))
    assert [done for done, _ in seen] == [*range(10, 101, 10), 105]
    assert seen[-1][1] == final.steps


def test_an_interrupt_ends_the_run_promptly(medium, grid, monkeypatch):
    begun, follow = [], Job.follow

    def counted(job, block, stop):
        begun.append(block)
        return follow(job, block, stop)

    def interrupt(*_):
        begun.append("interrupt")
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "follow", counted)
    with pytest.raises(KeyboardInterrupt):
        run(medium, grid, Transport(particles=1000 * BLOCK, seed=1), watch=interrupt, threads=2)
    # Of a thousand blocks those that were waiting for a thread, and no others.
    assert begun.count("interrupt") == 1 and len(begun) < 20


# Not so long that each of them gets there.
@pytest.mark.parametrize(("where", "t_max_Myr"), [("ln_D_over_v_halo", 0.06), ("ln_D_over_v_bell", 1e4)])
def test_a_hole_in_the_medium_loses_particles_by_count(medium, grid, where, t_max_Myr, monkeypatch):
    table = medium.table
    values = getattr(table, where).copy()
    R, z = np.meshgrid(table.R.nodes, table.z.nodes, indexing="ij")
    hole = R > 16.0 if where == "ln_D_over_v_halo" else z > 20.0
    values[:, hole] = np.nan
    holed = replace(medium, table=table._replace(**{where: values}))
    transport = Transport(particles=BLOCK, seed=1, t_max_Myr=t_max_Myr)
    with pytest.raises(run_module.LostError) as caught:
        run(holed, grid, transport)
    monkeypatch.setattr(run_module, "LOST_AT_MOST", 1.0)
    result = run(holed, grid, transport)
    counters = result.counters
    first = caught.value.particles  # until the run was given up
    assert first and first == result.provenance["lost"][: len(first)]
    assert len(result.provenance["lost"]) == min(counters["lost"], run_module.LOST_NAMED)
    # Followed again, each of them is lost again.
    assert replay(holed, grid, transport, result.provenance["lost"][0]).fate == Fate.NOT_FINITE
    assert 0 < counters["lost"] < BLOCK
    assert counters["injected"] == BLOCK == counters["lost"] + counters["escaped"] + counters["alive"]


def test_schedule_covers_all_energies_evenly():
    edges = energy_groups(1.0, 1e6)
    groups, ranks = schedule(edges)
    counts = np.bincount(groups)
    assert counts.min() == 1 and counts.max() == 4
    # Ranks order the particles of a block by energy.
    np.testing.assert_array_equal(np.sort(ranks), np.arange(groups.size))
    assert (np.diff(groups[np.argsort(ranks)]) >= 0).all()
    # Any quarter of a block has its share of each half of the energies.
    for part in np.array_split(groups, 4):
        assert np.mean(part < len(counts) / 2) == pytest.approx(np.mean(groups < len(counts) / 2), abs=0.05)
