"""The Bell wall: the layer behind it, reflections, and the wall that lets nothing back.

The wall is at rest, the medium behind it recedes at u2 along its normal and the halo in front flows towards
it at u1 (zero if the halo is at rest), both far below the speed v of a particle. To first order in u/v:

- the wall is met n v/4 times per area and time. What u1 adds, n u1/2, is a share u1/v of that and falls away;
- a particle that has met it is captured with the chance of a medium that recedes from the wall at u2,
  4 u2/v where that is deep: n v/4 of these carry n u2 through the wall, whatever u1;
- an encounter changes the frame twice, from the halo into the medium behind and back: it costs
  (mu_in + mu_out) (u2 - u1)/v of ln p, on average 4/3 of the jump over v, and n v/4 encounters make
  n (u2 - u1)/3, the surface term of div u/3;
- in front of the wall u1 n - D dn/dz = u2 n: reflected Brownian motion with the drift u1 keeps the left side
  at zero, and the captures take the right side out of it. A drift that is constant over a step leaves the
  law of the largest excursion as it is: that of a bridge between the ends of the path.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from .albedo import MEAN_COSINE, MEAN_ENTRY_DEPTH, transmission
from .arithmetic.vector import Vector, dot
from .lookup import ON_AXIS_KPC, flow_of, ln_diffusion, outflow, surface_distance, surface_normal
from .move import (
    ADVECTION_STEP,
    FLIGHT_ABOVE,
    STEP_OVER_DISTANCE,
    STEP_OVER_SCALE,
    halo_flow,
    is_step,
    local_scale,
)
from .particle import R_of, at, direction_of, free_path_of, placed, radius_of, speed_of
from .rng import isotropic, normal_pair

# The law of diffuse reflection is exact to a per cent for a layer of so many lambda at least, where so many
# lambda are a small share of the scale.
LAYER_LAMBDAS = 10.0
LAYER_OVER_SCALE = 0.02
# A layer is as deep as that share of the scale, and no deeper than 5 D/u: few come back from there.
_DRIFT_LENGTHS = 5.0
_DEPTH_OVER_SCALE = 0.02
# A medium that recedes more slowly, in units of the particle's speed, does not matter (but is divided by).
_AT_REST = 1e-12
# exp(-x) - 1 + x loses digits below this, where its series to first order is good to x/3.
_SERIES_BELOW = 1e-3
# A chance of capture nearer to one than this is taken as this, so that its logarithm stays finite.
_MAX_CHANCE = 0.999
# A flow slower than this moves nothing in the age of the Galaxy [kpc/Myr].
_STANDS_STILL = 1e-12


class BoundaryLayer(NamedTuple):
    """The layer behind the wall that is not followed where lambda is tiny in it.

    Attributes
    ----------
    depth : float
        How far it reaches from the wall [kpc]; zero where incursions have to be flown.
    free_path : float
        Mean free path in it [kpc].
    u_over_v : float
        Speed of the medium in it along the outward normal, over that of the particle.
    jump_over_v : float
        By how much it is faster than the halo in front of the wall, in the same unit.
    divergence : float
        Of the flow in it [1/Myr]: ln p falls by a third of it per time.
    """

    depth: float
    free_path: float
    u_over_v: float
    jump_over_v: float
    divergence: float


@kernel
def boundary_layer(table, particle):
    """The `BoundaryLayer` behind the wall that a particle stands on."""
    behind = at(
        table,
        True,
        particle.x,
        particle.y,
        particle.z,
        direction_of(particle),
        particle.ln_p,
        speed_of(particle.ln_p),
    )
    free_path = free_path_of(behind)
    scale = local_scale(table, True, behind)
    normal = surface_normal(table, particle.x, particle.y, particle.z)
    f_x, f_y, f_z, divergence = outflow(table, particle.x, particle.y, particle.z)
    u_over_v = dot(Vector(f_x, f_y, f_z), normal) / behind.speed
    jump_over_v = u_over_v - dot(halo_flow(table, particle), normal) / behind.speed
    if LAYER_LAMBDAS * free_path > LAYER_OVER_SCALE * scale:
        return BoundaryLayer(0.0, free_path, u_over_v, jump_over_v, divergence)
    depth = _DEPTH_OVER_SCALE * scale
    if u_over_v > 0.0:
        depth = min(depth, _DRIFT_LENGTHS * free_path / (3.0 * u_over_v))
    return BoundaryLayer(max(depth, LAYER_LAMBDAS * free_path), free_path, u_over_v, jump_over_v, divergence)


@kernel
def behind_wall(table, particle, depth, normal, ln_p, u, v):
    """The particle at `depth` behind the wall, in a new direction (from the uniforms `u` and `v`)."""
    return at(
        table,
        True,
        particle.x + depth * normal.x,
        particle.y + depth * normal.y,
        particle.z + depth * normal.z,
        isotropic(u, v),
        ln_p,
        speed_of(ln_p),
    )


@kernel
def shifted(particle, depth, normal):
    """The particle moved along the normal to `depth` behind the wall, as the tallies need it."""
    by = depth - particle.distance
    x, y, z = particle.x + by * normal.x, particle.y + by * normal.y, particle.z + by * normal.z
    return placed(particle, x, y, z, depth)


@kernel
def at_angle(normal, cosine, u):
    """Unit vector at `cosine` to the normal, at a random azimuth."""
    angle = 2.0 * math.pi * u
    sine = math.sqrt(max(0.0, 1.0 - cosine * cosine))
    a, b = sine * math.cos(angle), sine * math.sin(angle)
    # Orthonormal basis around the normal (Duff et al. 2017, JCGT 6, 1).
    sign = math.copysign(1.0, normal.z)
    p = -1.0 / (sign + normal.z)
    q = normal.x * normal.y * p
    return Vector(
        a * (1.0 + sign * normal.x * normal.x * p) + b * q + cosine * normal.x,
        a * sign * q + b * (sign + normal.y * normal.y * p) + cosine * normal.y,
        -a * sign * normal.x - b * normal.y + cosine * normal.z,
    )


@kernel
def mirrored(direction, normal):
    """A direction after specular reflection."""
    along = dot(direction, normal)
    return Vector(
        direction.x - 2.0 * along * normal.x,
        direction.y - 2.0 * along * normal.y,
        direction.z - 2.0 * along * normal.z,
    )


@kernel
def jump_along(table, particle):
    """Velocity behind the wall less that in front, along the direction of a particle, over its speed."""
    f_x, f_y, f_z, _ = outflow(table, particle.x, particle.y, particle.z)
    h = halo_flow(table, particle)
    return dot(Vector(f_x - h.x, f_y - h.y, f_z - h.z), direction_of(particle)) / particle.speed


@kernel
def one_way_time(layer, speed):
    """Mean time from a one-way wall to the depth of the layer: reflected Brownian motion with drift."""
    length = layer.free_path / (3.0 * max(layer.u_over_v, _AT_REST))
    x = layer.depth / length
    shape = 0.5 * x * x if x < _SERIES_BELOW else x + math.expm1(-x)
    return length * shape / (max(layer.u_over_v, _AT_REST) * speed)


@kernel
def enter_one_way(table, particle, normal, layer, u0, u1, u2):
    """A particle at the wall of a one-way medium: placed behind it, after the encounters that takes.

    The surface mirrors it from without, so it stays; each encounter costs (mu_in + mu_out) u/v of ln p, less
    what the halo's own flow takes from the first frame change, and the time in the layer a third of the
    divergence there.
    """
    if layer.depth == 0.0:
        direction = direction_of(particle)
        mu0 = dot(direction, normal)
        ln_p = particle.ln_p - mu0 * layer.jump_over_v
        if mu0 < 0.0:
            direction = mirrored(direction, normal)
            ln_p = particle.ln_p + 2.0 * mu0 * layer.u_over_v
        return at(table, True, particle.x, particle.y, particle.z, direction, ln_p, speed_of(ln_p))
    chance = transmission(MEAN_ENTRY_DEPTH, layer.free_path, layer.depth, layer.u_over_v)
    encounters = math.log(u0) / math.log1p(-min(chance, _MAX_CHANCE))
    ln_p = particle.ln_p - 2.0 * MEAN_COSINE * layer.u_over_v * encounters
    ln_p += MEAN_COSINE * (layer.u_over_v - layer.jump_over_v)
    ln_p -= one_way_time(layer, particle.speed) * layer.divergence / 3.0
    return behind_wall(table, particle, layer.depth, normal, ln_p, u1, u2)


@kernel
def reflected_step_time(table, particle, scale, time_left):
    """Time of a step that may touch the wall [Myr]; zero if the wall is too far, or has to be flown to.

    `scale` is the `move.local_scale` of the particle.
    """
    # Only one side of the volume may be in reach.
    scale = min(scale, table.thickness)
    free_path = free_path_of(particle)
    length = STEP_OVER_SCALE * scale
    if STEP_OVER_DISTANCE * abs(particle.distance) >= length or free_path > FLIGHT_ABOVE * scale:
        return 0.0
    if STEP_OVER_DISTANCE * (table.r_max - radius_of(particle)) < length:
        return 0.0
    dt = min(length * length / (2.0 * particle.diffusion), time_left)
    if table.halo_moves:
        flow = halo_flow(table, particle)
        dt = min(dt, ADVECTION_STEP * scale / max(math.sqrt(dot(flow, flow)), _STANDS_STILL))
    return dt if is_step(particle, dt) else 0.0


@kernel
def largest_excursion(outwards, variance, u):
    """The largest excursion of Brownian motion that ends so far out: that of a bridge, from a uniform."""
    return 0.5 * (outwards + math.sqrt(outwards * outwards - 2.0 * variance * math.log(u)))


@kernel
def reflected_step(table, particle, dt, u, v):
    """A diffusive step in front of a wall that reflects nearly everything; also its number of encounters.

    What `move.diffuse` takes together is done one after the other: lambda along Omega0, Brownian motion with
    drift (grad D and the flow of the halo), lambda along Omega1. The two flights are mirrored at the wall,
    one encounter each; the Brownian part is reflected exactly by the largest excursion L of its path beyond
    the wall (Skorokhod's map, the maximum of a Brownian bridge), which is 3 L/(4 lambda) encounters. Uniform
    density and isotropy are kept, and the encounters come out as n v/4 per area and time, exactly for
    constant lambda and to O((step/scale)^2) else. `u` and `v` are four uniforms each.

    Returns
    -------
    (Particle, float)
        The particle, within the wall, and the number of encounters.
    """
    normal = surface_normal(table, particle.x, particle.y, particle.z)
    free_path = free_path_of(particle)
    x, y, z, beyond = _mirrored_place(
        table,
        particle.x + free_path * particle.dir_x,
        particle.y + free_path * particle.dir_y,
        particle.z + free_path * particle.dir_z,
        normal,
    )
    encounters = 1.0 if beyond > 0.0 else 0.0
    room = abs(beyond)
    variance = max(2.0 * particle.diffusion * dt - 4.0 * free_path * free_path / 3.0, 0.0)
    noise = math.sqrt(variance)
    g_x, g_y = normal_pair(u[0], u[1])
    g_z, _ = normal_pair(u[2], u[3])
    R = R_of(particle)
    drift = particle.diffusion * dt - free_path * free_path / 3.0
    along_R = particle.slope_R * drift / R if R > ON_AXIS_KPC else 0.0
    x += along_R * particle.x + noise * g_x
    y += along_R * particle.y + noise * g_y
    z += math.copysign(1.0, particle.z) * particle.slope_z * drift + noise * g_z
    ln_p, speed = particle.ln_p, particle.speed
    if table.halo_moves:
        f_x, f_y, f_z, divergence = flow_of(table, table.halo_flow, particle.x, particle.y, particle.z)
        x, y, z = x + f_x * dt, y + f_y * dt, z + f_z * dt
        ln_p -= divergence * dt / 3.0
        speed = speed_of(ln_p)
    outwards = room + surface_distance(table, math.sqrt(x * x + y * y), abs(z))
    furthest = largest_excursion(outwards, variance, v[0])
    if furthest > room:
        back = furthest - room
        x, y, z = x - back * normal.x, y - back * normal.y, z - back * normal.z
        at_wall = furthest - outwards
        w_x, w_y, w_z = x + at_wall * normal.x, y + at_wall * normal.y, z + at_wall * normal.z
        w_R = math.sqrt(w_x * w_x + w_y * w_y)
        value, _, _ = ln_diffusion(table.ln_D_over_v_halo, table, w_R, abs(w_z), particle.ln_p)
        encounters += back / (4.0 * math.exp(value))
    e = isotropic(v[1], v[2])
    x, y, z, beyond = _mirrored_place(
        table, x + free_path * e.x, y + free_path * e.y, z + free_path * e.z, normal
    )
    if beyond > 0.0:
        encounters += 1.0
        e = mirrored(e, normal)
    return at(table, False, x, y, z, e, ln_p, speed), encounters


@kernel
def _mirrored_place(table, x, y, z, normal):
    """A place, mirrored at the surface if it lies beyond it, and how far beyond it was."""
    beyond = surface_distance(table, math.sqrt(x * x + y * y), abs(z))
    if beyond <= 0.0:
        return x, y, z, beyond
    return x - 2.0 * beyond * normal.x, y - 2.0 * beyond * normal.y, z - 2.0 * beyond * normal.z, beyond
