"""Scenarios of several runs or of none: what they find, with few particles, and what they write."""

import json

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.mc.observables import crossing, grammage
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.run import RunOptions, make_run
from crhalo.scenarios.studies import figure_1, radio
from crhalo.scenarios.studies.coupling import compare as compare_return
from crhalo.scenarios.studies.study import in_media

FEW = ["transport.particles=80", 'transport.energy_range=["300 GeV", "30 TeV"]', "source.E_max=30 TeV"]


def refused(*settings):
    return main(["run", *settings, "--dry-run"])


def test_in_media_makes_every_combination_once():
    scenarios = in_media(load("coupling"), delta_G=(1.0, 10.0), z_B=(1.0, 4.0))
    made = [(one.medium.delta_G, one.medium.z_B) for one in scenarios]
    assert made == [(1, 1), (1, 4), (10, 1), (10, 4)]
    assert all(one.study is None for one in scenarios)


@pytest.mark.parametrize(
    "arguments",
    [
        ["figure-1", "--set", "figure_1.delta_G=[]"],
        ["figure-1", "--set", "figure_1.delta_G=[-1]"],
        ["radio", "--set", "radio.frequencies_MHz=3"],
        ["galaxies", "--set", "galaxies.L_CR=['1e41 erg/s']"],
        ["radio", "--set", "medium.bell=false"],
        ["circumgalactic", "--set", "figure_1.delta_G=[1]"],
        ["m31", "--set", "observer.distance=1 kpc"],
        ["circumgalactic", "--set", "medium.saturation=growing-wavelength"],
        ["free-escape", "--set", "medium.current=measured"],
        ["circumgalactic", "--set", "source.slope_above=1"],
    ],
)
def test_what_a_study_does_not_allow_is_refused_in_one_line(arguments, capsys):
    assert refused(*arguments) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message


def test_galaxies_scale_as_the_papers_say(tmp_path):
    execute(load("galaxies"), tmp_path / "out", 1)
    found = json.loads((tmp_path / "out" / "galaxies.json").read_text())
    by_name = {row["name"]: row for row in found["galaxies"]}
    assert list(by_name) == ["SMC", "M31", "Milky Way", "NGC 253", "M82", "Arp 220"]
    # PRL Eq. 6, and L^1/2/R_d from one to the other.
    assert by_name["Milky Way"]["disc_field_uG"] == pytest.approx(2.25e-2, rel=0.01)
    ratio = by_name["M31"]["disc_field_uG"] / by_name["Milky Way"]["disc_field_uG"]
    assert ratio == pytest.approx((2.1e40 / 1e41) ** 0.5 / 2.0, rel=1e-6)
    assert (tmp_path / "out" / "galaxies.png").stat().st_size > 10_000
    assert "Milky Way" in json.loads((tmp_path / "out" / "summary.json").read_text())


def test_half_of_the_estimate_is_where_it_crosses():
    E = np.geomspace(1, 1e4, 9)
    assert crossing(E, 1.0 / np.sqrt(E)) == pytest.approx(4.0, rel=0.1)
    assert np.isnan(crossing(E, np.full(9, 0.4)))


@pytest.mark.parametrize(
    ("name", "settings", "files"),
    [
        ("figure-1", ["figure_1.delta_G=[1e4]"],
         {"figure_1.json", "causes.json", "figure_1.png", "figure_1_causes.png"}),
        ("coupling", ["coupling.delta_G=[1e4]", "coupling.z_B=['2 kpc']", "coupling.outflow=['momentum']"],
         {"coupling.json", "coupling.png"}),
        ("radio", ["radio.delta_G=[1e4]"], {"radio.json", "radio.csv", "radio.png"}),
    ],
)  # fmt: skip
def test_a_study_writes_its_files(name, settings, files, tmp_path):
    few = [*FEW, 'sky.energies=["10 GeV", "3 TeV", 6]', "sky.nside=2"]
    execute(load(name).with_overrides([*few, *settings]), tmp_path / "run", 2)
    assert {path.name for path in (tmp_path / "run").iterdir()} == files | {"scenario.toml", "summary.json"}
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert any("delta_G=10000" in key for key in summary) and summary["provenance"]["seed"] == 1


@pytest.fixture(scope="module")
def media():
    """Two runs at delta_G = 1, with and without diffusion in the Bell region."""
    scenario = load("figure-1").with_overrides([*FEW, 'sky.energies=["10 GeV", "3 TeV", 6]'])
    return [
        figure_1.spectra(make_run(one)) for one in in_media(scenario, delta_G=(1.0,), D_over_bohm=(1.0, 1e-4))
    ]


def test_figure_1_takes_the_causes_apart(media):
    found = figure_1.compare(*media)
    ratios = {name: ratio.value for name, ratio in found["switched_off"].items()}
    E = found["energy_GeV"]
    low = E <= media[0]["highest"]
    # With all three off it is the one-zone estimate by construction; each cause only takes away.
    np.testing.assert_allclose(ratios["all three"][low], found["one_zone"][low])
    assert np.all(found["geometry"][low] < 1.0)
    assert np.all(ratios["geometry and diffusion"][:-1] > ratios["geometry"][:-1])
    assert np.all(ratios["geometry and cut-off"][low] >= ratios["geometry"][low])
    rows = figure_1.rows(found)
    assert list(rows[0]) == ["delta_G", "energy_GeV", "prl_17", "tracked", "error", "ratio"]
    assert rows[2]["ratio"] == pytest.approx(rows[2]["tracked"] / rows[2]["prl_17"])


def test_without_the_cutoff_there_is_more_light_at_the_end(media):
    cut, endless = media[0]["neutrino"].value, media[0]["neutrino_endless"].value
    assert endless[-1] > 1.5 * cut[-1] and endless[0] == pytest.approx(cut[0], rel=0.2)


def test_radio_flux_grows_with_the_gas_and_is_seen_from_everywhere():
    scenario = load("radio").with_overrides(FEW)
    frequency = np.array([1e8, 1.4e9])
    flux = [radio.flux_Jy(make_run(one), frequency).value for one in in_media(scenario, delta_G=(1.0, 10.0))]
    # Density over u, and the gas itself: delta_G^1.5, and less field to shine in by none.
    assert np.all(flux[1] > 5.0 * flux[0]) and np.all(flux[1] < 60.0 * flux[0])
    assert np.all(flux[0][0] > flux[0][1] > 0)


def test_a_study_goes_on_with_the_run_at_which_it_was_stopped(undrawn, tmp_path):
    few = [
        *FEW, "transport.particles=20", "transport.t_max=30 Myr", "radio.delta_G=[1, 10, 100]",
        "radio.frequencies_MHz=[100, 1400]",
    ]  # fmt: skip
    scenario = load("radio").with_overrides(few)
    with undrawn():
        execute(scenario, tmp_path / "alone", 2)

    def stop(stage, done, total):
        if (stage, done) == ("Runs", 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(scenario, tmp_path / "run", 2, stop)
    assert {path.stem for path in (tmp_path / "run").iterdir()} == {"checkpoint-1", "checkpoint-2"}
    with undrawn():
        execute(scenario, tmp_path / "run", 2, options=RunOptions(resume=True))
    found, whole = (json.loads((tmp_path / name / "radio.json").read_text()) for name in ("run", "alone"))
    # The particles are the same; sums over the sky are so but for the last digits.
    assert found["rows"] == [pytest.approx(row, rel=1e-10) for row in whole["rows"]]
    assert not list((tmp_path / "run").glob("checkpoint*"))
    # Of other runs it is refused by name.
    with pytest.raises(KeyboardInterrupt):
        execute(scenario, tmp_path / "other", 2, stop)
    other = scenario.with_overrides(["medium.z_B=1 kpc"])
    with pytest.raises(UserError, match=r"checkpoint-1.*another scenario: z_B = \"2 kpc\" there"):
        execute(other, tmp_path / "other", 2, options=RunOptions(resume=True))


def test_return_raises_the_density_in_the_disc_and_its_grammage():
    scenario = load("coupling").with_overrides([*FEW, "medium.delta_G=10"])
    (one,) = in_media(scenario, delta_G=(10.0,))
    run = make_run(one)
    found = compare_return(run)
    assert min(found["density"].value) > 1.0 and min(found["grammage_ratio"].value) > 1.0
    # Sideways the wall is wider than the disc: less than in one dimension.
    assert np.all(found["density"].value < found["in_one_dimension"])
    # Nuclei cross all gas, not that of the disc alone.
    of_gas = grammage(run.result, found["energy_GeV"])
    everything = sum(each.value for each in of_gas.values())
    np.testing.assert_allclose(found["grammage_g_cm2"]["with_return"].value, everything, rtol=0.02)
    assert np.all(everything > 1.05 * of_gas["disc"].value)
    ratio = found["boron_over_carbon"]
    assert np.all(ratio["with_return"].value > ratio["without"].value)
