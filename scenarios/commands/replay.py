"""`crhalo replay RUN ID`: one particle of a run again, with its track as a table and a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...maps.figures.page import plain_style, save
from ...maps.figures.tracks import replay_figure
from ...mc.blocks import TRACK_COLUMNS
from ...mc.files import replacing
from ...mc.replay import replay
from ...mc.result import Result
from ..adjoint import biased_transport_of
from ..build import find_medium, grid_of
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario, load_file, load_text
from ..folder.check import check_finished
from ..progress import progress_bar
from ..run import check_same_experiment


def replay_particle(folder: Path, particle: int, threads: int) -> dict[str, Any]:
    """Follow it again and write track_ID.csv and track_ID.png into the folder of the run.

    Raises
    ------
    ScenarioError
        If there is no run of one galaxy in the folder, or no such particle in it.
    """
    check_finished(folder, "scenario.toml")
    scenario = load_file(folder / "scenario.toml")
    if scenario.study or scenario.turbulence:
        raise ScenarioError(f"{folder}: allowed: a single run, in a galaxy")
    scenario = _as_followed(folder, scenario, particle)
    with progress_bar() as progress:
        setup = find_medium(scenario, threads, progress)
    galaxy, transport = setup.galaxy, biased_transport_of(scenario, setup)
    track = replay(setup.medium, grid_of(scenario, galaxy), transport, particle)
    table = folder / f"track_{particle}.csv"
    with replacing(table) as temporary:
        header = ",".join(TRACK_COLUMNS)
        np.savetxt(temporary, track.lines, delimiter=",", header=header, comments="", fmt="%.9g")
    with plain_style():
        figure = replay_figure(track.lines, galaxy, f"Particle {particle}: {track.fate.sentence}")
        save(figure, folder / f"track_{particle}.png")
    return {
        "particle": particle,
        "fate": track.fate.sentence,
        "age_Myr": track.age_Myr,
        "moves": track.moves,
        "moves_in_table": len(track.lines),
    }


def _as_followed(folder: Path, scenario: Scenario, particle: int) -> Scenario:
    """The scenario that a particle was followed in: that of the folder, but for a spectrum put on it later.

    Raises
    ------
    ScenarioError
        If the particle would not go the same way, or never went.
    """
    try:
        result = Result.read(folder / "result.h5")
    except FileNotFoundError:  # a run that was given up
        return scenario
    if "reweighted" in result.provenance:
        scenario = load_text(result.provenance["scenario"])
    check_same_experiment(result, scenario, str(folder))
    if particle >= result.particles:
        raise ScenarioError(f"particle {particle}: allowed: 0 to {result.particles - 1}")
    return scenario
