"""What importance is asked of: `neutrino 10 TeV cgm`, `gamma 100 TeV lhaaso-inner`, `protons 10 TeV sun`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...fields.exceptions import did_you_mean
from ...fields.units import energy_label, to_internal
from .faults import allowed_names
from .quantities import Kind, NotAllowed, ScenarioError, shown

GASES = ("disc", "halo", "cgm")
KINDS = ("neutrino", "gamma", "protons")
_FORM = 'allowed: what, energy and where, as "neutrino 10 TeV cgm" or "protons 10 TeV sun"'
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
    said = shown(text)
    words = text.split() if isinstance(text, str) else []
    if len(words) < 3:
        raise ScenarioError(f"{said}: {_FORM}")
    kind, place = words[0], words[-1]
    if kind not in KINDS:
        raise ScenarioError(f"{said}: {kind}{_names(kind, KINDS)}")
    if place not in places_of(kind):
        raise ScenarioError(f"{said}: {place}{_names(place, places_of(kind))}")
    try:
        energy = to_internal(" ".join(words[1:-1]), "GeV")
    except ValueError:
        energy = -1.0
    if not energy > 0.0:
        raise ScenarioError(f"{said}: energy {shown(' '.join(words[1:-1]))}; allowed: as 10 TeV")
    return Observable(kind, energy, place)


def _names(given: str, names: object) -> str:
    """What else is allowed."""
    words = [str(name) for name in names]  # type: ignore[attr-defined]
    return allowed_names(did_you_mean(given, words), words)


class Asked(Kind):
    """An observable in words, or none."""

    NONE = "nothing"

    def parse(self, value: Any) -> str:
        if value == self.NONE:
            return self.NONE
        try:
            observable_of(value)
            return " ".join(value.split())
        except ScenarioError:
            hint = did_you_mean(value, [self.NONE])
            raise NotAllowed(
                f'"{self.NONE}", or as "neutrino 10 TeV cgm", "protons 10 TeV sun"', hint
            ) from None
