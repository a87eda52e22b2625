"""The study of winds that cosmic rays drive: what it writes, and what is said where there is none."""

import json

import h5py
import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import RunFailed
from crhalo.fields.units import C_KPC_MYR, KPC_MYR_KM_S
from crhalo.mc.coupled.wind_base import BOUND, HEAVY, NEGATIVE, REASONS, SLOW
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.studies.winds.base import Base, found_at, release_of
from crhalo.scenarios.studies.winds.numbers import AtTheSun, beside_the_data

NAME = "cosmic_ray_wind"
# A wind that is found in two rounds, and two bases that have none.
SMALL = [
    f"{NAME}.{each}"
    for each in ("n_0=0.001 cm-3", "T_0=1e6 K", "B_0=2 uG", "z_0=1 kpc", "cells=150", "particles=30",
                 "n_scan=['0.001 cm-3', '0.02 cm-3']", "T_scan=['1e6 K']", "B_scan=['2 uG']")
]  # fmt: skip
ALONE = ["cosmic_ray_wind.scan=false", "cosmic_ray_wind.particles=0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("wind") / "run"
    execute(load("cosmic-ray-wind").with_overrides(SMALL), out, 1)
    return out


@pytest.fixture(scope="module")
def found(folder):
    return json.loads((folder / f"{NAME}.json").read_text())


def test_every_file_is_there(folder):
    tables = {f"{NAME}.{end}" for end in ("json", "ecsv", "h5", "png")} | {f"{NAME}_scan.png"}
    assert {path.name for path in folder.iterdir()} == {"scenario.toml", "summary.json"} | tables


def test_gas_and_protons_agree(found):
    gas = found["gas"]
    assert gas["pressures_differ"] < 0.02 and gas["fluid_bernoulli_spread"] < 1e-6
    assert 10.0 < gas["critical_kpc"] < 20.0 and gas["u_end_km_s"] > gas["critical_km_s"] > gas["u_0_km_s"]
    assert gas["energy_per_mass_km2_s2"] > 0.0 and 0.5 < gas["mass_loss_Msun_yr"] < 2.0
    assert 1.33 < gas["gamma_c_0"] < 1.67


def test_spectra_stand_beside_those_measured(found):
    spectra = found["at_the_sun"]
    assert spectra["rigidity_GV"] == [10.0, 30.0, 100.0, 300.0, 1000.0]
    assert all(np.diff(spectra["slope"]) > 0.0) and all(np.diff(spectra["grammage_g_cm2"]) < 0.0)
    assert 2.4 < found["data"]["slope_10_100_GV"] < 2.6 and 2.7 < found["data"]["ams02_slope_10_100_GV"] < 2.8


def test_grammage_of_what_is_only_carried_is_a_closed_form():
    """(mu c/2) 3/((2 + slope) V), of fragments that are made with the spectrum of the protons."""
    scenario = load("cosmic-ray-wind").with_overrides([*SMALL, *ALONE])
    driven = found_at(scenario, Base(0.001, 1e6, 2.0), release_of(scenario)).driven
    sun = AtTheSun(driven, scenario)
    X, slope = (
        float(np.interp(np.log(10.0), np.log(sun.p_GeV), each)) for each in (sun.grammage_g_cm2, sun.slope)
    )
    carried = 0.5 * 2.4e-3 * C_KPC_MYR / driven.transport.V[0] * 3.0 / (2.0 + slope)
    assert 0.85 * carried < X < 1.02 * carried
    assert driven.transport.V[0] * KPC_MYR_KM_S > 150.0


def test_verdicts_are_of_the_data(found):
    data = found["data"]
    allowed = data["allowed"]
    assert allowed["curvature"] is (abs(data["curvature_over_ams02"]) < 0.1)
    assert allowed["boron_over_carbon"] is False and data["boron_over_carbon_over_ams02"][0] < 0.6
    assert data["allowed_by_all"] is False


def test_the_data_allow_what_is_like_them(monkeypatch):
    """Fluxes and grammages as they are measured pass all."""
    from crhalo.maps.data import read
    from crhalo.maps.light.at_the_sun import grammage_of

    class Measured:
        def flux(self, R):
            return 1.4 * read.protons()[0].at(R)[0]

        grammage_g_cm2 = None

        def at(self, values, R):
            return grammage_of(read.boron_over_carbon()[0].at(R)[0])

    data = beside_the_data(Measured())
    assert data["allowed_by_all"] and all(data["allowed"].values())


def test_the_scan_says_where_there_is_none(folder, found):
    table = Table.read(folder / f"{NAME}.ecsv")
    assert list(table["wind"]) == [True, False] and table["reason"][1] in REASONS
    assert found["scan"]["bases"] == 2 and found["scan"]["winds"] == 1
    assert found["scan"]["waves_0_km_s_least"] == pytest.approx(table["waves_0_km_s"][0])


def test_particles_stand_beside_the_equation(found):
    passed = found["particles"]
    assert passed["p_GeV"] == [10.0, 100.0, 1000.0] and all(passed["finished"])
    for ratio, error in zip(passed["at_base"], passed["at_base_error"], strict=True):
        assert abs(ratio - 1.0) < 4.0 * error


def test_profiles_can_be_read_without_the_package(folder):
    with h5py.File(folder / f"{NAME}.h5") as file:
        wind, protons = file["wind"], file["protons"]
        assert wind["z_kpc"][0] == pytest.approx(1.0) and wind["z_kpc"][-1] == pytest.approx(300.0)
        flux = wind["density_cm3"][:] * wind["u_km_s"][:] * wind["area"][:]
        np.testing.assert_allclose(flux, flux[0], rtol=1e-9)
        assert protons["n_cm3"].shape == (151, protons["p_GeV"].size) == protons["D_cm2_s"].shape
        assert set(file["fluid"]) == set(wind) and "conventions" in file.attrs


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["n_0=0.004 cm-3"], BOUND),
        (["n_0=0.02 cm-3", "T_0=1e5 K", "B_0=0.5 uG"], HEAVY),
        (["n_0=0.001 cm-3", "T_0=1e5 K", "B_0=3 uG"], NEGATIVE),
        (["n_0=3e-4 cm-3", "T_0=2e6 K", "opening=7.07 kpc"], SLOW),
    ],
)
def test_no_wind_is_said_in_a_line_and_what_was_found_is_kept(settings, reason, tmp_path, capsys):
    told = [part for each in (*[f"{NAME}.{one}" for one in settings], *ALONE) for part in ("--set", each)]
    assert main(["run", "cosmic-ray-wind", "--out", str(tmp_path / "run"), *told]) == 1
    message = [line for line in capsys.readouterr().err.splitlines() if "no wind" in line]
    assert len(message) == 1 and REASONS[reason] in message[0]
    kept = json.loads((tmp_path / "run" / "summary.json").read_text())[NAME]
    assert kept["wind"] is False and kept["reason"] == reason


def test_no_wind_is_an_error_in_python_too(tmp_path):
    with pytest.raises(RunFailed, match=r"cosmic_ray_wind, 0.02 cm\^-3, 300000 K, 1 uG: no wind"):
        execute(
            load("cosmic-ray-wind").with_overrides([f"{NAME}.n_0=0.02 cm-3", *ALONE]), tmp_path / "run", 1
        )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ([f"{NAME}.T_0=0 K"], "cosmic_ray_wind.T_0 = '0 K'"),
        ([f"{NAME}.T_0=-1 K"], "cosmic_ray_wind.T_0"),
        ([f"{NAME}.z_0=0.05 kpc"], "cosmic_ray_wind.z_0"),
        ([f"{NAME}.n_0=2 cm-3"], "cosmic_ray_wind.n_0"),
        ([f"{NAME}.B_0=0 uG"], "cosmic_ray_wind.B_0"),
        ([f"{NAME}.n_scan=['1e-3 cm-3', '1e-3 cm-3']"], "each once"),
        ([f"{NAME}.nonlinear=some"], "cosmic_ray_wind.nonlinear"),
        (["source.E_min=500 TeV"], "ten times source.E_min"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings, named, capsys):
    told = [part for each in settings for part in ("--set", each)]
    assert main(["run", "cosmic-ray-wind", "--dry-run", *told]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message and named in message


def test_options_of_particles_are_refused(tmp_path):
    from crhalo.scenarios.run import RunOptions

    with pytest.raises(ScenarioError, match="--resume"):
        execute(load("cosmic-ray-wind"), tmp_path / "run", 1, options=RunOptions(resume=True))
