"""The options that several commands share, and how what is given to them is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ...fields.cores import MOST_THREADS
from ..file.quantities import ScenarioError, shown
from . import complete

FORMATS = ("png", "pdf")


def path_of(text: str) -> Path:
    """A path, with ~ for the home folder wherever a shell has left it."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def format_of(text: str) -> str:
    """A format of figures."""
    if text not in FORMATS:
        raise ScenarioError(f"--format {shown(text)}: allowed: {', '.join(FORMATS)}")
    return text


_LISTS = {"data": "names of tables or files, as in crhalo data", "free": "keys of the scenario"}


def names_of(text: str | None, option: str = "data") -> list[str]:
    """Names or files with commas between them; none where the option is not given."""
    names = [] if text is None else [name.strip() for name in text.split(",")]
    if not all(names):
        raise ScenarioError(f"--{option} {shown(text)}: allowed: {_LISTS[option]}")
    return names


def range_of(text: str | None) -> list[str] | None:
    """Two rigidities with a comma between them, as "20 GV,2 TV"; none where the option is not given."""
    ends = None if text is None else [end.strip() for end in text.split(",")]
    if ends is not None and not (len(ends) == 2 and all(ends)):
        raise ScenarioError(f"--range {shown(text)}: allowed: two rigidities, as '20 GV,2 TV'")
    return ends


def share_of(text: str) -> float:
    """A relative error, as 0.02."""
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 1e-6 <= share <= 1.0:
        percent = re.fullmatch(r"\s*([\d.]+)\s*%\s*", text)
        hint = f"; {text.strip()} is {float(percent[1]) / 100:g}" if percent else ""
        raise ScenarioError(f"--precision {shown(text)}: allowed: a number from 1e-06 to 1{hint}")
    return share


Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A scenario, or the path of a .toml file.", autocompletion=complete.scenarios
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a value, as medium.z_B='3 kpc'; repeatable.",
        autocompletion=complete.settings,
    ),
]
Particles = Annotated[str | None, typer.Option(metavar="NUMBER", help="Number of particles.")]
Seed = Annotated[str | None, typer.Option(metavar="NUMBER", help="Seed of the random numbers.")]
Threads = Annotated[
    int | None, typer.Option(min=1, max=MOST_THREADS, help="Threads; the result does not depend on it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Out = Annotated[Path, typer.Option(parser=path_of, metavar="DIR", help="Folder for the results.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue one that was stopped.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE", help="Follow particles on dask workers: dask://HOST:PORT, or dask-local:N."
    ),
]
Device = Annotated[
    str | None, typer.Option(metavar="cuda", help="Follow orbits on a GPU; pip install 'crhalo[cuda]'.")
]
Format = Annotated[str, typer.Option("--format", metavar="png|pdf", help="Format of the figures.")]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="NAME|FILE,...",
        help="Draw these measurements on figures, too.",
        autocompletion=complete.table_list,
    ),
]
Fitted = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE,...",
        help="Fit these measurements, as ams02-protons,ams02-bc.",
        autocompletion=complete.table_list,
    ),
]
Free = Annotated[
    str,
    typer.Option(
        metavar="KEY,...",
        help="Keys to fit, as diffusion.D0,source.slope.",
        autocompletion=complete.key_list,
    ),
]
Log = Annotated[
    Path | None,
    typer.Option("--log", parser=path_of, metavar="FILE", help="Append what the run does, as JSON lines."),
]
