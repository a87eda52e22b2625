"""Self-made and two-zone halos end to end, small; waves that do not settle; a run with its referee."""

import json

import h5py
import numpy as np
import pytest
from crhalo.scenarios import load
from crhalo.scenarios.cli import main
from crhalo.scenarios.pipeline import execute
from crhalo.scenarios.values import ScenarioError

SMALL = [
    "transport.particles=200",
    "transport.energy_range=['100 GeV', '10 TeV']",
    "sky.nside=8",
    "sky.energies=['100 GeV', '1 TeV', 2]",
]
FIGURES = {"diffusion", "proton_spectrum", "boron_over_carbon", "referee"}
OF_WAVES = {"wave_power", "wave_rates", "iteration"}


@pytest.fixture(scope="module", params=["cascade-halo", "two-zone"])
def folder(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("halos") / request.param
    execute(load(request.param).with_overrides(SMALL), out, threads=2, referee=True)
    return out


def test_every_product_is_written(folder):
    written = {path.stem for path in folder.glob("*.png")}
    assert written >= (FIGURES | OF_WAVES if folder.name == "cascade-halo" else FIGURES)
    assert (folder / "waves.h5").exists() == (folder.name == "cascade-halo")


def test_summary_tells_of_the_halo(folder):
    summary = json.loads((folder / "summary.json").read_text())
    halo = summary["halo"]
    assert halo["energy_GeV"] == [100.0, 1e3, 1e4]
    for key in ("D_disc_cm2_s", "half_return_kpc", "grammage_at_sun_g_cm2", "boron_over_carbon"):
        assert all(value > 0 for value in halo[key])
    assert np.all(np.diff(halo["D_disc_cm2_s"]) > 0) and np.all(np.diff(halo["grammage_at_sun_g_cm2"]) < 0)
    assert 0.15 < summary["protons_at_sun"]["hardening_AMS_02"] < 0.17
    judged = summary["referee"]
    assert judged["groups_apart"] <= 1 and judged["groups_judged"] >= 2
    rows = json.loads((folder / "referee.json").read_text())["rows"]
    assert {row["status"] for row in rows} <= {"diffusive", "lambda", "grid"}


def test_waves_are_kept_with_their_units(folder):
    if folder.name != "cascade-halo":
        pytest.skip("no waves there")
    with h5py.File(folder / "waves.h5") as file:
        assert file["D_kpc2_Myr"].attrs["unit"] == "kpc2/Myr"
        assert file["power"].shape == (file["height_kpc"].size, file["wavenumber_kpc"].size)
        assert np.all(file["power"][...] > 0)
        assert "settled after" in json.loads(file.attrs["provenance"])["verdict"]


def test_waves_that_do_not_settle_end_with_one_line_and_keep_what_there_is(tmp_path, capsys):
    out = tmp_path / "run"
    settings = [f"--set={each}" for each in [*SMALL, "self_consistency.most_rounds=2"]]
    assert main(["run", "self-generated-halo", "--out", str(out), *settings]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("crhalo: not settled after 2 rounds") and str(out) in line
    assert {"waves.h5", "summary.json", "scenario.toml", "iteration.png"} <= {p.name for p in out.iterdir()}
    assert not (out / "result.h5").exists()
    kept = json.loads((out / "summary.json").read_text())["self_consistency"]
    assert kept["converged"] is False and len(kept["residuals"]) == 2


@pytest.mark.parametrize(
    "name, setting, line",
    [
        ("circumgalactic", "medium.waves=self-consistent", "medium.waves"),
        ("circumgalactic", "medium.waves=two-zone", "medium.waves"),
        ("circumgalactic", "self_consistency.growth=true", "[self_consistency]"),
        ("self-generated-halo", "medium.waves=nlld", "medium.waves"),
        ("self-generated-halo", "self_consistency.nonlinear_landau=false", "nonlinear_landau"),
        ("self-generated-halo", "self_consistency.injected_power=0.1", "injected_power"),
        ("self-generated-halo", "self_consistency.growth=false", "growth"),
        ("self-generated-halo", "transport.method=orbit", "transport.method"),
        ("self-controlled", "self_consistency.advected=true", "self_consistency.advected"),
        ("two-zone", "two_zone.D0=1 kpc", "two_zone.D0"),
        ("two-zone", "two_zone.slope_disc=9", "two_zone.slope_disc"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name, setting, line):
    with pytest.raises(ScenarioError) as refused:
        load(name).with_overrides([setting])
    assert line in str(refused.value) and "allowed" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_tracks_have_no_referee(tmp_path):
    with pytest.raises(ScenarioError, match="--referee"):
        execute(load("diffusion-check"), tmp_path / "run", threads=1, referee=True)
