"""Tracks through realisations of a homogeneous field, recorded at given path lengths to measure diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.turbulence.single_precision import remembers
from ...fields.units import FloatArray
from ...fields.vectors import is_ours
from .push_tracks import SIDE_BY_SIDE, _starts, _track_cached, _track_once


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
        width = 1 if remembers(realisations[block]) else SIDE_BY_SIDE
        track(realisations[block], rigidity_kpc_uG, step_kpc, steps, places, directions, width, out, stop)
        return out

    stop = np.zeros(1, np.int64)
    with ThreadPoolExecutor(threads) as pool:
        try:
            return np.array(list(pool.map(one, range(len(realisations)))))
        except BaseException:
            stop[0] = 1
            raise
