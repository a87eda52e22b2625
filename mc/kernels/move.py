"""One move of a particle: a flight or a diffusive step, chosen by lambda over the local scale.

Flights go straight at speed v in the frame of the waves and are scattered isotropically there at
the rate v/lambda, so a particle moves by (v Omega + u) dt and its momentum in that frame changes by
-p Omega.(u2 - u1)/v between scatterings; adiabatic losses follow from this. Collisions are sampled
by delta tracking (Woodcock) against the majorant exp(g s)/lambda(0), g the largest |grad ln D|.

Diffusive steps keep the mean and the variance of the velocity-jump process they replace,

    dx = (u + grad D) dt - (lambda/3) grad lambda + lambda (Omega0 + Omega1) + noise,

with noise of variance 2 D dt - 4 lambda^2/3 a dimension, uniform on a sphere, so that a step never
reaches the surface: the last few lambda before any boundary are flown, and what happens there (the
Milne layer, an exit, a reflection) is kinetic and exact. Units: kpc, Myr, GeV/c.
"""

from __future__ import annotations

import math

from ...fields._jit import kernel
from ...fields.medium_table import MIN_GRAD_LN_D
from .arithmetic.elementary import logarithm
from .arithmetic.vector import Vector, dot
from .lookup import ON_AXIS_KPC, bilinear, flow_of, surface_distance
from .particle import R_of, at, direction_of, free_path_of, radius_of, speed_of, turned
from .rng import isotropic, last_bit

# lambda and steps against the local scale: hand-over bias 0.2% (`validate`, well-mixed); it grows as the
# square, 0.3% at 0.08 and 0.16.
FLIGHT_ABOVE = 0.07
STEP_OVER_SCALE = 0.14
# Near a surface: fly within 3.5 lambda of it, step by a third of the distance further off. A step then
# reaches sqrt(3) 0.35 of the distance at most, or 2.7 lambda of the 3.5.
FLIGHT_WITHIN = 3.5
STEP_OVER_DISTANCE = 0.35
# Time of the shortest step in D/v^2, 2 lambda/v: the variance of its noise, 2 D dt - 4 lambda^2/3, is zero.
SHORTEST_STEP = 6.0
# A step follows the flow over a small part of the length on which it changes: that of D or, at a surface, the
# distance to it, but at least a share of the former.
ADVECTION_STEP = 0.05
FLOW_SCALE_AT_SURFACE = 0.2
# Where the medium flows away from the surface the chance to come back, exp(-u x/D), asks for steps well below
# D/u. It counts within 4 D/u of the surface; steps may grow as the square of the distance beyond.
STEP_OVER_RETURN = 0.3
_RETURN_WITHIN = 4.0
# The scale at a height z is 2 sqrt(z^2 + h^2) at most, for the gradient turns round at the plane. h is 1.5 of
# the height of the gas disc, which is to be resolved, or of a tenth of the scale if that is less. A kink at
# the plane, as of |z| + h, would dig a hole into the density there, 0.005 kpc wide for steps of 0.03 kpc.
_SCALE_OVER_HEIGHT = 2.0
_PLANE_OVER_SCALE = 0.1
_SMOOTH_AT_PLANE = 1.5
# A flight is this long at most [r_max]: whoever flies further has left.
LONGEST_FLIGHT = 3.0
# The signed distance is interpolated, so its slope may exceed one a little: a flight is tested for a crossing
# if its length comes to within a per cent of what the distances allow.
TESTED_WITHIN = 1.01
# Flights towards the surface advance by the distance to it, but at least by this, so that those along it end.
SURFACE_RESOLUTION_KPC = 0.25
# A crossing is found to this, far below any lambda and above the rounding of places of 100 kpc (1e-14 kpc).
ON_SURFACE_KPC = 1e-11
# A start on the surface is looked for by halving the flight, down to 1e-12 of it; the root by at most so many
# steps, the last of them by halves, which alone get from 100 kpc to ON_SURFACE_KPC. Most take three or four.
_HALVINGS = 40
_ROOT_STEPS, _BISECT_AFTER = 60, 15
# log(1 + x) loses digits below this, where its series to second order has an error of x^2/3.
_SERIES_BELOW = 1e-5
# The time to leave a sphere scatters by 2/5 of its mean squared, whatever the way out.
_TIME_SPREAD = math.sqrt(0.4)


@kernel
def halo_flow(table, particle):
    """Velocity of the halo at the place of a particle [kpc/Myr]."""
    if not table.halo_moves:
        return Vector(0.0, 0.0, 0.0)
    f_x, f_y, f_z, _ = flow_of(table, table.halo_flow, particle.x, particle.y, particle.z)
    return Vector(f_x, f_y, f_z)


@kernel
def _side_distance(table, side, particle, way, s):
    """Distance to the surface after a path `s`, positive on the particle's own `side` (1: behind it)."""
    x = particle.x + s * way.x
    y = particle.y + s * way.y
    return side * surface_distance(table, math.sqrt(x * x + y * y), abs(particle.z + s * way.z))


@kernel
def _root(table, side, particle, way, low, high, g_low, g_high):
    """Path length in (low, high) at which the particle leaves its side of the surface.

    `g_low` and `g_high` are its distances to the surface there.
    """
    if g_low <= 0.0:
        # It starts on the surface: look for a stretch on its own side further on.
        trial = high
        for _ in range(_HALVINGS):
            trial *= 0.5
            g_low = _side_distance(table, side, particle, way, trial)
            if g_low > 0.0:
                break
        if g_low <= 0.0:
            return low
        low = trial
    before = 0.0
    for n in range(_ROOT_STEPS):
        share = g_low / (g_low - g_high) if n < _BISECT_AFTER else 0.5
        middle = low + (high - low) * share
        g = _side_distance(table, side, particle, way, middle)
        if abs(g) <= ON_SURFACE_KPC or high - low <= ON_SURFACE_KPC:
            return middle
        # An end that stays twice running is given less weight, so that it moves, too (Anderson & Bjorck 1973,
        # BIT 13, 253).
        weight = _weight_of_end(g, before) if g * before > 0.0 else 1.0
        if g > 0.0:
            low, g_low, g_high = middle, g, weight * g_high
        else:
            high, g_high, g_low = middle, g, weight * g_low
        before = g
    return high


@kernel
def _weight_of_end(g, before):
    """What an end that stays is multiplied by, where the other one has gone from `before` to `g`."""
    weight = 1.0 - g / before
    return weight if weight > 0.0 else 0.5


@kernel
def may_cross(before, after, length):
    """Whether a straight path may meet the surface, by the distances to that at its ends, on the own side.

    Half-way between what either end allows, the distance is half of before + after - length at least.
    """
    return before + after <= TESTED_WITHIN * length


@kernel
def crossing(table, side, particle, way, length):
    """Path length to the surface along `way`, or -1 if that is more than `length`."""
    g = side * particle.distance
    end = _side_distance(table, side, particle, way, length)
    if end > 0.0 and not may_cross(g, end, length):
        return -1.0
    s = 0.0
    while s < length:
        ahead = min(s + max(g, SURFACE_RESOLUTION_KPC), length)
        there = end if ahead == length else _side_distance(table, side, particle, way, ahead)
        if there < 0.0:
            return _root(table, side, particle, way, s, ahead, g, there)
        s, g = ahead, there
    return -1.0


@kernel
def steepest(table, in_bell):
    """Largest |grad ln D| on a side of the surface, at which the majorant of collisions rises [1/kpc]."""
    return table.max_grad_ln_D_bell if in_bell else table.max_grad_ln_D_halo


@kernel
def path_to_collision(steep, free_path, u):
    """(path, climb): how far a particle flies to a possible collision, by delta tracking, from a uniform.

    The majorant exp(steep s)/lambda has come to (1 + climb)/lambda there.
    """
    depth = -logarithm(u) * free_path
    climb = steep * depth
    path = logarithm(1.0 + climb) / steep if climb > _SERIES_BELOW else depth * (1.0 - 0.5 * climb)
    return path, climb


@kernel
def is_real(u, climb, free_path, particle):
    """Whether a possible collision at the place of a particle is one, from a uniform."""
    # exp(steep s), of the majorant, is 1 + steep depth there.
    return u * (1.0 + climb) * 3.0 * particle.diffusion < particle.speed * free_path


@kernel
def fly(table, in_bell, particle, time_left, u):
    """A flight to the next (real or virtual) collision, the surface or the end of the history.

    Returns
    -------
    (Particle, float, bool)
        The particle, the time it took [Myr] and whether it stands on the surface.
    """
    # For the depth of the collision, whether it is a real one, and the new direction.
    u0, u1, u2, u3 = u
    free_path = free_path_of(particle)
    wanted, climb = path_to_collision(steepest(table, in_bell), free_path, u0)
    s = min(wanted, particle.speed * time_left, LONGEST_FLIGHT * table.r_max)
    direction = direction_of(particle)
    w_x, w_y, w_z = direction
    flow_x = flow_y = flow_z = 0.0
    moving = in_bell or table.halo_moves
    flow = table.outflow if in_bell else table.halo_flow
    if moving:
        flow_x, flow_y, flow_z, _ = flow_of(table, flow, particle.x, particle.y, particle.z)
        w_x += flow_x / particle.speed
        w_y += flow_y / particle.speed
        w_z += flow_z / particle.speed
    on_surface = False
    if abs(particle.distance) <= TESTED_WITHIN * s:
        met = crossing(table, 1.0 if in_bell else -1.0, particle, Vector(w_x, w_y, w_z), s)
        on_surface = met >= 0.0
        if on_surface:
            s = met
    x = particle.x + s * w_x
    y = particle.y + s * w_y
    z = particle.z + s * w_z
    ln_p, speed = particle.ln_p, particle.speed
    if moving:
        new_x, new_y, new_z, _ = flow_of(table, flow, x, y, z)
        gain = dot(direction, Vector(new_x - flow_x, new_y - flow_y, new_z - flow_z))
        ln_p -= gain / particle.speed
        speed = speed_of(ln_p)
    new = at(table, in_bell, x, y, z, direction, ln_p, speed)
    if not on_surface and s == wanted:
        if is_real(u1, climb, free_path, new):
            new = turned(new, isotropic(u2, u3), ln_p)
    return new, s / particle.speed, on_surface


@kernel
def _scale_of_D(particle):
    """Length over which D changes at the place of a particle [kpc]."""
    slope = math.sqrt(particle.slope_R * particle.slope_R + particle.slope_z * particle.slope_z)
    return 1.0 / max(slope, MIN_GRAD_LN_D)


@kernel
def scale_around(table, particle):
    """Length over which the halo changes around a particle [kpc], the plane and surfaces apart.

    Steeper places around bound it where the local gradient happens to vanish.
    """
    return min(_scale_of_D(particle), bilinear(table.halo_scale, table, R_of(particle), abs(particle.z)))


@kernel
def local_scale(table, in_bell, particle):
    """Length over which the medium changes around a particle [kpc], surfaces apart."""
    if in_bell:
        return min(_scale_of_D(particle), radius_of(particle))
    scale = scale_around(table, particle)
    at_plane = _SMOOTH_AT_PLANE * min(table.disc_scale, _PLANE_OVER_SCALE * scale)
    at_height = _SCALE_OVER_HEIGHT * math.sqrt(particle.z * particle.z + at_plane * at_plane)
    return min(scale, at_height)


@kernel
def is_step(particle, dt):
    """Whether a time is long enough for a diffusive step."""
    return dt * particle.speed * particle.speed >= SHORTEST_STEP * particle.diffusion


@kernel
def time_before_return(particle, diffusion, back, room):
    """Time of the longest step that resolves who comes back to a surface at a distance of `room` [Myr].

    Few come back over more than `back`, which is D/u, with D the `diffusion` towards it. It is long enough
    for a step.
    """
    length = STEP_OVER_RETURN * (back + room * room / (_RETURN_WITHIN * _RETURN_WITHIN * back))
    shortest = SHORTEST_STEP * particle.diffusion / (particle.speed * particle.speed)
    return max(length * length / (2.0 * diffusion), shortest)


@kernel
def step_time(table, in_bell, particle, flow, length_scale):
    """Time of a diffusive step [Myr], zero where the particle has to fly."""
    free_path = free_path_of(particle)
    edge = table.bell_outer_radius if in_bell else table.r_max
    room = min(abs(particle.distance), edge - radius_of(particle))
    if free_path > FLIGHT_ABOVE * length_scale or free_path * FLIGHT_WITHIN > room:
        return 0.0
    length = min(STEP_OVER_SCALE * length_scale, STEP_OVER_DISTANCE * room)
    dt = length * length / (2.0 * particle.diffusion)
    if flow > 0.0:
        flow_scale = min(length_scale, room + FLOW_SCALE_AT_SURFACE * length_scale)
        dt = min(dt, ADVECTION_STEP * flow_scale / flow)
        back = particle.diffusion / flow
        dt = min(dt, time_before_return(particle, particle.diffusion, back, room))
    return dt


@kernel
def stepped(particle, dt, n, e):
    """Where a diffusive step ends (x, y, z) in a medium at rest: noise along `n`, then a path along `e`."""
    R = R_of(particle)
    free_path = free_path_of(particle)
    drift = particle.diffusion * dt - free_path * free_path / 3.0
    along_R = particle.slope_R * drift / R if R > ON_AXIS_KPC else 0.0
    noise = math.sqrt(max(0.0, 3.0 * (2.0 * particle.diffusion * dt - 4.0 * free_path * free_path / 3.0)))
    x = particle.x + along_R * particle.x + free_path * (particle.dir_x + e.x) + noise * n.x
    y = particle.y + along_R * particle.y + free_path * (particle.dir_y + e.y) + noise * n.y
    z = particle.z + math.copysign(1.0, particle.z) * particle.slope_z * drift
    z += free_path * (particle.dir_z + e.z) + noise * n.z
    return x, y, z


@kernel
def counted_time(dt, time_left, u):
    """The time that a diffusive step counts as [Myr]; `u` is a uniform that else decides other things.

    The time to leave a sphere scatters: it counts as one of two values, so that variances of times come out
    too.
    """
    spread = _TIME_SPREAD if last_bit(u) else -_TIME_SPREAD
    return min(dt * (1.0 + spread), time_left)


@kernel
def diffuse(table, in_bell, particle, dt, u):
    """A diffusive step of time dt >= 2 lambda/v."""
    u0, u1, u2, u3 = u
    e, n = isotropic(u2, u3), isotropic(u0, u1)
    x, y, z = stepped(particle, dt, n, e)
    ln_p, speed = particle.ln_p, particle.speed
    if in_bell or table.halo_moves:
        # The velocity at the middle of the step: second order in time.
        flow = table.outflow if in_bell else table.halo_flow
        f_x, f_y, f_z, _ = flow_of(table, flow, particle.x, particle.y, particle.z)
        f_x, f_y, f_z, divergence = flow_of(
            table, flow, particle.x + 0.5 * dt * f_x, particle.y + 0.5 * dt * f_y, particle.z + 0.5 * dt * f_z
        )
        x += f_x * dt
        y += f_y * dt
        z += f_z * dt
        ln_p -= divergence * dt / 3.0
        speed = speed_of(ln_p)
    return at(table, in_bell, x, y, z, e, ln_p, speed)


@kernel
def move(table, hybrid, in_bell, particle, time_left, u):
    """One diffusive step where lambda is small against every scale, one flight elsewhere.

    Returns
    -------
    (Particle, float, bool)
        The particle, the time it took [Myr] and whether it stands on the surface.
    """
    if hybrid:
        flow = 0.0
        if in_bell or table.halo_moves:
            flows = table.outflow if in_bell else table.halo_flow
            f_x, f_y, f_z, _ = flow_of(table, flows, particle.x, particle.y, particle.z)
            flow = math.sqrt(f_x * f_x + f_y * f_y + f_z * f_z)
        dt = min(step_time(table, in_bell, particle, flow, local_scale(table, in_bell, particle)), time_left)
        if is_step(particle, dt):
            new = diffuse(table, in_bell, particle, dt, u)
            return new, counted_time(dt, time_left, u[0]), False
    return fly(table, in_bell, particle, time_left, u)
