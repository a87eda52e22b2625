"""Source bias and weight windows: more histories where they matter to an observable, each of less weight.

Sources release particles more often where they are important, with a weight that makes up for it. In the halo
a history that weighs more than suits its place is divided into several, and one that weighs too little goes
on with the chance that its weight is of what suits the place, and has that from then on. Neither changes any
mean, whatever the windows are; they decide how much a mean scatters (Wagner & Haghighat 1998, Nucl. Sci. Eng.
128, 186).

Those that a history is divided into wait for its end, in the lane that it has, and go on from where it was.
One of them at least is followed to its end, so that every particle has a fate.
"""

from __future__ import annotations

import math

from ....fields._jit import kernel
from ..energy import INJECTED, count_whole
from ..history import weighing
from ..particle import R_of
from ..rng import history_draw, window_draw
from ..score import cell_of
from ..splitting import Splitting
from .state import (
    ROOM,
    history_in,
    particle_in,
    put_history,
    put_particle,
    put_splitting,
    splitting_in,
)

# A history is divided, or its end drawn, where its weight is so many times off what suits its place.
WINDOW = 2.0


@kernel
def source_of(source_edges, group, area):
    """(share of the sources within the radius of that of a particle, its weight), by a uniform `area`."""
    if source_edges is None:
        return area, 1.0
    edges = source_edges[group]
    k = 0
    while k + 2 < edges.size and area >= edges[k + 1]:
        k += 1
    width = edges[k + 1] - edges[k]
    parts = edges.size - 1
    return (k + (area - edges[k]) / width) / parts, 1.0 / (parts * width)


@kernel
def in_window(world, weights, lane):
    """Whether the history of a lane goes on, after it has been given a weight that suits its place.

    `weights` are those of the world.
    """
    if weights is None:
        return True
    lanes, cells = world.lanes, world.controls.halo_cells
    particle, history = particle_in(lanes, lane), history_in(lanes, lane)
    i = cell_of(cells.cell_of_R, R_of(particle) * cells.inverse_step_R)
    j = cell_of(cells.cell_of_z, abs(particle.z) * cells.inverse_step_z)
    wanted = weights[history.group, i, j] if i >= 0 and j >= 0 else 0.0
    if wanted == 0.0:
        return True
    if history.weight > WINDOW * wanted:
        _divide(world, lane, particle, history, wanted)
    elif history.weight * WINDOW < wanted and world.waiting.number[lane] > 0:
        return _goes_on(world, lane, particle, history, wanted)
    return True


@kernel
def _goes_on(world, lane, particle, history, wanted):
    """Whether a history that weighs too little goes on, with the weight that is wanted.

    What it has more then, or takes with it, counts as injected: so the energy of each particle adds up.
    """
    chance, _ = window_draw(world.controls.seed, history.particle_id, history.split, history.draw)
    ends = chance * wanted >= history.weight
    weight = 0.0 if ends else wanted
    count_whole(world.tally, history.group, INJECTED, weight - history.weight, particle.ln_p)
    if not ends:
        same = history.split, history.draw, history.sample_at
        put_history(world.lanes, lane, weighing(history, *same, wanted))
    return not ends


@kernel
def _divide(world, lane, particle, history, wanted):
    """Divide the history of a lane into several of about the weight wanted, as far as there is room.

    What an exponential variate has left is one itself: each has an optical depth of its own. How far it is to
    the next split particle is no such number, and stays.
    """
    waiting, seed = world.waiting, world.controls.seed
    until_next = splitting_in(world.lanes, lane).until_next
    number = min(int(history.weight / wanted), 1 + ROOM - waiting.number[lane])
    weight = history.weight / number
    for _ in range(number - 1):
        split = world.controls.first_passage_splits + waiting.made[lane]
        sample_at, _, _ = history_draw(seed, history.particle_id, split)
        _, u = window_draw(seed, history.particle_id, split, 0)
        other, place = weighing(history, split, 0, sample_at, weight), lane * ROOM + waiting.number[lane]
        put_particle(waiting.held, place, particle)
        put_history(waiting.held, place, other)
        put_splitting(waiting.held, place, Splitting(-math.log(u), until_next, 0))
        waiting.number[lane] += 1
        waiting.made[lane] += 1
    same = history.split, history.draw, history.sample_at
    put_history(world.lanes, lane, weighing(history, *same, weight))


@kernel
def next_waiting(world, waiting, lane):
    """Let the one go on that has waited for the history of a lane to end; whether there was any."""
    if waiting is None:
        return False
    controls, lanes = world.controls, world.lanes
    if waiting.number[lane] == 0:
        waiting.made[lane] = 0
        return False
    waiting.number[lane] -= 1
    place = lane * ROOM + waiting.number[lane]
    history = history_in(waiting.held, place)
    if controls.track.shape[0] > 0:
        controls.track_length[1] = history.split
    put_particle(lanes, lane, particle_in(waiting.held, place))
    put_history(lanes, lane, history)
    put_splitting(lanes, lane, splitting_in(waiting.held, place))
    return True
