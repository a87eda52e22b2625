"""The Bell region of other galaxies, and the cosmic rays that a strong source holds back.

Closed forms of `crhalo.fields.bubble`; no particle is followed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...fields.bubble import Bubble, bubble_of, low_energy_cutoff_GeV
from ...fields.exceptions import UserError
from ...fields.units import field_label
from ...maps.figures.studies import galaxies
from ..build import galaxy_of
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..folder.write import write_json, write_table
from ..products.product import Made
from .study import envelope, study_of_runs

_LUMINOSITIES_ERG_S = np.geomspace(1e42, 1e47, 51)
_TOLD_ERG_S = 1e44

CONVENTIONS = {
    "disc, surface": "saturated field and outflow at the disc and at the Bell surface on the axis",
    "growth_time_Myr": "of the instability at E_max, at the surface",
    "front_kpc": "how far what left the surface has come at the given age",
    "end_kpc": "where the saturated field falls to the background",
    "advected_energy_GeV": "below it advection beats diffusion at the surface, u r/D = 1",
    "largest_scale_kpc": "Larmor radius of E_max in the saturated field",
    "low_energy_cutoff_GeV": "lowest energy that leaves a source of this luminosity in the age of the "
    "Universe",
}


def _conclude(scenario: Scenario, kept: list[None]) -> Made:
    wanted = scenario.galaxies
    assert wanted is not None
    bubbles = {name: _bubble(scenario, index) for index, name in enumerate(wanted.names)}
    cutoffs = {B: low_energy_cutoff_GeV(_LUMINOSITIES_ERG_S, B) for B in wanted.source_fields}
    strong = {field_label(B): (_LUMINOSITIES_ERG_S, E) for B, E in cutoffs.items()}

    rows = [{"name": name, **bubble._asdict()} for name, bubble in bubbles.items()]
    sources = [
        {"background_uG": B, "L_erg_s": _LUMINOSITIES_ERG_S, "low_energy_cutoff_GeV": E}
        for B, E in cutoffs.items()
    ]
    found = {**envelope(scenario, CONVENTIONS), "galaxies": rows, "strong_sources": sources}
    files = {"galaxies.json": partial(write_json, found), "galaxies.csv": partial(write_table, rows)}

    numbers: dict[str, Any] = {
        "low_energy_cutoff_GeV at 1e44 erg/s": {
            label: float(low_energy_cutoff_GeV(_TOLD_ERG_S, B))
            for label, B in zip(strong, cutoffs, strict=True)
        },
        **{name: bubble._asdict() for name, bubble in bubbles.items()},
    }
    return Made(numbers, files, {"galaxies": partial(galaxies, bubbles, strong)})


def _bubble(scenario: Scenario, index: int) -> Bubble:
    """The Bell region of one galaxy of the list."""
    wanted = scenario.galaxies
    assert wanted is not None
    galaxy = replace(
        galaxy_of(scenario),
        L_CR_erg_s=wanted.L_CR[index],
        R_d_kpc=wanted.R_d[index],
        B0_uG=wanted.B0[index],
        z_B_kpc=wanted.z_B[index],
        delta_G=wanted.delta_G[index],
        # Far enough out for any surface.
        r_max_kpc=max(scenario.transport.r_max, 3.0 * wanted.R_d[index] + 20.0 * wanted.z_B[index]),
    )
    try:
        return bubble_of(galaxy, wanted.age, wanted.background)
    except UserError as error:
        raise ScenarioError(f"galaxies: {wanted.names[index]}: {error}") from None


# Closed forms: there is no run to make.
STUDY = study_of_runs("galaxies", lambda scenario: [], lambda scenario, run: None, _conclude)
