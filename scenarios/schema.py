"""The scenario file: its keys, units and ranges, and what is refused.

A scenario is a small TOML file of four tables. Quantities are strings with a unit ("2 kpc"); once read they
are plain floats in the internal units of `crhalo.fields.units`, so ``scenario.medium.z_B`` is in kpc. Unknown
keys, wrong units and values out of range are refused in one line that names the key, the value and what is
allowed.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from .bounds import check_size, read_bounded
from .values import Choice, Number, Quantity, ScenarioError, Span, Title, shown

if TYPE_CHECKING:
    from ..mc.verdict import Case
    from .pipeline import Run


class _Table(BaseModel):
    """A table of the file: immutable, no unknown keys, defaults as in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, strict=True)


def _as_in_file(value: Any) -> Any:
    """A default written as the file would write it; it is read (validated) like a value of the file."""
    return Field(value)


class Medium(_Table):
    """What particles meet. Lengths in kpc, fields in uG, densities in cm^-3, velocities in kpc/Myr."""

    B0: Annotated[float, Quantity("uG", "0.001 uG", "1000 uG")] = _as_in_file("3 uG")
    """Halo field at the disc."""
    z_B: Annotated[float, Quantity("kpc", "0.01 kpc", "100 kpc")] = _as_in_file("2 kpc")
    """Distance from the disc over which an exponential halo falls by e."""
    halo: Literal["exponential", "constant"] = "exponential"
    """exponential: B0 exp(-d/z_B). constant: B0 up to |z| = H, where particles are absorbed."""
    H: Annotated[float, Quantity("kpc", "0.01 kpc", "1000 kpc")] = _as_in_file("4 kpc")
    """Half-thickness of a constant halo (no other halo uses it)."""
    waves: Literal["nlld", "nlld-local"] = "nlld"
    """nlld: F(E) of REV Eq. 8 everywhere. nlld-local: REV Eq. 7 with the local field."""
    H_waves: Annotated[float, Quantity("kpc", "0.1 kpc", "1000 kpc")] = _as_in_file("4 kpc")
    """The H of REV Eq. 7 and 8."""
    n_i: Annotated[float, Quantity("cm-3", "1e-8 cm-3", "1000 cm-3")] = _as_in_file("0.01 cm-3")
    """Ion density in the halo, for its Alfven speed."""
    v_s: Annotated[float, Quantity("kpc/Myr", "0.1 km/s", "10000 km/s")] = _as_in_file("30 km/s")
    """Sound speed in the halo, for non-linear Landau damping."""
    bell: bool = True
    """Does the escaping current drive the non-resonant instability?"""
    saturation: Literal["current", "pressure"] = "current"
    """Saturated field of the instability. current: PRL Eq. 8. pressure: PRL Eq. 14."""
    two_way: bool = True
    """May particles come back from the Bell region?"""
    delta_G: Annotated[float, Number(1e-3, 1e6)] = 100.0
    """Overdensity of the circumgalactic gas over the mean baryon density."""
    helium_factor: Annotated[float, Number(1, 3)] = 1.0
    """Collisions with all the gas over collisions with its hydrogen."""

    @model_validator(mode="after")
    def _halo_ends_before_bell(self) -> Self:
        if self.halo == "constant" and self.bell:
            _refuse('medium.bell = true: allowed: false where medium.halo = "constant", which absorbs at H')
        return self


class Source(_Table):
    """Protons injected in the Galactic disc. Luminosity in erg/s, lengths in kpc, total energies in GeV."""

    L_CR: Annotated[float, Quantity("erg/s", "1e30 erg/s", "1e50 erg/s")] = _as_in_file("1e41 erg/s")
    """Luminosity in protons between E_min and E_max."""
    R_d: Annotated[float, Quantity("kpc", "0.01 kpc", "1000 kpc")] = _as_in_file("10 kpc")
    """Radius of the disc."""
    slope: Annotated[float, Number(1, 4)] = 2.0
    """Injected dN/dE is proportional to E^-slope."""
    E_min: Annotated[float, Quantity("GeV", "1 GeV", "10 PeV")] = _as_in_file("1 GeV")
    """Lowest injected energy."""
    E_max: Annotated[float, Quantity("GeV", "1 GeV", "10 PeV")] = _as_in_file("1 PeV")
    """Highest injected energy."""

    @model_validator(mode="after")
    def _energies_in_order(self) -> Self:
        if self.E_min >= self.E_max:
            low, high = _text(self, "E_min"), _text(self, "E_max")
            _refuse(f"source.E_min = {low}: allowed: less than source.E_max = {high}")
        return self


class Transport(_Table):
    """How particles are followed. Energies in GeV, lengths in kpc, times in Myr."""

    method: Literal["hybrid", "flight", "orbit"] = "hybrid"
    """hybrid: diffusive steps where the mean free path is short. flight: every collision, by brute force.
    orbit: Lorentz orbits, in a [turbulence] or, where that is affordable, in that of the halo."""
    acceleration: Annotated[float | Literal["auto"], Number(1, 1e6, word="auto")] = "auto"
    """Factor by which the clock runs faster after the first visit to the Bell region; 1: the true clock."""
    energy_range: Annotated[tuple[float, float], Span("GeV", "1 GeV", "10 PeV")] = _as_in_file(
        ["1 GeV", "10 PeV"]
    )
    """Energies at which particles are injected (log-uniformly); the source weighs them afterwards."""
    r_max: Annotated[float, Quantity("kpc", "0.1 kpc", "10000 kpc")] = _as_in_file("100 kpc")
    """Absorbing outer edge."""
    t_max: Annotated[float, Quantity("Myr", "0.001 Myr", "100 Gyr")] = _as_in_file("10 Gyr")
    """Age at which histories end."""
    particles: Annotated[int, Number(1, 10**9, whole=True)] = 5440
    """Number of particles."""
    seed: Annotated[int, Number(0, 2**32 - 1, whole=True)] = 1
    """Seed of all random numbers."""


class Sky(_Table):
    """What is seen from the Sun. Energies of photons and neutrinos in GeV."""

    nside: Annotated[int, Choice(*(2**k for k in range(11)))] = 64
    """HEALPix resolution."""
    energies: Annotated[tuple[float, float, int], Span("GeV", "0.1 GeV", "10 PeV", points=(2, 1000))] = (
        _as_in_file(["1 GeV", "10 PeV", 29])
    )
    """Lowest and highest energy, and the number of energies, evenly spaced in the logarithm."""


# Longest over shortest wave: what can be measured along a line.
_WIDEST = 1e5


class Turbulence(_Table):
    """Homogeneous turbulence in a slab |z| < H, in which tracks judge the diffusive approximation."""

    spectrum: Literal["kolmogorov", "scale-invariant", "self-generated"]
    """Power per ln k: k^(-2/3), constant, or F of REV Eq. 7 in the mean field."""
    geometry: Literal["isotropic", "slab", "composite"] = "isotropic"
    """Directions of the waves; slab: along z; composite: a fifth of the power along z, the rest across."""
    wavelengths: Annotated[tuple[float, float], Span("kpc", "1e-12 kpc", "100 kpc")]
    """Shortest and longest."""
    modes: Annotated[int, Number(1, 10_000, whole=True)] = 500
    """Plane waves of a realisation, evenly spaced in ln k."""
    mean_field: Annotated[float, Quantity("uG", "0 uG", "1000 uG")] = _as_in_file("0 uG")
    """Along z."""
    rms_field: Annotated[float | Literal["auto"], Quantity("uG", "1e-6 uG", "1000 uG", word="auto")] = "auto"
    """Root of <dB^2>. auto: what the waves of REV Eq. 7 add up to, or the saturated field of PRL Eq. 8."""
    level: Annotated[float, Number(1e-6, 1e6)] = 1.0
    """Factor on the power of self-generated waves."""
    H: Annotated[float, Quantity("kpc", "1e-6 kpc", "10 kpc")]
    """Half-thickness of the slab that particles escape from, by transport.t_max at the latest."""
    gas: Annotated[float, Quantity("cm-3", "1e-8 cm-3", "1e6 cm-3")] = _as_in_file("1 cm-3")
    """Hydrogen in it."""
    energies: Annotated[tuple[float, float, int], Span("GeV", "1 GeV", "10 PeV", points=(2, 100))]
    """Lowest and highest energy, and how many, evenly spaced in the logarithm; one verdict for each."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        shortest, longest = self.wavelengths
        mean, spectrum = _text(self, "mean_field"), f"where the spectrum is {shown(self.spectrum)}"
        if longest > _WIDEST * shortest:
            given = _text(self, "wavelengths")
            _refuse(f"turbulence.wavelengths = {given}: allowed: a factor of {_WIDEST:g} between them")
        if 0.0 < self.mean_field < 1e-6:
            _refuse(f'turbulence.mean_field = {mean}: allowed: "0 uG", or "1e-06 uG" to "1000 uG"')
        if self.geometry != "isotropic" and self.mean_field == 0.0:
            geometry = shown(self.geometry)
            _refuse(f'turbulence.geometry = {geometry}: allowed: "isotropic" where there is no mean field')
        if self.rms_field == "auto" and self.spectrum == "kolmogorov":
            _refuse(f'turbulence.rms_field = "auto": allowed: a field, {spectrum}')
        if self.spectrum == "self-generated" and self.mean_field == 0.0:
            _refuse(f"turbulence.mean_field = {mean}: allowed: above zero, {spectrum}")
        if self.level != 1.0 and (self.spectrum != "self-generated" or self.rms_field != "auto"):
            _refuse(f'turbulence.level = {self.level:g}: allowed: 1, unless "self-generated" with rms "auto"')
        return self


class Scenario(_Table):
    """A scenario as it will run: every key has a value.

    Examples
    --------
    >>> scenario = load("circumgalactic").with_overrides(["source.E_max=10 PeV"])
    >>> scenario.medium.delta_G, round(scenario.source.E_max)
    (100.0, 10000000)
    """

    title: Annotated[str, Title()]
    medium: Medium = _as_in_file({})
    source: Source = _as_in_file({})
    transport: Transport = _as_in_file({})
    sky: Sky = _as_in_file({})
    turbulence: Turbulence | None = None

    @model_validator(mode="after")
    def _orbits_have_turbulence(self) -> Self:
        if self.turbulence is not None:
            if self.transport.method != "orbit":
                _refuse(
                    f'transport.method = {shown(self.transport.method)}: allowed: "orbit" in a [turbulence]'
                )
        elif self.transport.method == "orbit" and (self.medium.halo != "constant" or self.medium.bell):
            _refuse(
                'transport.method = "orbit": allowed: with a [turbulence], or where medium.halo = "constant" '
                "and medium.bell = false"
            )
        return self

    @model_validator(mode="after")
    def _fits_inside_r_max(self) -> Self:
        r_max = self.transport.r_max
        if r_max <= 10.0:
            edge = _text(self.transport, "r_max")
            _refuse(f"transport.r_max = {edge}: allowed: more than 10 kpc, so that the Sun is inside")
        inside = [("source.R_d", self.source.R_d, _text(self.source, "R_d"))]
        if self.medium.halo == "constant":
            inside.append(("medium.H", self.medium.H, _text(self.medium, "H")))
        for key, length, text in inside:
            if length >= r_max:
                edge = _text(self.transport, "r_max")
                _refuse(f"{key} = {text}: allowed: less than transport.r_max = {edge}")
        return self

    @model_validator(mode="after")
    def _energies_overlap(self) -> Self:
        low, high = self.transport.energy_range
        if not (low < self.source.E_max and self.source.E_min < high):
            given, source = _text(self.transport, "energy_range"), self.source
            ends = f"source.E_min = {_text(source, 'E_min')} to source.E_max = {_text(source, 'E_max')}"
            _refuse(f"transport.energy_range = {given}: allowed: one that overlaps {ends}")
        return self

    def with_overrides(self, settings: Iterable[str]) -> Scenario:
        """The same scenario with some values replaced.

        Parameters
        ----------
        settings
            Each ``"table.key=value"``, with the value as in the file; the quotes of a string may be left out.

        Raises
        ------
        ScenarioError
            Where a key does not exist or a value is not allowed.
        """
        data = self.model_dump(exclude_none=True)
        for setting in settings:
            if self.turbulence is None and setting.strip().startswith("turbulence."):
                raise ScenarioError(f"--set {shown(setting)}: allowed: in a scenario with a [turbulence]")
            _apply(data, setting)
        return from_mapping(data)

    def run(self, particles: int | None = None, seed: int | None = None, threads: int | None = None) -> Run:
        """Follow the particles and return the finished `Run`; arguments replace values of the file.

        Examples
        --------
        >>> run = load("circumgalactic").run(particles=20000, seed=1)  # doctest: +SKIP
        >>> sky = run.sky("neutrino", energy_GeV=[1e4, 1e5])  # doctest: +SKIP
        """
        from .pipeline import make_run

        return make_run(self._with(particles=particles, seed=seed), threads)

    def _with(self, **transport: int | None) -> Scenario:
        """The same scenario with the keys of its transport that are given."""
        given = [f"transport.{key}={value}" for key, value in transport.items() if value is not None]
        return self.with_overrides(given)

    def verdict(
        self, particles: int | None = None, seed: int | None = None, threads: int | None = None
    ) -> list[Case]:
        """One `Case` for each energy of a [turbulence]; what is asked of it is followed then.

        Arguments replace values of the file; particles are those of each energy.

        Examples
        --------
        >>> rows = [case.row() for case in load("diffusion-check").verdict()]  # doctest: +SKIP

        Raises
        ------
        ScenarioError
            Without a [turbulence], or if an energy cannot be right or takes too long.
        """
        from .verdict import cases_of

        if self.turbulence is None:
            raise ScenarioError("turbulence: missing; allowed: a scenario with a [turbulence]")
        return cases_of(self._with(particles=particles, seed=seed), threads or os.cpu_count() or 1)

    def to_toml(self) -> str:
        """The scenario as a file; reading it gives the same scenario, to the last bit."""
        data = self.model_dump(exclude_none=True)
        lines = [f"title = {_toml(data.pop('title'))}"]
        for table, values in data.items():
            lines += ["", f"[{table}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
        return "\n".join(lines) + "\n"


def names() -> list[str]:
    """Names of the scenarios that come with the package: the TOML files beside this module."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))


def load(name: str) -> Scenario:
    """Read a scenario by name (one of `names()`) or by the path of its ``.toml`` file."""
    if name in names():
        return load_file(Path(__file__).with_name(f"{name}.toml"))
    if name.endswith(".toml"):
        return load_file(name)
    raise ScenarioError(f"scenario {shown(name)}: allowed: {', '.join(names())}, or the path of a .toml file")


def load_file(path: str | Path) -> Scenario:
    """Read a scenario file; `ScenarioError` where it is no file, too large or not allowed."""
    try:
        return load_text(read_bounded(Path(path)))
    except ScenarioError as error:
        raise ScenarioError(f"{shown(Path(path))}: {error}") from None


def load_text(text: str) -> Scenario:
    """Read a scenario from TOML text; `ScenarioError` where it is not allowed."""
    return from_mapping(_parse_toml(text))


def from_mapping(data: Mapping[str, Any]) -> Scenario:
    """Scenario from tables of values as they stand in the file; `ScenarioError` where one is not allowed."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(_one_line(error)) from None


def _parse_toml(text: str) -> dict[str, Any]:
    check_size(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"not TOML: {error}") from None


def _apply(data: dict[str, Any], setting: str) -> None:
    """Put one "table.key=value" into the tables; the key is judged with everything else, later."""
    path, equals, value = (part.strip() for part in setting.partition("="))
    parts = path.split(".")
    if not equals or not all(parts) or len(parts) > 2:
        raise ScenarioError(f"--set {shown(setting)}: allowed: table.key=value, as medium.delta_G=200")
    *table, key = parts
    target = data
    for name in table:
        target = target.setdefault(name, {})
        if not isinstance(target, dict):
            raise ScenarioError(f"--set {shown(setting)}: allowed: table.key=value, and {name} is no table")
    target[key] = _parse_value(value)


def _parse_value(text: str) -> Any:
    """A TOML value, or the text itself where it is none (a string without its quotes)."""
    try:
        parsed = _parse_toml(f"value = {text}")
    except ScenarioError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _toml(value: Any) -> str:
    """A string, bool, number or list of them as TOML, which writes these as JSON does."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _text(table: _Table, key: str) -> str:
    return shown(table.model_dump(include={key})[key])


def _refuse(message: str) -> None:
    """Fail with a message that names its keys itself (a check across keys)."""
    raise PydanticCustomError("across", "{message}", {"message": message})


def _one_line(error: ValidationError) -> str:
    """The first fault, as one line, and how many there are besides."""
    faults = error.errors(include_url=False)
    fault, others = faults[0], len(faults) - 1
    if fault["type"] == "across":
        line = fault["msg"]
    else:
        key = ".".join(str(part) for part in fault["loc"])
        plain = key.replace(".", "").replace("_", "").isalnum() and len(key) <= 60
        line = _describe(key if plain else shown(key), fault)
    return line + (f" (and {others} more)" if others else "")


def _describe(key: str, fault: Any) -> str:
    """One fault of one key: what was given, what is allowed."""
    match fault["type"]:
        case "missing":
            return f"{key}: missing"
        case "extra_forbidden":
            return f"{key}: no such key; allowed: {', '.join(_known_keys(fault['loc']))}"
        case "value_error":
            allowed = str(fault["ctx"]["error"])
        case "literal_error":
            allowed = fault["ctx"]["expected"]
        case "bool_type":
            allowed = "true or false"
        case _:
            allowed = f"a table [{key}]"
    return f"{key} = {shown(fault['input'])}: allowed: {allowed}"


def _known_keys(loc: tuple[Any, ...]) -> Iterable[str]:
    """Keys of the table in which an unknown key was found."""
    table: Any = Scenario.model_fields[loc[0]].annotation if len(loc) > 1 else Scenario
    # An optional table is a union of itself and None.
    return next(each for each in (table, *get_args(table)) if hasattr(each, "model_fields")).model_fields
