"""`crhalo scan`: a scenario at every point of a grid of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...fields.cores import threads_of
from ..file.quantities import ScenarioError, shown
from ..folder.check import POINTS, check_kept_output
from . import complete
from .cluster import check_cluster, workers
from .options import Cluster, Format, Log, Name, Out, Particles, Resume, Seed, Settings, Threads, format_of

if TYPE_CHECKING:
    from ..file.scenario import Scenario
    from ..scanning.grid import Axis


def scan(
    name: Name,
    grid: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUES",
            help="Values of a key, as medium.delta_G=1:200:log8 or medium.z_B='1,2,4 kpc'; repeatable.",
            autocompletion=complete.settings,
        ),
    ],
    settings: Settings = None,
    particles: Particles = None,
    seed: Seed = None,
    threads: Threads = None,
    out: Out = Path("scan"),
    resume: Resume = False,
    cluster: Cluster = None,
    plot: Annotated[
        list[str] | None,
        typer.Option(metavar="QUANTITY[@ENERGY]", help="Draw this, as escape_time_Myr@1TeV; repeatable."),
    ] = None,
    figures: Format = "png",
    log: Log = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what the scan would do and cost, then stop.")
    ] = False,
) -> None:
    """Run a scenario at every point of a grid of its keys; all numbers go into one netCDF file."""
    from ..file.scenario import load

    transport = {"particles": particles, "seed": seed}
    given = [f"transport.{key}={value}" for key, value in transport.items() if value is not None]
    _check_apart(grid, [*(settings or []), *given])
    scenario = load(name).with_overrides([*(settings or []), *given])
    figure_format, number = format_of(figures), threads_of(threads)
    check_cluster(cluster)
    if not dry_run:
        check_kept_output(out, resume, POINTS, "scan")

    from ..folder.lock import only_one_run_in
    from ..run import RunOptions
    from ..scanning.figure import asked_for, check_axes
    from ..scanning.files import write_scan
    from ..scanning.grid import axes_of
    from ..scanning.scan import run_scan
    from .log import watched

    axes, plots = axes_of(scenario, grid), [asked_for(text) for text in plot or []]
    if plots:
        check_axes(axes)
    if dry_run:
        _show_plan(scenario, axes, number, [each.name for each in plots])
        return
    with (
        watched(log, "scan", scenario, out) as progress,
        only_one_run_in(out),
        workers(cluster) as executor,
    ):
        options = RunOptions(folder=out, resume=resume, executor=executor)
        found = run_scan(scenario, axes, progress, number, options, [each.name for each in plots])
        write_scan(found, out, plots, figure_format)
    from ..folder.check import read_summary

    print_scan(read_summary(out), out)


def _show_plan(scenario: Scenario, axes: tuple[Axis, ...], threads: int, quantities: list[str]) -> None:
    """Print what a scan would do and cost; what it would refuse is refused."""
    from ..scanning.scan import check_names, names_there, points_of
    from .plan import plan_scan
    from .show import print_summary

    points = points_of(scenario, axes)
    if quantities:
        check_names(quantities, names_there(points[0]))
    print_summary(plan_scan(points, threads))


def _check_apart(grid: list[str], settings: list[str]) -> None:
    """Refuse (`ScenarioError`) a key that is to have one value and several."""
    keys = {text.partition("=")[0].strip() for text in grid}
    for setting in settings:
        if (key := setting.partition("=")[0].strip()) in keys:
            raise ScenarioError(
                f"--set {shown(setting)}: allowed: other keys than those of --grid, as {key} is"
            )


def print_scan(summary: Mapping[str, Any], folder: Path) -> None:
    """Print what was scanned, and which quantities there are."""
    from .show import print_lines, print_rows

    rows = [
        [axis["key"], axis["unit"], ", ".join(f"{each:g}" for each in axis["values"])]
        for axis in summary["grid"]
    ]
    print_rows("", ["key", "unit", "values"], rows)
    by_energy = [name for name, about in summary["quantities"].items() if about["along"]]
    others = [name for name, about in summary["quantities"].items() if not about["along"]]
    notes = [f"! {note} ({count} of {summary['points']} points)" for note, count in summary["notes"].items()]
    failed = [f"! failed: {place}: {fault}" for place, fault in summary["failed"].items()]
    print_lines([
        f"{summary['title']}: {summary['points']} points of {summary['particles_of_each']} particles",
        f"by energy: {', '.join(by_energy)}",
        f"one number each: {', '.join(others)}",
        *notes,
        *failed,
        f"Written to {folder}: scan.nc, which xarray reads; --resume --plot NAME draws a quantity",
    ])  # fmt: skip
