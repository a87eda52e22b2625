"""Estimates, before a run, what orbits through given turbulence cost and how accurate they are."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields.turbulence.scattering import expected_D
from ...fields.turbulence.synthetic import Turbulence
from ...fields.units import momentum_GeV, speed_kpc_Myr
from ...fields.waves.streaming import larmor_radius_kpc
from ..kernels.orbit import orbit_step_kpc
from .measure import LONGEST_RECORDS, RECORDS, longest_path_kpc

# Log-spaced waves put D up at r_L > l_c: by 67, 22 and 9% at r_L = 5 l_c with 64, 128 and 250 waves in three
# decades (isotropic Kolmogorov turbulence); the line through these is 67% (21/decade)^1.5.
_BIAS, _BIAS_MODES, _BIAS_POWER = 0.67, 64 / 3, 1.5
LARGEST_BIAS = 0.2
# Of one thread: a wave, and the rest of a step; and what else is done for a particle.
_NS_PER_MODE, _NS_PER_STEP, _S_PER_PARTICLE = 1.0, 100.0, 1e-3
LONGEST_CORE_HOURS = 2.0


class Cost(NamedTuple):
    """What to expect of orbits at one energy.

    r_L is in the total field, `bias` that of D, relative; `way_out_kpc` the mean path out of the slab,
    `track_kpc` the length of the tracks that D is measured on.
    """

    energy_GeV: float
    H_kpc: float
    larmor_radius_kpc: float
    correlation_length_kpc: float
    modes_per_decade: float
    step_kpc: float
    mean_free_path_kpc: float
    bias: float
    way_out_kpc: float
    track_kpc: float
    steps: float
    core_hours: float


def estimate_cost(
    turbulence: Turbulence,
    energy_GeV: float,
    H_kpc: float,
    particles: int,
    t_max_Myr: float = math.inf,
    measure_D: bool = True,
) -> Cost:
    """What it takes to follow particles of one energy out of a slab |z| < H, and on tracks without one.

    Parameters
    ----------
    turbulence : Turbulence
        What they go through.
    energy_GeV : float
        Total energy.
    H_kpc, t_max_Myr : float
        Half-thickness of the slab, and when histories end.
    particles : int
        How many of them.
    measure_D : bool
        Whether there are tracks to measure D on.
    """
    p = float(momentum_GeV(energy_GeV))
    r_L = float(larmor_radius_kpc(p, turbulence.total_field_uG))
    l_c, speed = turbulence.correlation_length_kpc, float(speed_kpc_Myr(p))
    D_over_v = float(expected_D(turbulence, p)) / speed
    modes = turbulence.modes_per_decade
    few = r_L > l_c and turbulence.mean_field_uG == 0.0
    bias = _BIAS * (_BIAS_MODES / modes) ** _BIAS_POWER if few else 0.0
    step = orbit_step_kpc(r_L, l_c)
    # Diffusively H^2/(2D), and some ways out where there is no scattering: more along a field, since pitch
    # angles near 90 degrees take for ever.
    way_out = 0.5 * H_kpc**2 / D_over_v + H_kpc * (8.0 if turbulence.mean_field_uG > 0 else 2.0)
    way_out = min(way_out, speed * t_max_Myr)
    track = RECORDS / LONGEST_RECORDS * longest_path_kpc(D_over_v, l_c) if measure_D else 0.0
    steps = particles * (way_out + track) / step
    seconds = 1e-9 * steps * (_NS_PER_STEP + turbulence.modes * _NS_PER_MODE) + particles * _S_PER_PARTICLE
    hours = seconds / 3600.0
    return Cost(energy_GeV, H_kpc, r_L, l_c, modes, step, 3.0 * D_over_v, bias, way_out, track, steps, hours)


def refusal(costs: list[Cost], turbulence: Turbulence) -> tuple[str, str] | None:
    """What stands against runs of some energies: the quantity, and why in one line; None if nothing does.

    The quantity is "energies", "H" or "modes".
    """
    shortest = turbulence.wavelengths_kpc[0]
    for cost in costs:
        at = f"at {cost.energy_GeV:.4g} GeV,"
        if cost.larmor_radius_kpc < shortest:
            r_L = f"r_L = {cost.larmor_radius_kpc:.3g} kpc is below the shortest wave, {shortest:.3g} kpc"
            return "energies", f"{at} {r_L}; allowed: energies of which it is above"
        if cost.step_kpc > cost.H_kpc:
            return "H", f"{at} a step is longer; allowed: more than {cost.step_kpc:.3g} kpc"
        if cost.bias > LARGEST_BIAS:
            enough = _BIAS_MODES * (_BIAS / LARGEST_BIAS) ** (1.0 / _BIAS_POWER)
            wanted = math.ceil(turbulence.modes * enough / cost.modes_per_decade)
            return (
                "modes",
                f"{at} {turbulence.modes} put D up by {cost.bias:.0%}; allowed: {wanted} or more",
            )
    hours = sum(cost.core_hours for cost in costs)
    if hours > LONGEST_CORE_HOURS:
        dearest = max(costs, key=lambda cost: cost.core_hours)
        most = f"most of them at {dearest.energy_GeV:.4g} GeV"
        work = f"{sum(cost.steps for cost in costs):.2g} steps take {hours:.2g} core hours"
        return "energies", f"{work}, {most}; allowed: at most {LONGEST_CORE_HOURS:g} core hours"
    return None
