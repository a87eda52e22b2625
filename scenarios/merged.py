"""`crhalo merge`: runs of one scenario with different seeds as one, with all its files."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

from ..mc.result import Result, ResultError
from .finished import Run
from .folder import only_one_run_in
from .media import find_medium
from .output import write
from .schema import load_file
from .values import ScenarioError, shown


def merge_runs(folders: list[Path], out: Path, threads: int) -> None:
    """Join the results of finished runs and write what a run writes.

    Raises
    ------
    ScenarioError
        If there are fewer than two, one is no run, or they do not belong together.
    """
    if len(folders) < 2:
        raise ScenarioError(f"merge {shown(folders[0])}: allowed: two or more folders")
    scenario = load_file(folders[0] / "scenario.toml")
    if scenario.study or scenario.turbulence:
        raise ScenarioError(f"{folders[0]}: allowed: single runs, in a galaxy")
    try:
        # One at a time: there may be hundreds.
        result = reduce(Result.merge, (Result.read(folder / "result.h5") for folder in folders))
    except ResultError as error:
        raise ScenarioError(str(error)) from None
    many = scenario.model_copy(
        update={"transport": scenario.transport.model_copy(update={"particles": result.particles})}
    )
    with only_one_run_in(out):
        galaxy, medium, settled, current = find_medium(scenario, threads)
        write(Run(many, galaxy, medium, result, settled, current), out)
