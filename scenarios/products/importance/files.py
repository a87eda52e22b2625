"""The files of an importance: its arrays, its table, its figure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.units import FloatArray
from ....maps.figures.transport_equation.importance import importance as drawn
from ....mc.files import write_text
from ...folder.write import writing_profiles
from ..product import Made
from ..write import check_all_written, write_files
from .importance import CONVENTIONS, Importance

_CURVES = (0.1, 0.5, 0.9)  # shares of the value below energies at release that are drawn


def files_of(found: Importance) -> dict[str, Callable[[Path], None]]:
    """Its files by name, each with what writes it."""
    name = f"importance_{found.observable.name}"
    return {f"{name}.h5": partial(_write_arrays, found), f"{name}.ecsv": partial(_write_table, found)}


def _write_arrays(found: Importance, path: Path) -> None:
    unit, cells = found.observable.unit, found.cells
    arrays: dict[str, tuple[Any, str, str]] = {
        "energy_edges_GeV": (found.energy_edges_GeV, "GeV", "bins"),
        "R_edges_kpc": (cells.R_edges_kpc, "kpc", "R"),
        "z_edges_kpc": (cells.z_edges_kpc, "kpc", "z"),
        "inside": (cells.inside & cells.used, "", "R, z"),
        "used": (cells.used, "", "R, z"),
        "importance": (found.importance_s, f"{unit} s", "energy at release, R, z"),
        "released": (found.released_s, "s-1", "energy at release, R"),
        "contribution": (found.contribution, "", "energy at release, R"),
        "sensitivity_D": (found.sensitivity_D, "", "energy, R, z"),
        "sensitivity_u": (found.sensitivity_u, "", "R, z"),
    }
    with writing_profiles(dict(found.about) | {"numbers": found.numbers()}, CONVENTIONS, path) as file:
        for key, (values, its_unit, axes) in arrays.items():
            file[key] = values
            file[key].attrs.update({"unit": its_unit, "axes": axes})


def _write_table(found: Importance, path: Path) -> None:
    text = StringIO()
    found.table().write(text, format="ascii.ecsv")
    write_text(path, text.getvalue())


def figure_of(found: Importance, ax: Any = None) -> Any:
    """Importance where most of the value is made, what is injected within R, and the sensitivity to D."""
    bins = dict.fromkeys(
        int(np.searchsorted(found.energy_edges_GeV, found.energy_below_GeV(share))) - 1 for share in _CURVES
    )
    rings, bin = found.contribution, found.strongest
    psi = found.importance_s[bin]
    mean = rings[bin].sum() * found.value / found.released_s[bin].sum()
    maps = {
        "R_edges_kpc": found.cells.R_edges_kpc,
        "z_edges_kpc": found.cells.z_edges_kpc,
        "used": found.cells.used,
        "inside": found.cells.inside,
        "importance": psi / mean,
        "energy_GeV": float(found.energy_GeV[bin]),
        "within": {float(found.energy_GeV[each]): _within(rings[each]) for each in bins},
        "all": _within(rings.sum(axis=0)),
        "released": _within(found.released_s.sum(axis=0)),
        "half_kpc": found.radius_kpc(),
        "sensitivity": found.sensitivity_D.sum(axis=0),
        "of_D": found.of_D,
        "title": found.observable.label,
    }
    return drawn(maps, ax)


def _within(by_ring: FloatArray) -> FloatArray:
    """The share within each edge."""
    return np.append(0.0, np.cumsum(by_ring) / by_ring.sum())


def write_importance(found: Importance, folder: Path, figure_format: str = "png") -> list[str]:
    """Write its files and its figure into a folder that exists; return their names.

    Raises
    ------
    OSError
        If the folder cannot be written.
    RunFailed
        If a file could not be made, after the others were.
    """
    name = f"importance_{found.observable.name}"
    made = Made({}, files_of(found), {name: partial(figure_of, found)})
    check_all_written(write_files(made, folder, figure_format), folder)
    return [*made.files, f"{name}.{figure_format}"]
