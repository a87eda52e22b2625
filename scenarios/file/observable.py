"""What importance is asked of: `neutrino 10 TeV cgm`, `gamma 100 TeV lhaaso-inner`, `protons 10 TeV sun`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...fields.exceptions import did_you_mean
from ...fields.units import energy_label, to_internal
from .quantities import Kind, NotAllowed, ScenarioError, shown

GASES = ("disc", "halo", "cgm")
KINDS = ("neutrino", "gamma", "protons")
_FORM = 'what, energy and where, as "neutrino 10 TeV cgm", "gamma 100 TeV lhaaso-inner", "protons 10 TeV sun"'
_LABELS = {
    "neutrino": "Neutrinos", "gamma": "Gamma rays", "protons": "Protons", "sun": "at the Sun",
    "cgm": "from the circumgalactic gas", "disc": "from the disc", "halo": "from the halo",
}  # fmt: skip
_LIGHT_UNIT, _PROTON_UNIT = "GeV-1 cm-2 s-1 sr-1", "GeV-1 cm-3"


@dataclass(frozen=True)
class Observable:
    """A number that is linear in the densities of protons.

    Attributes
    ----------
    kind : {"neutrino", "gamma", "protons"}
        Light (neutrinos per flavour); or protons in the plane at the Sun.
    energy_GeV : float
        Of the light; total energy of protons, the mean over the bin that holds it.
    place : str
        "cgm", "disc" or "halo", the gas that shines, of which it is the mean over the sky; the region of the
        sky over which it is the mean of all light; "sun", where protons are.
    """

    kind: str
    energy_GeV: float
    place: str

    def __str__(self) -> str:
        """The words it is asked for with."""
        return f"{self.kind} {energy_label(self.energy_GeV)} {self.place}"

    @property
    def name(self) -> str:
        """For files: "neutrino_10TeV_cgm"."""
        return f"{self.kind}_{energy_label(self.energy_GeV).replace(' ', '')}_{self.place}"

    @property
    def label(self) -> str:
        """For figures: "Neutrinos of 10 TeV from the circumgalactic gas"."""
        return f"{_LABELS[self.kind]} of {energy_label(self.energy_GeV)} {self._where}"

    @property
    def _where(self) -> str:
        if self.place in _LABELS:
            return _LABELS[self.place]
        return f"in {self.place} ({_regions()[self.place]})"

    @property
    def unit(self) -> str:
        """As astropy reads it."""
        return _PROTON_UNIT if self.kind == "protons" else _LIGHT_UNIT


def places_of(kind: str) -> tuple[str, ...]:
    """Where there is something of a kind to be asked of."""
    return ("sun",) if kind == "protons" else (*GASES, *_regions())


def _regions() -> Mapping[str, Any]:
    # It takes a second to import, which not every start is to wait for.
    from ...maps.light.regions import REGIONS

    return REGIONS


def observable_of(text: str) -> Observable:
    """Read an observable.

    Raises
    ------
    ScenarioError
        If it is not understood: with what is allowed.

    Examples
    --------
    >>> observable_of("neutrino 10 TeV cgm")
    Observable(kind='neutrino', energy_GeV=10000.0, place='cgm')
    """
    try:
        return _read(text)
    except NotAllowed as fault:
        hint = f"{fault.hint}; " if fault.hint else ""
        raise ScenarioError(f"{shown(text)}: {hint}allowed: {fault}") from None


def _read(text: Any) -> Observable:
    """`observable_of`; what is wrong is said by `NotAllowed`."""
    words = text.split() if isinstance(text, str) else []
    if len(words) < 3:
        raise NotAllowed(_FORM)
    kind, place = words[0], words[-1]
    _check(kind, KINDS)
    _check(place, places_of(kind))
    given = " ".join(words[1:-1])
    try:
        energy = to_internal(given, "GeV")
    except ValueError:
        energy = -1.0
    if not energy > 0.0:
        raise NotAllowed("as 10 TeV", f"energy {shown(given)}")
    return Observable(kind, energy, place)


def _check(word: str, names: Sequence[str]) -> None:
    """Refuse a word that is none of the names."""
    if word not in names:
        hint, all_names = did_you_mean(word, names), ", ".join(names)
        if hint:
            raise NotAllowed(all_names, f"{shown(word)}: {hint}")
        raise NotAllowed(f'{all_names}, as in "neutrino 10 TeV cgm"', f"{shown(word)} is none of them")


class Asked(Kind):
    """An observable in words, or none."""

    NONE = "nothing"

    def parse(self, value: Any) -> str:
        if value == self.NONE:
            return self.NONE
        try:
            _read(value)
            return " ".join(value.split())
        except NotAllowed as fault:
            if fault.hint:
                raise
            raise NotAllowed(f'"{self.NONE}", or {fault}', did_you_mean(value, [self.NONE])) from None
