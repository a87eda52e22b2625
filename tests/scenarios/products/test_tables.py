"""A run as tables: of astropy with units, of xarray, and as notebooks show it."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable, Table
from crhalo.scenarios import load
from crhalo.scenarios.file.quantities import ScenarioError

SMALL = ["transport.energy_range=['10 TeV', '1 PeV']", "sky.energies=['1 TeV', '100 TeV', 3]"]


@pytest.fixture(scope="module")
def run(coarse_errors):
    return load("circumgalactic").with_overrides(SMALL).run(particles=40, threads=2)


def test_all_numbers_are_a_table_that_files_keep(run, tmp_path):
    run.summary_table().write(tmp_path / "run.ecsv")
    table = Table.read(tmp_path / "run.ecsv")
    escape = table[table["quantity"] == "escape_time_Myr"]
    wanted = run.summary["escape_time_Myr"]
    np.testing.assert_array_equal(escape["value"], wanted.value)
    np.testing.assert_array_equal(escape["error"], wanted.error)
    np.testing.assert_array_equal(escape["at"], wanted.energy_GeV)
    assert set(escape["unit"]) == {"Myr"} and set(escape["along"]) == {"energy_GeV"}
    surface = table[table["quantity"] == "bell_region_z_surface_kpc"]
    assert len(surface) == 1 and np.isnan(surface["error"][0]) and surface["unit"][0] == "kpc"
    assert table.meta["seed"] == 1 and "delta_G" in table.meta["scenario"]


def test_quantities_side_by_side_have_units(run, tmp_path):
    run.table("escape_time_Myr", "grammage_g_cm2_cgm").write(tmp_path / "two.ecsv")
    table = QTable.read(tmp_path / "two.ecsv")
    assert table["energy"].unit == u.GeV and table["escape_time_Myr"].unit == u.Myr
    assert table["grammage_g_cm2_cgm_error"].unit == u.g / u.cm**2
    wanted = run.summary["escape_time_Myr"]
    np.testing.assert_array_equal(table["escape_time_Myr_error"].to_value("Myr"), wanted.error)
    shares = run.table("energy_stored", "energy_escaped")
    assert len(shares) == 1 and "energy" not in shares.colnames
    with pytest.raises(ScenarioError, match="at other energies than escape_time_Myr"):
        run.table("escape_time_Myr", "neutrino_E2_flux_GeV_cm2_s_sr")
    with pytest.raises(ScenarioError, match="did you mean escape_time"):
        run.table("escape_time")
    with pytest.raises(ScenarioError, match="table: missing"):
        run.table()


def test_a_dataset_of_a_run(run):
    data = run.to_xarray()
    np.testing.assert_array_equal(data.escape_time_Myr.values, run.summary["escape_time_Myr"].value)
    assert data.escape_time_Myr.dims == ("energy_GeV",) and data.attrs["title"] == run.scenario.title
    assert data.energy_stored_error.dims == () and data.attrs["seed"] == 1


def test_what_notebooks_show(run):
    page, scenario, result = run._repr_html_(), run.scenario._repr_html_(), run.result._repr_html_()
    escape = run.summary["escape_time_Myr"]
    at = int(np.argmin(np.abs(np.log(escape.energy_GeV / 1e5))))
    assert "100 TeV" in page and f"{escape.value[at]:.4g} ±" in page and "40 particles" in page
    assert "<th>medium.z_B</th><td>2 kpc</td>" in scenario and "source.L_CR" in scenario
    assert "<th>injected</th><td>40</td>" in result
    mine = run.scenario.model_copy(update={"title": "<script>"})
    assert "<script>" not in mine._repr_html_()
