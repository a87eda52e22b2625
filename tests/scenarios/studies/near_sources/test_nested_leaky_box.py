"""The nested leaky box: what it finds and writes, what it takes from a file, and what it refuses."""

import json

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.gas_density import MASS_PER_HYDROGEN
from crhalo.maps.light.antimatter import ANTIPROTON, POSITRON
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.studies.near_sources import nested_costs as costs
from crhalo.scenarios.studies.near_sources.nested_leaky_box import boxes_of

SCENARIO = load("nested-leaky-box")


@pytest.fixture(scope="module")
def boxes():
    return boxes_of(SCENARIO)


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    out = tmp_path_factory.mktemp("nested") / "run"
    execute(SCENARIO, out, 1)
    return out, json.loads((out / "summary.json").read_text())


def table_of(path, R, X, unit="g/cm2"):
    table = Table({"rigidity": R, "grammage": X})
    table["rigidity"].unit, table["grammage"].unit = "GV", unit
    table.write(path, format="ascii.ecsv")
    return path


def test_files(summary):
    out, found = summary
    files = {"nested_leaky_box.json", "nested_leaky_box.ecsv", "nested_leaky_box.png"}
    assert {path.name for path in out.iterdir()} == files | {"scenario.toml", "summary.json"}
    table = Table.read(out / "nested_leaky_box.ecsv")
    assert str(table["rigidity_GV"].unit) == "GV" and "[nested_leaky_box]" in table.meta["scenario"]
    whole = json.loads((out / "nested_leaky_box.json").read_text())
    assert set(whole["curves"]) == {"protons", "boron_over_carbon", "antiprotons_over_protons", "positrons"}
    assert set(found) > {"grammage", "fit", "compared", "secondaries", "asked_for", "costs"}


def test_what_comes_along_is_the_best_fit(summary):
    fit, wanted = summary[1]["fit"], SCENARIO.nested_leaky_box
    for key in ("X_0", "X_g"):
        found = fit[f"{key}_g_cm2"]
        assert abs(found["value"] - getattr(wanted, key)) < 0.1 * found["error"]
    assert abs(fit["delta_s"]["value"] - wanted.delta_s) < 0.1 * fit["delta_s"]["error"]
    assert fit["chi2_per_point"] < 0.5
    # As a note of the table of the papers' numbers says.
    ratio = fit["X_s_over_X_g_at_200_GV"]
    assert (round(ratio["value"], 1), round(ratio["error"], 1)) == (1.6, 0.3)


def test_boron_is_as_measured_and_antimatter_is_not(summary):
    """The grammage that B/C leaves to the Galaxy makes half of the antiprotons and positrons or less."""
    compared = {name: models["nested_leaky_box"] for name, models in summary[1]["compared"].items()}
    assert compared["protons_over_ams02"]["chi2_per_point"] < 1.0
    assert compared["boron_over_carbon_over_ams02"]["chi2_per_point"] < 0.5
    for name in ("antiprotons_over_protons", "positrons"):
        assert compared[f"{name}_over_ams02"]["least_and_largest_ratio"][1] < 0.6
    asked = summary[1]["asked_for"]
    assert asked["X_g_by_antiprotons_g_cm2"]["value"] > 3.0 * SCENARIO.nested_leaky_box.X_g
    halo = summary[1]["compared"]["antiprotons_over_protons_over_ams02"]["standard_halo"]
    assert halo["least_and_largest_ratio"][0] > 0.9


def test_costs_say_what_the_boxes_do(summary):
    found = summary[1]["costs"]
    kept, longest, stay = (
        np.array(found[name])
        for name in (
            "positrons_kept", "longest_residence_for_half_of_them_Myr", "residence_in_galaxy_Myr",
        )
    )  # fmt: skip
    # What is kept, is where the time in the Galaxy is below the longest.
    assert np.array_equal(kept > 0.5, stay < longest)
    slopes = found["slope_of_protons"]
    assert slopes["source"] == pytest.approx(slopes["nested_leaky_box"], abs=0.06)
    assert slopes["source_of_standard_halo"] > slopes["standard_halo"] + 0.4


def test_antimatter_is_made_by_protons_of_many_times_its_energy(boxes):
    for species, between in ((ANTIPROTON, (12.0, 20.0)), (POSITRON, (20.0, 40.0))):
        R, mean, median = boxes.parents(species)
        at = (R > 10.0) & (R < 300.0)
        assert (mean[at] > between[0]).all() and (mean[at] < between[1]).all()
        assert (median[at] < 0.6 * mean[at]).all()


def test_secondaries_of_cocoons_and_the_galaxy_add_up(boxes):
    share = costs.made_in_the_galaxy(boxes, ANTIPROTON, np.array([10.0, 100.0, 1e3]))
    assert (np.diff(share) > 0).all() and 0.2 < share[0] < share[-1] < 0.95
    kept = costs.kept(boxes, np.array([10.0, 100.0, 1e3]))
    assert (np.diff(kept) < 0).all() and kept[0] > 0.95


def test_share_kept_has_its_limits():
    assert costs.kept_in_a_box(10.0, 1e-6, 1.0, 2.7) == pytest.approx(1.0, abs=1e-4)
    # Steady loss alone: N = q E/((s - 1) b E^2).
    b = float(costs.cooling_per_GeV_Myr(1.0))
    assert costs.kept_in_a_box(10.0, 1e6, 1.0, 2.7) == pytest.approx(1.0 / (1.7 * b * 1e7), rel=1e-3)


def test_grammage_of_a_file_is_that_of_the_power_law(boxes, tmp_path):
    wanted, R = SCENARIO.nested_leaky_box, np.array([5.0, 50.0, 5e3])
    X = wanted.X_0 * (R / wanted.R_0) ** -wanted.delta_s
    path = table_of(tmp_path / "X.ecsv", R, X / 1e-3, "mg/cm2")
    other = boxes_of(SCENARIO.with_overrides([f"nested_leaky_box.source_grammage={path}"]))
    at = np.array([1.0, 5.0, 17.0, 50.0, 1e5])
    np.testing.assert_allclose(other.source.grammage_g_cm2(at), boxes.source.grammage_g_cm2(at), rtol=1e-9)
    assert other.source.grammage_g_cm2(R) * MASS_PER_HYDROGEN == pytest.approx(X)


@pytest.mark.parametrize(
    ("R", "X", "unit", "said"),
    [
        ([1.0, 10.0], [1.0, -1.0], "g/cm2", "above zero"),
        ([10.0, 1.0], [1.0, 2.0], "g/cm2", "rising"),
        ([10.0], [1.0], "g/cm2", "two rows"),
        ([1.0, 10.0], [1.0, 2.0], "kpc", "columns rigidity"),
        ([1.0, 10.0], ["a", "b"], None, "columns rigidity"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(R, X, unit, said, tmp_path):
    path = table_of(tmp_path / "X.ecsv", R, X, unit)
    with pytest.raises(ScenarioError, match=rf"source_grammage: 'X.ecsv'.*{said}") as refused:
        boxes_of(SCENARIO.with_overrides([f"nested_leaky_box.source_grammage={path}"]))
    assert "\n" not in str(refused.value)


def test_no_file_and_one_without_its_columns_are_refused(tmp_path):
    Table({"R": [1.0, 2.0]}).write(tmp_path / "R.ecsv", format="ascii.ecsv")
    for name in ("R.ecsv", "none.ecsv"):
        with pytest.raises(ScenarioError, match="columns rigidity"):
            boxes_of(SCENARIO.with_overrides([f"nested_leaky_box.source_grammage={tmp_path / name}"]))


@pytest.mark.parametrize(
    "setting",
    [
        "nested_leaky_box.X_0=-1 g/cm2",
        "nested_leaky_box.X_g=0 g/cm2",
        "nested_leaky_box.delta_s=-0.1",
        "nested_leaky_box.gas=0 cm-3",
        "nested_leaky_box.source_grammage=flat",
        "nested_leaky_box.no_such_key=1",
        "source.grammage=0.4 g/cm2",
        "medium.helium_factor=1",
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(setting, capsys):
    assert main(["run", "nested-leaky-box", "--dry-run", "--set", setting]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message


def test_it_needs_a_composition():
    text = SCENARIO.to_toml()
    start, end = text.index("[composition]"), text.index("[nested_leaky_box]")
    from crhalo.scenarios.file.scenario import load_text

    with pytest.raises(ScenarioError, match=r"\[nested_leaky_box\]: allowed: with a \[composition\]"):
        load_text(text[:start] + text[end:])
