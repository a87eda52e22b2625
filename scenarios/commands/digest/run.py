"""What a run found on one page: what people quote, at a few energies, and what not to trust."""

from __future__ import annotations

import math
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ....fields.units import energy_label
from ..show import WIDTH, plain, print_lines, print_rows, value_and_error, with_error

LINES = 40
_WANTED_GEV = (10.0, 1e3, 1e5)
_NEAR = 1.3  # an energy stands for another within this factor
_BALANCED = 3.0  # an outflow whose rho u^2 is the pressure behind it within this factor
_SMALLEST_SHARE = 1e-3  # of the injected energy
_ROUNDING = 1e-6  # of it, below which sums differ by the digits of their numbers
_FEW_BATCHES = 10
_MOST_COLUMNS = 6
_NOTHING = {"-", "0", "1"}  # nothing there, or nothing that returns
_KINDS = {
    "scenario and numbers": (".toml", ".json", ".csv", ".ecsv"),
    "particles and waves": (".h5",),
    "skies": (".fits",),
    "figures": (".png", ".pdf"),
    "all of it on a page": (".html",),
}


class Quantity(NamedTuple):
    """A line of the digest: what it says, and where in summary.json its spectrum stands."""

    label: str
    keys: tuple[str, ...]


_FLUX = "E2_flux_GeV_cm2_s_sr"
QUANTITIES = (
    Quantity("escape time, mean [Myr]", ("escape_time_Myr",)),
    Quantity("leaving time, median [Myr]", ("leave_time_Myr", "median")),
    Quantity("grammage, disc [g/cm2]", ("grammage_g_cm2", "disc")),
    Quantity("grammage, halo [g/cm2]", ("grammage_g_cm2", "halo")),
    Quantity("density, disc [phi_0/c]", ("galactic_density",)),
    Quantity("  over that without return", ("galactic_density_over_no_return",)),
    Quantity("density outside [3 phi/c]", ("density_over_free_escape",)),
    Quantity("  times u over the flux", ("density_times_u_over_tallied_flux",)),
    Quantity("D in the disc [cm2/s]", ("halo", "D_disc_cm2_s")),
    Quantity("neutrino E2I [GeV/cm2/s/sr]", ("neutrino", _FLUX)),
    Quantity("  of circumgalactic gas", ("neutrino", "cgm", _FLUX)),
    Quantity("gamma E2I [GeV/cm2/s/sr]", ("gamma", _FLUX)),
    Quantity("  of circumgalactic gas", ("gamma", "cgm", _FLUX)),
)
"""Values at an energy: times and grammage of what is injected there, densities of what is there; of neutrinos
(per flavour) and gamma rays the sky average of E^2 I. phi_0 is the injected flux, phi that outside."""


_LEGEND = "E2I: sky average of E^2 times intensity, neutrinos per flavour; -: none, as where half never leave"


class Digest(NamedTuple):
    """What a run found: its head, a table of what is quoted, lines below it, reasons not to trust it."""

    title: str
    head: list[str]
    columns: list[str]
    rows: list[list[str]]
    lines: list[str]
    cautions: list[str]


def digest_of(summary: Mapping[str, Any]) -> Digest:
    """The digest of a finished run, from its summary."""
    head = _head(summary)
    energies = shown_energies(summary)
    rows = [[each.label, *cells] for each in QUANTITIES if any(cells := _cells(summary, each.keys, energies))]
    columns = ["energy", *map(energy_label, energies)]
    legend = [_LEGEND] if rows else []
    if not rows:
        columns, rows = _of_a_study(summary)
    lines = [*_at_the_sun(summary), *_energy(summary), *legend]
    return Digest(head[0].partition("  (crhalo")[0], head, columns, rows, lines, _not_to_trust(summary))


def print_digest(summary: Mapping[str, Any], folder: Path) -> None:
    """Print what a finished run found, in at most `LINES` lines; folder: where its files are."""
    _, head, columns, rows, below, cautions = digest_of(summary)
    tail = [*below, *(f"! {line}" for line in cautions), *_files(folder), _more(summary, folder)]
    lines = sum(math.ceil(len(line) / WIDTH) for line in (*head, *tail))
    room = LINES - lines - 6  # rules and blank lines of a table
    if len(rows) > room:
        left_out = f"... and {len(rows) - room + 1} more"
        rows = [*rows[: room - 1], [left_out, *[""] * (len(columns) - 1)]]
    print_lines(head)
    print_rows("", columns, rows)
    print_lines(tail)


def shown_energies(summary: Mapping[str, Any]) -> list[float]:
    """10 GeV, 1 TeV and 100 TeV where they were followed; else three energies of the run."""
    own = summary.get("energy_GeV")
    there = [E for E in own if is_number(E)] if isinstance(own, list) else []
    wanted = [E for E in _WANTED_GEV if any(_is_near(E, each) for each in there)]
    if len(wanted) >= min(2, len(there)):
        return wanted
    return there[:: max(1, math.ceil(len(there) / 3))]


def _is_near(one: float, other: float) -> bool:
    return one > 0 and other > 0 and abs(math.log(one / other)) < math.log(_NEAR)


def is_number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)


def _cells(summary: Mapping[str, Any], keys: Sequence[str], energies: Sequence[float]) -> list[str]:
    """Values of a spectrum at some energies, "-" where there is none; empty if the run has no such thing."""
    entry: Any = summary
    own: Any = []
    for key in keys:
        if not isinstance(entry, Mapping):
            return []
        own, entry = entry.get("energy_GeV", own), entry.get(key)
    spectrum: Any = entry if isinstance(entry, Mapping) else {"value": entry}
    value, error = spectrum.get("value"), spectrum.get("error")
    if not _matches(own, value):
        return []
    errors = _errors(summary, error, len(value))
    at = [next((i for i, x in enumerate(own) if is_number(x) and _is_near(E, x)), None) for E in energies]
    cells = ["-" if i is None else with_error(value[i], errors[i]) for i in at]
    return [] if set(cells) <= _NOTHING else cells


def _head(summary: Mapping[str, Any]) -> list[str]:
    """What was run: title, particles and how they ended, time."""
    provenance = _table(summary, "provenance")
    try:
        title = tomllib.loads(str(provenance.get("scenario", ""))).get("title", "")
    except tomllib.TOMLDecodeError:
        title = ""
    version = provenance.get("version") or summary.get("version")
    seed = provenance.get("seed", summary.get("seed"))
    lines = [plain(f"{summary.get('title') or title}  (crhalo {version}, seed {seed})")]
    ends = {key: number for key, number in _table(summary, "counters").items() if number}
    if (particles := ends.pop("injected", summary.get("particles"))) is not None:
        said = ", ".join(f"{number} {_ENDS.get(key, plain(key))}" for key, number in ends.items())
        time, resumed = summary.get("wall_time_s"), summary.get("blocks_resumed")
        took = f", {'the last of them ' if resumed else ''}in {time:.0f} s" if is_number(time) else ""
        lines.append(
            plain(f"{particles} particles{took}: {said}" if said else f"{particles} particles{took}")
        )
    return lines


_ENDS = {
    "escaped": "left through the outer sphere",
    "absorbed": "left through the edge of the halo",
    "alive": "still on their way at the end",
    "capped": "given up at the largest number of steps",
    "lost": "lost to numbers that are not finite",
}


def _of_a_study(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the summary of a study: tables that are alike side by side, else a list."""
    energies = summary.get("energy_GeV")
    tables = {plain(key): _flat(entry, energies) for key, entry in summary.items() if _is_told(key, entry)}
    names = list(list(tables.values())[-1]) if tables else []
    alike = {table: cells for table, cells in tables.items() if list(cells) == names}
    if len(names) > 1 and 1 < len(alike) <= _MOST_COLUMNS:
        return ["", *alike], [[name, *(cells[name] for cells in alike.values())] for name in names]
    rows = [
        [f"{table}: {name}" if name else table, cell]
        for table, cells in tables.items()
        for name, cell in cells.items()
    ]
    return ["quantity", "value"], rows


def _is_told(key: str, entry: object) -> bool:
    """Whether an entry of a summary is more than how it was made."""
    made = (
        "energy_GeV",
        "title",
        "provenance",
        "counters",
        "steps",
        "seed",
        "version",
        "particles",
        "reason",
    )
    return key not in made and not isinstance(entry, str)


def _flat(entry: Any, energies: Any = None) -> dict[str, str]:
    """Names and cells of an entry; of a spectrum or a list, the first value and the last."""
    value, error = value_and_error(entry)
    if isinstance(value, Mapping):
        energies = value.get("energy_GeV", energies)
        return {
            f"{plain(key)}{': ' if name else ''}{name}": cell
            for key, part in value.items()
            if _is_told(key, part)
            for name, cell in _flat(part, energies).items()
        }
    if not isinstance(value, list):
        return {"": with_error(value, error)}
    at = sorted({0, len(value) - 1}) if value else []
    errors = error if isinstance(error, list) else [None] * len(value)
    cells = [with_error(value[i], errors[i]) for i in at]
    if _matches(energies, value):
        cells = [f"{cell} at {energy_label(energies[i])}" for i, cell in zip(at, cells, strict=True)]
    return {"": ", ".join(cells)}


def _matches(energies: Any, values: Any) -> bool:
    """Whether values are a spectrum at these energies."""
    lists = isinstance(energies, list) and isinstance(values, list)
    return lists and len(energies) == len(values) and all(map(is_number, energies))


def _table(summary: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    entry = summary.get(key)
    return entry if isinstance(entry, Mapping) else {}


_OVER_AMS_02 = {
    "protons": "protons", "helium": "helium", "boron_over_carbon": "B/C",
    "antiprotons_over_protons": "antiprotons/protons", "positrons": "positrons",
}  # fmt: skip
_IN_REGIONS = {"lhaaso-inner": "LHAASO, inner Galaxy", "lhaaso-outer": "LHAASO, outer Galaxy"}
# More points of rigidity than this are told by their least and largest ratio.
_MOST_POINTS = 6


def _at_the_sun(summary: Mapping[str, Any]) -> list[str]:
    """Lines of what is measured at the Sun and in the plane."""
    parts = []
    for key, name in _OVER_AMS_02.items():
        found = _table(summary, f"{key}_over_ams02")
        ratio, error, rigidity = (found.get(key) for key in ("value", "error", "rigidity_GV"))
        if not (
            isinstance(ratio, list) and ratio and isinstance(rigidity, list) and _matches(rigidity, ratio)
        ):
            continue
        if len(ratio) > _MOST_POINTS and all(map(is_number, ratio)):
            ends = f"{rigidity[0]:.4g} GV to {rigidity[-1]:.4g} GV"
            parts.append(f"{name} {min(ratio):.3f} to {max(ratio):.3f} from {ends}")
        else:
            errors = zip(rigidity, ratio, _errors(summary, error, len(ratio)), strict=True)
            cells = [f"{with_error(*each)} at {GV:g} GV" for GV, *each in errors]
            parts.append(f"{name} {', '.join(cells)}")
    lines = [plain(f"over AMS-02: {'; '.join(parts)}")] if parts else []
    regions = []
    for key, name in _IN_REGIONS.items():
        ratio = _table(_table(_table(summary, "regions"), key), "ratio").get("value")
        if isinstance(ratio, list) and ratio and all(map(is_number, ratio)):
            regions.append(f"{name} {min(ratio):.2f} to {max(ratio):.2f}")
    return lines + ([plain(f"gamma rays over those measured: {'; '.join(regions)}")] if regions else [])


def _energy(summary: Mapping[str, Any]) -> list[str]:
    """One line of where the injected energy goes; shares below a thousandth are left out."""
    entries = {key: value_and_error(entry) for key, entry in _table(summary, "energy").items()}
    told = [
        f"{100.0 * value:.1f}% {_WENT[key]}"
        for key, (value, _) in entries.items()
        if key in _WENT and is_number(value) and abs(value) >= _SMALLEST_SHARE
    ]
    left, error = entries.get("unaccounted", (None, None))
    if told and is_number(left) and is_number(error) and not _few_batches(summary):
        nothing = max(abs(left), error) < _ROUNDING
        known = "nothing" if nothing else f"{with_error(100.0 * left, 100.0 * error)}%"
        told.append(f"{known} unaccounted for")
    return [plain(f"energy: {', '.join(told)}")] if told else []


_WENT = {
    "stored": "still there",
    "escaped": "out through the outer sphere",
    "absorbed": "out at the edge of the halo",
    "adiabatic_halo": "to the flow of the halo",
    "adiabatic_behind": "to the outflow",
    "wall": "to it at the wall",
    "pp": "in collisions",
}


def _out_of_balance(summary: Mapping[str, Any]) -> list[str]:
    """What to say of an outflow that the pressure behind it would not leave at its speed."""
    found = _table(summary, "balance")
    ratio, error = value_and_error(found.get("P_CR_over_rho_u2"))
    if not is_number(ratio) or 1.0 / _BALANCED <= ratio <= _BALANCED:
        return []
    said = with_error(ratio, None if _few_batches(summary) else error)
    return [f"the outflow is not in momentum balance: P_CR behind the wall is {said} times rho u^2"]


def _not_to_trust(summary: Mapping[str, Any]) -> list[str]:
    """A line for each reason not to trust a number."""
    said = []
    if _few_batches(summary):
        batches = summary["folds"]
        count = f"{batches} batch{'es' if batches != 1 else ''}"
        said.append(f"errors: those of {count} only, do not trust them; more particles make {_FEW_BATCHES}")
    for name, found in _table(summary, "precision").items():
        if isinstance(found, Mapping) and found.get("heavy_tailed"):
            said.append(f"{name}: heavy tails, a few particles make its error; do not trust it")
    above = [(E, place) for place, E in _table(summary, "lambda_not_small_above_GeV").items() if is_number(E)]
    if above:
        where = "; ".join(
            f"{energy_label(E)} ({place})" for E, place in dict.fromkeys([above[0], min(above)])
        )
        said.append(f"diffusive approximation: lambda is over 5% of the scale it changes on from {where}")
    said += _out_of_balance(summary)
    notes = summary.get("notes")
    said += [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
    counters = _table(summary, "counters")
    for key in ("capped", "lost"):
        if counters.get(key):
            said.append(f"{counters[key]} particles were {_ENDS[key]}")
    waves = _table(summary, "self_consistency")
    if waves.get("converged") is False:
        said.append(f"waves: {waves.get('verdict', 'not converged')}")
    return [plain(line) for line in said]


def _errors(summary: Mapping[str, Any], error: Any, count: int) -> list[Any]:
    """So many errors, None each where there are none, or too few batches for them."""
    known = isinstance(error, list) and len(error) == count and not _few_batches(summary)
    return error if known else [None] * count


def _few_batches(summary: Mapping[str, Any]) -> bool:
    """Whether there are too few batches for errors, which are then not shown."""
    batches = summary.get("folds")
    return isinstance(batches, int) and batches < _FEW_BATCHES


def _files(folder: Path) -> list[str]:
    """The files of a run by kind."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    lines = [f"Written to {plain(str(folder))}:"]
    for kind, endings in _KINDS.items():
        mine = [name for name in names if name.endswith(endings)]
        if mine:
            lines.append(f"  {kind}: {_some(mine)}")
    return lines


def _some(names: list[str], most: int = 12) -> str:
    left_out = f" and {len(names) - most} more" if len(names) > most else ""
    return plain(", ".join(names[:most]) + left_out)


def _more(summary: Mapping[str, Any], folder: Path) -> str:
    tables = [key for key, entry in summary.items() if isinstance(entry, Mapping) and key != "provenance"]
    table = next((key for key in ("neutrino", *tables) if key in tables), "")
    one = f", --table {shlex.quote(plain(table))}" if table else ""
    return f"More: crhalo show {shlex.quote(plain(str(folder)))} --all{one}, --json"
