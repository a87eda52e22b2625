"""A scenario turned into what the engine takes: the galaxy, the tally grid, the transport, the spectrum."""

from __future__ import annotations

from dataclasses import replace

from numpy.typing import ArrayLike

from ..fields.galaxy import Galaxy
from ..fields.scattering import two_zone_D
from ..fields.self_generated import WaveModel
from ..fields.turbulence import Turbulence, kolmogorov, resonant, rms_of_waves_uG, scale_invariant
from ..fields.units import FloatArray
from ..maps.secondaries import inelasticity
from ..mc.run import Transport
from ..mc.self_consistency import Iteration
from ..mc.source import Spectrum
from ..mc.tally import TallyGrid, energy_groups, galactic_grid
from .schema import Scenario


def galaxy_of(scenario: Scenario) -> Galaxy:
    """The galaxy of a scenario; pp losses take their inelasticity from the yields that make its light."""
    m, s, t, two_zone = scenario.medium, scenario.source, scenario.self_consistency, scenario.two_zone
    galaxy = Galaxy(
        B0_uG=m.B0,
        z_B_kpc=m.z_B,
        halo=m.halo,
        H_kpc=m.H,
        # Those that are found begin as these.
        waves="nlld" if m.waves in ("self-consistent", "two-zone") else m.waves,
        waves_move=t is not None and t.advected,
        H_waves_kpc=m.H_waves,
        n_i_cm3=m.n_i,
        v_s_kpc_Myr=m.v_s,
        bell=m.bell,
        saturation=m.saturation,
        two_way=m.two_way,
        B_cgm_uG=m.B_cgm,
        D_over_bohm=m.D_over_bohm,
        delta_G=m.delta_G,
        cgm_core_kpc=m.cgm_core,
        cgm_beta=m.cgm_beta,
        helium_factor=m.helium_factor,
        L_CR_erg_s=s.L_CR,
        R_d_kpc=s.R_d,
        slope=s.slope,
        E_min_GeV=s.E_min,
        E_max_GeV=s.E_max,
        r_max_kpc=scenario.transport.r_max,
        inelasticity=inelasticity,
    )
    if two_zone is None:
        return galaxy

    def diffusion(p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        return two_zone_D(
            p_GeV, galaxy.height_kpc(R_kpc, z_kpc), two_zone.D0, two_zone.p0,
            two_zone.slope_disc, two_zone.slope_halo, two_zone.thickness,
        )  # fmt: skip

    return replace(galaxy, diffusion=diffusion)


def wave_model_of(scenario: Scenario) -> WaveModel:
    """What makes and damps the waves of a scenario with a [self_consistency]."""
    m, t = scenario.medium, scenario.self_consistency
    assert t is not None
    return WaveModel(
        growth=t.growth,
        v_s_kpc_Myr=m.v_s if t.nonlinear_landau else 0.0,
        n_i_cm3=m.n_i,
        cascade=t.cascade,
        advected=t.advected,
        injected_power=t.injected_power,
        injection_scale_kpc=t.injection_scale,
        injection_height_kpc=t.injection_height,
        shear_scale_kpc=t.shear_scale,
        neutral_density_cm3=t.neutrals,
        neutral_height_kpc=t.neutral_height,
        temperature_K=t.temperature,
    )


def iteration_of(scenario: Scenario) -> Iteration:
    """How its waves are found."""
    t = scenario.self_consistency
    assert t is not None
    return Iteration(t.solver, t.start, t.tolerance, t.relaxation, t.most_rounds)


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
    above = None if s.slope_above == "cut-off" else s.slope_above
    return Spectrum(s.L_CR, s.slope, s.E_min, s.E_max, above)


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
