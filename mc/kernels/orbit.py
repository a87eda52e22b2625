"""The orbit engine: protons turned by the Lorentz force, into the tallies of the hybrid engine.

A step goes half its length straight on, turns about the field there and goes on (Boris); energy is kept
because only the direction turns. The turn is exact for a uniform field, and so is the period; the recorded
places lie on a circle that is smaller than r_L by (step/r_L)^2/12. Steps are a tenth of r_L (in the local
field, where histories are tallied) and at most a fifth of l_c, since waves that a step skips would turn the
particle as if they were as long as the step.

Where the plasma moves, direction and momentum are those in its frame, as for the other engines: there is no
electric field in that, a particle is carried along with u, and ln p falls by e.(u2 - u1)/v on the way from a
plasma that moves with u1 to one that moves with u2, through the surface too.
"""

from __future__ import annotations

import math

from ...fields._jit import entry, kernel
from ...fields.medium_table import Wall
from ...fields.units import LARMOR_KPC
from ...fields.vectors import magnetic_field
from .arithmetic.vector import Vector, dot
from .energy import AT_WALL, INJECTED, LEFT, STORED, TAKEN_UP, count_fall, count_whole
from .history import (
    ABSORBED,
    ALIVE,
    ESCAPED,
    MAX_STEPS,
    NEARLY_ALL,
    NOT_FINITE,
    new_history,
    past_surface,
)
from .inject import RADIUS_STRIDE, inject
from .lookup import flow_of, surface_distance
from .particle import is_beyond, is_finite, placed, slowed, speed_of, turned
from .reference import by_reference
from .rng import block_draw
from .score import counted, end_history, first_passage

STEP_OVER_LARMOR = 0.1
STEP_OVER_CORRELATION = 0.2
# So many steps are counted as one move, by its chord: of 0.3 r_L, whose middle is 0.01 r_L beside the arc.
STEPS_PER_MOVE = 3
# Whether to stop is asked every 16384 moves (a bit mask), a tenth of a second: a history can take minutes.
_POLL = 16384 - 1
_ABSORBING, _TWO_WAY = int(Wall.ABSORBING), int(Wall.TWO_WAY)


def orbit_step_kpc(larmor_radius_kpc: float, correlation_length_kpc: float = math.inf) -> float:
    """Length of a step for a Larmor radius and a one-sided correlation length."""
    return min(STEP_OVER_LARMOR * larmor_radius_kpc, STEP_OVER_CORRELATION * correlation_length_kpc)


@kernel
def turn(e_x, e_y, e_z, B_x, B_y, B_z, step, rigidity):
    """A direction after it has turned about a field over a path `step`; `rigidity` is r_L times |B|."""
    half = 0.5 * step / rigidity
    angle2 = half * half * (B_x * B_x + B_y * B_y + B_z * B_z)
    # tan(angle)/angle, to 1e-11 at 0.15.
    tangent = 1.0 + angle2 * (1 / 3 + angle2 * (2 / 15 + angle2 * (17 / 315 + angle2 * (62 / 2835))))
    f = half * tangent
    t_x, t_y, t_z = f * B_x, f * B_y, f * B_z
    m_x = e_x + e_y * t_z - e_z * t_y
    m_y = e_y + e_z * t_x - e_x * t_z
    m_z = e_z + e_x * t_y - e_y * t_x
    twice = 2.0 / (1.0 + t_x * t_x + t_y * t_y + t_z * t_z)
    n_x = e_x + twice * (m_y * t_z - m_z * t_y)
    n_y = e_y + twice * (m_z * t_x - m_x * t_z)
    n_z = e_z + twice * (m_x * t_y - m_y * t_x)
    # Back to length one: rounding alone would add up to 2e-11 in a million turns.
    norm = 1.5 - 0.5 * (n_x * n_x + n_y * n_y + n_z * n_z)
    return norm * n_x, norm * n_y, norm * n_z


@kernel
def push(field, x, y, z, e_x, e_y, e_z, step, rigidity):
    """Place and direction after a step, and |B|^2 at its middle."""
    half = 0.5 * step
    x, y, z = x + half * e_x, y + half * e_y, z + half * e_z
    B_x, B_y, B_z = magnetic_field(field, x, y, z)
    e_x, e_y, e_z = turn(e_x, e_y, e_z, B_x, B_y, B_z, step, rigidity)
    B2 = B_x * B_x + B_y * B_y + B_z * B_z
    return x + half * e_x, y + half * e_y, z + half * e_z, e_x, e_y, e_z, B2


@kernel
def _moved(table, particle, x, y, z, e_x, e_y, e_z):
    """The particle somewhere else; orbits do not look up D."""
    new = placed(particle, x, y, z, surface_distance(table, math.sqrt(x * x + y * y), abs(z)))
    return turned(new, Vector(e_x, e_y, e_z), particle.ln_p)


@kernel
def _cut(old, new, share):
    """The particle after a share of a step, taken as straight, on the surface."""
    x = old.x + share * (new.x - old.x)
    y = old.y + share * (new.y - old.y)
    z = old.z + share * (new.z - old.z)
    return placed(new, x, y, z, 0.0)


@kernel
def _flow_at(table, behind, x, y, z):
    """Velocity of the plasma [kpc/Myr]."""
    if behind:
        u_x, u_y, u_z, _ = flow_of(table, table.outflow, x, y, z)
        return Vector(u_x, u_y, u_z)
    if table.halo_moves:
        u_x, u_y, u_z, _ = flow_of(table, table.halo_flow, x, y, z)
        return Vector(u_x, u_y, u_z)
    return Vector(0.0, 0.0, 0.0)


@kernel
def _into_flow(particle, before, after):
    """The particle in another plasma, which moves with `after` instead of `before`."""
    change = Vector(after.x - before.x, after.y - before.y, after.z - before.z)
    direction = Vector(particle.dir_x, particle.dir_y, particle.dir_z)
    ln_p = particle.ln_p - dot(direction, change) / particle.speed
    return slowed(particle, ln_p, speed_of(ln_p))


@kernel
def _step_length(longest, rigidity, B2):
    """Length of the next step, by the field in the middle of the last one."""
    if longest * longest * B2 > (STEP_OVER_LARMOR * rigidity) ** 2:
        return STEP_OVER_LARMOR * rigidity / math.sqrt(B2)
    return longest


@kernel
def _step(table, field, particle, behind, u, length, rigidity):
    """(particle after a step, its duration, |B|^2 in its middle, whether it goes through the surface).

    One that goes through ends on it, by the share of the way there, taken as straight.
    """
    x, y, z, e_x, e_y, e_z, B2 = push(
        field,
        particle.x,
        particle.y,
        particle.z,
        particle.dir_x,
        particle.dir_y,
        particle.dir_z,
        length,
        rigidity,
    )
    dt = length / particle.speed
    new = _moved(table, particle, x + u.x * dt, y + u.y * dt, z + u.z * dt, e_x, e_y, e_z)
    through = (new.distance >= 0.0) != behind
    if through:
        share = min(max(particle.distance / (particle.distance - new.distance), 0.0), 1.0)
        new, dt = _cut(particle, new, share), share * dt
    return new, dt, B2, through


@kernel
def _move(world, field, longest_step, particle, behind, u, B2, time_left):
    """A few steps, which are counted as one move: (particle, time, |B|^2, u, through the surface, steps)."""
    table = world.table
    moves = table.halo_moves or table.wall == _TWO_WAY
    edge = table.bell_outer_radius if behind else table.r_max
    rigidity = LARMOR_KPC * math.exp(particle.ln_p)
    time, through, steps = 0.0, False, 0
    while steps < STEPS_PER_MOVE and is_finite(particle) and not (through or is_beyond(particle, edge)):
        longest = min(longest_step, particle.speed * (time_left - time))
        length = _step_length(longest, rigidity, B2)
        particle, dt, B2, through = _step(table, field, particle, behind, u, length, rigidity)
        if moves:
            ahead = _flow_at(table, behind, particle.x, particle.y, particle.z)
            particle, u = _into_flow(particle, u, ahead), ahead
        time += dt
        steps += 1
    return particle, time, B2, u, through, steps


@kernel
def _follow(world, history, field, longest_step, particle, stop):
    """Follow one particle from injection to its fate; returns (fate, history, number of steps)."""
    table, controls = world.table, world.controls
    B_x, B_y, B_z = magnetic_field(field, particle.x, particle.y, particle.z)
    B2 = B_x * B_x + B_y * B_y + B_z * B_z
    behind, steps, move = False, 0, 0
    u = _flow_at(table, behind, particle.x, particle.y, particle.z)
    while steps < controls.max_steps:
        if move & _POLL == 0 and stop[0]:
            return MAX_STEPS, history, steps
        time_left = controls.t_max - history.clock
        new, time, B2, u, through, taken = _move(
            world, field, longest_step, particle, behind, u, B2, time_left
        )
        move, steps = move + 1, steps + taken
        if not is_finite(new):
            return NOT_FINITE, history, steps
        particle, history = counted(world, history, behind, particle, new, time)
        if through and history.before_surface:
            first_passage(world.tally, history)
            history = past_surface(controls, history)
        if through and table.wall == _ABSORBING:
            count_whole(world.tally, history.group, TAKEN_UP, history.weight, particle.ln_p)
            return ABSORBED, history, steps
        if history.clock >= controls.t_max * NEARLY_ALL:
            count_whole(world.tally, history.group, STORED, history.weight, particle.ln_p)
            return ALIVE, history, steps
        if is_beyond(particle, table.bell_outer_radius if behind else table.r_max):
            count_whole(world.tally, history.group, LEFT, history.weight, particle.ln_p)
            return ESCAPED, history, steps
        if through:
            behind = not behind
            particle, u = _through_surface(world, history, particle, u, behind)
    return MAX_STEPS, history, controls.max_steps


@kernel
def _through_surface(world, history, particle, u, behind):
    """(particle, velocity of the plasma) on the other side of the surface; the change of ln p is counted."""
    ahead = _flow_at(world.table, behind, particle.x, particle.y, particle.z)
    new = _into_flow(particle, u, ahead)
    if new.ln_p != particle.ln_p:
        fall = particle.ln_p - new.ln_p
        count_fall(world.tally, history.group, AT_WALL, history.weight, particle.ln_p, fall)
    return new, ahead


@entry()
def run_block(world, field, longest_step, ages, fates, first_particle, count, stop):
    """Orbits of particles first_particle ... + count - 1 through one field, into the tally of a world.

    `longest_step` [kpc] bounds the steps where the field is weak. `ages` [Myr] and `fates` take those of each
    particle at its end; `stop[0]` is polled all along.
    """
    world = by_reference(world)
    controls, tally = world.controls, world.tally
    radius_0, _ = block_draw(controls.seed, first_particle)
    for index in range(count):
        if stop[0]:
            return
        if controls.only >= 0 and controls.only != index:
            continue
        particle_id = first_particle + index
        group = controls.schedule[index]
        tally.injected[group] += 1.0
        area = (radius_0 + controls.ranks[index] * RADIUS_STRIDE) % 1.0
        particle = inject(world.table, controls, group, particle_id, 0, area)
        history = new_history(world, group, particle_id, 0, 1.0, particle.ln_p)
        count_whole(tally, group, INJECTED, history.weight, particle.ln_p)
        fate, history, steps = _follow(world, history, field, longest_step, particle, stop)
        tally.work[0] += steps
        tally.fates[fate] += 1
        ages[index], fates[index] = history.clock, fate
        end_history(tally, history, fate, 1.0)
