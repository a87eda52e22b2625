"""What `crhalo bench` gives; how fast it is here is nobody's test."""

import json

import pytest
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.validation import bench


@pytest.fixture
def small(monkeypatch):
    for name, value in {
        "MODES": (8, 16),
        "GRID_CELLS": 8,
        "HYBRID_PARTICLES": 2,
        "WAVES_A_THREAD": 16_000,
    }.items():
        monkeypatch.setattr(bench, name, value)


def test_rows(small, capsys):
    assert main(["bench", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(
        set(row) == {"kernel", "modes", "dtype", "threads", "ns_per_mode", "ns_per_step"} for row in rows
    )
    assert {(row["kernel"], row["dtype"], row["threads"]) for row in rows} == {
        (*kernel, threads)
        for kernel in (
            ("plane waves", "float64"),
            ("plane waves", "float32"),
            ("grid", "float32"),
            ("hybrid", "float64"),
            ("guiding-centre", "float64"),
        )
        for threads in (1, 2)
    }
    assert all(row["ns_per_step"] > 0 for row in rows)
    for row in rows:
        if row["kernel"] == "plane waves":
            assert row["ns_per_mode"] == pytest.approx(row["ns_per_step"] / row["modes"])
