"""`crhalo scan`: what it writes and prints, and one line for what is not allowed, with nothing written."""

import json
import shutil

import pytest
from crhalo.scenarios.commands import main as cli
from crhalo.scenarios.commands.plan import plan_scan
from crhalo.scenarios.file.scenario import load
from crhalo.scenarios.folder.check import POINTS
from crhalo.scenarios.scanning.grid import axes_of
from crhalo.scenarios.scanning.scan import points_of

GRID = ("--grid", "medium.delta_G=1e3,1e4")
SMALL = [
    *GRID, "--particles", "40", "--threads", "1", "--set", "transport.energy_range=['10 TeV', '1 PeV']",
    "--set", "transport.r_max=25 kpc", "--set", "sky.energies=['1 TeV', '100 TeV', 3]",
]  # fmt: skip
REFUSED = {
    "no grid": (["circumgalactic"], "Missing option '--grid'"),
    "no such key": (["circumgalactic", "--grid", "medium.deltaG=1,2"], "did you mean medium.delta_G"),
    "words": (["circumgalactic", "--grid", "medium.delta_G=few,many"], "'few' is no number; allowed: num"),
    "points": (["circumgalactic", "--grid", "medium.delta_G=1:2:lin100001"], "a range of 2 to 100000 values"),
    "product": (
        ["circumgalactic", "--grid", "medium.delta_G=1:2:lin1000", "--grid", "medium.B0=1:2:lin101 uG"],
        "grid: 101000 points; allowed: 100000",
    ),
    "twice": (["circumgalactic", *GRID, *GRID], "'medium.delta_G' is there twice; allowed: each key once"),
    "duplicate": (["circumgalactic", "--grid", "medium.delta_G=1,1"], "a value is there twice"),
    "study": (["figure-1", "--grid", "medium.z_B=1,2 kpc"], "with a [figure_1]; allowed: one galaxy"),
    "tracks": (["diffusion-check", "--grid", "medium.z_B=1,2 kpc"], "with a [turbulence]"),
    "set and grid": (
        ["circumgalactic", *GRID, "--set", "medium.delta_G=1"],
        "--set 'medium.delta_G=1': allowed: other keys than those of --grid",
    ),
    "seed and grid": (["circumgalactic", "--grid", "transport.seed=1,2", "--seed", "3"], "other keys than"),
    "cluster": (["circumgalactic", *GRID, "--cluster", "here"], "--cluster 'here': allowed: dask://HOST:PORT"),
    "format": (["circumgalactic", *GRID, "--format", "gif"], "allowed: png, pdf"),
    "no such plot": (["circumgalactic", *SMALL, "--plot", "escape"], "'escape': no such quantity"),
    "plot at": (["circumgalactic", *GRID, "--plot", "escape_time_Myr@1 kpc"], "allowed: numbers above zero"),
    "three axes": (
        [
            "circumgalactic", *GRID, "--grid", "medium.z_B=1,2 kpc", "--grid", "source.slope=2,2.1",
            "--plot", "escape_time_Myr",
        ],
        "--plot: a grid of 3 keys; allowed: of one or two",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_one_line_and_leaves_nothing(case, crhalo, tmp_path, coarse_errors):
    given, said = REFUSED[case]
    code, out, err = crhalo("scan", *given, "--out", str(tmp_path / "new"))
    assert code == 2 and said in err and not out, err
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def folder(coarse_errors, tmp_path_factory):
    out = tmp_path_factory.mktemp("scans") / "scan"
    assert cli.main(["scan", "circumgalactic", *SMALL, "--out", str(out), "--plot", "escape_time_Myr"]) == 0
    return out


def test_its_files(folder):
    written = {path.name for path in folder.iterdir()}
    assert written == {"scenario.toml", "scan.nc", POINTS, "summary.json", "escape_time_Myr.png"}
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["grid"] == [{"key": "medium.delta_G", "unit": "1", "values": [1e3, 1e4]}]
    assert summary["quantities"]["escape_time_Myr"] == {
        "unit": "Myr",
        "along": "energy_GeV",
        "has_error": True,
    }
    assert summary["provenance"]["seed"] == 1 and summary["points"] == 2 and not summary["failed"]


def test_a_page_of_it(folder, crhalo):
    code, out, _ = crhalo("show", str(folder))
    said = " ".join(out.split())
    assert code == 0 and "1000, 10000" in said and "2 points of 40 particles" in said
    assert "escape_time_Myr" in said and str(folder) in said


def test_more_is_drawn_of_a_finished_scan(folder, capsys):
    before = (folder / "scan.nc").read_bytes()
    more = ["--resume", "--plot", "energy_stored", "--plot", "grammage_g_cm2_cgm@100TeV", "--format", "pdf"]
    assert cli.main(["scan", "circumgalactic", *SMALL, "--out", str(folder), *more]) == 0
    assert {"energy_stored.pdf", "grammage_g_cm2_cgm_100TeV.pdf"} <= {path.name for path in folder.iterdir()}
    assert (folder / "scan.nc").read_bytes() == before
    for name in ("energy_stored.pdf", "grammage_g_cm2_cgm_100TeV.pdf"):
        (folder / name).unlink()


def test_a_folder_that_is_taken(folder, crhalo, tmp_path):
    other = ["scan", "circumgalactic", *SMALL[2:], "--grid", "medium.delta_G=1e3,2e4", "--out", str(folder)]
    code, _, err = crhalo(*other)
    assert code == 2 and "holds another run" in err
    code, _, err = crhalo(*other, "--resume")
    assert code == 2 and "is of another scan, its grid" in err
    begun = tmp_path / "begun"
    begun.mkdir()
    shutil.copy(folder / POINTS, begun)
    assert "holds an unfinished run; allowed: with --resume" in crhalo(*other[:-1], str(begun))[2]
    run = tmp_path / "run"
    run.mkdir()
    (run / "summary.json").write_text("{}")
    code, _, err = crhalo(*other[:-1], str(run), "--resume")
    assert code == 2 and "holds a run; allowed: a folder with a scan" in err
    code, _, err = crhalo(
        "fit", "milky-way", "--data", "ams02-bc", "--free", "diffusion.D0", "--out", str(begun), "--resume"
    )
    assert code == 2 and "holds a run; allowed: a folder with a fit" in err


def test_what_it_would_cost_is_told_and_nothing_is_written(crhalo, tmp_path, coarse_errors):
    code, out, _ = crhalo("scan", "circumgalactic", *SMALL, "--out", str(tmp_path / "new"), "--dry-run")
    said = dict(line.split() for line in out.splitlines() if len(line.split()) == 2)
    assert code == 0 and not (tmp_path / "new").exists()
    assert (said["points"], said["particles_of_each"]) == ("2", "40")
    assert float(said["time_s_estimated"]) >= float(said["media_and_numbers_time_s_estimated"]) > 0.0
    assert int(said["steps_estimated"]) > 40 and "scan.nc" in out


def test_all_points_of_a_grid_are_counted():
    scenario = load("free-escape").with_overrides(["transport.particles=40"])
    one, many = (
        plan_scan(points_of(scenario, axes_of(scenario, [f"medium.H={values} kpc"])), 1)
        for values in ("4", "3.9,3.95,4,4.05,4.1")
    )
    assert many["points"] == 5
    assert many["steps_estimated"] == pytest.approx(5.0 * one["steps_estimated"], rel=0.3)
    assert many["media_and_numbers_time_s_estimated"] == 5.0 * one["media_and_numbers_time_s_estimated"]


@pytest.mark.parametrize("case", ["no such key", "study", "no such plot", "three axes"])
def test_a_plan_refuses_what_a_scan_refuses(case, crhalo, coarse_errors):
    given, said = REFUSED[case]
    code, out, err = crhalo("scan", *given, "--dry-run")
    assert code == 2 and said in err and not out
