"""The galaxy and medium of a scenario: given, or found with the particles' own waves or current."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..mc.advisor import advise, refusal
from ..mc.self_consistency import Settled, settle
from ..mc.tally import energy_groups
from .current import MeasuredCurrent, measure_current
from .model import galaxy_of, grid_of, iteration_of, spectrum_of, transport_of, turbulence_of, wave_model_of
from .schema import Scenario
from .values import NotSettled, ScenarioError

Progress = Callable[[str, int, int], None]


def quiet(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def find_medium(
    scenario: Scenario, threads: int, progress: Progress = quiet
) -> tuple[Galaxy, Medium, Settled | None, MeasuredCurrent | None]:
    """The galaxy and medium of a scenario, with the waves and the current that were found for them, if any.

    Raises
    ------
    ScenarioError
        If its values leave no halo, or its orbits cannot be right or take too long.
    NotSettled
        If the waves or the current do not settle.
    """
    galaxy, medium = given_medium(scenario)
    check_orbits(scenario)
    settled = current = None
    if scenario.self_consistency is not None:
        settled = find_waves(scenario, galaxy, threads, progress)
        galaxy, medium = settled.galaxy, settled.galaxy.medium()
    if scenario.medium.current == "measured":
        current = find_current(scenario, galaxy, threads, progress)
        galaxy, medium = current.galaxy, current.galaxy.medium()
    return galaxy, medium, settled, current


def find_current(scenario: Scenario, galaxy: Galaxy, threads: int, progress: Progress) -> MeasuredCurrent:
    """The current of a scenario that has it measured.

    Raises
    ------
    NotSettled
        If the rounds do not settle.
    """
    try:
        found = measure_current(
            galaxy,
            lambda galaxy: grid_of(scenario, galaxy),
            transport_of(scenario),
            spectrum_of(scenario),
            threads,
            lambda done, most: progress("Rounds", done, most),
        )
    except ValueError as error:
        raise ScenarioError(f'medium.current = "measured": {error}') from None
    if not found.settled:
        rounds, change = len(found.changes), found.changes[-1]
        raise NotSettled(f"medium.current: the field still changes by {change:.1%} after {rounds} rounds")
    return found


def find_waves(scenario: Scenario, galaxy: Galaxy, threads: int, progress: Progress) -> Settled:
    """The waves of a scenario with a [self_consistency].

    Raises
    ------
    NotSettled
        If the rounds do not settle; it carries what was found so far.
    """
    transport = transport_of(scenario)
    grid, spectrum = grid_of(scenario, galaxy), spectrum_of(scenario)
    try:
        settled = settle(
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
        raise NotSettled(str(error)) from None
    if not settled.converged:
        raise NotSettled(settled.verdict, settled)
    return settled


def given_medium(scenario: Scenario) -> tuple[Galaxy, Medium]:
    galaxy = galaxy_of(scenario)
    try:
        return galaxy, galaxy.medium()
    except ValueError as error:
        raise ScenarioError(str(error)) from None


def check_orbits(scenario: Scenario) -> None:
    """Refuse orbits through a halo that cannot be right, or take too long."""
    turbulence = turbulence_of(scenario)
    if turbulence is None:
        return
    edges, t = energy_groups(*scenario.transport.energy_range), scenario.transport
    share = math.ceil(t.particles / (len(edges) - 1))
    advices = [
        advise(turbulence, float(E), scenario.medium.H, share, t.t_max, measure_D=False) for E in edges[1:]
    ]
    refused = refusal(advices, turbulence)
    if refused:
        key = {"energies": "transport.energy_range", "H": "medium.H"}.get(refused[0], refused[0])
        raise ScenarioError(f'{key}: with transport.method = "orbit", {refused[1]}')
