"""The hybrid engine: particles through a tabulated medium, one block at a time.

A particle alternates between the inside of the surface (the halo) and, where the surface is a Bell
wall, the outside. Crossings are flown; where lambda behind the wall is tiny against every scale, an
incursion is replaced by its exact law (`albedo`). Two things make the ~c/(4u) meetings with the wall
affordable, both off when `Controls` says so:

- multiplicity: one simulated return through the halo stands for `multiplicity` alike. Residence, clock,
  losses and the chance of capture count that many times; it is unbiased where the halo mixes before
  capture, and `acceleration` bounds it by that.
- echoes: beside the particle itself, weighted copies are sent out from every meeting with the wall,
  `echoes` - 1 times as often as it is captured, and tallied outside until they come back to the wall.
  The particle's own excursion carries the weight 1/echoes there, so nothing is counted twice.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..fields._jit import entry, kernel, small_kernel
from ..fields.medium import Wall
from ..fields.units import KPC_CM, M_P_G, M_P_GEV
from .albedo import incursion_time, transmission
from .lookup import at_momentum, gas_density, surface_normal
from .move import at, is_finite, move, speed_of, turned
from .rng import PURPOSE_SOURCE, PURPOSE_TRANSPORT, isotropic, uniform4
from .tally import (
    DISC_HALF_THICKNESS_KPC,
    ENERGY_BINS_PER_DECADE,
    ENERGY_STEPS,
    GRAMMAGE_EDGES,
    NEAR_DEPTH_KPC,
    NEAR_R_KPC,
    TIME_EDGES_MYR,
    Fate,
    Region,
)
from .wall import (
    at_angle,
    behind_wall,
    enter_one_way,
    flow_along,
    mirrored,
    one_way_layer,
    reflected_cosine,
    shifted,
    skin_depth,
)

_ABSORBING, _TWO_WAY, _ONE_WAY, _CLOSED = (
    int(w) for w in (Wall.ABSORBING, Wall.TWO_WAY, Wall.ONE_WAY, Wall.CLOSED)
)
_ESCAPED, _ABSORBED, _ALIVE, _CAPPED, _LOST = (
    int(f) for f in (Fate.ESCAPED, Fate.ABSORBED, Fate.ALIVE, Fate.CAPPED, Fate.LOST)
)
_DISC, _DISC_NO_RETURN, _NEAR = int(Region.DISC), int(Region.DISC_NO_RETURN), int(Region.NEAR)
_GRAMMAGE_PER_KPC = M_P_G * KPC_CM
_LN10 = math.log(10.0)
_GOLDEN = 0.6180339887498949
_TIME_START, _TIME_STEP = math.log(TIME_EDGES_MYR[0]), math.log(TIME_EDGES_MYR[1] / TIME_EDGES_MYR[0])
_GRAM_START, _GRAM_STEP = math.log(GRAMMAGE_EDGES[0]), math.log(GRAMMAGE_EDGES[1] / GRAMMAGE_EDGES[0])
_TIME_BINS, _GRAM_BINS = len(TIME_EDGES_MYR) + 1, len(GRAMMAGE_EDGES) + 1
# The plane is a source of exactly zero height: start just off it, so that |z| has a slope.
_START_Z_KPC = 1e-9
# The energy bin of a particle is found anew once ln p has changed by this.
_BINNED_LN_P = 1e-3


class Controls(NamedTuple):
    """How to follow particles (what they meet is in the `MediumTable`)."""

    seed: int
    hybrid: bool
    skin: bool
    multiplicity: np.ndarray
    echoes: np.ndarray
    h_table: np.ndarray
    t_max: float
    max_steps: int
    R_d: float
    energy_edges: np.ndarray
    schedule: np.ndarray
    halo_cells: tuple
    bell_cells: tuple


@kernel
def _log_bin(value, start, step, bins):
    """Bin of logarithmic edges, the first and last for what lies outside."""
    if value <= 0.0:
        return 0
    return min(max(math.floor((math.log(value) - start) / step) + 1, 0), bins - 1)


@kernel
def _fallen(controls, group, ln_p):
    """By how many current-energy bins the particle has fallen below its injection group."""
    p = math.exp(ln_p)
    energy = math.sqrt(p * p + M_P_GEV * M_P_GEV)
    position = math.log(energy / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    edges = controls.energy_edges.size - 1
    width = math.log(controls.energy_edges[edges] / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    bins = round(width)
    # Edges are whole fractions of the range, so its bins may be slightly narrower than nominal.
    now = int(max(position, 0.0) * bins / width)
    return min(max(group * bins // edges - now, 0), ENERGY_STEPS - 1)


@small_kernel
def _share_in_disc(old, new, R_d):
    """Share of a straight move that lies in the disc |z| < 0.1 kpc, R < R_d (R taken at its middle)."""
    rise = new.z - old.z
    if abs(rise) < 1e-9:
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


@small_kernel
def _score(table, controls, tally, group, fallen, in_bell, no_return, old, new, where, dt, weight, clock):
    """Add a move of duration dt to the tallies, at one point drawn along it; returns n there [cm^-3].

    `where` in (0, 1) is the place along the move, `clock` the age at its start.
    """
    x = old.x + where * (new.x - old.x)
    y = old.y + where * (new.y - old.y)
    z = abs(old.z + where * (new.z - old.z))
    R = math.sqrt(x * x + y * y)
    r2 = R * R + z * z
    # Written so that a place that is not a number is not looked up either.
    if not r2 <= table.r_max * table.r_max:
        return 0.0
    residence = weight * dt
    path = residence * old.speed * _GRAMMAGE_PER_KPC
    cells = controls.bell_cells if in_bell else controls.halo_cells
    i = cells.cell_of_R[min(int(R * cells.inverse_step), cells.cell_of_R.size - 1)]
    j = cells.cell_of_z[min(int(z * cells.inverse_step), cells.cell_of_z.size - 1)]
    disc, halo, density = gas_density(table, R, z)
    if in_bell:
        tally.grammage[group, 2] += path * density
        if i >= 0 and j >= 0:
            tally.bell[group, fallen, i, j] += residence
        depth = old.distance + where * (new.distance - old.distance)
        if R < NEAR_R_KPC and depth < NEAR_DEPTH_KPC:
            tally.region[group, fallen, _NEAR] += residence
            tally.region_age[group, _NEAR] += residence * clock
            radial = x * (new.x - old.x) + y * (new.y - old.y) + math.copysign(z, new.z) * (new.z - old.z)
            tally.near_flux[group, fallen] += weight * radial / math.sqrt(r2)
        return density
    tally.grammage[group, 0] += path * disc
    tally.grammage[group, 1] += path * halo
    if no_return:
        tally.grammage_first[group, 0] += path * disc
        tally.grammage_first[group, 1] += path * halo
    if i >= 0 and j >= 0:
        tally.halo[group, fallen, i, j] += residence
    in_disc = residence * _share_in_disc(old, new, controls.R_d)
    if in_disc > 0.0:
        tally.region[group, fallen, _DISC] += in_disc
        tally.region_age[group, _DISC] += in_disc * clock
        if no_return:
            tally.region[group, fallen, _DISC_NO_RETURN] += in_disc
            tally.region_age[group, _DISC_NO_RETURN] += in_disc * clock
    return disc + halo


@kernel
def _count(table, ln_p, values):
    """Entry of a per-momentum table at the nearest node."""
    position = int((ln_p - table.ln_p0) * table.inverse_dln_p + 0.5)
    return values[min(max(position, 0), values.size - 1)]


@kernel
def _follow_echo(table, controls, tally, group, q, weight, clock, particle, branch):
    """Tally a weighted copy outside until it meets the wall, leaves or its history ends."""
    offset = uniform4(controls.seed, PURPOSE_SOURCE, particle, branch, 0)[0]
    binned_ln_p, fallen = q.ln_p, _fallen(controls, group, q.ln_p)
    for step in range(controls.max_steps):
        u0, u1, u2, u3 = uniform4(controls.seed, PURPOSE_TRANSPORT, particle, branch, step)
        new, dt, on_surface = move(table, controls.hybrid, True, q, controls.t_max - clock, u0, u1, u2, u3)
        if not is_finite(new):
            return step + 1
        offset = (offset + _GOLDEN) % 1.0
        n = _score(table, controls, tally, group, fallen, True, False, q, new, offset, dt, weight, clock)
        clock += dt
        ln_p = new.ln_p - n * at_momentum(table.loss_rate, table, new.ln_p) * dt
        q = turned(new, new.dir_x, new.dir_y, new.dir_z, ln_p)
        if abs(ln_p - binned_ln_p) > _BINNED_LN_P:
            binned_ln_p, fallen = ln_p, _fallen(controls, group, ln_p)
        left = q.x * q.x + q.y * q.y + q.z * q.z >= table.r_max * table.r_max
        if on_surface or left or clock >= controls.t_max * (1.0 - 1e-12):
            return step + 1
    return controls.max_steps


@kernel
def follow(table, controls, tally, group, q, particle, threshold):
    """Follow one particle from injection to its fate; returns the fate and its number of moves.

    `threshold` is the exponential variate that its first capture is decided by: captures follow when
    their accumulated hazard passes it.
    """
    in_bell = False
    no_return = True
    multiplicity = 1.0
    weight = 1.0
    clock = 0.0
    draw = 0
    echoes = 0
    first_disc = tally.grammage_first[group, 0]
    first_halo = tally.grammage_first[group, 1]
    hazard = 0.0
    offset, copies_due, _, _ = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, 1)
    binned_ln_p, fallen = q.ln_p, _fallen(controls, group, q.ln_p)
    for step in range(controls.max_steps):
        u0, u1, u2, u3 = uniform4(controls.seed, PURPOSE_TRANSPORT, particle, 0, draw)
        draw += 1
        left = (controls.t_max - clock) / multiplicity
        new, dt, on_surface = move(table, controls.hybrid, in_bell, q, left, u0, u1, u2, u3)
        if not is_finite(new):
            return _LOST, step + 1
        offset = (offset + _GOLDEN) % 1.0
        n = _score(
            table,
            controls,
            tally,
            group,
            fallen,
            in_bell,
            no_return,
            q,
            new,
            offset,
            dt,
            weight * multiplicity,
            clock,
        )
        dt *= multiplicity
        clock += dt
        ln_p = new.ln_p - n * at_momentum(table.loss_rate, table, new.ln_p) * dt
        q = turned(new, new.dir_x, new.dir_y, new.dir_z, ln_p)
        if abs(ln_p - binned_ln_p) > _BINNED_LN_P:
            binned_ln_p, fallen = ln_p, _fallen(controls, group, ln_p)
        if clock >= controls.t_max * (1.0 - 1e-12):
            tally.alive[group] += 1.0
            return _ALIVE, step + 1
        if q.x * q.x + q.y * q.y + q.z * q.z >= table.r_max * table.r_max:
            tally.leave_time_histogram[group, _log_bin(clock, _TIME_START, _TIME_STEP, _TIME_BINS)] += 1.0
            return _ESCAPED, step + 1
        if not on_surface:
            continue

        n_x, n_y, n_z = surface_normal(table, q.x, q.y, q.z)
        mu0 = q.dir_x * n_x + q.dir_y * n_y + q.dir_z * n_z
        if table.wall == _CLOSED:
            e_x, e_y, e_z = mirrored(q, n_x, n_y, n_z)
            q = turned(q, e_x, e_y, e_z, q.ln_p)
            continue
        if no_return:
            no_return = False
            tally.escape[group, 0] += 1.0
            tally.escape[group, 1] += clock
            tally.escape[group, 2] += clock * clock
            tally.escape_time_histogram[group, _log_bin(clock, _TIME_START, _TIME_STEP, _TIME_BINS)] += 1.0
            first = tally.grammage_first[group, 0] - first_disc + tally.grammage_first[group, 1] - first_halo
            tally.grammage_histogram[group, _log_bin(first, _GRAM_START, _GRAM_STEP, _GRAM_BINS)] += 1.0
        if table.wall == _ABSORBING:
            tally.leave_time_histogram[group, _log_bin(clock, _TIME_START, _TIME_STEP, _TIME_BINS)] += 1.0
            return _ABSORBED, step + 1
        if table.wall == _ONE_WAY:
            depth, dwell = one_way_layer(table, q)
            outer = shifted(q, depth, n_x, n_y, n_z)
            _score(
                table, controls, tally, group, fallen, True, False, shifted(q, 0.0, n_x, n_y, n_z), outer,
                0.5, dwell, 1.0, clock,
            )  # fmt: skip
            clock += dwell
            q, draw = enter_one_way(table, controls, q, mu0, particle, draw)
            in_bell = True
            multiplicity = 1.0
            if clock >= controls.t_max:
                tally.alive[group] += 1.0
                return _ALIVE, step + 1
            continue
        if in_bell:
            # Back into the halo, which is at rest.
            ln_p = q.ln_p + flow_along(table, q, q.dir_x, q.dir_y, q.dir_z)
            in_bell = False
            weight = 1.0
            q = at(table, False, q.x, q.y, q.z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed_of(ln_p))
            depth, free_path, u_over_v = skin_depth(table, q, q.ln_p)
            # Where the wall is flown every return is followed; elsewhere as at a meeting with cosine 1.
            if depth > 0.0 and controls.skin:
                chance = transmission(controls.h_table, 1.0, free_path, depth, u_over_v)
                multiplicity = max(1.0, min(_count(table, ln_p, controls.multiplicity), 0.5 / chance))
            continue
        depth, free_path, u_over_v = skin_depth(table, q, q.ln_p)
        mu0 = max(mu0, 0.0)
        copies = _count(table, q.ln_p, controls.echoes)
        if depth == 0.0 or not controls.skin:
            ln_p = q.ln_p - flow_along(table, q, q.dir_x, q.dir_y, q.dir_z)
            q = at(table, True, q.x, q.y, q.z, q.dir_x, q.dir_y, q.dir_z, ln_p, speed_of(ln_p))
            for _ in range(round(copies) - 1):
                echoes += 1
                tally.work[1] += 1
                tally.work[2] += _follow_echo(
                    table, controls, tally, group, q, 1.0 / copies, clock, particle, echoes
                )
            in_bell = True
            multiplicity = 1.0
            weight = 1.0 / copies
            continue
        chance = transmission(controls.h_table, mu0, free_path, depth, u_over_v)
        multiplicity = max(1.0, min(_count(table, q.ln_p, controls.multiplicity), 0.5 / chance))
        # The layer that is not followed is tallied by its mean time and mean displacement.
        dwell = incursion_time(controls.h_table, mu0, chance, free_path, depth, q.speed, u_over_v)
        inner = shifted(q, 0.5 * depth * (1.0 - chance), n_x, n_y, n_z)
        outer = shifted(q, 0.5 * depth * (1.0 + chance), n_x, n_y, n_z)
        n = _score(
            table, controls, tally, group, fallen, True, False, inner, outer, 0.5, dwell, multiplicity, clock
        )
        dwell *= multiplicity
        clock += dwell
        if clock >= controls.t_max:
            tally.alive[group] += 1.0
            return _ALIVE, step + 1
        q = turned(
            q, q.dir_x, q.dir_y, q.dir_z, q.ln_p - n * at_momentum(table.loss_rate, table, q.ln_p) * dwell
        )
        u0, u1, u2, u3 = uniform4(controls.seed, PURPOSE_TRANSPORT, particle, 0, draw)
        draw += 1
        copies_due += chance * multiplicity * (copies - 1.0)
        while copies_due >= 1.0:
            copies_due -= 1.0
            echoes += 1
            echo = behind_wall(table, q, depth, n_x, n_y, n_z, q.ln_p - mu0 * u_over_v, u1, u2)
            tally.work[1] += 1
            tally.work[2] += _follow_echo(
                table, controls, tally, group, echo, 1.0 / copies, clock, particle, echoes
            )
        hazard -= math.log1p(-chance * multiplicity)
        if hazard > threshold:
            hazard, threshold = 0.0, -math.log(u0)
            ln_p = q.ln_p - mu0 * u_over_v
            q = behind_wall(table, q, depth, n_x, n_y, n_z, ln_p, u1, u2)
            in_bell = True
            multiplicity = 1.0
            weight = 1.0 / copies
            continue
        mu, draw = reflected_cosine(controls, mu0, particle, 0, draw)
        ln_p = q.ln_p - multiplicity * (mu0 + mu) * u_over_v
        e_x, e_y, e_z = at_angle(n_x, n_y, n_z, -mu, u2)
        q = at(table, False, q.x, q.y, q.z, e_x, e_y, e_z, ln_p, speed_of(ln_p))
    return _CAPPED, controls.max_steps


@kernel
def inject(table, controls, group, particle, radius):
    """A particle in the disc: uniform in R < R_d, isotropic, log-uniform energy within its group.

    `radius` in (0, 1) is the share of the disc's area within its radius.
    """
    u0, u1, u2, u3 = uniform4(controls.seed, PURPOSE_SOURCE, particle, 0, 0)
    low, high = controls.energy_edges[group], controls.energy_edges[group + 1]
    energy = low * (high / low) ** u0
    ln_p = 0.5 * math.log((energy - M_P_GEV) * (energy + M_P_GEV))
    R = controls.R_d * math.sqrt(radius)
    angle = 2.0 * math.pi * u1
    e_x, e_y, e_z = isotropic(u2, u3)
    x, y, z = R * math.cos(angle), R * math.sin(angle), math.copysign(_START_Z_KPC, e_z)
    return at(table, False, x, y, z, e_x, e_y, e_z, ln_p, speed_of(ln_p))


@entry()
def run_block(table, controls, tally, first_particle, count, stop):
    """Follow particles first_particle ... + count - 1 into a tally; polls `stop[0]` between them."""
    # Radii and captures are stratified over the particles of a block (two-dimensional golden sequence):
    # neighbours in energy, which are averaged later, cover their range evenly. Blocks are independent.
    radius, capture, _, _ = uniform4(controls.seed, PURPOSE_SOURCE, first_particle, 0, 2)
    for index in range(count):
        if stop[0]:
            return
        particle = first_particle + index
        group = controls.schedule[particle % controls.schedule.size]
        radius = (radius + 0.7548776662466927) % 1.0
        capture = (capture + 0.5698402909980532) % 1.0
        q = inject(table, controls, group, particle, radius)
        tally.injected[group] += 1.0
        fate, moves = follow(table, controls, tally, group, q, particle, -math.log1p(-capture))
        tally.fates[fate] += 1
        tally.work[0] += moves
