"""A page for each scenario of the library, made of its file; and one of every key that a file may set."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import keys
from crhalo.scenarios.file.scenario import LIBRARY, STUDIES, load, names

DOCS = Path(__file__).resolve().parents[1]
# Scenarios without a figure among the findings that a few particles draw in seconds: its name, what it shows.
SMALL = {
    "free-escape": ("escape_and_grammage", "Age at the edge of the halo, and grammage"),
    "two-zone": ("diffusion", "D by energy and height, and the height from which half come back"),
    "galaxies": ("galaxies", "Other Bell regions, and energies that strong sources hold back"),
}
# Skies so coarse that they take no time: none is shown.
_FEW = ["--particles", "640", "--set", "sky.nside=1", "--set", 'sky.energies=["1 GeV", "10 PeV", 8]']
_LINE = re.compile(r"^(\w+) = (.*?)(?:\s+#\s*(.*))?$")


class Line(NamedTuple):
    """A key that a file sets."""

    table: str
    key: str
    value: str
    remark: str


def pages(runs: Path, quick: bool) -> dict[str, bytes]:
    """All pages by the name of their file, with the figures of small runs.

    Parameters
    ----------
    runs : Path
        Folder of the small runs.
    quick : bool
        Whether none is made.
    """
    shown = _kept_figures()
    found: dict[str, bytes] = {"keys.md": keys.page().encode()}
    for name in names():
        figures = shown.get(name, [])
        if not figures and name in SMALL and not quick:
            figure, caption = SMALL[name]
            few = [] if load(name).study else _FEW
            found[f"scenarios/{name}.png"] = _small_run(runs, name, few, figure).read_bytes()
            figures = [(f"{name}.png", f"{caption} (`crhalo run {' '.join([name, *few[:2]])}`)")]
        found[f"scenarios/{name}.md"] = _page(name, figures).encode()
    found["scenarios.md"] = _index().encode()
    return found


def _kept_figures() -> dict[str, list[tuple[str, str]]]:
    """By scenario, the figures of docs/ that a run of it drew, each with what was run."""
    sys.path.insert(0, str(DOCS / "findings"))
    import make as findings  # the module of docs/findings/

    shown: dict[str, list[tuple[str, str]]] = {}
    for file, drawn_by in findings.FIGURES.items():
        run = drawn_by.partition("/")[0]
        scenario, *options = findings.RUNS[run]
        command = f"crhalo {'fit' if run in findings.FITS else 'run'} {' '.join([scenario, *options])}"
        shown.setdefault(scenario, []).append((f"../{file}", f"`{command}`, see [findings](../findings.md)"))
    return shown


def _small_run(runs: Path, name: str, words: list[str], figure: str) -> Path:
    """A figure of a small run, which is made once for each version and file."""
    asked = repr((version("crhalo"), (LIBRARY / f"{name}.toml").read_text("utf-8"), words))
    out = runs / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:8]}"
    path = out / f"{figure}.png"
    if not path.exists():
        command = [sys.executable, "-m", "crhalo", "run", name, *words, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not path.exists():
            sys.exit(f"docs: crhalo run {name}: {done.stderr.strip() or 'no ' + path.name}")
    return path


def _page(name: str, figures: list[tuple[str, str]]) -> str:
    """The page of a scenario."""
    text = (LIBRARY / f"{name}.toml").read_text("utf-8")
    scenario = load(name)
    parts = [f"# {name}", f"**{scenario.title}**"]
    parts += [" ".join(remarks) for remarks in [_remarks(text)] if remarks]
    parts += [_figure(path, caption) for path, caption in figures]
    parts += ["## Run it", "\n".join(["```sh", *_commands(name, scenario), "```"])]
    parts += ["## What it sets", _table(_lines(text))]
    parts += [
        "Every other key has its default, see [all keys](../keys.md).",
        "## The file",
        f"```toml\n{text}```",
    ]
    return "\n\n".join(parts) + "\n"


def _figure(path: str, caption: str) -> str:
    return f":::{{figure}} {path}\n:alt: Figure of this scenario\n\n{caption}\n:::"


def _commands(name: str, scenario: Any) -> list[str]:
    """How it is run."""
    example = "medium.delta_G=10" if scenario.study is None and scenario.turbulence is None else ""
    found = [f"crhalo run {name} --dry-run              # what it costs", f"crhalo run {name} --out run/"]
    if example and scenario.medium.bell:
        found.append(f"crhalo run {name} --set {example} --out other/")
    return [*found, "crhalo show run/"]


def _remarks(text: str) -> list[str]:
    """Comments that have lines of their own."""
    return [line.lstrip("# ").rstrip() for line in text.splitlines() if line.startswith("#")]


def _lines(text: str) -> list[Line]:
    """The keys of a file in their order; values as they are written there."""
    found, table = [], ""
    data = tomllib.loads(text)
    for line in text.splitlines():
        if line.startswith("["):
            table = line.strip("[] \t").partition("]")[0]
        elif (match := _LINE.match(line)) and table:
            key, _, remark = match.groups()
            found.append(Line(table, key, _written(data[table][key]), remark or ""))
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_written(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(lines: list[Line]) -> str:
    rows = ["| key | value | why | what it is |", "|---|---|---|---|"]
    for line in lines:
        meaning = keys.first_sentence(line.table, line.key)
        link = f"[`{line.table}.{line.key}`](../keys.md#{line.table})"
        rows.append(f"| {link} | `{line.value}` | {keys.in_cell(line.remark)} | {keys.in_cell(meaning)} |")
    return "\n".join(rows)


def _index() -> str:
    """The list of all scenarios, by what a run of them is."""
    kinds: dict[str, list[str]] = {"One run of one galaxy": [], "Tracks in turbulence": [], "Studies": []}
    for name in names():
        scenario = load(name)
        study = scenario.study in STUDIES and scenario.study != "turbulence"
        kind = (
            "Studies"
            if study
            else "One run of one galaxy"
            if scenario.turbulence is None
            else "Tracks in turbulence"
        )
        kinds[kind].append(f"| [{name}](scenarios/{name}.md) | {scenario.title} |")
    parts = [
        "# Scenarios",
        "Each is a TOML file that comes along; `crhalo run NAME` runs it, and `--set` changes a key of it.",
    ]
    for kind, rows in kinds.items():
        parts += [f"## {kind}", "\n".join(["| scenario | what it asks |", "|---|---|", *rows])]
    tree = "\n".join(f"scenarios/{name}" for name in names())
    parts += [f":::{{toctree}}\n:hidden:\n\n{tree}\n:::"]
    return "\n\n".join(parts) + "\n"
