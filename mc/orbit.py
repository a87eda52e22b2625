"""Orbits of protons in a magnetic field: the Boris push, and tracks through realisations of turbulence.

A step goes half its length straight on, turns about the field there and goes on; energy is kept because only
the direction turns. The turn is exact for a uniform field, so the period is; the recorded places lie on a
circle that is smaller than r_L by (step/r_L)^2/12. Steps are of one length (`orbit_step_kpc`): a tenth of r_L
in the rms field, which is 0.3 r_L where it is three times as strong, and a fifth of l_c, since waves that a
step skips would turn the particle as if they were as long as the step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..fields._jit import entry, small_kernel
from ..fields.units import FloatArray
from ..fields.vectors import is_ours, magnetic_field
from .rng import PURPOSE_SOURCE, isotropic, uniform4

STEP_OVER_LARMOR = 0.1
STEP_OVER_CORRELATION = 0.2


@small_kernel
def turn(e_x, e_y, e_z, B_x, B_y, B_z, step, rigidity):
    """A direction after it has turned about a field over a path `step`; `rigidity` is r_L times |B|."""
    half = 0.5 * step / rigidity
    angle2 = half * half * (B_x * B_x + B_y * B_y + B_z * B_z)
    # tan(angle)/angle, to 1e-11 at 0.15.
    tangent = 1.0 + angle2 * (1 / 3 + angle2 * (2 / 15 + angle2 * (17 / 315 + angle2 * (62 / 2835))))
    f = half * tangent
    t_x, t_y, t_z = f * B_x, f * B_y, f * B_z
    m_x = e_x + e_y * t_z - e_z * t_y
    m_y = e_y + e_z * t_x - e_x * t_z
    m_z = e_z + e_x * t_y - e_y * t_x
    twice = 2.0 / (1.0 + t_x * t_x + t_y * t_y + t_z * t_z)
    n_x = e_x + twice * (m_y * t_z - m_z * t_y)
    n_y = e_y + twice * (m_z * t_x - m_x * t_z)
    n_z = e_z + twice * (m_x * t_y - m_y * t_x)
    # Back to length one: rounding alone would add up to 2e-11 in a million turns.
    norm = 1.5 - 0.5 * (n_x * n_x + n_y * n_y + n_z * n_z)
    return norm * n_x, norm * n_y, norm * n_z


def _track(field, rigidity, step, steps, places, directions, out):
    """Follow particles; `out[i, j]` is the place and direction of particle i after steps[j] steps in all.

    Parameters
    ----------
    field : record
        See `fields.vectors`.
    rigidity : float
        Larmor radius times field [kpc uG].
    step : float
        Path length of a step [kpc].
    steps : ndarray of int
        Ascending.
    places, directions : ndarray, shape (particles, 3)
        At the start.
    out : ndarray, shape (particles, len(steps), 6)
    """
    for i in range(places.shape[0]):
        x, y, z = places[i, 0], places[i, 1], places[i, 2]
        e_x, e_y, e_z = directions[i, 0], directions[i, 1], directions[i, 2]
        done = 0
        for j in range(steps.size):
            while done < steps[j]:
                x, y, z = x + 0.5 * step * e_x, y + 0.5 * step * e_y, z + 0.5 * step * e_z
                B_x, B_y, B_z = magnetic_field(field, x, y, z)
                e_x, e_y, e_z = turn(e_x, e_y, e_z, B_x, B_y, B_z, step, rigidity)
                x, y, z = x + 0.5 * step * e_x, y + 0.5 * step * e_y, z + 0.5 * step * e_z
                done += 1
            out[i, j, 0], out[i, j, 1], out[i, j, 2] = x, y, z
            out[i, j, 3], out[i, j, 4], out[i, j, 5] = e_x, e_y, e_z


_track_cached, _track_once = entry()(_track), entry(cached=False)(_track)


@entry()
def _starts(seed, block, box, places, directions):
    """Places uniform in a cube and isotropic directions."""
    for i in range(places.shape[0]):
        u0, u1, u2, _ = uniform4(seed, PURPOSE_SOURCE, i, block, 0, 0)
        u3, u4, _, _ = uniform4(seed, PURPOSE_SOURCE, i, block, 0, 1)
        places[i, 0], places[i, 1], places[i, 2] = box * (u0 - 0.5), box * (u1 - 0.5), box * (u2 - 0.5)
        directions[i, 0], directions[i, 1], directions[i, 2] = isotropic(u3, u4)


def orbit_step_kpc(larmor_radius_kpc: float, correlation_length_kpc: float = math.inf) -> float:
    """Length of a step for a Larmor radius in the rms field and a one-sided correlation length."""
    return min(STEP_OVER_LARMOR * larmor_radius_kpc, STEP_OVER_CORRELATION * correlation_length_kpc)


def tracks(
    realisations: Sequence[Any],
    rigidity_kpc_uG: float,
    step_kpc: float,
    path_kpc: FloatArray,
    particles: int,
    box_kpc: float,
    seed: int,
    threads: int = 1,
    starts: tuple[FloatArray, FloatArray] | None = None,
) -> FloatArray:
    """Orbits in several realisations of a homogeneous field.

    Parameters
    ----------
    realisations : sequence of records
        Fields; see `fields.vectors`.
    rigidity_kpc_uG : float
        Larmor radius times field.
    step_kpc : float
        Length of a step; see `orbit_step_kpc`.
    path_kpc : ndarray
        Path lengths v t at which particles are recorded, ascending; taken to whole steps.
    particles : int
        In each realisation, from places uniform in a cube of side `box_kpc`, in all directions.
    seed : int
        Of places and directions.
    threads : int
        The result does not depend on it.
    starts : (ndarray, ndarray), optional
        Places [kpc] and directions, (particles, 3) each, in place of random ones.

    Returns
    -------
    ndarray, shape (realisations, particles, 1 + paths, 6)
        Place [kpc] and direction, the first at the start.
    """
    track = _track_cached if all(is_ours(field) for field in realisations) else _track_once
    steps = np.concatenate([[0], np.round(np.asarray(path_kpc) / step_kpc)]).astype(np.int64)

    def one(block: int) -> FloatArray:
        places, directions = np.empty((2, particles, 3))
        if starts is None:
            _starts(seed, block, box_kpc, places, directions)
        else:
            places[:], directions[:] = starts
        out = np.empty((particles, steps.size, 6))
        track(realisations[block], rigidity_kpc_uG, step_kpc, steps, places, directions, out)
        return out

    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(one, range(len(realisations)))))
