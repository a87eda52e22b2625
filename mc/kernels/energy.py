"""Where the kinetic energy of the particles goes (`tally.Energy`), but for collisions, which `losses` counts.

All is counted where it happens, with the weight that the history has there: it adds up to what was injected
only in the mean over split particles and returns that stand for many.
"""

from __future__ import annotations

import math

from ...fields._jit import kernel, small_kernel
from ...fields.units import M_P_GEV
from ..tally import Energy

# Above this v is c to 5e-7.
_FAST_GEV = 1e3
INJECTED, STORED, LEFT, TAKEN_UP, FLOW_HALO, FLOW_BEHIND, AT_WALL = (int(entry) for entry in Energy)


@small_kernel
def energy_of_fall(ln_p, fall):
    """Kinetic energy that goes with a fall of ln p from a momentum [GeV], v dp with v in its middle.

    To 1e-5 of it for slow protons, whose falls are 0.02 at most in gas; for fast ones v is c.
    """
    before = math.exp(ln_p)
    lost = -before * math.expm1(-fall)
    if before > _FAST_GEV:
        return lost
    middle = before - 0.5 * lost
    return lost * middle / math.sqrt(middle * middle + M_P_GEV * M_P_GEV)


@small_kernel
def count_fall(tally, group, entry, weight, ln_p, fall):
    """Count what a fall of ln p has taken from a particle of a momentum."""
    tally.energy[group, entry] += weight * energy_of_fall(ln_p, fall)


@kernel
def count_whole(tally, group, entry, weight, ln_p):
    """Count all that a particle has: at its injection, and where its history ends."""
    p2 = math.exp(2.0 * ln_p)
    tally.energy[group, entry] += weight * p2 / (math.sqrt(p2 + M_P_GEV * M_P_GEV) + M_P_GEV)
