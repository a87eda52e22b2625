"""Scenarios that ask for several runs, or for none: their tables are those of `schema.STUDIES`.

The module of the name of the table holds what is found, drawn and summed up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from ..mc.files import write_text
from .display import write_json
from .finished import Run
from .pipeline import Circumstances, make_run
from .provenance import provenance_of
from .schema import STUDIES, Scenario

Progress = Callable[[str, int, int], None]
Follow = Callable[[list[Scenario]], Iterator[Run]]
"""Makes runs one after the other, none of which is kept."""


def execute(
    scenario: Scenario, out: Path, threads: int, progress: Progress, circumstances: Circumstances
) -> None:
    """Do what a scenario asks for and write it into a folder, the summary last."""
    study = import_module(f".{scenario.study}", __package__)

    def follow(scenarios: list[Scenario]) -> Iterator[Run]:
        for done, one in enumerate(scenarios):
            progress("Runs", done, len(scenarios))
            yield make_run(one, threads, circumstances=replace(circumstances, name=f"checkpoint-{done + 1}"))
        progress("Runs", len(scenarios), len(scenarios))

    write = study.study(scenario, follow)
    write_text(out / "scenario.toml", scenario.to_toml())
    provenance = envelope(scenario, {}) | {"precision": circumstances.precision}
    write_json(write(out) | {"provenance": provenance}, out / "summary.json")


def in_media(scenario: Scenario, **lists: tuple[float, ...]) -> list[Scenario]:
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
