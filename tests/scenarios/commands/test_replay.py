"""`crhalo replay` and `crhalo merge` on the folder of a small run."""

import shutil

import pytest
from crhalo.maps import read_sky
from crhalo.mc.result import Result
from crhalo.scenarios.commands.main import main

SMALL = [
    "free-escape", "--particles", "400", "--set", 'transport.energy_range=["10 TeV", "100 TeV"]',
    "--set", 'source.E_min="10 TeV"', "--set", 'source.E_max="100 TeV"', "--set", "sky.nside=1",
    "--set", 'sky.energies=["1 TeV", "10 TeV", 2]',
]  # fmt: skip


@pytest.fixture(scope="module")
def runs(coarse_errors, undrawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    with undrawn():
        for seed in ("1", "2"):
            assert main(["run", *SMALL, "--seed", seed, "--out", str(folder / seed)]) == 0
    return folder


def test_a_particle_is_followed_again(runs, capsys):
    assert main(["replay", str(runs / "1"), "77"]) == 0
    header, *lines = (runs / "1" / "track_77.csv").read_text().splitlines()
    assert header.startswith("age_Myr,x_kpc") and len(lines) > 1
    assert (runs / "1" / "track_77.png").stat().st_size > 5000
    assert main(["replay", str(runs / "1"), "400"]) == 2
    assert "allowed: 0 to 399" in capsys.readouterr().err


def test_what_never_was_is_not_followed_again(runs, undrawn, tmp_path, capsys):
    """Nor in a folder whose scenario is no longer that of the run."""
    shutil.copytree(runs / "1", tmp_path / "edited")
    path = tmp_path / "edited" / "scenario.toml"
    path.write_text(path.read_text().replace('H = "4 kpc"', 'H = "5 kpc"'))
    assert main(["replay", str(tmp_path / "edited"), "7"]) == 2
    assert 'another scenario: H = "4 kpc" there, H = "5 kpc" here' in capsys.readouterr().err
    with undrawn():
        assert main(["merge", str(runs / "1"), str(runs / "2"), "--out", str(tmp_path / "both")]) == 0
    capsys.readouterr()
    assert main(["replay", str(tmp_path / "both"), "7"]) == 2
    assert "merged of several runs" in capsys.readouterr().err
    assert main(["run", *SMALL, "--particles", "800", "--resume", "--out", str(tmp_path / "both")]) == 2
    assert "holds merged runs" in capsys.readouterr().err


def test_merging_says_where_there_is_no_run(runs, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["merge", str(runs / "1"), str(tmp_path / "empty"), "--out", str(tmp_path / "both")]) == 2
    assert "no run here; allowed: a folder with a result.h5" in capsys.readouterr().err


def test_a_single_batch_has_no_errors_and_says_so(coarse_errors, undrawn, tmp_path, capsys):
    few = [*SMALL, "--particles", "1"]
    with undrawn():
        assert main(["run", *few, "--out", str(tmp_path / "one")]) == 0
    assert "those of 1 batch only" in capsys.readouterr().out
    assert read_sky(tmp_path / "one" / "sky_gamma.fits").error is None


def test_runs_with_different_seeds_become_one(runs, undrawn, tmp_path, capsys):
    one, two = (Result.read(runs / seed / "result.h5") for seed in ("1", "2"))
    with undrawn():
        assert main(["merge", str(runs / "1"), str(runs / "2"), "--out", str(tmp_path / "both")]) == 0
    assert "Maps and figures: 100%" in capsys.readouterr().err
    both = Result.read(tmp_path / "both" / "result.h5")
    assert both.particles == one.particles + two.particles == 800
    assert main(["merge", str(runs / "1"), str(runs / "1"), "--out", str(tmp_path / "twice")]) == 2
    assert "repeat" in capsys.readouterr().err and not (tmp_path / "twice").exists()


def test_runs_in_another_medium_are_refused_by_name(runs, undrawn, tmp_path, capsys):
    thick = [*SMALL, "--set", "medium.H=5 kpc", "--seed", "3"]
    with undrawn():
        assert main(["run", *thick, "--out", str(tmp_path / "thick")]) == 0
    capsys.readouterr()
    assert main(["merge", str(runs / "1"), str(tmp_path / "thick"), "--out", str(tmp_path / "both")]) == 2
    assert '"H": "4 kpc" there, "H": "5 kpc" here' in capsys.readouterr().err
    assert not (tmp_path / "both").exists()


def test_a_finished_run_has_nothing_to_resume(runs, capsys):
    before = (runs / "1" / "result.h5").read_bytes()
    assert main(["run", *SMALL, "--seed", "1", "--resume", "--out", str(runs / "1")]) == 0
    assert (runs / "1" / "result.h5").read_bytes() == before
