"""One particle of a run, followed again with its track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fields.exceptions import UserError, on_a_line
from ..fields.medium import Medium
from .blocks import TRACK_COLUMNS, Block, Job, Transport, controls_of
from .tally import Fate, TallyGrid

_FIRST_LINES = 100_000
_MOST_LINES = 5_000_000


@dataclass(frozen=True)
class Track:
    """Every move of a particle, and of all that it is split into.

    Attributes
    ----------
    lines : ndarray, shape (moves, columns)
        Where each move ended; the columns are `blocks.TRACK_COLUMNS`. The particle itself is history 0 and
        comes last; the others are its first-passage splits, until their first encounter with the wall. With
        weight windows it comes first, and then those that it has been divided into. Behind the wall are split
        particles, which weigh less.
    moves : int
        How many there were, if more than there is room for.
    fate : Fate
        How it ended.
    age_Myr : float
        When.
    """

    lines: np.ndarray
    moves: int
    fate: Fate
    age_Myr: float


def replay(medium: Medium, grid: TallyGrid, transport: Transport, particle: int) -> Track:
    """Follow a particle of a run again, bit for bit.

    Raises
    ------
    UserError
        If there is no such particle in it.
    """
    if not 0 <= particle < transport.particles:
        raise UserError(f"particle {particle}: allowed: 0 to {transport.particles - 1}")
    job = Job.of(medium, grid, transport)
    block, index = divmod(particle, job.block_size)
    lines = _FIRST_LINES
    while True:
        controls = controls_of(medium, grid, transport, index, lines)
        into = Block(grid.empty(), np.zeros(index + 1, np.int64), np.zeros(index + 1))
        job.follow_particles(block, block * job.block_size, index + 1, controls, into, np.zeros(1, np.int64))
        moves = int(controls.track_length[0])
        if moves <= lines or lines >= _MOST_LINES:
            break
        lines = min(moves, _MOST_LINES)
    fate, age = Fate(int(into.fates[index])), float(into.ages_Myr[index])
    return Track(controls.track[:moves], moves, fate, age)


def numbers_of(particles: int | Sequence[int], count: int) -> list[int]:
    """Numbers of particles, of so many that there are: the first ones, or those that are given.

    Raises
    ------
    UserError
        If there is no such particle.
    """
    if isinstance(particles, int | np.integer) and not isinstance(particles, bool):
        if not 1 <= particles <= count:
            raise UserError(f"particles = {particles}: allowed: 1 to {count}, or a list of their numbers")
        return list(range(int(particles)))
    if not isinstance(particles, Sequence | np.ndarray) or isinstance(particles, str) or not len(particles):
        raise UserError(f"particles = {on_a_line(particles)}: allowed: how many, or a list of their numbers")
    for number in particles:
        if number not in range(count):
            raise UserError(f"particle {on_a_line(number)}: allowed: 0 to {count - 1}")
    return [int(number) for number in particles]


def as_table(lines: np.ndarray, about: dict[str, Any]) -> Any:
    """Lines of (number of the particle, *`TRACK_COLUMNS`) as an astropy table with units."""
    from astropy.table import QTable
    from astropy.units import Quantity

    table = QTable(meta=about)
    for name, values in zip(("particle", *TRACK_COLUMNS), lines.T, strict=True):
        bare, _, unit = name.rpartition("_")
        if unit in ("Myr", "kpc", "GeV"):
            table[bare] = Quantity(values, unit)
        else:
            table[name] = values if name == "weight" else values.astype(int)
    return table
