"""A scan: its points are the runs that they would be alone, with their errors, however it was made."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from crhalo.fields.exceptions import NotConverged, RunFailed, UserError
from crhalo.scenarios import load
from crhalo.scenarios import scan as scan_in_python
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.folder.check import POINTS
from crhalo.scenarios.products import numbers
from crhalo.scenarios.progress import quiet
from crhalo.scenarios.run import RunOptions, make_run
from crhalo.scenarios.scanning import scan as scanning
from crhalo.scenarios.scanning.files import NETCDF, write_scan
from crhalo.scenarios.scanning.grid import axes_of
from crhalo.scenarios.scanning.kept import KeptPoints, Point
from crhalo.scenarios.scanning.netcdf import coordinates_of

SMALL = [
    "transport.particles=40", "transport.energy_range=['10 TeV', '1 PeV']", "transport.r_max=25 kpc",
    "sky.energies=['1 TeV', '100 TeV', 3]",
]  # fmt: skip
SCENARIO = load("circumgalactic").with_overrides(SMALL)
GRID = ["medium.delta_G=1e3,1e4", "medium.z_B=1,1.5 kpc"]
AXES = axes_of(SCENARIO, GRID)
PLACE = (1, 0)
AT_PLACE = ["medium.delta_G=1e4", "medium.z_B=1 kpc"]


@pytest.fixture(scope="module")
def found(coarse_errors):
    return scan_in_python(SCENARIO, GRID, threads=1)


@pytest.fixture(scope="module")
def alone(coarse_errors):
    """The run at one point, made by itself, on two threads."""
    return make_run(SCENARIO.with_overrides(AT_PLACE), 2)


def check_is_the_run_alone(scan, run):
    """Values and errors at a point are those that the summary of the run has."""
    for name in ("escape_time_Myr", "age_in_disc_Myr", "galactic_density"):
        known, wanted = scan[name], run.summary[name]
        np.testing.assert_array_equal(known.value[PLACE], wanted.value)
        np.testing.assert_array_equal(known.error[PLACE], wanted.error)
    disc = run.summary["grammage_g_cm2"]["disc"]
    np.testing.assert_array_equal(scan["grammage_g_cm2_disc"].error[PLACE], disc.error)


def test_a_point_is_the_run_alone(found, alone):
    check_is_the_run_alone(found, alone)
    cgm = found["neutrino_cgm_E2_flux_GeV_cm2_s_sr"]
    wanted = alone.sky("neutrino", nside=2).mean["cgm"]  # as `coarse_errors` has them
    np.testing.assert_array_equal(cgm.value[PLACE], wanted.energy_GeV**2 * wanted.value)
    assert (cgm.error[PLACE] > 0).all()


def test_points_in_another_order_are_noticed(found, alone):
    """The twin: the first axis fastest."""
    swapped = np.arange(4).reshape(2, 2).T.ravel()
    broken = scanning.Scan(found.scenario, found.axes, tuple(found.points[i] for i in swapped))
    with pytest.raises(AssertionError):
        check_is_the_run_alone(broken, alone)


def test_a_dropped_error_is_noticed(found, alone, monkeypatch):
    """The twin: the error is lost on the way."""
    kept = numbers._known
    monkeypatch.setattr(numbers, "_known", lambda value, error, *rest: kept(value, None, *rest))
    table = numbers.flat({"escape_time_Myr": alone.summary["escape_time_Myr"]})
    lost = tuple(Point(table, []) for _ in found.points)
    with pytest.raises((AssertionError, TypeError)):
        check_is_the_run_alone(scanning.Scan(found.scenario, found.axes, lost), alone)


def test_neighbours_share_their_random_numbers(found):
    """Gas outside does not change how a proton comes to the surface: to the last bit, not within errors."""
    escape = found["escape_time_Myr"]
    np.testing.assert_array_equal(escape.value[0], escape.value[1])
    assert (escape.error > 0).all() and (escape.value[:, 0] < escape.value[:, 1]).all()


def test_another_seed_is_noticed(found):
    """The twin: a seed of its own at each point."""
    other = make_run(SCENARIO.with_overrides([*AT_PLACE, "transport.seed=2"]), 1)
    assert not np.array_equal(other.summary["escape_time_Myr"].value, found["escape_time_Myr"].value[PLACE])


def test_names_that_there_are_not(found):
    with pytest.raises(
        ScenarioError, match="'escape_tme_Myr': no such quantity: did you mean escape_time_Myr"
    ):
        found["escape_tme_Myr"]
    assert "2 medium.delta_G x 2 medium.z_B" in repr(found)


def test_a_dataset_has_units_and_errors(found):
    data = found.to_xarray()
    assert data.escape_time_Myr.dims == ("delta_G", "z_B", "energy_GeV")
    assert data.z_B.attrs["units"] == "kpc" and data.escape_time_Myr.attrs["units"] == "Myr"
    at = data.escape_time_Myr.sel(delta_G=1e4, z_B=1.0)
    np.testing.assert_array_equal(at.values, found["escape_time_Myr"].value[PLACE])
    error = data[data.escape_time_Myr.attrs["ancillary_variables"]].sel(delta_G=1e4, z_B=1.0)
    np.testing.assert_array_equal(error.values, found["escape_time_Myr"].error[PLACE])
    assert load_text_of(data) == SCENARIO and data.attrs["seed"] == 1


def load_text_of(data):
    from crhalo.scenarios.file.scenario import load_text

    return load_text(data.attrs["scenario"])


def test_the_file_is_the_dataset(found, tmp_path):
    import xarray

    write_scan(found, tmp_path)
    with xarray.open_dataset(tmp_path / NETCDF, engine="h5netcdf") as data:
        xarray.testing.assert_identical(data.load(), found.to_xarray())
    with h5py.File(tmp_path / NETCDF) as file:
        assert file["escape_time_Myr"].fletcher32 and file["escape_time_Myr"].dims[1][0].name == "/z_B"


def test_energies_are_named_by_where_they_are(found):
    coordinates, dims = coordinates_of(found)
    assert dims["neutrino_E2_flux_GeV_cm2_s_sr"][-1] == "energy_GeV_of_neutrino"
    assert dims["gamma_E2_flux_GeV_cm2_s_sr"] == dims["neutrino_E2_flux_GeV_cm2_s_sr"]
    assert len({each.values.tobytes() for each in coordinates.values()}) == len(coordinates)


# -- stopped and resumed ---------------------------------------------------------------------


def scanned(folder, threads=1, resume=True):
    found = scanning.run_scan(SCENARIO, AXES, quiet, threads, RunOptions(folder=folder, resume=resume))
    write_scan(found, folder)
    return (folder / NETCDF).read_bytes()


@pytest.fixture(scope="module")
def whole(found, tmp_path_factory):
    """The file of a scan that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    write_scan(found, folder)
    return (folder / NETCDF).read_bytes()


def test_stopped_twice_and_resumed_to_the_same_bits(whole, tmp_path, monkeypatch):
    made = []

    def stop_after(number):
        def run(one, *rest, **options):
            if len(made) >= number:
                raise KeyboardInterrupt
            made.append((one.medium.delta_G, one.medium.z_B))
            return make_run(one, *rest, **options)

        return run

    for number in (1, 3):
        monkeypatch.setattr(scanning, "make_run", stop_after(number))
        with pytest.raises(KeyboardInterrupt):
            scanned(tmp_path)
        with (tmp_path / POINTS).open("a") as file:  # what a kill leaves of a line
            file.write('0badbeef {"point": 3, "val')
    monkeypatch.setattr(scanning, "make_run", stop_after(99))
    assert scanned(tmp_path, threads=2) == whole
    assert len(made) == len(set(made)) == 4  # none twice
    assert not list(tmp_path.glob("checkpoint*"))


def test_points_of_another_scan_or_damaged_are_refused(found, tmp_path):
    path, header = tmp_path / POINTS, scanning.header_of(SCENARIO, AXES)
    kept = KeptPoints()
    kept.begin(path, header)
    for number, point in enumerate(found.points):
        kept.add(number, point)
    again = KeptPoints.read(path, header)
    for name, known in found.points[2].numbers.items():
        read = again.found[2].numbers[name]
        np.testing.assert_equal([read.value, read.error, read.at], [known.value, known.error, known.at])
        assert (read.unit, read.along, read.table) == (known.unit, known.along, known.table)
    other = scanning.header_of(SCENARIO, axes_of(SCENARIO, [GRID[0], "medium.z_B=1,2 kpc"]))
    with pytest.raises(UserError, match="is of another scan, its grid"):
        KeptPoints.read(path, other)
    with pytest.raises(UserError, match="is of another scan, its scenario: particles = 40 there"):
        KeptPoints.read(path, scanning.header_of(SCENARIO.with_overrides(["transport.particles=41"]), AXES))
    text = path.read_text()
    path.write_text(text.replace('"escape_time_Myr": [[0.', '"escape_time_Myr": [[1.', 1))
    with pytest.raises(UserError, match="damaged; allowed: another --out"):
        KeptPoints.read(path, header)


# -- what fails ------------------------------------------------------------------------------


def test_a_point_that_fails_costs_no_other(found, tmp_path, monkeypatch):
    def fails(one, *rest, **options):
        if (one.medium.delta_G, one.medium.z_B) == (1e3, 1.5):
            raise NotConverged("the waves did not\nsettle")
        return make_run(one, *rest, **options)

    monkeypatch.setattr(scanning, "make_run", fails)
    with pytest.raises(
        RunFailed, match=r"1 of 4 points failed: delta_G = 1000, z_B = 1.5 kpc: the waves did not"
    ):
        scanned(tmp_path)
    with h5py.File(tmp_path / NETCDF) as file:
        assert np.isnan(file["escape_time_Myr"][0, 1]).all() and np.isfinite(file["escape_time_Myr"][1]).all()
        assert file["notes"].asstr()[0, 1] == "failed: the waves did not settle"
    kept = tuple(replace_fault(point) for point in found.points)
    assert not scanning.Scan(SCENARIO, AXES, kept).quantities


def replace_fault(point):
    return Point({}, [], "it failed")


@pytest.mark.parametrize("name", ["figure-1", "diffusion-check", "expanding-bubble"])
def test_a_scenario_that_is_not_one_run_is_refused(name, tmp_path):
    scenario = load(name)
    with pytest.raises(ScenarioError, match=r"scan: a scenario with a .*; allowed: one galaxy"):
        scanning.run_scan(scenario, axes_of(scenario, ["medium.z_B=1,2 kpc"]), quiet, 1)


def test_a_medium_without_a_halo_is_refused_before_any_run(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "make_run", None)
    axes = axes_of(SCENARIO, ["medium.z_B=2,0.02 kpc"])
    with pytest.raises(ScenarioError, match=r"grid, at z_B = 0.02 kpc: .* falls below the saturated field"):
        scanning.run_scan(SCENARIO, axes, quiet, 1, RunOptions(folder=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_quantities_to_draw_are_asked_for_before(tmp_path, coarse_errors, capsys):
    with pytest.raises(ScenarioError, match="'escape_time': no such quantity: did you mean"):
        scanning.run_scan(SCENARIO, AXES, quiet, 1, RunOptions(folder=tmp_path / "new"), ["escape_time"])
    assert not (tmp_path / "new").exists() and not capsys.readouterr().err


def test_a_quantity_that_one_point_lacks_is_nan_there(found):
    first = found.points[0]
    fewer = {name: known for name, known in first.numbers.items() if name != "advection_limit_GeV"}
    scan = replace(found, points=(first._replace(numbers=fewer), *found.points[1:]))
    assert np.isnan(scan["advection_limit_GeV"].value[0, 0])
    np.testing.assert_array_equal(scan["advection_limit_GeV"].value[1], found["advection_limit_GeV"].value[1])
