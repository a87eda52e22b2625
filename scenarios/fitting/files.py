"""What a fit leaves in its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ...maps.figures.fit import corner_figure, emulator_figure, fit_figure
from ...mc.files import write_text
from ..folder.provenance import provenance_of
from ..folder.write import write_ecsv, write_json
from ..products.product import Made
from ..products.write import check_all_written, write_files
from .best_fit import relative_errors
from .fit import Fit

FIGURES = ("fit", "corner", "emulator")
CONVENTIONS = {
    "model": "steady transport equation in the plane at the radius of the Sun, by rigidity inside the "
    "heliosphere (force field of 0.5 GV); fluxes in m^-2 s^-1 sr^-1 GV^-1",
    "error": "one sigma, from the slopes of the model at the best fit and the errors of the data, which are "
    "taken to be independent and Gaussian; not scaled by chi^2",
    "pull": "(model - measured) over the error on the side of the model",
    "correlation": "of what varies: the logarithm of a key whose allowed range is wide, else its value",
    "posterior": "prior flat in what varies, within the limits of the keys; the error of the emulator counts "
    "beside that of the data",
}


def write_fit(found: Fit, folder: str | Path, figure_format: str = "png") -> None:
    """Write what `crhalo fit` writes into a folder: the fitted scenario, tables, figures, the summary last.

    Raises
    ------
    RunFailed
        If a file could not be made, after writing all others.
    OSError
        If the folder cannot be written.
    """
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    provenance = provenance_of(found.scenario) | {"seed": found.scenario.transport.seed}
    provenance |= {"conventions": CONVENTIONS}
    about = {key: value for key, value in provenance.items() if key != "medium"}
    write_text(folder / "scenario.toml", found.scenario.to_toml())
    write_text(folder / "fitted.toml", found.fitted.to_toml())
    files: dict[str, Any] = {
        "parameters.ecsv": partial(write_ecsv, found.parameters(), about),
        "points.ecsv": partial(write_ecsv, found.points(), about),
    }
    figures: dict[str, Any] = {"fit": partial(fit_figure, found.points())}
    posterior = found.posterior
    if posterior is not None:
        samples, units = found.samples(), {key.name: key.unit for key in found.keys}
        rows = [dict(zip(samples, values, strict=True)) for values in zip(*samples.values(), strict=True)]
        files["posterior.ecsv"] = partial(write_ecsv, rows, about | {"units": units})
        best = {row["key"]: row["value"] for row in found.parameters()}
        held_out = {
            key.name: [key.in_unit(key.value(float(u))) for u in column]
            for key, column in zip(found.keys, posterior.held_out.T, strict=True)
        }
        figures["corner"] = partial(corner_figure, samples, units, best, held_out)
        figures["emulator"] = partial(
            emulator_figure, found.points(), posterior.off / relative_errors(found.measured)
        )
    for stale in ("posterior.ecsv", *(f"{name}.{kind}" for name in FIGURES for kind in ("png", "pdf"))):
        (folder / stale).unlink(missing_ok=True)  # of an earlier fit that this one goes on from
    failed = write_files(Made({}, files, figures), folder, figure_format)
    summary = {"title": f"Fit of: {found.scenario.title}", **found.summary(), "provenance": provenance}
    write_json(summary, folder / "summary.json")
    check_all_written(failed, folder)
