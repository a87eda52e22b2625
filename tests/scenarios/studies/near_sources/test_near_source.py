"""The study of a source in a flux tube: what it writes, and what is refused before it follows anything."""

import json

import h5py
import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.disc.phases import PHASES
from crhalo.fields.exceptions import RunFailed
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.studies.near_sources.published import PUBLISHED, beside_published
from crhalo.scenarios.studies.near_sources.source import momenta_GeV, phase_of, tube_of, wanted_of

SMALL = [
    "near_source.phases=['hot-ionised', 'diffuse-molecular']", "near_source.cells=40",
    "near_source.age=1 Myr", "near_source.particles=10", "near_source.cloud_mass=1000",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("near") / "run"
    execute(load("near-source").with_overrides(SMALL), out, 1)
    return out


@pytest.fixture(scope="module")
def found(folder):
    return json.loads((folder / "near_source.json").read_text())


def test_every_file_is_there(folder):
    tables = {f"near_source.{end}" for end in ("json", "ecsv", "h5", "png")}
    assert {path.name for path in folder.iterdir()} == {"scenario.toml", "summary.json"} | tables


def test_the_hot_gas_holds_what_damps_no_waves(found):
    hot, molecular = (
        {row["energy_GeV"]: row for row in found["rows"] if row["phase"] == name}
        for name in ("hot-ionised", "diffuse-molecular")
    )
    assert hot[10.0]["over_galactic"] > 4.0 and 0.6 < molecular[10.0]["over_galactic"] < 1.1
    assert (
        hot[10.0]["residence_Myr"] > hot[1e4]["residence_Myr"] > 2.0 * molecular[1e4]["residence_Myr"] * 0.5
    )
    assert hot[10.0]["verdict"] == "diffusive" and molecular[10.0]["grammage_g_cm2"] > 10.0


def test_energy_is_kept_and_steps_are_short_enough(found):
    for one in found["phases"].values():
        assert one["imbalance"] < 1e-9 and one["steps_change"] < 0.03
        shares = one["energy_shares"]
        kept = sum(shares[key] for key in ("in the tube", "escaped", "work", "collisions"))
        assert kept == pytest.approx(1.0, abs=1e-9)


def test_particles_stand_beside_the_equation(found):
    assert {row["phase"] for row in found["particles"]} == {"hot-ionised", "diffuse-molecular"}
    for row in found["particles"]:
        assert row["over_equation"] > 0.7 and row["residence_error_Myr"] > 0.0


def test_published_numbers_have_a_ratio_and_a_reason(found):
    assert {row["phase"] for row in found["published"]} == {"hot-ionised", "diffuse-molecular"}
    assert all(row["why"] and row["ratio"] > 0.0 for row in found["published"])
    row = {"phase": "cold-neutral", "energy_GeV": 10.0, "grammage_g_cm2": 5.0}
    assert beside_published([row])[0]["ratio"] == pytest.approx(0.5)
    assert {one.phase for one in PUBLISHED} <= set(PHASES)


def test_table_and_profiles_can_be_read_without_the_package(folder, found):
    table = Table.read(folder / "near_source.ecsv")
    assert str(table["residence_Myr"].unit) == "Myr" and "[near_source]" in table.meta["scenario"]
    assert len(table) == len(found["rows"]) == 8
    with h5py.File(folder / "near_source.h5") as file:
        one = file["hot-ionised"]
        ages, cells, momenta = one["n_cm3"].shape
        assert one["D_cm2_s"].shape == (ages, cells + 1, momenta) and cells == one["s_kpc"].size == 40
    halo = found["halos"]["hot-ionised"]
    assert np.array(halo["brightness"]).shape == (len(halo["age_Myr"]), 40, 13)


def test_a_cloud_is_its_mass():
    """Half of it in each half of the tube."""
    wanted = wanted_of(load("near-source").with_overrides(["near_source.cloud_mass=1000"]))
    phase = phase_of(wanted, "hot-ionised")
    tube = tube_of(wanted, phase, np.array([1.0, 10.0]), 2.0)
    beyond = ((tube.gas_cm3 - phase.density_cm3) * tube.width_kpc).sum() * tube.area_cm2 * 3.0857e21
    assert beyond * 1.6726e-24 / 1.9884e33 == pytest.approx(1000.0, rel=1e-3)


def test_protons_leave_from_high_to_low_energy():
    scenario = load("near-source").with_overrides(["near_source.release=escape"])
    wanted, p = wanted_of(scenario), momenta_GeV(scenario)
    release = tube_of(wanted, phase_of(wanted, "hot-ionised"), p, 2.0).release_Myr
    assert release[-1] == pytest.approx(2e-4) and (np.diff(release) < 0).all()
    np.testing.assert_allclose(p * release**2.5, p[-1] * release[-1] ** 2.5)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (
            ["near_source.neutral_fraction=1.1", "near_source.phases=['warm-neutral']"],
            "neutral_fraction = 1.1",
        ),
        (["near_source.neutral_fraction=-0.1"], "near_source.neutral_fraction = -0.1"),
        (["near_source.neutral_fraction=0.1"], '"auto" with several phases'),
        (["near_source.cloud_mass=10", "near_source.cloud_distance=120 pc"], "near_source.cloud_distance"),
        (["near_source.cloud_mass=10", "near_source.cloud_distance=98 pc"], "near_source.cloud_distance"),
        (["near_source.energy_erg=2e51"], "up to near_source.explosion_erg = 1e+51"),
        (["near_source.source_length=100 pc"], "near_source.source_length"),
        (["near_source.phases=['lukewarm']"], "near_source.phases"),
        (
            ["near_source.L_c=1 pc", "near_source.source_length=0.5 pc", "source.E_max=10 PeV"],
            "Larmor radius",
        ),
        (["source.E_min=50 TeV"], "ten times source.E_min"),
        (["near_source.nonlinear=some"], "near_source.nonlinear"),
        (["near_source.cells=5"], "near_source.cells = 5"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings, named, capsys):
    told = [part for each in settings for part in ("--set", each)]
    assert main(["run", "near-source", "--dry-run", *told]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message and named in message


def test_options_of_particles_are_refused(tmp_path):
    from crhalo.scenarios.run import RunOptions

    with pytest.raises(ScenarioError, match="--resume"):
        execute(load("near-source"), tmp_path / "run", 1, options=RunOptions(resume=True))


def test_steps_that_do_not_converge_are_told_and_kept(tmp_path, monkeypatch):
    from crhalo.scenarios.studies.near_sources import source

    monkeypatch.setattr(source, "CONVERGED", 1e-6)
    few = ["near_source.phases=['diffuse-molecular']", "near_source.cells=20", "near_source.particles=0"]
    with pytest.raises(RunFailed, match="diffuse-molecular gas: steps do not converge"):
        execute(load("near-source").with_overrides(few), tmp_path / "run", 1)
    assert (tmp_path / "run" / "summary.json").exists()
