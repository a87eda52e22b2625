"""`crhalo importance RUN --of ...`: which sources make what is seen, and what D does to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..file.quantities import ScenarioError, refused_as, shown
from ..folder.check import check_finished
from .options import Format, format_of, path_of

if TYPE_CHECKING:
    from ..products.importance.importance import Importance


def importance(
    folder: Annotated[Path, typer.Argument(parser=path_of, metavar="DIR", help="The folder of a run.")],
    of: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="'neutrino 10 TeV cgm' (gamma; disc, halo), 'gamma 100 TeV lhaaso-inner' (a region of the "
            "sky), or 'protons 10 TeV sun'.",
        ),
    ],
    out: Annotated[
        Any, typer.Option(parser=path_of, metavar="DIR", help="Where to; that of the run if not given.")
    ] = None,
    figures: Format = "png",
) -> None:
    """Which protons make what is seen: where they were released, and what D does to it."""
    from ..file.observable import observable_of

    figure_format = format_of(figures)
    with refused_as("--of"):
        asked = observable_of(of)
    there: Path = folder if out is None else out
    if there.exists() and not there.is_dir():
        raise ScenarioError(f"--out {shown(there)}: a file; allowed: a folder")
    check_finished(folder, "result.h5")

    from ..api import Run
    from ..products.importance.importance import importance_of

    run = Run.open(folder, progress=True)
    with refused_as("--of"):
        found = importance_of(run, asked)
    there.mkdir(parents=True, exist_ok=True)
    written = found.write(there, figure_format)
    for line in said_of(found):
        print(line)
    print(f"Written to {there}: {', '.join(written)}")


def said_of(found: Importance) -> list[str]:
    """What is told of it, a line each."""
    from ...fields.units import energy_label

    numbers, energy = found.numbers(), energy_label(float(found.energy_GeV[found.strongest]))
    low, middle, high = numbers["radius_kpc"]
    first, half, last = map(energy_label, numbers["energy_at_release_GeV"])
    of_D = numbers["dln_dlnD"]
    return [
        f"{found.observable}: {found.value:.4g} {numbers['unit']} in the steady state by the transport "
        f"equation; {found.reached:.0%} of it after t_max",
        f"half of it was released with less than {half} (16% to 84%: {first} to {last})",
        f"half of it is injected within {middle:.2f} kpc (16% to 84%: {low:.2f} to {high:.2f} kpc), "
        f"half of all protons within {numbers['source_radius_kpc']:.2f} kpc",
        f"importance at {energy}, (largest - smallest)/mean: {numbers['spread_in_disc']:.2g} among sources, "
        f"{numbers['spread_in_halo']:.2g} within the surface",
        f"d ln/d ln D: {of_D['halo']:.3g} within the surface, {of_D['outside']:.3g} outside; "
        f"d ln/d ln u: {numbers['dln_dlnu']:.3g}",
    ]
