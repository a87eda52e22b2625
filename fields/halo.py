"""The magnetised halo: a field that falls off with distance from the disc.

Galactocentric cylindrical coordinates, R and z in kpc; axisymmetric about z and mirror-symmetric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .units import FloatArray


def distance_from_disc_kpc(R_kpc: ArrayLike, z_kpc: ArrayLike, R_d_kpc: float) -> FloatArray:
    """Distance in kpc from the disc z = 0, R < R_d: |z| over the disc, to its rim elsewhere."""
    beyond_rim = np.maximum(np.asarray(R_kpc, dtype=float) - R_d_kpc, 0.0)
    return np.hypot(beyond_rim, z_kpc)


def exponential_field_uG(
    R_kpc: ArrayLike, z_kpc: ArrayLike, B0_uG: float, z_B_kpc: float, R_d_kpc: float
) -> FloatArray:
    """Strength in uG of the halo field B0 exp(-d/z_B), with d the distance from the disc.

    PRL describes "an exponentially decreasing magnetic field"; measuring d to the rim beyond R_d makes
    the halo round off there. A field that falls in |z| alone makes a pancake 75 kpc wide, from which
    particles leave sideways.
    """
    return B0_uG * np.exp(-distance_from_disc_kpc(R_kpc, z_kpc, R_d_kpc) / z_B_kpc)
