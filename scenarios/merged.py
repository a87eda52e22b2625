"""`crhalo merge`: runs of one scenario with different seeds as one, with all its files."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

from ..mc.result import Result, ResultError
from .folder import only_one_run_in
from .model import galaxy_of
from .pipeline import Run, write
from .schema import load_file
from .values import ScenarioError, shown


def merge_runs(folders: list[Path], out: Path) -> None:
    """Join the results of finished runs and write what a run writes.

    Raises
    ------
    ScenarioError
        If there are fewer than two, one is no run, or they do not belong together.
    """
    if len(folders) < 2:
        raise ScenarioError(f"merge {shown(folders[0])}: allowed: two or more folders")
    scenario = load_file(folders[0] / "scenario.toml")
    if not scenario.is_one_given_medium:
        raise ScenarioError(f"{folders[0]}: allowed: runs of a scenario whose medium is given")
    try:
        # One at a time: there may be hundreds.
        result = reduce(Result.merge, (Result.read(folder / "result.h5") for folder in folders))
    except ResultError as error:
        raise ScenarioError(str(error)) from None
    galaxy = galaxy_of(scenario)
    many = scenario.model_copy(
        update={"transport": scenario.transport.model_copy(update={"particles": result.particles})}
    )
    with only_one_run_in(out):
        write(Run(many, galaxy, galaxy.medium(), result), out)
