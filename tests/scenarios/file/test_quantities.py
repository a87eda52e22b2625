"""Values of a scenario file, one by one: any good one survives writing, any bad one is refused by its key."""

import gc
import math
import time
from itertools import product

import pytest
from cases import SCENARIO, TRACKS, each, refusal
from crhalo.scenarios.file.quantities import Number, Quantity, ScenarioError, Span
from crhalo.scenarios.file.scenario import Medium, Sky, Source, Transport, Turbulence, from_mapping, load_text
from hypothesis import given, settings
from hypothesis import strategies as st

TABLES = {"medium": Medium, "source": Source, "transport": Transport, "sky": Sky, "turbulence": Turbulence}
FIELDS = {
    f"{table}.{key}": field for table, model in TABLES.items() for key, field in model.model_fields.items()
}


def keys_of(kind):
    return [key for key, field in FIELDS.items() if any(isinstance(part, kind) for part in field.metadata)]


@given(st.floats(0.01, 100), st.sampled_from(["kpc", "Mpc", "pc", "km", "lyr"]))
@settings(max_examples=60, deadline=None)
def test_any_length_survives_writing_and_reading(number, unit):
    factor = {"kpc": 1, "Mpc": 1e-3, "pc": 1e3, "km": 3.0856775814913674e16, "lyr": 3261.563777}[unit]
    scenario = SCENARIO.with_overrides([f"medium.z_B={min(max(number, 0.011), 99) * factor!r} {unit}"])
    assert load_text(scenario.to_toml()) == scenario


# No field at all is no mistake, nor are lines that do not wander, nor sources without gas.
FIELDS_OR_NONE = ("turbulence.mean_field", "medium.B_cgm", "medium.wander", "source.grammage")


def test_bad_quantities_are_refused():
    def refused(key, value):
        quantity = next(part for part in FIELDS[key].metadata if isinstance(part, Quantity))
        message = refusal(f"{key}={value.format(quantity.unit)}")
        assert message.startswith(f"{key} = "), message
        assert f'"{quantity.low}" to "{quantity.high}"' in message, message

    keys = [key for key in keys_of(Quantity) if key not in FIELDS_OR_NONE]
    each(
        product(keys, ["-1 {}", "0 {}", "nan {}", "inf {}", "1e99 {}", "1e-99 {}", "1 cd", "{}", "1"]),
        refused,
    )


def test_bad_numbers_are_refused():
    def refused(key, value):
        message = refusal(f"{key}={value}")
        assert message.startswith(f"{key} = ") and "number from" in message, message

    values = ["-1", "1e99", "-inf", "nan", "inf", "1 kpc", '"1"', "1979-05-27"]
    each(product(keys_of(Number), values), refused)


def is_refused(key, value):
    message = refusal(f"{key}={value}")
    assert message.startswith(f"{key} = "), message


BAD_RANGES = (
    "3", '["1 GeV"]', '["2 GeV", "1 GeV", 9]', '["1 GeV", "nan GeV", 9]', '["1 GeV", "9 s", 9]', "[1, 2, 9]",
    '["1 GeV", "1 PeV", true]', '["1 GeV", "1 PeV", 1]', '["1 GeV", "1 PeV", 9, 9]', '["1 GeV", "11 PeV"]',
)  # fmt: skip


def test_bad_ranges_are_refused():
    each(product(keys_of(Span), BAD_RANGES), is_refused)


def test_wrong_kinds_are_refused():
    each(product(FIELDS, ["[]", "[1, 2]", "{x = 1}", '""']), is_refused)


def test_bool_is_no_number():
    def refused(key):
        message = refusal(f"{key}=true")
        assert message.startswith(f"{key} = true: allowed: "), message

    each([key for key, field in FIELDS.items() if field.annotation is not bool], refused)


HOSTILE = {
    "dotted key": ".".join("a" * 30_000) + " = 1",
    "spaced dotted key": " . ".join("a" * 17) + " = 1",
    "quoted dotted key": ".".join(['"a"'] * 17) + " = 1",
    "dotted table": f"[{'.'.join('a' * 17)}]",
    "deep list": "a = " + "[" * 30_000,
    "deep closed list": "a = " + "[" * 9 + "]" * 9,
    "deep table": "a = " + "{a=" * 9,
    "behind a string": 'x = """\\"""" \n y = ' + "[" * 9,
    "open string": "title = " + '"' * 30_001 + "[" * 9,
    "escaped quotes": 'title = """' + '\\"""' * 12_000,
    "open literal": "title = " + "'''" + "x" * 60_000,
    "many keys": "".join(f"k{i} = 1\n" for i in range(6_000)),
    "16-part keys": "".join(f"k{i}.{'.'.join('a' * 15)} = 1\n" for i in range(1_500)),
    "unit": 'title = "x"\n[medium]\nz_B = "1 kpc' + "**9" * 9 + '"',
    "too large": "#" * 70_000,
}


@pytest.fixture
def nothing_else_runs():
    """Neither the garbage of all tests before is looked through meanwhile, nor are other threads counted."""
    gc.collect()
    gc.disable()
    yield time.thread_time
    gc.enable()


def test_hostile_text_is_refused_at_once(nothing_else_runs):
    def refused(name):
        text, start = HOSTILE[name], nothing_else_runs()
        with pytest.raises(ScenarioError) as caught:
            load_text(text)
        assert nothing_else_runs() - start < 1.0
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 700

    each(HOSTILE, refused)


def test_depth_and_dots_inside_strings_and_comments_are_free():
    brackets, dots = "[" * 20, "a." * 30
    assert load_text(f'title = "{brackets} {dots}" # {brackets} {dots}a\n').title == f"{brackets} {dots}"


scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.builds(
        "{} {}".format,
        st.floats(),
        st.sampled_from(["kpc", "GeV", "PeV", "uG", "Gyr", "km/s", "erg/s", "cm-3"]),
    ),
)


@given(st.sampled_from(list(FIELDS)), st.one_of(scalars, st.lists(scalars, max_size=4)))
@settings(max_examples=300, deadline=None)
def test_any_value_gives_a_scenario_or_one_line(key, value):
    """Whatever stands in a file: finite numbers that survive writing, or a line that names the key."""
    table, name = key.split(".")
    data = (TRACKS if table == "turbulence" else SCENARIO).model_dump(exclude_none=True)
    data[table][name] = value
    try:
        scenario = from_mapping(data)
    except ScenarioError as error:
        assert name in str(error) and "allowed: " in str(error) and "\n" not in str(error)
    else:
        assert load_text(scenario.to_toml()) == scenario
        numbers = (v for model in (scenario.medium, scenario.source, scenario.transport) for _, v in model)
        assert all(math.isfinite(v) for v in numbers if isinstance(v, float))


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_a_scenario_or_one_line(text):
    try:
        load_text(text)
    except ScenarioError as error:
        assert "\n" not in str(error)


@given(st.integers(0, len(SCENARIO.to_toml()) - 1), st.characters(codec="utf-8"))
@settings(max_examples=200, deadline=None)
def test_one_wrong_letter_gives_a_scenario_or_one_line(position, letter):
    text = SCENARIO.to_toml()
    try:
        load_text(text[:position] + letter + text[position + 1 :])
    except ScenarioError as error:
        assert "\n" not in str(error)
