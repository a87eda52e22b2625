"""Figures of merit: what the table holds; how fast it is here is nobody's test."""

import json

import pytest
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.validation import importance

ASKED = ("neutrino 100 TeV cgm", "protons 1 PeV sun")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(importance, "OBSERVABLES", ASKED)
    monkeypatch.setattr(importance, "_MERIT_REPEATS", 3)
    monkeypatch.setattr(importance, "_MERIT_PARTICLES", 64)
    energies = ['transport.energy_range=["300 TeV", "3 PeV"]', "transport.r_max=30 kpc"]
    monkeypatch.setattr(importance, "load", lambda name: load(name).with_overrides(energies))


def test_the_table(small, capsys):
    assert main(["bench", "--importance", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["observable"] for row in rows] == [ASKED[0]] * 3 + [ASKED[1]] * 3
    assert [row["sampling"] for row in rows[:3]] == ["plain", "sources", "sources and windows"]
    for row in rows:
        assert 0.0 < row["error"] < 1.0 and row["time_s"] > 0.0
        assert row["figure_of_merit"] == pytest.approx(1.0 / (row["error"] ** 2 * row["time_s"]))
        plain = rows[0 if row["observable"] == ASKED[0] else 3]
        assert row["over_plain"] == pytest.approx(row["figure_of_merit"] / plain["figure_of_merit"])


def test_one_table_at_a_time(capsys):
    for words in (["--scaling", "--importance"], ["--importance", "--device", "cuda"]):
        assert main(["bench", *words]) == 2
        message = capsys.readouterr().err
        assert message.count("\n") == 1 and "allowed" in message
