"""Diffusive steps of a guiding centre along a field line, and across it.

Where lambda is short against all that changes along a line, the length s along it takes steps with the mean
and the variance of flights between scatterings,

    ds = (D' + D div b) dt - (2/3) lambda lambda' - (lambda^2/3) div b + lambda (mu_0 + mu') + noise,

' along b, with mu' isotropic and noise of variance 2 D dt - 4 lambda^2/3; the particle goes on with
mu_1 = mu' + (lambda' + lambda div b) (1 - mu'^2)/2, as particles do that come from where lambda is longer.
Across the line there are steps of variance 2 D_across dt with the drift div(D_across (1 - b b)).

A move is one in R and z and a turn about the axis; it is counted in the half-plane where it ends.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from ...fields.medium_table import Wall
from .arithmetic.vector import Vector
from .boundary import largest_excursion
from .line import (
    Line,
    cosine_along,
    diffusion_across,
    direction_at,
    direction_of_line,
    drift_of,
    line_at,
    turned_about_axis,
    way_of_line,
)
from .lookup import flow_of, ln_diffusion, surface_distance, surface_normal
from .move import (
    ADVECTION_STEP,
    FLIGHT_ABOVE,
    FLIGHT_WITHIN,
    FLOW_SCALE_AT_SURFACE,
    STEP_OVER_DISTANCE,
    STEP_OVER_SCALE,
    time_before_return,
)
from .particle import R_of, at, free_path_of, radius_of, speed_of, turned
from .rng import normal_pair

_TWO_WAY = int(Wall.TWO_WAY)
# A uniform variate of variance one is within this.
_WIDEST = math.sqrt(3.0)
# A length, or a flow, below this is none.
NOTHING = 1e-12
# Whoever comes to the surface along lines that do not lead through it, by a drift, meets it as with this part
# of D towards it: often, and not without end.
_LEAST_TOWARDS = 1e-4
# Further off than so many standard deviations of a step the surface is not met by it, nor pushes it aside.
WITHIN_REACH = 4.0


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
        Velocity of the flow and of the drift together [kpc/Myr].
    drift_R, drift_z : float
        Of the drift alone [kpc/Myr].
    """

    line: Line
    mu: float
    poloidal: float
    across: float
    slope_across: float
    v_R: float
    v_z: float
    drift_R: float
    drift_z: float


@kernel
def along_line(table, particle):
    """The `Along` of a particle."""
    R = R_of(particle)
    line = line_at(table, R, particle.z)
    across, slope_across = diffusion_across(table, particle)
    drift_R = drift_z = 0.0
    if table.lines.drifts:
        drift_R, drift_z = drift_of(table, particle, R, particle.z)
    v_R, v_z = drift_R, drift_z
    if table.halo_moves:
        u_R, _, u_z, _ = flow_of(table, table.halo_flow, R, 0.0, particle.z)
        v_R, v_z = u_R + drift_R, u_z + drift_z
    poloidal = math.sqrt(line.b_R * line.b_R + line.b_z * line.b_z)
    mu = cosine_along(direction_of_line(line), particle, R)
    return Along(line, mu, poloidal, across, slope_across, v_R, v_z, drift_R, drift_z)


@kernel
def _slopes(particle):
    """Gradient of ln D along R and z [1/kpc]."""
    return particle.slope_R, math.copysign(1.0, particle.z) * particle.slope_z


@kernel
def _fastest_diffusion(way, particle):
    """Largest diffusion coefficient in the half-plane, above zero [kpc2/Myr]."""
    fastest = way.poloidal * way.poloidal * particle.diffusion + way.across
    return max(fastest, NOTHING * particle.diffusion)


@kernel
def _reach(way, particle):
    """How far a flight leads in the half-plane, or a step across the line that goes with it [kpc]."""
    return free_path_of(particle) * max(way.poloidal, math.sqrt(way.across / particle.diffusion))


@kernel
def speed_of_flow(way):
    """Speed of the flow and the drift together [kpc/Myr]."""
    return math.sqrt(way.v_R * way.v_R + way.v_z * way.v_z)


@kernel
def step_time_along(table, way, particle, scale):
    """Time of a diffusive step that stays off the surface [Myr]; zero where the particle has to fly.

    `scale` is the length over which the medium changes.
    """
    room = min(abs(particle.distance), table.r_max - radius_of(particle))
    reach = _reach(way, particle)
    if reach > FLIGHT_ABOVE * scale or FLIGHT_WITHIN * reach > room:
        return 0.0
    dt = _step_time(way, particle, scale, min(STEP_OVER_SCALE * scale, STEP_OVER_DISTANCE * room), room)
    # A drift may lead to the surface along lines that do not.
    return min(dt, STEP_OVER_DISTANCE * room / max(speed_of_flow(way), NOTHING))


@kernel
def reflected_step_time_along(table, way, particle, scale):
    """Time of a step that may touch the wall [Myr]; zero if the wall is too far, or has to be flown to.

    `scale` is the length over which the medium changes.
    """
    scale = min(scale, table.thickness)
    length, room = STEP_OVER_SCALE * scale, abs(particle.distance)
    if STEP_OVER_DISTANCE * room >= length:
        return 0.0
    if _reach(way, particle) > FLIGHT_ABOVE * scale:
        return 0.0
    if STEP_OVER_DISTANCE * (table.r_max - radius_of(particle)) < length:
        return 0.0
    dt = _step_time(way, particle, scale, length, room)
    if table.wall == _TWO_WAY:
        # Whoever is swept away is so in the midst of a step: that is to be short against the time it takes.
        u_R, _, u_z, _ = flow_of(table, table.outflow, way.line.R, 0.0, particle.z)
        diffusion = _fastest_diffusion(way, particle)
        back = diffusion / max(math.sqrt(u_R * u_R + u_z * u_z), NOTHING)
        dt = min(dt, time_before_return(particle, diffusion, back, room))
    return dt


@kernel
def _step_time(way, particle, scale, length, room):
    """Time in which diffusion goes a length and the flow a small part of a scale."""
    dt = length * length / (2.0 * _fastest_diffusion(way, particle))
    flow = speed_of_flow(way)
    if flow > NOTHING:
        dt = min(dt, ADVECTION_STEP * min(scale, room + FLOW_SCALE_AT_SURFACE * scale) / flow)
    return dt


@kernel
def _followed(table, line, length):
    """(R, z, turn about the axis) after a length along a line, by the midpoint rule."""
    R, z = abs(line.R + 0.5 * length * line.b_R), line.z + 0.5 * length * line.b_z
    return went(line, R, way_of_line(table, R, z), length)


@kernel
def went(line, R, b, length):
    """(R, z, turn about the axis) after a length along b, which is that of the line in the middle, at R."""
    return line.R + length * b.x, line.z + length * b.z, length * b.y / max(R, NOTHING)


@kernel
def bounded(u):
    """A bounded variate of mean zero and variance one, from a uniform one: steps stay off a surface."""
    return _WIDEST * (2.0 * u - 1.0)


@kernel
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
def step_across(way, particle, across, dt, g_R, g_z):
    """(R, z) of a step across the line, without the way out that two dimensions about the axis have.

    From two variates of mean zero and variance one.
    """
    line = way.line
    # The root of 1 - b b in the half-plane.
    along = (g_R * line.b_R + g_z * line.b_z) / (1.0 + abs(line.b_phi))
    spread = math.sqrt(2.0 * across * dt)
    slope_R, slope_z = _slopes(particle)
    rise = way.slope_across * particle.diffusion
    back = rise * _steepness(line, particle) + across * line.divergence
    drift_R = rise * slope_R - back * line.b_R - across * line.bend_R
    drift_z = rise * slope_z - back * line.b_z - across * line.bend_z
    return (
        spread * (g_R - along * line.b_R) + drift_R * dt,
        spread * (g_z - along * line.b_z) + drift_z * dt,
    )


@kernel
def away_from_axis(R, across, dt):
    """R after the steps about the axis that go with those in the half-plane: of variance 2 D dt."""
    return math.sqrt(R * R + 2.0 * across * dt)


@kernel
def arrived(table, particle, way, R, z, turn, mu, ln_p):
    """(begin, new): the particle at a place, and where the move to it begins in the half-plane there."""
    begin = turned_about_axis(particle, way.line.R, turn)
    share = R / max(way.line.R, NOTHING)
    speed = speed_of(ln_p) if table.halo_moves else particle.speed
    new = at(table, False, share * begin.x, share * begin.y, z, Vector(0.0, 0.0, 0.0), ln_p, speed)
    return begin, turned(new, direction_at(way_of_line(table, R, z), new, R, mu), ln_p)


@kernel
def diffuse_along(table, way, particle, dt, u):
    """(begin, new) of a diffusive step of time dt >= 2 lambda/v."""
    line, free_path = way.line, free_path_of(particle)
    drift, variance = _drift_and_variance(way, particle, dt)
    new_mu, noise = 2.0 * u[1] - 1.0, bounded(u[0]) * math.sqrt(variance)
    R, z, turn = _followed(table, line, drift + free_path * (way.mu + new_mu) + noise)
    ln_p = particle.ln_p
    if table.halo_moves:
        # The velocity at the middle of the step: second order in time.
        half = 0.5 * dt
        u_R, _, u_z, expansion = flow_of(
            table, table.halo_flow, abs(line.R + half * way.v_R), 0.0, line.z + half * way.v_z
        )
        R, z, ln_p = R + u_R * dt, z + u_z * dt, ln_p - expansion * dt / 3.0
    R, z = R + way.drift_R * dt, z + way.drift_z * dt
    if way.across > 0.0:
        by_R, by_z = step_across(way, particle, way.across, dt, bounded(u[2]), bounded(u[3]))
        R, z = away_from_axis(R + by_R, way.across, dt), z + by_z
    new_mu += _focused(line, particle, new_mu)
    return arrived(table, particle, way, abs(R), z, turn, new_mu, ln_p)


@kernel
def hits_of_arrival(way, particle, through):
    """How many hits of the wall the arrival of a guiding centre stands for on average.

    Guiding centres arrive n v |b_n|/4 times per area and time, particles, that gyrate, n v/4 times: 1/|b_n|.
    So do those that steps across the lines bring there, by their share of the diffusion towards it.
    """
    b_n = abs(through)
    along = b_n * b_n * particle.diffusion
    towards = along + (1.0 - b_n * b_n) * way.across
    return along / max(towards * b_n, NOTHING * particle.diffusion)


@kernel
def _along_D_n(b, normal, along, across, length, most):
    """(R, z) of a way along D n that leads so far along the normal n, and aside by no more than `most`.

    D is `along` along b and `across` across it, in any unit.
    """
    through = b.x * normal.x + b.z * normal.z
    towards = along * through * through + across * (1.0 - through * through)
    aside = (along - across) * through * length / max(towards, NOTHING * NOTHING)
    aside = min(max(aside, -most), most)
    return (
        length * normal.x + aside * (b.x - through * normal.x),
        length * normal.z + aside * (b.z - through * normal.z),
    )


@kernel
def pushed_back(table, way, particle, first, room, back, along, across):
    """(R, z, encounters): how the surface pushes a step back along D n, which keeps a uniform density.

    As it is where the step meets it. Where that begins the line leans otherwise: taken from there, pushes
    would drive a current along the surface, which grows as the length of the steps.

    `along` and `across` are the variances of the step along the line and across it, `first` how far along
    the line it begins, `room` how far from the surface, `back` how far beyond that it would lead.
    """
    line, most = way.line, WITHIN_REACH * math.sqrt(along + across)
    normal = surface_normal(table, line.R, 0.0, line.z)
    # On average the motion leads to the surface along D n.
    to_R, to_z = _along_D_n(direction_of_line(line), normal, along, across, room, most)
    R, z = abs(line.R + first * line.b_R + to_R), line.z + first * line.b_z + to_z
    normal = surface_normal(table, R, 0.0, z)
    b = way_of_line(table, R, z)
    by_R, by_z = _along_D_n(b, normal, along, across, back, most)
    through = b.x * normal.x + b.z * normal.z
    share = through * through + (1.0 - through * through) * way.across / particle.diffusion
    value, _, _ = ln_diffusion(table.ln_D_over_v_halo, table, R, abs(z), particle.ln_p)
    return -by_R, -by_z, back / (4.0 * math.exp(value) * max(share, _LEAST_TOWARDS))


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
    by_R, by_z = step_across(way, particle, way.across, dt, g_R, g_z)
    R = away_from_axis(R + by_R + way.v_R * dt, way.across, dt)
    z += by_z + way.v_z * dt
    ln_p = particle.ln_p
    if table.halo_moves:
        _, _, _, expansion = flow_of(table, table.halo_flow, line.R, 0.0, line.z)
        ln_p -= expansion * dt / 3.0
    # Brownian motion is reflected by its largest excursion (Skorokhod's map).
    aside = 2.0 * way.across * dt
    towards = variance * through * through + aside * (1.0 - through * through)
    outwards = surface_distance(table, R, abs(z)) - distance
    back = largest_excursion(outwards, towards, v[1]) + distance
    if back > 0.0:
        by_R, by_z, met = pushed_back(table, way, particle, first, -distance, back, variance, aside)
        R, z, encounters = R + by_R, z + by_z, encounters + met
    mu = 2.0 * v[0] - 1.0
    last = free_path * mu
    distance = min(surface_distance(table, abs(R), abs(z)), 0.0) + last * through
    focused = _focused(line, particle, mu)
    if distance > 0.0:
        encounters += per_arrival
        last, mu = last - 2.0 * distance / through, -mu
    R, z = _within(table, abs(R + last * line.b_R), z + last * line.b_z, normal)
    begin, new = arrived(table, particle, way, R, z, turn, mu + focused, ln_p)
    return begin, new, encounters


@kernel
def _within(table, R, z, normal):
    """A place next to the surface, mirrored at it if it lies beyond."""
    beyond = surface_distance(table, R, abs(z))
    if beyond > 0.0:
        R, z = abs(R - 2.0 * beyond * normal.x), z - 2.0 * beyond * normal.z
    return R, z
