"""A bubble that the cosmic rays blow into the gas around the Galaxy: gas, budgets and light in time.

The outflow of PRL (Blasi & Amato 2019) moves at the Alfven speed in the saturated field; here the pressure of
the cosmic rays moves the gas. For each overdensity one bubble is followed (`mc.coupled.expanding_bubble`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...fields.exceptions import UserError
from ...fields.galaxy import Galaxy
from ...fields.gas_density import cgm_density_cm3
from ...fields.outflow import outflow_speed_kpc_Myr
from ...fields.units import KPC_MYR_KM_S, M_SUN_G, FloatArray
from ...maps.figures import bubbles as figures
from ...mc.coupled.bubble_snapshot import Snapshot
from ...mc.coupled.bubble_start import (
    COLD_K,
    Gas,
    faces_kpc,
    groups_of,
    hydrostatic_gas,
    self_similar_front_kpc,
    uniform_gas,
)
from ...mc.coupled.expanding_bubble import STAYS_WITHIN, ExpandingBubble, bubble_in
from ..build import galaxy_of, sky_energies_GeV, spectrum_of
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..file.tables import text_of
from ..folder.write import write_json, write_table
from ..products.product import Made
from ..products.skies import prl_17_flux
from ..progress import Progress
from ..run import RunOptions
from .bubble_light import BubbleLight, write_skies
from .bubble_profiles import write_profiles
from .study import Study, envelope, refuse, write_study

_HOT_K = 1e6
# Between the ages, for the history of the front; times next to an age would make its speed noisy.
_TIMES, _APART = 40, 0.1
# Beyond what a bubble that loses nothing reaches it is not worth the wait.
_SURELY = 1.3
SHOWN_GEV = (10.0, 1e3, 1e5)

CONVENTIONS = {
    "contact_kpc": "edge of the cavity that cosmic rays fill",
    "front_kpc": "where the outermost gas moves at half of the highest speed: in a shock, or, where the "
    "contact hardly moves, in a sound wave",
    "contact_km_s, front_km_s": "how fast they move",
    "cavity_pressure_erg_cm3": "of the cosmic rays in the cavity",
    "self_similar_kpc": "thin shell without diffusion in uniform cold gas, 0.708 (L t^3/rho)^(1/5); "
    "null: hot gas",
    "alfven_km_s": "outflow of PRL at the contact, at the front and at the base, R_d/sqrt(2)",
    "momentum_km_s": "rho u^2 = P_CR, 4 P_CR u = F_E: (F_E/(4 rho))^(1/3) with F_E = L/(2 pi R_d^2) "
    "min(1, R_d^2/2r^2), at the same places, in the gas as it was at first",
    "swept_Msun": "gas between the contact and the front",
    "energy_shares": "of the energy injected so far, the mass of protons included: in cosmic_rays, escaped "
    "beyond r_max, lost in pp collisions, cooled below the lowest momentum, work on the gas; and of "
    "that work: motion, heat, against_gravity, radiated, lost on the wall",
    "imbalance": "what the shares of cosmic rays, or of gas, miss",
    "neutrino": "E^2 I in GeV cm^-2 s^-1 sr^-1, average of the sky from the Sun, per flavour (nu + nubar)",
}


class Bubble(NamedTuple):
    """One overdensity: the galaxy, the gas at first, and what became of it."""

    galaxy: Galaxy
    gas: Gas
    history: list[Snapshot]
    ages: list[Snapshot]


def starting_gas(scenario: Scenario, delta_G: float) -> Gas:
    """The gas around the Galaxy before anything leaves it, from R_d/sqrt(2) to r_max."""
    wanted, hot = scenario.expanding_bubble, scenario.expanding_bubble.gas == "hot"  # type: ignore[union-attr]
    assert wanted is not None
    T_K = wanted.temperature if wanted.temperature != "auto" else (_HOT_K if hot else COLD_K)
    faces = faces_kpc(scenario.source.R_d / np.sqrt(2.0), scenario.transport.r_max)
    density = float(cgm_density_cm3(delta_G))
    if hot:
        return hydrostatic_gas(faces, density, wanted.delta_G_radius, T_K)
    return uniform_gas(faces, density, T_K)


def bubble_of(scenario: Scenario, delta_G: float) -> tuple[Galaxy, Gas, ExpandingBubble]:
    """The galaxy, its gas at first, and the bubble: ``bubble.to(age_Myr)`` is its state at an age."""
    galaxy, gas = replace(galaxy_of(scenario), delta_G=delta_G), starting_gas(scenario, delta_G)
    return galaxy, gas, bubble_in(galaxy, groups_of(spectrum_of(scenario)), gas)


def _follow(scenario: Scenario, delta_G: float) -> Bubble:
    """One overdensity up to the last age.

    Raises
    ------
    ScenarioError
        If the bubble leaves r_max, or the gas is too fast.
    """
    wanted = scenario.expanding_bubble
    assert wanted is not None
    galaxy, gas, bubble = bubble_of(scenario, delta_G)
    between = np.geomspace(0.03 * wanted.ages[0], wanted.ages[-1], _TIMES)
    apart = np.abs(np.log(between[:, None] / np.array(wanted.ages))).min(axis=1) > _APART
    times = np.unique([*wanted.ages, *between[apart]])
    try:
        history = [bubble.to(float(t)) for t in times]
    except UserError as error:
        raise ScenarioError(f"expanding_bubble.delta_G = {delta_G:g}: {error}") from None
    return Bubble(galaxy, gas, history, [one for one in history if one.age_Myr in wanted.ages])


def _check_reach(scenario: Scenario) -> None:
    """Refuse, before anything is followed, a bubble that must leave r_max."""
    wanted = scenario.expanding_bubble
    assert wanted is not None
    for delta_G in wanted.delta_G:
        front = _law(galaxy_of(scenario), starting_gas(scenario, delta_G), wanted.ages[-1])
        if front > _SURELY * scenario.transport.r_max:
            edge = text_of(scenario.transport, "r_max")
            leaves = f"the bubble leaves r_max = {edge}, for it comes to about {front:.3g} kpc"
            raise ScenarioError(f"expanding_bubble.delta_G = {delta_G:g}: {leaves}: {STAYS_WITHIN}")


def _law(galaxy: Galaxy, gas: Gas, age_Myr: float) -> float:
    """The front of a thin shell in uniform gas; NaN where the gas is not uniform."""
    uniform = gas.v_c_kpc_Myr == 0.0
    return self_similar_front_kpc(galaxy.L_CR_erg_s, gas.density_cm3[0], age_Myr) if uniform else np.nan


def speed_km_s(recipe: str, galaxy: Galaxy, gas: Gas, r_kpc: float) -> float:
    """Of a steady outflow by a recipe of `medium.outflow`, in the gas as it was at first."""
    drive = galaxy.drive._replace(recipe=recipe)
    return float(outflow_speed_kpc_Myr(0.0, r_kpc, _density_at(gas, r_kpc), drive)) * KPC_MYR_KM_S


def _density_at(gas: Gas, r_kpc: float) -> float:
    centres = np.sqrt(gas.r_kpc[1:] * gas.r_kpc[:-1])
    return float(np.exp(np.interp(np.log(r_kpc), np.log(centres), np.log(gas.density_cm3))))


def _speeds(bubble: Bubble) -> FloatArray:
    """Of the front over its history [km/s]."""
    t = [one.age_Myr for one in bubble.history]
    return np.gradient([one.front_kpc for one in bubble.history], t) * KPC_MYR_KM_S


def _row(bubble: Bubble, snapshot: Snapshot, front_km_s: float) -> dict[str, Any]:
    """What is told of a bubble at one age."""
    galaxy, gas, energy = bubble.galaxy, bubble.gas, snapshot.energy_erg
    base = float(gas.r_kpc[0])
    places = {"contact": snapshot.contact_kpc, "front": snapshot.front_kpc, "base": base}
    return {
        "age_Myr": snapshot.age_Myr,
        "contact_kpc": snapshot.contact_kpc,
        "front_kpc": snapshot.front_kpc,
        "self_similar_kpc": _law(galaxy, gas, snapshot.age_Myr),
        "contact_km_s": float(snapshot.u_kpc_Myr[0]) * KPC_MYR_KM_S,
        "front_km_s": front_km_s,
        "alfven_km_s": {name: speed_km_s("alfven", galaxy, gas, r) for name, r in places.items()},
        "momentum_km_s": {name: speed_km_s("momentum", galaxy, gas, r) for name, r in places.items()},
        "cavity_pressure_erg_cm3": snapshot.cavity_pressure,
        "swept_Msun": snapshot.swept_g / M_SUN_G,
        "injected_erg": energy["injected"],
        "energy_shares": {
            name: value / energy["injected"] for name, value in energy.items() if name != "injected"
        },
        "imbalance": snapshot.imbalance,
    }


def _table(bubble: Bubble, neutrinos: FloatArray) -> dict[str, Any]:
    """One overdensity: its ages, its history, and the mean of the sky at each age."""
    speeds = _speeds(bubble)
    at = {one.age_Myr: speed for one, speed in zip(bubble.history, speeds, strict=True)}
    return {
        "delta_G": bubble.galaxy.delta_G,
        "ages": [_row(bubble, one, at[one.age_Myr]) for one in bubble.ages],
        "history": {
            "age_Myr": [one.age_Myr for one in bubble.history],
            "contact_kpc": [one.contact_kpc for one in bubble.history],
            "front_kpc": [one.front_kpc for one in bubble.history],
            "front_km_s": speeds,
            "self_similar_kpc": [_law(bubble.galaxy, bubble.gas, t) for t in at],
            "energy_shares": [
                {name: value / one.energy_erg["injected"] for name, value in one.energy_erg.items()}
                for one in bubble.history
            ],
        },
        "prl_17": prl_17_flux(bubble.galaxy),
        "neutrino": neutrinos,
    }


def _flat(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The ages of a bubble as rows of a comma-separated table."""
    rows = []
    for one in table["ages"]:
        plain = {key: value for key, value in one.items() if not isinstance(value, dict)}
        for name in ("alfven_km_s", "momentum_km_s", "energy_shares"):
            plain |= {f"{name} {key}": value for key, value in one[name].items()}
        rows.append({"delta_G": table["delta_G"], **plain})
    return rows


def _told(energy_GeV: FloatArray, table: dict[str, Any]) -> dict[str, Any]:
    """Columns against the age, for the summary."""
    keys = ("age_Myr", "contact_kpc", "front_kpc", "contact_km_s", "front_km_s", "swept_Msun", "imbalance")
    at = int(np.argmin(np.abs(np.log(energy_GeV / 1e4))))
    return {
        **{key: [one[key] for one in table["ages"]] for key in keys},
        "alfven_km_s at the front": [one["alfven_km_s"]["front"] for one in table["ages"]],
        "momentum_km_s at the front": [one["momentum_km_s"]["front"] for one in table["ages"]],
        f"neutrino_E2_flux_GeV_cm2_s_sr at {energy_GeV[at]:.3g} GeV": table["neutrino"][:, at],
        "ratio_to_prl_17": table["neutrino"][:, at] / table["prl_17"],
        "neutrino_at_the_last_age": {
            "energy_GeV": energy_GeV,
            "E2_flux_GeV_cm2_s_sr": table["neutrino"][-1],
        },
    }


def _execute(scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions) -> None:
    wanted = scenario.expanding_bubble
    assert wanted is not None
    refuse(options, "an [expanding_bubble]")
    _check_reach(scenario)
    with ThreadPoolExecutor(min(threads, len(wanted.delta_G))) as pool:
        following = pool.map(partial(_follow, scenario), wanted.delta_G)
        bubbles = []
        for done, bubble in enumerate(following, 1):
            progress("Bubbles", done, len(wanted.delta_G))
            bubbles.append(bubble)
    E = sky_energies_GeV(scenario)
    light = BubbleLight(scenario.transport.r_max, E)
    tables = [
        _table(one, np.stack([light.neutrinos(one.galaxy, each) for each in one.ages])) for one in bubbles
    ]
    write_study(scenario, _made(scenario, bubbles, tables, light), folder, options.figure_format)


def _made(
    scenario: Scenario, bubbles: list[Bubble], tables: list[dict[str, Any]], light: BubbleLight
) -> Made:
    """Numbers, files and figures."""
    about = envelope(scenario, CONVENTIONS)
    found = about | {"energy_GeV": light.energy_GeV, "bubbles": tables}
    files: dict[str, Callable[[Path], None]] = {
        "expanding_bubble.json": partial(write_json, found),
        "expanding_bubble.csv": partial(write_table, [row for one in tables for row in _flat(one)]),
        "expanding_bubble.h5": partial(
            write_profiles, {one.galaxy.delta_G: one.ages for one in bubbles}, about
        ),
    }
    # The skies of all would take minutes.
    files |= write_skies(bubbles[-1].galaxy, bubbles[-1].ages, light, scenario.sky.nside, about)
    shown = bubbles if len(bubbles) <= 3 else [bubbles[0], bubbles[len(bubbles) // 2], bubbles[-1]]
    profiles = {one.galaxy.delta_G: one.ages for one in shown}
    part = [one for one in tables if one["delta_G"] in profiles]
    return Made(
        {f"delta_G={one['delta_G']:g}": _told(light.energy_GeV, one) for one in tables},
        files,
        {
            "expanding_bubble_profiles": partial(figures.profiles, profiles, SHOWN_GEV),
            "expanding_bubble_fronts": partial(figures.fronts, tables),
            "expanding_bubble_budgets": partial(figures.budgets, part),
            "expanding_bubble_neutrinos": partial(figures.neutrinos, light.energy_GeV, part),
        },
    )


def _plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    _check_reach(scenario)
    files = "scenario.toml, summary.json, a table, profiles, skies, figures"
    return {"title": scenario.title, "particles": 0, "would_write": files}


STUDY = Study("expanding_bubble", lambda scenario: [], _plan, _execute)
