"""What a move adds to the tallies: residence, grammage, first passage, the end of a history."""

from __future__ import annotations

import math

from ..fields._jit import kernel, small_kernel
from ..fields.units import C_KPC_MYR, KPC_CM, M_P_G, M_P_GEV
from .lookup import at_momentum, gas_density
from .move import turned
from .tally import (
    AGES_MYR,
    DISC_HALF_THICKNESS_KPC,
    ENERGY_BINS_PER_DECADE,
    ENERGY_STEPS,
    GRAMMAGE_EDGES,
    GROUPS_PER_DECADE,
    NEAR_DEPTH_KPC,
    NEAR_R_KPC,
    SHELLS,
    TIME_EDGES_MYR,
    Fate,
    Region,
)

_ESCAPED, _ABSORBED, _ALIVE = int(Fate.ESCAPED), int(Fate.ABSORBED), int(Fate.ALIVE)
_DISC, _DISC_NO_RETURN, _NEAR = int(Region.DISC), int(Region.DISC_NO_RETURN), int(Region.NEAR)
_GRAMMAGE_PER_KPC = M_P_G * KPC_CM
_LN10 = math.log(10.0)
_TIME_START, _TIME_STEP = math.log(TIME_EDGES_MYR[0]), math.log(TIME_EDGES_MYR[1] / TIME_EDGES_MYR[0])
_GRAM_START, _GRAM_STEP = math.log(GRAMMAGE_EDGES[0]), math.log(GRAMMAGE_EDGES[1] / GRAMMAGE_EDGES[0])
_TIME_BINS, _GRAM_BINS = len(TIME_EDGES_MYR) + 1, len(GRAMMAGE_EDGES) + 1
# The energy bin of a particle is found anew once ln p has changed by this.
_BINNED_LN_P = 1e-3
# Along a history, places on its moves are drawn in strides of the golden section.
GOLDEN = 0.6180339887498949


_AGES = tuple(float(age) for age in AGES_MYR)


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
    return min(max(math.floor((math.log(value) - start) / step) + 1, 0), bins - 1)


@kernel
def fallen_bins(controls, group, ln_p):
    """By how many current-energy bins the particle has fallen below its injection group."""
    p = math.exp(ln_p)
    energy = math.sqrt(p * p + M_P_GEV * M_P_GEV)
    position = math.log(energy / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    edges = controls.energy_edges.size - 1
    width = math.log(controls.energy_edges[edges] / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    # Edges are whole fractions of the range, so its bins may be narrower than nominal.
    bins = edges * ENERGY_BINS_PER_DECADE // GROUPS_PER_DECADE
    now = math.floor(position * bins / width)
    return min(max(group * bins // edges - now, 0), ENERGY_STEPS - 1)


@small_kernel
def lose(table, tally, group, side, ln_p, speed, n, dt, weight):
    """Fall of ln p by pp losses in gas of density n for dt; counts their energy [GeV], v dp."""
    fall = n * at_momentum(table.loss_rate, table, ln_p) * dt
    tally.pp_loss[group, side] += weight * speed / C_KPC_MYR * math.exp(ln_p) * -math.expm1(-fall)
    return fall


@kernel
def after_losses(table, controls, tally, group, side, q, n, dt, weight, binned_ln_p, fallen):
    """The particle after pp losses in gas of density n for dt, and the energy bin that goes with it.

    `side` is 0 in the halo, 1 behind its surface. Returns (particle, ln p that was last binned, bins fallen).
    """
    ln_p = q.ln_p - lose(table, tally, group, side, q.ln_p, q.speed, n, dt, weight)
    q = turned(q, q.dir_x, q.dir_y, q.dir_z, ln_p)
    if abs(ln_p - binned_ln_p) > _BINNED_LN_P:
        binned_ln_p, fallen = ln_p, fallen_bins(controls, group, ln_p)
    return q, binned_ln_p, fallen


@small_kernel
def _share_in_disc(old, new, R_d):
    """Share of a straight move that lies in the disc |z| < 0.1 kpc, R < R_d (R taken at its middle)."""
    if min(old.z, new.z) > DISC_HALF_THICKNESS_KPC or max(old.z, new.z) < -DISC_HALF_THICKNESS_KPC:
        return 0.0
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


@kernel
def _note(controls, in_bell, q, dt, weight, age):
    """One more line of a track: see `run.TRACK_COLUMNS`."""
    line = controls.track_length[0]
    controls.track_length[0] += 1
    if line < controls.track.shape[0]:
        row = controls.track[line]
        row[0], row[1], row[2], row[3] = age, q.x, q.y, q.z
        row[4], row[5], row[6], row[7] = math.exp(q.ln_p), 1.0 if in_bell else 0.0, dt, weight
        row[8] = controls.track_length[1]


@small_kernel
def score(table, controls, tally, group, fallen, in_bell, no_return, old, new, where, dt, weight, age):
    """Add a move of duration dt to the tallies, at one point drawn along it; returns n there [cm^-3].

    `where` in (0, 1) is the place along the move, `age` the clock there.
    """
    if controls.track.shape[0] > 0:
        _note(controls, in_bell, new, dt, weight, age)
    x = old.x + where * (new.x - old.x)
    y = old.y + where * (new.y - old.y)
    z = abs(old.z + where * (new.z - old.z))
    R = math.sqrt(x * x + y * y)
    r2 = R * R + z * z
    # Written so that a place that is not a number is not looked up either.
    edge = table.bell_reach if in_bell else table.r_max
    if not r2 <= edge * edge:
        return 0.0
    residence = weight * dt
    path = residence * old.speed * _GRAMMAGE_PER_KPC
    cells = controls.bell_cells if in_bell else controls.halo_cells
    i = cells.cell_of_R[min(int(R * cells.inverse_step_R), cells.cell_of_R.size - 1)]
    j = cells.cell_of_z[min(int(z * cells.inverse_step_z), cells.cell_of_z.size - 1)]
    if in_bell:
        density = gas_density(table, R, z, 2)
        tally.grammage[group, 2] += path * density
        if i >= 0 and j >= 0:
            tally.bell[group, fallen, i, j] += residence
        shell = min(int(math.sqrt(r2) * controls.inverse_shell_step), SHELLS - 1)
        tally.filling[group, fallen, _age_bin(age), shell] += residence
        depth = old.distance + where * (new.distance - old.distance)
        if R < NEAR_R_KPC and depth < NEAR_DEPTH_KPC:
            tally.region[group, fallen, _NEAR] += residence
            tally.region_age[group, _NEAR] += residence * age
            radial = x * (new.x - old.x) + y * (new.y - old.y) + math.copysign(z, new.z) * (new.z - old.z)
            tally.near_flux[group, fallen] += weight * radial / math.sqrt(r2)
        return density
    disc, halo = gas_density(table, R, z, 0), gas_density(table, R, z, 1)
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
        tally.region_age[group, _DISC] += in_disc * age
        tally.filling[group, fallen, _age_bin(age), SHELLS] += in_disc
        if no_return:
            tally.region[group, fallen, _DISC_NO_RETURN] += in_disc
            tally.region_age[group, _DISC_NO_RETURN] += in_disc * age
    return disc + halo


@kernel
def first_passage(tally, group, weight, clock, before):
    """Count an escape: its time, and the grammage since `before`."""
    tally.escape[group, 0] += weight
    tally.escape[group, 1] += weight * clock
    tally.escape[group, 2] += weight * clock * clock
    tally.escape_time_histogram[group, _log_bin(clock, _TIME_START, _TIME_STEP, _TIME_BINS)] += weight
    passed = (tally.grammage_first[group, 0] + tally.grammage_first[group, 1] - before) / weight
    tally.grammage_histogram[group, _log_bin(passed, _GRAM_START, _GRAM_STEP, _GRAM_BINS)] += weight


@kernel
def end_history(tally, group, fate, age):
    """Count the end of a history."""
    tally.fates[fate] += 1
    if fate == _ALIVE:
        tally.alive[group] += 1.0
    if fate == _ESCAPED or fate == _ABSORBED:
        tally.leave_time_histogram[group, _log_bin(age, _TIME_START, _TIME_STEP, _TIME_BINS)] += 1.0
