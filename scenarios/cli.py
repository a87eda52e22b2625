"""The `crhalo` command. Anything heavy is imported by the command that needs it, so that help comes at once.

Exit codes: 0 done; 1 a check or the disk failed, or waves did not settle; 2 the input is not allowed;
130 interrupted.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .values import NotSettled, RunFailed, ScenarioError, shown

if TYPE_CHECKING:
    from .schema import Scenario

RUN_FILES = ("scenario.toml", "result.h5", "summary.json")
_CLUSTER = re.compile(r"dask-local:[1-9]\d{0,2}|dask://[\w.\-\[\]]+:\d{1,5}")
_UNTIL_PRECISE = 10**9
_LARGEST_SUMMARY, _DEEPEST_SUMMARY = 50_000_000, 20  # bytes, levels
_FEW_FOLDS = 10

_UsageError: Any = typer.BadParameter.__bases__[
    0
]  # typer carries click within itself, or not, by its version

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Cosmic-ray protons from the Galactic disc, through its halo, into the circumgalactic medium.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


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
        code, line = _said(error, arguments)
        print("crhalo:", " ".join(line.split()), file=sys.stderr)
        return code


def _said(error: BaseException, arguments: list[str]) -> tuple[int, str]:
    """Exit code and line for whatever went wrong."""
    match error:
        case _UsageError():
            return 2, error.format_message() + _alternatives(error)
        case ScenarioError():
            return 2, str(error)
        case RunFailed() | NotSettled():
            return 1, str(error)
        case ConnectionError():
            return 1, f"{error}{_go_on(arguments)}"
        case OSError():
            said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            return 1, said + _go_on(arguments)
        case Terminated():
            return 143, f"terminated{_go_on(arguments)}"
        case KeyboardInterrupt():
            return 130, f"interrupted{_go_on(arguments)}"
        case MemoryError():
            return 1, "out of memory"
    return 1, f"a fault of crhalo's own: {type(error).__name__}: {error}; the same with --debug says where"


class Terminated(KeyboardInterrupt):
    """SIGTERM, which is to end a run as Ctrl-C does."""


def _go_on(arguments: list[str]) -> str:
    """How to go on, where there is something to go on from."""
    words = [word for argument in arguments for word in argument.split("=", argument.startswith("--out="))]
    out = Path(dict(pairwise(words)).get("--out", "run"))
    going_on = arguments[:1] == ["run"] and _is_unfinished(out)
    return "; the same with --resume goes on" if going_on else ""


def _is_unfinished(out: Path) -> bool:
    """Whether a folder holds checkpoints; see `mc.checkpoint`, which takes long to import."""
    return any(out.glob("checkpoint*.[01]")) and not (out / "summary.json").exists()


def _invoke(argv: list[str]) -> int:
    """Parse and run without the handling of errors that typer would add (boxes, tracebacks)."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("crhalo", argv or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    return 0


def _alternatives(error: Any) -> str:
    """For a command or an option that does not exist: those that do."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        options = [option for parameter in error.ctx.command.params for option in parameter.opts]
        return f"; allowed: {', '.join(option for option in [*options, '--help'] if option.startswith('--'))}"
    if hasattr(error.ctx and error.ctx.command, "commands"):
        return f"; allowed: {', '.join(error.ctx.command.commands)}"
    return ""


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
        bool, typer.Option("--debug", help="Anywhere: show where in the code an error came from.")
    ] = False,
) -> None:
    pass


@app.command("list")
def list_scenarios() -> None:
    """The scenarios that come with the package."""
    from .display import print_rows
    from .schema import load, names

    print_rows("", ["scenario", "title"], [[name, load(name).title] for name in names()])


@app.command()
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scenario, or the path of a .toml file.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="As medium.z_B='3 kpc'; repeatable."),
    ] = None,
    particles: Annotated[int | None, typer.Option(help="Number of particles.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Threads; the result is the same.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("run"),
    referee: Annotated[
        bool, typer.Option("--referee", help="Hold the run against the transport equation.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    precision: Annotated[
        float | None, typer.Option(min=1e-6, max=1, help="Run until this relative error is reached.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="WHERE", help="dask://HOST:PORT, or dask-local:N.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")] = False,
) -> None:
    """Run a scenario and write its results, maps and figures."""
    from .schema import load

    transport = {"particles": particles, "seed": seed}
    given = [f"transport.{key}={value}" for key, value in transport.items() if value is not None]
    most = [f"transport.particles={_UNTIL_PRECISE}"] if precision is not None else []
    scenario = load(name).with_overrides([*most, *(settings or []), *given])
    if scenario.transport.method == "orbit" and scenario.transport.particles == _UNTIL_PRECISE:
        raise ScenarioError('--precision: allowed: with --particles where transport.method = "orbit"')
    threads = threads or _cores()
    if cluster is not None and not _CLUSTER.fullmatch(cluster):
        raise ScenarioError(f"--cluster {shown(cluster)}: allowed: dask://HOST:PORT, or dask-local:N")
    if not dry_run:
        _check_output(out, resume)
        if resume and _is_finished(out, scenario, precision, referee):
            print(f"{out} is finished: nothing to do")
            return

    from .display import progress_bar
    from .pipeline import Circumstances, execute, plan

    if dry_run:
        _show(plan(scenario, threads))
        return
    with ExitStack() as stack:
        executor = None
        if cluster is not None:
            from ..mc.cluster import ClusterError, connected

            try:
                executor = stack.enter_context(connected(cluster))
            except ClusterError as error:
                raise ScenarioError(f"--cluster {error}") from None
        progress = stack.enter_context(progress_bar())
        circumstances = Circumstances(resume=resume, precision=precision, executor=executor)
        execute(scenario, out, threads, progress, referee, circumstances)
    _show(_read_summary(out))
    print(f"Written to {out}: {', '.join(sorted(path.name for path in out.iterdir()))}")


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a run.")], json: Json = False
) -> None:
    """The summary of a run."""
    from .display import print_json

    (print_json if json else _show)(_read_summary(folder))


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a run.")],
    particle: Annotated[int, typer.Argument(metavar="ID", help="Number of a particle.")],
) -> None:
    """One particle of a run again, with its track as a table and a figure in the folder."""
    from .replayed import replay_particle

    _show(replay_particle(folder, particle, _cores()))


@app.command()
def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of runs.")],
    out: Annotated[Path, typer.Option(help="Folder for the merged run.")] = Path("merged"),
) -> None:
    """Runs of one scenario with different seeds, as one."""
    from .merged import merge_runs

    _check_output(out, resume=False)
    merge_runs(folders, out, _cores())
    _show(_read_summary(out))


@app.command()
def table(json: Json = False) -> None:
    """Every number that the two papers state, beside the one computed here."""
    from .display import print_json, print_paper_numbers
    from .table import paper_numbers

    (print_json if json else print_paper_numbers)(paper_numbers())


@app.command()
def validate(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer particles and wider tolerances.")] = False,
    json: Json = False,
) -> None:
    """Known answers, computed here and now; exit code 1 if one fails."""
    from .display import print_checks, print_json, status_line
    from .validate import run_checks

    with status_line() as report:
        checks = run_checks(quick, report)
    (print_json if json else print_checks)(checks)
    if not all(check["passed"] for check in checks):
        raise typer.Exit(1)


@app.command()
def bench(json: Json = False) -> None:
    """Speed of each kernel on this machine; the times of two threads are those of both together."""
    from .bench import benchmarks
    from .display import print_json, print_rows, status_line

    with status_line() as report:
        rows = benchmarks(report)
    if json:
        print_json(rows)
    else:
        print_rows("", list(rows[0]), [list(row.values()) for row in rows])


def _cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_output(out: Path, resume: bool) -> None:
    """Refuse a folder that holds a run, or that cannot be written; leave nothing behind."""
    if not resume and _is_unfinished(out):
        raise ScenarioError(f"--out {shown(out)}: holds an unfinished run; allowed: with --resume")
    if not resume and any((out / name).exists() for name in RUN_FILES):
        raise ScenarioError(f"--out {shown(out)}: holds another run; allowed: a folder that holds none")
    existing = Path(os.path.realpath(out))
    while not existing.exists():
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(bytes(4096))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from None


def _is_finished(out: Path, scenario: Scenario, precision: float | None, referee: bool) -> bool:
    """Whether a folder holds the very run that is asked for, finished; `ScenarioError` if it is another."""
    if not (out / "summary.json").exists():
        return False
    from ..mc.checkpoint import difference
    from .schema import load_file

    summary = _read_summary(out)
    found = (summary.get(key) for key in ("self_consistency", "provenance"))
    waves, provenance = (table if isinstance(table, dict) else {} for table in found)
    if not waves.get("converged", True):
        return False
    if isinstance(provenance.get("seed"), list):
        raise ScenarioError(f"--resume: {shown(out)} holds merged runs; allowed: another --out")
    pairs = {
        "scenario": (load_file(out / "scenario.toml").to_toml(), scenario.to_toml()),
        "precision": (provenance.get("precision"), precision),
    }
    for key, (there, here) in pairs.items():
        if there != here:
            raise ScenarioError(
                f"--resume: {shown(out)} holds another run, its {key}: {difference(there, here)}"
            )
    if referee and "referee" not in summary:
        raise ScenarioError(f"--referee: {shown(out)} is finished without it; allowed: another --out")
    return True


def _whole(digits: str) -> int:
    if len(digits) > 300:
        raise ValueError
    return int(digits)


def _depth(data: Any) -> int:
    """Levels of nesting."""
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + max(map(_depth, parts), default=0)


def _show(summary: dict[str, Any]) -> None:
    """Print a summary but for where it comes from, and which of its errors cannot be trusted."""
    from .display import plain, print_summary

    print_summary({key: value for key, value in summary.items() if key != "provenance"})
    folds = summary.get("folds")
    if isinstance(folds, int) and folds < _FEW_FOLDS:
        print(f"folds: errors are the scatter of {folds} folds only; do not trust them below {_FEW_FOLDS}")
    precision = summary.get("precision")
    for name, found in precision.items() if isinstance(precision, dict) else ():
        if isinstance(found, dict) and found.get("heavy_tailed"):
            print(f"{plain(name)}: heavy tails, a few particles make its error; do not trust it")


def _read_summary(folder: Path) -> Any:
    import json

    path = folder / "summary.json"
    if not path.is_file():
        raise ScenarioError(f"{shown(folder)}: no run here; allowed: a folder with a summary.json")
    if path.stat().st_size > _LARGEST_SUMMARY:
        raise ScenarioError(f"{shown(path)}: too large; allowed: {_LARGEST_SUMMARY} bytes")
    try:
        # A whole number of hundreds of digits is no quantity.
        summary = json.loads(path.read_text("utf-8"), parse_int=_whole)
        sound = isinstance(summary, dict) and _depth(summary) <= _DEEPEST_SUMMARY
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        raise ScenarioError(f"{shown(path)}: damaged; allowed: the summary.json that a run writes")
    return summary
