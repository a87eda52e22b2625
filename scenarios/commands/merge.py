"""`crhalo merge`: runs of one scenario with different seeds as one, with all its files."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

from ...mc.result import Result
from ..build import find_medium, with_spectrum
from ..file.quantities import ScenarioError, shown
from ..file.scenario import load_text
from ..folder.check import check_finished
from ..folder.lock import only_one_run_in
from ..products.registry import write_run
from ..progress import progress_bar
from ..run import Run


def merge_runs(folders: list[Path], out: Path, threads: int) -> None:
    """Join the results of finished runs and write what a run writes.

    Raises
    ------
    ScenarioError
        If there are fewer than two, one is no run, or they do not belong together.
    """
    if len(folders) < 2:
        raise ScenarioError(f"merge {shown(folders[0])}: allowed: two or more folders")
    for folder in folders:
        check_finished(folder, "result.h5")
    # One at a time: there may be hundreds.
    result = reduce(Result.merge, (Result.read(folder / "result.h5") for folder in folders))
    scenario = load_text(result.provenance["scenario"])
    many = scenario.model_copy(
        update={"transport": scenario.transport.model_copy(update={"particles": result.particles})}
    )
    with only_one_run_in(out), progress_bar() as progress:
        result.provenance["scenario"] = many.to_toml()
        setup = find_medium(scenario, threads, progress)
        shown_as = with_spectrum(many, result.spectrum)
        merged = Run(shown_as, setup.galaxy, setup.medium, result, setup.waves, setup.current)
        write_run(merged, out, progress)
