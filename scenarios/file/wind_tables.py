"""The tables of winds that cosmic rays drive: what one starts from, and the study of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from .quantities import Number, Quantity, Several, Word
from .study_tables import each_once
from .tables import Medium, Source, Table, as_in_file, text_of


class Wind(Table):
    """The base of a steady wind that cosmic rays of the disc drive, on either side of it."""

    z_0: Annotated[float, Quantity("kpc", "0.1 kpc", "10 kpc")] = as_in_file("0.1 kpc")
    """Height of its base, above the gas of the disc; what is below is even in cosmic rays."""
    n_0: Annotated[float, Quantity("cm-3", "1e-5 cm-3", "1 cm-3")] = as_in_file("5e-4 cm-3")
    """Density there, rho/m_p of ionised hydrogen."""
    T_0: Annotated[float, Quantity("K", "1e4 K", "1e8 K")] = as_in_file("3e5 K")
    """Temperature there."""
    B_0: Annotated[float, Quantity("uG", "0.01 uG", "100 uG")] = as_in_file("1 uG")
    """Field along the tube there."""
    R: Annotated[float, Quantity("kpc", "1 kpc", "50 kpc")] = as_in_file("8.178 kpc")
    """Where in the Galaxy the tube is, for gravity along it."""
    nonlinear: Annotated[str, Word("landau", "cascade")] = "landau"
    """Damping of waves by themselves: of REV Eq. 6, or by a cascade."""
    column: Annotated[float, Quantity("g/cm2", "1e-5 g/cm2", "1 g/cm2")] = as_in_file("2.4e-3 g/cm2")
    """Gas of the disc, both sides, that is crossed again and again."""
    cells: Annotated[int, Number(120, 3000, whole=True)] = 300
    """Of the transport equation, even in ln z."""


def wind_suits(wind: Wind, medium: Medium, source: Source, study: str | None) -> Iterator[str]:
    """What does not go together with the outflow "wind"."""
    said = 'medium.outflow = "wind"'
    if not medium.bell:
        yield f"{said}: allowed: where medium.bell = true"
    if study is not None:
        yield f"{said}: allowed: not together with a [{study}]"
    for key, usual in (("delta_G", 100.0), ("cgm_beta", 0.0)):
        if getattr(medium, key) != usual:
            given = f"medium.{key} = {text_of(medium, key)}"
            yield f"{given}: allowed: {usual:g} with {said}, whose gas is that of the wind"
    # Mass and energy leave through the area of the disc at the base, which opens by 1 + 2 (z_0/R_d)^2.
    if wind.z_0 > 0.2 * source.R_d:
        given = f"wind.z_0 = {text_of(wind, 'z_0')}"
        yield f"{given}: allowed: up to a fifth of source.R_d = {text_of(source, 'R_d')}"
    yield from spans_a_decade(source, said)


def spans_a_decade(source: Source, where: str) -> Iterator[str]:
    """What keeps protons from driving a wind: too few energies."""
    if source.E_max < 10.0 * source.E_min:
        given = text_of(source, "E_max")
        yield f"source.E_max = {given}: allowed: ten times source.E_min or more with {where}"


class CosmicRayWind(Wind):
    """A steady wind that cosmic rays of the disc drive in a flux tube, with the protons that it carries."""

    n_0: Annotated[float, Quantity("cm-3", "1e-5 cm-3", "1 cm-3")] = as_in_file("0.002 cm-3")
    """Density there, rho/m_p of ionised hydrogen."""
    opening: Annotated[float, Quantity("kpc", "1 kpc", "1000 kpc")] = as_in_file("15 kpc")
    """Z of the cross-section 1 + (z/Z)^2."""
    end: Annotated[float, Quantity("kpc", "50 kpc", "2000 kpc")] = as_in_file("300 kpc")
    """Of the tube."""
    particles: Annotated[int, Number(0, 100_000, whole=True)] = 3000
    """Test protons of each of three momenta; 0: none."""
    scan: bool = True
    """Whether to look for winds from all bases of the lists below."""
    n_scan: Annotated[tuple[float, ...], Several(Quantity("cm-3", "1e-5 cm-3", "1 cm-3"), 1, 12)] = (
        as_in_file(["5e-4 cm-3", "1e-3 cm-3", "2e-3 cm-3", "4e-3 cm-3", "8e-3 cm-3"])
    )
    """Densities."""
    T_scan: Annotated[tuple[float, ...], Several(Quantity("K", "1e4 K", "1e8 K"), 1, 12)] = as_in_file(
        ["1e5 K", "2e5 K", "3e5 K", "6e5 K", "1e6 K", "2e6 K"]
    )
    """Temperatures."""
    B_scan: Annotated[tuple[float, ...], Several(Quantity("uG", "0.01 uG", "100 uG"), 1, 6)] = as_in_file(
        ["0.3 uG", "1 uG", "3 uG"]
    )
    """Fields."""

    def conflicts(self) -> Iterator[str]:
        yield from each_once(self, "cosmic_ray_wind", "n_scan", "T_scan", "B_scan")
