"""What a scenario file may say, what is refused and how, and that writing it gives it back."""

import pickle
import tomllib

import pytest
from cases import SCENARIO, TRACKS, each, refusal
from crhalo.scenarios import load, names
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.file.scenario import from_mapping, load_file, load_text


def test_shipped_scenarios_survive_writing_and_reading():
    def survives(name):
        scenario = load(name)
        assert load_text(scenario.to_toml()) == scenario

    each(names(), survives)


def test_defaults_are_the_values_of_the_papers():
    assert load_text('title = "defaults"').model_copy(update={"title": SCENARIO.title}) == SCENARIO


def test_values_are_in_internal_units():
    assert SCENARIO.medium.z_B == 2.0
    assert SCENARIO.medium.v_s == pytest.approx(30 / 977.792, rel=1e-5)  # 1 kpc/Myr = 977.792 km/s
    assert SCENARIO.source.L_CR == 1e41
    assert SCENARIO.transport.t_max == 1e4
    assert SCENARIO.sky.energies == pytest.approx((1, 1e7, 29, 3e4))


def test_free_escape_has_no_bell_region():
    medium = load("free-escape").medium
    assert (medium.halo, medium.H, medium.bell) == ("constant", 4.0, False)


REFUSED = [
    ("medium.zB=3 kpc", "medium.zB: no such key: did you mean z_B?"),
    ("medum.z_B=3 kpc", "medum: no such table: did you mean medium?"),
    ("transport.threads=2", "transport.threads: no such key; allowed: method, acceleration"),
    ("medium=3", "medium = 3: allowed: a table"),
    (
        "medium.waves=nldl",
        "medium.waves = 'nldl': did you mean nlld?; allowed: 'nlld', 'nlld-local', 'self-consistent',",
    ),
    ("medium.bell=1", "medium.bell = 1: allowed: true or false"),
    ("medium.halo=constant", "medium.bell = true: allowed: false where"),
    ("source.R_d=100 kpc", "source.R_d = '100 kpc': allowed: less than transport.r_max = '100 kpc'"),
    ("source.E_min=1 PeV", "source.E_min = '1 PeV': allowed: less than source.E_max = '1 PeV'"),
    ('transport.energy_range=["2 PeV", "9 PeV"]', "allowed: one that overlaps source.E_min = '1 GeV'"),
    ("sky.nside=48", "sky.nside = 48: allowed: one of 1, 2, 4"),
    ("title=", "title = '': allowed: one line"),
    ("title=a\nb", "title = 'a\\nb': allowed: one line"),
    ("medium.z_B", "allowed: table.key=value"),
    ("a.b.c=1", "allowed: table.key=value"),
    ("title.x=1", "title is no table"),
    ("medium.z_B=" + "9" * 5000, "medium.z_B = '999"),
    ("sky.nside=0x" + "f" * 9000, "sky.nside = a very long number"),
]


def names_it(setting, text, scenario=None):
    message = refusal(setting, scenario)
    assert text in message, message


def test_refusals_name_the_key_the_value_and_what_is_allowed():
    each(REFUSED, names_it)


def test_constant_halo_must_end_inside_r_max():
    message = refusal("medium.H=200 kpc", load("free-escape"))
    assert message == "medium.H = '200 kpc': allowed: less than transport.r_max = '100 kpc'"


def test_halo_height_of_another_halo_is_not_checked():
    assert SCENARIO.with_overrides(["medium.H=200 kpc"]).medium.H == 200


MISSPELT = [
    ("medium.Delta_g=3", "medium.Delta_g: no such key: did you mean delta_G? keys are case-sensitive"),
    ("Medium.delta_G=3", "Medium: no such table: did you mean medium? keys are case-sensitive"),
    ("medium.delta=3", "medium.delta: no such key: did you mean delta_G?"),
    (
        "sky.Nside=3",
        "sky.Nside: no such key: did you mean nside? keys are case-sensitive; allowed: nside,",
    ),
    (
        "medium.z_B=5 KPC",
        "'5 KPC': unknown unit KPC: did you mean kpc? units are case-sensitive; allowed: ",
    ),
    ("source.L_CR=1e41 ergs/s", "unknown unit ergs: did you mean erg?; allowed: "),
    ("medium.v_s=30 km/sek", "unknown unit sek"),
    ("source.E_max=2Pev", "unknown unit Pev: did you mean PeV? units are case-sensitive"),
    (
        "transport.energy_range=['1 Gev', '1 PeV']",
        "did you mean GeV? units are case-sensitive; allowed: [",
    ),
    ("medium.halo=exponental", "did you mean exponential?; allowed: 'exponential' or 'constant'"),
    ("medium.halo=Constant", "did you mean constant? names are case-sensitive"),
    ("transport.acceleration=Auto", 'did you mean auto? names are case-sensitive; allowed: "auto", or'),
    ("transport.precision_of=['cgm_neutrinos_10Tev']", "did you mean cgm_neutrinos_10TeV?"),
    ("turbulence.spectrum=kolmogorow", "did you mean kolmogorov?"),
]


def test_what_is_misspelt_names_what_is_nearest():
    each(MISSPELT, names_it)


def test_all_faults_of_a_file_are_one_line():
    with pytest.raises(ScenarioError) as caught:
        load_text('title = "x"\n[medium]\nB0 = 3\nzB = "3 kpc"\n[source]\nE_max = "1 pev"\n')
    first, second, third = caught.value.faults
    assert first.startswith("medium.B0 = 3: ") and second.startswith(
        "medium.zB: no such key: did you mean z_B?"
    )
    assert third.startswith("source.E_max = '1 pev': unknown unit pev: did you mean PeV?")
    assert str(caught.value) == f"{first}; {second}; {third}"


def test_all_values_that_do_not_go_together_are_named():
    with pytest.raises(ScenarioError) as caught:
        load_text('title = "x"\n[transport]\nr_max = "9 kpc"\n[medium]\nwaves = "two-zone"\n')
    keys = [fault.split(" = ")[0] for fault in caught.value.faults]
    assert keys == ["medium.waves", "transport.r_max", "source.R_d"]


@pytest.mark.parametrize(
    ("settings", "starts"),
    [
        (["medium.zB=1", "sky.nside=3"], ["medium.zB: no such key", "sky.nside = 3"]),
        (["nonsense", "medium.B0=1"], ["--set 'nonsense'", "medium.B0 = 1"]),
        (["radio.delta_G=[1]", "a.b.c=1"], ["--set 'radio.delta_G=[1]'", "--set 'a.b.c=1'"]),
        # What could not be read may have made the halo and the Bell region go together.
        (["medium.halo=constant", "medium.bell"], ["--set 'medium.bell'"]),
    ],
)
def test_all_faults_of_settings_are_named(settings, starts):
    with pytest.raises(ScenarioError) as caught:
        SCENARIO.with_overrides(settings)
    assert len(caught.value.faults) == len(starts)
    assert all(fault.startswith(start) for fault, start in zip(caught.value.faults, starts, strict=True))


def test_a_file_is_named_once_before_its_faults(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[medium]\nzB = 1\n")
    with pytest.raises(ScenarioError) as caught:
        load(str(path))
    assert str(caught.value) == f"'{path}': " + "; ".join(caught.value.faults)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["title", "medium.zB"]


def test_hundreds_of_faults_are_still_one_line():
    with pytest.raises(ScenarioError) as caught:
        from_mapping({"title": "x", "medium": {f"key{number}": 1 for number in range(300)}})
    assert len(caught.value.faults) == 300 and str(caught.value).endswith("(and 290 more)")
    assert len(str(caught.value)) < 700 and str(caught.value).count("allowed: ") == 1


def test_faults_survive_a_process_boundary():
    error = pickle.loads(pickle.dumps(ScenarioError("a: missing", "b: missing", where="file")))
    assert error.faults == ["a: missing", "b: missing"] and str(error) == "file: a: missing; b: missing"


def test_title_is_required():
    with pytest.raises(ScenarioError, match=r"^title: missing$"):
        load_text("")


def test_scenario_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        SCENARIO.medium.z_B = 3.0


def test_unknown_scenario_lists_those_that_exist():
    with pytest.raises(ScenarioError) as caught:
        load("nowhere")
    listed = ", ".join(names())
    assert (
        str(caught.value)
        == f"scenario 'nowhere': no such scenario; allowed: {listed}, or the path of a .toml file"
    )


def test_misspelt_scenario_names_the_nearest():
    def nearest(name, near):
        with pytest.raises(ScenarioError, match=f"no such scenario: did you mean {near}\\?"):
            load(name)

    each([("figure-2", "figure-1"), ("M31", "m31"), ("two_zone", "two-zone")], nearest)


def test_name_is_no_way_to_other_files():
    def refused(name):
        with pytest.raises(ScenarioError):
            load(name)

    each(["../circumgalactic", "", "/etc/passwd", "circumgalactic\0"], refused)


def test_file_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(SCENARIO.to_toml())
    assert load(str(path)) == SCENARIO


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"#" * 64_001, "64000 bytes"),
        (b"title = ", "not TOML"),
        (b"a = 1\na = 2", "not TOML"),
    ],
)
def test_file_that_is_no_scenario_is_refused(tmp_path, content, reason):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=reason) as caught:
        load_file(path)
    assert "bad.toml" in str(caught.value)


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_no_file_is_refused(tmp_path, name):
    with pytest.raises(ScenarioError, match="no such file"):
        load_file(tmp_path / name)


def test_written_file_is_plain_toml():
    data = tomllib.loads(SCENARIO.to_toml())
    assert data["medium"]["v_s"] == "30 km/s" and data["transport"]["t_max"] == "10 Gyr"
    assert data["source"]["E_max"] == "1 PeV" and data["sky"]["energies"][:2] == ["1 GeV", "10 PeV"]


IMPOSSIBLE = [
    ("wavelengths=['20 pc', '0.02 pc']", "turbulence.wavelengths"),
    ("wavelengths=['1 pc', '1 pc']", "turbulence.wavelengths"),
    ("modes=0", "turbulence.modes"),
    ("rms_field=0 uG", "turbulence.rms_field"),
    ("rms_field=auto", "turbulence.rms_field"),
    ("spectrum=self-generated", "turbulence.mean_field"),
    ("energies=['1 TeV', '1 GeV', 3]", "turbulence.energies"),
    ("H=0 pc", "turbulence.H"),
]


def test_impossible_turbulence_is_refused():
    def refused(setting, key):
        message = refusal(f"turbulence.{setting}")
        assert message.startswith(key), message

    each(IMPOSSIBLE, refused)


def test_turbulence_goes_with_orbits():
    assert "orbit" in refusal("transport.method=hybrid", TRACKS)
    assert "[turbulence]" in refusal("transport.method=orbit")
    free = load("free-escape").with_overrides(["transport.method=orbit"])
    assert free.transport.method == "orbit" and free.turbulence is None


def test_helium_of_all_gas_or_of_each():
    one = load("circumgalactic").with_overrides(["medium.helium_factor=1.4"])
    each = load("circumgalactic").with_overrides(["medium.helium_factor=[1.33, 1.33, 0.96]"])
    assert one.medium.helium_factor == 1.4 and each.medium.helium_factor == (1.33, 1.33, 0.96)
    assert load_text(each.to_toml()) == each and "helium_factor = [1.33, 1.33, 0.96]" in each.to_toml()
    allowed = r"medium\.helium_factor = .*allowed: a number from 0\.5 to 3, or a list of 3"
    with pytest.raises(ScenarioError, match=allowed):
        load("circumgalactic").with_overrides(["medium.helium_factor=[1.33, 0.96]"])


def test_what_gamma_rays_are_lost_on():
    assert not SCENARIO.sky.starlight and 'absorption = "cmb"' in SCENARIO.to_toml()
    assert SCENARIO.with_overrides(["sky.absorption=cmb+starlight"]).sky.starlight
    assert "sky.absorption" in refusal("sky.absorption=starlight")
