"""Measurements that a fit takes: which points, which errors, and what is refused."""

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import UserError
from crhalo.maps.data.tables import load as table
from crhalo.scenarios import load
from crhalo.scenarios.fitting.local_data import Measured, measured_at_sun, needed_GeV, range_GV

SCENARIO = load("milky-way")


def test_points_in_the_range_with_their_errors():
    protons, ratio = measured_at_sun(SCENARIO, ["ams02-protons", "ams02-bc"], (20.0, 2000.0))
    all_of_them = table("ams02-protons")
    here = all_of_them["rigidity"] > 20.0
    assert np.array_equal(protons.rigidity_GV, all_of_them["rigidity"][here])
    assert np.allclose(protons.above, all_of_them["error_high"][here], rtol=1e-12)
    assert protons.names == ("protons",) and ratio.names == ("boron", "carbon")
    assert ratio.what == "boron_over_carbon"


def test_models_of_one_experiment_count_as_one_measurement():
    models = measured_at_sun(SCENARIO, ["lhaaso-protons"], (20.0, 1e7))
    assert len(models) == 3 and sum(each.independent for each in models) == models[0].value.size
    there = table("lhaaso-protons")
    first = there["error_high"][: models[0].value.size] * there["error_high"].unit.to("m-2 s-1 sr-1 GeV-1")
    assert np.allclose(models[0].above / first, np.sqrt(3.0), rtol=0.01)


def test_the_error_is_that_on_the_side_of_the_model():
    x = np.array([10.0, 20.0])
    one = Measured("", ("protons",), x, np.array([1.0, 1.0]), np.array([0.1, 0.1]), np.array([0.4, 0.4]))
    assert np.allclose(one.error(np.array([[0.8, 1.8], [1.1, 0.9]])), [[0.1, 0.4], [0.4, 0.1]])


def test_more_is_solved_for_what_protons_make():
    (pbar,) = measured_at_sun(SCENARIO, ["ams02-antiprotons"], (20.0, 2000.0))
    (p,) = measured_at_sun(SCENARIO, ["ams02-protons"], (20.0, 2000.0))
    assert needed_GeV([pbar])[1] > 20.0 * needed_GeV([p])[1]
    assert needed_GeV([p])[0] < 20.0 and needed_GeV([p])[1] > 2.0 * p.rigidity_GV.max()


def test_the_range_is_that_of_the_comparison_if_not_given():
    assert range_GV(None) == (20.0, 2000.0)
    assert range_GV(["10 GV", "1 TV"]) == (10.0, 1000.0)
    for wrong in ([1.0], [3.0, 2.0], ["1 kpc", "2 kpc"], "20 GV", [0.0, 1.0]):
        with pytest.raises(UserError, match="range_GV"):
            range_GV(wrong)


@pytest.mark.parametrize(
    ("scenario", "data", "between", "said"),
    [
        (SCENARIO, ["fermi-igrb"], (20.0, 2e3), "quantity 'gamma rays'; allowed in a fit: protons"),
        (SCENARIO, ["none-such"], (20.0, 2e3), "no such file"),
        (SCENARIO, [], (20.0, 2e3), "a list of tables"),
        (SCENARIO, "ams02-bc", (20.0, 2e3), "a list of tables"),
        (SCENARIO, ["ams02-bc", "ams02-bc"], (20.0, 2e3), "'ams02-bc' is there twice"),
        (SCENARIO, ["ams02-protons"], (3e3, 4e3), "points at 1.076 to 1417 GV; allowed: some from 3000"),
        (load("circumgalactic"), ["ams02-bc"], (20.0, 2e3), r"in a scenario with a \[composition\]"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_a_line(scenario, data, between, said):
    with pytest.raises(UserError, match=said) as refused:
        measured_at_sun(scenario, data, between)
    assert "\n" not in str(refused.value)


def own_table(path, errors):
    columns = {"rigidity": [30.0, 300.0], "flux": [1.0, 1e-3], **errors}
    own = Table(columns, meta={"quantity": "protons", "label": "mine"})
    own["rigidity"].unit = "GV"
    for name in own.colnames[1:]:
        own[name].unit = "m-2 s-1 sr-1 GV-1"
    own.write(path, format="ascii.ecsv")
    return path


def test_a_table_of_ones_own(tmp_path):
    own = own_table(tmp_path / "mine.ecsv", {"error_low": [0.1, 1e-4], "error_high": [0.2, 2e-4]})
    (mine,) = measured_at_sun(SCENARIO, [own], (20.0, 2000.0))
    assert mine.label == "mine" and np.allclose(mine.above, [0.2, 2e-4])


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ({}, "no errors"),
        ({"error_low": [0.0, 1e-4], "error_high": [0.2, 2e-4]}, "points without errors"),
    ],
)
def test_points_without_errors_are_refused(tmp_path, errors, said):
    with pytest.raises(UserError, match=said):
        measured_at_sun(SCENARIO, [own_table(tmp_path / "mine.ecsv", errors)], (20.0, 2000.0))
