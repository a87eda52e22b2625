"""Energy that a particle loses in collisions with the gas (pp)."""

from __future__ import annotations

import math

from ...fields._jit import kernel, small_kernel
from .energy import energy_of_fall
from .history import BINNED_LN_P, at_energy, energy_step_of
from .lookup import GAS_CGM, GAS_DISC, GAS_HALO, at_momentum, gas_density
from .particle import R_of, slowed, speed_of

# A move that loses more of ln p is counted in parts, each at the energy that is left.
MOST_LOST = 0.02
_MOST_PARTS = 10_000


@small_kernel
def fastest_loss(table, in_bell):
    """-dln p/dt in the densest gas of a side [1/Myr]."""
    return table.fastest_loss_bell if in_bell else table.fastest_loss_halo


@kernel
def parts_of_move(world, in_bell, old, new, time):
    """In how many parts a move that takes a time in all is counted, by the denser gas of its ends."""
    table = world.table
    densest = 0.0
    for end in (old, new):
        R, z = R_of(end), abs(end.z)
        if in_bell:
            n = gas_density(table, R, z, GAS_CGM) * table.collisions[GAS_CGM]
        else:
            n = gas_density(table, R, z, GAS_DISC) * table.collisions[GAS_DISC]
            n += gas_density(table, R, z, GAS_HALO) * table.collisions[GAS_HALO]
        densest = max(densest, n)
    lost = densest * at_momentum(table.loss_rate, table, old.ln_p) * time
    return min(max(math.ceil(lost / MOST_LOST), 1), _MOST_PARTS)


@small_kernel
def lose(world, history, in_bell, ln_p, n, dt):
    """Fall of ln p by pp losses in gas of density n [cm^-3] for dt; counts their energy [GeV]."""
    fall = n * at_momentum(world.table.loss_rate, world.table, ln_p) * dt
    side = 1 if in_bell else 0
    world.tally.pp_loss[history.group, side] += history.weight * energy_of_fall(ln_p, fall)
    return fall


@small_kernel
def with_ln_p(world, history, ln_p):
    """The history at another momentum: its energy step is found anew where that has changed enough."""
    if abs(ln_p - history.ln_p_binned) > BINNED_LN_P:
        return at_energy(history, ln_p, energy_step_of(world.controls, history.group, ln_p))
    return history


@small_kernel
def after_losses(world, history, in_bell, particle, n, dt):
    """The particle after pp losses in gas of density n for dt, and its history."""
    ln_p = particle.ln_p - lose(world, history, in_bell, particle.ln_p, n, dt)
    # At rest in the plasma nothing else finds its speed anew.
    changed = abs(ln_p - history.ln_p_binned) > BINNED_LN_P
    speed = speed_of(ln_p) if changed else particle.speed
    return slowed(particle, ln_p, speed), with_ln_p(world, history, ln_p)
