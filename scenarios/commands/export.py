"""`crhalo export RUN --to ...`: what a run found, in the form that another code reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...fields.exceptions import UserError
from ..file.quantities import ScenarioError, shown
from ..folder.check import check_file, check_finished
from .options import path_of

if TYPE_CHECKING:
    from ..run import Run

_SPACING_KPC = 0.25
_CELLS = 128


def _gammapy(folder: Path, out: Path, secondary: str) -> None:
    from ...maps.export.gammapy import write_template
    from ...maps.light.skyfile import read_sky

    path = folder / f"sky_{secondary}.fits"
    if not path.exists():
        raise ScenarioError(f"{shown(folder)}: no {path.name}; allowed: a run with skies of {secondary}s")
    sky = read_sky(path)
    write_template(sky.energy_GeV, sky.intensity, out)


def _run_of(folder: Path, form: str) -> Run:
    if not (folder / "result.h5").exists():
        raise ScenarioError(f"{shown(folder)}: no result.h5; allowed: for {form}, a run in a galaxy")
    from ..api import Run

    return Run.open(folder, progress=True)


def _hermes(folder: Path, out: Path, secondary: str) -> None:
    from ...maps.export.hermes import cube_of, write_hermes

    run = _run_of(folder, "hermes")
    sky, galaxy = run.sky_model, run.galaxy
    R, z = (
        min(float(each[-1]), end)
        for each, end in zip(sky.nodes_kpc, (galaxy.R_d_kpc + 5.0, 10.0), strict=True)
    )
    edges = run.result.grid.current_edges_GeV
    write_hermes(cube_of(sky.nodes_kpc, edges, sky.protons_cm3(), (R, z), min(_SPACING_KPC, z / 4.0)), out)


def _crpropa(folder: Path, out: Path, secondary: str) -> None:
    from ...maps.export.crpropa import halo_on_grid, write_crpropa_grid

    galaxy = _run_of(folder, "crpropa").galaxy
    if galaxy.lines is None:
        said = 'medium.field = "isotropic": a strength without a direction'
        raise ScenarioError(f"{said}; allowed: for crpropa, a field with lines")
    box = 2.0 * min(galaxy.r_max_kpc, galaxy.R_d_kpc + 5.0)
    write_crpropa_grid(halo_on_grid(galaxy.lines.field, box, _CELLS), out)


FORMS: dict[str, tuple[Callable[[Path, Path, str], None], str]] = {
    "gammapy": (_gammapy, "sky_template.fits"),
    "hermes": (_hermes, "cosmic_rays_hermes.fits"),
    "crpropa": (_crpropa, "field_crpropa.dat"),
}
"""What writes each form, and what its file is called where nothing else is asked for."""


def export(
    folder: Annotated[Path, typer.Argument(parser=path_of, metavar="DIR", help="The folder of a run.")],
    to: Annotated[
        str,
        typer.Option(
            metavar="FORM",
            help="gammapy: a sky; hermes: protons as a cube; crpropa: the halo field as a grid.",
        ),
    ],
    out: Annotated[
        Any, typer.Option(parser=path_of, metavar="FILE", help="Where to; in the folder if not given.")
    ] = None,
    secondary: Annotated[
        str, typer.Option(metavar="gamma|neutrino", help="Of the sky, for gammapy.")
    ] = "gamma",
) -> None:
    """Write a run in the form of another code."""
    if to not in FORMS:
        raise ScenarioError(f"--to {shown(to)}: allowed: {', '.join(FORMS)}")
    if secondary not in ("gamma", "neutrino"):
        raise ScenarioError(f"--secondary {shown(secondary)}: allowed: gamma, neutrino")
    check_finished(folder, "summary.json")
    write, name = FORMS[to]
    path = folder / name if out is None else out
    check_file(path)
    try:
        write(folder, path, secondary)
    except UserError as error:
        raise ScenarioError(f"--to {to}: {error}") from None
    print(f"Written: {path}")
