"""Histories that are followed side by side: a row for each quantity, a column for each history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....fields._jit import kernel
from ..history import History
from ..particle import Particle
from ..splitting import Splitting

# Histories that a block follows at a time: what one instruction of the widest vector units takes.
LANES = 8
# That may wait for one of them.
ROOM = 64


class Ahead(NamedTuple):
    """What a move comes to.

    Attributes
    ----------
    alone : float
        1 where the move is not made here, 0 where it is.
    dt : float
        Its time [Myr], of one particle.
    age, residence : float
        The clock where it is counted, and the time of all particles that it stands for [Myr].
    cell_R, cell_z : float
        Cell of the residence tally in which it is counted, -1 beyond the last one.
    disc, halo : float
        Grammage in either gas [g cm-2].
    in_disc : float
        Time in the disc [Myr].
    lost : float
        Energy lost in collisions [GeV].
    """

    alone: float
    dt: float
    age: float
    residence: float
    cell_R: float
    cell_z: float
    disc: float
    halo: float
    in_disc: float
    lost: float


class Lanes(NamedTuple):
    """Histories side by side; all numbers are floats, so that vector units need not convert them.

    Attributes
    ----------
    particles : ndarray, shape (fields of `Particle`, lanes)
        The particles.
    histories : ndarray, shape (fields of `History`, lanes)
        Their histories.
    splittings : ndarray, shape (fields of `Splitting`, lanes)
        What decides their captures.
    owed : ndarray, shape (lanes,)
        Time of flights along lines that have just ended on the surface, without their steps across [Myr].
    draws : ndarray, shape (sets, 4, lanes)
        Uniforms for the next move: one set, or the two that moves along lines take.
    ahead : ndarray, shape (fields of `Ahead`, lanes)
        What the next move comes to, where it is made side by side.
    particle : ndarray of int, shape (lanes,)
        Index of the particle in its block, -1 where no history is left.
    moves : ndarray of int, shape (lanes,)
        How many moves there were.
    """

    particles: np.ndarray
    histories: np.ndarray
    splittings: np.ndarray
    owed: np.ndarray
    draws: np.ndarray
    ahead: np.ndarray
    particle: np.ndarray
    moves: np.ndarray


def vacant_lanes(draws: int, lanes: int = LANES) -> Lanes:
    """Room for some histories, with so many sets of uniforms for a move."""
    return Lanes(
        particles=np.ones((len(Particle._fields), lanes)),
        histories=np.ones((len(History._fields), lanes)),
        splittings=np.ones((len(Splitting._fields), lanes)),
        owed=np.zeros(lanes),
        draws=np.zeros((draws, 4, lanes)),
        ahead=np.zeros((len(Ahead._fields), lanes)),
        particle=np.zeros(lanes, np.int64),
        moves=np.zeros(lanes, np.int64),
    )


class Waiting(NamedTuple):
    """Histories that wait for the end of that of their lane: those that weight windows divide one into.

    Attributes
    ----------
    held : Lanes
        The histories; lane k has `ROOM` places, from k `ROOM` on.
    number : ndarray of int, shape (lanes,)
        How many wait for each lane.
    made : ndarray of int, shape (lanes,)
        How many the particle of each lane has been divided into so far, besides itself.
    """

    held: Lanes
    number: np.ndarray
    made: np.ndarray


def nobody_waiting() -> Waiting:
    """Room for those that wait for any of `LANES` histories."""
    return Waiting(vacant_lanes(1, LANES * ROOM), np.zeros(LANES, np.int64), np.zeros(LANES, np.int64))


@kernel
def particle_in(lanes, lane):
    """The particle of a lane."""
    p = lanes.particles
    return Particle(
        p[0, lane], p[1, lane], p[2, lane], p[3, lane], p[4, lane], p[5, lane],
        p[6, lane], p[7, lane], p[8, lane], p[9, lane], p[10, lane], p[11, lane],
    )  # fmt: skip


@kernel
def put_particle(lanes, lane, particle):
    """Let a lane hold a particle."""
    p = lanes.particles
    p[0, lane], p[1, lane], p[2, lane] = particle.x, particle.y, particle.z
    p[3, lane], p[4, lane], p[5, lane] = particle.dir_x, particle.dir_y, particle.dir_z
    p[6, lane], p[7, lane], p[8, lane] = particle.ln_p, particle.speed, particle.diffusion
    p[9, lane], p[10, lane], p[11, lane] = particle.slope_R, particle.slope_z, particle.distance


@kernel
def history_in(lanes, lane):
    """The history of a lane."""
    h = lanes.histories
    return History(
        group=int(h[0, lane]),
        particle_id=int(h[1, lane]),
        split=int(h[2, lane]),
        branch=int(h[3, lane]),
        draw=int(h[4, lane]),
        sample_at=h[5, lane],
        clock=h[6, lane],
        weight=h[7, lane],
        multiplicity=h[8, lane],
        before_surface=h[9, lane] != 0.0,
        grammage=h[10, lane],
        ln_p_binned=h[11, lane],
        energy_step=int(h[12, lane]),
    )


@kernel
def put_history(lanes, lane, history):
    """Let a lane hold a history."""
    h = lanes.histories
    h[0, lane], h[1, lane], h[2, lane] = history.group, history.particle_id, history.split
    h[3, lane], h[4, lane], h[5, lane] = history.branch, history.draw, history.sample_at
    h[6, lane], h[7, lane], h[8, lane] = history.clock, history.weight, history.multiplicity
    h[9, lane], h[10, lane] = (1.0 if history.before_surface else 0.0), history.grammage
    h[11, lane], h[12, lane] = history.ln_p_binned, history.energy_step


@kernel
def splitting_in(lanes, lane):
    """What decides the captures of a lane."""
    s = lanes.splittings
    return Splitting(s[0, lane], s[1, lane], int(s[2, lane]))


@kernel
def put_splitting(lanes, lane, splitting):
    """Let a lane hold what decides its captures."""
    s = lanes.splittings
    s[0, lane], s[1, lane], s[2, lane] = splitting.optical_depth_left, splitting.until_next, splitting.sent


@kernel
def draws_in(lanes, row, lane):
    """Four uniforms for the next move of a lane."""
    d = lanes.draws
    return d[row, 0, lane], d[row, 1, lane], d[row, 2, lane], d[row, 3, lane]
