"""The scenario file: how it is read, and what is refused.

A scenario is a small TOML file of a few tables. Quantities are strings with a unit ("2 kpc"); once read they
are plain floats in the internal units of `crhalo.fields.units`, so ``scenario.medium.z_B`` is in kpc. Unknown
keys, wrong units and values out of range are refused, all at once, in one line that names each key, its value
and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ValidationError

from ...fields.exceptions import did_you_mean
from ...fields.limits import WITH_STEPS, fault_of_method
from . import study_tables as studies
from .composition import NUCLEI_FROM_GEV, Composition
from .faults import allowed_names, faults_of, table_class
from .quantities import Kind, Quantity, ScenarioError, Title, shown
from .tables import (
    GIVEN_D,
    TABLE_OF_WAVES,
    Diffusion,
    Medium,
    Observer,
    SelfConsistency,
    Sky,
    Source,
    Table,
    Transport,
    Turbulence,
    TwoZone,
    as_in_file,
    text_of,
)
from .text import as_toml, parsed, read_bounded
from .wind_tables import CosmicRayWind, Wind, wind_suits

STUDIES = (
    "figure_1", "radio", "coupling", "galaxies", "expanding_bubble", "galaxy_tracks", "local_diffusion",
    "circumgalactic_limits", "near_source", "cocoons", "nested_leaky_box", "cosmic_ray_wind",
)  # fmt: skip
"""Tables that ask for several runs, or for none; see `scenarios.studies`."""
LIBRARY = Path(__file__).parents[1] / "library"
_MOST_NAMED = 3  # scenarios, in a message
_OPTIONAL = (
    "turbulence",
    "self_consistency",
    "two_zone",
    "diffusion",
    "wind",
    "composition",
    "observer",
    *STUDIES,
)


class Scenario(Table):
    """A scenario as it will run: every key has a value.

    Examples
    --------
    >>> scenario = load("circumgalactic").with_overrides(["source.E_max=10 PeV"])
    >>> scenario.medium.delta_G, round(scenario.source.E_max)
    (100.0, 10000000)
    """

    title: Annotated[str, Title()]
    medium: Medium = as_in_file({})
    source: Source = as_in_file({})
    transport: Transport = as_in_file({})
    sky: Sky = as_in_file({})
    turbulence: Turbulence | None = None
    self_consistency: SelfConsistency | None = None
    two_zone: TwoZone | None = None
    diffusion: Diffusion | None = None
    wind: Wind | None = None
    composition: Composition | None = None
    figure_1: studies.Figure1 | None = None
    radio: studies.Radio | None = None
    coupling: studies.Coupling | None = None
    galaxies: studies.Galaxies | None = None
    expanding_bubble: studies.ExpandingBubble | None = None
    galaxy_tracks: studies.GalaxyTracks | None = None
    local_diffusion: studies.LocalDiffusion | None = None
    circumgalactic_limits: studies.CircumgalacticLimits | None = None
    nested_leaky_box: studies.NestedLeakyBox | None = None
    near_source: studies.NearSource | None = None
    cocoons: studies.Cocoons | None = None
    cosmic_ray_wind: CosmicRayWind | None = None
    observer: Observer | None = None

    # What needs the engine is bound in `scenarios.api`, where it is described.
    run: ClassVar[Callable[..., Any]]
    diffusion_tests: ClassVar[Callable[..., list[Any]]]
    _repr_html_: ClassVar[Callable[..., str]]

    @property
    def study(self) -> str | None:
        """The table that makes it more than one run, or none; see `scenarios.studies`."""
        return next((name for name in STUDIES if getattr(self, name) is not None), None)

    def conflicts(self) -> Iterator[str]:
        yield from self._one_study()
        yield from self._waves_have_their_table()
        yield from self._wind_has_its_table()
        yield from self._nuclei_suit()
        yield from self._method_suits_field()
        yield from self._orbits_have_turbulence()
        yield from self._fits_inside_r_max()
        yield from self._bubble_has_gas_of_its_own()
        yield from self._energies_overlap()

    def _one_study(self) -> Iterator[str]:
        tables = [name for name in (*STUDIES, "turbulence") if getattr(self, name) is not None]
        if len(tables) > 1:
            yield f"[{tables[1]}]: allowed: not together with a [{tables[0]}]"
        steps = self.transport.method in WITH_STEPS
        if self.study is not None:
            fits, where = studies.medium_of(self.study, self.medium)
            if not (fits and steps):
                yield f'[{tables[0]}]: allowed: where {where} and transport.method = "auto"'
        if self.study is not None and self.self_consistency is not None:
            yield f"[{tables[0]}]: allowed: not together with a [self_consistency]"
        if tables and self.observer is not None:
            yield f"[observer]: allowed: not together with a [{tables[0]}]"
        if self.circumgalactic_limits is not None:
            yield from studies.limits_suit(self.medium, self.diffusion is not None)
        if self.figure_1 is not None and 0.02 * self.transport.energy_range[1] < self.sky.energies[0]:
            given = text_of(self.transport, "energy_range")
            yield f"transport.energy_range = {given}: allowed: up to 50 times the lowest of sky.energies"
        if self.medium.current == "measured" and not (self.medium.bell and steps):
            allowed = 'where medium.bell = true and transport.method = "auto"'
            yield f'medium.current = "measured": allowed: {allowed}'
        if self.medium.current == "measured" and self.self_consistency is not None:
            yield 'medium.current = "measured": allowed: not together with a [self_consistency]'

    def _waves_have_their_table(self) -> Iterator[str]:
        waves, said = self.medium.waves, shown(self.medium.waves)
        for table, word in TABLE_OF_WAVES.items():
            if (waves == word) != (getattr(self, table) is not None):
                yield f"medium.waves = {said}: allowed: {_goes_with(word, table, waves == word)}"
        if waves in ("self-consistent", *GIVEN_D):
            if self.transport.method == "orbit":
                yield f'transport.method = "orbit": allowed: not where medium.waves = {said}'
            if fault := self.too_small_for_cells():
                yield f"{fault} for {said} waves"
            if self.medium.halo == "exponential" and not self.medium.bell:
                yield f"medium.bell = false: allowed: true for {said} waves in a field that falls off"

    def _wind_has_its_table(self) -> Iterator[str]:
        if (self.medium.outflow == "wind") != (self.wind is not None):
            said, asked_for = shown(self.medium.outflow), self.wind is None
            yield f"medium.outflow = {said}: allowed: {_goes_with('wind', 'wind', asked_for)}"
        elif self.wind is not None:
            yield from wind_suits(self.wind, self.medium, self.source, self.study)

    def _nuclei_suit(self) -> Iterator[str]:
        boxes = self.nested_leaky_box is not None
        if boxes and self.composition is None:
            yield "[nested_leaky_box]: allowed: with a [composition]"
        elif boxes and self.source.grammage > 0.0:
            given = text_of(self.source, "grammage")
            yield f'source.grammage = {given}: allowed: "0 g/cm2" with a [nested_leaky_box]'
        if self.composition is None:
            if self.source.grammage > 0.0:
                given = text_of(self.source, "grammage")
                yield f'source.grammage = {given}: allowed: "0 g/cm2" without a [composition]'
        elif not boxes and (
            self.medium.waves not in GIVEN_D or self.study not in (None, "circumgalactic_limits")
        ):
            allowed = f"where medium.waves is {' or '.join(GIVEN_D)}, and not together with a study"
            allowed += " other than [circumgalactic_limits] or [nested_leaky_box]"
            yield f"[composition]: allowed: {allowed}"
        elif self.observer is not None:
            yield "[composition]: allowed: not together with an [observer]"
        elif self.medium.helium_factor == 1.0:
            yield "medium.helium_factor = 1: allowed: with a [composition] one that counts helium, as 1.33"
        elif self.transport.energy_range[0] > NUCLEI_FROM_GEV:
            given = text_of(self.transport, "energy_range")
            yield f"transport.energy_range = {given}: allowed: from 10 TeV or less with a [composition]"

    def _method_suits_field(self) -> Iterator[str]:
        if fault := fault_of_method(self.transport.method, self.medium.has_lines):
            yield fault

    def _orbits_have_turbulence(self) -> Iterator[str]:
        if self.turbulence is not None:
            if self.transport.method != "orbit":
                yield (
                    f'transport.method = {shown(self.transport.method)}: allowed: "orbit" in a [turbulence]'
                )
        elif self.transport.method != "orbit":
            return
        elif not self.medium.has_lines and (self.medium.halo != "constant" or self.medium.bell):
            yield (
                'transport.method = "orbit": allowed: with a [turbulence], where medium.field is not '
                '"isotropic", or where medium.halo = "constant" and medium.bell = false'
            )
        elif self.medium.has_lines and self.medium.bell and not self.medium.two_way:
            yield 'medium.two_way = false: allowed: true with transport.method = "orbit"'

    def _fits_inside_r_max(self) -> Iterator[str]:
        r_max = self.transport.r_max
        if r_max <= 10.0:
            edge = text_of(self.transport, "r_max")
            yield f"transport.r_max = {edge}: allowed: more than 10 kpc, so that the Sun is inside"
        if self.observer is not None and self.observer.distance <= r_max:
            given = text_of(self.observer, "distance")
            yield f"observer.distance = {given}: allowed: more than transport.r_max"
        inside = [("source.R_d", self.source.R_d, text_of(self.source, "R_d"))]
        if self.medium.halo == "constant":
            inside.append(("medium.H", self.medium.H, text_of(self.medium, "H")))
        for key, length, text in inside:
            if length >= r_max:
                edge = text_of(self.transport, "r_max")
                yield f"{key} = {text}: allowed: less than transport.r_max = {edge}"

    def _bubble_has_gas_of_its_own(self) -> Iterator[str]:
        alone = self.expanding_bubble
        if alone is None and (self.coupling is None or "bubble" not in self.coupling.outflow):
            return
        if self.medium.cgm_beta > 0.0:
            given = f"medium.cgm_beta = {self.medium.cgm_beta:g}"
            yield f"{given}: allowed: 0 with a bubble, whose gas is uniform or what [expanding_bubble] says"
        if self.medium.current == "measured":
            yield 'medium.current = "measured": allowed: "prescribed" with a bubble'
        if alone is not None and alone.gas == "hot" and self.medium.saturation == "pressure":
            yield 'medium.saturation = "pressure": allowed: another one in hot gas, whose density falls'

    def _energies_overlap(self) -> Iterator[str]:
        low, high = self.transport.energy_range
        if not (low < self.source.E_max and self.source.E_min < high):
            given, source = text_of(self.transport, "energy_range"), self.source
            ends = f"source.E_min = {text_of(source, 'E_min')} to source.E_max = {text_of(source, 'E_max')}"
            yield f"transport.energy_range = {given}: allowed: one that overlaps {ends}"

    def too_small_for_cells(self) -> str:
        """What keeps the transport equation from being solved in cells; empty if nothing does."""
        low, high = self.transport.energy_range
        if high < 10.0 * low:
            given = text_of(self.transport, "energy_range")
            return f"transport.energy_range = {given}: allowed: a factor of 10"
        if self.medium.halo == "constant" and self.medium.H < 0.5:
            return f'medium.H = {text_of(self.medium, "H")}: allowed: "0.5 kpc" or more'
        return ""

    def with_overrides(self, settings: str | Iterable[str]) -> Scenario:
        """The same scenario with some values replaced.

        Parameters
        ----------
        settings
            Each (or one alone) ``"table.key=value"``, as in the file; the quotes of a string may be left out.

        Raises
        ------
        ScenarioError
            Where a key does not exist or a value is not allowed; it names all that is wrong.
        """
        data = self.model_dump(exclude_none=True)
        missing = [table for table in _OPTIONAL if getattr(self, table) is None]
        faults: list[str] = []
        for setting in [settings] if isinstance(settings, str) else settings:
            try:
                _apply(data, setting, missing)
            except ScenarioError as error:
                faults += error.faults
        if not faults:
            return from_mapping(data)
        # What could not be set might have made values go together that now do not.
        raise ScenarioError(*faults, *_faults_in(data, across_keys=False))

    def to_toml(self) -> str:
        """The scenario as a file; reading it gives the same scenario, to the last bit."""
        data = self.model_dump(exclude_none=True)
        lines = [f"title = {as_toml(data.pop('title'))}"]
        for table, values in data.items():
            lines += ["", f"[{table}]", *(f"{key} = {as_toml(value)}" for key, value in values.items())]
        return "\n".join(lines) + "\n"


def names() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(path.stem for path in LIBRARY.glob("*.toml"))


def _where_there_is(table: str) -> str:
    """Where a table is: in scenarios that come along, if any has it."""
    having = [name for name in names() if f"\n[{table}]\n" in read_bounded(LIBRARY / f"{name}.toml")]
    return f"in a scenario with a [{table}]" + (f", as {' or '.join(having[:_MOST_NAMED])}" if having else "")


def _goes_with(word: str, table: str, asked_for: bool) -> str:
    """What is allowed of a value that needs a table, where one of both is missing."""
    return _where_there_is(table) if asked_for else f'"{word}" with a [{table}]'


def load(name: str | Path) -> Scenario:
    """Read a scenario by name (one of `names()`) or by the path of its ``.toml`` file."""
    if not isinstance(name, str | Path):
        raise ScenarioError(f"scenario {shown(name)}: allowed: its name, or the path of a .toml file")
    name = str(name)
    if name in names():
        return load_file(LIBRARY / f"{name}.toml")
    if name.endswith(".toml"):
        return load_file(Path(name).expanduser())
    hint = did_you_mean(name, names())
    known = allowed_names(hint, names())
    end = " or a path, which ends in .toml" if hint else ", or the path of a .toml file"
    raise ScenarioError(f"scenario {shown(name)}: no such scenario{known}{end}")


def load_file(path: str | Path) -> Scenario:
    """Read a scenario file; `ScenarioError` where it is no file, too large or not allowed."""
    try:
        return load_text(read_bounded(Path(path)))
    except ScenarioError as error:
        raise ScenarioError(*error.faults, where=shown(Path(path))) from None


def load_text(text: str) -> Scenario:
    """Read a scenario from TOML text; `ScenarioError` where it is not allowed."""
    return from_mapping(parsed(text))


def from_mapping(data: Mapping[str, Any]) -> Scenario:
    """Scenario from tables of values as they stand in the file; `ScenarioError` where one is not allowed."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(*faults_of(error, Scenario)) from None


def _faults_in(data: Mapping[str, Any], across_keys: bool) -> list[str]:
    """All that is wrong with tables of values."""
    try:
        Scenario.model_validate(data)
    except ValidationError as error:
        return faults_of(error, Scenario, across_keys)
    return []


def from_values(title: str, tables: Mapping[str, Mapping[str, Any]]) -> Scenario:
    """Scenario from tables of values in internal units, as Python has them; checked like those of a file.

    Raises
    ------
    ScenarioError
        Where a value is not allowed.
    """
    return from_mapping({"title": title} | {name: _written(name, table) for name, table in tables.items()})


def _written(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a table as a file would hold them."""
    fields = table_class(Scenario, name).model_fields
    written = {}
    for key, value in values.items():
        kind = next((each for each in fields[key].metadata if isinstance(each, Kind)), None)
        if isinstance(kind, Quantity) and isinstance(value, str) and value != kind.word:
            raise ScenarioError(f"{name}.{key} = {shown(value)}: allowed: a number")
        try:
            written[key] = kind.write(value) if kind else value
        except (TypeError, ValueError):  # no number: refused by name when it is read
            written[key] = value
    return written


def _apply(data: dict[str, Any], setting: str, missing: Iterable[str]) -> None:
    """Put one "table.key=value" into the tables; whether there is such a key is checked with all else, later.

    `missing` are tables that the scenario does not have, and that no setting may add.
    """
    path, equals, value = (part.strip() for part in setting.partition("="))
    parts = path.split(".")
    if not equals or not all(parts) or len(parts) > 2:
        raise ScenarioError(f"--set {shown(setting)}: allowed: table.key=value, as medium.delta_G=200")
    *table, key = parts
    if table and table[0] in missing:
        raise ScenarioError(f"--set {shown(setting)}: allowed: {_where_there_is(table[0])}")
    target = data
    for name in table:
        target = target.setdefault(name, {})
        if not isinstance(target, dict):
            raise ScenarioError(f"--set {shown(setting)}: allowed: table.key=value, and {name} is no table")
    target[key] = _parse_value(value)


def _parse_value(text: str) -> Any:
    """A TOML value, or the text itself where it is none (a string without its quotes)."""
    try:
        values = parsed(f"value = {text}")
    except ScenarioError:
        return text
    return values["value"] if len(values) == 1 else text
