"""Which nuclei sources release, what is refused of it, and where the slope of protons changes."""

import pytest
from cases import each, refusal
from crhalo.maps.light.nuclei import NUCLEI, PRIMARIES
from crhalo.scenarios import load
from crhalo.scenarios.at_the_sun import release_of
from crhalo.scenarios.build import galaxy_of, spectrum_of
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.file.composition import _ADDS_UP, Composition
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.file.scenario import load_text

MILKY_WAY = load("milky-way")


def test_defaults_add_up_and_are_shares_for_each_proton():
    default = Composition()
    assert not list(default.conflicts())
    assert default.per_proton["He"] == pytest.approx(0.16 / 0.82)
    assert 1.0 + sum(default.per_proton.values()) == pytest.approx(1.0 / 0.82, rel=2.0 * _ADDS_UP)


def test_its_nuclei_are_those_that_sources_accelerate():
    assert tuple(Composition().per_proton) == PRIMARIES
    assert set(PRIMARIES) <= {nucleus.name for nucleus in NUCLEI}


def test_a_file_is_read_and_written_with_it():
    text = MILKY_WAY.to_toml()
    assert load_text(text) == MILKY_WAY and "[composition]" in text
    release = release_of(MILKY_WAY, spectrum_of(MILKY_WAY))
    assert (release.slope, release.R_d_kpc) == (2.2502, 15.0)
    assert release.grammage_g_cm2 == pytest.approx(0.4 / 1.384)  # of gas, of which this is hydrogen
    assert release.shares["C12"] == pytest.approx(0.006032 / 0.7961)


def test_without_one_no_nuclei_are_released():
    two_zone = load("two-zone")
    release = release_of(two_zone, spectrum_of(two_zone))
    assert not release.shares and release.grammage_g_cm2 == 0.0


REFUSED = [
    ("composition.helium=0.3", "composition: its shares add up to 1.116: allowed: 1, to a thousandth"),
    ("composition.helium=0.1818", "composition: its shares add up to 0.9981: allowed: 1"),
    ("composition.helium=2", "composition.helium = 2: allowed: a number from 0 to 1"),
    ("composition.iron=-0.1", "composition.iron = -0.1: allowed: a number from 0 to 1"),
    ("composition.slope=0.5", "composition.slope = 0.5: allowed: a number from 1 to 4"),
    ("composition.Helium=0.2", "composition.Helium: no such key: did you mean helium?"),
    ("source.grammage=0.4 kpc", "source.grammage"),
    ("source.grammage=11 g/cm2", "source.grammage"),
    ("source.E_break=20 PeV", "source.E_break"),
    (
        "transport.energy_range=['20 TeV', '9 PeV']",
        "transport.energy_range = ['0.02 PeV', '9 PeV']: allowed: from 10 TeV or less with a [composition]",
    ),
]


def names_it(setting, text, scenario=MILKY_WAY):
    message = refusal(setting, scenario)
    assert text in message and "\n" not in message, message


def test_refusals_name_the_key_the_value_and_what_is_allowed():
    each(REFUSED, names_it)


def test_shares_may_be_off_by_less_than_a_thousandth():
    assert MILKY_WAY.with_overrides(["composition.helium=0.1842"]).composition.helium == 0.1842


def test_what_is_all_helium_has_no_protons_to_compare_with():
    settings = [f"composition.{name}=0" for name in Composition.model_fields if name != "slope"]
    with pytest.raises(ScenarioError, match=r"composition\.hydrogen = 0: allowed: above zero"):
        MILKY_WAY.with_overrides([*settings, "composition.helium=1"])


def text_with(*tables, waves="power-law", diffusion="[diffusion]\n"):
    medium = f'[medium]\nhalo = "constant"\nbell = false\nwaves = "{waves}"\nhelium_factor = 1.33\n'
    return 'title = "x"\n' + medium + diffusion + "".join(f"{table}\n" for table in tables)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            text_with('[source]\ngrammage = "0.4 g/cm2"'),
            "source.grammage = '0.4 g/cm2': allowed: \"0 g/cm2\" without a [composition]",
        ),
        (
            text_with("[composition]", waves="nlld", diffusion=""),
            "[composition]: allowed: where medium.waves is two-zone or power-law",
        ),
        (
            text_with("[composition]", "[radio]"),
            "[composition]: allowed: where medium.waves is two-zone or power-law, and not together with a",
        ),
        (
            text_with("[composition]", "[observer]"),
            "[composition]: allowed: not together with an [observer]",
        ),
    ],
)
def test_where_nuclei_cannot_be_followed(text, said):
    with pytest.raises(ScenarioError) as refused:
        load_text(text)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_with_the_d_of_two_zones_they_can():
    both = text_with("[composition]", '[source]\ngrammage = "0.4 g/cm2"')
    assert load_text(both).composition == Composition()
    assert load_text(text_with("[composition]", waves="two-zone", diffusion="[two_zone]\n")).two_zone


def test_nothing_is_set_in_a_table_that_is_not_there():
    message = refusal("composition.helium=0.2", load("two-zone"))
    assert "allowed: in a scenario with a [composition]" in message


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("composition.oxygen=0.9", "its shares add up to 1.892: allowed: 1, to a thousandth"),
        ("source.E_break=0.5 GeV", "source.E_break"),
    ],
)
def test_the_command_refuses_in_one_line_and_writes_nothing(tmp_path, capsys, setting, said, more):
    out = tmp_path / "run"
    where = more or ["--out", str(out)]
    assert main(["run", "milky-way", "--set", setting, *where]) == 2
    printed = capsys.readouterr()
    assert said in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert list(tmp_path.iterdir()) == []


# -- where the slope of protons changes ------------------------------------------------------

BENT = ["source.slope_beyond=2.4"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["source.E_break=500 MeV"], "source.E_break = '500 MeV'"),
        (["source.E_min=20 GeV", "source.E_break=20 GeV"], "allowed: between source.E_min and source.E_max"),
        (
            ["source.E_max=5 TeV"],
            "source.E_break = '8000 GeV': allowed: between source.E_min and source.E_max",
        ),
        (["source.slope_beyond=5"], 'source.slope_beyond = 5: allowed: "none", or a number from 1 to 4'),
        (["source.slope_beyond=None"], "source.slope_beyond = 'None'"),
    ],
)
def test_a_break_lies_between_the_ends_of_what_is_injected(settings, said):
    with pytest.raises(ScenarioError) as refused:
        MILKY_WAY.with_overrides(settings)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_without_a_slope_beyond_no_break_is_asked_about():
    plain = MILKY_WAY.with_overrides(["source.slope_beyond=none", "source.E_max=5 TeV"])
    assert spectrum_of(plain).slope_beyond is None
    assert spectrum_of(MILKY_WAY).slope_beyond == 2.306 and spectrum_of(MILKY_WAY).E_break_GeV == 8e3


def test_helium_in_the_gas_is_counted_with_nuclei():
    message = refusal("medium.helium_factor=1", load("milky-way"))
    assert (
        message == "medium.helium_factor = 1: allowed: with a [composition] one that counts helium, as 1.33"
    )


def test_all_nuclei_drive_the_bell_region():
    """At the same rigidity a nucleus has Z times the energy of a proton: 0.44 of it is helium's."""
    scenario = load("milky-way-circumgalactic")
    more = galaxy_of(scenario).L_CR_erg_s / scenario.source.L_CR
    assert more == pytest.approx(scenario.composition.energy_over_protons) and 1.6 < more < 1.8
