"""Self-made and two-zone halos end to end, small; waves that do not converge; the transport equation."""

import json
from dataclasses import replace
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.mc.checkpoint import digest
from crhalo.mc.result import Result
from crhalo.scenarios import load
from crhalo.scenarios.build import find_medium
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.file.scenario import load_file, load_text
from crhalo.scenarios.products.halo import Halo, halo_summary
from crhalo.scenarios.run import RunOptions, make_run

C_CM_S = 2.99792458e10
SMALL = [
    "transport.particles=200",
    "transport.energy_range=['100 GeV', '10 TeV']",
    "sky.nside=2",
    "sky.energies=['100 GeV', '1 TeV', 2]",
]
FIGURES = {
    "diffusion",
    "proton_spectrum",
    "boron_over_carbon",
    "referee",
    "wave_power",
    "wave_rates",
    "iteration",
}


@pytest.fixture(scope="module")
def folder(coarse_errors, tmp_path_factory):
    out = tmp_path_factory.mktemp("halos") / "run"
    options = RunOptions(transport_equation=True)
    execute(load("cascade-halo").with_overrides(SMALL), out, threads=2, options=options)
    return out


def test_every_product_is_written(folder):
    assert {path.stem for path in folder.glob("*.png")} >= FIGURES
    assert (folder / "waves.h5").exists()


def test_summary_tells_of_the_halo(folder):
    summary = json.loads((folder / "summary.json").read_text())
    halo = summary["halo"]
    assert halo["energy_GeV"] == [100.0, 1e3, 1e4]
    for key in ("D_disc_cm2_s", "half_return_kpc", "grammage_at_sun_g_cm2", "boron_over_carbon"):
        assert all(value > 0 for value in halo[key])
    assert np.all(np.diff(halo["D_disc_cm2_s"]) > 0) and np.all(np.diff(halo["grammage_at_sun_g_cm2"]) < 0)
    # Of the measurement alone, up to its last point at 1.4 TV.
    assert 0.14 < summary["protons_at_sun"]["hardening_AMS_02"] < 0.16
    compared = summary["referee"]
    assert compared["groups_apart"] <= 1 and compared["groups_judged"] >= 2
    rows = json.loads((folder / "referee.json").read_text())["rows"]
    assert {row["status"] for row in rows} <= {"diffusive", "lambda", "grid"}


def test_its_particles_are_followed_again_in_waves_found_again(folder):
    """To the last bit of the medium: a checkpoint or a merged run may rely on it."""
    scenario = load_file(folder / "scenario.toml")
    medium = find_medium(scenario, threads=1)[1]
    assert digest(medium.table) == Result.read(folder / "result.h5").provenance["medium_sha256"]
    assert main(["replay", str(folder), "7"]) == 0
    assert (folder / "track_7.csv").exists()


def test_two_zones_make_a_break_of_their_own():
    run = make_run(load("two-zone").with_overrides(["transport.particles=8"]), threads=1)
    assert run.waves is None
    found = halo_summary(Halo(run))
    D = found["halo"]
    assert D["D_disc_cm2_s"][2] / D["D_disc_cm2_s"][0] == pytest.approx(100**0.18, rel=0.01)
    assert D["D_2_kpc_over_disc"][2] == pytest.approx(100**0.55, rel=0.01)
    assert 0.05 < found["protons_at_sun"]["hardening"] < 0.2


POWER_LAW = """
title = "D as fits of local data have it"
[medium]
halo = "constant"
bell = false
waves = "power-law"
[diffusion]
delta = 0.6
R_break = "300 GV"
delta_high = 0.3
scale = "3 kpc"
[transport]
particles = 8
"""


def test_a_power_law_has_its_break_and_grows_above_the_disc():
    run = make_run(load_text(POWER_LAW), threads=1)
    D = halo_summary(Halo(run))["halo"]
    E = np.array(D["energy_GeV"])
    low, high = (E >= 10.0) & (E <= 100.0), E >= 1e4
    for part, slope in ((low, 0.6), (high, 0.3)):
        log_D = np.log(np.array(D["D_disc_cm2_s"])[part])
        np.testing.assert_allclose(np.diff(log_D) / np.diff(np.log(E[part])), slope, atol=0.02)
    np.testing.assert_allclose(D["D_2_kpc_over_disc"], np.exp(2.0 / 3.0), rtol=0.02)


@pytest.mark.parametrize(
    "setting, line",
    [
        ("medium.waves=nlld", '"power-law" with a [diffusion]'),
        ("diffusion.D0=1 kpc", "diffusion.D0"),
        ("diffusion.delta=9", "diffusion.delta"),
        ("diffusion.R_break=5 GeV", "diffusion.R_break"),
        ("diffusion.scale=0.01 kpc", "diffusion.scale"),
        ("transport.method=orbit", "transport.method"),
    ],
)
def test_a_power_law_that_makes_no_sense_is_refused_by_name(setting, line):
    with pytest.raises(ScenarioError) as refused:
        load_text(POWER_LAW).with_overrides([setting])
    assert line in str(refused.value) and "allowed" in str(refused.value)


FLAT = """
title = "A slab of one D, and a disc so wide that only its height matters"
[medium]
halo = "constant"
H = "2 kpc"
bell = false
waves = "power-law"
[diffusion]
delta = 0.5
[source]
R_d = "20 kpc"
[transport]
particles = 8
"""


@pytest.fixture(scope="module")
def flat():
    return Halo(make_run(load_text(FLAT), threads=1))


def gradient_scale_kpc(halo, dipole, E):
    """n/|grad n| that a dipole 3 D |grad n|/(n c) stands for."""
    return 3.0 * halo.D_cm2_s(E, np.array([0.0]))[:, 0] / (C_CM_S * KPC_CM * dipole)


def test_dipole_above_a_flat_source_is_that_of_a_straight_fall(flat):
    """n ~ H + 0.71 lambda - z; losses take 2% at 1 TeV, bins of energy 0.3%."""
    E = np.array([1e3, 1e5])
    outwards, away = flat.dipole(E)
    free_path = 3.0 * flat.D_cm2_s(E, np.array([0.0]))[:, 0] / C_CM_S / KPC_CM
    known = 2.0 + 0.7104461 * free_path - 0.0208
    np.testing.assert_allclose(gradient_scale_kpc(flat, away, E), known, rtol=0.01)
    assert np.all(np.abs(outwards) < 1e-3 * away)


def test_dipole_of_an_exponential_fall_along_R(flat):
    """n ~ exp(-R/5 kpc) at all heights has a scale of 5 kpc, and points outwards; half the D is noticed."""
    solution = flat.run.at_the_sun.protons
    R, _ = solution.cells.centres_kpc
    fall = replace(solution, protons_kpc3=np.exp(-R / 5.0) * np.ones_like(solution.protons_kpc3))
    E = np.array([1e2, 1e4])
    local = SimpleNamespace(protons=fall, cells=solution.cells)
    halo = Halo(SimpleNamespace(galaxy=flat.run.galaxy, at_the_sun=local))
    outwards, away = halo.dipole(E)
    np.testing.assert_allclose(gradient_scale_kpc(halo, outwards, E), 5.0, rtol=0.01)
    assert np.all(np.abs(away) < 1e-6 * outwards)
    assert np.all(np.abs(gradient_scale_kpc(halo, outwards / 2.0, E) / 5.0 - 1.0) > 0.5)


def test_summary_has_the_dipole(folder):
    found = json.loads((folder / "summary.json").read_text())["dipole_anisotropy"]
    assert found["energy_GeV"] == [100.0, 1e3, 1e4] and np.all(np.diff(found["amplitude"]) > 0)
    np.testing.assert_allclose(np.hypot(found["outwards"], found["away_from_plane"]), found["amplitude"])


def test_waves_are_kept_with_their_units(folder):
    with h5py.File(folder / "waves.h5") as file:
        assert file["D_kpc2_Myr"].attrs["unit"] == "kpc2/Myr"
        assert file["power"].shape == (file["height_kpc"].size, file["wavenumber_kpc"].size)
        assert np.all(file["power"][...] > 0)
        assert "converged after" in json.loads(file.attrs["provenance"])["verdict"]


def test_waves_that_do_not_converge_end_with_one_line_and_keep_what_there_is(tmp_path, capsys):
    out = tmp_path / "run"
    settings = [f"--set={each}" for each in [*SMALL, "self_consistency.most_rounds=2"]]
    assert main(["run", "self-generated-halo", "--out", str(out), *settings]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("crhalo: not converged after 2 rounds") and str(out) in line
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
        ("self-generated-halo", "self_consistency.seed=1", "self_consistency.seed"),
        ("two-zone", "two_zone.D0=1 kpc", "two_zone.D0"),
        ("two-zone", "medium.H=0.1 kpc", "medium.H"),
        ("self-controlled", "medium.bell=false", "medium.bell"),
        ("cascade-halo", "transport.energy_range=['1 TeV', '2 TeV']", "transport.energy_range"),
        ("two-zone", "two_zone.slope_disc=9", "two_zone.slope_disc"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name, setting, line):
    with pytest.raises(ScenarioError) as refused:
        load(name).with_overrides([setting])
    assert line in str(refused.value) and "allowed" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name, setting",
    [
        ("diffusion-check", "title=tracks have a test of their own"),
        ("free-escape", "transport.energy_range=['1 TeV', '2 TeV']"),
        ("free-escape", "medium.H=0.1 kpc"),
    ],
)
def test_where_the_transport_equation_has_no_say(name, setting, tmp_path):
    scenario, options = load(name).with_overrides([setting]), RunOptions(transport_equation=True)
    with pytest.raises(ScenarioError, match="--transport-equation"):
        execute(scenario, tmp_path / "run", threads=1, options=options)
    assert not (tmp_path / "run").exists()


def test_where_nothing_is_injected_waves_are_still_found():
    """Bins below E_min and far above E_max, and a disc between the edges of cells."""
    scenario = load("self-generated-halo").with_overrides(
        [
            "source.E_min=10 GeV", "source.E_max=1 TeV", "source.R_d=10.4 kpc",
            "transport.energy_range=['1 GeV', '10 PeV']", "transport.particles=8",
        ]
    )  # fmt: skip
    run = make_run(scenario, threads=1)
    assert run.waves.converged and np.all(np.isfinite(run.waves.diffusion.D_kpc2_Myr))
    found = Halo(run).D_of_particles(np.array([100.0]), 1.0)
    assert np.isfinite(found.value).all()
