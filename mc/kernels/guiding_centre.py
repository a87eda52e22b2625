"""Moves of a guiding centre along a field line: flights that the mirror force turns, and diffusive steps.

Between scatterings 1 - mu^2 rises as B, which is kept to the last digits; scatterings at the rate v/lambda
make mu isotropic in the frame of the waves. Where lambda is short against all that changes along a line, the
length s along it takes steps with the mean and the variance of that process,

    ds = (D' + D div b) dt - (2/3) lambda lambda' - (lambda^2/3) div b + lambda (mu_0 + mu') + noise,

' along b, with mu' isotropic and noise of variance 2 D dt - 4 lambda^2/3; the particle goes on with
mu_1 = mu' + (lambda' + lambda div b) (1 - mu'^2)/2, as particles do that come from where lambda is longer.
Across the line there are steps of variance 2 D_across dt with the drift div(D_across (1 - b b)).

A move is one in R and z and a turn about the axis; it is counted in the half-plane where it ends.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel, small_kernel
from ...fields.medium_table import Wall
from .line import (
    Line,
    cosine_along,
    diffusion_across,
    direction_at,
    direction_of_line,
    drift_of,
    line_at,
    strain_along,
    turned_about_axis,
    way_of_line,
)
from .lookup import bilinear, flow_of, ln_diffusion, surface_distance, surface_normal
from .move import (
    ADVECTION_STEP,
    FLIGHT_ABOVE,
    FLIGHT_WITHIN,
    FLOW_SCALE_AT_SURFACE,
    LONGEST_FLIGHT,
    RETURN_WITHIN,
    SERIES_BELOW,
    SHORTEST_STEP,
    STEP_OVER_DISTANCE,
    STEP_OVER_RETURN,
    STEP_OVER_SCALE,
    TESTED_WITHIN,
    crossing,
    local_scale,
)
from .particle import R_of, at, free_path_of, radius_of, speed_of, turned
from .rng import normal_pair
from .vector import Vector

_TWO_WAY = int(Wall.TWO_WAY)
# A flight follows its line over this part of the length on which that, or B, changes: the bounce of a
# particle between mirrors comes out to 1e-3.
FLIGHT_OVER_SCALE = 0.05
# A particle that would turn within this part of a flight turns on the spot, so that none flies too far.
_TURNS_WITHIN = 1.2
# A uniform variate of variance one is within this.
_WIDEST = math.sqrt(3.0)
# Further off than so many standard deviations of a step across the lines the surface is not met by it.
_WITHIN_REACH = 4.0
# A flow, or a share of the field through the surface, below this is none.
_NONE = 1e-12


class Along(NamedTuple):
    """What a particle is before a move along its line.

    Attributes
    ----------
    line : Line
        Its line.
    mu : float
        Cosine of its direction to that, in the frame of the waves.
    poloidal : float
        Share of a way along the line that leads through the half-plane.
    across : float
        D across the line [kpc2/Myr].
    slope_across : float
        Slope of that over that of D along the line.
    v_R, v_z : float
        Velocity of the flow and of the drift [kpc/Myr].
    """

    line: Line
    mu: float
    poloidal: float
    across: float
    slope_across: float
    v_R: float
    v_z: float


@kernel
def along_line(table, particle):
    """The `Along` of a particle."""
    R = R_of(particle)
    line = line_at(table, R, particle.z)
    across, slope_across = diffusion_across(table, particle)
    v_R = v_z = 0.0
    if table.halo_moves:
        v_R, _, v_z, _ = flow_of(table, table.halo_flow, R, 0.0, particle.z)
    if table.lines.drifts:
        d_R, d_z = drift_of(table, particle, R, particle.z)
        v_R, v_z = v_R + d_R, v_z + d_z
    poloidal = math.sqrt(line.b_R * line.b_R + line.b_z * line.b_z)
    mu = cosine_along(line, particle, R)
    return Along(line, mu, poloidal, across, slope_across, v_R, v_z)


@small_kernel
def _slopes(particle):
    """Gradient of ln D along R and z [1/kpc]."""
    return particle.slope_R, math.copysign(1.0, particle.z) * particle.slope_z


@small_kernel
def _fastest_diffusion(way, particle):
    """Largest diffusion coefficient in the half-plane."""
    return way.poloidal * way.poloidal * particle.diffusion + way.across


@kernel
def step_time_along(table, way, particle, scale):
    """Time of a diffusive step that stays off the surface [Myr]; zero where the particle has to fly.

    `scale` is the length over which the medium changes.
    """
    room = min(abs(particle.distance), table.r_max - radius_of(particle))
    reach = free_path_of(particle) * max(way.poloidal, math.sqrt(way.across / particle.diffusion))
    if reach > FLIGHT_ABOVE * scale or FLIGHT_WITHIN * reach > room:
        return 0.0
    return _step_time(way, particle, scale, min(STEP_OVER_SCALE * scale, STEP_OVER_DISTANCE * room), room)


@kernel
def reflected_step_time_along(table, way, particle, scale):
    """Time of a step that may touch the wall [Myr]; zero if the wall is too far, or has to be flown to.

    `scale` is the length over which the medium changes.
    """
    scale = min(scale, table.thickness)
    length, room = STEP_OVER_SCALE * scale, abs(particle.distance)
    if STEP_OVER_DISTANCE * room >= length:
        return 0.0
    reach = free_path_of(particle) * max(way.poloidal, math.sqrt(way.across / particle.diffusion))
    if reach > FLIGHT_ABOVE * scale:
        return 0.0
    if STEP_OVER_DISTANCE * (table.r_max - radius_of(particle)) < length:
        return 0.0
    dt = _step_time(way, particle, scale, length, room)
    if table.wall == _TWO_WAY:
        # Whoever is swept away is so in the midst of a step: that is to be short against the time it takes.
        u_R, _, u_z, _ = flow_of(table, table.outflow, way.line.R, 0.0, particle.z)
        diffusion = max(_fastest_diffusion(way, particle), _NONE * particle.diffusion)
        back = diffusion / max(math.sqrt(u_R * u_R + u_z * u_z), _NONE)
        length = STEP_OVER_RETURN * (back + room * room / (RETURN_WITHIN * RETURN_WITHIN * back))
        shortest = SHORTEST_STEP * particle.diffusion / (particle.speed * particle.speed)
        dt = min(dt, max(length * length / (2.0 * diffusion), shortest))
    return dt


@small_kernel
def _step_time(way, particle, scale, length, room):
    """Time in which diffusion goes a length and the flow a small part of a scale."""
    dt = length * length / (2.0 * max(_fastest_diffusion(way, particle), _NONE * particle.diffusion))
    flow = math.sqrt(way.v_R * way.v_R + way.v_z * way.v_z)
    if flow > _NONE:
        dt = min(dt, ADVECTION_STEP * min(scale, room + FLOW_SCALE_AT_SURFACE * scale) / flow)
    return dt


@small_kernel
def is_step(particle, dt):
    """Whether a time is long enough for a diffusive step."""
    return dt * particle.speed * particle.speed >= SHORTEST_STEP * particle.diffusion


@kernel
def _followed(table, line, length):
    """(R, z, turn about the axis) after a length along a line, by the midpoint rule."""
    R, z = abs(line.R + 0.5 * length * line.b_R), line.z + 0.5 * length * line.b_z
    return _went(line, R, way_of_line(table, R, z), length)


@small_kernel
def _went(line, R, b, length):
    """(R, z, turn about the axis) after a length along b, which is that of the line in the middle, at R."""
    return line.R + length * b.x, line.z + length * b.z, length * b.y / max(R, _NONE)


@small_kernel
def _bounded(u):
    """A bounded variate of mean zero and variance one, from a uniform one: steps stay off a surface."""
    return _WIDEST * (2.0 * u - 1.0)


@small_kernel
def _steepness(line, particle):
    """Slope of ln D along the line [1/kpc]."""
    slope_R, slope_z = _slopes(particle)
    return line.b_R * slope_R + line.b_z * slope_z


@kernel
def _drift_and_variance(way, particle, dt):
    """Mean [kpc] and variance [kpc2] of a diffusive step along the line, but for lambda (mu_0 + mu_1)."""
    line, free_path = way.line, free_path_of(particle)
    steeper = _steepness(line, particle)
    drift = particle.diffusion * (steeper + line.divergence) * dt
    drift -= free_path * free_path * (2.0 * steeper + line.divergence) / 3.0
    return drift, max(2.0 * particle.diffusion * dt - 4.0 * free_path * free_path / 3.0, 0.0)


@kernel
def _focused(line, particle, mu):
    """By how much a particle goes more along the line that comes from where lambda and B are others."""
    return free_path_of(particle) * (_steepness(line, particle) + line.divergence) * (1.0 - mu * mu) / 2.0


@kernel
def _step_across(way, particle, across, dt, g_R, g_z):
    """(R, z) of a step across the line, without the way out that two dimensions about the axis have.

    From two variates of mean zero and variance one.
    """
    line = way.line
    # The root of 1 - b b in the half-plane.
    along = (g_R * line.b_R + g_z * line.b_z) / (1.0 + abs(line.b_phi))
    spread = math.sqrt(2.0 * across * dt)
    slope_R, slope_z = _slopes(particle)
    rise = way.slope_across * particle.diffusion
    back = rise * (line.b_R * slope_R + line.b_z * slope_z) + across * line.divergence
    drift_R = rise * slope_R - back * line.b_R - across * line.bend_R
    drift_z = rise * slope_z - back * line.b_z - across * line.bend_z
    return (
        spread * (g_R - along * line.b_R) + drift_R * dt,
        spread * (g_z - along * line.b_z) + drift_z * dt,
    )


@small_kernel
def _away_from_axis(R, across, dt):
    """R after the steps about the axis that go with those in the half-plane: of variance 2 D dt."""
    return math.sqrt(R * R + 2.0 * across * dt)


@kernel
def _arrived(table, particle, way, R, z, turn, mu, ln_p):
    """(begin, new): the particle at a place, and where the move to it begins in the half-plane there."""
    begin = turned_about_axis(particle, way.line.R, turn)
    share = R / max(way.line.R, _NONE)
    speed = speed_of(ln_p) if table.halo_moves else particle.speed
    new = at(table, False, share * begin.x, share * begin.y, z, Vector(0.0, 0.0, 0.0), ln_p, speed)
    return begin, turned(new, direction_at(way_of_line(table, R, z), new, R, mu), ln_p)


@kernel
def diffuse_along(table, way, particle, dt, u):
    """(begin, new) of a diffusive step of time dt >= 2 lambda/v."""
    line, free_path = way.line, free_path_of(particle)
    drift, variance = _drift_and_variance(way, particle, dt)
    new_mu, noise = 2.0 * u[1] - 1.0, _bounded(u[0]) * math.sqrt(variance)
    R, z, turn = _followed(table, line, drift + free_path * (way.mu + new_mu) + noise)
    ln_p = particle.ln_p
    if table.halo_moves:
        # The velocity at the middle of the step: second order in time.
        half = 0.5 * dt
        u_R, _, u_z, expansion = flow_of(
            table, table.halo_flow, abs(line.R + half * way.v_R), 0.0, line.z + half * way.v_z
        )
        R, z, ln_p = R + u_R * dt, z + u_z * dt, ln_p - expansion * dt / 3.0
    if table.lines.drifts:
        d_R, d_z = drift_of(table, particle, line.R, line.z)
        R, z = R + d_R * dt, z + d_z * dt
    if way.across > 0.0:
        by_R, by_z = _step_across(way, particle, way.across, dt, _bounded(u[2]), _bounded(u[3]))
        R, z = _away_from_axis(R + by_R, way.across, dt), z + by_z
    new_mu += _focused(line, particle, new_mu)
    return _arrived(table, particle, way, abs(R), z, turn, new_mu, ln_p)


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
    longest = FLIGHT_OVER_SCALE * scale / max(way.poloidal, _NONE)
    if across > 0.0:
        length = STEP_OVER_SCALE * scale
        longest = min(longest, length * length * particle.speed / (2.0 * across))
    flow = math.sqrt(way.v_R * way.v_R + way.v_z * way.v_z)
    if flow > _NONE:
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
    R, z, turn = _went(line, middle.R, b, path * _mirrored_cosine(line, middle, mu, 0.5 * path))
    # How far the flow goes meanwhile.
    by_R, by_z = way.v_R * path / particle.speed, way.v_z * path / particle.speed
    step_R, step_z = R + by_R - line.R, z + by_z - line.z
    chord = math.sqrt(step_R * step_R + step_z * step_z)
    share = 1.0
    on_surface = False
    if abs(particle.distance) <= TESTED_WITHIN * chord and chord > 0.0:
        outwards = Vector(particle.x / max(line.R, _NONE), particle.y / max(line.R, _NONE), 0.0)
        heading = Vector(outwards.x * step_R / chord, outwards.y * step_R / chord, step_z / chord)
        met = crossing(table, -1.0, particle, heading, chord)
        if met >= 0.0:
            on_surface, share = True, met / chord
    R, z = line.R + share * (R - line.R), line.z + share * (z - line.z)
    mu = _mirrored_cosine(line, line_at(table, abs(R), z), mu, share * path)
    collides = path == wanted and not on_surface
    return _Flight(
        share * path, collides, abs(R + share * by_R), z + share * by_z, share * turn, mu, on_surface
    )


@kernel
def fly_along(table, way, particle, reflects, time_left, u, v):
    """A flight along the line and the step across it.

    Where the surface `reflects` what a step across brings there, that is counted as encounters.

    Returns
    -------
    (Particle, Particle, float, bool, float)
        Where the move begins and ends, its time [Myr], whether it ends on the surface, and how often the
        particle has met that.
    """
    # u: for the depth of the collision, whether it is a real one, the new cosine, and across; v: across.
    steep, free_path = table.max_grad_ln_D_halo, free_path_of(particle)
    depth = -math.log(u[0]) * free_path
    climb = steep * depth
    wanted = math.log(1.0 + climb) / steep if climb > SERIES_BELOW else depth * (1.0 - 0.5 * climb)
    # A line that wanders parts from the others along its own length.
    wander = table.lines.wander * abs(way.mu) * particle.speed
    across = min(table.lines.epsilon * particle.diffusion + wander, particle.diffusion)
    longest = _longest_flight(table, way, particle, across)
    flight = _fly(table, way, particle, wanted, longest, particle.speed * time_left)
    dt = flight.path / particle.speed
    mu, ln_p = flight.mu, particle.ln_p
    if table.halo_moves:
        along, expansion = strain_along(table, way.line)
        sine2 = 1.0 - way.mu * way.mu
        ln_p -= (way.mu * way.mu * along + 0.5 * sine2 * (expansion - along)) * dt
        mu = min(max(mu + 0.5 * sine2 * way.mu * (expansion - 3.0 * along) * dt, -1.0), 1.0)
    R, z, on_surface, encounters = flight.R, flight.z, flight.on_surface, 1.0 if flight.on_surface else 0.0
    if across > 0.0 and not on_surface:
        R, z, on_surface, encounters = _across_to(table, way, particle, flight, across, reflects, dt, u[3], v)
    begin, new = _arrived(table, particle, way, R, z, flight.turn, mu, ln_p)
    if flight.collides and not on_surface:
        majorant = (1.0 + climb) / free_path
        if u[1] * majorant * 3.0 * new.diffusion < new.speed:
            new = turned(new, direction_at(way_of_line(table, R, z), new, R, 2.0 * u[2] - 1.0), ln_p)
    return begin, new, dt, on_surface, encounters


@kernel
def _across_to(table, way, particle, flight, across, reflects, dt, u, v):
    """(R, z, whether on the surface, encounters) after the step across the line at the end of a flight.

    The largest excursion of the step towards the surface is that of a Brownian bridge (`boundary`).
    """
    by_R, by_z = _step_across(way, particle, across, dt, _bounded(u), _bounded(v[0]))
    R, z = _away_from_axis(flight.R + by_R, across, dt), flight.z + by_z
    before = surface_distance(table, flight.R, abs(flight.z))
    if before * before > _WITHIN_REACH * _WITHIN_REACH * 2.0 * across * dt:
        return R, z, False, 0.0
    outwards = surface_distance(table, R, abs(z)) - before
    normal = surface_normal(table, flight.R, 0.0, flight.z)
    through = way.line.b_R * normal.x + way.line.b_z * normal.z
    open_share = 1.0 - through * through
    variance = 2.0 * across * dt * open_share
    furthest = 0.5 * (outwards + math.sqrt(outwards * outwards - 2.0 * variance * math.log(v[1])))
    room = max(-before, 0.0)
    if furthest <= room:
        return R, z, False, 0.0
    if not reflects:
        # At the place on the surface next to where it would be.
        beyond = outwards - room
        return abs(R - beyond * normal.x), z - beyond * normal.z, True, 1.0
    back = furthest - room
    R -= back * (normal.x - through * way.line.b_R) / max(open_share, _NONE)
    z -= back * (normal.z - through * way.line.b_z) / max(open_share, _NONE)
    towards = through * through * particle.diffusion + open_share * across
    return abs(R), z, False, back * particle.speed / (4.0 * towards)


@kernel
def hits_of_arrival(way, particle, through):
    """How many hits of the wall the arrival of a guiding centre stands for on average.

    Guiding centres arrive n v |b_n|/4 times per area and time, particles, that gyrate, n v/4 times: 1/|b_n|.
    So do those that steps across the lines bring there, by their share of the diffusion towards it.
    """
    b_n = abs(through)
    along = b_n * b_n * particle.diffusion
    towards = along + (1.0 - b_n * b_n) * way.across
    return along / max(towards * b_n, _NONE * particle.diffusion)


@kernel
def reflected_step_along(table, way, particle, dt, u, v):
    """(begin, new, encounters) of a diffusive step in front of a wall that reflects nearly everything.

    As `boundary.reflected_step`: lambda along mu_0, Brownian motion, lambda along mu_1, one after the other.
    The surface pushes back along D n/(n D n), which keeps a uniform density; excursions count by D_n = n D n.
    """
    line, free_path = way.line, free_path_of(particle)
    normal = surface_normal(table, line.R, 0.0, line.z)
    through = line.b_R * normal.x + line.b_z * normal.z
    per_arrival = hits_of_arrival(way, particle, through)
    # The flight that ends the last step, mirrored at the surface.
    first = free_path * way.mu
    distance, encounters = particle.distance + first * through, 0.0
    if distance > 0.0:
        encounters += per_arrival
        first, distance = first - 2.0 * distance / through, -distance
    g_s, g_R = normal_pair(u[0], u[1])
    g_z, _ = normal_pair(u[2], u[3])
    drift, variance = _drift_and_variance(way, particle, dt)
    R, z, turn = _followed(table, line, first + drift + g_s * math.sqrt(variance))
    by_R, by_z = _step_across(way, particle, way.across, dt, g_R, g_z)
    R = _away_from_axis(R + by_R + way.v_R * dt, way.across, dt)
    z += by_z + way.v_z * dt
    ln_p = particle.ln_p
    if table.halo_moves:
        _, expansion = strain_along(table, line)
        ln_p -= expansion * dt / 3.0
    # Brownian motion is reflected by its largest excursion (Skorokhod's map).
    aside = 2.0 * way.across * dt
    towards = variance * through * through + aside * (1.0 - through * through)
    outwards = surface_distance(table, R, abs(z)) - distance
    furthest = 0.5 * (outwards + math.sqrt(outwards * outwards - 2.0 * towards * math.log(v[1])))
    back = furthest + distance
    if back > 0.0 and towards > 0.0:
        along = (variance - aside) * through
        R -= back * (along * line.b_R + aside * normal.x) / towards
        z -= back * (along * line.b_z + aside * normal.z) / towards
        value, _, _ = ln_diffusion(table.ln_D_over_v_halo, table, abs(R), abs(z), particle.ln_p)
        open_share = through * through + (1.0 - through * through) * way.across / particle.diffusion
        encounters += back / (4.0 * math.exp(value) * open_share)
    mu = 2.0 * v[0] - 1.0
    last = free_path * mu
    distance = min(surface_distance(table, abs(R), abs(z)), 0.0) + last * through
    focused = _focused(line, particle, mu)
    if distance > 0.0:
        encounters += per_arrival
        last, mu = last - 2.0 * distance / through, -mu
    R, z = _within(table, abs(R + last * line.b_R), z + last * line.b_z, normal)
    begin, new = _arrived(table, particle, way, R, z, turn, mu + focused, ln_p)
    return begin, new, encounters


@kernel
def _within(table, R, z, normal):
    """A place next to the surface, mirrored at it if it lies beyond."""
    beyond = surface_distance(table, R, abs(z))
    if beyond > 0.0:
        R, z = abs(R - 2.0 * beyond * normal.x), z - 2.0 * beyond * normal.z
    return R, z


@kernel
def move_along(table, hybrid, reflects, particle, time_left, u, v):
    """A diffusive step along the line where lambda is small against all that changes on it, else a flight.

    Returns
    -------
    (Particle, Particle, float, bool, float)
        Where the move begins and ends, its time [Myr], whether it ends on the surface, and how often the
        particle has met that.
    """
    way = along_line(table, particle)
    if hybrid:
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
    return fly_along(table, way, particle, reflects, time_left, u, v)
