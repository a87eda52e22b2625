"""Importance of a run: its sums, its radii, its files, and runs that have none."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable
from contracts import run_of
from crhalo.fields.galaxy import Galaxy
from crhalo.maps.light import sky_of_cells as light_of_cells
from crhalo.maps.light.regions import REGIONS
from crhalo.maps.light.sky_of_cells import sky_average, sky_of_cells
from crhalo.scenarios import load
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.products.importance.importance import CONVENTIONS, _radius_kpc


@pytest.fixture(scope="module")
def run():
    return run_of("circumgalactic")


@pytest.fixture(scope="module")
def light(run):
    return run.importance("neutrino 10 TeV cgm")


@pytest.fixture(scope="module")
def protons(run):
    return run.importance("protons 20 TeV sun")


def test_it_is_of_the_light_of_the_equation(run, light):
    local = run.at_the_sun
    known = sky_average(local.protons, "neutrino", [1e4], local.helium_per_proton)["cgm"][0]
    assert light.value == pytest.approx(known, rel=1e-12)
    assert light.contribution.sum() == pytest.approx(1.0, rel=1e-10)
    assert 0.9 < light.reached < 1.0 + 1e-9


def test_gamma_rays_are_those_that_arrive(run):
    local = run.at_the_sun
    known = sky_average(local.protons, "gamma", [2e5], local.helium_per_proton)
    for place in ("disc", "halo", "cgm"):
        assert run.importance(f"gamma 200 TeV {place}").value == pytest.approx(known[place][0], rel=1e-12)


def mean_of_map(run, secondary, energy_GeV, region):
    local, shares = run.at_the_sun, REGIONS[region].shares(64)
    (sky,) = sky_of_cells(local.protons, secondary, [energy_GeV], 64, local.helium_per_proton)
    return sky @ shares / shares.sum()


@pytest.mark.parametrize("region", ["high-latitudes", "lhaaso-inner", "whole-sky"])
def test_light_of_a_region_is_the_mean_of_the_map_there(run, region, monkeypatch):
    for secondary in ("neutrino", "gamma"):
        found = run.importance(f"{secondary} 200 TeV {region}")
        known = mean_of_map(run, secondary, 2e5, region)
        assert found.value == pytest.approx(known, rel=1e-9)
        assert found.contribution.sum() == pytest.approx(1.0, rel=1e-10)
    assert found.observable.label == f"Gamma rays of 200 TeV in {region} ({REGIONS[region]})"
    # Without absorption it would be another number.
    monkeypatch.setattr(light_of_cells, "cmb_absorption_per_kpc", lambda energy_GeV: np.zeros(1))
    assert run.importance(f"gamma 200 TeV {region}").value > 1.01 * known


def test_the_whole_sky_is_the_average_of_all_gas(run):
    """By another quadrature, which is coarse in the disc near the Sun."""
    local = run.at_the_sun
    known = sky_average(local.protons, "neutrino", [1e4], local.helium_per_proton)
    found = run.importance("neutrino 10 TeV whole-sky").value
    assert found == pytest.approx(sum(each[0] for each in known.values()), rel=0.06)


def test_protons_are_those_at_the_sun(run, protons):
    local = run.at_the_sun
    bin = np.searchsorted(local.energy_edges_GeV, 2e4) - 1
    width = np.diff(local.energy_edges_GeV)[bin]
    density = local.at_sun(local.protons.protons_kpc3)[bin] * u.kpc**-3 / (width * u.GeV)
    assert (protons.value * u.Unit("GeV-1 cm-3")).to_value(density.unit) == pytest.approx(density.value)
    assert protons.energy_below_GeV(0.5) >= local.energy_edges_GeV[bin]


def test_sources_mix_before_they_make_circumgalactic_light(light, protons):
    assert light.source_radius_kpc == pytest.approx(np.sqrt(50.0))
    assert light.radius_kpc() == pytest.approx(light.source_radius_kpc, rel=0.01)
    assert light.spread(light.strongest) < 0.02 < protons.spread(protons.strongest)
    psi = protons.importance_s[protons.strongest, :, 0]
    assert protons.cells.R_kpc[np.argmax(psi)] == pytest.approx(8.178, abs=0.5)
    assert light.of_D["outside"] < -0.5 and abs(light.of_D["halo"]) < 0.05


def test_radii_are_those_of_evenly_filled_rings():
    edges = np.array([0.0, 1.0, 2.0, 3.0])
    assert _radius_kpc(edges, np.array([1.0, 3.0, 5.0]), 0.5) == pytest.approx(np.sqrt(4.5))
    assert np.isnan(_radius_kpc(edges, np.zeros(3), 0.5))


def test_another_spectrum_has_the_same_importance_per_proton(run, light):
    harder = run.reweight(slope=1.9).importance("neutrino 10 TeV cgm")
    bin = light.strongest
    np.testing.assert_allclose(harder.importance_s[bin], light.importance_s[bin], rtol=0.02)
    assert harder.energy_below_GeV() > light.energy_below_GeV()


def test_table_and_files_say_units_and_where_they_come_from(run, light, tmp_path):
    names = light.write(tmp_path)
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir()) and len(names) == 3
    table = QTable.read(tmp_path / "importance_neutrino_10TeV_cgm.ecsv")
    assert table["radius"].unit == u.kpc and table["energy"].unit == u.GeV
    assert table["importance"].unit.is_equivalent("GeV-1 cm-2 s-1 sr-1 s")
    assert table["share"].sum() == pytest.approx(1.0) and table.meta["value"] == light.value
    assert {"version", "seed", "scenario", "conventions"} <= set(table.meta)
    with h5py.File(tmp_path / "importance_neutrino_10TeV_cgm.h5") as file:
        assert json.loads(file.attrs["conventions"]) == CONVENTIONS
        assert json.loads(file.attrs["scenario"]) == run.result.provenance["scenario"]
        psi, q = file["importance"][...], file["released"][...]
        assert (psi[:, :, 0] * q).sum() == pytest.approx(light.value)
        assert all({"unit", "axes"} <= set(file[key].attrs) for key in file)
        assert file["importance"].attrs["unit"] == "GeV-1 cm-2 s-1 sr-1 s"
        assert file["sensitivity_D"][...].sum() == pytest.approx(sum(light.of_D.values()))


def test_runs_without_it_are_refused(run):
    def refused(other, observable, said):
        with pytest.raises(ScenarioError) as caught:
            other.importance(observable)
        message = str(caught.value)
        assert said in message and "allowed: " in message and message.startswith("observable: ")

    ask = "neutrino 10 TeV cgm"
    refused(run, "protons 1 TeV sun", "from 10 TeV to 1 PeV")
    refused(run, "neutrino 2 PeV cgm", "to 1 PeV")
    lines = ["medium.field=tube", "medium.halo=constant", "medium.bell=false"]
    galaxy = Galaxy(field="tube", halo="constant", bell=False)
    scenario = load("free-escape").with_overrides(lines)
    refused(replace(run, scenario=scenario, galaxy=galaxy), ask, "medium.field = 'tube'")
    refused(replace(run, scenario=load("m31")), ask, "[observer]")
    narrow = run.scenario.with_overrides(["transport.energy_range=['10 TeV', '20 TeV']"])
    refused(replace(run, scenario=narrow), ask, "transport.energy_range")
    refused(run_of("free-escape"), ask, "there is none in this run")
