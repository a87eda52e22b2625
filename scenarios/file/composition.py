"""The table of a scenario file that says which nuclei its sources release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from .quantities import Number
from .tables import Table, as_in_file

NUCLEI_FROM_GEV = 1e4
"""Nuclei are followed up to 100 TV: what is followed begins a decade below, or lower."""
_ADDS_UP = 1e-3
_NUCLEI = {
    "helium": "He", "carbon": "C12", "nitrogen": "N14", "oxygen": "O", "neon": "Ne", "magnesium": "Mg",
    "silicon": "Si", "iron": "Fe",
}  # fmt: skip
_CHARGES = {"He": 2, "C12": 6, "N14": 7, "O": 8, "Ne": 10, "Mg": 12, "Si": 14, "Fe": 26}

_Share = Annotated[float, Number(0, 1)]


class Composition(Table):
    """What sources release per rigidity at 10 GV: shares by number of nuclei, which add up to 1."""

    hydrogen: _Share = as_in_file(0.82)
    """Protons, of which source.L_CR is the luminosity."""
    helium: _Share = as_in_file(0.16)
    """4He."""
    carbon: _Share = as_in_file(0.006)
    """12C."""
    nitrogen: _Share = as_in_file(0.0004)
    """14N."""
    oxygen: _Share = as_in_file(0.008)
    """16O."""
    neon: _Share = as_in_file(0.0012)
    """20Ne, as all of its isotopes; so the next ones."""
    magnesium: _Share = as_in_file(0.0017)
    """24Mg."""
    silicon: _Share = as_in_file(0.0016)
    """28Si."""
    iron: _Share = as_in_file(0.0018)
    """56Fe."""
    slope: Annotated[float, Number(1, 4)] = 2.3
    """Of nuclei heavier than hydrogen, per rigidity, in place of source.slope."""

    @property
    def per_proton(self) -> dict[str, float]:
        """Nuclei for each proton, by the names that `maps.light.nuclei` has for them."""
        return {name: getattr(self, element) / self.hydrogen for element, name in _NUCLEI.items()}

    @property
    def energy_over_protons(self) -> float:
        """Energy of all nuclei over that of protons: at the same rigidity Z times as much each."""
        return 1.0 + sum(_CHARGES[name] * share for name, share in self.per_proton.items())

    def conflicts(self) -> Iterator[str]:
        total = self.hydrogen + sum(getattr(self, element) for element in _NUCLEI)
        if abs(total - 1.0) > _ADDS_UP:
            yield f"composition: its shares add up to {total:.4g}: allowed: 1, to a thousandth"
        elif not self.hydrogen > 0.0:
            yield "composition.hydrogen = 0: allowed: above zero"
