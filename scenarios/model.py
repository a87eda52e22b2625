"""A scenario turned into what the engine takes: the galaxy, the tally grid, the transport, the spectrum."""

from __future__ import annotations

from dataclasses import replace

from ..fields.galaxy import Galaxy
from ..fields.turbulence import Turbulence, kolmogorov, resonant, rms_of_waves_uG, scale_invariant
from ..maps.secondaries import inelasticity
from ..mc.run import Transport
from ..mc.source import Spectrum
from ..mc.tally import TallyGrid, energy_groups, galactic_grid
from .schema import Scenario


def galaxy_of(scenario: Scenario) -> Galaxy:
    """The galaxy of a scenario; pp losses take their inelasticity from the yields that make its light."""
    m, s = scenario.medium, scenario.source
    return Galaxy(
        B0_uG=m.B0,
        z_B_kpc=m.z_B,
        halo=m.halo,
        H_kpc=m.H,
        waves=m.waves,
        H_waves_kpc=m.H_waves,
        n_i_cm3=m.n_i,
        v_s_kpc_Myr=m.v_s,
        bell=m.bell,
        saturation=m.saturation,
        two_way=m.two_way,
        delta_G=m.delta_G,
        helium_factor=m.helium_factor,
        L_CR_erg_s=s.L_CR,
        R_d_kpc=s.R_d,
        slope=s.slope,
        E_min_GeV=s.E_min,
        E_max_GeV=s.E_max,
        r_max_kpc=scenario.transport.r_max,
        inelasticity=inelasticity,
    )


def grid_of(scenario: Scenario, galaxy: Galaxy) -> TallyGrid:
    """Energy groups over the range that is followed, and cells that fit the galaxy."""
    edges = energy_groups(*scenario.transport.energy_range)
    return galactic_grid(edges, *galaxy.surface_extent_kpc(), scenario.transport.r_max)


def transport_of(scenario: Scenario) -> Transport:
    """How the particles of a scenario are followed."""
    t = scenario.transport
    return Transport(
        particles=t.particles,
        seed=t.seed,
        method=t.method,
        acceleration=t.acceleration,
        t_max_Myr=t.t_max,
        R_d_kpc=scenario.source.R_d,
        turbulence=turbulence_of(scenario),
    )


def spectrum_of(scenario: Scenario) -> Spectrum:
    """The injection spectrum of a scenario."""
    s = scenario.source
    return Spectrum(L_CR_erg_s=s.L_CR, slope=s.slope, E_min_GeV=s.E_min, E_max_GeV=s.E_max)


def turbulence_of(scenario: Scenario) -> Turbulence | None:
    """What the orbits of a scenario go through: its [turbulence], or the waves of its halo."""
    if scenario.transport.method != "orbit":
        return None
    if scenario.turbulence is None:
        return galaxy_of(scenario).turbulence(*scenario.transport.energy_range)
    t = scenario.turbulence
    waves = replace(galaxy_of(scenario), waves="nlld-local")
    power = {
        "kolmogorov": kolmogorov,
        "scale-invariant": scale_invariant,
        "self-generated": resonant(lambda E: t.level * waves.wave_power(E, t.mean_field), t.mean_field),
    }[t.spectrum]
    rms = t.rms_field
    if rms == "auto":
        if t.spectrum == "self-generated":
            rms = rms_of_waves_uG(power, t.wavelengths, t.mean_field)
        else:
            rms = float(waves.saturated_field_uG(0.0, 0.0))
    return Turbulence(power, t.wavelengths, t.modes, float(rms), t.mean_field, t.geometry)
