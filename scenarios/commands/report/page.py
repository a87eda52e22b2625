"""From the folder of a finished run to its page."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ....mc.files import write_text
from ...folder.check import read_summary
from ...folder.write import finite
from ..digest.run import digest_of, is_number
from ..show import plain, tables_of
from .sky_data import skies_of

PAGE = "report.html"
_NOT_TOLD = ("provenance", "notes", "title")
_FIRST = ("spectra", "sky_neutrino", "sky_gamma", "local_spectra", "regions", "proton_spectrum")
_MOST_BYTES = 6_000_000
"""Of figures in the page; those beyond it are named only."""


class Table(NamedTuple):
    """A table of the page: its title, names of its columns, and cells as text."""

    title: str
    columns: list[str]
    rows: list[list[str]]


class Figure(NamedTuple):
    """A figure of the page: its name, and the picture as a data URL; empty where it is left out."""

    name: str
    source: str


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a finished run or study, and return its path.

    Raises
    ------
    ScenarioError
        If there is no finished run in the folder, or its summary is damaged.
    OSError
        If it cannot be written.
    """
    summary = read_summary(folder)
    path = folder / PAGE
    write_text(path, rendered(summary, folder))
    return path


def rendered(summary: Mapping[str, Any], folder: Path) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    home = files(__package__)
    read = {name: (home / name).read_text("utf-8") for name in ("page.html.j2", "page.css", "page.js")}
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    told = digest_of(summary)
    provenance = summary.get("provenance")
    made = provenance if isinstance(provenance, Mapping) else {}
    skies = skies_of(folder)
    of_numbers = {key: entry for key, entry in summary.items() if key not in _NOT_TOLD}
    return template.from_string(read["page.html.j2"]).render(
        title=told.title,
        head=told.head,
        quoted=Table("What people quote", told.columns, told.rows),
        lines=told.lines,
        cautions=told.cautions,
        measured=_measured(summary),
        figures=_figures(folder),
        tables=[Table(*each) for each in tables_of(of_numbers)],
        scenario=str(made.get("scenario", "")),
        scenario_url=_url("text/plain", str(made.get("scenario", "")).encode()),
        provenance=[[plain(key), plain(value)] for key, value in made.items() if key != "scenario"],
        skies=[{key: each[key] for key in ("title", "parts", "labels")} for each in skies],
        sky_data=_in_script(json.dumps(finite(skies))),
        style=read["page.css"],
        script=read["page.js"],
        colours=json.dumps(_colours()),
    )


def _in_script(text: str) -> str:
    """JSON that cannot end the script that it stands in."""
    return text.replace("<", "\\u003c")


def _url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _figures(folder: Path) -> list[Figure]:
    """All PNG figures of the run, those first that tell most."""

    def order(path: Path) -> tuple[int, str]:
        places = [i for i, name in enumerate(_FIRST) if path.stem.startswith(name)]
        return (places[0] if places else len(_FIRST), path.stem)

    found, left = [], _MOST_BYTES
    for path in sorted(folder.glob("*.png"), key=order):
        if path.stem.startswith("track_"):
            continue
        size = path.stat().st_size
        shown = size <= left
        left -= size if shown else 0
        found.append(
            Figure(path.stem.replace("_", " "), _url("image/png", path.read_bytes()) if shown else "")
        )
    return found


def _measured(summary: Mapping[str, Any]) -> Table:
    """Ratios to measurements: how many points, between what, and chi^2 of them."""
    rows = []
    for key, entry in summary.items():
        if "_over_" not in key or not isinstance(entry, Mapping) or "rigidity_GV" not in entry:
            continue
        value, error = entry.get("value"), entry.get("error")
        if not (isinstance(value, list) and isinstance(error, list) and value):
            continue
        pairs = [
            (v, e) for v, e in zip(value, error, strict=False) if is_number(v) and is_number(e) and e > 0
        ]
        if not pairs:
            continue
        ratios, chi2 = [v for v, _ in pairs], sum(((v - 1.0) / e) ** 2 for v, e in pairs)
        name, _, experiment = key.rpartition("_over_")
        cells = [name.replace("_over_", "/").replace("_", " "), experiment, str(len(pairs))]
        rows.append([*cells, f"{min(ratios):.3f}", f"{max(ratios):.3f}", f"{chi2 / len(pairs):.2f}"])
    columns = ["quantity", "measured by", "points", "least ratio", "largest ratio", "chi2 per point"]
    return Table("Beside measurements at the Sun", columns, rows)


def _colours() -> list[str]:
    """Viridis, 64 colours."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(each) for each in colormaps["viridis"].resampled(64)(range(64))]
