"""Where the kinetic energy of particles goes (`tally.Energy`), and what they lose in collisions with gas.

All is counted where it happens, with the weight that the history has there: it adds up to what was injected
only in the mean over split particles and returns that stand for many.
"""

from __future__ import annotations

import math

from ...fields._jit import kernel
from ...fields.units import M_P_GEV
from ..tally import Energy
from .arithmetic.elementary import exponential, exponential_less_one
from .history import BINNED_LN_P, at_energy, energy_step_of
from .lookup import GAS_CGM, GAS_DISC, GAS_HALO, at_momentum, gas_density
from .particle import R_of, slowed, speed_of

# Above this v is c to 5e-7.
_FAST_GEV = 1e3
INJECTED, STORED, LEFT, TAKEN_UP, FLOW_HALO, FLOW_BEHIND, AT_WALL = (int(entry) for entry in Energy)
# A move that loses more of ln p is counted in parts, each at the energy that is left.
MOST_LOST = 0.02
_MOST_PARTS = 10_000


@kernel
def energy_of_fall(ln_p, fall):
    """Kinetic energy that goes with a fall of ln p from a momentum [GeV], v dp with v in its middle.

    To 1e-5 of it for slow protons, whose falls are 0.02 at most in gas; for fast ones v is c.
    """
    before = exponential(ln_p)
    lost = -before * exponential_less_one(-fall)
    if before > _FAST_GEV:
        return lost
    middle = before - 0.5 * lost
    return lost * middle / math.sqrt(middle * middle + M_P_GEV * M_P_GEV)


@kernel
def count_fall(tally, group, entry, weight, ln_p, fall):
    """Count what a fall of ln p has taken from a particle of a momentum."""
    tally.energy[group, entry] += weight * energy_of_fall(ln_p, fall)


@kernel
def count_whole(tally, group, entry, weight, ln_p):
    """Count all that a particle has: at its injection, and where its history ends."""
    p2 = math.exp(2.0 * ln_p)
    tally.energy[group, entry] += weight * p2 / (math.sqrt(p2 + M_P_GEV * M_P_GEV) + M_P_GEV)


@kernel
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
    return min(max(int(math.ceil(lost / MOST_LOST)), 1), _MOST_PARTS)


@kernel
def loss_of(table, ln_p, n, dt):
    """Fall of ln p by pp losses in gas of density n [cm^-3] for dt."""
    return n * at_momentum(table.loss_rate, table, ln_p) * dt


@kernel
def lose(world, history, in_bell, ln_p, n, dt):
    """Fall of ln p by pp losses in gas of density n [cm^-3] for dt; counts their energy [GeV]."""
    fall = loss_of(world.table, ln_p, n, dt)
    side = 1 if in_bell else 0
    world.tally.pp_loss[history.group, side] += history.weight * energy_of_fall(ln_p, fall)
    return fall


@kernel
def with_ln_p(world, history, ln_p):
    """The history at another momentum: its energy step is found anew where that has changed enough."""
    if abs(ln_p - history.ln_p_binned) > BINNED_LN_P:
        return at_energy(history, ln_p, energy_step_of(world.controls, history.group, ln_p))
    return history


@kernel
def after_losses(world, history, in_bell, particle, n, dt):
    """The particle after pp losses in gas of density n for dt, and its history."""
    ln_p = particle.ln_p - lose(world, history, in_bell, particle.ln_p, n, dt)
    # At rest in the plasma nothing else finds its speed anew.
    changed = abs(ln_p - history.ln_p_binned) > BINNED_LN_P
    speed = speed_of(ln_p) if changed else particle.speed
    return slowed(particle, ln_p, speed), with_ln_p(world, history, ln_p)
