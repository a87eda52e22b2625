"""Circumgalactic light that local data allow: fits in two media, which are excluded, and what is written."""

import json

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import NotConverged
from crhalo.maps.data.read import fermi_igrb, icecube
from crhalo.maps.light.sky_of_cells import sky_average
from crhalo.mc.diffusion.solve import solve
from crhalo.mc.uncertainty import Estimate
from crhalo.scenarios import load
from crhalo.scenarios.build import spectrum_of
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.plan import plan
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.scenario import from_mapping
from crhalo.scenarios.fitting.free_keys import coordinates_of
from crhalo.scenarios.studies import circumgalactic_limits as study
from crhalo.scenarios.studies import limits_media
from crhalo.scenarios.studies.limits_media import fit_all, medium_at, places_of, predictions_of
from scipy.stats import chi2 as chi2_distribution

TABLE = "circumgalactic_limits"


@pytest.fixture(scope="module")
def scenario():
    """Protons alone, one key to fit, two media."""
    data = load("circumgalactic-limits").model_dump(exclude_none=True)
    del data["composition"]
    data[TABLE] |= {
        "delta_G": [30.0, 300.0], "outflow": ["momentum"], "z_B": ["2 kpc"], "field": ["isotropic"],
        "data": ["ams02-protons"], "range": ["50 GV", "1 TV"], "free": ["diffusion.D0", "source.slope"],
    }  # fmt: skip
    data["source"] |= {"E_max": "1 PeV"}
    data["transport"] |= {"energy_range": ["5 GeV", "1 PeV"]}
    return from_mapping(data)


@pytest.fixture(scope="module")
def rows(scenario):
    return fit_all(scenario, 1, lambda done, total: None)


@pytest.mark.parametrize(
    "settings",
    [
        [f"{TABLE}.delta_G=[]"],
        [f"{TABLE}.outflow=['alfven', 'alfven']"],
        [f"{TABLE}.outflow=['bubble']"],
        [f"{TABLE}.field=['tube']"],
        [f"{TABLE}.z_B=['2 kpc', '2 kpc']"],
        [f"{TABLE}.free=[]"],
        [f"{TABLE}.free=['no.such_key']"],
        [f"{TABLE}.free=['medium.halo']"],
        [f"{TABLE}.data=['no-such-table']"],
        [f"{TABLE}.data=['icecube-mese']"],
        [f"{TABLE}.range=['2 TV', '20 GV']"],
        ["medium.cgm_beta=0.5"],
        ["transport.energy_range=['10 GeV', '200 GeV']"],
    ],
)
def test_what_it_does_not_allow_is_refused_in_one_line(settings, capsys):
    sets = [part for each in settings for part in ("--set", each)]
    assert main(["run", "circumgalactic-limits", *sets, "--dry-run"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message


def test_media_follow_the_lists(scenario):
    place = places_of(load("circumgalactic-limits"))[0]
    one = medium_at(load("circumgalactic-limits"), place, 10.0)
    assert (one.medium.outflow, one.medium.z_B, one.medium.delta_G) == ("alfven", 1.0, 10.0)
    assert one.diffusion.scale == 1.0 and one.study is None
    assert one.diffusion.D0 == pytest.approx(load("circumgalactic-limits").diffusion.D0 / 2.0)


def test_a_plan_says_what_it_costs(scenario):
    planned = plan(scenario, 2)
    assert planned["media"] == 2 and planned["processes"] == 1
    assert planned["time_s_estimated"] > 5.0


def check_light(scenario, row):
    """The light of a row is that of a solution of its own at the values that the fit came to."""
    (place,) = places_of(scenario)
    single = medium_at(scenario, place, row["delta_G"])
    values = {name: f"{of['value']!r} {of['unit']}".strip() for name, of in row["keys"].items()}
    single = single.with_overrides([f"{name}={value}" for name, value in values.items()])
    predictions = predictions_of(scenario, single)
    local = predictions.local_at(coordinates_of(single, predictions.keys), (0.0, 0.0))[1]
    protons = solve(local.cells, local.energy_edges_GeV, spectrum_of(single), 15.0, single.transport.t_max)
    for secondary in ("neutrino", "gamma"):
        E = row[secondary]["energy_GeV"]
        known = E**2 * sky_average(protons, secondary, E)["cgm"]
        np.testing.assert_allclose(row[secondary]["E2_flux"], known, rtol=2e-3)


def test_the_light_is_that_of_the_best_values(scenario, rows):
    assert [row["delta_G"] for row in rows] == [30.0, 300.0] and not any(row["fault"] for row in rows)
    check_light(scenario, rows[0])
    assert all(row["chi2"] < 42 and row["solved"] < 15 for row in rows)


@pytest.mark.parametrize(
    "broken", [lambda row: row | {"delta_G": 300.0}, lambda row: row | {"gamma": row["neutrino"]}]
)
def test_light_of_another_medium_is_seen(scenario, rows, broken):
    with pytest.raises(AssertionError):
        check_light(scenario, broken(rows[0]))


def test_denser_gas_shines_more_and_its_outflow_is_slower(rows):
    thin, dense = (row["neutrino"]["E2_flux"][3] for row in rows)
    assert 10.0 < dense / thin < 60.0  # n_gas/u, u ~ n_gas^(-1/3): 21


def test_results_do_not_hang_on_the_number_of_processes(scenario, rows):
    two = scenario.with_overrides([f"{TABLE}.z_B=['2 kpc', '4 kpc']", f"{TABLE}.delta_G=[30]"])
    found = fit_all(two, 2, lambda done, total: None)
    assert [row["z_B_kpc"] for row in found] == [2.0, 4.0]
    np.testing.assert_array_equal(found[0]["neutrino"]["E2_flux"], rows[0]["neutrino"]["E2_flux"])


# -- which media are allowed -----------------------------------------------------------------


def fitted(delta_G, chi2_of_ratio, chi2_at_high_energies=100.0):
    """A row as a fit leaves it."""
    data = {
        "AMS-02, protons": {"chi2": 10.0, "points": 40, "largest_deviation": 0.05, "highest_GV": 1.4e3},
        "LHAASO, protons": {
            "chi2": chi2_at_high_energies,
            "points": 10,
            "largest_deviation": 0.3,
            "highest_GV": 3e6,
        },
        "AMS-02, boron_over_carbon": {
            "chi2": chi2_of_ratio,
            "points": 40,
            "largest_deviation": 0.1,
            "highest_GV": 1e3,
        },
    }
    E = {"neutrino": np.geomspace(1e2, 1e6, 13), "gamma": np.geomspace(10.0, 1e5, 13)}
    light = {
        name: {
            "energy_GeV": each, "E2_flux": 1e-10 * delta_G * each**-0.5, "steady_over_age": 1.0 + 0.0 * each,
            "relative_error": np.full(13, 0.1),
        }
        for name, each in E.items()
    }  # fmt: skip
    chi2 = sum(each["chi2"] for each in data.values())
    return {
        "outflow": "momentum", "z_B_kpc": 2.0, "field": "isotropic", "delta_G": delta_G, "fault": "",
        "seconds": 1.0, "solved": 9, "chi2": chi2, "points": 90, "freedom": 84, "by_data": data,
        "at_limits": [], "settled": True,
        "keys": {"diffusion.D0": {"value": 3e28, "error": 1e26, "unit": "cm2/s"}}, **light,
    }  # fmt: skip


FAULT = {
    "outflow": "alfven", "z_B_kpc": 2.0, "field": "isotropic", "delta_G": 300.0, "seconds": 1.0,
    "fault": "the fit does not settle",
}  # fmt: skip


def test_measurements_below_the_break_of_the_sources_judge_a_medium():
    rows = [fitted(1.0, 20.0, 400.0), fitted(10.0, 30.0, 400.0), fitted(100.0, 90.0, 400.0)]
    assert [study.excluded_by(row, 8e3) for row in rows] == [[], [], ["AMS-02, boron_over_carbon"]]
    # Of a fit that was given up, what it cannot have by itself counts; it is never allowed.
    given_up = {**fitted(1.0, 20.0), "settled": False, "alone": {"delta_G": 1.0, "chi2": rows[2]["by_data"]}}
    assert study.excluded_by(given_up, 8e3) == ["AMS-02, boron_over_carbon"]
    # Without a break all do.
    assert study.excluded_by(rows[0], np.inf) == ["LHAASO, protons"]
    assert study.judged_below_GV(load("circumgalactic-limits")) == 8e3
    assert study.judged_below_GV(load("circumgalactic")) == np.inf


def test_taken_together_one_measurement_would_cover_up_another():
    """What the test above would see of a criterion for the sum: B/C that is off is allowed."""
    best, off = (fitted(1.0, of_ratio, 400.0)["chi2"] for of_ratio in (20.0, 90.0))
    assert off / (best / 90) < chi2_distribution.ppf(study.ALLOWED_QUANTILE, 90)


def test_media_that_fail_stay_with_their_reason(scenario, tmp_path):
    made = study.conclude(scenario, [fitted(1.0, 20.0), fitted(10.0, 500.0), dict(FAULT)])
    numbers = made.numbers
    assert (numbers["media"], numbers["allowed"], numbers["not_fitted"]) == (3, 1, 1)
    assert numbers["alfven, z_B=2 kpc, isotropic, delta_G=300"] == {
        "allowed": False, "fault": "the fit does not settle",
    }  # fmt: skip
    assert numbers["brightest_allowed_neutrino"]["medium"].endswith("delta_G=1")
    made.files["circumgalactic_limits.ecsv"](tmp_path / "t.ecsv")
    table = Table.read(tmp_path / "t.ecsv", format="ascii.ecsv")
    assert len(table) == 3 and str(table["neutrino_100_TeV_E2I"].unit) == "GeV / (s sr cm2)"
    assert table["note"][2] == "the fit does not settle" and np.isnan(table["neutrino_100_TeV_E2I"][2])
    assert str(table["diffusion.D0_cm2_s"].unit) == "cm2 / s"


def test_a_fit_that_fails_does_not_stop_the_others(scenario, monkeypatch):
    asked = []

    def fails_once(predictions, start, slopes, patience):
        asked.append(slopes)
        raise NotConverged("the fit does not settle")

    monkeypatch.setattr(limits_media, "secant_fit", fails_once)
    found = fit_all(scenario, 1, lambda done, total: None)
    assert [row["fault"] for row in found] == ["the fit does not settle"] * 2 and len(asked) == 2


def test_ratios_are_over_what_is_measured():
    row = fitted(10.0, 20.0)
    points = icecube()[0]
    ratio = study.ratios_of(row)["neutrino_over_icecube_combined"]["100_TeV"]
    measured = study.measured_at(points, 1e5)
    assert isinstance(measured, Estimate) and 1.82e-8 < measured.value < 2.06e-8
    assert ratio.value == pytest.approx(1e-9 * 1e5**-0.5 / measured.value, rel=1e-6)
    # Ten per cent, wider by the scatter of the fit, and the error of the measurement.
    scale = np.sqrt(row["chi2"] / row["freedom"])
    relative = np.hypot(0.1 * scale, measured.error / measured.value)
    assert ratio.error / ratio.value == pytest.approx(relative)
    assert study.measured_at(points, 3e5) is None and study.measured_at(fermi_igrb(), 1e5) is None


def test_it_writes_its_files(scenario, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "fit_all", lambda scenario, processes, told: rows)
    execute(scenario, tmp_path / "run", 1)
    names = {"scenario.toml", "summary.json", f"{TABLE}.json", f"{TABLE}.ecsv", f"{TABLE}.png"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == names
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["media"] == 2 and summary["allowed"] == 2
    brightest = summary["brightest_allowed_neutrino"]
    assert brightest["medium"] == "momentum, z_B=2 kpc, isotropic, delta_G=300"
