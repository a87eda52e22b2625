"""Energy that a particle loses in collisions with the gas (pp)."""

from __future__ import annotations

import math

from ...fields._jit import small_kernel
from ...fields.units import C_KPC_MYR
from .history import BINNED_LN_P, bins_lost_of
from .lookup import at_momentum
from .particle import direction_of, turned


@small_kernel
def lose(world, history, in_bell, ln_p, speed, n, dt, weight):
    """Fall of ln p by pp losses in gas of density n [cm^-3] for dt; counts their energy [GeV], v dp."""
    fall = n * at_momentum(world.table.loss_rate, world.table, ln_p) * dt
    side = 1 if in_bell else 0
    lost = weight * speed / C_KPC_MYR * math.exp(ln_p) * -math.expm1(-fall)
    world.tally.pp_loss[history.group, side] += lost
    return fall


@small_kernel
def after_losses(world, history, in_bell, particle, n, dt):
    """The particle after pp losses in gas of density n for dt: (particle, ln p last binned, bins lost)."""
    weight = history.weight
    ln_p = particle.ln_p - lose(world, history, in_bell, particle.ln_p, particle.speed, n, dt, weight)
    particle = turned(particle, direction_of(particle), ln_p)
    if abs(ln_p - history.ln_p_binned) > BINNED_LN_P:
        return particle, ln_p, bins_lost_of(world.controls, history.group, ln_p)
    return particle, history.ln_p_binned, history.bins_lost
