"""`crhalo fit`: free keys of a scenario, fitted to measurements at the Sun."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...fields.exceptions import NotConverged, RunFailed
from ..file.scenario import Scenario
from ..fitting.files import write_fit
from ..fitting.fit import Fit, run_fit
from ..folder.check import EVALUATIONS
from ..folder.lock import only_one_run_in
from .log import watched


def execute_fit(
    scenario: Scenario,
    data: Sequence[str],
    free: Sequence[str],
    between: Any,
    posterior: bool,
    folder: Path,
    threads: int,
    figure_format: str,
    log: Path | None = None,
) -> None:
    """Fit a scenario, write what was found into a folder.

    Raises
    ------
    UserError
        If something that was asked for cannot be fitted; nothing is written then.
    NotConverged, RunFailed
        If the fit does not settle; what was solved is kept.
    """
    with watched(log, "fit", scenario, folder) as progress, only_one_run_in(folder):
        try:
            found = run_fit(scenario, data, free, between, posterior, progress, threads, folder / EVALUATIONS)
        except (NotConverged, RunFailed) as stopped:
            if isinstance(alone := getattr(stopped, "found", None), Fit):
                write_fit(alone, folder, figure_format)
            kept = f"; what was found is kept: {folder}" if (folder / EVALUATIONS).exists() else ""
            raise type(stopped)(f"{stopped}{kept}") from None
        write_fit(found, folder, figure_format)
