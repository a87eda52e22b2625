"""The `crhalo` command. Anything heavy is imported by the command that needs it, so that help comes at once.

Exit codes: 0 done; 1 a check or the disk failed, or waves did not converge; 2 the input is not allowed, a
folder that cannot be written among it; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...fields.cores import cores, threads_of
from ..file.quantities import ScenarioError, shown
from ..folder.check import EVALUATIONS, check_kept_output, check_output, is_finished, read_summary
from . import complete
from .bench import bench
from .cluster import check_cluster, check_device, workers
from .explain import explain, new
from .export import export
from .failed import said_of
from .importance import importance
from .options import (
    Cluster,
    Data,
    Device,
    Fitted,
    Format,
    Free,
    Json,
    Log,
    Name,
    Out,
    Particles,
    Resume,
    Seed,
    Settings,
    Threads,
    format_of,
    names_of,
    path_of,
    range_of,
    share_of,
)  # fmt: skip
from .report.command import report
from .scan import scan

if TYPE_CHECKING:
    from ..file.scenario import Scenario

_UNTIL_PRECISE = 10**9

app = typer.Typer(
    rich_markup_mode=None,
    help="Cosmic-ray protons from the Galactic disc, through its halo, into the circumgalactic medium.",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; whatever goes wrong is one line on standard error."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = [argument for argument in given if argument != "--debug"]
    try:
        code = _invoke(list(arguments))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in given:
            traceback.print_exc()
        code, line = said_of(error, arguments)
        print("crhalo:", " ".join(line.split()), file=sys.stderr)
        return code


def _invoke(argv: list[str]) -> int:
    """Parse and run without the handling of errors that typer would add (boxes, tracebacks)."""
    command = typer.main.get_command(app)
    if complete.is_asked():
        command.main(argv, prog_name="crhalo")
    try:
        with command.make_context("crhalo", argv or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    return 0


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"crhalo {version('crhalo')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where in the code an error came from (anywhere on the line)."),
    ] = False,
) -> None:
    pass


@app.command("list")
def list_scenarios() -> None:
    """List the scenarios that come with the package."""
    from ..file.scenario import load, names
    from .show import print_rows

    print_rows("", ["scenario", "title"], [[name, load(name).title] for name in names()])


@app.command()
def run(
    name: Name,
    settings: Settings = None,
    particles: Particles = None,
    seed: Seed = None,
    threads: Threads = None,
    out: Out = Path("run"),
    transport_equation: Annotated[
        bool, typer.Option("--transport-equation", help="Compare the run with the transport equation.")
    ] = False,
    resume: Resume = False,
    precision: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Stop at this relative error of transport.precision_of."),
    ] = None,
    cluster: Cluster = None,
    device: Device = None,
    figures: Format = "png",
    data: Data = None,
    log: Log = None,
    force: Annotated[bool, typer.Option("--force", help="Try it though it may not fit into memory.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what the run would do and cost, then stop.")
    ] = False,
) -> None:
    """Run a scenario and write its results, maps and figures."""
    share = None if precision is None else share_of(precision)
    scenario = _asked_for(name, settings, particles, seed, share)
    given: Any = {"precision": share, "transport_equation": transport_equation}
    drawn: Any = {"figure_format": format_of(figures), "data": _measured(scenario, names_of(data))}
    threads = threads_of(threads)
    check_cluster(cluster)
    check_device(device, scenario.transport.method, cluster)
    if not dry_run:
        check_output(out, resume)
        wanted = {"scenario": scenario.to_toml(), **given}
        if resume and is_finished(out, wanted):
            print(
                f"{out} is finished: nothing to do{'; crhalo show --redraw draws it again' if data else ''}"
            )
            return

    from ..run import RunOptions
    from .log import watched
    from .plan import check_room, plan
    from .run import execute

    if dry_run:
        _show(plan(scenario, threads))
        return
    if not force:
        check_room(scenario, out, threads)
    with watched(log, "run", scenario, out) as progress, workers(cluster, device) as executor:
        options = RunOptions(resume=resume, executor=executor, **drawn, **given)
        execute(scenario, out, threads, progress, options)
    from .report.page import write_report

    write_report(out)
    _digest(out)


@app.command()
def fit(
    name: Name,
    data: Fitted,
    free: Free,
    settings: Settings = None,
    between: Annotated[
        str | None,
        typer.Option("--range", metavar="LOW,HIGH", help="Rigidities to fit, as '20 GV,2 TV', which it is."),
    ] = None,
    posterior: Annotated[
        bool, typer.Option("--posterior", help="Sample the posterior, too; pip install 'crhalo[fit]'.")
    ] = False,
    out: Out = Path("fit"),
    resume: Resume = False,
    figures: Format = "png",
    log: Log = None,
) -> None:
    """Fit keys of a scenario to measurements at the Sun, by the transport equation."""
    from ..file.scenario import load
    from .fit import execute_fit

    scenario = load(name).with_overrides(settings or [])
    check_kept_output(out, resume, EVALUATIONS, "fit")
    execute_fit(
        scenario, names_of(data), names_of(free, "free"), range_of(between), posterior, out,
        cores(), format_of(figures), log,
    )  # fmt: skip
    _digest(out)


for command in (scan, report, export, importance, explain, new, bench):
    app.command()(command)


def _asked_for(
    name: str, settings: list[str] | None, particles: str | None, seed: str | None, precision: float | None
) -> Scenario:
    """The scenario that the options of `run` ask for."""
    from ..file.scenario import load

    transport = {"particles": particles, "seed": seed}
    given = [f"transport.{key}={value}" for key, value in transport.items() if value is not None]
    most = [f"transport.particles={_UNTIL_PRECISE}"] if precision is not None else []
    scenario = load(name).with_overrides([*most, *(settings or []), *given])
    if scenario.transport.method == "orbit" and scenario.transport.particles == _UNTIL_PRECISE:
        raise ScenarioError('--precision: allowed: with --particles where transport.method = "orbit"')
    return scenario


def _measured(scenario: Scenario, names: list[str]) -> Any:
    """The measurements that are to be drawn on the figures of a scenario."""
    if not names:
        return {}
    from ..products.registry import measured_for

    return measured_for(scenario, names)


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(parser=path_of, metavar="DIR", help="The folder of a run.")],
    all: Annotated[bool, typer.Option("--all", help="Print every number.")] = False,
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="Print one table of the summary, as neutrino.")
    ] = None,
    again: Annotated[bool, typer.Option("--redraw", help="Make its maps and figures again.")] = False,
    figures: Format = "png",
    data: Data = None,
    json: Json = False,
) -> None:
    """What a run found: a page of it, or all."""
    from .show import print_json, print_summary

    summary, figure_format, tables = read_summary(folder), format_of(figures), names_of(data)
    if again:
        _redraw(folder, figure_format, tables)
    elif figure_format != "png":
        raise ScenarioError(f"--format {figure_format}: allowed: with --redraw")
    elif tables:
        raise ScenarioError(f"--data {shown(data)}: allowed: with --redraw")
    if table is not None:
        summary = {table: _table_of(summary, table)}
    if json:
        print_json(summary)
    elif all or table is not None:
        print_summary({key: value for key, value in summary.items() if key != "provenance"})
    else:
        _digest(folder)


def _redraw(folder: Path, figure_format: str, tables: list[str]) -> None:
    """Make the maps and figures of a run again, with tables of measurements on them."""
    from ..api import Run
    from ..folder.lock import only_one_run_in
    from ..products.registry import redraw
    from ..progress import progress_bar

    with only_one_run_in(folder):
        finished = Run.open(folder, progress=True)
        with progress_bar() as progress:
            redraw(finished, folder, progress, figure_format, _measured(finished.scenario, tables))


def _table_of(summary: dict[str, Any], name: str) -> Any:
    """One entry of a summary, with the energies that it is given at.

    Raises
    ------
    ScenarioError
        If there is none of that name.
    """
    from ...fields.exceptions import did_you_mean
    from ..file.faults import allowed_names

    if name not in summary:
        tables = [key for key, entry in summary.items() if isinstance(entry, dict) and key != "provenance"]
        hint = did_you_mean(name, tables, "tables")
        raise ScenarioError(f"--table {shown(name)}: no such table{allowed_names(hint, tables)}")
    entry = summary[name]
    beside = {"energy_GeV": summary["energy_GeV"]} if "energy_GeV" in summary else {}
    return beside | entry if isinstance(entry, dict) else entry


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(parser=path_of, metavar="DIR", help="The folder of a run.")],
    particle: Annotated[int, typer.Argument(metavar="ID", help="Number of a particle.")],
) -> None:
    """Follow one particle of a run again; write its track as a table and a figure into the folder."""
    from .replay import replay_particle

    _show(replay_particle(folder, particle, cores()))


@app.command()
def merge(
    folders: Annotated[list[Path], typer.Argument(parser=path_of, metavar="DIR...", help="Folders of runs.")],
    out: Annotated[Path, typer.Option(parser=path_of, metavar="DIR", help="For the merged run.")] = Path(
        "merged"
    ),
) -> None:
    """Join runs of one scenario with different seeds into one."""
    from .merge import merge_runs

    check_output(out, resume=False)
    merge_runs(folders, out, cores())
    _digest(out)


@app.command()
def table(json: Json = False) -> None:
    """Print every number that the two papers (Blasi & Amato 2019, Blasi 2019) state, beside ours."""
    from ..validation.papers import paper_numbers
    from .show import print_json, print_paper_numbers

    (print_json if json else print_paper_numbers)(paper_numbers())


@app.command()
def data(
    name: Annotated[str | None, typer.Argument(metavar="[NAME|FILE]", autocompletion=complete.table)] = None,
) -> None:
    """List the published measurements that come along; with a name, or an ECSV file, print that table."""
    from .data import show_data

    show_data(name)


@app.command()
def validate(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer particles and wider tolerances.")] = False,
    json: Json = False,
) -> None:
    """Compute problems whose answer is known; exit code 1 if one comes out wrong."""
    from ..validation.suite import run_checks
    from .show import print_checks, print_json, status_line

    with status_line() as report:
        checks = run_checks(quick, report)
    (print_json if json else print_checks)(checks)
    if not all(check["passed"] for check in checks):
        raise typer.Exit(1)


def _digest(folder: Path) -> None:
    """Print what a finished run, a fit or a scan found, on a page."""
    from .digest.fit import print_fit
    from .digest.run import print_digest
    from .scan import print_scan

    summary = read_summary(folder)
    printed = print_fit if "chi2" in summary else print_scan if "grid" in summary else print_digest
    printed(summary, folder)


def _show(numbers: dict[str, Any]) -> None:
    """Print all of some numbers."""
    from .show import print_summary

    print_summary(numbers)
