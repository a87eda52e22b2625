"""`crhalo importance` on the folder of a small run, and what it refuses."""

import pytest
from cases import each
from contracts import run_of


@pytest.fixture(scope="module")
def folder(coarse_errors, undrawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with undrawn():
        run_of("circumgalactic").write(folder / "run")
    return folder


def test_it_tells_and_writes(folder, crhalo, undrawn):
    run, what = str(folder / "run"), "neutrino 10 TeV cgm"
    with undrawn():
        code, out, _ = crhalo("importance", run, "--of", what, "--out", str(folder / "new" / "there"))
        assert code == 0 and crhalo("importance", run, "--of", what, "--format", "pdf")[0] == 0
    assert "half of it is injected within 7.07 kpc" in out and "d ln/d ln D" in out
    name = "importance_neutrino_10TeV_cgm"
    assert {path.name for path in (folder / "new" / "there").iterdir()} == {
        f"{name}.{end}" for end in ("h5", "ecsv", "png")
    }
    assert {path.name for path in (folder / "run").glob("importance*")} == {
        f"{name}.{end}" for end in ("h5", "ecsv", "pdf")
    }


def test_what_is_not_allowed_is_refused_and_leaves_nothing(folder, crhalo):
    run, out = folder / "run", folder / "none"
    (folder / "begun").mkdir()
    (folder / "begun" / "checkpoint.0").touch()

    def refused(where, what, said, to=out):
        code, _, line = crhalo("importance", str(where), "--of", what, "--out", str(to))
        assert code == 2 and said in line and "allowed" in line + "allowed: with --resume" * (where != run)
        assert not out.exists()

    ask = "neutrino 10 TeV cgm"
    each(
        [
            (run, "neutrino 10 TeV csm", "did you mean cgm?"),
            (run, "neutrino 10 PeV cgm", "--of: neutrino 10 PeV cgm: allowed: to 1 PeV"),
            (folder / "nowhere", ask, "no such folder"),
            (folder / "begun", ask, "not finished"),
            (run, ask, "a file; allowed: a folder", run / "result.h5"),
        ],
        refused,
    )
    assert crhalo("importance", str(run))[0] == 2
