"""Where numbers come from: constants with values, units and sources, read from the code and its tables."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from crhalo.maps import data
from keys import in_cell

UNITS = "crhalo.fields.units"
# Modules with numbers of nature, or that someone measured; constants of the numerics are in others.
OF_NATURE = (
    "crhalo.fields.gas_density",
    "crhalo.fields.disc.gas",
    "crhalo.fields.disc.sources",
    "crhalo.fields.disc.phases",
    "crhalo.fields.waves.streaming",
    "crhalo.fields.waves.tube_waves",
    "crhalo.fields.turbulence.scattering",
    "crhalo.mc.kernels.albedo",
    "crhalo.mc.diffusion.nuclei",
    "crhalo.mc.coupled.bubble_start",
    "crhalo.maps.light.absorption",
    "crhalo.maps.light.starlight",
    "crhalo.maps.light.synchrotron",
    "crhalo.maps.light.nuclei",
    "crhalo.maps.light.at_the_sun",
    "crhalo.maps.light.sky",
    "crhalo.maps.light.secondaries",
    "crhalo.maps.data.read",
    "crhalo.scenarios.studies.coupling",
)
# Of constants whose files say it elsewhere: a docstring below them would be a change of kernels.
SAID_ELSEWHERE = {
    "SUN_R_KPC": "From the Sun to the Galactic centre in kpc (GRAVITY Collaboration 2019, A&A 625, L10).",
    "SUN_Z_KPC": "Height of the Sun above the plane in kpc (Bennett & Bovy 2019, MNRAS 482, 1417).",
    "DISC_DENSITY_CM3": "Hydrogen in the plane of the uniform disc in cm^-3.",
    "DISC_HEIGHT_KPC": "Scale height of that disc in kpc.",
    "HALO_DENSITY_CM3": "Ionised gas of the halo near the disc in cm^-3, see `halo_density_cm3`.",
    "HALO_DENSITY_FAR_CM3": "The floor of that, the hot gas above it, in cm^-3.",
    "HALO_HEIGHT_KPC": "Scale height of that in kpc; 1.8 kpc by Gaensler et al. (2008).",
    "ATOMIC": "Disc of HI: mass per area [Msun/pc^2], scales R_m, R_d and z_d [kpc] (McMillan 2017).",
    "MOLECULAR": "Disc of H2, the same.",
}
_LONGEST = 70
# What a value is written with; others are records that the API describes.
_PLAIN = (int, float, str, tuple, dict)


class Constant(NamedTuple):
    """A constant of a module."""

    name: str
    value: Any
    about: str


def constants_of(module: str) -> Iterator[Constant]:
    """The constants of a module that say what they are, below them or in the comment at the end of the line.

    Parameters
    ----------
    module : str
        Its name.
    """
    source = inspect.getsource(importlib.import_module(module))
    body, lines = ast.parse(source).body, source.splitlines()
    for line, below in zip(body, [*body[1:], None], strict=True):
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        if not isinstance(line, ast.Assign | ast.AnnAssign) or not isinstance(target, ast.Name):
            continue
        name = target.id
        if name.startswith("_") or not name.isupper():
            continue
        value = getattr(importlib.import_module(module), name)
        about = SAID_ELSEWHERE.get(name, "")
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            about = str(below.value.value)
        elif "  # " in lines[(line.end_lineno or 0) - 1]:
            about = lines[(line.end_lineno or 0) - 1].partition("  # ")[2]
        if about and isinstance(value, _PLAIN) and not isinstance(value, bool):
            yield Constant(name, value, " ".join(about.split()))


def _value(value: Any) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else re.sub(r"(\d\.\d{9})\d+", r"\1", str(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _rows(module: str) -> list[str]:
    return [
        f"| `{name}` | `{_value(value)}` | {in_cell(about)} |" for name, value, about in constants_of(module)
    ]


def _measurements() -> list[str]:
    rows = []
    for name in data.names():
        meta = data.load(name).meta
        where = meta.get("doi") or (f"arXiv:{meta['arxiv']}" if "arxiv" in meta else "")
        source = " ".join(str(meta.get("source", "")).split())
        cells = (str(meta.get("measured", "")), source, str(where))
        rows.append(f"| `{name}` | {' | '.join(map(in_cell, cells))} |")
    return rows


def page() -> str:
    """The page of all of them."""
    parts = [
        "# Where does this number come from",
        "Each number on this page is read from the code, or from the header of a table that comes with it, "
        "when the pages are made. Values of a scenario, with their defaults, are in [all keys](keys.md); "
        "numbers of the two papers beside those of the code are what `crhalo table` prints.",
        "## Units and constants of nature",
        _about(UNITS),
        _table("constant", _rows(UNITS)),
        "## Numbers of astrophysics",
    ]
    for module in OF_NATURE:
        if rows := _rows(module):
            parts += [f"### {module.removeprefix('crhalo.')}", _about(module), _table("constant", rows)]
    head = ["| table | what was measured | by whom | doi or arXiv |", "|---|---|---|---|"]
    parts += ["## Measurements", "`crhalo data NAME` prints a table.", "\n".join([*head, *_measurements()])]
    return "\n\n".join(parts) + "\n"


def _about(module: str) -> str:
    """What a module says of itself."""
    text = inspect.getdoc(importlib.import_module(module)) or ""
    return "".join(part if part.startswith("`") else in_cell(part) for part in re.split("(`+[^`]+`+)", text))


def _table(what: str, rows: list[str]) -> str:
    return "\n".join([f"| {what} | value | what it is, its unit and source |", "|---|---|---|", *rows])


def pages() -> dict[str, bytes]:
    """The page by the name of its file."""
    return {"constants.md": page().encode()}
