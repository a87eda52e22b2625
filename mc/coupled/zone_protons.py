"""Cosmic rays in zones of gas: they expand with it, collide in it and diffuse from zone to zone."""

from __future__ import annotations

from ...fields._jit import kernel
from .zone_state import COOLED, ESCAPED, INJECTED, PP, WORK, area_of


@kernel
def _slope(row, g, last):
    """Change of a row from group to group where it is monotonic, limited (van Leer 1974)."""
    if g == 0 or g == last:
        return 0.0
    up, down = row[g + 1] - row[g], row[g] - row[g - 1]
    return 2.0 * up * down / (up + down) if up * down > 0.0 else 0.0


@kernel
def expand(state, physics, scratch, i, fall, work):
    """Move the protons of a row down by `fall` in ln p, such that they lose just the work they do."""
    row, through = state.protons[i], scratch.groups[0]
    last = len(row) - 1
    gone = 0.0
    if fall > 0.0:
        for g in range(last + 1):
            through[g] = max(row[g] - 0.5 * _slope(row, g, last), 0.0)
    else:
        through[0] = 0.0
        for g in range(1, last + 1):
            through[g] = max(row[g - 1] + 0.5 * _slope(row, g - 1, last), 0.0)
    for g in range(1, last + 1):
        gone += through[g] * physics.lower_energy[g]
    gone *= fall / physics.width
    if gone == 0.0:
        return
    # Close to one: what falls in ln p is exact, what its groups lose is of second order in their width.
    matched = min(max(work / gone, 0.5), 2.0)
    share = fall / physics.width * matched
    if fall > 0.0:
        state.energies[COOLED] += share * through[0] * physics.energy[0]
    state.energies[WORK] += gone * matched
    for g in range(last + 1):
        row[g] -= share * through[g]
    for g in range(1, last + 1):
        row[g - 1] += share * through[g]


@kernel
def collide(state, physics, scratch, n, dt):
    """Losses by pp collisions."""
    through = scratch.groups[0]
    last = len(physics.energy) - 1
    for i in range(1, n + 1):
        row = state.protons[i]
        passed = dt * state.mass[i - 1] / scratch.volume[i] / physics.width
        for g in range(last + 1):
            down = max(row[g] - 0.5 * _slope(row, g, last), 0.0)
            through[g] = passed * physics.loss[g] * down
        lost = 0.0
        for g in range(1, last + 1):
            lost += through[g] * physics.lower_energy[g]
            row[g - 1] += through[g]
        for g in range(last + 1):
            row[g] -= through[g]
        state.energies[PP] += lost
        state.energies[COOLED] += through[0] * physics.energy[0]


@kernel
def _diffusion_at(physics, r, D):
    """Fill in D of each group at a radius; held at the ends of the table."""
    low, high = 0, len(physics.D_r) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if physics.D_r[middle] <= r:
            low = middle
        else:
            high = middle
    share = (r - physics.D_r[low]) / (physics.D_r[high] - physics.D_r[low])
    share = min(max(share, 0.0), 1.0)
    for g in range(len(D)):
        D[g] = (1.0 - share) * physics.D[low, g] + share * physics.D[high, g]


@kernel
def spread(state, physics, scratch, n, dt):
    """Injection and diffusion over a step, implicit: what leaves the last zone has escaped.

    Thomas' algorithm on densities, all groups side by side.
    """
    below, above, D = scratch.groups[1], scratch.groups[2], scratch.groups[3]
    groups = len(physics.energy)
    for g in range(groups):
        below[g] = 0.0
    for i in range(n + 1):
        r = state.r[i]
        _diffusion_at(physics, r, D)
        width = 0.5 * (state.r[i + 1] - r) if i < n else 0.0
        if i > 0:
            width += 0.5 * (r - state.r[i - 1])
        passed = dt * area_of(physics, r) / width
        volume = scratch.volume[i]
        for g in range(groups):
            above[g] = passed * D[g]
            had = state.protons[i, g]
            if i == 0:
                had += dt * physics.injected[g]
                state.energies[INJECTED] += dt * physics.injected[g] * physics.energy[g]
                pivot = volume + above[g]
                scratch.solution[i, g] = had / pivot
            else:
                pivot = volume + above[g] + below[g] * (1.0 - scratch.upper[i - 1, g])
                scratch.solution[i, g] = (had + below[g] * scratch.solution[i - 1, g]) / pivot
            scratch.upper[i, g] = above[g] / pivot
            below[g] = above[g]
    for g in range(groups):
        escaped = below[g] * scratch.solution[n, g]
        state.energies[ESCAPED] += escaped * physics.energy[g]
        state.protons[n, g] = scratch.solution[n, g] * scratch.volume[n]
    for i in range(n - 1, -1, -1):
        for g in range(groups):
            scratch.solution[i, g] += scratch.upper[i, g] * scratch.solution[i + 1, g]
            state.protons[i, g] = scratch.solution[i, g] * scratch.volume[i]
