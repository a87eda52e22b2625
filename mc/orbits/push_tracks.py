"""Tracks through one realisation of a field, recorded after given numbers of steps."""

from __future__ import annotations

from ...fields._jit import entry, kernel
from ...fields.vectors import fetch_ahead
from ..kernels.orbit import push
from ..kernels.rng import heading_draw, isotropic, start_draw

# Tracks that are followed in turn, a step each: what one waits for, numbers from memory, the others use.
SIDE_BY_SIDE = 16


@kernel
def _one_step(field, rigidity, step, track):
    """Move place and direction, (6,), by a step, and ask for the field in the middle of the next."""
    x, y, z, e_x, e_y, e_z = track[0], track[1], track[2], track[3], track[4], track[5]
    x, y, z, e_x, e_y, e_z, _ = push(field, x, y, z, e_x, e_y, e_z, step, rigidity)
    half = 0.5 * step
    fetch_ahead(field, x + half * e_x, y + half * e_y, z + half * e_z)
    track[0], track[1], track[2], track[3], track[4], track[5] = x, y, z, e_x, e_y, e_z


def _track(field, rigidity, step, steps, places, directions, width, out, stop):
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
        Ascending, the first of them 0.
    places, directions : ndarray, shape (particles, 3)
        At the start.
    width : int
        So many are followed at a time.
    out : ndarray, shape (particles, len(steps), 6)
    stop : ndarray of int
        Nothing more is done once its entry is set.
    """
    for first in range(0, places.shape[0], width):
        beyond = min(first + width, places.shape[0])
        done = 0
        for j in range(steps.size):
            if stop[0]:
                return
            for i in range(first, beyond):
                for c in range(3):
                    if j == 0:
                        out[i, 0, c], out[i, 0, 3 + c] = places[i, c], directions[i, c]
                    else:
                        out[i, j, c], out[i, j, 3 + c] = out[i, j - 1, c], out[i, j - 1, 3 + c]
            while done < steps[j]:
                for i in range(first, beyond):
                    _one_step(field, rigidity, step, out[i, j])
                done += 1


_track_cached, _track_once = entry()(_track), entry(cached=False)(_track)


@entry()
def _starts(seed, field, box, places, directions):
    """Places uniform in a cube and isotropic directions, of the tracks through one realisation of a field."""
    for i in range(places.shape[0]):
        u, v, w = start_draw(seed, i, field)
        places[i, 0], places[i, 1], places[i, 2] = box * (u - 0.5), box * (v - 0.5), box * (w - 0.5)
        u, v = heading_draw(seed, i, field)
        directions[i, 0], directions[i, 1], directions[i, 2] = isotropic(u, v)
