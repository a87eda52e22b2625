"""Moves made side by side are those that are made one at a time, in whatever lane they are."""

import numpy as np
import pytest
from crhalo.mc.blocks import Job
from crhalo.mc.kernels.arithmetic.vector import Vector
from crhalo.mc.kernels.history import drawn, new_history
from crhalo.mc.kernels.lanes.advance import add_move, advance, draw_all
from crhalo.mc.kernels.lanes.state import (
    LANES,
    draws_in,
    history_in,
    particle_in,
    put_history,
    put_particle,
    vacant_lanes,
)
from crhalo.mc.kernels.move import move
from crhalo.mc.kernels.particle import at
from crhalo.mc.kernels.rng import DRAWS_AHEAD
from crhalo.mc.kernels.score import counted
from crhalo.mc.kernels.world import World
from crhalo.scenarios import load
from crhalo.scenarios.build import given_medium, grid_of, transport_of

C_KPC_MYR = 306.6
MOVES = 30


@pytest.fixture(scope="module")
def job():
    scenario = load("circumgalactic")
    setup = given_medium(scenario)
    return Job.of(setup.medium, grid_of(scenario, setup.galaxy), transport_of(scenario, setup))


def world_of(job):
    return World(
        job.table,
        job.controls,
        job.wall,
        job.one_way,
        job.grid.empty(),
        vacant_lanes(1),
        np.empty((4, DRAWS_AHEAD)),
        None,
        None,
        None,
    )


def fill(world, order):
    """Particles of many energies and places, in the lanes of an order."""
    random = np.random.default_rng(5)
    for number in range(LANES):
        R, z, ln_p = random.uniform(0, 8), random.uniform(-3, 3), np.log(10 ** random.uniform(1, 6))
        particle = at(world.table, False, R, 0.3 * R, z, Vector(0.6, 0.0, 0.8), ln_p, C_KPC_MYR)
        put_particle(world.lanes, order[number], particle)
        put_history(world.lanes, order[number], new_history(world, 8 * number, number, 0, 1.0, ln_p))


def one_at_a_time(world):
    """The moves of all lanes by the functions for one: (particles, histories), and the tally of the world."""
    lanes, table, controls = world.lanes, world.table, world.controls
    ends = []
    for lane in range(LANES):
        particle, history = particle_in(lanes, lane), drawn(history_in(lanes, lane), 1)
        time_left = (controls.t_max - history.clock) / history.multiplicity
        new, dt, _ = move(table, True, False, particle, time_left, draws_in(lanes, 0, lane))
        ends.append(counted(world, history, False, particle, new, dt))
    return ends


def test_moves_and_tallies_are_those_of_one_at_a_time(job):
    together, alone = world_of(job), world_of(job)
    fill(together, range(LANES))
    made = 0
    for _ in range(MOVES):
        draw_all(together)
        alone.lanes.particles[:], alone.lanes.histories[:] = (
            together.lanes.particles,
            together.lanes.histories,
        )
        alone.lanes.draws[:] = together.lanes.draws
        sums = [array.copy() for array in alone.tally]
        ends = one_at_a_time(alone)
        advance(together, False)
        if together.lanes.ahead[0].any():  # one has come near the surface: what it would count is not here
            for array, before in zip(alone.tally, sums, strict=True):
                array[:] = before
            fill(together, range(LANES))
            continue
        made += LANES
        for lane, (particle, history) in enumerate(ends):
            add_move(together, lane)
            np.testing.assert_allclose(particle_in(together.lanes, lane), particle, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(history_in(together.lanes, lane), history, rtol=1e-9, atol=1e-12)
    assert made > 10 * LANES
    for ours, theirs in zip(together.tally, alone.tally, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-15)
    assert together.tally.halo.sum() > 0 and together.tally.grammage.sum() > 0


def test_a_lane_is_as_good_as_another(job):
    """To the bit: or a particle followed alone would not be that of the run."""
    straight, turned = world_of(job), world_of(job)
    order = np.random.default_rng(2).permutation(LANES)
    fill(straight, range(LANES))
    fill(turned, order)
    for _ in range(MOVES):
        for world in (straight, turned):
            draw_all(world)
            advance(world, True)
    np.testing.assert_array_equal(turned.lanes.particles[:, order], straight.lanes.particles)
    np.testing.assert_array_equal(turned.lanes.ahead[:, order], straight.lanes.ahead)


def test_what_is_not_far_from_everything_is_left_alone(job):
    world = world_of(job)
    fill(world, range(LANES))
    lanes, table = world.lanes, world.table
    ln_p = np.log(1e4)
    edge = float(np.interp(0.0, table.distance[0], table.z.nodes))  # of the surface, on the axis
    near = at(table, False, 0.0, 0.0, edge - 0.01, Vector(0.0, 0.0, 1.0), ln_p, C_KPC_MYR)
    put_particle(lanes, 0, near)
    put_particle(lanes, 1, near._replace(x=np.nan))
    old = history_in(lanes, 2)
    put_history(lanes, 2, old._replace(clock=world.controls.t_max * (1 - 1e-15)))
    before = lanes.particles.copy(), lanes.histories.copy()
    draw_all(world)
    advance(world, True)
    assert lanes.ahead[0, :3].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_array_equal(lanes.particles[:, :3], before[0][:, :3])
    np.testing.assert_array_equal(lanes.histories[:, :3], before[1][:, :3])
    assert lanes.ahead[0, 3:].sum() < LANES - 3


def test_vacant_lanes_are_moved_like_others(job):
    """For nothing divides by zero there; and nothing of it is counted."""
    world = world_of(job)
    for _ in range(MOVES):
        draw_all(world)
        advance(world, True)
    assert np.isfinite(world.lanes.particles).all() and np.isfinite(world.lanes.ahead).all()
    assert not any(array.any() for array in world.tally)


def test_the_loop_is_one_over_vectors(job):
    """Tables are read for several lanes at once, where the processor can."""
    import numba
    from crhalo.fields._jit import _FLAGS

    def loop(world):
        advance(world, True)

    compiled = numba.njit(**_FLAGS)(loop)
    compiled(world_of(job))
    (code,) = compiled.inspect_asm().values()
    if "zmm" not in code:
        pytest.skip("no vector units of 512 bits")
    assert code.count("gather") > 20
