"""What a study is: a scenario that asks for several runs, for tracks, or for none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from ...mc.files import write_text
from ..build import galaxy_of
from ..file.quantities import ScenarioError
from ..file.scenario import STUDIES, Scenario
from ..folder.provenance import provenance_of
from ..folder.write import write_json
from ..products.product import Made
from ..products.write import check_all_written, write_files
from ..progress import Progress
from ..run import Run, RunOptions, make_run


class Study(NamedTuple):
    """What a table of a scenario asks for in place of one run.

    Attributes
    ----------
    table : str
        The table of the scenario file that asks for it.
    runs : callable
        The runs through a galaxy that a scenario takes.
    plan : callable
        What a scenario would cost on so many threads; None where that is the cost of `runs`.
    execute : callable
        Does what a scenario asks for and writes it into a folder, the summary last.
    """

    table: str
    runs: Callable[[Scenario], list[Scenario]]
    plan: Callable[[Scenario, int], dict[str, Any] | None]
    execute: Callable[[Scenario, Path, int, Progress, RunOptions], None]


def study_of_runs(
    table: str,
    scenarios: Callable[[Scenario], list[Scenario]],
    keep: Callable[[Scenario, Run], Any],
    conclude: Callable[[Scenario, list[Any]], Made],
) -> Study:
    """A study that makes runs one after the other and keeps a few numbers of each.

    Parameters
    ----------
    table : str
        The table of the scenario file that asks for it.
    scenarios : callable
        The runs that a scenario asks for.
    keep : callable
        What is kept of a run; it is told the scenario of the study too.
    conclude : callable
        What has been found, from the scenario and what was kept of all runs, in their order.
    """

    def plan(scenario: Scenario, threads: int) -> dict[str, Any] | None:
        if scenarios(scenario):
            return None
        files = "scenario.toml, summary.json, a table, a figure"
        return {"title": scenario.title, "particles": 0, "would_write": files}

    def execute(
        scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions
    ) -> None:
        wanted = scenarios(scenario)
        for one in wanted:
            galaxy_of(one).check()
        kept = []
        for done, one in enumerate(wanted):
            progress("Runs", done, len(wanted))
            named = replace(options, name=f"checkpoint-{done + 1}")
            kept.append(keep(scenario, make_run(one, threads, options=named)))
        if wanted:
            progress("Runs", len(wanted), len(wanted))
        found = conclude(scenario, kept)
        write_study(scenario, found, folder, options.figure_format, precision=options.precision)

    return Study(table, scenarios, plan, execute)


def write_study(scenario: Scenario, made: Made, folder: Path, figure_format: str, **about: Any) -> None:
    """Write what a study has found, the summary last; `about` goes into its provenance."""
    write_text(folder / "scenario.toml", scenario.to_toml())
    failed = write_files(made, folder, figure_format)
    provenance = envelope(scenario, {}) | about
    write_json({"title": scenario.title, **made.numbers, "provenance": provenance}, folder / "summary.json")
    check_all_written(failed, folder)


def in_media(scenario: Scenario, **lists: tuple[Any, ...]) -> list[Scenario]:
    """The scenario as single runs, one for each combination of values of keys of its [medium]."""
    single: dict[str, Any] = dict.fromkeys(STUDIES)
    return [
        scenario.model_copy(
            update=single
            | {"medium": scenario.medium.model_copy(update=dict(zip(lists, values, strict=True)))}
        )
        for values in product(*lists.values())
    ]


def envelope(scenario: Scenario, conventions: dict[str, str]) -> dict[str, Any]:
    """What a table in a file says of where it comes from."""
    return provenance_of(scenario) | {"seed": scenario.transport.seed, "conventions": conventions}


def refuse(options: RunOptions, table: str) -> None:
    """Refuse options of a run that a study without particles of the engine does not have."""
    given = {
        "--resume": options.resume,
        "--precision": options.precision is not None,
        "--cluster": options.executor is not None,
    }
    for option, wanted in given.items():
        if wanted:
            raise ScenarioError(f"{option}: allowed: not with {table}")
