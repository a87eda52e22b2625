"""One move of all lanes at once, for particles that are far from every surface in a halo at rest.

It is `move.move` and `score.counted` for these, written without branches: what a lane would find on either
way is worked out, and one of the two taken. Whatever else there may be about a move is left to its own code,
one lane at a time.
"""

from __future__ import annotations

from ....fields._jit import kernel, over_lanes
from ..arithmetic.vector import Vector
from ..boundary import reflected_step_time
from ..energy import MOST_LOST, energy_of_fall, loss_of
from ..history import BINNED_LN_P, NEARLY_ALL, energy_step_of, next_sample
from ..move import (
    LONGEST_FLIGHT,
    counted_time,
    is_real,
    is_step,
    local_scale,
    may_cross,
    path_to_collision,
    steepest,
    step_time,
    stepped,
)
from ..particle import Particle, at, direction_of, free_path_of, radius_of, slowed, speed_of, turned
from ..reference import by_reference
from ..rng import PURPOSE_TRANSPORT, isotropic, uniform4
from ..score import InHalo, add_in_halo, in_halo, note, sample_of
from .state import history_in, particle_in, put_particle


@over_lanes
def draw_all(world):
    """The uniforms of the next move of every lane."""
    draws, histories, seed = world.lanes.draws, world.lanes.histories, world.controls.seed
    for row in range(draws.shape[0]):
        for lane in range(draws.shape[2]):
            particle_id, split, draw = histories[1, lane], histories[2, lane], histories[4, lane] + row
            a, b, c, d = uniform4(seed, PURPOSE_TRANSPORT, particle_id, split, 0, draw)
            draws[row, 0, lane], draws[row, 1, lane], draws[row, 2, lane], draws[row, 3, lane] = a, b, c, d


@kernel
def _moved(table, hybrid, reflects, particle, time_left, u):
    """(particle after a move, its time [Myr], whether it may meet the surface, so that this is void)."""
    u0, u1, u2, u3 = u
    e, n = isotropic(u2, u3), isotropic(u0, u1)
    scale = local_scale(table, False, particle)
    dt = min(step_time(table, False, particle, 0.0, scale), time_left)
    steps = hybrid and is_step(particle, dt)
    free_path = free_path_of(particle)
    wanted, climb = path_to_collision(steepest(table, False), free_path, u0)
    path = min(wanted, particle.speed * time_left, LONGEST_FLIGHT * table.r_max)
    x, y, z = stepped(particle, dt, n, e)
    x = x if steps else particle.x + path * particle.dir_x
    y = y if steps else particle.y + path * particle.dir_y
    z = z if steps else particle.z + path * particle.dir_z
    new = at(table, False, x, y, z, direction_of(particle), particle.ln_p, particle.speed)
    turns = steps or (path == wanted and is_real(u1, climb, free_path, new))
    way = Vector(
        e.x if turns else particle.dir_x, e.y if turns else particle.dir_y, e.z if turns else particle.dir_z
    )
    time = counted_time(dt, time_left, u0) if steps else path / particle.speed
    met = not steps and may_cross(-particle.distance, -new.distance, path)
    if reflects:
        met = met or reflected_step_time(table, particle, scale, time_left) > 0.0
    return turned(new, way, particle.ln_p), time, met


@kernel
def _either(first, a, b):
    """One of two particles."""
    return Particle(
        a.x if first else b.x, a.y if first else b.y, a.z if first else b.z,
        a.dir_x if first else b.dir_x, a.dir_y if first else b.dir_y, a.dir_z if first else b.dir_z,
        a.ln_p if first else b.ln_p, a.speed if first else b.speed,
        a.diffusion if first else b.diffusion, a.slope_R if first else b.slope_R,
        a.slope_z if first else b.slope_z, a.distance if first else b.distance,
    )  # fmt: skip


@kernel
def _put_counted(histories, lane, alone, sample_at, clock, passed):
    """The history of a lane after a move that was counted, if that was not left `alone`."""
    histories[5, lane] = histories[5, lane] if alone else sample_at
    histories[6, lane] = histories[6, lane] if alone else clock
    histories[10, lane] += 0.0 if alone else passed


@kernel
def _put_ahead(ahead, lane, alone, dt, sample, found, lost):
    """What a move comes to, for the tallies."""
    ahead[0, lane], ahead[1, lane] = (1.0 if alone else 0.0), dt
    ahead[2, lane], ahead[3, lane] = sample.age, sample.residence
    ahead[4, lane], ahead[5, lane] = found.cell_R, found.cell_z
    ahead[6, lane], ahead[7, lane], ahead[8, lane] = found.disc, found.halo, found.in_disc
    ahead[9, lane] = lost


@over_lanes
def advance(world, reflects):
    """Move the lanes, and work out what is counted of that; those that are to be moved `alone` stay."""
    world = by_reference(world)
    table, controls, lanes = world.table, world.controls, world.lanes
    draws, ahead = lanes.draws, lanes.ahead
    for lane in range(ahead.shape[1]):
        particle, history = particle_in(lanes, lane), history_in(lanes, lane)
        u = draws[0, 0, lane], draws[0, 1, lane], draws[0, 2, lane], draws[0, 3, lane]
        time_left = (controls.t_max - history.clock) / history.multiplicity
        new, dt, alone = _moved(table, controls.hybrid, reflects, particle, time_left, u)
        time = dt * history.multiplicity
        sample_at = next_sample(history.sample_at)
        sample = sample_of(controls.halo_cells, history, particle, new, sample_at, dt, history.multiplicity)
        found = in_halo(world, particle, new, sample)
        fall = loss_of(table, particle.ln_p, found.collisions, time)
        ln_p = particle.ln_p - fall
        clock = history.clock + time
        alone = alone or table.fastest_loss_halo * time > MOST_LOST
        # Written so that what is not a number is left alone, too.
        alone = alone or not (clock < controls.t_max * NEARLY_ALL and radius_of(new) < table.r_max)
        lost = history.weight * energy_of_fall(particle.ln_p, fall)
        _put_ahead(ahead, lane, alone, dt, sample, found, lost)
        _put_counted(lanes.histories, lane, alone, sample_at, clock, found.disc + found.halo)
        put_particle(lanes, lane, _either(alone, particle, slowed(new, ln_p, particle.speed)))


@kernel
def add_move(world, lane):
    """Add the move that a lane has made to the tallies; find its speed anew where it has lost enough."""
    tally, controls, lanes = world.tally, world.controls, world.lanes
    particles, histories, ahead = lanes.particles, lanes.histories, lanes.ahead
    group, energy_step = int(histories[0, lane]), int(histories[12, lane])
    before_surface = histories[9, lane] != 0.0
    found = InHalo(
        int(ahead[4, lane]), int(ahead[5, lane]), ahead[6, lane], ahead[7, lane], ahead[8, lane], 0.0
    )
    add_in_halo(tally, group, energy_step, before_surface, ahead[2, lane], ahead[3, lane], found)
    tally.pp_loss[group, 0] += ahead[9, lane]
    if controls.track.shape[0] > 0:
        weight = histories[7, lane] * histories[8, lane]
        note(controls, False, particle_in(lanes, lane), ahead[1, lane], weight, ahead[2, lane])
    histories[4, lane] += 1.0
    ln_p = particles[6, lane]
    if abs(ln_p - histories[11, lane]) > BINNED_LN_P:
        particles[7, lane] = speed_of(ln_p)
        histories[11, lane], histories[12, lane] = ln_p, energy_step_of(controls, group, ln_p)
