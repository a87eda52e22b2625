"""The engines on a GPU: each thread follows particles one after the other, as a processor follows a block.

A thread runs the engine of the processor over the block of its particle, told to follow this one alone. So
it is the same particle, with the same random numbers, whatever the shape of the launch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import hybrid, orbit
from ..kernels.history import History
from ..kernels.lanes.state import Ahead, Lanes
from ..kernels.particle import Particle
from ..kernels.rng import DRAWS_AHEAD
from ..kernels.splitting import Splitting
from ..kernels.world import Controls, World
from ..tally import Tally as _Tally
from .by_block import of_block
from .cuda import cuda, inner, launched
from .fixed_point import counters

# Its entries are not arrays here.
Tally: Any = _Tally
_OF_PARTICLE, _OF_HISTORY = len(Particle._fields), len(History._fields)
_OF_SPLITTING, _OF_MOVE = len(Splitting._fields), len(Ahead._fields)


@inner
def alone(c, index):
    """Controls that follow one particle of a block."""
    return Controls(
        c.seed, c.hybrid, c.reflect_at_wall, c.first_passage_splits, c.t_max, c.max_steps, c.R_d,
        c.energy_edges, c.schedule, c.ranks, c.halo_cells, c.bell_cells, c.inverse_shell_step, index,
        c.track, c.track_length,
    )  # fmt: skip


@inner
def shared(t):
    """A tally that all particles of a block add to."""
    return Tally(
        t.fates, counters(t.work), t.injected, t.escape, t.escape_time_histogram, t.leave_time_histogram,
        t.alive, t.grammage, t.grammage_first, t.grammage_histogram, t.region, t.region_age, t.filling,
        t.pp_loss, t.energy, t.near_flux, t.halo, t.bell,
    )  # fmt: skip


@inner
def world_of(world, block, index, lanes, buffer):
    """The world of one particle of a block."""
    tally = shared(of_block(world.tally, block))
    controls = alone(world.controls, index)
    return World(world.table, controls, world.wall, world.one_way, tally, lanes, buffer, None, None, None)


@inner
def one_lane():
    """Room for one history."""
    return Lanes(
        cuda.local.array((_OF_PARTICLE, 1), np.float64),
        cuda.local.array((_OF_HISTORY, 1), np.float64),
        cuda.local.array((_OF_SPLITTING, 1), np.float64),
        cuda.local.array(1, np.float64),
        cuda.local.array((2, 4, 1), np.float64),
        cuda.local.array((_OF_MOVE, 1), np.float64),
        cuda.local.array(1, np.int64),
        cuda.local.array(1, np.int64),
    )


@launched
def follow_orbits(world, fields, longest_step, ages, fates, first, particles, stop):
    """Orbits of particles from `first` on, some blocks of them, each through the field of its block.

    `world.tally` and `fields` are records side by side (`by_block`), `ages` [Myr] and `fates` have the shape
    (blocks, particles of a block).
    """
    size = ages.shape[1]
    for particle in range(cuda.grid(1), particles, cuda.gridsize(1)):
        block, index = particle // size, particle % size
        buffer = cuda.local.array((4, DRAWS_AHEAD), np.float64)
        mine, field = world_of(world, block, index, None, buffer), of_block(fields, block)
        begin = first + block * size
        orbit.run_block(mine, field, longest_step, ages[block], fates[block], begin, size, stop)


@launched
def follow_hybrid(world, to_come, ages, fates, first, particles, stop):
    """The same with the hybrid engine, along field lines where the medium has them; in one lane.

    `to_come` has the shape of `fates`, see `hybrid.run_block`.
    """
    size = ages.shape[1]
    for particle in range(cuda.grid(1), particles, cuda.gridsize(1)):
        block, index = particle // size, particle % size
        buffer = cuda.local.array((4, DRAWS_AHEAD), np.float64)
        order = cuda.local.array(1, np.int64)
        order[0] = index
        mine = world_of(world, block, index, one_lane(), buffer)
        begin = first + block * size
        hybrid.run_block(mine, order, to_come[block], ages[block], fates[block], begin, stop)
