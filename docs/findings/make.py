"""docs/findings.md from runs: each number of a run is taken from its files, so prose and numbers cannot part.

    .venv/bin/python docs/findings/make.py            # makes the runs that are missing, then the page
    .venv/bin/python docs/findings/make.py --render   # makes the page of the numbers kept beside this file

In findings.md.in, {circumgalactic.density_over_free_escape @ 10 GeV | 1 TeV} is an entry of the summary.json
of the run `circumgalactic` at two energies; what stands between them stays there. A number comes with its
error, to two digits of that, or with three digits where it has none; a dash is no number. Besides:

    {a.x / b.y @ 1 TeV}   the ratio of two entries, errors in quadrature
    {a.x @ 1 TeV : 2}     two significant digits, no error
    {a.x @ 1 TeV : 2 %}   in per cent; {a.x @ 1 TeV : %} with its error
    {a.x : 2 energy}      a number in GeV, in GeV, TeV or PeV; {a.x : energy} with its error
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import time
import tomllib
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from crhalo.scenarios.commands.show import with_error

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent
TEMPLATE, PAGE = HERE / "findings.md.in", DOCS / "findings.md"
VERSION, SEED = version("crhalo"), 1
KEPT = HERE / f"results-{VERSION}-seed-{SEED}.json"
OUTFLOWS = ("alfven", "momentum")


def _along_lines() -> dict[str, list[str]]:
    """The main run on X-shaped field lines: how steep they are, what takes protons off them, the outflow."""
    runs = {}
    pitches = {"steep": "0.13 uG", "flat": "0.04 uG"}
    off_lines = {"0": "epsilon=0", "0.01": "epsilon=0.01", "0.1": "epsilon=0.1", "wander": "wander=1 pc"}
    for outflow, (pitch, B_pol), (off, key) in product(OUTFLOWS, pitches.items(), off_lines.items()):
        name = f"{pitch}-{off}" + (f"-{outflow}" if outflow != "alfven" else "")
        settings = ["field=x-shaped", f"B_pol={B_pol}", key]
        settings += [f"outflow={outflow}"] if outflow != "alfven" else []
        words = [word for each in settings for word in ("--set", f"medium.{each}")]
        judged = name in ("steep-0.01", "steep-0.1")
        options = ["--transport-equation"] if judged else ["--particles", "1360"]
        runs[name] = ["circumgalactic", *options, *words]
    return runs


_TO_THE_BELL_REGION = [
    "--set", "medium.halo=exponential", "--set", "medium.bell=true", "--set", "medium.field=x-shaped",
    "--set", "source.R_d=3 kpc", "--set", "transport.r_max=30 kpc",
    "--set", 'galaxy_tracks.energies=["3 PeV", "10 PeV", 2]',
]  # fmt: skip

# Names of runs: what each is, after `crhalo run`, or `crhalo fit`.
RUNS: dict[str, list[str]] = {
    "fit": [
        "milky-way",
        "--data",
        "ams02-protons,ams02-bc",
        "--free",
        "diffusion.D0,diffusion.delta,diffusion.delta_high,source.slope,source.L_CR",
        "--posterior",
    ],
    "milky-way": ["milky-way"],
    "milky-way-circumgalactic": ["milky-way-circumgalactic"],
    "circumgalactic-limits": ["circumgalactic-limits"],
    "limits-x-shaped": [
        "circumgalactic-limits",
        "--set",
        'circumgalactic_limits.field=["x-shaped"]',
        "--set",
        'circumgalactic_limits.outflow=["momentum"]',
        "--set",
        'circumgalactic_limits.z_B=["2 kpc", "4 kpc"]',
    ],
    "circumgalactic": ["circumgalactic", "--transport-equation"],
    "momentum": ["circumgalactic", "--transport-equation", "--set", "medium.outflow=momentum"],
    **_along_lines(),
    "figure-1": ["figure-1"],
    "coupling": ["coupling"],
    "expanding-bubble": ["expanding-bubble"],
    "near-source": ["near-source"],
    "near-source-escape": ["near-source", "--set", "near_source.release=escape"],
    "near-source-cloud": ["near-source", "--set", "near_source.cloud_mass=1e4"],
    "cocoons": ["cocoons"],
    "cocoons-no-neutrals": [
        "cocoons",
        "--set",
        "cocoons.phases=['warm-ionised']",
        "--set",
        "cocoons.neutral_fraction=0",
    ],
    "nested-leaky-box": ["nested-leaky-box"],
    "cosmic-ray-wind": ["cosmic-ray-wind"],
    "circumgalactic-wind": ["circumgalactic-wind"],
    "m31": ["m31"],
    "radio": ["radio"],
    "galaxies": ["galaxies"],
    "bell-turbulence": ["bell-turbulence"],
    "self-generated-slab": ["self-generated-slab"],
    "diffusion-check": ["diffusion-check"],
    "galaxy-tracks": ["galaxy-tracks"],
    "galaxy-tracks-bell": ["galaxy-tracks", "--particles", "256", *_TO_THE_BELL_REGION],
    "cascade-halo": ["cascade-halo"],
    "self-generated-halo": ["self-generated-halo"],
    "self-controlled": ["self-controlled"],
}
FITS = ("fit",)
# Of docs/, and the file of a run that each is.
FIGURES = {
    "sky_neutrino_10TeV.png": "circumgalactic/sky_neutrino_10TeV.png",
    "fit_posterior.png": "fit/corner.png",
    "circumgalactic_limits.png": "circumgalactic-limits/circumgalactic_limits.png",
    "milky_way_local_spectra.png": "milky-way/local_spectra.png",
    "near_source.png": "near-source/near_source.png",
    "cocoons.png": "cocoons/cocoons.png",
    "nested_leaky_box.png": "nested-leaky-box/nested_leaky_box.png",
    "cosmic_ray_wind.png": "cosmic-ray-wind/cosmic_ray_wind.png",
    "cosmic_ray_wind_scan.png": "cosmic-ray-wind/cosmic_ray_wind_scan.png",
    "figure_1.png": "figure-1/figure_1.png",
    "diffusion_check.png": "diffusion-check/diffusion.png",
    "galaxy_tracks.png": "galaxy-tracks/escape.png",
    "cascade_halo_protons.png": "cascade-halo/proton_spectrum.png",
}

# Of the runs along lines, of which there are many.
_KEPT_ALONG_LINES = (
    "energy_GeV", "escape_time_Myr", "grammage_g_cm2", "galactic_density", "galactic_density_over_no_return",
    "neutrino", "referee", "protons_over_ams02",
)  # fmt: skip
# Of the sky of a wind.
_KEPT_OF_WIND = (
    "energy_GeV", "galactic_density", "galactic_density_over_no_return", "bell_region", "protons_over_ams02",
    "energy", "balance", "neutrino",
)  # fmt: skip
# Of the Galaxy as it is observed, whose points are many.
_KEPT_OF_GALAXY = (
    "energy_GeV", "least_and_largest_ratio", "grammage_at_sun", "beryllium_10_over_9", "dipole_anisotropy",
    "protons_of_particles_over_equation", "regions", "neutrino", "galactic_density_over_no_return",
)  # fmt: skip
# Of fits, whose correlations are in their files.
_KEPT_OF_KEYS = ("value", "error", "quantile_16", "quantile_84")
_KEPT_OF_COUPLING = ("energy_GeV", "density", "boron_over_carbon", "outflow_km_s", "unchanged_below_GeV")
_KEPT_OF_MEDIA = ("allowed", "chi2", "behind_the_best", "neutrino_E2_flux_100_TeV_GeV_cm2_s_sr")
# What differs between equal runs, what is told in other words, and gamma rays, which the page leaves out.
_NOT_KEPT = (
    "provenance", "wall_time_s", "blocks_resumed", "gamma", "sky_averages", "tabulation_error", "notes",
    "precision", "wall_sampling", "counters", "steps", "leave_time_Myr",
    "brightest_near_the_best_gamma",
)  # fmt: skip
# Of sources whose particles stay near: spectra at the four energies, shares of the Galactic plane.
_KEPT_NEAR_SOURCES = {
    "near-source": ("near_source", "over_published"),
    "near-source-escape": ("near_source",),
    "near-source-cloud": ("near_source",),
    "nested-leaky-box": ("grammage", "fit", "secondaries", "asked_for", "costs"),
}
_REGIONS_NOT_KEPT = ("high-latitudes", "whole-sky")
_DIGITS_KEPT = 5
_DIGITS_WITHOUT_ERROR = 3
_NEAR = 0.01  # of an energy that is asked for to one that there is
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_ENERGY = re.compile(r"(\d+(?:\.\d+)?) ([GTP]e?V)\b")
_FORMAT = re.compile(r"([1-9]?) ?(%|energy|)")
_GIGA = {"P": 1e6, "T": 1e3, "G": 1.0}
_AXES = ("energy_GeV", "rigidity_GV")  # that spectra stand beside


class Wrong(Exception):
    """What stops the page, in one line."""


class Number(NamedTuple):
    """A value and its error, of which either may be missing."""

    value: Any
    error: float | None = None


# -- runs ----------------------------------------------------------------------------------


def make_runs(folder: Path) -> None:
    """Make each run in a folder of its own; one that is finished stays, one that was stopped goes on."""
    for name, words in RUNS.items():
        out = folder / name
        finished = (out / "summary.json").exists()
        there = ["--resume"] if finished or any(out.glob("checkpoint*")) or any(out.glob("eval*")) else []
        if not there:
            # Of tracks that were stopped, which begin anew.
            (out / "scenario.toml").unlink(missing_ok=True)
        print(f"{name}: {'there already' if finished else 'running'}", flush=True)
        command = ["fit", *words] if name in FITS else ["run", *words, "--seed", str(SEED)]
        _crhalo(*command, "--out", str(out), *there)


def _crhalo(*arguments: str) -> None:
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name("crhalo")), *arguments]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        raise Wrong(f"crhalo {' '.join(arguments)}: failed")
    print(f"  {time.monotonic() - started:.0f} s", flush=True)


# -- what is kept of them ------------------------------------------------------------------


def kept_of(folder: Path) -> dict[str, Any]:
    """The numbers of all runs that a page may use.

    Parameters
    ----------
    folder : Path
        Holds the folders of the runs.

    Returns
    -------
    dict
        "version", "seed" and "runs": of each its options, particles, seed, version, numbers to five digits.

    Raises
    ------
    Wrong
        If a run is of another version.
    """
    return {"version": VERSION, "seed": SEED, "runs": {name: _run_of(folder / name) for name in RUNS}}


def _run_of(folder: Path) -> dict[str, Any]:
    """The summary of a run, with what it was run with."""
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    made_by = summary["provenance"]["version"]
    if made_by != VERSION:
        raise Wrong(f"{folder}: of version {made_by}, not {VERSION}: remove it, or give another --runs")
    transport = tomllib.loads((folder / "scenario.toml").read_text("utf-8"))["transport"]
    scenario, *options = RUNS[folder.name]
    about = {"scenario": scenario, "options": " ".join(options), "version": made_by}
    about |= {"particles": transport["particles"], "seed": transport["seed"]}
    numbers = {key: value for key, value in summary.items() if key not in _NOT_KEPT}
    few = {"milky-way": _KEPT_OF_GALAXY, "milky-way-circumgalactic": _KEPT_OF_GALAXY}
    few |= {"circumgalactic-wind": _KEPT_OF_WIND}
    few |= dict.fromkeys(_along_lines(), _KEPT_ALONG_LINES) | _KEPT_NEAR_SOURCES
    wanted = few.get(folder.name, numbers.keys() - {"regions", "criterion"})
    numbers = {key: value for key, value in numbers.items() if key in wanted}
    for region in _REGIONS_NOT_KEPT:
        numbers.get("share_of_the_diffuse_emission", {}).pop(region, None)
    for region in numbers.get("regions", {}).values():
        for key in region.keys() - {"energy_GeV", "ratio"}:
            del region[key]
    for key, of_key in numbers.get("parameters", {}).items():
        numbers["parameters"][key] = {name: of_key[name] for name in _KEPT_OF_KEYS}
    if (folder / "circumgalactic_limits.json").exists():
        numbers = {key: _of_medium(key, entry) for key, entry in numbers.items() if "alfven" not in key}
    if (folder / "coupling.json").exists():  # whose summary leaves out grammage and B/C
        numbers |= _media_of(folder / "coupling.json")
    return about | _rounded(numbers)


def _of_medium(name: str, entry: Any) -> Any:
    """What is kept of a medium; other entries as they are."""
    if "delta_G" not in name:
        return entry
    return {key: value for key, value in entry.items() if key in _KEPT_OF_MEDIA}


def _media_of(path: Path) -> dict[str, Any]:
    """The media of a coupling.json by the names that its summary gives them."""
    media = json.loads(path.read_text("utf-8"))["media"]
    return {
        f"{one['outflow']}, z_B={one['z_B_kpc']:g} kpc, delta_G={one['delta_G']:g}": {
            key: one[key] for key in _KEPT_OF_COUPLING
        }
        for one in media
    }


def _rounded(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _rounded(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_rounded(value) for value in data]
    return float(f"{data:.{_DIGITS_KEPT}g}") if isinstance(data, float) else data


def as_json(kept: dict[str, Any]) -> str:
    """JSON with each list of numbers on one line."""
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


# -- the page ------------------------------------------------------------------------------


def render(template: str, kept: dict[str, Any]) -> str:
    """The page: the template with the numbers in it.

    Parameters
    ----------
    template : str
        Text with placeholders, see above.
    kept : dict
        From `kept_of`.

    Raises
    ------
    Wrong
        If a placeholder is; it says which, and in which line.
    """

    def stop(at: int, why: str) -> Wrong:
        return Wrong(f"{TEMPLATE.name}:{template.count(chr(10), 0, at) + 1}: {why}")

    def fill(found: re.Match[str]) -> str:
        asked = " ".join(found[1].split())
        try:
            return text_of(asked, kept)
        except Wrong as wrong:
            raise stop(found.start(), f"{{{asked}}}: {wrong}") from None

    blank = _PLACEHOLDER.sub(lambda found: " " * len(found[0]), template)
    if brace := re.search("[{}]", blank):
        raise stop(brace.start(), f"{brace[0]} without its other half")
    return _PLACEHOLDER.sub(fill, template)


def text_of(asked: str, kept: dict[str, Any]) -> str:
    """What stands for a placeholder."""
    entries, _, form = asked.partition(" : ")
    paths, at, energies = entries.partition(" @ ")
    split = paths.split(" / ")
    if not at:
        return written(_ratio([number(kept, path) for path in split]), form)
    if not _ENERGY.search(energies) or re.search(r"\d", _ENERGY.sub("", energies)):
        raise Wrong(f"{energies!r}: energies are written as 10 GeV or 1.5 TeV, rigidities as 10 GV")

    def at_energy(found: re.Match[str]) -> str:
        energy = float(found[1]) * _GIGA[found[2][0]]
        return written(_ratio([number(kept, path, energy) for path in split]), form)

    return _ENERGY.sub(at_energy, energies)


def number(kept: dict[str, Any], path: str, energy_GeV: float | None = None) -> Number:
    """The number at a path such as run.table.entry, at an energy where it is a spectrum.

    Parameters
    ----------
    kept : dict
        From `kept_of`.
    path : str
        Names of the run, of the tables in it and of the entry, with dots between them; places in a list count
        from 0.
    energy_GeV : float, optional
        One of those that stand beside the entry or in the tables around it, to 1%; or a rigidity in GV.

    Raises
    ------
    Wrong
        If there is no such entry, or none at this energy.
    """
    entry, energies, left = kept["runs"], None, path
    while left:
        key = _first_name(entry, left)
        left = left[len(key) + 1 :]
        entry = entry[int(key)] if isinstance(entry, list) else entry[key]
        if isinstance(entry, dict):
            energies = next((entry[axis] for axis in _AXES if axis in entry), energies)
    found = Number(entry["value"], entry.get("error")) if _has_value(entry) else Number(entry)
    if energy_GeV is not None:
        return _at(found, energies, energy_GeV)
    if isinstance(found.value, list | dict):
        raise Wrong("not a single number; of a spectrum, an energy is asked for: @ 1 TeV")
    return found


def _first_name(entry: Any, path: str) -> str:
    """The first name of a path; names may have dots in them."""
    names = list(entry) if isinstance(entry, dict) else []
    if isinstance(entry, list):
        names = [str(place) for place in range(len(entry))]
    fitting = [name for name in names if f"{path}.".startswith(f"{name}.")]
    if not fitting:
        raise Wrong(f"no {path!r}; there are: {', '.join(names) or 'no names here'}")
    return max(fitting, key=len)


def _has_value(entry: Any) -> bool:
    return isinstance(entry, dict) and "value" in entry


def _at(spectrum: Number, energies_GeV: list[float] | None, energy_GeV: float) -> Number:
    """A spectrum at one of its energies."""
    value, error = spectrum
    if not isinstance(value, list) or not energies_GeV or len(value) != len(energies_GeV):
        raise Wrong("no spectrum")
    places = [i for i, there in enumerate(energies_GeV) if abs(there / energy_GeV - 1.0) < _NEAR]
    if not places:
        raise Wrong(f"not at {energy_GeV:g} GeV; there are: {', '.join(f'{E:g}' for E in energies_GeV)}")
    return Number(value[places[0]], error[places[0]] if isinstance(error, list) else None)


def _ratio(numbers: list[Number]) -> Number:
    """The first over the others."""
    first, *others = numbers
    for other in others:
        if first.value is None or not other.value:
            return Number(None)
        relative = [(each.error or 0.0) / abs(each.value) if each.value else 0.0 for each in (first, other)]
        value = first.value / other.value
        first = Number(value, abs(value) * math.hypot(*relative))
    return first


def written(found: Number, form: str = "") -> str:
    """A number as the page has it.

    Parameters
    ----------
    found : Number
        Its value and error.
    form : str
        "" or "%" or "energy", or any of these after a number of digits, which leaves out the error.

    Raises
    ------
    Wrong
        If there is no such format.
    """
    value, error = found
    wanted = _FORMAT.fullmatch(form)
    if wanted is None:
        raise Wrong(f"{form!r}: allowed: 2, %, 2 %, energy, 2 energy")
    if value is None:
        return "&ndash;"
    if not isinstance(value, float):
        return str(value)
    digits, kind = wanted.groups()
    unit, scale = {"%": ("%", 100.0), "energy": _unit(value), "": ("", 1.0)}[kind]
    if digits or not error:
        text = significant(value * scale, int(digits or _DIGITS_WITHOUT_ERROR))
    else:
        text = to_two_digits(value * scale, error * scale)
    text = re.sub(r"e\+?(-?)0*(\d+)", r"&times;10<sup>\1\2</sup>", text.replace("±", "&plusmn;"))
    return text + unit


def _unit(energy_GeV: float) -> tuple[str, float]:
    """The unit of an energy, and what a number in GeV is multiplied with."""
    prefix = next((prefix for prefix, GeV in _GIGA.items() if abs(energy_GeV) >= GeV), "G")
    return f" {prefix}eV", 1.0 / _GIGA[prefix]


def significant(value: float, digits: int) -> str:
    """So many significant digits.

    >>> significant(8187.3, 2), significant(0.0996, 2), significant(7.13e-4, 2), significant(0.0, 2)
    ('8200', '0.10', '7.1e-04', '0')
    """
    if value == 0.0:
        return "0"
    power = _power(value, digits)
    if not -3 <= power < 6:
        return f"{value:.{digits - 1}e}"
    decimals = digits - 1 - power
    return f"{round(value, decimals):.{max(0, decimals)}f}"


def to_two_digits(value: float, error: float) -> str:
    """A value and its error, rounded to two digits of that.

    >>> to_two_digits(8187.3, 312.4), to_two_digits(0.84321, 0.0213), to_two_digits(2.2849e-4, 4.2e-6)
    ('8190 ± 310', '0.843 ± 0.021', '(2.285 ± 0.042)e-4')
    """
    decimals = 1 - _power(error, 2)
    return with_error(round(value, decimals), round(error, decimals))


def _power(value: float, digits: int) -> int:
    """Of ten, in front of which stands the first of so many digits."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2])


# -- all of it -----------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="docs/findings.md from runs.")
    parser.add_argument("--runs", type=Path, default=Path("build/findings"), help="folder of the runs")
    parser.add_argument("--render", action="store_true", help="only the page, from the kept results")
    given = parser.parse_args()
    try:
        if not given.render:
            make_runs(given.runs)
            KEPT.write_text(as_json(kept_of(given.runs)), "utf-8")
            for name, path in FIGURES.items():
                shutil.copyfile(given.runs / path, DOCS / name)
        kept = json.loads(KEPT.read_text("utf-8"))
        PAGE.write_text(render(TEMPLATE.read_text("utf-8"), kept), "utf-8")
    except (Wrong, OSError) as error:
        sys.exit(f"make.py: {error}")
    except KeyboardInterrupt:
        sys.exit("make.py: interrupted; the same again goes on")


if __name__ == "__main__":
    main()
