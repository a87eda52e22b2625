"""What a particle meets at the Bell wall: the skin behind it, reflections, the one-way wall."""

from __future__ import annotations

import math

from ..fields._jit import kernel
from .albedo import MILNE_EXTRAPOLATION, accept_reflection
from .lookup import outflow, surface_normal
from .move import Particle, at, local_scale, speed_of
from .rng import PURPOSE_TRANSPORT, isotropic, uniform4

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
    """The particle at `depth` behind the wall as the tallies need it."""
    return Particle(
        q.x + depth * n_x, q.y + depth * n_y, q.z + depth * n_z, q.dir_x, q.dir_y, q.dir_z, q.ln_p, q.speed,
        q.diffusion, q.slope_R, q.slope_z, depth,
    )  # fmt: skip


@kernel
def reflected_cosine(controls, mu0, particle, branch, draw):
    """Cosine of a diffusely reflected particle and the next draw index."""
    while True:
        u0, u1, u2, u3 = uniform4(controls.seed, PURPOSE_TRANSPORT, particle, branch, draw)
        draw += 1
        if accept_reflection(controls.h_table, mu0, u0, u1):
            return u0, draw
        if accept_reflection(controls.h_table, mu0, u2, u3):
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
def one_way_layer(table, q):
    """(depth, mean time) of the layer behind a one-way wall that is not followed, zero where it is.

    Mean time of reflected Brownian motion with drift from the wall to the depth.
    """
    depth, free_path, u_over_v = skin_depth(table, q, q.ln_p)
    if depth == 0.0:
        return 0.0, 0.0
    length = free_path / (3.0 * max(u_over_v, 1e-12))
    x = depth / length
    shape = 0.5 * x * x if x < 1e-3 else x + math.expm1(-x)
    return depth, length * shape / (max(u_over_v, 1e-12) * q.speed)


@kernel
def enter_one_way(table, controls, q, mu0, particle, draw):
    """A particle at the wall of a one-way medium: placed behind it, after the meetings that takes.

    The surface mirrors it from without, so it stays; each meeting costs (mu_in + mu_out) u/v.
    """
    n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
    depth, free_path, u_over_v = skin_depth(table, q, q.ln_p)
    u0, u1, u2, _ = uniform4(controls.seed, PURPOSE_TRANSPORT, particle, 0, draw)
    if depth == 0.0:
        e_x, e_y, e_z = q.dir_x, q.dir_y, q.dir_z
        ln_p = q.ln_p - mu0 * u_over_v
        if mu0 < 0.0:
            e_x, e_y, e_z = mirrored(q, n_x, n_y, n_z)
            ln_p = q.ln_p + 2.0 * mu0 * u_over_v
        return at(table, True, q.x, q.y, q.z, e_x, e_y, e_z, ln_p, speed_of(ln_p)), draw + 1
    # Mean over a cosine-law entry: <mu> = 2/3 each way, <h> = 4/3 lambda.
    chance = 4.0 / 3.0 / (depth / free_path + MILNE_EXTRAPOLATION)
    drift = 3.0 * u_over_v
    if drift * depth > 1e-6 * free_path:
        chance = math.expm1(-drift * 4.0 / 3.0) / math.expm1(
            -drift * (depth / free_path + MILNE_EXTRAPOLATION)
        )
    meetings = math.log(u0) / math.log1p(-min(chance, 0.999))
    ln_p = q.ln_p - 4.0 / 3.0 * u_over_v * meetings
    return behind_wall(table, q, depth, n_x, n_y, n_z, ln_p, u1, u2), draw + 1
