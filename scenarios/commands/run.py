"""From a scenario to the files of a run, or of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...fields.exceptions import NotConverged, RunFailed, UserError
from ...mc import checkpoint
from ...mc.engine import LostError
from ...mc.files import write_text
from ..adjoint import check_importance
from ..build import find_medium
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..folder.lock import only_one_run_in
from ..folder.write import write_json
from ..products.registry import write_run
from ..products.rehearsal import WORTH_IT, rehearse
from ..products.waves import write_not_converged
from ..progress import Progress, quiet, say
from ..run import PLAIN, RunOptions, follow
from ..studies.registry import study_of


def execute(
    scenario: Scenario,
    folder: Path,
    threads: int,
    progress: Progress = quiet,
    options: RunOptions = PLAIN,
) -> None:
    """Run a scenario and write its files into a folder, which is made if need be.

    Raises
    ------
    UserError
        If its values leave no halo, or ask for orbits that cannot be right or take too long; if the folder is
        in use, or what is to be resumed is damaged or of another run; if a cluster would give other bits.
    NotConverged
        If its waves do not converge, after writing what was found.
    RunFailed
        If too many particles are lost.
    OSError
        If the folder cannot be written, or the cluster is lost.
    """
    study = study_of(scenario)
    if options.transport_equation:
        _check_comparison(scenario)
    with only_one_run_in(folder):
        options = replace(options, folder=folder)
        try:
            if study is not None:
                study.execute(scenario, folder, threads, progress, options)
            else:
                _execute_one(scenario, folder, threads, progress, options)
        except checkpoint.CheckpointError as error:
            raise UserError(f"{error}; allowed: another --out") from None
        except LostError as error:
            _write_lost(scenario, error, folder)
            first = f"; crhalo replay {folder} {error.particles[0]} follows the first again"
            raise RunFailed(f"{error}{'' if study else first}") from None
        except NotConverged as stopped:
            write_not_converged(scenario, stopped, folder, options.figure_format)
            raise NotConverged(f"{stopped}; what there is: {folder}", stopped.found) from None
        checkpoint.remove(folder)


def _execute_one(
    scenario: Scenario, folder: Path, threads: int, progress: Progress, options: RunOptions
) -> None:
    """Follow the particles of one galaxy and write its files."""
    asked_for = ("transport_equation",) if options.transport_equation else ()
    check_importance(scenario)
    setup = find_medium(scenario, threads, progress)
    if scenario.transport.particles >= WORTH_IT and scenario.transport.method != "orbit":
        for line in rehearse(scenario, setup, asked_for, options.data):
            say(f"with a few particles this cannot be made: {line}; the run goes on")
    finished = follow(scenario, setup, threads, progress, options)
    write_run(finished, folder, progress, asked_for, options.figure_format, options.data)


def _check_comparison(scenario: Scenario) -> None:
    """Refuse (`ScenarioError`) to compare with the transport equation what cannot be."""
    option, study = "--transport-equation", study_of(scenario)
    if scenario.transport.method == "orbit":
        raise ScenarioError(
            f'{option}: allowed: not where transport.method = "orbit", which tests diffusion by itself'
        )
    if study is not None:
        raise ScenarioError(f"{option}: allowed: not with a [{study.table}]")
    if fault := scenario.too_small_for_cells():
        raise ScenarioError(f"{fault} with {option}")


def _write_lost(scenario: Scenario, error: LostError, folder: Path) -> None:
    """Write which particles were lost in a run that was given up, for `crhalo replay`."""
    write_text(folder / "scenario.toml", scenario.to_toml())
    write_json({"lost_particles": error.particles}, folder / "lost.json")
