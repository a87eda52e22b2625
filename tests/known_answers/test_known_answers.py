"""Every known answer that is quick to compute comes out, and a slow one with few particles."""

import math

import pytest
from crhalo.scenarios.validation.suite import run_checks, well_mixed


@pytest.fixture(scope="module")
def rows():
    return run_checks(quick=True)


def test_rows_say_what_was_measured(rows):
    for row in rows:
        assert list(row) == ["name", "value", "expected", "error", "tolerance", "passed"]
        assert isinstance(row["name"], str) and isinstance(row["passed"], bool)
        numbers = [row[key] for key in ("value", "expected", "error", "tolerance")]
        assert all(isinstance(x, float) and math.isfinite(x) for x in numbers), row
        assert row["error"] >= 0.0 < row["tolerance"]
        close = abs(row["value"] - row["expected"]) <= row["tolerance"]
        assert row["passed"] == (close and row["error"] <= 0.5 * row["tolerance"])
    assert len({row["name"] for row in rows}) == len(rows)


def test_known_answers(rows):
    failed = [row for row in rows if not row["passed"]]
    assert not failed, "\n".join(str(row) for row in failed)


def test_the_box_stays_well_mixed():
    """Sixteen particles of ~1e6 moves: the mean is good to 0.3%, though too few replicas give its error."""
    for row in well_mixed(1 / 12):
        assert abs(row["value"] - row["expected"]) <= row["tolerance"], row
