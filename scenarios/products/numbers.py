"""The numbers of a run as a flat table: a name, values with errors, a unit, and what they stand along."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ...mc.uncertainty import Estimate
from ..build import sky_energies_GeV
from ..run import SECONDARIES, Run
from .registry import made, products_of
from .skies import prl_17_of, spectra

# What asks for maps, or for more than the run: means of the sky are found without.
_BY_MAPS = ("skies", "regions", "outside", "transport_equation")
# How a run was made, what says where others stand, and what is no quantity of physics.
_BOOKKEEPING = {
    "value", "error", "energy_GeV", "rigidity_GV", "modulation_GV", "counters", "particles", "wall_time_s",
    "steps", "seed", "version", "tabulation_error", "wall_sampling", "notes", "folds", "blocks_resumed",
    "lost_particles", "relative_error", "variance_of_variance", "tail_slope", "rounds", "seconds",
}  # fmt: skip
_ALONG = ("energy_GeV", "rigidity_GV")
# A name has the unit that it ends in, or that stands before "at ...".
_UNITS = {
    "GeV_cm2_s_sr": "GeV cm-2 s-1 sr-1", "erg_cm3": "erg cm-3", "erg_s": "erg s-1", "g_cm2": "g cm-2",
    "cm2_s": "cm2 s-1", "km_s": "km s-1", "Msun_yr": "Msun yr-1", "Msun": "Msun", "kpc_Myr": "kpc Myr-1",
    "kpc": "kpc", "Myr": "Myr", "GeV": "GeV", "GV": "GV", "uG": "uG", "cm3": "cm-3",
}  # fmt: skip
_UNIT_IN = re.compile(rf"_({'|'.join(_UNITS)})(?:_at_.*)?$")
# Of `transport.precision_of`, whose names have none.
_OF_PRECISION = {"neutrinos": "GeV-1 cm-2 s-1 sr-1", "density": "GeV cm-3"}
_PURE = re.compile(r"fraction|slope|_over_|ratio")
_AS_WORDS = {", ": "_", " > ": "_above_", "|": "", " ": "_"}


@dataclass(frozen=True, eq=False)
class Known:
    """A quantity of a run, or of the runs of a scan.

    Attributes
    ----------
    value : ndarray
        A number, or several along `along`, which is the last axis; NaN where there is none.
    error : ndarray or None
        One sigma, of the same shape; None of what has no statistical error.
    unit : str
        As astropy and netCDF read it; "1" of a pure number.
    along : str
        "energy_GeV" or "rigidity_GV"; empty for one number.
    at : ndarray or None
        Where the values are, along that.
    table : str
        Of the summary, in which it stands.
    """

    value: FloatArray
    error: FloatArray | None
    unit: str
    along: str = ""
    at: FloatArray | None = None
    table: str = ""


def numbers_of(run: Run) -> dict[str, Known]:
    """All numbers of the summary of a run by their names there, tables within tables joined by "_".

    Means of the sky are those of `SkyModel.mean`: within 0.2% of those of maps, in a fraction of the time.
    """
    found: dict[str, Known] = {}
    for product in products_of(run):
        if product.name not in _BY_MAPS:
            found |= flat(made(run, product).numbers)
    energy = sky_energies_GeV(run.scenario)
    for secondary in SECONDARIES:
        prl_17 = prl_17_of(run) if secondary == "neutrino" else None
        found |= flat({secondary: spectra(energy, run.sky_model.mean(secondary, energy), prl_17)})
    return found


def flat(table: Mapping[str, Any]) -> dict[str, Known]:
    """The numbers in a part of a summary, by name."""
    return dict(_flat(table, (), ("", None)))


def _flat(
    entry: Any, path: tuple[str, ...], stand: tuple[str, FloatArray | None]
) -> Iterator[tuple[str, Known]]:
    """The numbers in an entry; `stand` is what those beside it stand along, and where."""
    if path and path[-1] in _BOOKKEEPING:
        return
    if isinstance(entry, Mapping):
        stand = next(((each, _array(entry[each])) for each in _ALONG if each in entry), stand)
        if {"value", "error"} <= set(entry):
            yield from _known(entry["value"], entry["error"], path, stand)
        for key, each in entry.items():
            yield from _flat(each, (*path, str(key)), stand)
    elif isinstance(entry, Estimate):
        own = stand if entry.energy_GeV is None else ("energy_GeV", entry.energy_GeV)
        yield from _known(entry.value, entry.error, path, own)
    elif not isinstance(entry, str | bool):
        yield from _known(entry, None, path, stand)


def _known(
    value: Any, error: Any, path: tuple[str, ...], stand: tuple[str, FloatArray | None]
) -> Iterator[tuple[str, Known]]:
    """An entry as a quantity, if it is one number, or one for each place that there is."""
    try:
        values, errors = _array(value), None if error is None else _array(error)
    except (TypeError, ValueError):  # words
        return
    name, unit = _name(path), unit_of(path)
    if values.ndim == 0:
        yield name, Known(values, errors, unit, table=path[0])
    elif stand[1] is not None and values.shape == stand[1].shape:
        yield name, Known(values, errors, unit, *stand, table=path[0])


def _array(values: Any) -> FloatArray:
    """As floats; NaN for None."""
    return np.asarray(values, dtype=float)


def _name(path: tuple[str, ...]) -> str:
    name = "_".join(path)
    for given, word in _AS_WORDS.items():
        name = name.replace(given, word)
    return name


def unit_of(path: tuple[str, ...]) -> str:
    """The unit that the names of a summary say, the innermost that says one.

    >>> unit_of(("grammage_g_cm2", "disc")), unit_of(("bell_region", "growth_time_Myr_at_E_max"))
    ('g cm-2', 'Myr')
    """
    if path[0] == "precision":
        return next((unit for word, unit in _OF_PRECISION.items() if word in path[-1]), "1")
    for each in reversed(path):
        if _PURE.search(each):
            return "1"
        if found := _UNIT_IN.search(each):
            return _UNITS[found[1]]
    return "1"


def in_words(name: str, unit: str) -> str:
    """The name of a quantity without its unit, as words.

    >>> in_words("grammage_g_cm2_disc", "g cm-2")
    'grammage disc'
    """
    for token, meant in _UNITS.items():
        if meant == unit:
            name = re.sub(rf"_{token}(?=_|$)", "", name)
    return name.replace("_", " ")
