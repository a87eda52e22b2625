"""Provenance: what every file records of the scenario, the versions and the machine it comes from."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from ...fields._jit import machine
from ..file.scenario import Scenario

CONVENTIONS = {
    "energy": "total energy of the proton",
    "lengths": "galactocentric, kpc; Sun at R = 8.178 kpc, z = 0.0208 kpc",
    "tallies": "residence time in Myr per injected particle; |z| cells count both sides of the plane",
    "diffusion": "isotropic, from D = r_L v/(3 F) of REV Eq. 3, which is along the field",
}


def provenance_of(scenario: Scenario) -> dict[str, Any]:
    """Versions, the whole scenario, the machine and the conventions of a run."""
    return {
        "version": version("crhalo"),
        "scenario": scenario.to_toml(),
        "medium": _model_of(scenario),
        "machine": machine(),
        "conventions": CONVENTIONS,
    }


def _model_of(scenario: Scenario) -> dict[str, Any]:
    """All that makes two runs the same experiment: everything but the number of particles and the seed."""
    values = json.loads(scenario.model_dump_json(exclude={"title": True, "sky": True}))
    for key in ("particles", "seed"):
        del values["transport"][key]
    return values
