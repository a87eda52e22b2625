"""What Python users call: the snippet of the README, galaxies of their own, runs that are read again."""

import json
import subprocess
import sys

import crhalo.scenarios
import h5py
import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.units import C_KPC_MYR
from crhalo.scenarios import Galaxy, Run, Spectrum, Transport, load, simulate
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.folder.write import finite

SNIPPET = """
from crhalo.scenarios import load, simulate, Galaxy, Spectrum, Transport
scenario = load("circumgalactic").with_overrides(["medium.delta_G=10"])
run = scenario.run(particles=2000, seed=1)
run.summary["escape_time_Myr"]                     # Estimate: value, error, energy_GeV
sky = run.sky("neutrino", energy_GeV=[1e4, 1e5])   # HEALPix RING, Galactic
run.write("run/")                                  # what `crhalo run` writes
run.reweight(slope=2.2).sky("gamma", [10.0])
run.compare_with_transport_equation().rows
mine = Galaxy(field_uG=lambda R_kpc, z_kpc: 3.0 / (1.0 + (z_kpc / 2.0) ** 2), delta_G=10.0)
run = simulate(mine, Spectrum(slope=2.3), Transport(particles=2000, seed=1))
run.sky("gamma", [10.0])
"""
SETTINGS = [
    "medium.delta_G=10", "transport.energy_range=['1 TeV', '1 PeV']", "transport.r_max=40 kpc", "sky.nside=2",
    "sky.energies=['1 GeV', '10 PeV', 4]",
]  # fmt: skip
COARSE = """
from crhalo.maps.light import sky_model
from crhalo.scenarios.products import skies
sky_model._ERROR_NSIDE, skies._LMAX = 2, 4
skies._SHOWN_GEV = {"neutrino": (1e4,), "gamma": ()}
"""
SMALLER = {
    "particles=2000": "particles=150",
    '["medium.delta_G=10"]': repr(SETTINGS),
    "delta_G=10.0)": "delta_G=10.0, r_max_kpc=25.0)",
    "seed=1))": "seed=1), nside=2, energy_range_GeV=(1e3, 1e6))",
}
SMALL = [
    "medium.delta_G=1e4", "transport.energy_range=['10 TeV', '1 PeV']", "sky.nside=2",
    "sky.energies=['1 TeV', '100 TeV', 3]",
]  # fmt: skip
SPECTRUM, FEW = Spectrum(slope=2.3), Transport(particles=120, seed=1)
LITTLE = {"nside": 2, "energy_range_GeV": (1e4, 1e6)}


def field_uG(R_kpc, z_kpc):
    """A Lorentzian with height, and an edge in the plane."""
    return 3.0 / (1.0 + (z_kpc / 2.0) ** 2) * np.exp(-np.maximum(R_kpc - 10.0, 0.0) / 2.0)


MINE = Galaxy(field_uG=field_uG, delta_G=1e4)


def refusal(call, *arguments, **options):
    """The one line with which something is refused."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 250
    return line


def same_bits(one, other):
    """Whether two runs have the same sky and the same summary, to the last bit."""
    skies = [[sky.total for sky in run.skies.values()] for run in (one, other)]
    summaries = [json.dumps(finite(dict(run.summary)), sort_keys=True) for run in (one, other)]
    return np.array_equal(*skies, equal_nan=True) and summaries[0] == summaries[1]


@pytest.fixture(scope="module")
def run(coarse_errors):
    return load("circumgalactic").with_overrides(SMALL).run(particles=120, seed=3)


@pytest.fixture(scope="module")
def folder(run, undrawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    with undrawn():
        run.write(out)
    return out


@pytest.fixture(scope="module")
def own(coarse_errors):
    """A run through a galaxy that was made in Python."""
    return simulate(MINE, SPECTRUM, FEW, **LITTLE)


@pytest.fixture(scope="module")
def own_folder(own, undrawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "own"
    with undrawn():
        own.write(out)
    return out


# -- as it is shown ------------------------------------------------------------------------


def test_the_snippet_runs_without_a_warning(tmp_path):
    script = COARSE + SNIPPET
    for large, small in SMALLER.items():
        assert large in script
        script = script.replace(large, small)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert {"scenario.toml", "result.h5", "summary.json"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }


def test_public_names_are_there_and_no_others():
    assert all(getattr(crhalo.scenarios, name) for name in crhalo.scenarios.__all__)
    with pytest.raises(AttributeError, match="no attribute 'verdict'"):
        crhalo.scenarios.verdict  # noqa: B018


def test_arguments_replace_values_of_the_file(run):
    assert (run.scenario.transport.particles, run.scenario.transport.seed) == (120, 3)
    assert run.result.particles == 120


def test_a_sky_has_the_energies_and_the_resolution_that_are_asked_for(run):
    sky = run.sky("neutrino", energy_GeV=[1e4, 1e5], nside=4)
    assert sky.total.shape == (2, 192) and np.all(sky.total > 0)
    assert run.sky("gamma").total.shape == (3, 48)


def test_another_spectrum_is_another_sky_of_the_same_particles(run):
    steeper = run.reweight(slope=2.4)
    assert steeper.result.counters == run.result.counters and not steeper.products
    ratio = steeper.sky("neutrino").mean["total"].value / run.sky("neutrino").mean["total"].value
    assert np.all(np.diff(ratio) < 0)


def test_the_transport_equation_is_compared_where_there_are_cells_for_it(run):
    assert run.compare_with_transport_equation().rows
    narrow = load("free-escape").with_overrides(
        ["transport.energy_range=['1 TeV', '2 TeV']", "transport.particles=8"]
    )
    assert "a factor of 10" in refusal(narrow.run().compare_with_transport_equation)


def test_only_turbulence_is_tested_for_diffusion():
    assert refusal(load("circumgalactic").diffusion_tests).startswith("turbulence: missing; allowed: ")
    assert "Scenario.diffusion_tests()" in refusal(load("diffusion-check").run)
    tests = load("diffusion-check").diffusion_tests(particles=256, seed=2, threads=1)
    assert len(tests) == 9 and all((test.particles, test.seed) == (256, 2) for test in tests)


# -- runs that are read again --------------------------------------------------------------


def test_a_run_that_is_opened_is_the_same_to_the_last_bit(run, folder):
    assert same_bits(Run.open(folder), run)


def test_a_folder_is_written_once(run, folder):
    assert "holds another run" in refusal(run.write, folder)


def test_what_is_no_run_is_not_opened(tmp_path):
    assert "no run here" in refusal(Run.open, tmp_path)


def test_a_galaxy_of_ones_own_is_opened_with_it_alone(own, own_folder):
    assert same_bits(Run.open(own_folder, galaxy=MINE), own)
    assert "medium.functions = ['field_uG']" in refusal(Run.open, own_folder)
    for other in (Galaxy(delta_G=1e4), Galaxy(field_uG=lambda R, z: 2.0 * field_uG(R, z), delta_G=1e4)):
        assert "another medium" in refusal(Run.open, own_folder, galaxy=other)


def test_its_file_names_the_functions_and_is_no_scenario_to_run(own, own_folder, tmp_path, capsys):
    text = (own_folder / "scenario.toml").read_text()
    assert 'functions = ["field_uG"]' in text and text == own.scenario.to_toml()
    with h5py.File(own_folder / "result.h5") as file:
        assert "A Lorentzian with height" in json.loads(file.attrs["provenance"])["functions"]["field_uG"]
    for command in (
        ["run", str(own_folder / "scenario.toml"), "--out", str(tmp_path / "again")],
        ["run", str(own_folder / "scenario.toml"), "--dry-run"],
        ["replay", str(own_folder), "7"],
    ):
        assert main(command) == 2
        line = capsys.readouterr().err
        assert line.count("\n") == 1 and "medium.functions" in line and "allowed: from Python" in line
    assert not (tmp_path / "again").exists()


# -- galaxies of one's own -----------------------------------------------------------------


def test_a_galaxy_without_functions_is_the_scenario_of_its_values(run):
    """The same particles in the same medium, whichever way they are asked for."""
    same = simulate(Galaxy(delta_G=1e4), transport=Transport(particles=120, seed=3), **LITTLE)
    v_s = same.scenario.medium.v_s
    assert v_s == pytest.approx(run.scenario.medium.v_s, rel=1e-5)
    assert same.scenario.medium == run.scenario.medium.model_copy(update={"v_s": v_s})
    assert same.scenario.source == run.scenario.source
    assert same.scenario.transport == run.scenario.transport
    assert all(
        np.array_equal(values, run.result.tallies[name]) for name, values in same.result.tallies.items()
    )


def test_a_galaxy_has_the_spectrum_it_is_given(own):
    assert own.galaxy.slope == own.result.spectrum.slope == own.scenario.source.slope == 2.3
    assert own.summary["escape_time_Myr"].value.shape == own.summary["escape_time_Myr"].energy_GeV.shape
    assert np.all(own.sky("gamma", [1e3]).total > 0)


@pytest.mark.parametrize(
    ("galaxy", "spectrum", "transport", "says"),
    [
        (
            {"slope": 2.4},
            {"slope": 2.3},
            {},
            "Galaxy.slope = 2.4: allowed: left out, or 2.3 as Spectrum.slope",
        ),
        ({"L_CR_erg_s": 3e40}, {}, {}, "Galaxy.L_CR_erg_s = 3e+40: allowed: left out, or 1e+41"),
        (
            {"E_max_GeV": 1e5},
            {"E_max_GeV": 1e7},
            {},
            "Galaxy.E_max_GeV = 100000: allowed: left out, or 1e+07",
        ),
        ({"E_min_GeV": 5.0}, {"E_min_GeV": 2.0}, {}, "Galaxy.E_min_GeV = 5: allowed: left out, or 2"),
        ({"R_d_kpc": 12.0}, {}, {"R_d_kpc": 8.0}, "Transport.R_d_kpc = 8: allowed: left out, or 12"),
        (
            {},
            {},
            {"method": "orbit"},
            'Transport.method = "orbit": allowed: where Galaxy.field is not "isotropic"',
        ),
        ({}, {}, {"method": "warp"}, "Transport.method = 'warp': allowed: "),
        ({}, {}, {"particles": 0}, "Transport.particles = 0: allowed: "),
        ({}, {"slope": float("nan")}, {}, "Spectrum.slope = nan: allowed: "),
        ({"delta_G": -1.0}, {}, {}, "Galaxy.delta_G = -1.0: allowed: "),
        ({"z_B_kpc": "2 uG"}, {}, {}, "Galaxy.z_B_kpc = '2 uG': allowed: 0.01 kpc to 100 kpc"),
        ({"halo": "constant"}, {}, {}, "medium.bell = true: allowed: false where"),
        ({"B0_uG": 0.01}, {}, {}, "medium.B0: the halo field is below the saturated field"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(galaxy, spectrum, transport, says):
    def made_and_followed():
        return simulate(Galaxy(**galaxy), Spectrum(**spectrum), Transport(**{"particles": 8} | transport))

    assert says in refusal(made_and_followed)


def test_a_spectrum_and_a_galaxy_may_say_the_same_twice():
    twice = simulate(
        Galaxy(slope=2.3, delta_G=1e4, R_d_kpc=8.0), SPECTRUM, Transport(8, R_d_kpc=8.0), **LITTLE
    )
    assert twice.galaxy.slope == 2.3 and twice.scenario.source.R_d == 8.0


@pytest.mark.parametrize("name", ["field_uG", "diffusion", "disc_gas_cm3", "halo_gas_cm3"])
@pytest.mark.parametrize("wrong", ["NaN", "negative", "shape", "text", "nothing"])
def test_a_function_that_fails_is_refused_by_its_name(name, wrong):
    def function(*places):
        fine = sum(0.0 * np.asarray(place, float) for place in places) + 1.0
        # In a part of the halo only.
        bad = (np.asarray(places[-1], float) > 3.0) + 0.0 * fine > 0
        return {
            "NaN": np.where(bad, np.nan, fine),
            "negative": np.where(bad, -fine, fine),
            "shape": np.ones(7),
            "text": "much",
            "nothing": None,
        }[wrong]

    galaxy = Galaxy(
        **{name: function}, **({"halo": "constant", "bell": False} if name == "diffusion" else {})
    )
    line = refusal(simulate, galaxy, SPECTRUM, FEW, **LITTLE)
    assert line.startswith(name)
    if wrong in ("NaN", "negative"):
        assert "z = " in line and {"NaN": "nan", "negative": "-1"}[wrong] in line


SLAB = {"halo": "constant", "bell": False}


def wind(R_kpc, z_kpc):
    """Straight lines from 5 kpc below the centre, somewhat wound up."""
    r = np.hypot(R_kpc, z_kpc + 5.0)
    return 75.0 * R_kpc / r**3, 20.0 * R_kpc / r**3, 75.0 * (z_kpc + 5.0) / r**3


@pytest.fixture(scope="module")
def along(coarse_errors):
    """A run along field lines of one's own, most of them out of a thin slab within its short time."""
    few = Transport(particles=60, seed=1, t_max_Myr=10.0)
    return simulate(Galaxy(field=wind, epsilon=0.01, **SLAB), SPECTRUM, few, **LITTLE)


def test_field_lines_of_ones_own_are_followed_and_opened_again(along, undrawn, tmp_path):
    assert along.scenario.medium.functions == ("field",) and along.scenario.medium.epsilon == 0.01
    assert along.result.counters["absorbed"] > 10 and np.all(along.sky("gamma", [1e3]).total > 0)
    with undrawn():
        along.write(tmp_path / "along")
    assert same_bits(Run.open(tmp_path / "along", galaxy=along.galaxy), along)
    with h5py.File(tmp_path / "along" / "result.h5") as file:
        assert "somewhat wound up" in json.loads(file.attrs["provenance"])["functions"]["field"]
    for other in (Galaxy(field=wind, **SLAB), Galaxy(epsilon=0.0, **SLAB)):
        assert "another medium" in refusal(Run.open, tmp_path / "along", galaxy=other)


def spoilt(R_kpc, z_kpc, where, value):
    B_R, B_phi, B_z = wind(R_kpc, z_kpc)
    return B_R, B_phi, np.where(where, value, B_z)


@pytest.mark.parametrize(
    ("field", "says"),
    [
        (lambda R, z: None, "Galaxy.field: returns NoneType; expected (B_R, B_phi, B_z)"),
        (lambda R, z: R + z, "Galaxy.field: returns ndarray"),
        (lambda R, z: (R, z), "Galaxy.field: returns tuple"),
        (lambda R, z: ("a", "b", "c"), "Galaxy.field: returns tuple"),
        (lambda R, z: (np.ones(7), 0.0, 1.0), "Galaxy.field: returns tuple"),
        (lambda R, z: spoilt(R, z, z > 3.0, np.nan), "Galaxy.field, B_z: nan at R = 0 kpc, z = 4 kpc"),
        (lambda R, z: [(z < 2.0) * each for each in wind(R, z)], "Galaxy.field: zero at R = 0 kpc"),
        (lambda R, z: spoilt(R, z, True, 3.0 + 0.01 * z), "Galaxy.field: its divergence is "),
        (lambda R, z: (0.0, 3.0, 0.0), "Galaxy.field: the line from R = 0.12 kpc closes inside the disc"),
        (lambda R, z: (0.0, np.sin(30.0 * z), 1.0), "Galaxy.field: turns by "),
    ],
)  # fmt: skip
def test_a_field_that_particles_cannot_follow_is_refused_by_its_name(field, says):
    assert refusal(simulate, Galaxy(field=field, **SLAB), SPECTRUM, FEW, **LITTLE).startswith(says)


def test_a_uniform_field_may_be_three_numbers():
    Galaxy(field=lambda R_kpc, z_kpc: (0.0, 1.0, 3.0), **SLAB).medium()


def test_field_lines_go_with_what_follows_them():
    for galaxy, method, says in (
        ({"field": wind, **SLAB}, "hybrid", 'transport.method = "hybrid": allowed: "auto", "guiding-centre"'),
        ({}, "guiding-centre", 'transport.method = "guiding-centre": allowed: where medium.field is not'),
        ({"epsilon": 0.1}, "auto", 'medium.epsilon = 0.1: allowed: where medium.field is not "isotropic"'),
        ({"field": "tube"}, "auto", "medium.bell = true: allowed: false where"),
        ({"field": wind, "field_uG": field_uG, **SLAB}, "auto", "Galaxy.field_uG: allowed: None with a"),
    ):
        assert says in refusal(simulate, Galaxy(**galaxy), SPECTRUM, Transport(8, method=method), **LITTLE)
    for wrong in ({"field": "x"}, {"field": None}, {"epsilon": 2.0}, {"wander_kpc": -1.0}, {"drifts": 1}):
        assert f"Galaxy.{next(iter(wrong))} = " in refusal(Galaxy, **wrong)


def test_whatever_is_no_value_at_all_is_one_line(run):
    table = np.zeros((2, 2))
    for call, arguments, options, allowed in (
        (load, [3.0], {}, "its name, or the path"),
        (load("free-escape").run, [], {"threads": [2]}, "threads = [2]: allowed: None, or a whole number"),
        (simulate, [MINE], {"energy_range_GeV": "1 GeV"}, "energy_range_GeV"),
        (simulate, [MINE], {"energy_range_GeV": table + 1e4}, "two energies"),
        (run.sky, ["gamma", [1e4], table], {}, "nside = array([[0., 0.], [0., 0.]]): allowed: 1, 2"),
        (run.sky, ["gamma", [1e4], np.float32(2.0)], {}, "nside"),
        (run.sky, [table], {}, "neutrino, gamma"),
        (run.density, [[2e4], table], {}, "region"),
    ):
        assert allowed in refusal(call, *arguments, **options)
    with pytest.raises(KeyError, match="allowed: energy_GeV"):
        run.summary[table]


# -- while it runs -------------------------------------------------------------------------


def test_progress_is_told_where_it_is_wanted(capsys):
    scenario = load("free-escape").with_overrides([*SMALL[1:], "transport.t_max=1 Myr"])
    scenario.run(particles=20, threads=1)
    assert capsys.readouterr().err == ""
    scenario.run(particles=20, threads=1, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Particles: 0%" and lines[-1] == "Particles: 100%" and len(lines) == 11


def test_a_tilde_is_the_home_of_the_user(run, undrawn, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with undrawn():
        run.write("~/kept")
    assert (tmp_path / "kept" / "summary.json").exists()
    assert Run.open("~/kept").result.counters == run.result.counters


def test_orbits_through_a_field_of_ones_own():
    """Along straight lines on which hardly anything scatters: out after H/(c mu), mu even in between."""
    H = 0.5
    mine = Galaxy(
        field=lambda R_kpc, z_kpc: (0.0 * R_kpc, 0.0 * R_kpc, 3.0 + 0.0 * R_kpc * z_kpc),
        diffusion=lambda p_GeV, R_kpc, z_kpc: 1e4 * p_GeV / p_GeV + 0.0 * R_kpc * z_kpc,
        halo="constant", H_kpc=H, bell=False,
    )  # fmt: skip
    out = H / C_KPC_MYR
    how = Transport(particles=128, method="orbit", t_max_Myr=10.0 * out)
    run = simulate(mine, Spectrum(E_max_GeV=1e7), how, energy_range_GeV=(7e6, 9e6), nside=1)
    result = run.result
    assert result.counters["absorbed"] + result.counters["alive"] == 128
    times = result.per_particle("escape")[0].sum(axis=0)
    # Of those out by then, mu is even from a tenth to one.
    assert times[1] / times[0] == pytest.approx(out * np.log(10.0) / 0.9, rel=0.2)
