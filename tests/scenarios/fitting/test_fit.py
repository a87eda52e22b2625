"""A fit from end to end: from Python, as a command, stopped and taken up again; its files, its refusals."""

import json

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import NotConverged, RunFailed, UserError
from crhalo.scenarios import fit, load
from crhalo.scenarios.commands import main as cli
from crhalo.scenarios.fitting import fit as module
from crhalo.scenarios.fitting import posterior
from crhalo.scenarios.fitting.free_keys import free_keys
from crhalo.scenarios.fitting.local_data import measured_at_sun
from crhalo.scenarios.fitting.predictions import Predictions
from mocks import coordinates_of

FREE, DATA, RANGE = ("source.slope", "source.L_CR"), "ams02-protons", "200 GV,2 TV"
COMMAND = ["fit", "milky-way", "--data", DATA, "--free", ",".join(FREE), "--range", RANGE]
FILES = {
    "scenario.toml", "fitted.toml", "summary.json", "parameters.ecsv", "points.ecsv", "fit.png",
    "evaluations.jsonl",
}  # fmt: skip
OF_POSTERIOR = {"posterior.ecsv", "corner.png", "emulator.png"}


@pytest.fixture(scope="module", autouse=True)
def short_chains():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posterior, "_STEPS", 300)
        patch.setattr(posterior, "_TIMES_CORRELATION", 10)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("fit") / "one"
    assert cli.main([*COMMAND, "--posterior", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def found():
    return fit(load("milky-way"), [DATA], FREE, range_GV=RANGE.split(","))


def test_it_writes_its_files_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == FILES | OF_POSTERIOR


def test_the_command_finds_what_python_finds(folder, found):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["chi2"] == found.best.chi2
    for row in found.parameters():
        told = summary["parameters"][row["key"]]
        assert told["value"] == row["value"] and told["error"] == row["error"]
        assert told["quantile_16"] < told["quantile_50"] < told["quantile_84"]
    assert load(folder / "fitted.toml") == found.fitted
    assert summary["posterior"]["emulator_error_over_data"] < 0.3
    assert summary["provenance"]["scenario"] == load("milky-way").to_toml()


def test_what_was_found_fits_better_than_the_start(found):
    start = Predictions(found.scenario, found.keys, found.measured)
    one = found.measured[0]
    off = (start.at(coordinates_of(start)) - one.value) / one.above
    assert found.best.chi2 < off @ off
    assert found.degrees_of_freedom == one.value.size - 2 and found.best.chi2 < 2 * one.value.size


def test_tables_have_units_and_what_they_come_from(folder):
    points = Table.read(folder / "points.ecsv", format="ascii.ecsv")
    assert points["rigidity_GV"].unit == "GV" and "AMS-02 2021" in points["experiment"]
    assert "pull" in points.meta["conventions"] and points.meta["version"]
    off = points["model"] - points["measured"]
    error = np.where(off > 0, points["error_high"], points["error_low"])
    assert np.allclose(off / error, points["pull"])
    parameters = Table.read(folder / "parameters.ecsv", format="ascii.ecsv")
    assert list(parameters["key"]) == list(FREE) and list(parameters["unit"]) == ["1", "erg/s"]
    assert np.allclose(parameters["correlation_source.slope"][0], 1.0)
    samples = Table.read(folder / "posterior.ecsv", format="ascii.ecsv")
    for row in parameters:
        assert abs(np.median(samples[row["key"]]) - row["value"]) < 0.5 * row["error"]
        assert np.std(samples[row["key"]]) == pytest.approx(row["error"], rel=0.3)


def test_stopped_and_resumed_it_gives_the_same_bits(folder, tmp_path):
    lines = (folder / "evaluations.jsonl").read_bytes().split(b"\n")
    (tmp_path / "evaluations.jsonl").write_bytes(b"\n".join(lines[:9]) + lines[9][:20])
    command = [*COMMAND, "--posterior", "--out", str(tmp_path)]
    assert cli.main(command) == 2
    assert cli.main([*command, "--resume"]) == 0
    for name in ("posterior.ecsv", "parameters.ecsv", "fitted.toml", "points.ecsv", "evaluations.jsonl"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    # Gone on with, but without a posterior, it leaves none of the files of that.
    assert cli.main([*COMMAND, "--out", str(tmp_path), "--resume"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_show_prints_it(folder, capsys):
    assert cli.main(["show", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "source.slope" in out and "posterior, 16% to 84%" in out and "chi^2" in out
    assert cli.main(["show", str(folder), "--json"]) == 0


def test_a_folder_that_holds_a_fit_or_a_run_is_left_alone(folder, tmp_path, capsys):
    assert cli.main([*COMMAND, "--out", str(folder)]) == 2
    assert "holds another run" in capsys.readouterr().err
    (tmp_path / "summary.json").write_text("{}")
    assert cli.main([*COMMAND, "--out", str(tmp_path), "--resume"]) == 2
    assert "holds a run; allowed: a folder with a fit" in capsys.readouterr().err
    assert cli.main([*COMMAND, "--set", "medium.H=4 kpc", "--out", str(folder), "--resume"]) == 2
    assert "is of another fit, its scenario: H =" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--free", "medium.D0"], "did you mean diffusion.D0?"),
        (["--free", "source.slope,"], "--free 'source.slope,': allowed: keys of the scenario"),
        (["--free", "source.slope,transport.t_max"], "transport.t_max: the data cannot tell this"),
        (["--data", "fermi-igrb"], "quantity 'gamma rays'; allowed in a fit"),
        (["--range", "20 GV"], "--range '20 GV': allowed: two rigidities"),
        (["--range", "2 TV,20 GV"], "range_GV"),
        (["--set", "source.slope=9"], "source.slope = 9: allowed: a number from 1 to 4"),
        (["--format", "gif"], "--format 'gif'"),
    ],
)
def test_what_is_refused_writes_nothing(change, said, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main([*COMMAND, *change, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("figure-1", [], r"a scenario with a \[figure_1\]"),
        ("diffusion-check", [], r"a scenario with a \[turbulence\]"),
        ("m31", [], r"with an \[observer\]"),
        ("circumgalactic", ["medium.current=measured"], "medium.current"),
        ("self-generated-halo", ["self_consistency.solver=particles"], "self_consistency.solver"),
        ("milky-way", ["transport.energy_range=['1 TeV', '5 TeV']"], "transport.energy_range"),
    ],
)
def test_what_the_equation_does_not_say_is_refused(name, settings, said):
    with pytest.raises(UserError, match=said):
        fit(load(name).with_overrides(settings), [DATA], ["source.slope"], range_GV=(20.0, 2000.0))


def test_a_posterior_that_fails_keeps_the_best_fit(tmp_path, monkeypatch, capsys):
    def broken(*_):
        raise NotConverged("too wide")

    monkeypatch.setattr(module, "sample", broken)
    out = tmp_path / "out"
    assert cli.main([*COMMAND, "--posterior", "--out", str(out)]) == 1
    assert f"too wide; what was found is kept: {out}" in capsys.readouterr().err
    assert {path.name for path in out.iterdir()} == FILES


def test_a_fit_that_does_not_fit_says_so(tmp_path, capsys):
    """Far below its slope, chi^2 has another minimum: it is not passed off as a result."""
    out = tmp_path / "out"
    words = [*COMMAND[:5], "source.slope", *COMMAND[6:], "--set", "source.slope=1", "--out", str(out)]
    assert cli.main(words) == 0
    assert "! chi^2 is" in capsys.readouterr().out
    assert "errors mean nothing" in json.loads((out / "summary.json").read_text())["note"]


def test_a_fit_that_fails_keeps_what_it_solved(tmp_path, monkeypatch, capsys):
    def broken(*_):
        raise RunFailed("it broke")

    monkeypatch.setattr(module, "best_fit", broken)
    assert cli.main([*COMMAND, "--out", str(tmp_path / "out")]) == 1
    assert f"it broke; what was found is kept: {tmp_path / 'out'}" in capsys.readouterr().err
    assert (tmp_path / "out" / "evaluations.jsonl").is_file()


def test_a_luminosity_that_drives_the_outflow_is_solved_anew():
    """In a medium that hangs on it; elsewhere fluxes just rise with it."""
    scenario = load("circumgalactic").with_overrides(["medium.delta_G=100", "transport.r_max=30 kpc"])
    predictions = Predictions(
        scenario, free_keys(scenario, ["source.L_CR"]), measured_at_sun(scenario, [DATA], (300.0, 2000.0))
    )
    slopes = predictions.slopes(np.array([np.log(scenario.source.L_CR)]))
    assert np.all(np.abs(slopes - 1.0) > 1e-3)
