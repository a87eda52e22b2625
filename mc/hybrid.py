"""The hybrid engine: particles through a tabulated medium, one block at a time.

A particle alternates between the inside of the surface (the halo) and, where the surface is a Bell
wall, the outside. Where lambda behind the wall is tiny against every scale, an incursion is replaced by
its exact law (`albedo`); where lambda before the wall is small too, steps touch the wall and say how
often they met it (`wall.bounce`); elsewhere crossings are flown. Three things make the ~c/(4u) meetings
with the wall affordable, all off when `Controls` says so:

- multiplicity: one simulated return through the halo stands for `multiplicity` alike. Residence, clock,
  losses and the chance of capture count that many times; it is unbiased where the halo mixes before
  capture, and `acceleration` bounds it by that.
- probes (`capture`): a particle does not go behind the wall itself. It sends out `probes` of itself, each
  with so much less weight, for every time that it would be captured, spread over its meetings. A probe is
  followed and tallied until it leaves or comes back. With the chance of its weight it was the particle: one
  that has come back is where the particle goes on from, one that has left uses up its lives (an exponential
  variate, stratified over the particles), so the number of captures scatters much less than by chance.
- previews: before it first meets the wall a history is short; `previews` of them, each weighing
  1/`previews`, are followed so far, and one of them further.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..fields._jit import entry, kernel
from ..fields.medium import Wall
from .capture import RETURNED, Captures, at_nearest_node, behind_for_good, cross, meet
from .lookup import surface_normal
from .move import is_finite, move, turned
from .rng import PURPOSE_SOURCE, next4, uniform4
from .score import GOLDEN, after_losses, end_history, fallen_bins, first_passage, score
from .source import RADIUS_STRIDE, inject
from .tally import Fate
from .wall import bounce, bounce_time, mirrored, skin_depth

_ABSORBING, _TWO_WAY, _ONE_WAY, _CLOSED = (
    int(w) for w in (Wall.ABSORBING, Wall.TWO_WAY, Wall.ONE_WAY, Wall.CLOSED)
)
_ESCAPED, _ABSORBED, _ALIVE, _CAPPED, _LOST = (
    int(f) for f in (Fate.ESCAPED, Fate.ABSORBED, Fate.ALIVE, Fate.CAPPED, Fate.LOST)
)


class Controls(NamedTuple):
    """How to follow particles (what they meet is in the `MediumTable`)."""

    seed: int
    hybrid: bool
    skin: bool
    previews: int
    t_max: float
    max_steps: int
    R_d: float
    energy_edges: np.ndarray
    schedule: np.ndarray
    ranks: np.ndarray
    halo_cells: tuple
    bell_cells: tuple
    inverse_shell_step: float
    # Of a block, the one particle to follow, or -1 for all; room for its track, moves in it and history now.
    only: int
    track: np.ndarray
    track_length: np.ndarray


class Traffic(NamedTuple):
    """What is done at a Bell wall, by nodes of momentum, and the H function of scattering there."""

    multiplicity: np.ndarray
    probes: np.ndarray
    h_table: np.ndarray


@kernel
def follow(table, controls, traffic, tally, buffer, group, q, particle, life, lives, stop):
    """Follow one particle from injection to its fate; returns (fate, its age then, number of moves).

    `traffic` is None where nothing lies behind the surface: all that happens there is then not compiled.
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
    captures = Captures(lives, math.inf, 0)
    if traffic is not None:
        captures = Captures(lives, first / at_nearest_node(table, q.ln_p, traffic.probes), 0)
    binned_ln_p, fallen = q.ln_p, fallen_bins(controls, group, q.ln_p)
    for step in range(controls.max_steps):
        # Once it is told to stop, whatever the block has counted is thrown away.
        if step & 4095 == 0 and stop[0]:
            return _CAPPED, clock, step
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
        offset = (offset + GOLDEN) % 1.0
        represented = weight * multiplicity
        age = clock + offset * multiplicity * dt
        n = score(
            table, controls, tally, group, fallen, False, no_return, q, new, offset, dt, represented, age
        )
        dt *= multiplicity
        clock += dt
        q, binned_ln_p, fallen = after_losses(
            table, controls, tally, group, 0, new, n, dt, weight, binned_ln_p, fallen
        )
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
            first_passage(tally, group, weight, clock, before)
            weight = 1.0
            if life > 0:
                return _ESCAPED, clock, step + 1
        if table.wall == _ABSORBING:
            return _ABSORBED, clock, step + 1
        if q.x * q.x + q.y * q.y + q.z * q.z >= table.bell_reach * table.bell_reach:
            return _ESCAPED, clock, step + 1
        if traffic is None:
            return _LOST, clock, step + 1
        if table.wall == _ONE_WAY:
            fate, clock = behind_for_good(table, controls, tally, buffer, group, fallen, q, clock, particle)
            return fate, clock, step + 1
        skin = skin_depth(table, q, q.ln_p)
        if on_surface and (skin[0] == 0.0 or not controls.skin):
            multiplicity = 1.0
            fate, q, clock, captures = cross(
                table, controls, traffic, tally, buffer, group, q, clock, particle, captures
            )
        else:
            n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
            fate, q, clock, captures, multiplicity, draw = meet(
                table, controls, traffic, tally, buffer, group, fallen, q, meetings, on_surface,
                n_x, n_y, n_z, skin, clock, particle, captures, begun, draw,
            )  # fmt: skip
        if fate != RETURNED:
            return fate, clock, step + 1
    return _CAPPED, clock, controls.max_steps


@entry()
def run_block(table, controls, traffic, tally, buffer, ages, fates, first_particle, count, stop):
    """Follow particles first_particle ... + count - 1 into a tally; polls `stop[0]` all along.

    `ages` [Myr] and `fates` take those of each at its end; `buffer` is room for random numbers,
    (2, 4, LANES).
    """
    # Radii and losses are stratified along the energies of a block (two-dimensional golden sequence), so
    # that neighbours in energy, which are averaged later, cover their range evenly. Blocks are independent.
    radius_0, loss_0, _, _ = uniform4(controls.seed, PURPOSE_SOURCE, first_particle, 0, 0, 2)
    for index in range(count):
        if stop[0]:
            return
        if controls.only >= 0 and controls.only != index:
            continue
        particle = first_particle + index
        group = controls.schedule[index]
        rank = controls.ranks[index]
        lives = -math.log1p(-((loss_0 + rank * 0.5698402909980532) % 1.0))
        tally.injected[group] += 1.0
        # The particle itself comes last, so that one that is lost counts once.
        for life in range(controls.previews - 1, -1, -1):
            if controls.only >= 0:
                controls.track_length[1] = life
            radius = (radius_0 + (rank * controls.previews + life) * RADIUS_STRIDE) % 1.0
            q = inject(table, controls, group, particle, life, radius)
            fate, age, moves = follow(
                table, controls, traffic, tally, buffer, group, q, particle, life, lives, stop
            )
            tally.work[0] += moves
            if life == 0 or fate == _LOST:
                ages[index], fates[index] = age, fate
                end_history(tally, group, fate, age)
            if fate == _LOST:
                break
