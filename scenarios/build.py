"""From a scenario to what the engine takes (galaxy, medium, grid, transport, spectrum), and back."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..fields.disc.cube import cube_density_cm3
from ..fields.exceptions import NotConverged
from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..fields.turbulence.of_galaxy import galactic_turbulence
from ..fields.turbulence.of_halo import turbulence_of_halo
from ..fields.turbulence.scattering import power_law_D, two_zone_D
from ..fields.turbulence.synthetic import Turbulence, kolmogorov, resonant, rms_of_waves_uG, scale_invariant
from ..fields.units import FloatArray
from ..fields.waves.self_generated import WaveModel
from ..mc.blocks import Realisations, Transport
from ..mc.coupled.current import MeasuredCurrent, measure_current
from ..mc.coupled.waves import ConvergedWaves, Iteration, iterate
from ..mc.orbits.cost import estimate_cost, refusal
from ..mc.orbits.galactic_cost import galactic_cost, refusal_in_galaxy
from ..mc.spectrum import Spectrum
from ..mc.tally import TallyGrid, energy_groups, galactic_grid
from .driven_wind import radial_wind
from .file.quantities import ScenarioError, refused_as
from .file.scenario import Scenario, from_values
from .file.tables import GIVEN_D, OWN_FUNCTIONS, text_of
from .progress import Progress, quiet

# Parameters of a `Galaxy`, and the table and key of a scenario that each of them stands in.
_KEYS = {
    "B0_uG": ("medium", "B0"),
    "z_B_kpc": ("medium", "z_B"),
    "halo": ("medium", "halo"),
    "H_kpc": ("medium", "H"),
    "waves": ("medium", "waves"),
    "H_waves_kpc": ("medium", "H_waves"),
    "field": ("medium", "field"),
    "B_pol_uG": ("medium", "B_pol"),
    "R_pol_kpc": ("medium", "R_pol"),
    "z_open_kpc": ("medium", "z_open"),
    "epsilon": ("medium", "epsilon"),
    "wander_kpc": ("medium", "wander"),
    "drifts": ("medium", "drifts"),
    "n_i_cm3": ("medium", "n_i"),
    "v_s_kpc_Myr": ("medium", "v_s"),
    "bell": ("medium", "bell"),
    "saturation": ("medium", "saturation"),
    "outflow_recipe": ("medium", "outflow"),
    "two_way": ("medium", "two_way"),
    "B_cgm_uG": ("medium", "B_cgm"),
    "D_over_bohm": ("medium", "D_over_bohm"),
    "delta_G": ("medium", "delta_G"),
    "cgm_core_kpc": ("medium", "cgm_core"),
    "cgm_beta": ("medium", "cgm_beta"),
    "gas": ("medium", "gas"),
    "radial": ("source", "radial"),
    "helium_factor": ("medium", "helium_factor"),
    "L_CR_erg_s": ("source", "L_CR"),
    "R_d_kpc": ("source", "R_d"),
    "slope": ("source", "slope"),
    "E_min_GeV": ("source", "E_min"),
    "E_max_GeV": ("source", "E_max"),
    "r_max_kpc": ("transport", "r_max"),
}


class Setup(NamedTuple):
    """What particles are to be followed in: given, or found with their own waves or current."""

    galaxy: Galaxy
    medium: Medium
    waves: ConvergedWaves | None = None
    current: MeasuredCurrent | None = None


def galaxy_of(scenario: Scenario) -> Galaxy:
    """The galaxy of a scenario, with the losses of nucleons in collisions with its gas."""
    found_waves = scenario.self_consistency
    given = {name: getattr(getattr(scenario, table), key) for name, (table, key) in _KEYS.items()}
    if given["waves"] in ("self-consistent", *GIVEN_D):
        # The search for waves begins with these; a D that is given takes their place.
        given["waves"] = "nlld"
    if given["gas"].endswith(".fits"):
        given |= {"disc_gas_cm3": cube_density_cm3(given["gas"], given["R_d_kpc"]), "gas": "uniform"}
    given["L_CR_erg_s"] *= scenario.composition.energy_over_protons if scenario.composition else 1.0
    given |= {key: getattr(spectrum_of(scenario), key) for key in ("slope_beyond", "E_break_GeV")}
    if scenario.wind is not None:
        given["wind"] = radial_wind(
            scenario.wind, spectrum_of(scenario), given["L_CR_erg_s"], given["R_d_kpc"]
        )
    moving = found_waves is not None and found_waves.advected
    galaxy = Galaxy(**given, waves_move=moving)
    if scenario.two_zone is None and scenario.diffusion is None:
        return galaxy

    def diffusion(p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        return _given_D(scenario, p_GeV, galaxy.height_kpc(R_kpc, z_kpc))

    return replace(galaxy, diffusion=diffusion)


def _given_D(scenario: Scenario, p_GeV: ArrayLike, height_kpc: ArrayLike) -> FloatArray:
    """D of a [two_zone] or a [diffusion] at a distance from the disc [kpc2/Myr]."""
    if (zones := scenario.two_zone) is not None:
        return two_zone_D(
            p_GeV, height_kpc, zones.D0, zones.p0, zones.slope_disc, zones.slope_halo, zones.thickness
        )
    law = scenario.diffusion
    assert law is not None
    scale = math.inf if law.scale == "none" else law.scale
    broken = law.delta, law.R_break, law.delta_high, law.smoothness
    return power_law_D(p_GeV, height_kpc, law.D0, law.R0, *broken, law.eta, scale)


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
        seed=t.seed,
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
    return galactic_grid(edges, galaxy)


def transport_of(scenario: Scenario, setup: Setup | None = None) -> Transport:
    """How the particles of a scenario are followed, orbits through the medium of a `setup`."""
    t = scenario.transport
    return Transport(
        particles=t.particles,
        seed=t.seed,
        method=t.method,
        acceleration=t.acceleration,
        t_max_Myr=t.t_max,
        R_d_kpc=scenario.source.R_d,
        turbulence=realisations_of(scenario, setup),
    )


def spectrum_of(scenario: Scenario) -> Spectrum:
    """The injection spectrum of a scenario."""
    s = scenario.source
    above, beyond = (None if isinstance(each, str) else each for each in (s.slope_above, s.slope_beyond))
    return Spectrum(s.L_CR, s.slope, s.E_min, s.E_max, above, beyond, s.E_break)


def with_spectrum(scenario: Scenario, spectrum: Spectrum) -> Scenario:
    """The scenario with the source of another spectrum."""
    source = scenario.source.model_copy(update=_source_of(spectrum))
    return scenario.model_copy(update={"source": source})


def _source_of(spectrum: Spectrum) -> dict[str, Any]:
    """The keys of a [source] that a spectrum has."""
    return {
        "L_CR": spectrum.L_CR_erg_s,
        "slope": spectrum.slope,
        "E_min": spectrum.E_min_GeV,
        "E_max": spectrum.E_max_GeV,
        "slope_above": "cut-off" if spectrum.slope_above is None else spectrum.slope_above,
        "slope_beyond": "none" if spectrum.slope_beyond is None else spectrum.slope_beyond,
        "E_break": spectrum.E_break_GeV,
    }


def sky_energies_GeV(scenario: Scenario) -> FloatArray:
    """Energies that the maps and spectra of a scenario are made at."""
    low, high, count, *further = scenario.sky.energies
    even = np.geomspace(low, high, count)
    apart = [not np.isclose(E, further, rtol=1e-9).any() for E in even]
    return np.unique([*even[apart], *further])


def realisations_of(scenario: Scenario, setup: Setup | None = None) -> Realisations | None:
    """What the orbits of a scenario go through, if it has any: its galaxy, where that has field lines."""
    if scenario.transport.method != "orbit" or not scenario.medium.has_lines:
        return turbulence_of(scenario)
    setup = setup or given_medium(scenario)
    with refused_as("transport.energy_range"):
        return galactic_turbulence(setup.galaxy, setup.medium, scenario.transport.energy_range)


def turbulence_of(scenario: Scenario) -> Turbulence | None:
    """The homogeneous turbulence that its orbits go through: its [turbulence], or the waves of its halo."""
    if scenario.transport.method != "orbit":
        return None
    if scenario.turbulence is None:
        galaxy = galaxy_of(scenario)
        F = partial(galaxy.wave_power, B_uG=galaxy.B0_uG)
        return turbulence_of_halo(F, galaxy.B0_uG, *scenario.transport.energy_range)
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


def find_medium(scenario: Scenario, threads: int, progress: Progress = quiet) -> Setup:
    """The galaxy and medium of a scenario, with the waves and the current that were found for them, if any.

    Raises
    ------
    UserError
        If its values leave no halo, or its orbits cannot be right or take too long.
    NotConverged
        If the waves or the current do not converge.
    """
    setup = given_medium(scenario)
    check_orbits(scenario, setup)
    if scenario.self_consistency is not None:
        waves = find_waves(scenario, setup.galaxy, threads, progress)
        setup = Setup(waves.galaxy, waves.galaxy.medium(), waves)
    if scenario.medium.current == "measured":
        current = find_current(scenario, setup.galaxy, threads, progress)
        setup = Setup(current.galaxy, current.galaxy.medium(), setup.waves, current)
    return setup


def find_current(scenario: Scenario, galaxy: Galaxy, threads: int, progress: Progress) -> MeasuredCurrent:
    """The current of a scenario that has it measured.

    Raises
    ------
    NotConverged
        If the rounds do not converge.
    """
    found = measure_current(
        galaxy,
        lambda galaxy: grid_of(scenario, galaxy),
        transport_of(scenario),
        spectrum_of(scenario),
        threads,
        lambda done, most: progress("Rounds", done, most),
    )
    if not found.converged:
        rounds, change = len(found.changes), found.changes[-1]
        raise NotConverged(f"medium.current: the field still changes by {change:.1%} after {rounds} rounds")
    return found


def find_waves(scenario: Scenario, galaxy: Galaxy, threads: int, progress: Progress) -> ConvergedWaves:
    """The waves of a scenario with a [self_consistency].

    Raises
    ------
    NotConverged
        If the rounds do not converge; it carries what was found so far.
    """
    transport = transport_of(scenario)
    grid, spectrum = grid_of(scenario, galaxy), spectrum_of(scenario)
    try:
        waves = iterate(
            galaxy,
            wave_model_of(scenario),
            iteration_of(scenario),
            transport,
            grid,
            spectrum,
            threads,
            progress,
        )
    except ArithmeticError as error:
        raise NotConverged(str(error)) from None
    if not waves.converged:
        raise NotConverged(waves.outcome, waves)
    return waves


def given_medium(scenario: Scenario) -> Setup:
    """The galaxy and medium of a scenario before any waves or current are found.

    Raises
    ------
    UserError
        If its values leave no halo, or it is of a galaxy that was made of functions in Python.
    """
    if scenario.medium.functions is not None:
        named = text_of(scenario.medium, "functions")
        raise ScenarioError(
            f"medium.functions = {named}: allowed: from Python, where `simulate` is given these functions"
        )
    galaxy = galaxy_of(scenario)
    return Setup(galaxy, galaxy.medium())


def scenario_of(
    galaxy: Galaxy,
    spectrum: Spectrum,
    transport: Transport,
    energy_range_GeV: tuple[float, float],
    nside: int,
) -> Scenario:
    """A galaxy, a spectrum and a transport made in Python as a scenario, which checks their values.

    A scenario holds no functions: it names those that the galaxy was given, and is not run from a file.

    Raises
    ------
    ScenarioError
        If a value is not one that a scenario may have.
    """
    tables: dict[str, dict[str, Any]] = {
        "medium": {"functions": functions_of(galaxy) or None},
        "source": _source_of(spectrum),
        "transport": {
            "method": transport.method,
            "acceleration": transport.acceleration,
            "energy_range": energy_range_GeV,
            "t_max": transport.t_max_Myr,
            "particles": transport.particles,
            "seed": transport.seed,
        },
        "sky": {"nside": nside},
    }
    for name, (table, key) in _KEYS.items():
        if not callable(value := getattr(galaxy, name)):
            tables[table][key] = value
    return from_values("A galaxy made in Python", tables)


def functions_of(galaxy: Galaxy) -> list[str]:
    """Names of the functions that a galaxy was given in Python."""
    return [name for name in OWN_FUNCTIONS if callable(getattr(galaxy, name))]


def check_orbits(scenario: Scenario, setup: Setup) -> None:
    """Refuse orbits through a halo that cannot be right, or take too long."""
    if scenario.transport.method != "orbit":
        return
    refused = _refusal_by_lines(scenario, setup) if scenario.medium.has_lines else _refusal_of_halo(scenario)
    if refused:
        raise ScenarioError('{}: with transport.method = "orbit", {}'.format(*refused))


def _orbits_of_each(scenario: Scenario) -> tuple[FloatArray, int]:
    """(energies, particles of each): the upper ends of the groups."""
    edges = energy_groups(*scenario.transport.energy_range)
    return edges[1:], math.ceil(scenario.transport.particles / (len(edges) - 1))


def _refusal_by_lines(scenario: Scenario, setup: Setup) -> tuple[str, str] | None:
    energies, share = _orbits_of_each(scenario)
    R_d, t_max = scenario.source.R_d, scenario.transport.t_max
    costs = [galactic_cost(setup.galaxy, setup.medium, float(E), share, R_d, t_max) for E in energies]
    refused = refusal_in_galaxy(costs)
    return ("transport.energy_range", refused) if refused else None


def _refusal_of_halo(scenario: Scenario) -> tuple[str, str] | None:
    turbulence, (energies, share) = turbulence_of(scenario), _orbits_of_each(scenario)
    assert turbulence is not None
    H, t_max = scenario.medium.H, scenario.transport.t_max
    costs = [estimate_cost(turbulence, float(E), H, share, t_max, measure_D=False) for E in energies]
    refused = refusal(costs, turbulence)
    if refused is None:
        return None
    return {"energies": "transport.energy_range", "H": "medium.H"}.get(refused[0], refused[0]), refused[1]
