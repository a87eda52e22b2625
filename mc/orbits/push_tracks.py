"""Tracks through one realisation of a field, recorded after given numbers of steps."""

from __future__ import annotations

from ...fields._jit import entry
from ..kernels.orbit import push
from ..kernels.rng import heading_draw, isotropic, start_draw


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
def _starts(seed, field, box, places, directions):
    """Places uniform in a cube and isotropic directions, of the tracks through one realisation of a field."""
    for i in range(places.shape[0]):
        u, v, w = start_draw(seed, i, field)
        places[i, 0], places[i, 1], places[i, 2] = box * (u - 0.5), box * (v - 0.5), box * (w - 0.5)
        u, v = heading_draw(seed, i, field)
        directions[i, 0], directions[i, 1], directions[i, 2] = isotropic(u, v)
