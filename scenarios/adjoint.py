"""What protons add to an observable of a scenario, by the adjoint of the transport equation in its medium."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..fields.exceptions import UserError
from ..fields.galaxy import Galaxy
from ..fields.units import KPC_CM, FloatArray, energy_label
from ..maps.light.local_cosmic_rays import LocalCosmicRays
from ..maps.light.regions import REGIONS
from ..maps.light.sky_model import COMPONENTS
from ..maps.light.sky_of_cells import response, response_in_region
from ..mc.blocks import Transport
from ..mc.diffusion.adjoint import Adjoint, adjoint
from ..mc.weight_windows import windows_of
from .at_the_sun import local_cosmic_rays
from .build import Setup, galaxy_of, grid_of, spectrum_of, transport_of
from .file.observable import GASES, Asked, Observable, observable_of
from .file.quantities import ScenarioError, refused_as
from .file.scenario import Scenario
from .file.tables import text_of


def response_of(asked: Observable, local: LocalCosmicRays) -> FloatArray:
    """By how much a proton per kpc^3 in each bin and cell changes an observable, (bins, cells)."""
    cells, edges = local.cells, local.energy_edges_GeV
    if asked.kind != "protons":
        of_light = cells, edges, asked.kind, asked.energy_GeV
        helium = local.helium_per_proton
        if asked.place in GASES:
            return response(*of_light, asked.place, helium)
        return response_in_region(*of_light, REGIONS[asked.place], helium, local.release.R_d_kpc)
    bin = int(np.clip(np.searchsorted(edges, asked.energy_GeV, side="right") - 1, 0, edges.size - 2))
    found = np.zeros((edges.size - 1, cells.count))
    found[bin] = local.weights_at_sun / (edges[bin + 1] - edges[bin]) / KPC_CM**3
    return found


def adjoint_of(asked: Observable, local: LocalCosmicRays) -> Adjoint:
    """The adjoint for an observable.

    Raises
    ------
    ScenarioError
        If nothing leaves the medium, or there is none of it.
    """
    try:
        found = adjoint(local.protons, local.release.spectrum, response_of(asked, local))
    except UserError:
        raise
    except ValueError as error:
        raise ScenarioError(f"{asked}: {error}; allowed: a medium that protons leave") from None
    if not found.observable > 0.0:
        raise ScenarioError(f"{asked}: there is none in this run; allowed: {_others(asked, local)}")
    return found


def _others(asked: Observable, local: LocalCosmicRays) -> str:
    """Where else there is some of what is asked for."""
    if asked.kind == "protons":
        return "a galaxy that reaches the Sun"
    there = np.atleast_1d(local.cells.gas_cm3.any(axis=0))
    names = [name for name, some in zip(COMPONENTS, there, strict=True) if some]
    return f"light of {', '.join(names)}" if names else "a run with gas"


def check_observable(
    asked: Observable, scenario: Scenario, galaxy: Galaxy, energy_edges_GeV: FloatArray
) -> None:
    """Refuse what the equation has no answer to (`ScenarioError`)."""
    if galaxy.lines is not None:
        given = text_of(scenario.medium, "field")
        raise ScenarioError(f'medium.field = {given}: allowed: "isotropic", for importance')
    if fault := scenario.too_small_for_cells():
        raise ScenarioError(f"{fault}, for importance")
    if scenario.observer is not None:
        raise ScenarioError("[observer]: allowed: none, for importance, which is of what is seen at the Sun")
    low, high = float(energy_edges_GeV[0]), float(energy_edges_GeV[-1])
    least = low if asked.kind == "protons" else 0.0
    if not least <= asked.energy_GeV <= high * (1 + 1e-9):
        first = f"from {energy_label(low)} " if least else ""
        raise ScenarioError(f"{asked}: allowed: {first}to {energy_label(high)}, as protons were followed")


def check_importance(scenario: Scenario) -> None:
    """Refuse `transport.importance_of` where the equation has no answer to it (`ScenarioError`)."""
    if scenario.transport.importance_of != Asked.NONE:
        _asked_of(scenario, galaxy_of(scenario), scenario.transport.importance_of)


def _asked_of(scenario: Scenario, galaxy: Galaxy, words: str) -> Observable:
    """What particles are to be released for, where the equation has an answer to it."""
    with refused_as("transport.importance_of"):
        if scenario.transport.method == "orbit":
            raise ScenarioError('transport.method = "orbit": allowed: another, with importance')
        asked = observable_of(words)
        check_observable(asked, scenario, galaxy, grid_of(scenario, galaxy).current_edges_GeV)
        return asked


def biased_transport_of(scenario: Scenario, setup: Setup) -> Transport:
    """How the particles of a scenario are followed: with a bias of sources, and windows, if it asks for them.

    Raises
    ------
    ScenarioError
        If the transport equation has no answer to what they are for.
    """
    transport, words = transport_of(scenario, setup), scenario.transport.importance_of
    if words == Asked.NONE:
        return transport
    asked, grid = _asked_of(scenario, setup.galaxy, words), grid_of(scenario, setup.galaxy)
    local = local_cosmic_rays(scenario, setup, spectrum_of(scenario), grid.current_edges_GeV)
    with refused_as("transport.importance_of"):
        windows = windows_of(adjoint_of(asked, local), grid, transport.R_d_kpc)
    divides = scenario.transport.weight_windows
    return replace(transport, windows=windows if divides else windows._replace(weights=None))
