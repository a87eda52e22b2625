"""Encounters with the Bell wall: reflection, capture, and return.

A particle does not go behind the wall itself. For each capture it sends out several split particles, spread
over its encounters, each with a share of its weight. A split particle is followed and counted until it leaves
or comes back. If it comes back, the particle goes on from there with a chance equal to that share. If it
leaves, it uses up some of the optical depth after which the particle is lost. This optical depth is an
exponential variate, stratified over the particles of a block, so that the number of captures scatters much
less than by chance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from .albedo import (
    MEAN_COSINE,
    MEAN_ENTRY_DEPTH,
    accept_reflection,
    entry_depth,
    incursion_time,
    transmission,
)
from .arithmetic.vector import dot
from .boundary import at_angle, behind_wall, boundary_layer, enter_one_way, jump_along, one_way_time, shifted
from .energy import (
    AT_WALL,
    FLOW_BEHIND,
    LEFT,
    MOST_LOST,
    STORED,
    after_losses,
    count_fall,
    count_whole,
    energy_of_fall,
    fastest_loss,
    lose,
    with_ln_p,
)
from .history import (
    ALIVE,
    ESCAPED,
    MAX_STEPS,
    NEARLY_ALL,
    NOT_FINITE,
    RETURNED,
    at_age,
    next_draw,
    next_in_row,
    split_history,
    standing_for,
)
from .lookup import surface_normal
from .move import move
from .particle import Particle, at, direction_of, is_beyond, is_finite, speed_of
from .rng import capture_draw, history_draw, split_draw
from .score import counted, score

# Moves behind the wall that are not followed are counted at their middle.
_MIDDLE = 0.5
_TINY = 1e-300


class Splitting(NamedTuple):
    """What decides the captures of one particle by the wall.

    Attributes
    ----------
    optical_depth_left : float
        What is left of the exponential variate; the particle is lost once it is used up.
    until_next : float
        Captures (an expected number) until the next split particle goes out.
    sent : int
        How many split particles went out so far.
    """

    optical_depth_left: float
    until_next: float
    sent: int


class Encounters(NamedTuple):
    """Encounters with a wall that reflects nearly everything, all those of one step.

    Attributes
    ----------
    number : float
        How many there are.
    captures : float
        Expected number of captures in all of them: the optical depth of the wall.
    dwell : float
        Mean time behind the wall of one of them [Myr].
    cooling : float
        Fall of ln p in one of them by the medium that recedes and spreads: the cosines of arrival and of
        departure times the jump of the velocity at the wall over v, and a third of the divergence for the
        time behind it.
    spreading : float
        The latter alone.
    inner, outer : Particle
        Ends of the mean displacement in the layer, along which they are counted.
    """

    number: float
    captures: float
    dwell: float
    cooling: float
    spreading: float
    inner: Particle
    outer: Particle


@kernel
def at_nearest_node(table, ln_p, values):
    """Entry of a per-momentum table at the nearest node."""
    position = int((ln_p - table.ln_p0) * table.inverse_dln_p + 0.5)
    return values[min(max(position, 0), values.size - 1)]


@kernel
def new_splitting(world, wall, history, ln_p, optical_depth):
    """The `Splitting` of a particle that starts; `wall` is that of the world."""
    if wall is None:
        return Splitting(optical_depth, math.inf, 0)
    _, until_split, _ = history_draw(world.controls.seed, history.particle_id, history.split)
    splits = at_nearest_node(world.table, ln_p, wall.splits_per_capture)
    return Splitting(optical_depth, until_split / splits, 0)


@kernel
def follow_split(world, parent, particle, branch, share):
    """Follow and count a split particle behind the wall: (fate or RETURNED, where it is then, its age).

    `parent` is the history that it goes out from, as number `branch` of its split particles, and `share` what
    it has of its weight. One that has returned is on the wall, still in the frame of the medium behind it.
    """
    table, controls = world.table, world.controls
    history = split_history(world, parent, branch, share, particle.ln_p)
    world.tally.work[1] += 1
    for _ in range(controls.max_steps):
        u, history = next_in_row(world.buffer, controls.seed, history)
        time_left = controls.t_max - history.clock
        new, dt, on_surface = move(table, controls.hybrid, True, particle, time_left, u)
        world.tally.work[2] += 1
        if not is_finite(new):
            return NOT_FINITE, particle, history.clock
        particle, history = counted(world, history, True, particle, new, dt)
        if history.clock >= controls.t_max * NEARLY_ALL:
            count_whole(world.tally, history.group, STORED, history.weight, particle.ln_p)
            return ALIVE, particle, history.clock
        if is_beyond(particle, table.bell_outer_radius):
            count_whole(world.tally, history.group, LEFT, history.weight, particle.ln_p)
            return ESCAPED, particle, history.clock
        if on_surface:
            return RETURNED, particle, history.clock
    return MAX_STEPS, particle, history.clock


@kernel
def behind_for_good(world, history, particle):
    """A particle at a one-way wall, followed to its end: (fate, its age then)."""
    table, controls = world.table, world.controls
    fate = RETURNED
    branch = 0
    while fate == RETURNED:
        branch += 1
        _, u0, u1, u2 = split_draw(controls.seed, history.particle_id, history.split, branch)
        normal = surface_normal(table, particle.x, particle.y, particle.z)
        layer = boundary_layer(table, particle)
        spreading = 0.0
        if layer.depth > 0.0:
            dwell = one_way_time(layer, particle.speed)
            spreading = dwell * layer.divergence / 3.0
            outer = shifted(particle, layer.depth, normal)
            n, _ = score(world, history, True, particle, outer, _MIDDLE, dwell, 1.0)
            particle, history = after_losses(world, history, True, particle, n, dwell)
            history = at_age(history, history.clock + dwell)
            if history.clock >= controls.t_max:
                count_whole(world.tally, history.group, STORED, history.weight, particle.ln_p)
                return ALIVE, history.clock
        ln_p = particle.ln_p
        particle = enter_one_way(table, particle, normal, layer, u0, u1, u2)
        _count_wall(world, history, ln_p, ln_p - particle.ln_p, spreading)
        fate, particle, clock = follow_split(world, history, particle, branch, 1.0)
        history = at_age(history, clock)
    return fate, history.clock


@kernel
def _count_wall(world, history, ln_p, fall, spreading):
    """Count what encounters with the wall take from a particle: `spreading` of the fall goes to the flow."""
    if fall != 0.0:
        taken = history.weight * energy_of_fall(ln_p, fall)
        behind = taken * spreading / fall
        world.tally.energy[history.group, AT_WALL] += taken - behind
        world.tally.energy[history.group, FLOW_BEHIND] += behind


@kernel
def _count_return(world, history, share, particle):
    """Count what the change of frame takes from a split particle, a share of a history, that has returned."""
    fall = -jump_along(world.table, particle)
    count_fall(world.tally, history.group, AT_WALL, share * history.weight, particle.ln_p, fall)


@kernel
def _back_inside(table, particle):
    """A particle that has returned, in the frame of the halo."""
    direction = direction_of(particle)
    ln_p = particle.ln_p + jump_along(table, particle)
    return at(table, False, particle.x, particle.y, particle.z, direction, ln_p, speed_of(ln_p))


@kernel
def cross(world, history, particle, splitting):
    """A capture by a wall that is flown through: all its split particles go out from here.

    The particle survives with the share of them that returns, as one of those. Returns (fate or RETURNED,
    particle, history, splitting).
    """
    table, seed = world.table, world.controls.seed
    jump = jump_along(table, particle)
    ln_p = particle.ln_p - jump
    count_fall(world.tally, history.group, AT_WALL, history.weight, particle.ln_p, jump)
    direction = direction_of(particle)
    out = at(table, True, particle.x, particle.y, particle.z, direction, ln_p, speed_of(ln_p))
    number = round(at_nearest_node(table, particle.ln_p, world.wall.splits_per_capture))
    optical_depth_left, until_next, sent = splitting
    returned = 0
    fate, ended, back = RETURNED, history.clock, history.clock
    for _ in range(number):
        sent += 1
        end, there, age = follow_split(world, history, out, sent, 1.0 / number)
        if end == NOT_FINITE or end == MAX_STEPS:
            return end, particle, at_age(history, age), splitting
        if end != RETURNED:
            fate, ended = end, age
            continue
        returned += 1
        _count_return(world, history, 1.0 / number, there)
        # Each of those that have returned is the one to go on from with the same chance.
        if split_draw(seed, history.particle_id, history.split, sent)[1] * returned < 1.0:
            particle, back = there, age
    optical_depth_left -= math.log(number / returned) if returned > 0 else math.inf
    if optical_depth_left <= 0.0:
        return fate, particle, at_age(history, ended), splitting
    splitting = Splitting(optical_depth_left, until_next, sent)
    return RETURNED, _back_inside(table, particle), at_age(history, back), splitting


@kernel
def _reflected_cosine(world, history, mu0):
    """Cosine of a diffusely reflected particle that came in at `mu0`, and its history."""
    h_table = world.wall.h_table
    while True:
        (u0, u1, u2, u3), history = next_draw(world.controls.seed, history)
        if accept_reflection(h_table, mu0, u0, u1):
            return u0, history
        if accept_reflection(h_table, mu0, u2, u3):
            return u2, history


@kernel
def _reflected(world, history, particle, on_surface, normal):
    """How encounters enter the layer and leave it again.

    Returns (depth that they seem to start from [lambda], sum of the cosines of arrival and departure,
    direction after it, history).
    """
    if not on_surface:
        # Those of a step in front of the wall: means over random angles.
        return MEAN_ENTRY_DEPTH, 2.0 * MEAN_COSINE, direction_of(particle), history
    mu0 = max(dot(direction_of(particle), normal), 0.0)
    start = entry_depth(world.wall.h_table, mu0)
    cosine, history = _reflected_cosine(world, history, mu0)
    u, history = next_draw(world.controls.seed, history)
    return start, mu0 + cosine, at_angle(normal, -cosine, u[0]), history


@kernel
def _encounters_of(number, start, cosines, contact, normal, layer):
    """The `Encounters` of a step at a place on the wall, with `start` and `cosines` as of `_reflected`.

    The layer that is not followed is counted by its mean time and mean displacement.
    """
    depth, free_path, u_over_v, jump_over_v, divergence = layer
    chance = transmission(start, free_path, depth, u_over_v)
    dwell = incursion_time(start, chance, free_path, depth, contact.speed, u_over_v)
    inner = shifted(contact, 0.5 * depth * (1.0 - chance), normal)
    outer = shifted(contact, 0.5 * depth * (1.0 + chance), normal)
    spreading = dwell * divergence / 3.0
    cooling = cosines * jump_over_v + spreading
    return Encounters(number, -number * math.log1p(-chance), dwell, cooling, spreading, inner, outer)


@kernel
def _sent_out(world, history, contact, layer, normal, ln_p, number, share):
    """A split particle that goes out from behind the layer and is followed.

    Returns (fate or RETURNED, where it is then, its age, two uniforms for what follows from it).
    """
    chosen, again, u, v = capture_draw(world.controls.seed, history.particle_id, history.split, number)
    out = behind_wall(world.table, contact, layer.depth, normal, ln_p, u, v)
    fate, out, age = follow_split(world, history, out, number, share)
    if fate == RETURNED:
        _count_return(world, history, share, out)
    return fate, out, age, chosen, again


@kernel
def encounter(world, history, particle, splitting, number, on_surface, layer, phase):
    """Encounters with a wall that reflects nearly everything, and the captures in between.

    Wherever one more `1/splits` of a capture has come together a split particle goes out. It is the particle
    with the chance 1/(splits + 1/2), which makes the encounters per capture right to O(1/splits^4).

    `number` is that of the encounters in the last step, one if the particle stands on it (`on_surface`);
    `layer` what lies behind the wall; `phase` the share of this group of returns that is over already.
    Returns (fate or RETURNED, particle, history, splitting).
    """
    table, controls = world.table, world.controls
    normal = surface_normal(table, particle.x, particle.y, particle.z)
    # The place on the wall: here, or the nearest one to where a reflected step has ended.
    contact = shifted(particle, 0.0, normal)
    start, cosines, direction, history = _reflected(world, history, particle, on_surface, normal)
    met = _encounters_of(number, start, cosines, contact, normal, layer)
    ln_p = particle.ln_p
    splits = at_nearest_node(table, ln_p, world.wall.splits_per_capture)
    share = 1.0 / (splits + 0.5)
    multiplicity = max(1.0, at_nearest_node(table, ln_p, world.wall.multiplicity))
    optical_depth_left, until_next, sent = splitting
    passed = math.floor(phase * multiplicity)
    per_repeat = max(number * met.dwell, _TINY)
    # `wanted` repeats are those until the next split particle goes out; so many lose little energy.
    gentle = MOST_LOST / max(fastest_loss(table, True) * per_repeat, _TINY)
    while True:
        wanted, left = until_next / met.captures, multiplicity - passed
        part = min(wanted, left, gentle, (controls.t_max - history.clock) / per_repeat)
        captured = part == wanted and wanted < left
        passed += part
        until_next -= part * met.captures
        times = part * number
        n, _ = score(world, history, True, met.inner, met.outer, _MIDDLE, met.dwell, times)
        lost = lose(world, history, True, ln_p, n, times * met.dwell)
        _count_wall(world, history, ln_p - lost, times * met.cooling, times * met.spreading)
        ln_p -= lost + times * met.cooling
        history = with_ln_p(world, at_age(history, history.clock + times * met.dwell), ln_p)
        if history.clock >= controls.t_max * NEARLY_ALL:
            count_whole(world.tally, history.group, STORED, history.weight, ln_p)
            return ALIVE, particle, history, splitting
        if part == left:
            break
        if not captured:
            continue
        sent, until_next = sent + 1, 1.0 / splits
        fate, out, age, chosen, again = _sent_out(world, history, contact, layer, normal, ln_p, sent, share)
        if fate == NOT_FINITE or fate == MAX_STEPS:
            return fate, particle, at_age(history, age), splitting
        if fate != RETURNED:
            optical_depth_left += math.log1p(-share)
            if optical_depth_left <= 0.0:
                return fate, particle, at_age(history, age), splitting
        elif chosen < share:
            # The returns before this capture are made up for by the one that follows it.
            history = standing_for(at_age(history, age), 1.0 + math.floor(passed))
            splitting = Splitting(optical_depth_left, again * until_next, sent)
            return RETURNED, _back_inside(table, out), history, splitting
    particle = at(table, False, particle.x, particle.y, particle.z, direction, ln_p, speed_of(ln_p))
    splitting = Splitting(optical_depth_left, until_next, sent)
    return RETURNED, particle, standing_for(history, multiplicity), splitting
