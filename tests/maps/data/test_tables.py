"""Tables of measurements by name, and files of one's own: what is refused."""

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import UserError
from crhalo.maps.data import read
from crhalo.maps.data.tables import AXES, VALUES, _fault, _fault_of_header, load, names

# These are no points with errors: a law, a limit, and what abstracts say of parts of a galaxy.
OTHERS = {"icetop-all-particles", "kascade-grande-gamma", "m31"}


@pytest.mark.parametrize("name", sorted(set(names()) - OTHERS))
def test_points_come_with_units_and_errors(name):
    table = load(name)
    assert _fault(table) == "" and len(table) > 2
    value = next(name for name in VALUES if name in table.colnames)
    low, high = (
        (table[value] - table["error_low"], table[value] + table["error_high"])
        if "error_low" in table.colnames
        else (table[f"{value}_low"], table[f"{value}_high"])
    )
    assert np.all(low <= table[value]) and np.all(table[value] <= high) and np.all(high > 0)
    if "model" in table.colnames or "region" in table.colnames:
        return
    x = next(table[name] for name in (*AXES, *(f"{axis}_low" for axis in AXES)) if name in table.colnames)
    assert np.all(np.diff(x) > 0)


def test_a_table_is_what_the_arrays_are_made_of():
    table, points = load("ams02-protons"), read.protons()[0]
    np.testing.assert_array_equal(table["flux"], points.value)
    assert str(table["rigidity"].unit) == "GV" and table.meta["label"] == points.label


@pytest.mark.parametrize("name", names())
def test_each_says_its_quantity(name):
    assert _fault_of_header(load(name)) == ""


def test_lhaaso_falls_from_the_inner_to_the_outer_galaxy():
    """By about two at 100 TeV."""
    inner, outer = load("lhaaso-inner"), load("lhaaso-outer")
    at = [np.interp(np.log(100.0), np.log(t["energy"]), np.log(t["flux"])) for t in (inner, outer)]
    assert 1.5 < np.exp(at[0] - at[1]) < 3.0


def test_models_of_lhaaso_agree_within_a_third():
    table = load("lhaaso-protons")
    fluxes = np.array([table["flux"][table["model"] == model] for model in np.unique(table["model"])])
    assert fluxes.shape == (3, 19) and np.all(np.ptp(fluxes, axis=0) < 0.6 * fluxes.mean(axis=0))


@pytest.fixture
def mine(tmp_path):
    """A table of one's own, written with changes."""

    def write(**changes):
        table = Table(
            meta={"quantity": "gamma rays"},
            data={
                "energy": [1.0, 2.0],
                "flux": [3.0, 2.0],
                "error_low": [0.1, 0.1],
                "error_high": [0.1, 0.2],
            },
        )
        table["energy"].unit = "GeV"
        for name in ("flux", "error_low", "error_high"):
            table[name].unit = "GeV-1 cm-2 s-1 sr-1"
        for name, change in changes.items():
            if change is None:
                table.remove_column(name)
            else:
                table[name].unit = None if change == "no unit" else change
        path = tmp_path / "mine.ecsv"
        table.write(path, format="ascii.ecsv", overwrite=True)
        return path

    return write


def test_a_file_of_ones_own_is_read(mine):
    assert list(load(mine())["flux"]) == [3.0, 2.0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flux": "no unit"}, r"column flux has no unit, or none that is known; allowed: one"),
        ({"energy": None}, r"no column of energy, energy_per_nucleon, rigidity"),
        ({"flux": None}, r"no column of flux or ratio"),
        ({"error_low": None}, r"no errors; allowed: columns error_low and error_high, or flux_low and"),
        ({"error_high": "m-2"}, r"column error_high is in 1 / m2; allowed: 1 / \(GeV s sr cm2\), as flux"),
    ],
)
def test_what_is_no_table_of_measurements_is_refused(mine, changes, said):
    with pytest.raises(UserError, match=rf"mine\.ecsv': {said}"):
        load(mine(**changes))


@pytest.mark.parametrize("name", [3, None, 2.5])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UserError, match="allowed: the name of a table, or a file"):
        load(name)


def test_values_that_are_no_numbers_and_unknown_units_are_refused(mine):
    path = mine()
    good = path.read_text()
    for change, said in (
        (("2.0 2.0 0.1 0.2", "2.0 nan 0.1 0.2"), "column flux has values below zero, or that are no numbers"),
        (("2.0 2.0 0.1 0.2", "2.0 2.0 -0.1 0.2"), "column error_low has values below zero"),
        (("unit: GeV,", "unit: furlong_x,"), "column energy has no unit, or none that is known"),
        (("2.0 2.0 0.1 0.2", "-2.0 2.0 0.1 0.2"), "column energy has values that are not above zero"),
        (("2.0 2.0 0.1 0.2", '2.0 "" 0.1 0.2'), "rows with gaps; allowed: rows that are full"),
        (("1.0 3.0 0.1 0.1\n2.0 2.0 0.1 0.2\n", ""), "no rows"),
        (("quantity: gamma rays", "quantity: 7"), "no quantity in the header; allowed: what was measured"),
        (("quantity: gamma rays", "label: mine"), "no quantity in the header; allowed: what was measured"),
    ):
        assert change[0] in good
        path.write_text(good.replace(*change))
        with pytest.raises(UserError, match=said):
            load(path)


def test_no_such_table_and_no_table_are_one_line(tmp_path):
    with pytest.raises(
        UserError, match=r"data 'ams02-proton': did you mean ams02-protons.*; allowed: a file,"
    ):
        load("ams02-proton")
    path = tmp_path / "text.ecsv"
    path.write_text("nothing\n1\n")
    # What astropy says of it is there to its end.
    with pytest.raises(UserError, match=r"text\.ecsv': no ECSV table: ECSV header.*\.$") as error:
        load(path)
    assert "\n" not in str(error.value)
