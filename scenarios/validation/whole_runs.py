"""Known answers of whole runs: another spectrum, another age, and where the energy went."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.gas_density import inelastic_cross_section_mb
from ...fields.units import C_CM_S, GEV_ERG, KPC_CM, M_P_GEV, MBARN_CM2, MYR_S, momentum_GeV
from ...maps.light.secondaries import SECONDARIES, light_fraction
from ...maps.light.sky_model import SkyModel
from ...mc.blocks import Transport
from ...mc.engine import run
from ...mc.result import Result
from ...mc.spectrum import Spectrum
from ...mc.tally import AGES_MYR, SHELLS, Region, energy_groups, galactic_grid
from ...mc.uncertainty import value_and_error
from .tools import Rows, row

EARLY = 3  # of AGES_MYR: 300 Myr


def _run(
    galaxy: Galaxy, low_GeV: float, high_GeV: float, transport: Transport, spectrum: Spectrum | None = None
) -> Result:
    grid = galactic_grid(energy_groups(low_GeV, high_GeV), galaxy)
    return run(galaxy.medium(), grid, transport, spectrum or Spectrum(), threads=2)


def _ratio(name: str, a: np.ndarray, b: np.ndarray, tolerance: float) -> dict[str, Any]:
    """A row of the ratio of two independent runs, from their replicas."""
    (value, error), (other, other_error) = value_and_error(a), value_and_error(b)
    return row(
        name, value / other, 1.0, value / other * np.hypot(error / value, other_error / other), tolerance
    )


def reweighting(scale: float) -> Rows:
    """A run with E^-2 reweighted to E^-2.3 is a new run with E^-2.3 in the same medium."""
    galaxy, number = Galaxy(delta_G=1.0), int(1600 * scale)
    flat = _run(galaxy, 1e2, 1e4, Transport(number, 31)).reweight(slope=2.3)
    steep = _run(galaxy, 1e2, 1e4, Transport(number, 32), Spectrum(slope=2.3))
    rows = []
    for place, region in (("disc", Region.DISC), ("behind the wall", Region.NEAR)):
        a, b = (each.density_cm3("region")[..., region] @ each.current_energy_GeV for each in (flat, steep))
        rows.append(_ratio(f"reweighted to E^-2.3 over a new run: energy density {place}", a, b, 0.1))
    return rows


def snapshots(scale: float) -> Rows:
    """What a run says of an earlier age is what a run that ends then finds; the last age is all there is."""
    galaxy, number = Galaxy(delta_G=1.0), int(1600 * scale)
    long = _run(galaxy, 1e3, 3e3, Transport(number, 33, t_max_Myr=2e3))
    short = _run(galaxy, 1e3, 3e3, Transport(number, 34, t_max_Myr=float(AGES_MYR[EARLY])))

    def protons(result: Result, age: int) -> np.ndarray:
        inside = result.snapshots_cm3()[:, :, age] * result.volumes_kpc3["filling"]
        return np.asarray(inside[..., :SHELLS].sum(axis=(1, 2)))

    everything = (long.density_cm3("bell") * long.volumes_kpc3["bell"]).sum(axis=(1, 2, 3))
    whole = protons(long, -1)[0] / everything[0]
    return [
        _ratio(
            f"snapshot at {AGES_MYR[EARLY]:g} Myr over a run that ends then: protons behind the wall",
            protons(long, EARLY),
            protons(short, -1),
            0.1,
        ),
        row("snapshots added up over what the cells hold", whole, 1.0, 0.0, 1e-4),
    ]


def nucleon_losses(scale: float) -> Rows:
    """Loss rate of the main galaxy's protons against c n sigma_inel T/2 (Mannheim & Schlickeiser 1994)."""
    medium, rows = Galaxy().medium(), []
    for T in (1.0, 3.0, 9.0, 100.0, 1e4):
        E = T + M_P_GEV
        p = float(momentum_GeV(E))
        collisions_Myr = float(inelastic_cross_section_mb(E)) * MBARN_CM2 * C_CM_S * p / E * MYR_S
        published = 0.5 * T * collisions_Myr
        # dE = v dp
        ours = float(medium.loss_rate_Myr(np.array([p]))[0]) * p * p / E
        rows.append(
            row(f"nucleon losses over the published rate, T = {T:g} GeV", ours / published, 1.0, 0.0, 0.03)
        )
    return rows


def energy_budget(scale: float) -> Rows:
    """Power in gamma rays, neutrinos and electrons over what pp collisions took from the protons.

    From thin gas to a thick target, in which protons lose all of their energy. They lose here what becomes
    light: the rest, that of the nucleons they strike, heats the gas.
    """
    rows = []
    for delta_G, helium in ((1e2, 1.0), (1e4, (1.33, 1.33, 0.96)), (1e6, 1.0)):
        # From 2 TeV on, far above the lowest energies that are counted.
        spectrum = Spectrum(E_min_GeV=2e3, E_max_GeV=1e5)
        galaxy = Galaxy(inelasticity=light_fraction, delta_G=delta_G, helium_factor=helium)
        result = _run(galaxy, 1.0, 1e6, Transport(int(544 * scale), 35), spectrum)
        light = _power_GeV_s(result, galaxy)
        rates = result.spectrum.group_rates_s(result.grid.energy_edges_GeV)
        lost = np.einsum("g,fgs->fs", rates, result.per_particle("pp_loss"))[0]
        parts = (
            ("disc and halo", light["disc"] + light["halo"], lost[0]),
            ("circumgalactic gas", light["cgm"], lost[1]),
        )
        rows += [
            row(
                f"energy budget of the {name}, delta_G = {delta_G:g}: light over pp losses",
                shines / loses,
                1.0,
                0.0,
                0.02,
            )
            for name, shines, loses in parts
        ]
        assert 0.0 < lost.sum() < spectrum.L_CR_erg_s / GEV_ERG
    return rows


def _power_GeV_s(result: Result, galaxy: Galaxy) -> dict[str, float]:
    """What each component of the gas emits in all secondaries."""
    sky_model = SkyModel(result, galaxy.medium(), disc_radius_kpc=galaxy.R_d_kpc)
    E = np.geomspace(1e-3, 1e6, 181)
    R, z = sky_model.nodes_kpc
    within = np.hypot(R[:, None], z) < galaxy.r_max_kpc
    power: dict[str, float] = {}
    for secondary in SECONDARIES:
        # Neutrinos come per flavour.
        flavours = 3.0 if secondary == "neutrino" else 1.0
        per_H = {
            side: np.asarray(np.trapezoid(cells * E**2, np.log(E), axis=-1))[..., None]
            for side, cells in sky_model.emissivity_per_H(secondary, E, slice(0, 1)).items()
        }
        for name, table in sky_model.emissivity(per_H).items():
            over_z = 2.0 * np.trapezoid(table[:, :, 0, 0] * within, z, axis=1)
            total = np.trapezoid(2.0 * np.pi * R * over_z, R) * KPC_CM**3
            power[name] = power.get(name, 0.0) + flavours * float(total)
    return power
