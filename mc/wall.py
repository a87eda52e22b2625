"""What a particle meets at the Bell wall: the skin behind it, reflections, the one-way wall."""

from __future__ import annotations

import math

from ..fields._jit import kernel
from .albedo import MEAN_COSINE, MEAN_ENTRY_DEPTH, accept_reflection, transmission
from .lookup import ln_diffusion, outflow, surface_distance, surface_normal
from .move import (
    FLIGHT_ABOVE,
    STEP_OVER_DISTANCE,
    STEP_OVER_SCALE,
    Particle,
    at,
    local_scale,
    speed_of,
)
from .rng import isotropic, next4, normal_pair

# Beyond these the law of diffuse reflection would no longer be exact to a per cent.
SKIN_LAMBDAS = 10.0
SKIN_OVER_SCALE = 0.02
_DRIFT_LENGTHS = 5.0
_DEPTH_OVER_SCALE = 0.02


@kernel
def skin_depth(table, q, ln_p):
    """(depth, lambda, u_n/v) of the skin behind the wall, depth zero where it has to be flown."""
    behind = at(table, True, q.x, q.y, q.z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed_of(ln_p))
    free_path = 3.0 * behind.diffusion / behind.speed
    scale = local_scale(table, True, behind)
    n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
    f_x, f_y, f_z, _ = outflow(table, q.x, q.y, q.z)
    u_over_v = (f_x * n_x + f_y * n_y + f_z * n_z) / behind.speed
    if SKIN_LAMBDAS * free_path > SKIN_OVER_SCALE * scale:
        return 0.0, free_path, u_over_v
    depth = _DEPTH_OVER_SCALE * scale
    if u_over_v > 0.0:
        depth = min(depth, _DRIFT_LENGTHS * free_path / (3.0 * u_over_v))
    return max(depth, SKIN_LAMBDAS * free_path), free_path, u_over_v


@kernel
def behind_wall(table, q, depth, n_x, n_y, n_z, ln_p, u, v):
    """The particle at `depth` behind the wall, its direction forgotten."""
    e_x, e_y, e_z = isotropic(u, v)
    return at(
        table,
        True,
        q.x + depth * n_x,
        q.y + depth * n_y,
        q.z + depth * n_z,
        e_x,
        e_y,
        e_z,
        ln_p,
        speed_of(ln_p),
    )


@kernel
def shifted(q, depth, n_x, n_y, n_z):
    """The particle moved along the normal to `depth` behind the wall, as the tallies need it."""
    by = depth - q.distance
    return Particle(
        q.x + by * n_x, q.y + by * n_y, q.z + by * n_z, q.dir_x, q.dir_y, q.dir_z, q.ln_p, q.speed,
        q.diffusion, q.slope_R, q.slope_z, depth,
    )  # fmt: skip


@kernel
def reflected_cosine(h_table, seed, buffer, mu0, particle, draw):
    """Cosine of a diffusely reflected particle and the next draw index."""
    while True:
        u0, u1, u2, u3 = next4(buffer, seed, particle, 0, 0, draw)
        draw += 1
        if accept_reflection(h_table, mu0, u0, u1):
            return u0, draw
        if accept_reflection(h_table, mu0, u2, u3):
            return u2, draw


@kernel
def at_angle(n_x, n_y, n_z, cosine, u):
    """Unit vector at `cosine` to the normal, at a random azimuth."""
    angle = 2.0 * math.pi * u
    sine = math.sqrt(max(0.0, 1.0 - cosine * cosine))
    a, b = sine * math.cos(angle), sine * math.sin(angle)
    # Orthonormal basis around the normal (Duff et al. 2017, JCGT 6, 1).
    sign = math.copysign(1.0, n_z)
    p = -1.0 / (sign + n_z)
    q = n_x * n_y * p
    return (
        a * (1.0 + sign * n_x * n_x * p) + b * q + cosine * n_x,
        a * sign * q + b * (sign + n_y * n_y * p) + cosine * n_y,
        -a * sign * n_x - b * n_y + cosine * n_z,
    )


@kernel
def mirrored(q, n_x, n_y, n_z):
    """Direction after specular reflection."""
    normal = q.dir_x * n_x + q.dir_y * n_y + q.dir_z * n_z
    return q.dir_x - 2.0 * normal * n_x, q.dir_y - 2.0 * normal * n_y, q.dir_z - 2.0 * normal * n_z


@kernel
def flow_along(table, q, e_x, e_y, e_z):
    f_x, f_y, f_z, _ = outflow(table, q.x, q.y, q.z)
    return (f_x * e_x + f_y * e_y + f_z * e_z) / q.speed


@kernel
def one_way_time(depth, free_path, u_over_v, speed):
    """Mean time from a one-way wall to a depth: reflected Brownian motion with drift."""
    length = free_path / (3.0 * max(u_over_v, 1e-12))
    x = depth / length
    shape = 0.5 * x * x if x < 1e-3 else x + math.expm1(-x)
    return length * shape / (max(u_over_v, 1e-12) * speed)


@kernel
def enter_one_way(table, q, n_x, n_y, n_z, depth, free_path, u_over_v, u0, u1, u2):
    """A particle at the wall of a one-way medium: placed behind it, after the meetings that takes.

    The surface mirrors it from without, so it stays; each meeting costs (mu_in + mu_out) u/v.
    """
    if depth == 0.0:
        e_x, e_y, e_z = q.dir_x, q.dir_y, q.dir_z
        mu0 = q.dir_x * n_x + q.dir_y * n_y + q.dir_z * n_z
        ln_p = q.ln_p - mu0 * u_over_v
        if mu0 < 0.0:
            e_x, e_y, e_z = mirrored(q, n_x, n_y, n_z)
            ln_p = q.ln_p + 2.0 * mu0 * u_over_v
        return at(table, True, q.x, q.y, q.z, e_x, e_y, e_z, ln_p, speed_of(ln_p))
    chance = transmission(MEAN_ENTRY_DEPTH, free_path, depth, u_over_v)
    meetings = math.log(u0) / math.log1p(-min(chance, 0.999))
    ln_p = q.ln_p - 2.0 * MEAN_COSINE * u_over_v * meetings
    return behind_wall(table, q, depth, n_x, n_y, n_z, ln_p, u1, u2)


@kernel
def bounce_time(table, q, time_left):
    """Time of a step that may touch the wall [Myr]; zero if it is too far, or has to be flown to."""
    # Only one side of the volume may be in reach.
    scale = min(local_scale(table, False, q), table.thickness)
    free_path = 3.0 * q.diffusion / q.speed
    length = STEP_OVER_SCALE * scale
    if STEP_OVER_DISTANCE * abs(q.distance) >= length or free_path > FLIGHT_ABOVE * scale:
        return 0.0
    if STEP_OVER_DISTANCE * (table.r_max - math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z)) < length:
        return 0.0
    dt = min(length * length / (2.0 * q.diffusion), time_left)
    if dt * q.speed * q.speed < 6.0 * q.diffusion:
        return 0.0
    return dt


@kernel
def bounce(table, q, dt, u0, u1, u2, u3, v0, v1, v2):
    """A diffusive step in front of a wall that reflects nearly everything; also how often it was met.

    What `move.diffuse` takes together is done one after the other: lambda along Omega0, Brownian motion with
    drift, lambda along Omega1. The two flights are mirrored at the wall, one meeting each; the Brownian part
    is reflected exactly by the largest excursion L of its path beyond the wall (Skorokhod's map, the maximum
    of a Brownian bridge), which is 3 L/(4 lambda) meetings. Uniform density and isotropy are kept, and the
    meetings come out as n v/4 per area and time, exactly for constant lambda and to O((step/scale)^2) else.

    Returns
    -------
    (Particle, float)
        The particle, within the wall, and the number of meetings.
    """
    n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
    free_path = 3.0 * q.diffusion / q.speed
    meetings = 0.0
    x, y, z, beyond = _mirrored_place(
        table, q.x + free_path * q.dir_x, q.y + free_path * q.dir_y, q.z + free_path * q.dir_z, n_x, n_y, n_z
    )
    room = abs(beyond)
    if beyond > 0.0:
        meetings += 1.0
    variance = max(2.0 * q.diffusion * dt - 4.0 * free_path * free_path / 3.0, 0.0)
    noise = math.sqrt(variance)
    g_x, g_y = normal_pair(u0, u1)
    g_z, _ = normal_pair(u2, u3)
    R = math.sqrt(q.x * q.x + q.y * q.y)
    drift = q.diffusion * dt - free_path * free_path / 3.0
    along_R = q.slope_R * drift / R if R > 1e-12 else 0.0
    x += along_R * q.x + noise * g_x
    y += along_R * q.y + noise * g_y
    z += math.copysign(1.0, q.z) * q.slope_z * drift + noise * g_z
    outwards = room + surface_distance(table, math.sqrt(x * x + y * y), abs(z))
    furthest = 0.5 * (outwards + math.sqrt(outwards * outwards - 2.0 * variance * math.log(v0)))
    if furthest > room:
        back = furthest - room
        x -= back * n_x
        y -= back * n_y
        z -= back * n_z
        at_wall = furthest - outwards
        w_x, w_y, w_z = x + at_wall * n_x, y + at_wall * n_y, z + at_wall * n_z
        value, _, _ = ln_diffusion(
            table.ln_D_over_v_halo, table, math.sqrt(w_x * w_x + w_y * w_y), abs(w_z), q.ln_p
        )
        meetings += back / (4.0 * math.exp(value))
    e_x, e_y, e_z = isotropic(v1, v2)
    x, y, z, beyond = _mirrored_place(
        table, x + free_path * e_x, y + free_path * e_y, z + free_path * e_z, n_x, n_y, n_z
    )
    if beyond > 0.0:
        meetings += 1.0
        outward = 2.0 * (e_x * n_x + e_y * n_y + e_z * n_z)
        e_x, e_y, e_z = e_x - outward * n_x, e_y - outward * n_y, e_z - outward * n_z
    return at(table, False, x, y, z, e_x, e_y, e_z, q.ln_p, q.speed), meetings


@kernel
def _mirrored_place(table, x, y, z, n_x, n_y, n_z):
    """A place, mirrored at the surface if it lies beyond it, and how far beyond it was."""
    beyond = surface_distance(table, math.sqrt(x * x + y * y), abs(z))
    if beyond <= 0.0:
        return x, y, z, beyond
    return x - 2.0 * beyond * n_x, y - 2.0 * beyond * n_y, z - 2.0 * beyond * n_z, beyond
