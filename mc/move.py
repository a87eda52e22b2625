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
from typing import NamedTuple

import numpy as np

from ..fields._jit import kernel, small_kernel
from ..fields.units import C_KPC_MYR, M_P_GEV
from .lookup import bilinear, flow_of, ln_diffusion, surface_distance
from .rng import isotropic

# lambda and steps against the local scale: hand-over bias 0.2% (`validate`, well-mixed); it grows as the
# square, 0.3% at 0.08 and 0.16.
FLIGHT_ABOVE = 0.07
STEP_OVER_SCALE = 0.14
# Near a surface: fly within 3.5 lambda of it, step by a third of the distance further off. A step then
# reaches sqrt(3) 0.35 of the distance at most, or 2.7 lambda of the 3.5.
FLIGHT_WITHIN = 3.5
STEP_OVER_DISTANCE = 0.35
ADVECTION_STEP = 0.05
STEP_OVER_RETURN = 0.3
SURFACE_RESOLUTION_KPC = 0.25
ON_SURFACE_KPC = 1e-11
_TIME_SPREAD = math.sqrt(0.4)


class Particle(NamedTuple):
    """Position [kpc], direction in the wave frame, ln(p GeV/c) and what the medium is there."""

    x: float
    y: float
    z: float
    dir_x: float
    dir_y: float
    dir_z: float
    ln_p: float
    speed: float
    diffusion: float
    slope_R: float
    slope_z: float
    distance: float


@small_kernel
def speed_of(ln_p):
    """Speed [kpc/Myr] of a proton."""
    p = math.exp(ln_p)
    return C_KPC_MYR * p / math.sqrt(p * p + M_P_GEV * M_P_GEV)


@small_kernel
def at(table, in_bell, x, y, z, dir_x, dir_y, dir_z, ln_p, speed):
    """A particle with the medium looked up at its place and momentum."""
    R = math.sqrt(x * x + y * y)
    ln_D_over_v = table.ln_D_over_v_bell if in_bell else table.ln_D_over_v_halo
    value, slope_R, slope_z = ln_diffusion(ln_D_over_v, table, R, abs(z), ln_p)
    distance = surface_distance(table, R, abs(z))
    return Particle(
        x, y, z, dir_x, dir_y, dir_z, ln_p, speed, speed * math.exp(value), slope_R, slope_z, distance
    )


@small_kernel
def turned(q, dir_x, dir_y, dir_z, ln_p):
    """The same particle with another direction and a slightly different momentum.

    What was looked up for the old momentum stays until the next move.
    """
    return Particle(
        q.x, q.y, q.z, dir_x, dir_y, dir_z, ln_p, q.speed, q.diffusion, q.slope_R, q.slope_z, q.distance
    )


@kernel
def _side_distance(table, side, q, w_x, w_y, w_z, s):
    x = q.x + s * w_x
    y = q.y + s * w_y
    return side * surface_distance(table, math.sqrt(x * x + y * y), abs(q.z + s * w_z))


@kernel
def _root(table, side, q, w_x, w_y, w_z, low, high):
    """Path length in (low, high) at which the particle leaves its side of the surface."""
    g_high = _side_distance(table, side, q, w_x, w_y, w_z, high)
    g_low = _side_distance(table, side, q, w_x, w_y, w_z, low)
    if g_low <= 0.0:
        # It starts on the surface: look for a stretch on its own side further on.
        trial = high
        for _ in range(40):
            trial *= 0.5
            g_low = _side_distance(table, side, q, w_x, w_y, w_z, trial)
            if g_low > 0.0:
                break
        if g_low <= 0.0:
            return low
        low = trial
    for _ in range(60):
        middle = low + (high - low) * g_low / (g_low - g_high)
        g = _side_distance(table, side, q, w_x, w_y, w_z, middle)
        if abs(g) <= ON_SURFACE_KPC or high - low <= ON_SURFACE_KPC:
            return middle
        # The end that stays is given half its weight, so that both come nearer (the Illinois rule).
        if g > 0.0:
            low, g_low, g_high = middle, g, 0.5 * g_high
        else:
            high, g_high, g_low = middle, g, 0.5 * g_low
    return high


@kernel
def crossing(table, side, q, w_x, w_y, w_z, length):
    """Path length to the surface along (w_x, w_y, w_z), or -1 if it is not met within `length`."""
    g = side * q.distance
    s = 0.0
    while s < length:
        ahead = min(s + max(g, SURFACE_RESOLUTION_KPC), length)
        g = _side_distance(table, side, q, w_x, w_y, w_z, ahead)
        if g < 0.0:
            return _root(table, side, q, w_x, w_y, w_z, s, ahead)
        s = ahead
    return -1.0


@small_kernel
def fly(table, in_bell, q, time_left, u0, u1, u2, u3):
    """A flight to the next (real or virtual) collision, the surface or the end of the history.

    Returns
    -------
    (Particle, float, bool)
        The particle, the time it took [Myr] and whether it stands on the surface.
    """
    steep = table.steepness_bell if in_bell else table.steepness_halo
    free_path = 3.0 * q.diffusion / q.speed
    depth = -math.log(u0) * free_path
    # Not log1p, which takes three times as long.
    climb = steep * depth
    wanted = math.log(1.0 + climb) / steep if climb > 1e-5 else depth * (1.0 - 0.5 * climb)
    s = min(wanted, q.speed * time_left, 3.0 * table.r_max)
    w_x, w_y, w_z = q.dir_x, q.dir_y, q.dir_z
    flow_x = flow_y = flow_z = 0.0
    moving = in_bell or table.halo_moves
    flow = table.outflow if in_bell else table.halo_flow
    if moving:
        flow_x, flow_y, flow_z, _ = flow_of(table, flow, q.x, q.y, q.z)
        w_x += flow_x / q.speed
        w_y += flow_y / q.speed
        w_z += flow_z / q.speed
    on_surface = False
    if abs(q.distance) <= 1.01 * s:
        met = crossing(table, 1.0 if in_bell else -1.0, q, w_x, w_y, w_z, s)
        on_surface = met >= 0.0
        if on_surface:
            s = met
    x = q.x + s * w_x
    y = q.y + s * w_y
    z = q.z + s * w_z
    ln_p, speed = q.ln_p, q.speed
    if moving:
        new_x, new_y, new_z, _ = flow_of(table, flow, x, y, z)
        gain = q.dir_x * (new_x - flow_x) + q.dir_y * (new_y - flow_y) + q.dir_z * (new_z - flow_z)
        ln_p -= gain / q.speed
        speed = speed_of(ln_p)
    new = at(table, in_bell, x, y, z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed)
    if not on_surface and s == wanted:
        # exp(steep s) is 1 + steep depth here.
        majorant = (1.0 + climb) / free_path
        if u1 * majorant * 3.0 * new.diffusion < new.speed:
            e_x, e_y, e_z = isotropic(u2, u3)
            new = turned(new, e_x, e_y, e_z, ln_p)
    return new, s / q.speed, on_surface


@small_kernel
def local_scale(table, in_bell, q):
    """Length over which the medium changes around a particle [kpc], surfaces apart."""
    slope = math.sqrt(q.slope_R * q.slope_R + q.slope_z * q.slope_z)
    if in_bell:
        return min(1.0 / max(slope, 1e-3), math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z))
    # Steeper places around bound the scale where the local gradient happens to vanish.
    around = bilinear(table.halo_scale, table, math.sqrt(q.x * q.x + q.y * q.y), abs(q.z))
    scale = min(1.0 / max(slope, 1e-3), around)
    # At the plane the gradient turns round, and the gas is to be resolved.
    return min(scale, 2.0 * (abs(q.z) + min(table.disc_scale, 0.1 * scale)))


@small_kernel
def step_time(table, in_bell, q, flow, length_scale):
    """Time of a diffusive step [Myr], zero where the particle has to fly."""
    free_path = 3.0 * q.diffusion / q.speed
    edge = table.bell_reach if in_bell else table.r_max
    room = min(abs(q.distance), edge - math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z))
    if free_path > FLIGHT_ABOVE * length_scale or free_path * FLIGHT_WITHIN > room:
        return 0.0
    length = min(STEP_OVER_SCALE * length_scale, STEP_OVER_DISTANCE * room)
    dt = length * length / (2.0 * q.diffusion)
    if flow > 0.0:
        dt = min(dt, ADVECTION_STEP * min(length_scale, room + 0.2 * length_scale) / flow)
        # The chance to come back to the surface, exp(-u x/D), asks for steps well below D/u while it counts.
        back = q.diffusion / flow
        length = STEP_OVER_RETURN * (back + room * room / (16.0 * back))
        dt = min(dt, max(length * length / (2.0 * q.diffusion), 6.0 * q.diffusion / (q.speed * q.speed)))
    return dt


@small_kernel
def diffuse(table, in_bell, q, dt, u0, u1, u2, u3):
    """A diffusive step of time dt >= 2 lambda/v."""
    R = math.sqrt(q.x * q.x + q.y * q.y)
    free_path = 3.0 * q.diffusion / q.speed
    drift = q.diffusion * dt - free_path * free_path / 3.0
    along_R = q.slope_R * drift / R if R > 1e-12 else 0.0
    x = q.x + along_R * q.x
    y = q.y + along_R * q.y
    z = q.z + math.copysign(1.0, q.z) * q.slope_z * drift
    ln_p, speed = q.ln_p, q.speed
    if in_bell or table.halo_moves:
        # The velocity at the middle of the step: second order in time.
        flow = table.outflow if in_bell else table.halo_flow
        f_x, f_y, f_z, _ = flow_of(table, flow, q.x, q.y, q.z)
        f_x, f_y, f_z, divergence = flow_of(
            table, flow, q.x + 0.5 * dt * f_x, q.y + 0.5 * dt * f_y, q.z + 0.5 * dt * f_z
        )
        x += f_x * dt
        y += f_y * dt
        z += f_z * dt
        ln_p -= divergence * dt / 3.0
        speed = speed_of(ln_p)
    e_x, e_y, e_z = isotropic(u2, u3)
    n_x, n_y, n_z = isotropic(u0, u1)
    noise = math.sqrt(max(0.0, 3.0 * (2.0 * q.diffusion * dt - 4.0 * free_path * free_path / 3.0)))
    x += free_path * (q.dir_x + e_x) + noise * n_x
    y += free_path * (q.dir_y + e_y) + noise * n_y
    z += free_path * (q.dir_z + e_z) + noise * n_z
    return at(table, in_bell, x, y, z, e_x, e_y, e_z, ln_p, speed)


@small_kernel
def move(table, hybrid, in_bell, q, time_left, u0, u1, u2, u3):
    """One diffusive step where lambda is small against every scale, one flight elsewhere.

    Returns
    -------
    (Particle, float, bool)
        The particle, the time it took [Myr] and whether it stands on the surface.
    """
    if hybrid:
        flow = 0.0
        if in_bell or table.halo_moves:
            f_x, f_y, f_z, _ = flow_of(table, table.outflow if in_bell else table.halo_flow, q.x, q.y, q.z)
            flow = math.sqrt(f_x * f_x + f_y * f_y + f_z * f_z)
        dt = min(step_time(table, in_bell, q, flow, local_scale(table, in_bell, q)), time_left)
        if dt * q.speed * q.speed >= 6.0 * q.diffusion:
            new = diffuse(table, in_bell, q, dt, u0, u1, u2, u3)
            # The time to leave a sphere scatters by 2/5 of its mean squared, whatever the way out: count
            # it as one of two values (by the last bit of u0), so that variances of times come out too.
            late = np.uint64(u0 * 4294967296.0) & np.uint64(1)
            spread = _TIME_SPREAD if late else -_TIME_SPREAD
            return new, min(dt * (1.0 + spread), time_left), False
    return fly(table, in_bell, q, time_left, u0, u1, u2, u3)


@small_kernel
def is_finite(q):
    """Whether a particle's numbers are numbers."""
    return np.isfinite(q.x + q.y + q.z + q.ln_p + q.diffusion) and q.diffusion > 0.0
