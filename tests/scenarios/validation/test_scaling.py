"""How runs grow: what the table holds, and the model of many cores; how fast it is here is nobody's test."""

import json

import pytest
from astropy.table import Table
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.validation import scaling

KEYS = {"kind", "number", "particles", "time_s", "moves_per_s", "efficiency", "memory_MB"}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(scaling, "PARTICLES", (64, 128))
    monkeypatch.setattr(scaling, "WORKERS", (1,))
    monkeypatch.setattr(scaling, "_BLOCKS_A_THREAD", 1)
    monkeypatch.setattr(scaling, "_ALL_GEV", (1e6, 1e7))
    monkeypatch.setattr(scaling, "cores", lambda: 2)


def test_the_table_and_the_figure(small, tmp_path, capsys):
    out = tmp_path / "scaling"
    assert main(["bench", "--scaling", "--json", "--out", str(out)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(set(row) == KEYS for row in rows)
    kinds = [row["kind"] for row in rows]
    assert kinds[:4] == ["threads", "threads", "particles", "particles"] and kinds.count("model") == 5
    assert [row["number"] for row in rows if row["kind"] == "threads"] == [1, 2]
    assert {path.name for path in out.iterdir()} == {"scaling.ecsv", "scaling.png"}
    table = Table.read(out / "scaling.ecsv")
    assert len(table) == len(rows) and table.meta["machine"]


def test_what_was_there_is_not_written_over(tmp_path, capsys):
    (tmp_path / "kept").write_text("")
    for words in (["--scaling", "--out", str(tmp_path)], ["--out", str(tmp_path / "new")]):
        assert main(["bench", *words]) == 2
        message = capsys.readouterr().err
        assert message.count("\n") == 1 and "--out" in message and "allowed" in message
    assert not (tmp_path / "new").exists()


def test_many_cores_are_held_up_by_what_comes_in_one_by_one():
    """3677 blocks of 4 s: 147 s on 100 cores; where a block takes 0.1 s to add, 368 s at the least."""
    quick = {row["number"]: row["time_s"] for row in scaling.model(272, 4.0, 0.0, 0.0)}
    assert quick[1] == pytest.approx(3677 * 4.0) and quick[100] == pytest.approx(37 * 4.0)
    slow = {row["number"]: row for row in scaling.model(272, 4.0, 0.1, 0.0)}
    assert slow[1000]["time_s"] == pytest.approx(367.8, rel=1e-3) and slow[1000]["efficiency"] < 0.05
    sent = {row["number"]: row["time_s"] for row in scaling.model(272, 4.0, 0.0, 1e8)}
    assert sent[10_000] == pytest.approx(slow[10_000]["time_s"], rel=0.01)
