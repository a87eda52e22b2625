"""Guiding centres alone, without tallies: where they are and how they go along a line that closes on itself.

The line leads along z, in a medium that repeats beyond |z| = `top`: the field may be any there, so that what
the engine does about it can be held against known answers.
"""

from __future__ import annotations

import math

from ...fields._jit import entry, kernel
from ..kernels.arithmetic.vector import Vector
from ..kernels.guided_steps import along_line, diffuse_along
from ..kernels.guiding_centre import move_along
from ..kernels.line import cosine_along, way_of_line
from ..kernels.particle import R_of, at, direction_of, free_path_of, speed_of
from ..kernels.rng import PURPOSE_TRANSPORT, uniform4


@kernel
def _start(table, z, mu, ln_p):
    """A particle on the axis of a line along z."""
    direction = Vector(math.sqrt(1.0 - mu * mu), 0.0, mu)
    return at(table, False, 0.0, 0.0, z, direction, ln_p, speed_of(ln_p))


@kernel
def _repeated(table, particle, top):
    """The particle at the place between -top and top that is like its own."""
    if abs(particle.z) <= top:
        return particle
    z = particle.z - math.copysign(2.0 * top, particle.z)
    return at(table, False, 0.0, 0.0, z, direction_of(particle), particle.ln_p, particle.speed)


@kernel
def _moved(table, free_paths, particle, time_left, u, v):
    """(particle, its time) after a step of so many mean free paths, or for 0 after a move of the engine."""
    if free_paths > 0.0:
        dt = 3.0 * free_paths * particle.diffusion / (particle.speed * particle.speed)
        _, new = diffuse_along(table, along_line(table, particle), particle, dt, u)
        return new, dt
    _, new, dt, _, _ = move_along(table, True, False, particle, time_left, 0.0, u, v)
    return new, dt


@entry()
def occupancy(table, free_paths, ln_p, top, t_max, seed, count, occupied):
    """Time of many particles between -top and top by layer in |z|, and its moments in mu.

    They take steps of so many mean free paths alone, or for 0 the moves that the engine chooses.
    `occupied`, (particles, layers, 4), takes the time [Myr] in each, that for which they keep their direction
    there, and this times mu (towards larger |z|) and mu^2.
    """
    layers = occupied.shape[1]
    for n in range(count):
        u0, u1, _, _ = uniform4(seed, PURPOSE_TRANSPORT, n, 1, 0, 0)
        particle = _start(table, top * (2.0 * u0 - 1.0), 2.0 * u1 - 1.0, ln_p)
        t, draw = 0.0, 0
        while t < t_max:
            u = uniform4(seed, PURPOSE_TRANSPORT, n, 0, 0, draw)
            v = uniform4(seed, PURPOSE_TRANSPORT, n, 0, 1, draw)
            draw += 1
            R = R_of(particle)
            mu = cosine_along(way_of_line(table, R, particle.z), particle, R)
            new, dt = _moved(table, free_paths, particle, t_max - t, u, v)
            # It is somewhere on the move, and goes for lambda in the direction with which that begins.
            z = particle.z + v[3] * (new.z - particle.z)
            if abs(z) > top:
                z -= math.copysign(2.0 * top, z)
            occupied[n, min(int(abs(z) / top * layers), layers - 1), 0] += dt
            layer = min(int(abs(particle.z) / top * layers), layers - 1)
            outwards = math.copysign(1.0, particle.z) * mu
            lasts = min(dt, free_path_of(particle) / particle.speed)
            occupied[n, layer, 1] += lasts
            occupied[n, layer, 2] += lasts * outwards
            occupied[n, layer, 3] += lasts * mu * mu
            particle = _repeated(table, new, top)
            t += dt


@entry()
def travelled(table, ln_p, z, t_max, seed, count, places):
    """Where particles are that start at z with any direction, at two times.

    `places`, (particles, 2), takes z [kpc] at half the time and at its end.
    """
    for n in range(count):
        u0, _, _, _ = uniform4(seed, PURPOSE_TRANSPORT, n, 1, 0, 0)
        particle = _start(table, z, 2.0 * u0 - 1.0, ln_p)
        draw = 0
        for half in range(2):
            t = 0.0
            while t < 0.5 * t_max * (1.0 - 1e-12):
                u = uniform4(seed, PURPOSE_TRANSPORT, n, 0, 0, draw)
                v = uniform4(seed, PURPOSE_TRANSPORT, n, 0, 1, draw)
                draw += 1
                particle, dt = _moved(table, 0.0, particle, 0.5 * t_max - t, u, v)
                t += dt
            places[n, half] = particle.z


@entry()
def bounces(table, ln_p, mu, mirrorings, found):
    """A particle that nothing scatters, from z = 0 on between its mirrors.

    `found`, (3,), takes the time of one there and back [Myr], the furthest |z| [kpc], and by what share its
    magnetic moment has changed after so many mirrorings.
    """
    particle = _start(table, 0.0, mu, ln_p)
    u, v = (0.5, 0.5, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5)
    line = along_line(table, particle).line
    moment = (1.0 - mu * mu) * math.exp(-line.ln_B)
    t, done, upwards = 0.0, 0, mu > 0.0
    while done < mirrorings:
        particle, dt = _moved(table, 0.0, particle, 1e6, u, v)
        t += dt
        way = along_line(table, particle)
        found[1] = max(found[1], abs(particle.z))
        if (way.mu > 0.0) != upwards:
            upwards = not upwards
            done += 1
            now = (1.0 - way.mu * way.mu) * math.exp(-way.line.ln_B)
            found[2] = max(found[2], abs(now / moment - 1.0))
    found[0] = 2.0 * t / mirrorings
