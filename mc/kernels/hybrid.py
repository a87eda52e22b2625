"""The hybrid engine: particles through a tabulated medium, one block at a time.

A particle alternates between the inside of the surface (the halo) and, where the surface is a Bell
wall, the outside. Where lambda behind the wall is tiny against every scale, an incursion is replaced by
its exact law (`albedo`); where lambda before the wall is small too, steps touch the wall and count their
encounters with it (`boundary.reflected_step`); elsewhere crossings are flown. Three methods make the
~c/(4u) encounters with the wall affordable; `Controls` can switch all of them off:

- multiplicity: one simulated return through the halo stands for `multiplicity` alike. Residence, clock,
  losses and the chance of capture count that many times; it is unbiased where the halo mixes before
  capture, and `wall_sampling` bounds it by that.
- splitting (`splitting`): a particle does not go behind the wall itself, but sends out split particles.
- first-passage splits: up to the first encounter with the wall a history is short. A particle is followed so
  far `first_passage_splits` times, each with that share of its weight; one of these histories goes on.
"""

from __future__ import annotations

import math

from ...fields._jit import entry, kernel
from ...fields.medium_table import Wall
from .boundary import boundary_layer, mirrored, reflected_step, reflected_step_time
from .energy import INJECTED, LEFT, STORED, TAKEN_UP, count_whole
from .guided_wall import meet_wall, reflected_back
from .guiding_centre import move_along
from .history import (
    ABSORBED,
    ALIVE,
    ESCAPED,
    MAX_STEPS,
    NEARLY_ALL,
    NOT_FINITE,
    RETURNED,
    at_age,
    new_history,
    next_draw,
    past_surface,
    standing_for,
)
from .inject import OPTICAL_DEPTH_STRIDE, RADIUS_STRIDE, inject
from .lookup import surface_normal
from .move import move
from .particle import direction_of, is_beyond, is_finite, turned
from .rng import block_draw, history_draw
from .score import counted, end_history, first_passage
from .splitting import behind_for_good, cross, encounter, new_splitting

_ABSORBING, _TWO_WAY, _ONE_WAY, _CLOSED = (
    int(wall) for wall in (Wall.ABSORBING, Wall.TWO_WAY, Wall.ONE_WAY, Wall.CLOSED)
)
# Whether to stop is asked every 4096 moves (a bit mask): about a millisecond.
_POLL = 4096 - 1


@kernel
def _move_in_halo(world, lines, history, particle, reflects, owed):
    """A move inside the surface, which may touch it if it `reflects`; `lines` are those of the medium.

    `owed` is the time [Myr] of flights along lines that have just ended on the surface, without their steps
    across.

    Returns (where it begins and where it ends, its time [Myr], whether the particle stands on the surface,
    encounters with that, history).
    """
    table, controls = world.table, world.controls
    u, history = next_draw(world.buffer[0], controls.seed, history)
    time_left = (controls.t_max - history.clock) / history.multiplicity
    if lines is not None:
        v, history = next_draw(world.buffer[0], controls.seed, history)
        begin, new, dt, on_surface, encounters = move_along(
            table, controls.hybrid, reflects, particle, time_left, owed, u, v
        )
        return begin, new, dt, on_surface, encounters, history
    dt = 0.0
    if reflects:
        dt = reflected_step_time(table, particle, time_left)
    if dt > 0.0:
        v, history = next_draw(world.buffer[0], controls.seed, history)
        new, encounters = reflected_step(table, particle, dt, u, v)
        return particle, new, dt, False, encounters, history
    new, dt, on_surface = move(table, controls.hybrid, False, particle, time_left, u)
    return particle, new, dt, on_surface, 1.0 if on_surface else 0.0, history


@kernel
def _at_surface(world, wall, lines, history, particle, splitting, encounters, on_surface):
    """What happens to a particle at the surface: (fate or RETURNED, particle, history, splitting).

    `wall` is that of the world, `lines` those of the medium, `encounters` the number in the last move.
    """
    table, controls = world.table, world.controls
    if table.wall == _CLOSED:
        if lines is not None:
            return RETURNED, reflected_back(table, particle, on_surface), history, splitting
        if on_surface:
            normal = surface_normal(table, particle.x, particle.y, particle.z)
            particle = turned(particle, mirrored(direction_of(particle), normal), particle.ln_p)
        return RETURNED, particle, history, splitting
    phase = 0.0
    if history.before_surface:
        # The first group of returns is entered somewhere in its midst, as the last one is left there.
        _, _, phase = history_draw(controls.seed, history.particle_id, history.split)
        first_passage(world.tally, history)
        history = past_surface(history)
        if history.split > 0:
            return ESCAPED, particle, history, splitting
    if table.wall == _ABSORBING:
        count_whole(world.tally, history.group, TAKEN_UP, history.weight, particle.ln_p)
        return ABSORBED, particle, history, splitting
    if is_beyond(particle, table.bell_outer_radius):
        count_whole(world.tally, history.group, LEFT, history.weight, particle.ln_p)
        return ESCAPED, particle, history, splitting
    if wall is None:
        return NOT_FINITE, particle, history, splitting
    if table.wall == _ONE_WAY:
        fate, clock = behind_for_good(world, history, particle)
        return fate, particle, at_age(history, clock), splitting
    layer = boundary_layer(table, particle)
    if lines is not None:
        return meet_wall(world, history, particle, splitting, encounters, on_surface, layer, phase)
    if on_surface and (layer.depth == 0.0 or not controls.reflect_at_wall):
        return cross(world, standing_for(history, 1.0), particle, splitting)
    return encounter(world, history, particle, splitting, encounters, on_surface, layer, phase)


@kernel
def follow(world, history, particle, splitting, stop):
    """Follow one particle from injection to its fate; returns (fate, its age then, number of moves).

    It is compiled into `run_block`, so that what a history begins with is constant where nothing changes it.
    """
    table, controls = world.table, world.controls
    mirror = table.wall == _CLOSED or (table.wall == _TWO_WAY and controls.reflect_at_wall)
    reflects = controls.hybrid and mirror
    if table.lines is not None:
        # Steps across the lines touch the wall whatever becomes of the particle there.
        reflects = table.wall == _CLOSED or table.wall == _TWO_WAY
    owed = 0.0
    for step in range(controls.max_steps):
        # Once it is told to stop, whatever the block has counted is thrown away.
        if step & _POLL == 0 and stop[0]:
            return MAX_STEPS, history.clock, step
        begin, new, dt, on_surface, encounters, history = _move_in_halo(
            world, table.lines, history, particle, reflects, owed
        )
        owed = owed + dt if on_surface else 0.0
        if not is_finite(new):
            return NOT_FINITE, history.clock, step + 1
        particle, history = counted(world, history, False, begin, new, dt)
        if history.clock >= controls.t_max * NEARLY_ALL:
            count_whole(world.tally, history.group, STORED, history.weight, particle.ln_p)
            return ALIVE, history.clock, step + 1
        if is_beyond(particle, table.r_max):
            count_whole(world.tally, history.group, LEFT, history.weight, particle.ln_p)
            return ESCAPED, history.clock, step + 1
        if encounters != 0.0:
            fate, particle, history, splitting = _at_surface(
                world, world.wall, table.lines, history, particle, splitting, encounters, on_surface
            )
            if fate != RETURNED:
                return fate, history.clock, step + 1
    return MAX_STEPS, history.clock, controls.max_steps


@entry()
def run_block(world, ages, fates, first_particle, count, stop):
    """Follow particles first_particle ... + count - 1 into the tally of a world; polls `stop[0]` all along.

    `ages` [Myr] and `fates` take those of each particle at its end.
    """
    controls, tally = world.controls, world.tally
    splits = controls.first_passage_splits
    radius_0, depth_0 = 0.0, 0.0
    for index in range(count):
        if stop[0]:
            return
        particle_id = first_particle + index
        turn = particle_id % controls.schedule.size
        # Radii and optical depths are stratified along the energies of the schedule, so that neighbours in
        # energy, which are averaged later, cover their range evenly.
        if index == 0 or turn == 0:
            radius_0, depth_0 = block_draw(controls.seed, particle_id - turn)
        if controls.only >= 0 and controls.only != index:
            continue
        group = controls.schedule[turn]
        rank = controls.ranks[turn]
        optical_depth = -math.log1p(-((depth_0 + rank * OPTICAL_DEPTH_STRIDE) % 1.0))
        tally.injected[group] += 1.0
        # The particle itself comes last, so that one that is lost counts once.
        for split in range(splits - 1, -1, -1):
            if controls.only >= 0:
                controls.track_length[1] = split
            area = (radius_0 + (rank * splits + split) * RADIUS_STRIDE) % 1.0
            particle = inject(world.table, controls, group, particle_id, split, area)
            history = new_history(world, group, particle_id, split, particle.ln_p)
            count_whole(tally, group, INJECTED, history.weight, particle.ln_p)
            splitting = new_splitting(world, world.wall, history, particle.ln_p, optical_depth)
            fate, age, moves = follow(world, history, particle, splitting, stop)
            tally.work[0] += moves
            if split == 0 or fate == NOT_FINITE:
                ages[index], fates[index] = age, fate
                end_history(tally, group, fate, age)
            if fate == NOT_FINITE:
                break
