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
    drawn,
    is_first_passage_split,
    new_history,
    next_draw,
    past_surface,
    standing_for,
    whole_weight,
)
from .inject import OPTICAL_DEPTH_STRIDE, RADIUS_STRIDE, inject
from .lanes.advance import add_move, advance, draw_all
from .lanes.state import (
    draws_in,
    history_in,
    particle_in,
    put_history,
    put_particle,
    put_splitting,
    splitting_in,
)
from .lanes.windows import in_window, next_waiting, source_of
from .lookup import surface_normal
from .move import local_scale, move
from .particle import direction_of, is_beyond, is_finite, turned
from .reference import by_reference, by_value
from .rng import block_draw, history_draw
from .score import counted, end_history, first_passage
from .splitting import behind_for_good, cross, encounter, new_splitting

_ABSORBING, _TWO_WAY, _CLOSED = (int(wall) for wall in (Wall.ABSORBING, Wall.TWO_WAY, Wall.CLOSED))
# Whether to stop is asked every 1024 rounds (a bit mask): about a millisecond.
_POLL = 1024 - 1
_VACANT = -1
# In place of a fate: the end of a history by chance, for which others of its particle stand.
_BY_CHANCE = -2


@kernel
def _move_in_halo(world, lines, history, particle, reflects, owed, u, v):
    """A move inside the surface, which may touch it if it `reflects`; `lines` are those of the medium.

    `owed` is the time [Myr] of flights along lines that have just ended on the surface, without their steps
    across; `u` are four uniforms, and `v` four more along lines.

    Returns (where it begins and where it ends, its time [Myr], whether the particle stands on the surface,
    encounters with that, history).
    """
    table, controls = world.table, world.controls
    time_left = (controls.t_max - history.clock) / history.multiplicity
    if lines is not None:
        begin, new, dt, on_surface, encounters = move_along(
            table, controls.hybrid, reflects, particle, time_left, owed, u, v
        )
        return begin, new, dt, on_surface, encounters, history
    dt = 0.0
    if reflects:
        dt = reflected_step_time(table, particle, local_scale(table, False, particle), time_left)
    if dt > 0.0:
        w, history = next_draw(controls.seed, history)
        new, encounters = reflected_step(table, particle, dt, u, w)
        return particle, new, dt, False, encounters, history
    new, dt, on_surface = move(table, controls.hybrid, False, particle, time_left, u)
    return particle, new, dt, on_surface, 1.0 if on_surface else 0.0, history


@kernel
def _at_surface(world, wall, one_way, lines, history, particle, splitting, encounters, on_surface):
    """What happens to a particle at the surface: (fate or RETURNED, particle, history, splitting).

    `wall` and `one_way` are those of the world, `lines` those of the medium, `encounters` the number in the
    last move.
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
        history = past_surface(controls, history)
        if is_first_passage_split(controls, history):
            return ESCAPED, particle, history, splitting
    if table.wall == _ABSORBING:
        count_whole(world.tally, history.group, TAKEN_UP, history.weight, particle.ln_p)
        return ABSORBED, particle, history, splitting
    if is_beyond(particle, table.bell_outer_radius):
        count_whole(world.tally, history.group, LEFT, history.weight, particle.ln_p)
        return ESCAPED, particle, history, splitting
    if one_way is not None:
        fate, clock = behind_for_good(world, history, particle)
        return fate, particle, at_age(history, clock), splitting
    if wall is None:
        return NOT_FINITE, particle, history, splitting
    layer = boundary_layer(table, particle)
    if lines is not None:
        return meet_wall(world, history, particle, splitting, encounters, on_surface, layer, phase)
    if on_surface and (layer.depth == 0.0 or not controls.reflect_at_wall):
        return cross(world, standing_for(history, 1.0), particle, splitting)
    return encounter(world, history, particle, splitting, encounters, on_surface, layer, phase)


@kernel
def _reflects(table, controls):
    """Whether steps may touch the surface."""
    if table.lines is not None:
        # Steps across the lines touch it whatever becomes of the particle there.
        return table.wall == _CLOSED or table.wall == _TWO_WAY
    mirror = table.wall == _CLOSED or (table.wall == _TWO_WAY and controls.reflect_at_wall)
    return controls.hybrid and mirror


@kernel
def _one_move(world, lane):
    """A move of a lane that is followed alone, and what happens to it at the surface; (fate or RETURNED)."""
    table, controls, lanes = world.table, world.controls, world.lanes
    particle, history = particle_in(lanes, lane), history_in(lanes, lane)
    history = drawn(history, 1 if table.lines is None else 2)
    begin, new, dt, on_surface, encounters, history = _move_in_halo(
        world,
        table.lines,
        history,
        particle,
        _reflects(table, controls),
        lanes.owed[lane],
        draws_in(lanes, 0, lane),
        draws_in(lanes, lanes.draws.shape[0] - 1, lane),
    )
    lanes.owed[lane] = lanes.owed[lane] + dt if on_surface else 0.0
    if not is_finite(new):
        return NOT_FINITE
    particle, history = counted(world, history, False, begin, new, dt)
    fate, splitting = RETURNED, splitting_in(lanes, lane)
    if history.clock >= controls.t_max * NEARLY_ALL:
        count_whole(world.tally, history.group, STORED, history.weight, particle.ln_p)
        fate = ALIVE
    elif is_beyond(particle, table.r_max):
        count_whole(world.tally, history.group, LEFT, history.weight, particle.ln_p)
        fate = ESCAPED
    elif encounters != 0.0:
        fate, particle, history, splitting = _at_surface(
            world,
            world.wall,
            world.one_way,
            table.lines,
            history,
            particle,
            splitting,
            encounters,
            on_surface,
        )
    put_particle(lanes, lane, particle)
    put_history(lanes, lane, history)
    put_splitting(lanes, lane, splitting)
    return fate


@kernel
def _start(world, order, item, lane, first_particle):
    """Let a lane hold the history `item` of a block: a particle, or one of its first-passage splits."""
    controls, tally, lanes = world.controls, world.tally, world.lanes
    splits = controls.first_passage_splits
    index, split = order[item // splits], splits - 1 - item % splits
    particle_id = first_particle + index
    turn = particle_id % controls.schedule.size
    # Radii and optical depths are stratified along the energies of the schedule, so that neighbours in
    # energy, which are averaged later, cover their range evenly.
    radius_0, depth_0 = block_draw(controls.seed, particle_id - turn)
    group, rank = controls.schedule[turn], controls.ranks[turn]
    if split == 0:
        tally.injected[group] += 1.0
    if controls.track.shape[0] > 0:
        controls.track_length[1] = split
    area = (radius_0 + (rank * splits + split) * RADIUS_STRIDE) % 1.0
    area, weight = source_of(world.source_edges, group, area)
    particle = inject(world.table, controls, group, particle_id, split, area)
    history = new_history(world, group, particle_id, split, weight, particle.ln_p)
    count_whole(tally, group, INJECTED, history.weight, particle.ln_p)
    optical_depth = -math.log1p(-((depth_0 + rank * OPTICAL_DEPTH_STRIDE) % 1.0))
    put_particle(lanes, lane, particle)
    put_history(lanes, lane, history)
    put_splitting(lanes, lane, new_splitting(world, world.wall, history, particle.ln_p, optical_depth))
    lanes.owed[lane], lanes.particle[lane], lanes.moves[lane] = 0.0, index, 0


@kernel
def _end(world, lane, fate, to_come, ages, fates):
    """The end of the history of a lane: whether that is vacant then.

    The fate of a particle is counted with the last of its histories.
    """
    controls, lanes, tally = world.controls, world.lanes, world.tally
    history, index = history_in(lanes, lane), lanes.particle[lane]
    tally.work[0] += lanes.moves[lane]
    lanes.moves[lane] = 0
    # A particle is lost, or given up, where its own history is, or that of one of its splits.
    own = fate != _BY_CHANCE and not is_first_passage_split(controls, history)
    if (fate >= MAX_STEPS and fate > fates[index]) or (own and fates[index] < MAX_STEPS):
        ages[index], fates[index] = history.clock, fate
    if own:
        end_history(tally, history, fate, whole_weight(controls, history))
    if next_waiting(world, world.waiting, lane):
        return False
    lanes.particle[lane] = _VACANT
    to_come[index] -= 1
    if to_come[index] == 0:
        tally.fates[fates[index]] += 1
    return True


@kernel
def _leave_vacant(lanes):
    """Let no lane hold a history, but numbers that can be moved as those of one."""
    lanes.particles[:], lanes.histories[:], lanes.splittings[:] = 1.0, 1.0, 1.0
    lanes.ahead[:], lanes.owed[:], lanes.moves[:], lanes.particle[:] = 1.0, 0.0, 0, _VACANT


@entry()
def run_block(world, order, to_come, ages, fates, first_particle, stop):
    """Follow particles first_particle + `order` into the tally of a world; polls `stop[0]` all along.

    `order` holds their indices in the block, in the order in which they start; `to_come` how many histories
    of each are to come. `ages` [Myr] and `fates` take those of each particle at its end.
    """
    world = by_reference(world)
    table, controls, lanes = world.table, world.controls, world.lanes
    # A track is that of one history after the other.
    used = 1 if controls.track.shape[0] > 0 else lanes.particle.size
    histories, begun, vacant, round_ = order.size * controls.first_passage_splits, 0, used, 0
    side_by_side, reflects = table.lines is None and not table.halo_moves, _reflects(table, controls)
    _leave_vacant(lanes)
    while begun < histories or vacant < used:
        # Once it is told to stop, whatever the block has counted is thrown away.
        if round_ & _POLL == 0 and stop[0]:
            return
        round_ += 1
        for lane in range(used if vacant > 0 else 0):
            if lanes.particle[lane] == _VACANT and begun < histories:
                _start(world, order, begun, lane, first_particle)
                begun, vacant = begun + 1, vacant - 1
        # By value: what is said of arrays that do not overlap is said of arguments.
        draw_all(by_value(world))
        if side_by_side:
            advance(by_value(world), reflects)
        for lane in range(used):
            if lanes.particle[lane] == _VACANT:
                continue
            fate = RETURNED
            if lanes.ahead[0, lane] != 0.0:
                fate = _one_move(world, lane)
            else:
                add_move(world, lane)
            lanes.moves[lane] += 1
            if fate == RETURNED and lanes.moves[lane] == controls.max_steps:
                fate = MAX_STEPS
            if fate == RETURNED and not in_window(world, world.weights, lane):
                fate = _BY_CHANCE
            if fate != RETURNED and _end(world, lane, fate, to_come, ages, fates):
                vacant += 1
