"""Captures by the Bell wall: what goes behind it, and what comes back."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..fields._jit import kernel
from .albedo import MEAN_COSINE, MEAN_ENTRY_DEPTH, entry_depth, incursion_time, transmission
from .lookup import surface_normal
from .move import at, is_finite, move, speed_of
from .rng import PURPOSE_SOURCE, next4, uniform4
from .score import GOLDEN, after_losses, fallen_bins, lose, score
from .tally import Fate
from .wall import (
    at_angle,
    behind_wall,
    enter_one_way,
    flow_along,
    one_way_time,
    reflected_cosine,
    shifted,
    skin_depth,
)

_ESCAPED, _ALIVE, _CAPPED, _LOST = (int(f) for f in (Fate.ESCAPED, Fate.ALIVE, Fate.CAPPED, Fate.LOST))
# Instead of a fate: the history goes on in the halo.
RETURNED = -1


class Captures(NamedTuple):
    """What decides the captures by the wall of one particle.

    `lives`: what is left of the exponential variate that decides when it is lost; `ahead`: captures
    that have yet to come together until the next probe goes out; `sent`: probes so far.
    """

    lives: float
    ahead: float
    sent: int


@kernel
def at_nearest_node(table, ln_p, values):
    """Entry of a per-momentum table at the nearest node."""
    position = int((ln_p - table.ln_p0) * table.inverse_dln_p + 0.5)
    return values[min(max(position, 0), values.size - 1)]


@kernel
def _probe(table, controls, tally, buffer, group, q, weight, clock, particle, branch):
    """Follow and tally a particle behind the wall: (fate or RETURNED, where it is then, its age).

    One that has returned is on the wall, still in the frame of the medium behind it.
    """
    offset = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, branch, 0)[0]
    binned_ln_p, fallen = q.ln_p, fallen_bins(controls, group, q.ln_p)
    tally.work[1] += 1
    for step in range(controls.max_steps):
        u0, u1, u2, u3 = next4(buffer[1], controls.seed, particle, 0, branch, step)
        new, dt, on_surface = move(table, controls.hybrid, True, q, controls.t_max - clock, u0, u1, u2, u3)
        tally.work[2] += 1
        if not is_finite(new):
            return _LOST, q, clock
        offset = (offset + GOLDEN) % 1.0
        age = clock + offset * dt
        n = score(table, controls, tally, group, fallen, True, False, q, new, offset, dt, weight, age)
        clock += dt
        q, binned_ln_p, fallen = after_losses(
            table, controls, tally, group, 1, new, n, dt, weight, binned_ln_p, fallen
        )
        if clock >= controls.t_max * (1.0 - 1e-12):
            return _ALIVE, q, clock
        if q.x * q.x + q.y * q.y + q.z * q.z >= table.bell_reach * table.bell_reach:
            return _ESCAPED, q, clock
        if on_surface:
            return RETURNED, q, clock
    return _CAPPED, q, clock


@kernel
def behind_for_good(table, controls, tally, buffer, group, fallen, q, clock, particle):
    """A particle that has met a one-way wall, followed to its end: (fate, its age then)."""
    fate = RETURNED
    branch = 0
    while fate == RETURNED:
        branch += 1
        _, u0, u1, u2 = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, branch, 0)
        n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
        depth, free_path, u_over_v = skin_depth(table, q, q.ln_p)
        if depth > 0.0:
            dwell = one_way_time(depth, free_path, u_over_v, q.speed)
            outer = shifted(q, depth, n_x, n_y, n_z)
            age = clock + 0.5 * dwell
            score(table, controls, tally, group, fallen, True, False, q, outer, 0.5, dwell, 1.0, age)
            clock += dwell
            if clock >= controls.t_max:
                return _ALIVE, clock
        q = enter_one_way(table, q, n_x, n_y, n_z, depth, free_path, u_over_v, u0, u1, u2)
        fate, q, clock = _probe(table, controls, tally, buffer, group, q, 1.0, clock, particle, branch)
    return fate, clock


@kernel
def _back_inside(table, q):
    """A particle that has returned, in the frame of the halo, which is at rest."""
    ln_p = q.ln_p + flow_along(table, q, q.dir_x, q.dir_y, q.dir_z)
    return at(table, False, q.x, q.y, q.z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed_of(ln_p))


@kernel
def cross(table, controls, traffic, tally, buffer, group, q, clock, particle, captures):
    """A capture by a wall that is flown through: all its probes go out from here.

    The particle survives with the share of them that returns, as one of those. Returns (fate or RETURNED,
    particle, age, captures).
    """
    ln_p = q.ln_p - flow_along(table, q, q.dir_x, q.dir_y, q.dir_z)
    out = at(table, True, q.x, q.y, q.z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed_of(ln_p))
    number = round(at_nearest_node(table, q.ln_p, traffic.probes))
    lives, ahead, sent = captures
    returned = 0
    fate, ended = RETURNED, clock
    for _ in range(number):
        sent += 1
        end, there, age = _probe(
            table, controls, tally, buffer, group, out, 1.0 / number, clock, particle, sent
        )
        if end == _LOST or end == _CAPPED:
            return end, q, age, captures
        if end != RETURNED:
            fate, ended = end, age
            continue
        returned += 1
        if uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, sent, 0)[1] * returned < 1.0:
            q, back = there, age
    lives -= math.log(number / returned) if returned > 0 else math.inf
    if lives <= 0.0:
        return fate, q, ended, captures
    return RETURNED, _back_inside(table, q), back, Captures(lives, ahead, sent)


@kernel
def meet(
    table, controls, traffic, tally, buffer, group, fallen, q, meetings, on_surface, n_x, n_y, n_z, skin,
    clock, particle, captures, begun, draw,
):  # fmt: skip
    """Meetings with a wall that reflects nearly everything, and the captures in between.

    Wherever one more `1/probes` of a capture has come together a probe goes out. It is the particle with the
    chance 1/(probes + 1/2), which makes the meetings per capture right to O(1/probes^4). Returns (fate or
    RETURNED, particle, age, captures, multiplicity, draw).
    """
    depth, free_path, u_over_v = skin
    # The place on the wall: here, or the nearest one to where a bounce has ended.
    contact = shifted(q, 0.0, n_x, n_y, n_z)
    if on_surface:
        meetings = 1.0
        mu0 = max(q.dir_x * n_x + q.dir_y * n_y + q.dir_z * n_z, 0.0)
        start = entry_depth(traffic.h_table, mu0)
        cosine, draw = reflected_cosine(traffic.h_table, controls.seed, buffer[0], mu0, particle, draw)
        cosines = mu0 + cosine
        angle, _, _, _ = next4(buffer[0], controls.seed, particle, 0, 0, draw)
        draw += 1
        e_x, e_y, e_z = at_angle(n_x, n_y, n_z, -cosine, angle)
    else:
        start, cosines = MEAN_ENTRY_DEPTH, 2.0 * MEAN_COSINE
        e_x, e_y, e_z = q.dir_x, q.dir_y, q.dir_z
    chance = transmission(start, free_path, depth, u_over_v)
    hazard = -meetings * math.log1p(-chance)
    # The layer that is not followed is tallied by its mean time and mean displacement.
    dwell = incursion_time(start, chance, free_path, depth, q.speed, u_over_v)
    inner = shifted(contact, 0.5 * depth * (1.0 - chance), n_x, n_y, n_z)
    outer = shifted(contact, 0.5 * depth * (1.0 + chance), n_x, n_y, n_z)
    probes = at_nearest_node(table, q.ln_p, traffic.probes)
    weight = 1.0 / (probes + 0.5)
    lives, ahead, sent = captures
    ln_p = q.ln_p
    multiplicity = max(1.0, at_nearest_node(table, ln_p, traffic.multiplicity))
    # The first group is begun somewhere in its midst, as the last one is left there.
    passed = math.floor(begun * multiplicity)
    while True:
        # In units of these meetings: how often they are repeated until the next probe goes out.
        part = ahead / hazard
        probing = part < multiplicity - passed
        part = part if probing else multiplicity - passed
        passed += part
        ahead -= part * hazard
        met = part * meetings
        age = clock + 0.5 * met * dwell
        n = score(table, controls, tally, group, fallen, True, False, inner, outer, 0.5, dwell, met, age)
        clock += met * dwell
        if clock >= controls.t_max:
            return _ALIVE, q, clock, captures, 1.0, draw
        ln_p -= lose(table, tally, group, 1, ln_p, q.speed, n, dwell, met) * met + met * cosines * u_over_v
        if not probing:
            break
        sent += 1
        ahead = 1.0 / probes
        chosen, again, u0, u1 = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, sent, 1)
        out = behind_wall(table, contact, depth, n_x, n_y, n_z, ln_p, u0, u1)
        fate, out, age = _probe(table, controls, tally, buffer, group, out, weight, clock, particle, sent)
        if fate == _LOST or fate == _CAPPED:
            return fate, q, age, captures, 1.0, draw
        if fate != RETURNED:
            lives += math.log1p(-weight)
            if lives <= 0.0:
                return fate, q, age, captures, 1.0, draw
        elif chosen < weight:
            # The returns before this capture are made up for by the one that follows it.
            multiplicity = 1.0 + math.floor(passed)
            captures = Captures(lives, again * ahead, sent)
            return RETURNED, _back_inside(table, out), age, captures, multiplicity, draw
    q = at(table, False, q.x, q.y, q.z, e_x, e_y, e_z, ln_p, speed_of(ln_p))
    return RETURNED, q, clock, Captures(lives, ahead, sent), multiplicity, draw
