"""`crhalo bench`: how fast kernels are on this machine, and how runs grow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..file.quantities import ScenarioError
from ..folder.check import check_writable
from .cluster import check_device
from .options import Device, Json, path_of

Folder = Annotated[
    Path | None,
    typer.Option(
        "--out", parser=path_of, metavar="DIR", help="Folder for the table and figure of --scaling."
    ),
]


def bench(
    json: Json = False,
    scaling: Annotated[
        bool, typer.Option("--scaling", help="Runs by threads, particles and dask workers instead.")
    ] = False,
    importance: Annotated[
        bool,
        typer.Option("--importance", help="What transport.importance_of is worth, in figures of merit."),
    ] = False,
    out: Folder = None,
    device: Device = None,
) -> None:
    """Measure the speed of each kernel on this machine; times on two threads are those of both together."""
    from ..validation.bench import benchmarks, orbits_on_device
    from .show import print_json, print_rows, status_line

    if device is not None:
        check_device(device, "orbit")
        if scaling or importance:
            raise ScenarioError("--device cuda: allowed: not with --scaling or --importance")
    if scaling and importance:
        raise ScenarioError("--scaling --importance: allowed: one of them")
    if out is not None and not scaling:
        raise ScenarioError("--out: allowed: with --scaling")
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ScenarioError(f"--out {str(out)!r}: allowed: a folder that is empty, or does not exist")
    if out is not None:
        check_writable(out, out)
    with status_line() as report:
        if scaling:
            from ..validation.scaling import scaling as runs

            rows = runs(report)
        elif importance:
            from ..validation.importance import figures_of_merit

            rows = figures_of_merit(report)
        else:
            rows = benchmarks(report) if device is None else orbits_on_device(report)
    if out is not None:
        _write(rows, out)
    if json:
        print_json(rows)
    else:
        print_rows("", list(rows[0]), [list(row.values()) for row in rows])


def _write(rows: list[dict[str, object]], folder: Path) -> None:
    """A table with where it was measured, and a figure."""
    from importlib.metadata import version

    from ...fields._jit import machine
    from ...maps.figures.machine.scaling import scaling as drawn
    from ..folder.write import write_ecsv
    from ..products.product import Made
    from ..products.write import check_all_written, write_files

    about = {"version": version("crhalo"), "machine": machine()}
    folder.mkdir(parents=True, exist_ok=True)
    made = Made({}, {"scaling.ecsv": partial(write_ecsv, rows, about)}, {"scaling": partial(drawn, rows)})
    check_all_written(write_files(made, folder), folder)
