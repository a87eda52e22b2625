"""Guiding centres at the surface: how many hits of the wall an arrival stands for, and how they leave it.

A guiding centre arrives along its line, and the particle gyrates: it hits the wall again and again. The
number of hits is geometric, so each of them may be the last one; what leaves has a density ~ |mu|, away from
the wall.
"""

from __future__ import annotations

import math

from ...fields._jit import kernel
from .boundary import at_angle, boundary_layer, shifted
from .guided_steps import along_line, hits_of_arrival
from .history import RETURNED, next_draw, standing_for
from .line import cosine_along, direction_at, direction_of_line, way_of_line
from .lookup import surface_normal
from .particle import R_of, at, direction_of, turned
from .splitting import cross, encounter


@kernel
def _outward_share(table, particle, b):
    """Cosine of a field of direction b to the outward normal of the surface."""
    normal = surface_normal(table, R_of(particle), 0.0, particle.z)
    return b.x * normal.x + b.z * normal.z


@kernel
def _with_cosine(particle, b, mu):
    """The particle with a cosine to the field of direction b."""
    return turned(particle, direction_at(b, particle, R_of(particle), mu), particle.ln_p)


@kernel
def reflected_back(table, particle, on_surface):
    """A guiding centre at a closed surface, on its way back along its line if it stands there."""
    if not on_surface:
        return particle
    R = R_of(particle)
    b = way_of_line(table, R, particle.z)
    return _with_cosine(particle, b, -cosine_along(b, particle, R))


@kernel
def _away(table, particle, u):
    """The particle on its way from the surface along its line, with a density ~ |mu|."""
    b = way_of_line(table, R_of(particle), particle.z)
    return _with_cosine(particle, b, -math.copysign(math.sqrt(u), _outward_share(table, particle, b)))


@kernel
def _is_flown(controls, layer):
    """Whether the wall is crossed in flight: the layer behind it is too deep to be replaced by its law."""
    return layer.depth == 0.0 or not controls.reflect_at_wall


@kernel
def _hit(world, history, particle, splitting, layer, phase, u, v):
    """One hit of the wall by a particle: what comes of it, as `encounter` says it."""
    if _is_flown(world.controls, layer):
        normal = surface_normal(world.table, particle.x, particle.y, particle.z)
        out = turned(particle, at_angle(normal, math.sqrt(u), v), particle.ln_p)
        return cross(world, standing_for(history, 1.0), out, splitting)
    return encounter(world, history, particle, splitting, 1.0, False, layer, phase)


@kernel
def _going_on(table, particle, ended):
    """A particle on the wall, put as far in front of it as another one has ended a step, and on the same way.

    Its cosine is the same towards the wall, to which the lines may lead the other way round here.
    """
    b = way_of_line(table, R_of(ended), ended.z)
    mu = cosine_along(b, ended, R_of(ended)) * math.copysign(1.0, _outward_share(table, ended, b))
    inside = shifted(particle, ended.distance, surface_normal(table, particle.x, particle.y, particle.z))
    x, y, z, ln_p, speed = inside.x, inside.y, inside.z, particle.ln_p, particle.speed
    new = at(table, False, x, y, z, direction_of(ended), ln_p, speed)
    b = way_of_line(table, R_of(new), z)
    return _with_cosine(new, b, math.copysign(1.0, _outward_share(table, new, b)) * mu)


@kernel
def meet_wall(world, history, particle, splitting, encounters, on_surface, layer, phase):
    """Encounters of a guiding centre with a wall that it may come back from: as `splitting.encounter`.

    It stands on the wall (`on_surface`), or has met it so many times in a step that ends before it.
    """
    table, controls = world.table, world.controls
    (u0, u1, u2, u3), history = next_draw(controls.seed, history)
    if not on_surface and not _is_flown(controls, layer):
        fate, new, history, splitting = encounter(
            world, history, particle, splitting, encounters, False, layer, phase
        )
        # Who was not behind the wall is where it was, to the bit. Who was leaves it as those do that arrive:
        # going on with the rest of the step there are 11% too many in front of a wall at 60 degrees.
        if fate == RETURNED and (new.x != particle.x or new.z != particle.z):
            new = _away(table, new, u0)
        return fate, new, history, splitting
    # How many times to hit it at least, and the chance that each of these is the last.
    hits, last = math.floor(encounters + u0), 1.0
    ended = particle
    if on_surface:
        way = along_line(table, particle)
        mean = hits_of_arrival(way, particle, _outward_share(table, particle, direction_of_line(way.line)))
        hits, last = math.floor(min(mean, 1.0) + u0), 1.0 / max(mean, 1.0)
    elif hits == 0:
        return RETURNED, particle, history, splitting
    else:
        particle = shifted(particle, 0.0, surface_normal(table, particle.x, particle.y, particle.z))
    while hits > 0:
        fate, particle, history, splitting = _hit(world, history, particle, splitting, layer, phase, u1, u2)
        if fate != RETURNED:
            return fate, particle, history, splitting
        if u3 < last:
            hits -= 1
        layer, phase = boundary_layer(table, particle), 0.0
        (u0, u1, u2, u3), history = next_draw(controls.seed, history)
    if on_surface:
        return RETURNED, _away(table, particle, u1), history, splitting
    # The rest of the step goes on from where it has come back.
    return RETURNED, _going_on(table, particle, ended), history, splitting
