"""`--log FILE`: what a run does as JSON lines, whatever becomes of it."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from crhalo.fields.exceptions import RunFailed
from crhalo.scenarios import load, progress
from crhalo.scenarios.commands.log import watched
from crhalo.scenarios.commands.main import main

from crhalo import __version__

SCENARIO = load("free-escape").with_overrides(["transport.seed=7"])
SMALL = [
    f"--set={setting}"
    for setting in (
        "transport.energy_range=['10 TeV', '1 PeV']",
        "transport.t_max=1 Myr",
        "sky.nside=8",
        "sky.energies=['1 TeV', '100 TeV', 3]",
    )
]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_from_start_to_end(undrawn, coarse_errors, tmp_path):
    """The events of a small run, in order, after what the file has already."""
    log, out = tmp_path / "run.jsonl", tmp_path / "run"
    log.write_text('{"event": "of an earlier run"}\n')
    asked = ["run", "free-escape", "--particles", "40", "--log", str(log), "--out", str(out)]
    with undrawn():
        assert main([*asked, *SMALL]) == 0
    earlier, start, *others, end = lines_of(log)
    assert earlier["event"] == "of an earlier run"
    assert (start["event"], start["version"]) == ("start", __version__)
    assert (start["seed"], start["particles"], start["folder"]) == (1, 40, str(out))
    assert (end["event"], end["outcome"], end["exit_code"]) == ("end", "finished", 0)
    assert end["seconds"] > 0
    told = [line for line in others if line["event"] == "progress" and line["stage"] == "Particles"]
    assert told[0]["done"] == 0 and told[-1]["done"] == told[-1]["total"] == 40
    times = [datetime.fromisoformat(line["time"]) for line in (start, *others, end)]
    assert times == sorted(times) and all(time.utcoffset() is not None for time in times)


def test_each_line_is_there_while_the_run_goes_on(tmp_path, capsys):
    log = tmp_path / "run.jsonl"
    with watched(log, "run", SCENARIO, tmp_path) as told:
        assert [line["event"] for line in lines_of(log)] == ["start"]
        told("Particles", 0, 10_000)
        progress.say("a note")
        assert lines_of(log)[-1] == lines_of(log)[-1] | {"event": "message", "text": "a note"}
    assert lines_of(log)[0]["seed"] == 7
    # Without a terminal, percentages on standard error, as without a log.
    assert capsys.readouterr().err.splitlines() == ["Particles: 0%", "crhalo: a note"]


def test_a_line_for_each_per_cent(tmp_path):
    with watched(tmp_path / "log", "run", SCENARIO, tmp_path) as told:
        for done in range(5001):
            told("Particles", done, 5000)
    assert len(lines_of(tmp_path / "log")) == 1 + 101 + 1


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [(RunFailed("too many\nare lost"), "failed", 1), (KeyboardInterrupt(), "interrupted", 130)],
)
def test_how_it_ends(tmp_path, error, outcome, code):
    with pytest.raises(type(error)), watched(tmp_path / "log", "run", SCENARIO, tmp_path):
        raise error
    end = lines_of(tmp_path / "log")[-1]
    assert (end["event"], end["outcome"], end["exit_code"]) == ("end", outcome, code)
    assert "\n" not in end["error"] and end["error"]


def test_messages_are_heard_within_it_only(tmp_path):
    with watched(tmp_path / "log", "run", SCENARIO, tmp_path):
        pass
    before = (tmp_path / "log").read_text()
    progress.say("afterwards")
    assert (tmp_path / "log").read_text() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_ends_the_log_but_not_the_run(tmp_path, capsys):
    with watched(Path("/dev/full"), "run", SCENARIO, tmp_path) as told:
        told("Particles", 1, 2)
    assert capsys.readouterr().err.count("the run goes on without a log") == 1


def test_a_log_that_cannot_be_opened_is_one_line(crhalo, tmp_path):
    code, _, err = crhalo("run", "free-escape", "--out", str(tmp_path / "run"), "--log", str(tmp_path))
    assert code == 2 and err.startswith(f"crhalo: --log '{tmp_path}': Is a directory; allowed: a file")
    assert not (tmp_path / "run").exists()
    given = [
        "--grid",
        "medium.H=4 kpc",
        "--out",
        str(tmp_path / "scan"),
        "--log",
        str(tmp_path / "no" / "log"),
    ]
    code, _, err = crhalo("scan", "free-escape", *given)
    assert code == 2 and "--log" in err and not (tmp_path / "scan").exists()
