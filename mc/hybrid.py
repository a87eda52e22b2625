"""The hybrid engine: particles through a tabulated medium, one block at a time.

A particle alternates between the inside of the surface (the halo) and, where the surface is a Bell
wall, the outside. Where lambda behind the wall is tiny against every scale, an incursion is replaced by
its exact law (`albedo`); where lambda before the wall is small too, steps touch the wall and say how
often they met it (`wall.bounce`); elsewhere crossings are flown. Three things make the ~c/(4u) meetings
with the wall affordable, all off when `Controls` says so:

- multiplicity: one simulated return through the halo stands for `multiplicity` alike. Residence, clock,
  losses and the chance of capture count that many times; it is unbiased where the halo mixes before
  capture, and `acceleration` bounds it by that.
- probes: a particle does not go behind the wall itself. It sends out `probes` of itself, each with so much
  less weight, for every time that it would be captured, spread over its meetings. A probe is followed and
  tallied until it leaves or comes back. With the chance of its weight it was the particle: one that
  has come back is where the particle goes on from, one that has left uses up its lives (an exponential
  variate, stratified over the particles), so the number of captures scatters much less than by chance.
- previews: before it first meets the wall a history is short; `previews` of them, each weighing
  1/`previews`, are followed so far, and one of them further.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..fields._jit import entry, kernel, small_kernel
from ..fields.medium import Wall
from ..fields.units import KPC_CM, M_P_G, M_P_GEV
from .albedo import MEAN_COSINE, MEAN_ENTRY_DEPTH, entry_depth, incursion_time, transmission
from .lookup import at_momentum, gas_density, surface_normal
from .move import at, is_finite, move, speed_of, turned
from .rng import PURPOSE_SOURCE, isotropic, next4, uniform4
from .tally import (
    DISC_HALF_THICKNESS_KPC,
    ENERGY_BINS_PER_DECADE,
    ENERGY_STEPS,
    GRAMMAGE_EDGES,
    NEAR_DEPTH_KPC,
    NEAR_R_KPC,
    TIME_EDGES_MYR,
    Fate,
    Region,
)
from .wall import (
    at_angle,
    behind_wall,
    bounce,
    bounce_time,
    enter_one_way,
    flow_along,
    mirrored,
    one_way_time,
    reflected_cosine,
    shifted,
    skin_depth,
)

_ABSORBING, _TWO_WAY, _ONE_WAY, _CLOSED = (
    int(w) for w in (Wall.ABSORBING, Wall.TWO_WAY, Wall.ONE_WAY, Wall.CLOSED)
)
_ESCAPED, _ABSORBED, _ALIVE, _CAPPED, _LOST = (
    int(f) for f in (Fate.ESCAPED, Fate.ABSORBED, Fate.ALIVE, Fate.CAPPED, Fate.LOST)
)
_DISC, _DISC_NO_RETURN, _NEAR = int(Region.DISC), int(Region.DISC_NO_RETURN), int(Region.NEAR)
# Of a probe that came back to the wall.
_RETURNED = -1
_GRAMMAGE_PER_KPC = M_P_G * KPC_CM
_LN10 = math.log(10.0)
_GOLDEN = 0.6180339887498949
_TIME_START, _TIME_STEP = math.log(TIME_EDGES_MYR[0]), math.log(TIME_EDGES_MYR[1] / TIME_EDGES_MYR[0])
_GRAM_START, _GRAM_STEP = math.log(GRAMMAGE_EDGES[0]), math.log(GRAMMAGE_EDGES[1] / GRAMMAGE_EDGES[0])
_TIME_BINS, _GRAM_BINS = len(TIME_EDGES_MYR) + 1, len(GRAMMAGE_EDGES) + 1
# The plane is a source of exactly zero height: start just off it, so that |z| has a slope.
_START_Z_KPC = 1e-9
# The energy bin of a particle is found anew once ln p has changed by this.
_BINNED_LN_P = 1e-3


class Controls(NamedTuple):
    """How to follow particles (what they meet is in the `MediumTable`)."""

    seed: int
    hybrid: bool
    skin: bool
    multiplicity: np.ndarray
    probes: np.ndarray
    previews: int
    h_table: np.ndarray
    t_max: float
    max_steps: int
    R_d: float
    energy_edges: np.ndarray
    schedule: np.ndarray
    ranks: np.ndarray
    halo_cells: tuple
    bell_cells: tuple


class Captures(NamedTuple):
    """What decides the captures by the wall of one particle.

    `lives`: what is left of the exponential variate that decides when it is lost; `ahead`: captures
    that have yet to come together until the next probe goes out; `sent`: probes so far.
    """

    lives: float
    ahead: float
    sent: int


@kernel
def _log_bin(value, start, step, bins):
    """Bin of logarithmic edges, the first and last for what lies outside."""
    if value <= 0.0:
        return 0
    return min(max(math.floor((math.log(value) - start) / step) + 1, 0), bins - 1)


@kernel
def _fallen(controls, group, ln_p):
    """By how many current-energy bins the particle has fallen below its injection group."""
    p = math.exp(ln_p)
    energy = math.sqrt(p * p + M_P_GEV * M_P_GEV)
    position = math.log(energy / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    edges = controls.energy_edges.size - 1
    width = math.log(controls.energy_edges[edges] / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    bins = round(width)
    # Edges are whole fractions of the range, so its bins may be slightly narrower than nominal.
    now = math.floor(position * bins / width)
    return min(max(group * bins // edges - now, 0), ENERGY_STEPS - 1)


@small_kernel
def _share_in_disc(old, new, R_d):
    """Share of a straight move that lies in the disc |z| < 0.1 kpc, R < R_d (R taken at its middle)."""
    if min(old.z, new.z) > DISC_HALF_THICKNESS_KPC or max(old.z, new.z) < -DISC_HALF_THICKNESS_KPC:
        return 0.0
    rise = new.z - old.z
    if abs(rise) < 1e-9:
        low, high = (0.0, 1.0) if abs(old.z) < DISC_HALF_THICKNESS_KPC else (0.0, 0.0)
    else:
        a = (-DISC_HALF_THICKNESS_KPC - old.z) / rise
        b = (DISC_HALF_THICKNESS_KPC - old.z) / rise
        low, high = max(min(a, b), 0.0), min(max(a, b), 1.0)
    if high <= low:
        return 0.0
    middle = 0.5 * (low + high)
    x = old.x + middle * (new.x - old.x)
    y = old.y + middle * (new.y - old.y)
    return high - low if x * x + y * y < R_d * R_d else 0.0


@small_kernel
def _score(table, controls, tally, group, fallen, in_bell, no_return, old, new, where, dt, weight, clock):
    """Add a move of duration dt to the tallies, at one point drawn along it; returns n there [cm^-3].

    `where` in (0, 1) is the place along the move, `clock` the age at its start.
    """
    x = old.x + where * (new.x - old.x)
    y = old.y + where * (new.y - old.y)
    z = abs(old.z + where * (new.z - old.z))
    R = math.sqrt(x * x + y * y)
    r2 = R * R + z * z
    # Written so that a place that is not a number is not looked up either.
    if not r2 <= table.r_max * table.r_max:
        return 0.0
    residence = weight * dt
    path = residence * old.speed * _GRAMMAGE_PER_KPC
    cells = controls.bell_cells if in_bell else controls.halo_cells
    i = cells.cell_of_R[min(int(R * cells.inverse_step), cells.cell_of_R.size - 1)]
    j = cells.cell_of_z[min(int(z * cells.inverse_step), cells.cell_of_z.size - 1)]
    if in_bell:
        density = gas_density(table, R, z, 2)
        tally.grammage[group, 2] += path * density
        if i >= 0 and j >= 0:
            tally.bell[group, fallen, i, j] += residence
        depth = old.distance + where * (new.distance - old.distance)
        if R < NEAR_R_KPC and depth < NEAR_DEPTH_KPC:
            tally.region[group, fallen, _NEAR] += residence
            tally.region_age[group, _NEAR] += residence * clock
            radial = x * (new.x - old.x) + y * (new.y - old.y) + math.copysign(z, new.z) * (new.z - old.z)
            tally.near_flux[group, fallen] += weight * radial / math.sqrt(r2)
        return density
    disc, halo = gas_density(table, R, z, 0), gas_density(table, R, z, 1)
    tally.grammage[group, 0] += path * disc
    tally.grammage[group, 1] += path * halo
    if no_return:
        tally.grammage_first[group, 0] += path * disc
        tally.grammage_first[group, 1] += path * halo
    if i >= 0 and j >= 0:
        tally.halo[group, fallen, i, j] += residence
    in_disc = residence * _share_in_disc(old, new, controls.R_d)
    if in_disc > 0.0:
        tally.region[group, fallen, _DISC] += in_disc
        tally.region_age[group, _DISC] += in_disc * clock
        if no_return:
            tally.region[group, fallen, _DISC_NO_RETURN] += in_disc
            tally.region_age[group, _DISC_NO_RETURN] += in_disc * clock
    return disc + halo


@kernel
def _count(table, ln_p, values):
    """Entry of a per-momentum table at the nearest node."""
    position = int((ln_p - table.ln_p0) * table.inverse_dln_p + 0.5)
    return values[min(max(position, 0), values.size - 1)]


@kernel
def _first_passage(tally, group, weight, clock, before):
    """Count an escape: its time, and the grammage since `before`."""
    tally.escape[group, 0] += weight
    tally.escape[group, 1] += weight * clock
    tally.escape[group, 2] += weight * clock * clock
    tally.escape_time_histogram[group, _log_bin(clock, _TIME_START, _TIME_STEP, _TIME_BINS)] += weight
    passed = (tally.grammage_first[group, 0] + tally.grammage_first[group, 1] - before) / weight
    tally.grammage_histogram[group, _log_bin(passed, _GRAM_START, _GRAM_STEP, _GRAM_BINS)] += weight


@kernel
def _end(tally, group, fate, age):
    """Count the end of a history."""
    tally.fates[fate] += 1
    if fate == _ALIVE:
        tally.alive[group] += 1.0
    if fate == _ESCAPED or fate == _ABSORBED:
        tally.leave_time_histogram[group, _log_bin(age, _TIME_START, _TIME_STEP, _TIME_BINS)] += 1.0


@kernel
def _probe(table, controls, tally, buffer, group, q, weight, clock, particle, branch):
    """Follow and tally a particle behind the wall: (fate or _RETURNED, where it is then, its age).

    One that has returned is on the wall, still in the frame of the medium behind it.
    """
    offset = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, branch, 0)[0]
    binned_ln_p, fallen = q.ln_p, _fallen(controls, group, q.ln_p)
    tally.work[1] += 1
    for step in range(controls.max_steps):
        u0, u1, u2, u3 = next4(buffer[1], controls.seed, particle, 0, branch, step)
        new, dt, on_surface = move(table, controls.hybrid, True, q, controls.t_max - clock, u0, u1, u2, u3)
        tally.work[2] += 1
        if not is_finite(new):
            return _LOST, q, clock
        offset = (offset + _GOLDEN) % 1.0
        n = _score(table, controls, tally, group, fallen, True, False, q, new, offset, dt, weight, clock)
        clock += dt
        ln_p = new.ln_p - n * at_momentum(table.loss_rate, table, new.ln_p) * dt
        q = turned(new, new.dir_x, new.dir_y, new.dir_z, ln_p)
        if abs(ln_p - binned_ln_p) > _BINNED_LN_P:
            binned_ln_p, fallen = ln_p, _fallen(controls, group, ln_p)
        if clock >= controls.t_max * (1.0 - 1e-12):
            return _ALIVE, q, clock
        if q.x * q.x + q.y * q.y + q.z * q.z >= table.r_max * table.r_max:
            return _ESCAPED, q, clock
        if on_surface:
            return _RETURNED, q, clock
    return _CAPPED, q, clock


@kernel
def _behind_for_good(table, controls, tally, buffer, group, fallen, q, clock, particle):
    """A particle that has met a one-way wall, followed to its end: (fate, its age then)."""
    fate = _RETURNED
    branch = 0
    while fate == _RETURNED:
        branch += 1
        _, u0, u1, u2 = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, branch, 0)
        n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
        depth, free_path, u_over_v = skin_depth(table, q, q.ln_p)
        if depth > 0.0:
            dwell = one_way_time(depth, free_path, u_over_v, q.speed)
            outer = shifted(q, depth, n_x, n_y, n_z)
            _score(table, controls, tally, group, fallen, True, False, q, outer, 0.5, dwell, 1.0, clock)
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
def _cross(table, controls, tally, buffer, group, q, clock, particle, captures):
    """A capture by a wall that is flown through: all its probes go out from here.

    The particle survives with the share of them that returns, as one of those. Returns (fate or _RETURNED,
    particle, age, captures).
    """
    ln_p = q.ln_p - flow_along(table, q, q.dir_x, q.dir_y, q.dir_z)
    out = at(table, True, q.x, q.y, q.z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed_of(ln_p))
    number = round(_count(table, q.ln_p, controls.probes))
    lives, ahead, sent = captures
    returned = 0
    fate, ended = _RETURNED, clock
    for _ in range(number):
        sent += 1
        end, there, age = _probe(
            table, controls, tally, buffer, group, out, 1.0 / number, clock, particle, sent
        )
        if end == _LOST or end == _CAPPED:
            return end, q, age, captures
        if end != _RETURNED:
            fate, ended = end, age
            continue
        returned += 1
        if uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, sent, 0)[1] * returned < 1.0:
            q, back = there, age
    lives -= math.log(number / returned) if returned > 0 else math.inf
    if lives <= 0.0:
        return fate, q, ended, captures
    return _RETURNED, _back_inside(table, q), back, Captures(lives, ahead, sent)


@kernel
def _meet(
    table, controls, tally, buffer, group, fallen, q, meetings, on_surface, n_x, n_y, n_z, skin, clock,
    particle, captures, begun, draw,
):  # fmt: skip
    """Meetings with a wall that reflects nearly everything, and the captures in between.

    Wherever one more `1/probes` of a capture has come together a probe goes out. It is the particle with the
    chance 1/(probes + 1/2), which makes the meetings per capture right to O(1/probes^4). Returns (fate or
    _RETURNED, particle, age, captures, multiplicity, draw).
    """
    depth, free_path, u_over_v = skin
    # The place on the wall: here, or the nearest one to where a bounce has ended.
    contact = shifted(q, 0.0, n_x, n_y, n_z)
    if on_surface:
        meetings = 1.0
        mu0 = max(q.dir_x * n_x + q.dir_y * n_y + q.dir_z * n_z, 0.0)
        start = entry_depth(controls.h_table, mu0)
        cosine, draw = reflected_cosine(controls, buffer[0], mu0, particle, draw)
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
    probes = _count(table, q.ln_p, controls.probes)
    weight = 1.0 / (probes + 0.5)
    lives, ahead, sent = captures
    ln_p = q.ln_p
    multiplicity = max(1.0, _count(table, ln_p, controls.multiplicity))
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
        n = _score(table, controls, tally, group, fallen, True, False, inner, outer, 0.5, dwell, met, clock)
        clock += met * dwell
        if clock >= controls.t_max:
            return _ALIVE, q, clock, captures, 1.0, draw
        ln_p -= met * (n * at_momentum(table.loss_rate, table, ln_p) * dwell + cosines * u_over_v)
        if not probing:
            break
        sent += 1
        ahead = 1.0 / probes
        chosen, again, u0, u1 = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, sent, 1)
        out = behind_wall(table, contact, depth, n_x, n_y, n_z, ln_p, u0, u1)
        fate, out, age = _probe(table, controls, tally, buffer, group, out, weight, clock, particle, sent)
        if fate == _LOST or fate == _CAPPED:
            return fate, q, age, captures, 1.0, draw
        if fate != _RETURNED:
            lives += math.log1p(-weight)
            if lives <= 0.0:
                return fate, q, age, captures, 1.0, draw
        elif chosen < weight:
            # The returns before this capture are made up for by the one that follows it.
            multiplicity = 1.0 + math.floor(passed)
            captures = Captures(lives, again * ahead, sent)
            return _RETURNED, _back_inside(table, out), age, captures, multiplicity, draw
    q = at(table, False, q.x, q.y, q.z, e_x, e_y, e_z, ln_p, speed_of(ln_p))
    return _RETURNED, q, clock, Captures(lives, ahead, sent), multiplicity, draw


@kernel
def follow(table, controls, tally, buffer, group, q, particle, life, lives):
    """Follow one particle from injection to its fate; returns (fate, its age then, number of moves).

    `life` 0 is the particle itself, the others are its previews, which end at the wall. `lives` is the
    exponential variate that its loss behind the wall is decided by.
    """
    weight = 1.0 / controls.previews
    no_return = True
    multiplicity = 1.0
    clock = 0.0
    draw = 0
    before = tally.grammage_first[group, 0] + tally.grammage_first[group, 1]
    bounces = controls.hybrid and (table.wall == _CLOSED or (table.wall == _TWO_WAY and controls.skin))
    offset, first, phase, _ = uniform4(controls.seed, PURPOSE_SOURCE, particle, life, 0, 1)
    captures = Captures(lives, first / _count(table, q.ln_p, controls.probes), 0)
    binned_ln_p, fallen = q.ln_p, _fallen(controls, group, q.ln_p)
    for step in range(controls.max_steps):
        u0, u1, u2, u3 = next4(buffer[0], controls.seed, particle, life, 0, draw)
        draw += 1
        left = (controls.t_max - clock) / multiplicity
        meetings, on_surface, dt = 0.0, False, 0.0
        if bounces:
            dt = bounce_time(table, q, left)
        if dt > 0.0:
            v0, v1, v2, _ = next4(buffer[0], controls.seed, particle, life, 0, draw)
            draw += 1
            new, meetings = bounce(table, q, dt, u0, u1, u2, u3, v0, v1, v2)
        else:
            new, dt, on_surface = move(table, controls.hybrid, False, q, left, u0, u1, u2, u3)
        if not is_finite(new):
            return _LOST, clock, step + 1
        offset = (offset + _GOLDEN) % 1.0
        represented = weight * multiplicity
        n = _score(
            table, controls, tally, group, fallen, False, no_return, q, new, offset, dt, represented, clock
        )
        dt *= multiplicity
        clock += dt
        ln_p = new.ln_p - n * at_momentum(table.loss_rate, table, new.ln_p) * dt
        q = turned(new, new.dir_x, new.dir_y, new.dir_z, ln_p)
        if abs(ln_p - binned_ln_p) > _BINNED_LN_P:
            binned_ln_p, fallen = ln_p, _fallen(controls, group, ln_p)
        if clock >= controls.t_max * (1.0 - 1e-12):
            return _ALIVE, clock, step + 1
        if q.x * q.x + q.y * q.y + q.z * q.z >= table.r_max * table.r_max:
            return _ESCAPED, clock, step + 1
        if not on_surface and meetings == 0.0:
            continue

        if table.wall == _CLOSED:
            if on_surface:
                n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
                e_x, e_y, e_z = mirrored(q, n_x, n_y, n_z)
                q = turned(q, e_x, e_y, e_z, q.ln_p)
            continue
        begun = phase if no_return else 0.0
        if no_return:
            no_return = False
            _first_passage(tally, group, weight, clock, before)
            weight = 1.0
            if life > 0:
                return _ESCAPED, clock, step + 1
        if table.wall == _ABSORBING:
            return _ABSORBED, clock, step + 1
        if table.wall == _ONE_WAY:
            fate, clock = _behind_for_good(table, controls, tally, buffer, group, fallen, q, clock, particle)
            return fate, clock, step + 1
        skin = skin_depth(table, q, q.ln_p)
        if on_surface and (skin[0] == 0.0 or not controls.skin):
            multiplicity = 1.0
            fate, q, clock, captures = _cross(
                table, controls, tally, buffer, group, q, clock, particle, captures
            )
        else:
            n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
            fate, q, clock, captures, multiplicity, draw = _meet(
                table, controls, tally, buffer, group, fallen, q, meetings, on_surface, n_x, n_y, n_z, skin,
                clock, particle, captures, begun, draw,
            )  # fmt: skip
        if fate != _RETURNED:
            return fate, clock, step + 1
    return _CAPPED, clock, controls.max_steps


@kernel
def inject(table, controls, group, particle, life, radius):
    """A particle in the disc: uniform in R < R_d, isotropic, log-uniform energy within its group.

    `radius` in (0, 1) is the share of the disc's area within its radius.
    """
    u0, u1, u2, u3 = uniform4(controls.seed, PURPOSE_SOURCE, particle, life, 0, 0)
    low, high = controls.energy_edges[group], controls.energy_edges[group + 1]
    energy = low * (high / low) ** u0
    ln_p = 0.5 * math.log((energy - M_P_GEV) * (energy + M_P_GEV))
    R = controls.R_d * math.sqrt(radius)
    angle = 2.0 * math.pi * u1
    e_x, e_y, e_z = isotropic(u2, u3)
    x, y, z = R * math.cos(angle), R * math.sin(angle), math.copysign(_START_Z_KPC, e_z)
    return at(table, False, x, y, z, e_x, e_y, e_z, ln_p, speed_of(ln_p))


@entry()
def run_block(table, controls, tally, buffer, first_particle, count, stop):
    """Follow particles first_particle ... + count - 1 into a tally; polls `stop[0]` between them.

    `buffer` is room for random numbers, (2, 4, LANES).
    """
    # Radii and losses are stratified along the energies of a block (two-dimensional golden sequence), so
    # that neighbours in energy, which are averaged later, cover their range evenly. Blocks are independent.
    radius_0, loss_0, _, _ = uniform4(controls.seed, PURPOSE_SOURCE, first_particle, 0, 0, 2)
    for index in range(count):
        if stop[0]:
            return
        particle = first_particle + index
        group = controls.schedule[index]
        rank = controls.ranks[index]
        lives = -math.log1p(-((loss_0 + rank * 0.5698402909980532) % 1.0))
        tally.injected[group] += 1.0
        # The particle itself comes last, so that one that is lost counts once.
        for life in range(controls.previews - 1, -1, -1):
            radius = (radius_0 + (rank * controls.previews + life) * 0.7548776662466927) % 1.0
            q = inject(table, controls, group, particle, life, radius)
            fate, age, moves = follow(table, controls, tally, buffer, group, q, particle, life, lives)
            tally.work[0] += moves
            if life == 0 or fate == _LOST:
                _end(tally, group, fate, age)
            if fate == _LOST:
                break
