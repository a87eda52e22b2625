"""The tables by which a scenario file asks for a study: several runs, a bubble, or none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from ...fields.disc.phases import PHASES
from ...fields.waves.tube_waves import NONLINEAR
from .quantities import Number, Quantity, Several, Span, Title, Word
from .tables import Medium, Table, as_in_file, text_of

COLDEST_HOT_K = 3e5
"""Colder gas that is in balance falls as r^-10 and faster."""


def medium_of(study: str, medium: Medium) -> tuple[bool, str]:
    """Whether a medium is one for a study, and which are."""
    if study == "local_diffusion":
        return medium.has_lines, 'medium.field is not "isotropic"'
    if study in ("cocoons", "near_source", "nested_leaky_box", "cosmic_ray_wind"):
        return True, ""
    if study == "galaxy_tracks":
        ends = medium.halo == "constant" or (medium.bell and medium.two_way)
        where = 'medium.field is not "isotropic", medium.halo = "constant" or a two-way Bell region ends it'
        return medium.has_lines and ends, where
    return medium.bell, "medium.bell = true"


_Overdensities = Annotated[tuple[float, ...], Several(Number(1e-3, 1e6), 1, 20)]


def each_once(table: Table, name: str, *keys: str) -> Iterator[str]:
    """Lists with an entry twice, to the six digits by which files and rows are named."""
    for key in keys:
        named = [f"{one:g}" if isinstance(one, float) else one for one in getattr(table, key)]
        if len(set(named)) < len(named):
            yield f"{name}.{key} = {text_of(table, key)}: allowed: each once"


class Figure1(Table):
    """Figure 1 of PRL: a run for each of several overdensities, and one more without diffusion."""

    delta_G: _Overdensities = as_in_file([1.0, 10.0, 100.0, 200.0])
    """Overdensities of the circumgalactic gas."""

    def conflicts(self) -> Iterator[str]:
        yield from each_once(self, "figure_1", "delta_G")


class Radio(Table):
    """Synchrotron radiation of the secondary electrons and positrons of the circumgalactic gas."""

    delta_G: _Overdensities = as_in_file([1.0, 10.0, 100.0, 200.0])
    """Overdensities of the circumgalactic gas."""
    frequencies_MHz: Annotated[tuple[float, ...], Several(Number(1, 1e6), 1, 20)] = as_in_file(
        [100.0, 408.0, 1400.0]
    )
    """Frequencies at which to give the flux."""

    def conflicts(self) -> Iterator[str]:
        yield from each_once(self, "radio", "delta_G", "frequencies_MHz")


OUTFLOWS = ("alfven", "momentum", "bubble")


class Coupling(Table):
    """What returns from the Bell region: densities and grammage with and without it."""

    delta_G: _Overdensities = as_in_file([1.0, 10.0, 100.0])
    """Overdensities of the circumgalactic gas."""
    z_B: Annotated[tuple[float, ...], Several(Quantity("kpc", "0.01 kpc", "100 kpc"), 1, 20)] = as_in_file(
        ["2 kpc"]
    )
    """Scales over which the halo field falls by e."""
    outflow: Annotated[tuple[str, ...], Several(Word(*OUTFLOWS), 1, len(OUTFLOWS))] = OUTFLOWS
    """What carries the plasma: those of `medium.outflow`, and the bubble that cosmic rays blow."""

    def conflicts(self) -> Iterator[str]:
        yield from each_once(self, "coupling", "delta_G", "z_B", "outflow")


class ExpandingBubble(Table):
    """A bubble that the cosmic rays blow into the gas around the Galaxy, in time: no particles."""

    gas: Literal["hot", "cold"] = "cold"
    """hot: in balance at first in the potential of the Galaxy, rho ~ r^-3 or so; it cools by expansion alone.
    cold: uniform, without gravity, at one temperature for ever, for it radiates."""
    temperature: Annotated[float | Literal["auto"], Quantity("K", "100 K", "1e8 K", word="auto")] = "auto"
    """Of the gas at first. auto: 1e6 K if it is hot, 1e4 K if it is cold."""
    delta_G: _Overdensities = as_in_file([1.0, 10.0, 100.0])
    """Overdensity of the gas; of hot gas, at delta_G_radius."""
    delta_G_radius: Annotated[float, Quantity("kpc", "1 kpc", "1000 kpc")] = as_in_file("50 kpc")
    """Where hot gas has that overdensity (cold gas has it everywhere)."""
    ages: Annotated[tuple[float, ...], Several(Quantity("Myr", "1 Myr", "100 Gyr"), 1, 12)] = as_in_file(
        ["100 Myr", "300 Myr", "1 Gyr", "3 Gyr", "5 Gyr", "10 Gyr"]
    )
    """At which it is looked at."""

    def conflicts(self) -> Iterator[str]:
        if any(late <= early for early, late in pairwise(self.ages)):
            yield f"expanding_bubble.ages = {text_of(self, 'ages')}: allowed: rising"
        else:
            yield from each_once(self, "expanding_bubble", "ages")
        yield from each_once(self, "expanding_bubble", "delta_G")
        if self.gas == "hot" and self.temperature != "auto" and self.temperature < COLDEST_HOT_K:
            given = f"expanding_bubble.temperature = {text_of(self, 'temperature')}"
            yield f'{given}: allowed: "auto", or "{COLDEST_HOT_K:g} K" or more where gas = "hot"'


class Galaxies(Table):
    """The Bell region of other galaxies, and of a strong source, by the closed forms: no particles."""

    names: Annotated[tuple[str, ...], Several(Title(), 1, 20)]
    """One name, and one entry of each list below, for each galaxy."""
    L_CR: Annotated[tuple[float, ...], Several(Quantity("erg/s", "1e30 erg/s", "1e50 erg/s"), 1, 20)]
    """Luminosity in protons."""
    R_d: Annotated[tuple[float, ...], Several(Quantity("kpc", "0.01 kpc", "1000 kpc"), 1, 20)]
    """Radius of the disc."""
    B0: Annotated[tuple[float, ...], Several(Quantity("uG", "0.001 uG", "10000 uG"), 1, 20)]
    """Field in the disc."""
    z_B: Annotated[tuple[float, ...], Several(Quantity("kpc", "0.01 kpc", "100 kpc"), 1, 20)]
    """Distance over which it falls by e."""
    delta_G: _Overdensities
    """Overdensity of the gas around it."""
    age: Annotated[float, Quantity("Myr", "1 Myr", "100 Gyr")] = as_in_file("10 Gyr")
    """How long they have been at it."""
    background: Annotated[float, Quantity("uG", "1e-9 uG", "1 uG")] = as_in_file("1e-4 uG")
    """Field around them, which ends the region where it exceeds the saturated one."""
    source_fields: Annotated[tuple[float, ...], Several(Quantity("uG", "1e-12 uG", "1 uG"), 1, 6)] = (
        as_in_file(["1e-3 uG", "1e-4 uG", "1e-5 uG", "1e-9 uG"])
    )
    """Fields around a strong source."""

    def conflicts(self) -> Iterator[str]:
        for key in ("L_CR", "R_d", "B0", "z_B", "delta_G"):
            if (count := len(getattr(self, key))) != len(self.names):
                yield f"galaxies.{key}: a list of {count}: allowed: {len(self.names)}, one for each name"


class GalaxyTracks(Table):
    """Lorentz orbits out of a halo with field lines, beside what diffusion makes of it."""

    energies: Annotated[tuple[float, float, int], Span("GeV", "1 GeV", "10 PeV", points=(2, 20))] = (
        as_in_file(["1 PeV", "10 PeV", 3])
    )
    """Lowest and highest energy, and how many, evenly spaced in the logarithm."""


class LocalDiffusion(Table):
    """D along the lines and across them at a place of a galaxy: orbits beside theory, no runs."""

    R: Annotated[float, Quantity("kpc", "0 kpc", "100 kpc")] = as_in_file("8.178 kpc")
    """Distance of the place from the axis."""
    z: Annotated[float, Quantity("kpc", "0 kpc", "100 kpc")] = as_in_file("1 kpc")
    """Its height above the plane."""
    energies: Annotated[tuple[float, float, int], Span("GeV", "1 GeV", "10 PeV", points=(2, 20))] = (
        as_in_file(["1 PeV", "10 PeV", 3])
    )
    """Lowest and highest energy, and how many, evenly spaced in the logarithm."""


class CircumgalacticLimits(Table):
    """How bright the circumgalactic sky may be, given data at the Sun: a fit in each of many media."""

    delta_G: _Overdensities = as_in_file([1.0, 10.0, 100.0, 300.0])
    """Overdensities of the circumgalactic gas, which is uniform."""
    outflow: Annotated[tuple[str, ...], Several(Word("alfven", "momentum"), 1, 2)] = ("alfven", "momentum")
    """What carries the plasma, of `medium.outflow`."""
    z_B: Annotated[tuple[float, ...], Several(Quantity("kpc", "0.01 kpc", "100 kpc"), 1, 20)] = as_in_file(
        ["1 kpc", "2 kpc", "4 kpc"]
    )
    """Scales over which the halo field falls by e; `diffusion.scale` follows."""
    field: Annotated[tuple[str, ...], Several(Word("isotropic", "x-shaped"), 1, 2)] = ("isotropic",)
    """Directions of the halo field, of `medium.field`."""
    epsilon: Annotated[float, Number(0, 1)] = 0.1
    """D across the lines over D along them, in a field that is not isotropic."""
    data: Annotated[tuple[str, ...], Several(Title(), 1, 20)] = ("ams02-protons", "ams02-bc")
    """Measurements at the Sun: names of tables, or files."""
    range: Annotated[tuple[float, float], Span("GV", "1 GV", "10 PV")] = as_in_file(["20 GV", "2 TV"])
    """Rigidities that are fitted."""
    free: Annotated[tuple[str, ...], Several(Title(), 1, 12)] = (
        "diffusion.D0", "diffusion.delta", "diffusion.delta_high", "source.slope", "source.L_CR",
    )  # fmt: skip
    """Keys that are fitted in each medium."""

    def conflicts(self) -> Iterator[str]:
        lists = ("delta_G", "outflow", "z_B", "field", "data", "free")
        yield from each_once(self, "circumgalactic_limits", *lists)


def limits_suit(medium: Medium, has_diffusion: bool) -> Iterator[str]:
    """What a [circumgalactic_limits] does not go together with."""
    if not has_diffusion:
        yield "[circumgalactic_limits]: allowed: with a [diffusion]"
    if medium.halo != "exponential":
        yield f'medium.halo = "{medium.halo}": allowed: "exponential" with a [circumgalactic_limits]'
    if medium.cgm_beta > 0.0:
        given = f"medium.cgm_beta = {medium.cgm_beta:g}"
        yield f"{given}: allowed: 0 with a [circumgalactic_limits], whose gas is uniform"


class NestedLeakyBox(Table):
    """Grammage about the sources, which falls with energy, and one in the Galaxy, beside `milky-way`.

    Grammages are masses of gas with its helium; densities are of hydrogen.
    """

    source_grammage: Annotated[str, Word("power-law", file=".ecsv")] = "power-law"
    """About the sources: X_0 (R/R_0)^-delta_s, or a table with the columns rigidity and grammage, between its
    rows and beyond them as powers."""
    X_0: Annotated[float, Quantity("g/cm2", "0 g/cm2", "1000 g/cm2")] = as_in_file("10 g/cm2")
    """About the sources, at R_0."""
    R_0: Annotated[float, Quantity("GV", "1 GV", "10000 GV")] = as_in_file("10 GV")
    """Where X_0 is given."""
    delta_s: Annotated[float, Number(0, 3)] = 0.8
    """How X_s falls with rigidity."""
    X_g: Annotated[float, Quantity("g/cm2", "0.001 g/cm2", "100 g/cm2")] = as_in_file("1 g/cm2")
    """In the Galaxy, at all energies."""
    source_gas: Annotated[float, Quantity("cm-3", "0.001 cm-3", "1e6 cm-3")] = as_in_file("100 cm-3")
    """Density about the sources, which says how long it takes to cross X_s."""
    gas: Annotated[float, Quantity("cm-3", "0.001 cm-3", "1000 cm-3")] = as_in_file("1 cm-3")
    """Mean density in the Galaxy."""
    height: Annotated[float, Quantity("kpc", "0.01 kpc", "20 kpc")] = as_in_file("0.1 kpc")
    """Of the box above the plane, and below it; its radius is source.R_d."""


class NearSource(Table):
    """Protons along the field around one source, and the waves that hold them there, in time."""

    phases: Annotated[tuple[str, ...], Several(Word(*PHASES), 1, len(PHASES))] = tuple(PHASES)
    """Gas around the source, one run for each."""
    density: Annotated[float | Literal["auto"], Quantity("cm-3", "1e-5 cm-3", "1e5 cm-3", word="auto")] = (
        "auto"
    )
    """All gas, as hydrogen masses; of a single phase, in place of its own."""
    neutral_fraction: Annotated[float | Literal["auto"], Number(0, 0.99999, word="auto")] = "auto"
    """Share of its mass in neutrals that rub against ions; the same."""
    temperature: Annotated[float | Literal["auto"], Quantity("K", "10 K", "1e8 K", word="auto")] = "auto"
    """The same."""
    field: Annotated[float | Literal["auto"], Quantity("uG", "0.1 uG", "1000 uG", word="auto")] = "auto"
    """Along the tube; the same."""
    L_c: Annotated[float, Quantity("kpc", "1 pc", "1000 pc")] = as_in_file("100 pc")
    """How far the field keeps its direction: half of the length of the tube."""
    radius: Annotated[float, Quantity("kpc", "1 pc", "200 pc")] = as_in_file("20 pc")
    """Of the tube: that of the remnant."""
    source_length: Annotated[float, Quantity("kpc", "0.1 pc", "100 pc")] = as_in_file("5 pc")
    """Half of the length that the source fills when it lets protons go."""
    energy_erg: Annotated[float, Number(1e44, 1e53)] = 1e50
    """Kinetic energy of the protons."""
    explosion_erg: Annotated[float, Number(1e48, 1e54)] = 1e51
    """Of the explosion."""
    release: Literal["at once", "escape"] = "at once"
    """escape: from high to low momenta, p ~ t^-2.5, the highest at release_start."""
    release_start: Annotated[float, Quantity("Myr", "1 yr", "1 Myr")] = as_in_file("200 yr")
    """See release."""
    D_gal: Annotated[float, Quantity("kpc2/Myr", "1e25 cm2/s", "1e31 cm2/s")] = as_in_file("1.5e28 cm2/s")
    """D in the Galaxy of protons of 1 GeV/c, over v/c."""
    D_slope: Annotated[float, Number(0, 1)] = 1.0 / 3.0
    """How it rises with momentum."""
    growth: bool = True
    """Whether protons excite waves."""
    advected: bool = True
    """Whether waves travel, and carry the protons."""
    ion_neutral: bool = True
    """Whether neutrals damp waves."""
    nonlinear: Annotated[str, Word(*NONLINEAR)] = "landau"
    """Damping by waves themselves: of REV Eq. 6, by a cascade, or none."""
    shear_scale: Annotated[float, Quantity("kpc", "0 pc", "1000 pc")] = as_in_file("50 pc")
    """Scale at which turbulence is stirred that shears waves; 0: none."""
    cloud_mass: Annotated[float, Number(0, 1e7)] = 0.0
    """Of a dense cloud on one side [Msun], spread over the cross-section; it is a target and nothing else."""
    cloud_distance: Annotated[float, Quantity("kpc", "0 pc", "1000 pc")] = as_in_file("50 pc")
    """Of its middle, along the tube."""
    cloud_radius: Annotated[float, Quantity("kpc", "0.5 pc", "100 pc")] = as_in_file("5 pc")
    """Half of its length."""
    age: Annotated[float, Quantity("Myr", "1 kyr", "100 Myr")] = as_in_file("3 Myr")
    """Until when the source is followed."""
    cells: Annotated[int, Number(20, 2000, whole=True)] = 200
    """Of half of the tube."""
    change: Annotated[float, Number(0.01, 1)] = 0.15
    """Of ln F, and of the protons held, that a step may make; twice that must give the same."""
    particles: Annotated[int, Number(0, 100_000, whole=True)] = 400
    """Test protons of each of some energies; 0: none."""

    NAME: ClassVar[str] = "near_source"

    def conflicts(self) -> Iterator[str]:
        name = self.NAME
        yield from each_once(self, name, "phases")
        if len(self.phases) > 1:
            for key in ("density", "neutral_fraction", "temperature", "field"):
                if getattr(self, key) != "auto":
                    yield f'{name}.{key} = {text_of(self, key)}: allowed: "auto" with several phases'
        if self.source_length >= self.L_c:
            given = text_of(self, "source_length")
            yield f"{name}.source_length = {given}: allowed: less than {name}.L_c"
        if self.cloud_mass > 0.0 and not self._cloud_inside:
            given = text_of(self, "cloud_distance")
            yield f"{name}.cloud_distance = {given}: allowed: a cloud within {name}.L_c, on a side"
        if self.energy_erg > self.explosion_erg:
            allowed = f"up to {name}.explosion_erg = {self.explosion_erg:g}"
            yield f"{name}.energy_erg = {self.energy_erg:g}: allowed: {allowed}"

    @property
    def _cloud_inside(self) -> bool:
        return (
            self.cloud_distance >= self.cloud_radius and self.cloud_distance + self.cloud_radius <= self.L_c
        )


class Cocoons(NearSource):
    """Many such sources in the disc, each at a random place and age: what they shine beside the Galaxy.

    There are source.L_CR / energy_erg of them per time, spread over the disc as those of [source].
    """

    NAME: ClassVar[str] = "cocoons"

    height: Annotated[float, Quantity("kpc", "0 pc", "5 kpc")] = as_in_file("100 pc")
    """Over which sources fall off by e, on either side of the plane."""
    realisations: Annotated[int, Number(2, 1000, whole=True)] = 10
    """Of their places and ages."""
