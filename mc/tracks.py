"""Tracks through realisations of a homogeneous field, recorded at given path lengths to measure diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..fields._jit import entry
from ..fields.units import FloatArray
from ..fields.vectors import is_ours
from .orbit import push
from .rng import PURPOSE_SOURCE, isotropic, uniform4


def _track(field, rigidity, step, steps, places, directions, out, stop):
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
    stop : ndarray of int
        Nothing more is done once its entry is set.
    """
    for i in range(places.shape[0]):
        x, y, z = places[i, 0], places[i, 1], places[i, 2]
        e_x, e_y, e_z = directions[i, 0], directions[i, 1], directions[i, 2]
        done = 0
        for j in range(steps.size):
            if stop[0]:
                return
            while done < steps[j]:
                x, y, z, e_x, e_y, e_z, _ = push(field, x, y, z, e_x, e_y, e_z, step, rigidity)
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


def tracks(
    realisations: Sequence[Any],
    rigidity_kpc_uG: float,
    step_kpc: float,
    path_kpc: ArrayLike,
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
    path_kpc : array_like
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
        track(realisations[block], rigidity_kpc_uG, step_kpc, steps, places, directions, out, stop)
        return out

    stop = np.zeros(1, np.int64)
    with ThreadPoolExecutor(threads) as pool:
        try:
            return np.array(list(pool.map(one, range(len(realisations)))))
        except BaseException:
            stop[0] = 1
            raise
