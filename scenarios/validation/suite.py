"""All known answers, computed here and now.

Each check is a function of the number of particles' scale (1 for the full set) that returns rows
{name, value, expected, error, tolerance, passed}; the tests show for each that a broken twin of the code
fails it.
"""

from __future__ import annotations

from collections.abc import Callable

from .along_the_field import (
    focused,
    hand_over,
    isotropic_limit,
    leaning_walls,
    mirrors,
    oblique_wall,
    steps_alone,
    tilted_slab,
    tube_halo,
)
from .bubble import (
    blast_and_tube,
    bubble_in_adiabatic_gas,
    bubble_in_cold_gas,
    bubble_that_stalls,
    cosmic_rays_in_gas_at_rest,
    energy_of_the_bubble,
)
from .discs import disc_of_any_radius, discs_as_observed
from .energy import energy_counters, momentum_balance
from .galactic_orbits import carried_orbits, lines_and_waves, mirrored_orbits, orbits_in_a_tube
from .helium import helium
from .importance import weight_windows
from .near_sources.cocoons import flux_of_many_sources, light_of_a_life
from .near_sources.leaky_box import boron_of_two_boxes, flat_grammage, no_cocoons, radiating_positrons
from .near_sources.tube import (
    collective_escape,
    diffusion_in_a_tube,
    particles_in_a_tube,
    residence_in_a_tube,
    steps_in_a_tube,
    work_on_the_waves,
)
from .nuclei import (
    boron_of_a_grammage,
    cooled_positrons,
    nuclei_kept,
    radioactive_nuclei,
    secondaries_of_a_thin_disc,
)
from .orbits import (
    divergences,
    drifts,
    escape_by_tracks,
    gyration,
    isotropic_turbulence,
    realisations,
    slab_turbulence,
)
from .skies import (
    absorbed_shell,
    disc_at_the_poles,
    emissivity_closure,
    mean_of_the_sky,
    one_pixel,
    region_of_the_sky,
    sphere_around_the_sun,
    sphere_from_inside,
    sphere_from_outside,
    starlight,
)
from .tensor import tensor_leak, tensor_manufactured, tensor_slab, tensor_tube
from .tools import Rows
from .transport import (
    acceleration,
    adiabatic,
    bell_wall,
    half_space,
    milne,
    moving_halo_wall,
    moving_medium,
    represented_wall,
    slab_escape,
    thin_disc,
    wall_loss,
    well_mixed,
)
from .waves import (
    carried_protons,
    circumgalactic_transport_equation,
    ion_neutral_friction,
    manufactured,
    outflow_slab,
    transport_equation_closed_forms,
    two_starts,
    wave_balance,
)
from .whole_runs import energy_budget, nucleon_losses, reweighting, snapshots
from .winds.known_answers import (
    bernoulli_of_winds,
    energy_of_winds,
    parkers_wind,
    particles_of_winds,
    protons_of_winds,
)

QUICK: tuple[tuple[Callable[[float], Rows], float], ...] = (
    (slab_escape, 0.8),
    (milne, 1.0),
    (represented_wall, 0.65),
    (wall_loss, 0.45),
    (moving_medium, 0.6),
    (half_space, 0.6),
    (thin_disc, 0.4),
    (disc_of_any_radius, 1.0),
    (discs_as_observed, 1.0),
    (adiabatic, 0.4),
    (momentum_balance, 1.0),
    (energy_counters, 0.5),
    (weight_windows, 0.25),
    (one_pixel, 1.0),
    (sphere_around_the_sun, 1.0),
    (emissivity_closure, 1.0),
    (helium, 1.0),
    (sphere_from_outside, 1.0),
    (sphere_from_inside, 1.0),
    (disc_at_the_poles, 1.0),
    (absorbed_shell, 1.0),
    (starlight, 1.0),
    (mean_of_the_sky, 1.0),
    (region_of_the_sky, 1.0),
    (nucleon_losses, 1.0),
    (energy_budget, 0.5),
    (gyration, 1.0),
    (drifts, 1.0),
    (divergences, 1.0),
    (realisations, 1.0),
    (isotropic_turbulence, 1.0),
    (lines_and_waves, 0.5),
    (mirrored_orbits, 1.0),
    (carried_orbits, 0.5),
    (wave_balance, 1.0),
    (ion_neutral_friction, 1.0),
    (transport_equation_closed_forms, 1.0),
    (manufactured, 1.0),
    (mirrors, 0.1),
    (tilted_slab, 0.5),
    (isotropic_limit, 0.8),
    (tensor_slab, 1.0),
    (tensor_manufactured, 1.0),
    (tensor_tube, 1.0),
    (tensor_leak, 1.0),
    (two_starts, 1.0),
    (carried_protons, 1.0),
    (outflow_slab, 0.8),
    (blast_and_tube, 1.0),
    (bubble_in_cold_gas, 1.0),
    (bubble_in_adiabatic_gas, 1.0),
    (bubble_that_stalls, 1.0),
    (cosmic_rays_in_gas_at_rest, 1.0),
    (energy_of_the_bubble, 1.0),
    (diffusion_in_a_tube, 1.0),
    (residence_in_a_tube, 1.0),
    (steps_in_a_tube, 1.0),
    (work_on_the_waves, 1.0),
    (collective_escape, 1.0),
    (particles_in_a_tube, 0.3),
    (light_of_a_life, 1.0),
    (flux_of_many_sources, 1.0),
    (bernoulli_of_winds, 1.0),
    (energy_of_winds, 1.0),
    (parkers_wind, 1.0),
    (protons_of_winds, 1.0),
    (particles_of_winds, 0.3),
    (secondaries_of_a_thin_disc, 1.0),
    (radioactive_nuclei, 1.0),
    (nuclei_kept, 1.0),
    (cooled_positrons, 1.0),
    (boron_of_a_grammage, 1.0),
    (flat_grammage, 1.0),
    (boron_of_two_boxes, 1.0),
    (no_cocoons, 1.0),
    (radiating_positrons, 1.0),
)
FULL: tuple[tuple[Callable[[float], Rows], float], ...] = (
    (well_mixed, 1.0),
    (bell_wall, 1.0),
    (moving_halo_wall, 1.0),
    (acceleration, 1.0),
    (steps_alone, 1.0),
    (hand_over, 1.0),
    (focused, 1.0),
    (tube_halo, 1.0),
    (oblique_wall, 1.0),
    (leaning_walls, 1.0),
    (slab_turbulence, 1.0),
    (orbits_in_a_tube, 1.0),
    (escape_by_tracks, 1.0),
    (circumgalactic_transport_equation, 1.0),
    (reweighting, 1.0),
    (snapshots, 1.0),
    *((function, 1.0) for function, _ in QUICK),
)


def run_checks(quick: bool, report: Callable[[str], None] = lambda text: None) -> Rows:
    """All known answers.

    Parameters
    ----------
    quick : bool
        Fewer particles, and without those that take minutes.
    report : callable
        Told what is being computed.
    """
    rows: Rows = []
    for function, scale in QUICK if quick else FULL:
        report((function.__doc__ or "").splitlines()[0])
        rows.extend(function(scale))
    return rows
