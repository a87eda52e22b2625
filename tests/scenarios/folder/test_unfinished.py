"""A run that is not finished: what is said of it, and that the command it names goes on with that run."""

import shlex
from itertools import pairwise

import pytest
from crhalo.mc.checkpoint import Checkpoint, write
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import _asked_for, main
from crhalo.scenarios.file.scenario import load_text
from crhalo.scenarios.folder.unfinished import command_to_finish

SETTINGS = [
    "medium.delta_G=10",
    "medium.z_B=3 kpc",
    'transport.energy_range=["10 TeV", "100 TeV"]',
    "title=of my own",
]


def stopped(folder, scenario, precision=None, name="checkpoint.1"):
    folder.mkdir(exist_ok=True)
    write(folder / name, Checkpoint({"scenario": scenario.to_toml(), "precision": precision}, 0, [], []))
    return folder


def asked_for(command):
    """The scenario that a command of `crhalo run` asks for."""
    crhalo, run, name, *options = shlex.split(command)
    assert (crhalo, run, options[-1]) == ("crhalo", "run", "--resume")
    settings = [value for option, value in pairwise(options) if option == "--set"]
    return _asked_for(name, settings, None, None, 0.1 if "--precision" in options else None)


@pytest.mark.parametrize("name", ["circumgalactic", "two-zone", "m31", "self-controlled"])
@pytest.mark.parametrize("precision", [None, 0.1])
def test_the_command_asks_for_the_same_run(tmp_path, name, precision):
    scenario = load(name).with_overrides([*SETTINGS[:1], "transport.seed=7", "title=of my own"])
    command = command_to_finish(stopped(tmp_path / "a run", scenario, precision))
    assert asked_for(command) == scenario
    assert ("--precision 0.1" in command) is (precision is not None)
    assert command.startswith(f"crhalo run {name} --set ") and f"--out '{tmp_path / 'a run'}'" in command


def test_values_survive_the_shell(tmp_path):
    scenario = load("circumgalactic").with_overrides(SETTINGS)
    assert asked_for(command_to_finish(stopped(tmp_path, scenario))) == scenario


def test_a_scenario_in_the_folder_is_taken(tmp_path):
    scenario = load("circumgalactic").with_overrides(SETTINGS)
    stopped(tmp_path, scenario)
    (tmp_path / "scenario.toml").write_text(scenario.to_toml())
    command = command_to_finish(tmp_path)
    assert command == f"crhalo run {tmp_path}/scenario.toml --out {tmp_path} --resume"


def test_what_cannot_be_told_is_not_guessed(tmp_path):
    scenario = load("circumgalactic")
    own = load_text('title = "x"\n[medium]\n' + scenario.to_toml().partition("[medium]\n")[2])
    studies = stopped(tmp_path / "study", own, name="checkpoint-2.0")
    damaged = stopped(tmp_path / "damaged", own)
    (damaged / "checkpoint.1").write_bytes(b"damaged")
    for folder in (studies, damaged):
        assert command_to_finish(folder) == f"the command that started it, with --out {folder} --resume"


@pytest.mark.parametrize("argv", [["show"], ["replay", "7"], ["merge"]])
def test_commands_on_an_unfinished_run_say_how_to_finish_it(tmp_path, capsys, argv):
    folder = stopped(tmp_path / "run", load("circumgalactic").with_overrides(["medium.delta_G=10"]))
    command, *rest = argv
    folders = [str(folder)] * (2 if command == "merge" else 1)
    out = ["--out", str(tmp_path / "both")] if command == "merge" else []
    assert main([command, *folders, *rest, *out]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"crhalo: '{folder}': not finished (stopped, or still at work); to finish it: "
        f"crhalo run circumgalactic --set medium.delta_G=10.0 --out {folder} --resume\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("argv", [["show"], ["replay", "7"], ["merge"]])
@pytest.mark.parametrize(("exists", "says"), [(True, "no run here"), (False, "no such folder")])
def test_a_folder_without_a_run_says_so(tmp_path, capsys, argv, exists, says):
    folder = tmp_path / "none"
    if exists:
        folder.mkdir()
    command, *rest = argv
    folders = [str(folder)] * (2 if command == "merge" else 1)
    assert main([command, *folders, *rest]) == 2
    assert f"'{folder}': {says}; allowed: a folder with a " in capsys.readouterr().err


def test_a_run_that_was_given_up_says_so(tmp_path, capsys):
    stopped(tmp_path, load("circumgalactic"))
    (tmp_path / "lost.json").write_text('{"lost_particles": [7]}')
    assert main(["show", str(tmp_path)]) == 2
    assert "a run that was given up; allowed: crhalo replay" in capsys.readouterr().err
