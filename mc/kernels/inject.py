"""Injection in the disc."""

from __future__ import annotations

import math

from ...fields._jit import kernel
from ...fields.units import M_P_GEV
from .particle import at, speed_of
from .rng import isotropic, source_draw

# Along the energies of a block, two numbers of its particles advance in strides of a two-dimensional golden
# sequence: the share of the disc's area within the radius of the source, and the optical depth at which a
# wall has captured the particle. They are 1/g and 1/g^2 with g^3 = g + 1.
RADIUS_STRIDE = 0.7548776662466927
OPTICAL_DEPTH_STRIDE = 0.5698402909980532

# The plane is a source of exactly zero height: start just off it, so that |z| has a slope.
_START_Z_KPC = 1e-9


@kernel
def _source_radius(radii, R_d, root):
    """Radius within which a share of the sources lies, from the root of that share."""
    if radii.size == 0:
        return R_d * root
    at = root * (radii.size - 1)
    i = min(int(at), radii.size - 2)
    return radii[i] + (at - i) * (radii[i + 1] - radii[i])


@kernel
def inject(table, controls, group, particle_id, split, area):
    """A particle in the disc: where sources are, isotropic, log-uniform energy within its group.

    `area` in (0, 1) is the share of the sources within its radius; of a uniform disc, that of its area.
    """
    u0, u1, u2, u3 = source_draw(controls.seed, particle_id, split)
    low, high = controls.energy_edges[group], controls.energy_edges[group + 1]
    energy = low * (high / low) ** u0
    ln_p = 0.5 * math.log((energy - M_P_GEV) * (energy + M_P_GEV))
    R = _source_radius(table.source_radii, controls.R_d, math.sqrt(area))
    azimuth = 2.0 * math.pi * u1
    direction = isotropic(u2, u3)
    x, y, z = R * math.cos(azimuth), R * math.sin(azimuth), math.copysign(_START_Z_KPC, direction.z)
    return at(table, False, x, y, z, direction, ln_p, speed_of(ln_p))
