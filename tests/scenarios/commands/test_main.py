"""The command line: what it prints, its exit codes, and one line for whatever goes wrong."""

import json
import signal
import subprocess
import sys
import types

import pytest
from cases import each
from crhalo.scenarios import load
from crhalo.scenarios.commands import main as cli
from crhalo.scenarios.commands.failed import Terminated
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.folder import check as finished
from crhalo.scenarios.run import PLAIN, RunOptions

SUMMARY = {"escaped": {"value": 4801, "error": 12.2}}


@pytest.fixture
def pipeline(monkeypatch):
    """A stand-in for the computation, which records what it was asked for."""
    fake = types.ModuleType("crhalo.scenarios.commands.run")
    fake.calls = []

    def execute(scenario, out, threads, progress, options):
        fake.calls.append((scenario, out, threads, options))
        progress("particles", 1, 2)
        out.mkdir(parents=True)
        (out / "summary.json").write_text(json.dumps(SUMMARY))

    fake.execute = execute
    fake.plan = lambda scenario, threads: {"particles": scenario.transport.particles, "threads": threads}
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return fake


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    return tmp_path


def test_list_names_the_scenarios(crhalo):
    code, out, _ = crhalo("list")
    assert code == 0 and "circumgalactic" in out and "free-escape" in out


def test_no_command_is_help(crhalo):
    code, out, _ = crhalo()
    assert code == 0 and all(command in out for command in ("list", "run", "show", "table", "validate"))


def test_version(crhalo):
    code, out, _ = crhalo("--version")
    assert code == 0 and out.startswith("crhalo 0.")


def test_run_passes_the_scenario_as_set(crhalo, pipeline, tmp_path):
    out = tmp_path / "deep" / "run"
    settings = ["--set", "medium.delta_G=200", "--set", "medium.z_B=3 kpc", "--particles", "7", "--seed", "5"]
    code, printed, _ = crhalo("run", "circumgalactic", *settings, "--threads", "2", "--out", str(out))
    ((scenario, folder, threads, options),) = pipeline.calls
    assert (scenario.medium.delta_G, scenario.medium.z_B) == (200.0, 3.0)
    assert (scenario.transport.particles, scenario.transport.seed) == (7, 5)
    assert (folder, threads, code) == (out, 2, 0) and options == PLAIN
    assert "4801 ± 12" in crhalo("show", str(out), "--all")[1] and "summary.json" in printed


def test_run_passes_its_options(crhalo, pipeline, tmp_path):
    given = ["--transport-equation", "--resume", "--precision", "0.1", "--format", "pdf"]
    assert crhalo("run", "circumgalactic", *given, "--out", str(tmp_path / "run"))[0] == 0
    wanted = RunOptions(resume=True, precision=0.1, transport_equation=True, figure_format="pdf")
    assert pipeline.calls[0][3] == wanted


def test_dry_run_computes_and_writes_nothing(crhalo, pipeline, tmp_path):
    code, printed, _ = crhalo(
        "run", "free-escape", "--dry-run", "--threads", "3", "--out", str(tmp_path / "run")
    )
    assert code == 0 and "5440" in printed and not pipeline.calls
    assert not list(tmp_path.iterdir())


BAD_INPUT = [
    (["nowhere"], "'nowhere': no such scenario; allowed: bell-turbulence, cascade-halo"),
    (
        ["circumgalactc"],
        "no such scenario: did you mean circumgalactic or circumgalactic-wind or circumgalactic-limits?",
    ),
    (["none.toml"], "none.toml': no such file"),
    (["circumgalactic", "--set", "medium.zB=3 kpc"], "medium.zB: no such key: did you mean z_B?"),
    (["circumgalactic", "--set", "medium.z_B=3 s"], "medium.z_B = '3 s': allowed: \"0.01 kpc\" to"),
    (["circumgalactic", "--set", "nonsense"], "--set 'nonsense': allowed: table.key=value"),
    (
        ["circumgalactic", "--set", "source.E_min=2 PeV"],
        "source.E_min = '2 PeV': allowed: less than source.E_max",
    ),
    (["circumgalactic", "--particles", "0"], "transport.particles = 0: allowed: a whole number from 1"),
    (["circumgalactic", "--particles", "many"], "transport.particles = 'many'"),
    (["circumgalactic", "--seed", "-1"], "transport.seed = -1: allowed: a whole number from 0"),
    (["circumgalactic", "--threads", "0"], "--threads"),
    (["circumgalactic", "--warp"], "'--warp': no such option; allowed: --set, --particles"),
    (["circumgalactic", "--partcles", "3"], "no such option: did you mean --particles?"),
    (
        ["circumgalactic", "--set", "medium.zB=3", "--set", "source.R_d=3 KPC"],
        "did you mean z_B?; source.R_d = '3 KPC': unknown unit KPC: did you mean kpc?",
    ),
    (["circumgalactic", "extra"], "extra"),
    ([], "NAME"),
]


def test_bad_input_is_one_line_and_leaves_no_folder(crhalo, pipeline, tmp_path):
    def refused(argv, says):
        out = tmp_path / "run"
        code, printed, error = crhalo("run", *argv, "--out", str(out))
        assert (code, printed) == (2, "")
        assert says in error, error
        assert not pipeline.calls and not out.exists()

    each(BAD_INPUT, refused)


UNKNOWN = [
    (["ran"], "'ran': no such command: did you mean run?"),
    (["Show"], "did you mean show? commands are case-sensitive"),
    (["xyzzy"], "'xyzzy': no such command; allowed: list, run"),
    (["--nope"], "'--nope': no such option; allowed: --version"),
    (["table", "--jsn"], "did you mean --json?"),
    (["table", "--nope"], "--json"),
]


def test_unknown_command_or_option_lists_those_that_exist(crhalo):
    def refused(argv, says):
        code, _, error = crhalo(*argv)
        assert code == 2 and says in error, error

    each(UNKNOWN, refused)


def test_folder_of_another_run_is_refused(crhalo, pipeline, tmp_path):
    def refused(name):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        (folder / name).touch()
        code, _, error = crhalo("run", "circumgalactic", "--out", str(folder))
        assert code == 2 and "holds another run" in error and not pipeline.calls

    each(finished.RUN_FILES, refused)


def test_file_in_place_of_the_folder(crhalo, pipeline, tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        code, _, error = crhalo("run", "circumgalactic", "--out", str(out))
        assert code == 2 and f"--out '{out}': Not a directory; allowed: a place that can" in error
        assert not pipeline.calls


def test_read_only_disk_is_found_before_computing(crhalo, pipeline, tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(30, "Read-only file system", "/some/temporary/name")

    monkeypatch.setattr(finished.tempfile, "TemporaryFile", refuse)
    code, _, error = crhalo("run", "circumgalactic", "--out", str(tmp_path / "run"))
    said = f"--out '{tmp_path / 'run'}': Read-only file system; allowed: a place that can be written"
    assert (code, error) == (2, f"crhalo: {said}\n")
    assert not pipeline.calls and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("failure", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "crhalo: interrupted; nothing is kept yet to go on from\n"),
        (
            OSError(28, "No space left on device", "run/result.h5"),
            1,
            "crhalo: run/result.h5: No space left on device\n",
        ),
        (ScenarioError("medium.z_B: too\nlarge"), 2, "crhalo: medium.z_B: too large\n"),
        (Terminated(), 143, "crhalo: terminated; nothing is kept yet to go on from\n"),
        (ConnectionError("the cluster is lost"), 1, "crhalo: the cluster is lost\n"),
        (MemoryError(), 1, "crhalo: out of memory\n"),
        (
            ZeroDivisionError("division by zero"),
            1,
            "crhalo: a fault of crhalo's own: ZeroDivisionError: division by zero; "
            "the same with --debug says where\n",
        ),
    ],
)
def test_failure_while_running_is_one_line(pipeline, tmp_path, capsys, failure, code, line):
    def fail(*_):
        raise failure

    pipeline.execute = fail
    assert cli.main(["run", "circumgalactic", "--out", str(tmp_path / "run")]) == code
    assert capsys.readouterr().err == line


def test_debug_shows_where_an_error_came_from(pipeline, tmp_path, capsys):
    def fail(*_):
        raise ZeroDivisionError("division by zero")

    pipeline.execute = fail
    for argv in (["--debug", "run", "circumgalactic"], ["run", "circumgalactic", "--debug"]):
        assert cli.main([*argv, "--out", str(tmp_path / "run")]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert lines[0].startswith("Traceback") and "in fail" in "".join(lines) and "crhalo:" in lines[-1]


def test_a_stop_says_how_to_go_on_where_something_is_kept(pipeline, tmp_path, capsys):
    def stop(scenario, out, *_):
        out.mkdir()
        (out / "checkpoint-2.1").touch()
        raise KeyboardInterrupt

    pipeline.execute = stop
    assert cli.main(["run", "radio", "--out", str(tmp_path / "run")]) == 130
    assert capsys.readouterr().err == "crhalo: interrupted; the same with --resume goes on\n"
    (tmp_path / "run" / "checkpoint-2.1").rename(tmp_path / "checkpoint-2.1")
    (tmp_path / "run").rmdir()
    assert cli.main(["run", "radio", f"--out={tmp_path / 'run'}"]) == 130
    assert capsys.readouterr().err == "crhalo: interrupted; the same with --resume goes on\n"
    assert cli.main(["run", "radio", "--out", str(tmp_path / "run")]) == 2
    assert "holds an unfinished run; allowed: with --resume" in capsys.readouterr().err


def test_a_finished_run_is_not_taken_for_another(crhalo, pipeline, folder):
    (folder / "scenario.toml").write_text(load("circumgalactic").to_toml())
    out = ["--out", str(folder)]
    assert crhalo("run", "circumgalactic", "--resume", *out)[1] == f"{folder} is finished: nothing to do\n"
    code, _, error = crhalo("run", "circumgalactic", "--particles", "7", "--resume", *out)
    assert code == 2 and "particles = 5440 there, particles = 7 here" in error and not pipeline.calls


@pytest.mark.parametrize(
    ("summary", "argv", "code", "says"),
    [
        ({"provenance": {"precision": 0.2}}, [], 2, "its precision: 0.2 there, null here"),
        ({}, ["--precision", "0.1", "--particles", "5440"], 2, "its precision: null there, 0.1 here"),
        ({"provenance": {"seed": [1, 2]}}, [], 2, "holds merged runs"),
        ({}, ["--transport-equation"], 2, "finished without it"),
        ({"referee": {}}, ["--transport-equation"], 0, "nothing to do"),
        ({"self_consistency": {"converged": False}}, [], 0, "Written to"),
    ],
)
def test_finished_means_what_was_asked_for(capsys, pipeline, tmp_path, summary, argv, code, says):
    (tmp_path / "scenario.toml").write_text(load("circumgalactic").to_toml())
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    pipeline.execute = lambda *_: None  # goes on
    assert cli.main(["run", "circumgalactic", "--resume", *argv, "--out", str(tmp_path)]) == code
    out, err = capsys.readouterr()
    assert says in out + err


def test_precision_leaves_the_most_particles_to_who_says_so(crhalo, pipeline, monkeypatch):
    monkeypatch.setattr("crhalo.scenarios.commands.plan._maps_s", lambda *_: 0.0)
    few = ["--set", "transport.energy_range=['10 TeV', '1 PeV']", "--set", "sky.nside=1"]
    for argv, most in (
        ([], "1000000000"),
        (["--set", "transport.particles=777"], "777"),
        (["--particles", "778"], "778"),
    ):
        assert most in crhalo("run", "circumgalactic", "--precision", "0.1", "--dry-run", *few, *argv)[1]
    orbit = ["--set", "transport.method=orbit", "--precision", "0.1", "--dry-run"]
    code, _, error = crhalo("run", "free-escape", *orbit)
    assert code == 2 and "with --particles" in error


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("icecube-hes", "data 'icecube-hes': did you mean icecube-hese"),
        ("icecube-hese,ams02-protons", "quantity 'protons'; allowed: neutrinos per flavour, gamma rays"),
        ("icecube-hese,", "--data 'icecube-hese,': allowed: names of tables or files"),
        ("", "--data '': allowed: names of tables or files"),
    ],
)
def test_measurements_are_looked_at_before_the_run(crhalo, pipeline, tmp_path, data, says):
    out = tmp_path / "run"
    for more in ([], ["--dry-run"]):
        code, _, error = crhalo("run", "circumgalactic", "--out", str(out), "--data", data, *more)
        assert code == 2 and says in error.replace('"', "'")
    assert not pipeline.calls and not out.exists()


def test_measurements_are_passed_on(crhalo, pipeline, tmp_path):
    argv = ["--data", "icecube-hese, fermi-igrb", "--out", str(tmp_path / "run")]
    assert crhalo("run", "circumgalactic", *argv)[0] == 0
    ((*_, options),) = pipeline.calls
    found = {quantity: [each.label for each in several] for quantity, several in options.data.items()}
    assert found == {
        "neutrinos per flavour": ["IceCube HESE 2021"], "gamma rays": ["Fermi-LAT IGRB 2015"],
    }  # fmt: skip


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_validate_exits_by_what_its_checks_say(capsys, monkeypatch, passed, code):
    check = {
        "name": "slab",
        "value": 1.02,
        "expected": 1.0,
        "error": 0.01,
        "tolerance": 0.05,
        "passed": passed,
    }
    fake = types.ModuleType("crhalo.scenarios.validation.suite")
    fake.run_checks = lambda quick, report: report("slab") or [{**check, "quick": quick}]
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    assert cli.main(["validate", "--quick"]) == code
    out, told = capsys.readouterr()
    assert told == "slab\n"  # what it is at
    assert "1.020 ± 0.010" in out and ("pass" if passed else "FAIL") in out
    assert cli.main(["validate", "--json"]) == code
    assert json.loads(capsys.readouterr().out) == [{**check, "quick": False}]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_while_it_starts_says_one_line(number):
    """Whatever it is importing: the script stops itself from within."""
    script = (
        "import os, sys, importlib.abc\n"
        "class Stop(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'typer': os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from crhalo.scenarios.commands.entry_point import program\n"
        "program()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    said = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[number]
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", f"crhalo: {said}\n")


def test_a_closed_output_is_no_fault():
    script = (
        "import sys; sys.stdout = sys.stderr = None; sys.argv = ['crhalo', 'list']\n"
        "from crhalo.scenarios.commands.entry_point import program\n"
        "program()"
    )
    done = subprocess.run([sys.executable, "-c", script])
    assert done.returncode == 0
