"""What returns from outside: the density in the disc, its grammage and B/C, with return and without.

The papers take the equilibrium in the Galaxy to be unchanged by what lies outside. In one dimension particles
that come back raise the density by 1 + (1/u)/(integral dz/D); in three, the wall is wider than the disc. How
much comes back hangs on what carries the plasma (`OUTFLOWS`). The bubble that cosmic rays blow is a cavity
around the Galaxy that they fill evenly. A constant density solves the transport equation in the halo (but for
the losses there), so what the cavity holds adds to the density without return.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ...fields import gas_density as gas
from ...fields.exceptions import UserError
from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.units import (
    C_KPC_MYR,
    KPC_CM,
    KPC_MYR_KM_S,
    M_P_G,
    MYR_S,
    FloatArray,
    momentum_GeV,
    speed_kpc_Myr,
)
from ...maps.data.read import boron_over_carbon as measured_boron_over_carbon
from ...maps.figures.studies import coupling_figure
from ...maps.light.at_the_sun import boron_over_carbon, grammage_of
from ...mc.coupled.bubble_snapshot import Snapshot
from ...mc.coupled.bubble_start import COLD_K, faces_kpc, groups_of, self_similar_front_kpc, uniform_gas
from ...mc.coupled.expanding_bubble import bubble_in
from ...mc.observables import at_injected, densities, density, over, point_energies_GeV
from ...mc.spectrum import Spectrum
from ...mc.uncertainty import Estimate
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..folder.write import write_json
from ..products.product import Made
from ..run import Run
from .study import envelope, in_media, study_of_runs

UNCHANGED = 1.1
COLUMN_OF_THE_GALAXY_G_CM2 = 2.4e-3
"""Of all gas of the disc near the Sun, both sides of the plane (Ferriere 2001, RMP 73, 1031)."""
_BOUND_AT_GV = (10.0, 100.0, 1000.0)
# Around a bubble there has to be gas that it has not reached yet: so many times what it comes to.
_ROOM = 3.0

CONVENTIONS = {
    "density": "in the disc (R < R_d, |z| < 0.1 kpc), with return over without, by current energy",
    "in_one_dimension": "1 + (1/u)/(integral dz/D), up to the Bell surface on the axis; null: in a bubble",
    "grammage_g_cm2": "of all gas (disc, halo, circumgalactic), mean until the history ends, by injected "
    "energy; without return: until the first encounter with the Bell surface. In a bubble: of the gas within "
    "the surface, v times the protons in it over the injection at the same energy",
    "shell_grammage_g_cm2": "the same of the gas around the cavity of a bubble; null: of the other outflows",
    "boron_over_carbon": "of nuclei with that mean grammage, paths exponentially distributed. An upper bound "
    "with the outflows: boron that is made outside and never returns is in it; within_surface: of the gas of "
    "disc and halo alone, a lower bound",
    "density of a bubble": "1 + that in the cavity over that without return; losses in the halo are not in "
    "it. null: where the cavity has not grown beyond the Bell surface",
    "unchanged_below_GeV": f"lowest energy at which the density is raised {UNCHANGED:g}-fold; null: at none, "
    "0: at all",
    "outflow_km_s": "at the Bell surface on the axis; of a bubble, the radius of its cavity over its age",
    "least_outflow": "in one dimension the grammage is (mu c/2)(H/D + 1/u) at least, so u >= mu c/(2 X): X "
    "as the measured B/C asks for, mu = 2.4 mg cm^-2 the column of the Galaxy's gas disc",
}


def _scenarios(scenario: Scenario) -> list[Scenario]:
    """A run for each medium; a bubble needs what a run has before anything returns, whatever the outflow."""
    wanted = scenario.coupling
    assert wanted is not None
    recipes = tuple(each for each in wanted.outflow if each != "bubble") or ("alfven",)
    return in_media(scenario, outflow=recipes, z_B=wanted.z_B, delta_G=wanted.delta_G)


def _keep(scenario: Scenario, run: Run) -> list[dict[str, Any]]:
    """What is kept of a run, and of the bubble in its gas after the first of the runs there."""
    wanted = scenario.coupling
    assert wanted is not None
    recipe = run.galaxy.outflow_recipe
    kept = [compare(run)] if recipe in wanted.outflow else []
    first = next((each for each in wanted.outflow if each != "bubble"), recipe)
    return kept + ([with_bubble(run)] if "bubble" in wanted.outflow and recipe == first else [])


def _conclude(scenario: Scenario, kept: list[list[dict[str, Any]]]) -> Made:
    wanted = scenario.coupling
    assert wanted is not None
    media = sorted((one for run in kept for one in run), key=lambda one: wanted.outflow.index(one["outflow"]))
    told = ("outflow_km_s", "energy_GeV", "density", "in_one_dimension", "unchanged_below_GeV")
    least = least_outflow()
    numbers = {
        f"{one['outflow']}, z_B={one['z_B_kpc']:g} kpc, delta_G={one['delta_G']:g}": {
            key: one[key] for key in told
        }
        for one in media
    }
    figures = {
        "coupling" if len(wanted.z_B) == 1 else f"coupling_z_B_{z_B:g}_kpc": partial(
            coupling_figure, [one for one in media if one["z_B_kpc"] == z_B]
        )
        for z_B in wanted.z_B
    }
    table = {**envelope(scenario, CONVENTIONS), "least_outflow": least, "media": media}
    return Made({**numbers, "least_outflow": least}, {"coupling.json": partial(write_json, table)}, figures)


def compare(run: Run) -> dict[str, Any]:
    """Density, grammage and B/C in the disc with and without what returns, by energy."""
    result, galaxy = run.result, run.galaxy
    E = point_energies_GeV(result)
    raised = densities(result, galaxy, run.medium, E)["galactic_density_over_no_return"]
    all_gas = at_injected(result, E, result.per_particle("grammage"))
    without = at_injected(result, E, result.per_particle("grammage_first").sum(axis=-1))
    return {
        **_of_medium(galaxy, galaxy.outflow_recipe, _speed_at_surface(run)),
        "energy_GeV": E,
        "density": raised,
        "in_one_dimension": in_one_dimension(run, E),
        "unchanged_below_GeV": _first_above(E, raised.value),
        **_of_grammage(all_gas.sum(axis=-1), without, all_gas[..., :2].sum(axis=-1)),
        "shell_grammage_g_cm2": np.full(E.size, np.nan),
    }


def _of_medium(galaxy: Galaxy, outflow: str, speed_kpc_Myr: float) -> dict[str, Any]:
    return {
        "outflow": outflow,
        "z_B_kpc": galaxy.z_B_kpc,
        "delta_G": galaxy.delta_G,
        "outflow_km_s": speed_kpc_Myr * KPC_MYR_KM_S,
    }


def _of_grammage(with_return: FloatArray, without: FloatArray, within: FloatArray) -> dict[str, Any]:
    """Grammage with return and without, and with it in the gas within the surface, (replicas, energies)."""
    X = {"with_return": with_return, "without": without, "within_surface": within}
    return {
        "grammage_g_cm2": {name: Estimate.of(each) for name, each in X.items()},
        "grammage_ratio": Estimate.of(over(with_return, without)),
        "boron_over_carbon": {name: Estimate.of(boron_over_carbon(each)) for name, each in X.items()},
    }


# -- a bubble ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bubble:
    """What a bubble in uniform cold gas holds at an age, per proton that is injected at the same energy.

    Attributes
    ----------
    snapshot : Snapshot
        The bubble.
    energy_GeV : ndarray, shape (groups,)
        Middles of its groups.
    injected_Myr : ndarray, shape (groups,)
        Protons injected per Myr into each.
    """

    snapshot: Snapshot
    energy_GeV: FloatArray
    injected_Myr: FloatArray

    @classmethod
    def around(cls, galaxy: Galaxy, spectrum: Spectrum, age_Myr: float) -> Bubble:
        """The bubble of a galaxy after steady injection for so long."""
        density = float(gas.cgm_density_cm3(galaxy.delta_G))
        inner = galaxy.R_d_kpc / np.sqrt(2.0)
        outer = inner + _ROOM * self_similar_front_kpc(spectrum.L_CR_erg_s, density, age_Myr)
        groups = groups_of(spectrum)
        field = replace(galaxy, r_max_kpc=outer)  # it is amplified wherever the bubble comes
        bubble = bubble_in(field, groups, uniform_gas(faces_kpc(inner, outer), density, COLD_K))
        E = np.sqrt(groups.energy_edges_GeV[1:] * groups.energy_edges_GeV[:-1])
        return cls(bubble.to(age_Myr), E, groups.injected_s * MYR_S)

    def per_injected(self, energy_GeV: FloatArray, protons: FloatArray) -> FloatArray:
        """A number of protons, (groups, ...), over those injected per Myr at an energy [Myr]."""
        some = (self.injected_Myr > 0.0) & (protons > 0.0)
        ln = np.log(protons[some] / self.injected_Myr[some])
        return np.exp(np.interp(np.log(energy_GeV), np.log(self.energy_GeV[some]), ln))

    def shell_grammage_g_cm2(self, energy_GeV: FloatArray) -> FloatArray:
        """Of the circumgalactic gas, per proton injected."""
        at = self.snapshot
        volumes = 4.0 / 3.0 * np.pi * np.diff(at.r_kpc**3)
        in_gas = (volumes * at.density_cm3) @ at.protons_cm3[1:] * KPC_CM**3
        return self.per_injected(energy_GeV, in_gas) * _grammage_per_Myr(energy_GeV)


def with_bubble(run: Run) -> dict[str, Any]:
    """As `compare`, of what a run has before anything returns and what the bubble in its gas adds.

    Raises
    ------
    ScenarioError
        If the bubble cannot be followed.
    """
    result, galaxy = run.result, run.galaxy
    E = point_energies_GeV(result)
    # It is the same for every halo.
    around = replace(galaxy, z_B_kpc=1.0, diffusion=None)
    bubble = _bubble(around, run.spectrum, run.scenario.transport.t_max)
    contact = bubble.snapshot.contact_kpc
    held = bubble.per_injected(E, bubble.snapshot.protons_cm3[0])  # cm^-3 Myr
    if contact < max(galaxy.surface_extent_kpc):
        held = np.full(E.size, np.nan)
    before = density(result, galaxy.R_d_kpc, E, "disc before the surface")
    added = held * run.spectrum.rate_GeV_s(E) * MYR_S / before.value
    raised = Estimate(1.0 + added, added * before.error / before.value)
    first = at_injected(result, E, result.per_particle("grammage_first").sum(axis=-1))
    with_return = first + held * gas_within(run.medium, result.grid) * _grammage_per_Myr(E)
    return {
        **_of_medium(galaxy, "bubble", contact / bubble.snapshot.age_Myr),
        "energy_GeV": E,
        "density": raised,
        "in_one_dimension": np.full(E.size, np.nan),
        "unchanged_below_GeV": _first_above(E, raised.value),
        **_of_grammage(with_return, first, with_return),
        "shell_grammage_g_cm2": bubble.shell_grammage_g_cm2(E),
    }


@lru_cache(maxsize=20)
def _bubble(galaxy: Galaxy, spectrum: Spectrum, age_Myr: float) -> Bubble:
    try:
        return Bubble.around(galaxy, spectrum, age_Myr)
    except UserError as error:
        raise ScenarioError(f"coupling.delta_G = {galaxy.delta_G:g}: {error}") from None


def _grammage_per_Myr(energy_GeV: FloatArray) -> FloatArray:
    """Grammage that a proton gathers in a Myr in gas of 1 cm^-3 [g cm^-2]."""
    return speed_kpc_Myr(momentum_GeV(energy_GeV)) * KPC_CM * M_P_G


def gas_within(medium: Medium, grid: Any) -> float:
    """Hydrogen atoms of the disc and the halo."""
    R, z = grid.halo_R_kpc, grid.halo_z_kpc
    n = medium.mean_gas_cm3(R, z)[..., :2].sum(axis=-1)
    volumes = 2.0 * np.pi * np.diff(R**2)[:, None] * np.diff(z)
    return float((n * volumes).sum()) * KPC_CM**3


# -- in one dimension ----------------------------------------------------------------------


def in_one_dimension(run: Run, energy_GeV: FloatArray) -> FloatArray:
    """Density in the disc over that without return, if nothing moved sideways."""
    z = _heights_kpc(run)
    D = run.galaxy.diffusion_halo(momentum_GeV(energy_GeV)[:, None], 0.0, z)
    return np.asarray(1.0 + 1.0 / (_speed_at_surface(run) * np.trapezoid(1.0 / D, z, axis=1)))


def _heights_kpc(run: Run) -> FloatArray:
    """On the axis, up to the surface."""
    z = np.linspace(0.0, run.galaxy.r_max_kpc, 20_001)
    return z[run.medium.distance_kpc(0.0 * z, z) < 0]


def _speed_at_surface(run: Run) -> float:
    """Of the plasma behind the surface, on the axis [kpc/Myr]."""
    return float(np.hypot(*run.galaxy.outflow(0.0, _heights_kpc(run)[-1])))


def least_outflow() -> dict[str, Any]:
    """Speed [km/s] below which what returns makes more boron than AMS-02 has, in one dimension."""
    ratio, error = measured_boron_over_carbon()[0].at(_BOUND_AT_GV)
    X = grammage_of(ratio)
    return {
        "rigidity_GV": list(_BOUND_AT_GV),
        "boron_over_carbon": Estimate(ratio, error),
        "grammage_g_cm2": X,
        "u_km_s": COLUMN_OF_THE_GALAXY_G_CM2 * C_KPC_MYR / (2.0 * X) * KPC_MYR_KM_S,
    }


def _first_above(energy_GeV: FloatArray, raised: FloatArray) -> float:
    """Energy at which the rise first exceeds `UNCHANGED`, log-interpolated; 0 if it does at the lowest."""
    above = np.flatnonzero(raised > UNCHANGED)
    if above.size == 0:
        return float("nan")
    i = int(above[0])
    if i == 0:
        return 0.0
    share = (UNCHANGED - raised[i - 1]) / (raised[i] - raised[i - 1])
    return float(energy_GeV[i - 1] * (energy_GeV[i] / energy_GeV[i - 1]) ** share)


STUDY = study_of_runs("coupling", _scenarios, _keep, _conclude)
