"""Flights of a guiding centre along a field line, which the mirror force turns; and the choice of a move.

Between scatterings 1 - mu^2 rises as B, which is kept to the last digits; scatterings at the rate v/lambda
make mu isotropic in the frame of the waves. Steps across the line, and the flow and the drift, come after the
flight.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from .arithmetic.vector import Vector
from .boundary import largest_excursion
from .guided_steps import (
    NOTHING,
    WITHIN_REACH,
    along_line,
    arrived,
    away_from_axis,
    diffuse_along,
    pushed_back,
    reflected_step_along,
    reflected_step_time_along,
    speed_of_flow,
    step_across,
    step_time_along,
    went,
)
from .line import direction_at, direction_of_line, line_at, strain_along, way_of_line
from .lookup import bilinear, surface_distance, surface_normal
from .move import (
    ADVECTION_STEP,
    LONGEST_FLIGHT,
    TESTED_WITHIN,
    crossing,
    is_real,
    is_step,
    local_scale,
    path_to_collision,
    scale_around,
    steepest,
)
from .particle import free_path_of, turned
from .rng import normal_pair

# A flight follows its line over this part of the length on which that, or B, changes: the bounce of a
# particle between mirrors comes out to 1e-3.
FLIGHT_OVER_SCALE = 0.05
# And as long as a step across the line that goes with it is short against that length: a closed halo in which
# D across is as large as along stays uniform to 4%, and to 6% with steps half as long again.
ACROSS_OVER_SCALE = 0.1
# A particle that would turn within this part of a flight turns on the spot, so that none flies too far.
_TURNS_WITHIN = 1.2
# What is left of a flight that has met the surface is this part of it at least.
LEAST_FLIGHT = 1e-3


class _Flight(NamedTuple):
    """The part of a flight along a line.

    Attributes
    ----------
    path : float
        How far the particle flies, v times the time [kpc].
    collides : bool
        Whether a collision may end it.
    R, z, turn : float
        Where it is then, and how far about the axis.
    mu : float
        Its cosine to the line there.
    on_surface : bool
        Whether it has met the surface.
    """

    path: float
    collides: bool
    R: float
    z: float
    turn: float
    mu: float
    on_surface: bool


@kernel
def _longest_flight(table, way, particle, across):
    """Longest path over which a line, B and what lies across it change little [kpc]."""
    scale = bilinear(table.halo_scale, table, way.line.R, abs(way.line.z))
    longest = FLIGHT_OVER_SCALE * scale / max(way.poloidal, NOTHING)
    if across > 0.0:
        # Collisions know where D changes, a step across that goes with a flight does not.
        length = ACROSS_OVER_SCALE * scale_around(table, particle)
        longest = min(longest, length * length * particle.speed / (2.0 * across))
    flow = speed_of_flow(way)
    if flow > NOTHING:
        longest = min(longest, ADVECTION_STEP * scale * particle.speed / flow)
    return min(longest, LONGEST_FLIGHT * table.r_max)


@kernel
def _mirrored_cosine(line, end, mu, path):
    """Cosine at the end of a path that begins with `mu`: 1 - mu^2 goes as B, the mirror force turns it."""
    sine2 = 1.0 - mu * mu
    stronger = math.exp(end.ln_B - line.ln_B)
    pushed = mu + 0.25 * path * sine2 * (line.divergence + stronger * end.divergence)
    left = 1.0 - sine2 * stronger
    if left > 0.0:
        return math.copysign(math.sqrt(left), pushed)
    return min(max(pushed, -1.0), 1.0)


@kernel
def _fly(table, way, particle, wanted, longest, room):
    """The `_Flight` along a line: at most the path `wanted` to a collision, `longest`, or the `room` left."""
    line, mu = way.line, way.mu
    force = 0.5 * (1.0 - mu * mu) * line.divergence
    path = min(wanted, longest, room)
    if force * mu < 0.0 and -mu / force < _TURNS_WITHIN * path:
        # It turns where the force has used up its speed along the line, and is back where it was after twice
        # that path with the opposite cosine: no other way to turn keeps its magnetic moment to the last
        # digits. It flies less only to what would end that flight anyway, else that would make collisions
        # rarer.
        path = min(wanted, room, -2.0 * mu / force)
        if path == -2.0 * mu / force:
            return _Flight(path, False, line.R, line.z, 0.0, -mu, False)
    # Half-way in time it has the cosine that its place then asks for: the midpoint rule again.
    half = 0.5 * path * (mu + 0.25 * force * path)
    middle = line_at(table, abs(line.R + half * line.b_R), line.z + half * line.b_z)
    b = direction_of_line(middle)
    R, z, turn = went(line, middle.R, b, path * _mirrored_cosine(line, middle, mu, 0.5 * path))
    step_R, step_z = R - line.R, z - line.z
    chord = math.sqrt(step_R * step_R + step_z * step_z)
    share = 1.0
    on_surface = False
    if abs(particle.distance) <= TESTED_WITHIN * chord and chord > 0.0:
        outwards = Vector(particle.x / max(line.R, NOTHING), particle.y / max(line.R, NOTHING), 0.0)
        heading = Vector(outwards.x * step_R / chord, outwards.y * step_R / chord, step_z / chord)
        met = crossing(table, -1.0, particle, heading, chord)
        if met >= 0.0:
            on_surface, share = True, met / chord
    R, z = abs(line.R + share * step_R), line.z + share * step_z
    mu = _mirrored_cosine(line, line_at(table, R, z), mu, share * path)
    collides = path == wanted and not on_surface
    return _Flight(share * path, collides, R, z, share * turn, mu, on_surface)


@kernel
def _across_on_flight(table, particle, mu):
    """D across the line of a particle in flight at a cosine to it [kpc2/Myr]."""
    # A line that wanders parts from the others along its own length.
    wander = table.lines.wander * abs(mu) * particle.speed
    return min(table.lines.epsilon * particle.diffusion + wander, particle.diffusion)


@kernel
def fly_along(table, way, particle, reflects, time_left, owed, u, v):
    """A flight along the line and the step across it, but for one that ends on the surface: `step_off_line`.

    Where the surface `reflects` what a step across brings there, that is counted as encounters.

    Returns
    -------
    (Particle, Particle, float, bool, float)
        Where the move begins and ends, its time [Myr], whether it ends on the surface, and how often the
        particle has met that.
    """
    # u: for the path to a collision, whether it is a real one, the new cosine, and across; v: across.
    free_path = free_path_of(particle)
    wanted, climb = path_to_collision(steepest(table, False), free_path, u[0])
    across = _across_on_flight(table, particle, way.mu)
    longest = _longest_flight(table, way, particle, across)
    longest = max(longest - owed * particle.speed, LEAST_FLIGHT * longest)
    flight = _fly(table, way, particle, wanted, longest, particle.speed * time_left)
    dt = flight.path / particle.speed
    mu, ln_p = flight.mu, particle.ln_p
    if table.halo_moves:
        along, expansion = strain_along(table, way.line)
        sine2 = 1.0 - way.mu * way.mu
        ln_p -= (way.mu * way.mu * along + 0.5 * sine2 * (expansion - along)) * dt
        mu = min(max(mu + 0.5 * sine2 * way.mu * (expansion - 3.0 * along) * dt, -1.0), 1.0)
    begin, new = arrived(table, particle, way, flight.R, flight.z, flight.turn, mu, ln_p)
    if flight.collides and is_real(u[1], climb, free_path, new):
        b = way_of_line(table, flight.R, flight.z)
        new = turned(new, direction_at(b, new, flight.R, 2.0 * u[2] - 1.0), ln_p)
    if flight.on_surface:
        return begin, new, dt, True, 1.0
    across = _across_on_flight(table, new, flight.mu)
    new, on_surface, encounters = step_off_line(table, new, across, reflects, dt + owed, (u[3], v[0], v[1]))
    return begin, new, dt, on_surface, encounters


@kernel
def _across_to(table, way, particle, across, reflects, dt, u):
    """(R, z, whether on the surface, encounters) after a step across the line.

    The largest excursion of the step towards the surface is that of a Brownian bridge (`boundary`).
    """
    line = way.line
    by_R, by_z = step_across(way, particle, across, dt, *normal_pair(u[0], u[1]))
    by_R, by_z = by_R + way.v_R * dt, by_z + way.v_z * dt
    R, z = away_from_axis(line.R + by_R, across, dt), line.z + by_z
    before = surface_distance(table, line.R, abs(line.z))
    reach = WITHIN_REACH * math.sqrt(2.0 * across * dt) + math.sqrt(by_R * by_R + by_z * by_z)
    if before < -reach:
        return R, z, False, 0.0
    outwards = surface_distance(table, R, abs(z)) - before
    normal = surface_normal(table, line.R, 0.0, line.z)
    through = line.b_R * normal.x + line.b_z * normal.z
    open_share = max(1.0 - through * through, NOTHING)
    variance = 2.0 * across * dt * open_share
    room = max(-before, 0.0)
    back = largest_excursion(outwards, variance, u[2]) - room
    if back <= 0.0:
        return R, z, False, 0.0
    if not reflects:
        # At the place on the surface next to where it would be.
        beyond = outwards - room
        return abs(R - beyond * normal.x), z - beyond * normal.z, True, 1.0
    by_R, by_z, encounters = pushed_back(table, way, particle, 0.0, room, back, 0.0, 2.0 * across * dt)
    return abs(R + by_R), z + by_z, False, encounters


@kernel
def _leaves_line(way, across):
    """Whether anything takes a particle off its line."""
    return across > 0.0 or way.v_R != 0.0 or way.v_z != 0.0


@kernel
def step_off_line(table, particle, across, reflects, dt, u):
    """The step across the line that goes with a flight: (particle, whether it is on the surface, encounters).

    It is that of the place where the flight has ended. One that has ended on the surface comes here once the
    particle is on its way back. Otherwise there would be less diffusion across the lines than along them next
    to the surface, and a current along that: 15% of the density where lines meet it at 45 degrees.
    """
    way = along_line(table, particle)
    if not _leaves_line(way, across):
        return particle, False, 0.0
    R, z, on_surface, encounters = _across_to(table, way, particle, across, reflects, dt, u)
    _, new = arrived(table, particle, way, R, z, 0.0, way.mu, particle.ln_p)
    return new, on_surface, encounters


@kernel
def move_along(table, hybrid, reflects, particle, time_left, owed, u, v):
    """A diffusive step along the line where lambda is small against all that changes on it, else a flight.

    Returns
    -------
    (Particle, Particle, float, bool, float)
        Where the move begins and ends, its time [Myr], whether it ends on the surface, and how often the
        particle has met that.
    """
    way = along_line(table, particle)
    # Steps across that are owed come first, with a flight.
    if hybrid and owed == 0.0:
        scale = local_scale(table, False, particle)
        if reflects:
            dt = min(reflected_step_time_along(table, way, particle, scale), time_left)
            if is_step(particle, dt):
                begin, new, encounters = reflected_step_along(table, way, particle, dt, u, v)
                return begin, new, dt, False, encounters
        dt = min(step_time_along(table, way, particle, scale), time_left)
        if is_step(particle, dt):
            begin, new = diffuse_along(table, way, particle, dt, u)
            return begin, new, dt, False, 0.0
    return fly_along(table, way, particle, reflects, time_left, owed, u, v)
