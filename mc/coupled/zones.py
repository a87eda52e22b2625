"""Gas in Lagrangian zones, one step at a time: the kernels of `expanding_bubble`.

A step of the gas is a predictor and a corrector, with the viscosity of von Neumann & Richtmyer (1950), as
Caramana et al. (1998, J. Comp. Phys. 146, 227) write it: the work on a zone is that of the forces which move
its faces, so that energy is conserved to rounding.
"""

from __future__ import annotations

import math

from ...fields._jit import entry, kernel
from .zone_protons import collide, expand, spread
from .zone_state import RADIATED, STEP, TIME, TINY, WALL, WEIGHT, ZONES, area_of, find_volumes, volume_within

# Why a kernel returns.
ARRIVED, LEFT, TOO_FAST, STUCK = range(4)

# The step: in sound crossings of a zone, in changes of its volume, in the age; how it grows.
_COURANT, _MOST_EXPANSION, _MOST_OF_AGE, _GROWTH = 0.4, 0.05, 0.005, 1.1
# Share of the width of a group that protons may lose in collisions.
_MOST_LOST = 0.5
# Of the viscosity, in the speed at which a zone closes, and in that times the speed of sound.
_QUADRATIC, _LINEAR = 0.7, 0.2
_MOST_STEPS = 20_000_000
# The gas has left where the last faces move at this share of the fastest, which is more than rounding.
_STIRRED, _NEXT_TO_REST = 0.1, 1e-6
_GAMMA_CR = 4.0 / 3.0


@kernel
def _face_mass(state, i, n):
    """Of half of each of the zones that meet in a face."""
    below = state.mass[i - 1] if i > 0 else 0.0
    above = state.mass[i] if i < n else 0.0
    return 0.5 * (below + above)


@kernel
def _sound_squared(physics, gas, cosmic, density):
    gamma = 1.0 if physics.isothermal > 0.0 else physics.gamma_gas
    return (gamma * gas + _GAMMA_CR * cosmic) / density


@kernel
def _find_pressures(state, physics, scratch, n):
    """Volumes, and pressures of gas, cosmic rays and viscosity, of all zones; row 0 is the cavity."""
    find_volumes(state, physics, scratch, n)
    scratch.gas[0] = scratch.viscous[0] = 0.0
    for i in range(1, n + 1):
        if physics.isothermal > 0.0:
            scratch.gas[i] = state.mass[i - 1] / scratch.volume[i] * physics.isothermal
        else:
            scratch.gas[i] = (physics.gamma_gas - 1.0) * state.heat[i - 1] / scratch.volume[i]
    for i in range(n + 1):
        total = 0.0
        for g in range(len(physics.energy)):
            total += state.protons[i, g] * physics.pressure[g]
        scratch.cosmic[i] = total / scratch.volume[i] if scratch.volume[i] > 0.0 else 0.0
    for i in range(1, n + 1):
        closing = max(state.u[i - 1] - state.u[i], 0.0)
        density = state.mass[i - 1] / scratch.volume[i]
        sound = math.sqrt(_sound_squared(physics, scratch.gas[i], scratch.cosmic[i], density))
        scratch.viscous[i] = density * closing * (_QUADRATIC * closing + _LINEAR * sound)


@kernel
def _next_step(state, physics, scratch, n):
    """The longest step that is stable and changes no volume by much."""
    dt = min(state.clock[STEP] * _GROWTH, max(_MOST_OF_AGE * state.clock[TIME], state.clock[STEP]))
    fastest_loss = 0.0
    for g in range(len(physics.loss)):
        fastest_loss = max(fastest_loss, physics.loss[g])
    for i in range(1, n + 1):
        thickness = state.r[i] - state.r[i - 1]
        density = state.mass[i - 1] / scratch.volume[i]
        sound = math.sqrt(_sound_squared(physics, scratch.gas[i], scratch.cosmic[i], density))
        dt = min(dt, _MOST_LOST * physics.width / (fastest_loss * density + TINY))
        closing = max(state.u[i - 1] - state.u[i], 0.0)
        dt = min(dt, _COURANT * thickness / (sound + 2.0 * _QUADRATIC * closing + TINY))
        opening = abs(
            state.u[i] * area_of(physics, state.r[i]) - state.u[i - 1] * area_of(physics, state.r[i - 1])
        )
        dt = min(dt, _MOST_EXPANSION * scratch.volume[i] / (opening + TINY))
    # The cavity is a spring with the innermost face on it.
    area, mass = area_of(physics, state.r[0]), _face_mass(state, 0, n)
    spring = _GAMMA_CR * scratch.cosmic[0] * area * area
    if spring > 0.0:
        dt = min(dt, _COURANT * math.sqrt(mass * scratch.volume[0] / spring))
        dt = min(dt, _MOST_EXPANSION * scratch.volume[0] / (abs(state.u[0]) * area + TINY))
    return dt


@kernel
def _predict(state, physics, scratch, n, dt):
    """Faces half a step on, and the pressures there."""
    for i in range(n + 1):
        force = _force(state, physics, scratch, i, n, state.r[i])
        u = state.u[i] + 0.5 * dt * force / _face_mass(state, i, n)
        if i == n or (i == 0 and state.r[0] <= physics.wall_kpc and u < 0.0):
            u = 0.0
        scratch.old_u[i] = state.u[i]
        scratch.half_r[i] = state.r[i] + 0.25 * dt * (state.u[i] + u)
    scratch.half_r[0] = max(scratch.half_r[0], physics.wall_kpc)
    gamma = 1.0 if physics.isothermal > 0.0 else physics.gamma_gas
    for i in range(n + 1):
        volume = volume_within(physics, scratch.half_r[i])
        if i > 0:
            volume -= volume_within(physics, scratch.half_r[i - 1])
        if scratch.volume[i] > 0.0:
            grown = volume / scratch.volume[i] - 1.0
            scratch.gas[i] *= 1.0 - gamma * grown
            scratch.cosmic[i] *= 1.0 - _GAMMA_CR * grown


@kernel
def _force(state, physics, scratch, i, n, r):
    """On a face: the pressures on either side of it, and its weight."""
    below = scratch.gas[i] + scratch.cosmic[i] + scratch.viscous[i]
    above = 0.0
    if i < n:
        above = scratch.gas[i + 1] + scratch.cosmic[i + 1] + scratch.viscous[i + 1]
    weight = _face_mass(state, i, n) * physics.v_c * physics.v_c / r if physics.v_c > 0.0 else 0.0
    return area_of(physics, r) * (below - above) - weight


@kernel
def _correct(state, physics, scratch, n, dt):
    """Faces and speeds a whole step on; what gravity and the wall have done is counted."""
    for i in range(n + 1):
        mass = _face_mass(state, i, n)
        u = state.u[i] + dt * _force(state, physics, scratch, i, n, scratch.half_r[i]) / mass
        if i == n:
            u = 0.0
        r = state.r[i] + 0.5 * dt * (state.u[i] + u)
        if i == 0 and r < physics.wall_kpc:
            state.energies[WALL] += 0.5 * mass * state.u[0] * state.u[0]
            scratch.old_u[0] = 0.0
            u, r = 0.0, physics.wall_kpc
        if physics.v_c > 0.0:
            moved = 0.5 * dt * (scratch.old_u[i] + u)
            state.energies[WEIGHT] -= mass * physics.v_c * physics.v_c / scratch.half_r[i] * moved
        state.r[i], state.u[i] = r, u


@kernel
def _swept(state, physics, scratch, i, dt):
    """Volume that a face has swept, as its forces see it."""
    return area_of(physics, scratch.half_r[i]) * 0.5 * dt * (scratch.old_u[i] + state.u[i])


@kernel
def _work(state, physics, scratch, n, dt):
    """The work of all pressures, taken from heat and from cosmic rays."""
    below = 0.0
    for i in range(n + 1):
        above = _swept(state, physics, scratch, i, dt)
        grown = above - below
        below = above
        if i > 0:
            spent = (scratch.gas[i] + scratch.viscous[i]) * grown
            if physics.isothermal > 0.0:
                state.energies[RADIATED] -= spent
            else:
                state.heat[i - 1] -= spent
        if scratch.cosmic[i] > 0.0:
            spent = scratch.cosmic[i] * grown
            expand(state, physics, scratch, i, grown / scratch.volume[i] / 3.0, spent)


@kernel
def _merge(state, physics, n):
    """One zone less where two neighbours are thin; the number of zones.

    Mass, momentum and energy are kept: what the face between them had in motion, and falls, is heat.
    """
    i = 0
    while i + 1 < n:
        if n > 8 and state.r[i + 2] - state.r[i] < physics.thinnest * state.r[i + 2]:
            _drop_face(state, physics, i + 1, n)
            n -= 1
        i += 1
    return n


@kernel
def _energy_of_face(state, physics, i, n):
    energy = 0.5 * state.u[i] * state.u[i]
    if physics.v_c > 0.0:
        energy += physics.v_c * physics.v_c * math.log(state.r[i])
    return _face_mass(state, i, n) * energy


@kernel
def _drop_face(state, physics, j, n):
    """Join the zones on either side of a face: its mass goes to the faces beyond them."""
    before = after = 0.0
    for i in range(j - 1, j + 2):
        before += _energy_of_face(state, physics, i, n)
    low, high = _face_mass(state, j - 1, n), _face_mass(state, j + 1, n)
    to_low, to_high = 0.5 * state.mass[j], 0.5 * state.mass[j - 1]
    state.u[j - 1] = (low * state.u[j - 1] + to_low * state.u[j]) / (low + to_low)
    if j + 1 < n:
        state.u[j + 1] = (high * state.u[j + 1] + to_high * state.u[j]) / (high + to_high)
    state.mass[j - 1] += state.mass[j]
    heat = state.heat[j - 1] + state.heat[j]
    groups = state.protons.shape[1]
    for g in range(groups):
        state.protons[j, g] += state.protons[j + 1, g]
    for i in range(j, n):
        state.r[i], state.u[i] = state.r[i + 1], state.u[i + 1]
        if i + 1 < n:
            state.mass[i], state.heat[i] = state.mass[i + 1], state.heat[i + 1]
            for g in range(groups):
                state.protons[i + 1, g] = state.protons[i + 2, g]
    for i in range(j - 1, j + 1):
        after += _energy_of_face(state, physics, i, n - 1)
    state.heat[j - 1] = heat
    if physics.isothermal > 0.0:
        state.energies[RADIATED] += before - after
    else:
        state.heat[j - 1] += before - after


@entry()
def advance(state, physics, scratch, until):
    """Follow gas and cosmic rays to a time; why it ended."""
    n = int(state.clock[ZONES])
    for _ in range(_MOST_STEPS):
        if state.clock[TIME] >= until:
            return ARRIVED
        _find_pressures(state, physics, scratch, n)
        dt = _next_step(state, physics, scratch, n)
        if not dt > 1e-12 * until:
            return STUCK
        state.clock[STEP] = dt
        dt = min(dt, until - state.clock[TIME])
        _predict(state, physics, scratch, n, dt)
        _correct(state, physics, scratch, n, dt)
        _work(state, physics, scratch, n, dt)
        state.clock[TIME] = until if dt == until - state.clock[TIME] else state.clock[TIME] + dt
        find_volumes(state, physics, scratch, n)
        collide(state, physics, scratch, n, dt)
        spread(state, physics, scratch, n, dt)
        if physics.thinnest > 0.0:
            n = _merge(state, physics, n)
            state.clock[ZONES] = n
        fastest = 0.0
        for i in range(n + 1):
            fastest = max(fastest, state.u[i])
        if fastest > physics.highest_speed:
            return TOO_FAST
        if state.u[n - 3] > max(_STIRRED * fastest, _NEXT_TO_REST * physics.highest_speed):
            return LEFT
    return STUCK
