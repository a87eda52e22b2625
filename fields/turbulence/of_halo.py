"""The waves of a constant halo as synthetic turbulence for orbits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..units import FloatArray, momentum_GeV
from ..waves.streaming import larmor_radius_kpc
from .synthetic import Turbulence, resonant, rms_of_waves_uG

# Wavelengths over 2 pi r_L, and how many waves.
_SHORTEST_OVER_LARMOR, _LONGEST_OVER_LARMOR, _MODES_PER_DECADE = 0.05, 2.0, 80


def turbulence_of_halo(
    wave_power: Callable[[FloatArray], FloatArray], B0_uG: float, E_low_GeV: float, E_high_GeV: float
) -> Turbulence:
    """Waves of a power F(E) about a uniform vertical field, as slab turbulence.

    From waves twice as long as resonate with the highest energy to those that resonate with the lowest where
    mu = 0.05.
    """
    ends = larmor_radius_kpc(momentum_GeV(np.array([E_low_GeV, E_high_GeV])), B0_uG)
    wavelengths = 2.0 * np.pi * ends * [_SHORTEST_OVER_LARMOR, _LONGEST_OVER_LARMOR]
    span = (float(wavelengths[0]), float(wavelengths[1]))
    power = resonant(wave_power, B0_uG)
    modes = round(_MODES_PER_DECADE * float(np.log10(span[1] / span[0])))
    return Turbulence(power, span, modes, rms_of_waves_uG(power, span, B0_uG), B0_uG, "slab")
