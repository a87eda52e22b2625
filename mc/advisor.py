"""What orbits through given turbulence would cost and how far they could be trusted, before they are run."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..fields.scattering import expected_D
from ..fields.streaming import larmor_radius_kpc
from ..fields.turbulence import Turbulence
from ..fields.units import momentum_GeV, speed_kpc_Myr
from .orbit import orbit_step_kpc

# Log-spaced waves put D up at r_L > l_c: by 67, 22 and 9% at r_L = 5 l_c with 64, 128 and 250 waves in three
# decades (isotropic Kolmogorov turbulence); the line through these is 67% (21/decade)^1.5.
_BIAS, _BIAS_MODES, _BIAS_POWER = 0.67, 64 / 3, 1.5
LARGEST_BIAS = 0.2
# Of one thread: a wave, and the rest of a step.
_NS_PER_MODE, _NS_PER_STEP = 1.0, 100.0
LONGEST_CORE_HOURS = 2.0


class Advice(NamedTuple):
    """What to expect of orbits at one energy; `bias` is that of D, relative."""

    energy_GeV: float
    H_kpc: float
    larmor_radius_kpc: float
    correlation_length_kpc: float
    modes_per_decade: float
    step_kpc: float
    mean_free_path_kpc: float
    bias: float
    steps: float
    core_hours: float


def advise(turbulence: Turbulence, energy_GeV: float, H_kpc: float, particles: int) -> Advice:
    """What it takes to follow particles of one energy out of a slab |z| < H.

    Parameters
    ----------
    turbulence : Turbulence
        What they go through.
    energy_GeV : float
        Total energy.
    H_kpc : float
        Half-thickness of the slab.
    particles : int
        How many of them.
    """
    p = float(momentum_GeV(energy_GeV))
    r_L = float(larmor_radius_kpc(p, turbulence.reference_field_uG))
    l_c, speed = turbulence.correlation_length_kpc, float(speed_kpc_Myr(p))
    mean_free_path = 3.0 * float(expected_D(turbulence, p)) / speed
    modes = turbulence.modes_per_decade
    few = r_L > l_c and turbulence.mean_field_uG == 0.0
    bias = _BIAS * (_BIAS_MODES / modes) ** _BIAS_POWER if few else 0.0
    step = orbit_step_kpc(r_L, l_c)
    # Diffusively H^2/(2D), and some ways out where there is no scattering: more along a field, since pitch
    # angles near 90 degrees take for ever.
    path = 1.5 * H_kpc**2 / mean_free_path + H_kpc * (8.0 if turbulence.mean_field_uG > 0 else 2.0)
    steps = particles * path / step
    seconds = 1e-9 * steps * (_NS_PER_STEP + turbulence.modes * _NS_PER_MODE)
    return Advice(energy_GeV, H_kpc, r_L, l_c, modes, step, mean_free_path, bias, steps, seconds / 3600.0)


def refusal(advice: Advice, turbulence: Turbulence) -> tuple[str, str] | None:
    """What stands against such a run: the quantity, and why in one line; None if nothing does.

    The quantity is "energies", "H" or "modes".
    """
    at = f"at {advice.energy_GeV:.4g} GeV,"
    shortest = turbulence.wavelengths_kpc[0]
    if advice.larmor_radius_kpc < shortest:
        r_L = f"r_L = {advice.larmor_radius_kpc:.3g} kpc is below the shortest wave, {shortest:.3g} kpc"
        return "energies", f"{at} {r_L}; allowed: energies of which it is above"
    if advice.step_kpc > advice.H_kpc:
        return "H", f"{at} a step is longer; allowed: more than {advice.step_kpc:.3g} kpc"
    if advice.bias > LARGEST_BIAS:
        enough = _BIAS_MODES * (_BIAS / LARGEST_BIAS) ** (1.0 / _BIAS_POWER)
        wanted = math.ceil(turbulence.modes * enough / advice.modes_per_decade)
        return "modes", f"{at} {turbulence.modes} put D up by {advice.bias:.0%}; allowed: {wanted} or more"
    if advice.core_hours > LONGEST_CORE_HOURS:
        work = f"{advice.steps:.2g} steps take {advice.core_hours:.2g} core hours"
        return "energies", f"{at} {work}; allowed: what takes {LONGEST_CORE_HOURS:g}"
    return None
