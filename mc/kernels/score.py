"""What a move adds to the tallies: residence, grammage, first passage, the end of a history."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from ...fields.units import KPC_CM, M_P_G
from ..tally import (
    AGES_MYR,
    DISC_HALF_THICKNESS_KPC,
    GRAMMAGE_EDGES,
    NEAR_DEPTH_KPC,
    NEAR_R_KPC,
    SHELLS,
    TIME_EDGES_MYR,
    Region,
)
from .energy import (
    FLOW_BEHIND,
    FLOW_HALO,
    MOST_LOST,
    after_losses,
    count_fall,
    fastest_loss,
    parts_of_move,
)
from .history import (
    ABSORBED,
    ALIVE,
    ESCAPED,
    after_part,
    next_sample,
)
from .lookup import GAS_CGM, GAS_DISC, GAS_HALO, gas_density
from .particle import direction_of, part_way, turned

_DISC, _DISC_NO_RETURN, _NEAR = int(Region.DISC), int(Region.DISC_NO_RETURN), int(Region.NEAR)
_GRAMMAGE_PER_KPC = M_P_G * KPC_CM
_TIME_START, _TIME_STEP = math.log(TIME_EDGES_MYR[0]), math.log(TIME_EDGES_MYR[1] / TIME_EDGES_MYR[0])
_GRAM_START, _GRAM_STEP = math.log(GRAMMAGE_EDGES[0]), math.log(GRAMMAGE_EDGES[1] / GRAMMAGE_EDGES[0])
_TIME_BINS, _GRAM_BINS = len(TIME_EDGES_MYR) + 1, len(GRAMMAGE_EDGES) + 1
_AGES = tuple(float(age) for age in AGES_MYR)
# A move that rises by less than this is level: nothing is divided by its rise [kpc].
_LEVEL_KPC = 1e-9


@kernel
def _age_bin(age):
    """Interval of `AGES_MYR` that an age lies in."""
    k = 0
    while k < len(_AGES) and age >= _AGES[k]:
        k += 1
    return k


@kernel
def _log_bin(value, start, step, bins):
    """Bin of logarithmic edges, the first and last for what lies outside."""
    if value <= 0.0:
        return 0
    return min(max(int(math.floor((math.log(value) - start) / step)) + 1, 0), bins - 1)


@kernel
def _share_in_disc(old, new, R_d):
    """Share of a straight move that lies in the disc |z| < 0.1 kpc, R < R_d (R taken at its middle)."""
    if min(old.z, new.z) > DISC_HALF_THICKNESS_KPC or max(old.z, new.z) < -DISC_HALF_THICKNESS_KPC:
        return 0.0
    rise = new.z - old.z
    if abs(rise) < _LEVEL_KPC:
        low, high = (0.0, 1.0) if abs(old.z) < DISC_HALF_THICKNESS_KPC else (0.0, 0.0)
    else:
        a = (-DISC_HALF_THICKNESS_KPC - old.z) / rise
        b = (DISC_HALF_THICKNESS_KPC - old.z) / rise
        low, high = max(min(a, b), 0.0), min(max(a, b), 1.0)
    if high <= low:
        return 0.0
    middle = 0.5 * (low + high)
    x = old.x + middle * (new.x - old.x)
    y = old.y + middle * (new.y - old.y)
    return high - low if x * x + y * y < R_d * R_d else 0.0


@kernel
def note(controls, in_bell, particle, dt, weight, age):
    """One more line of a track: see `blocks.TRACK_COLUMNS`."""
    line = controls.track_length[0]
    controls.track_length[0] += 1
    if line < controls.track.shape[0]:
        row = controls.track[line]
        row[0], row[1], row[2], row[3] = age, particle.x, particle.y, particle.z
        row[4], row[5], row[6], row[7] = math.exp(particle.ln_p), 1.0 if in_bell else 0.0, dt, weight
        row[8] = controls.track_length[1]


class _Sample(NamedTuple):
    """The point along a move at which it is counted.

    Attributes
    ----------
    x, y, z : float
        The place, with |z| [kpc].
    R, r : float
        Its distances from the axis and from the centre [kpc].
    depth : float
        Its signed distance to the surface, negative inside [kpc].
    cell_R, cell_z : int
        Its cell of the residence tally, -1 beyond the last one.
    age : float
        The clock there [Myr].
    weight : float
        How many particles move there.
    residence : float
        Time that they spend on the move [Myr], all together.
    path : float
        Grammage of the move in gas of one hydrogen atom per cm^3 [g cm-2], all together.
    """

    x: float
    y: float
    z: float
    R: float
    r: float
    depth: float
    cell_R: int
    cell_z: int
    age: float
    weight: float
    residence: float
    path: float


@kernel
def cell_of(cell_of_step, position):
    """Cell of the residence tally at a position in steps; -1 beyond the last, and where it is no number."""
    step, last = int(position), cell_of_step.size - 1
    return cell_of_step[step if 0 <= step < last else last]


@kernel
def sample_of(cells, history, old, new, sample_at, dt, repeats):
    """The `_Sample` of a move from `old` to `new`, at a point along it, with the cells of its side."""
    x = old.x + sample_at * (new.x - old.x)
    y = old.y + sample_at * (new.y - old.y)
    z = abs(old.z + sample_at * (new.z - old.z))
    R = math.sqrt(x * x + y * y)
    weight = history.weight * repeats
    residence = weight * dt
    return _Sample(
        x=x,
        y=y,
        z=z,
        R=R,
        r=math.sqrt(R * R + z * z),
        depth=old.distance + sample_at * (new.distance - old.distance),
        cell_R=cell_of(cells.cell_of_R, R * cells.inverse_step_R),
        cell_z=cell_of(cells.cell_of_z, z * cells.inverse_step_z),
        age=history.clock + sample_at * repeats * dt,
        weight=weight,
        residence=residence,
        path=residence * old.speed * _GRAMMAGE_PER_KPC,
    )


@kernel
def score(world, history, in_bell, old, new, sample_at, dt, repeats):
    """Add a move from `old` to `new` to the tallies, at one point drawn along it.

    `sample_at` in (0, 1) is the place of the point along the move, dt its duration, and `repeats` how many
    moves alike it stands for, one after the other from the clock of the history on.

    Returns (density of what it may collide with there [cm^-3], its grammage in the halo and its disc).
    """
    table, controls = world.table, world.controls
    cells = controls.bell_cells if in_bell else controls.halo_cells
    sample = sample_of(cells, history, old, new, sample_at, dt, repeats)
    if controls.track.shape[0] > 0:
        note(controls, in_bell, new, dt, sample.weight, sample.age)
    # Written so that a place that is not a number is not counted either.
    if not sample.r <= (table.bell_outer_radius if in_bell else table.r_max):
        return 0.0, 0.0
    if in_bell:
        return _score_behind(world, history, old, new, sample), 0.0
    found = in_halo(world, old, new, sample)
    group, step, before = history.group, history.energy_step, history.before_surface
    add_in_halo(world.tally, group, step, before, sample.age, sample.residence, found)
    return found.collisions, found.disc + found.halo


@kernel
def _score_behind(world, history, old, new, sample):
    """Add a move behind the surface; returns the density of what it may collide with [cm^-3]."""
    tally, group, energy_step = world.tally, history.group, history.energy_step
    density = gas_density(world.table, sample.R, sample.z, GAS_CGM)
    tally.grammage[group, GAS_CGM] += sample.path * density
    if sample.cell_R >= 0 and sample.cell_z >= 0:
        tally.bell[group, energy_step, sample.cell_R, sample.cell_z] += sample.residence
    shell = min(int(sample.r * world.controls.inverse_shell_step), SHELLS - 1)
    tally.filling[group, energy_step, _age_bin(sample.age), shell] += sample.residence
    if sample.R < NEAR_R_KPC and sample.depth < NEAR_DEPTH_KPC:
        tally.region[group, energy_step, _NEAR] += sample.residence
        tally.region_age[group, _NEAR] += sample.residence * sample.age
        along_R = sample.x * (new.x - old.x) + sample.y * (new.y - old.y)
        radial = along_R + math.copysign(sample.z, new.z) * (new.z - old.z)
        tally.near_flux[group, energy_step] += sample.weight * radial / sample.r
    return density * world.table.collisions[GAS_CGM]


class InHalo(NamedTuple):
    """What a move inside the surface is counted as.

    Attributes
    ----------
    cell_R, cell_z : int
        Its cell of the residence tally, -1 beyond the last one.
    disc, halo : float
        Its grammage in either gas [g cm-2].
    in_disc : float
        Time that it spends in the disc [Myr].
    collisions : float
        Density of what it may collide with [cm^-3].
    """

    cell_R: int
    cell_z: int
    disc: float
    halo: float
    in_disc: float
    collisions: float


@kernel
def in_halo(world, old, new, sample):
    """What a move inside the surface is counted as: an `InHalo`."""
    table = world.table
    disc = gas_density(table, sample.R, sample.z, GAS_DISC)
    halo = gas_density(table, sample.R, sample.z, GAS_HALO)
    return InHalo(
        cell_R=sample.cell_R,
        cell_z=sample.cell_z,
        disc=sample.path * disc,
        halo=sample.path * halo,
        in_disc=sample.residence * _share_in_disc(old, new, world.controls.R_d),
        collisions=disc * table.collisions[GAS_DISC] + halo * table.collisions[GAS_HALO],
    )


@kernel
def add_in_halo(tally, group, energy_step, before_surface, age, residence, found):
    """Add a move inside the surface, of a history's group, energy step and age, to the tallies."""
    tally.grammage[group, GAS_DISC] += found.disc
    tally.grammage[group, GAS_HALO] += found.halo
    if before_surface:
        tally.grammage_first[group, GAS_DISC] += found.disc
        tally.grammage_first[group, GAS_HALO] += found.halo
    if found.cell_R >= 0 and found.cell_z >= 0:
        tally.halo[group, energy_step, found.cell_R, found.cell_z] += residence
    if found.in_disc > 0.0:
        tally.region[group, energy_step, _DISC] += found.in_disc
        tally.region_age[group, _DISC] += found.in_disc * age
        tally.filling[group, energy_step, _age_bin(age), SHELLS] += found.in_disc
        if before_surface:
            tally.region[group, energy_step, _DISC_NO_RETURN] += found.in_disc
            tally.region_age[group, _DISC_NO_RETURN] += found.in_disc * age


@kernel
def _fall_of_others(history, old, new):
    """Fall of ln p by the flow in the moves alike that are not followed."""
    return (history.multiplicity - 1.0) * (old.ln_p - new.ln_p)


@kernel
def _parts_to_count(world, history, in_bell, old, new, dt, others):
    """In how many parts a move is counted: one, but where so much is lost along it that energies differ."""
    time = dt * history.multiplicity
    parts = 1
    if fastest_loss(world.table, in_bell) * time > MOST_LOST:
        parts = parts_of_move(world, in_bell, old, new, time)
    if abs(others) > MOST_LOST:
        parts = max(parts, int(math.ceil(abs(others) / MOST_LOST)))
    return parts


@kernel
def counted(world, history, in_bell, old, new, dt):
    """Count a move and take its losses: the particle after it, and its history.

    The move is one of `history.multiplicity` alike, to each of which the flow does the same. Each part of it
    is counted at the energy that is left.
    """
    others = _fall_of_others(history, old, new)
    parts = _parts_to_count(world, history, in_bell, old, new, dt, others)
    dt /= parts
    others /= parts
    time = dt * history.multiplicity
    particle, begin, ln_p = new, old, old.ln_p
    for part in range(parts):
        end = new if part + 1 == parts else part_way(old, new, (part + 1.0) / parts)
        particle = _slowed_by_flow(world, history, in_bell, ln_p, particle, others)
        sample_at = next_sample(history.sample_at)
        n, passed = score(world, history, in_bell, begin, end, sample_at, dt, history.multiplicity)
        particle, history = after_losses(world, history, in_bell, particle, n, time)
        history = after_part(history, sample_at, history.clock + time, passed)
        begin, ln_p = end, particle.ln_p
    return particle, history


@kernel
def _slowed_by_flow(world, history, in_bell, ln_p, new, others):
    """Count the fall of ln p by the flow: what a move has from `ln_p` to `new`, and `others`, taken here."""
    fall = ln_p - new.ln_p + others
    if fall != 0.0:
        entry = FLOW_BEHIND if in_bell else FLOW_HALO
        count_fall(world.tally, history.group, entry, history.weight, ln_p, fall)
        new = turned(new, direction_of(new), new.ln_p - others)
    return new


@kernel
def first_passage(tally, history):
    """Count a first encounter with the surface: when it was, and the grammage up to then."""
    group, weight, clock = history.group, history.weight, history.clock
    tally.escape[group, 0] += weight
    tally.escape[group, 1] += weight * clock
    tally.escape[group, 2] += weight * clock * clock
    tally.escape_time_histogram[group, _log_bin(clock, _TIME_START, _TIME_STEP, _TIME_BINS)] += weight
    tally.grammage_histogram[
        group, _log_bin(history.grammage / weight, _GRAM_START, _GRAM_STEP, _GRAM_BINS)
    ] += weight


@kernel
def end_history(tally, history, fate, weight):
    """Count the end of a history that counts as so many particles."""
    group = history.group
    if fate == ALIVE:
        tally.alive[group] += weight
    if fate == ESCAPED or fate == ABSORBED:
        bin = _log_bin(history.clock, _TIME_START, _TIME_STEP, _TIME_BINS)
        tally.leave_time_histogram[group, bin] += weight
