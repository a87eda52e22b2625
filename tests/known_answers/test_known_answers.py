"""Every known answer that is quick to compute comes out, and a slow one with few particles."""

import math

import pytest
from crhalo.scenarios.validation import along_the_field, suite

SCALES = {function.__name__: scale for function, scale in suite.QUICK}


def test_each_check_is_there_once_and_in_the_full_set_too():
    assert len(SCALES) == len(suite.QUICK)
    full = [function.__name__ for function, _ in suite.FULL]
    assert len(full) == len(set(full)) and set(SCALES) <= set(full)


@pytest.mark.parametrize("name", SCALES)
def test_known_answers(name):
    rows = getattr(suite, name)(SCALES[name])
    for row in rows:
        assert list(row) == ["name", "value", "expected", "error", "tolerance", "passed"]
        assert isinstance(row["name"], str) and isinstance(row["passed"], bool)
        numbers = [row[key] for key in ("value", "expected", "error", "tolerance")]
        assert all(isinstance(x, float) and math.isfinite(x) for x in numbers), row
        assert row["error"] >= 0.0 < row["tolerance"]
        close = abs(row["value"] - row["expected"]) <= row["tolerance"]
        assert row["passed"] == (close and row["error"] <= 0.5 * row["tolerance"])
    assert rows and len({row["name"] for row in rows}) == len(rows)
    failed = [row for row in rows if not row["passed"]]
    assert not failed, "\n".join(str(row) for row in failed)


def test_all_are_asked_for_and_told(monkeypatch):
    def first(scale):
        """First line.

        And more.
        """
        return [{"name": "first", "value": scale}]

    def second(scale):
        """Second."""
        return [{"name": "second", "value": scale}, {"name": "third", "value": scale}]

    monkeypatch.setattr(suite, "QUICK", ((first, 0.5),))
    monkeypatch.setattr(suite, "FULL", ((second, 1.0), (first, 1.0)))
    told = []
    assert suite.run_checks(quick=True, report=told.append) == [{"name": "first", "value": 0.5}]
    assert told == ["First line."]
    assert [row["name"] for row in suite.run_checks(quick=False)] == ["second", "third", "first"]


def test_the_box_stays_well_mixed():
    """Sixteen particles of ~1e6 moves: the mean is good to 0.3%, though too few replicas give its error."""
    for row in suite.well_mixed(1 / 12):
        assert abs(row["value"] - row["expected"]) <= row["tolerance"], row


def test_who_comes_back_from_behind_an_oblique_wall_leaves_it_along_its_line():
    """A part of `oblique_wall`, which takes a minute: with the rest of the step 11% too many are in front."""
    for row in along_the_field._oblique(60, 0.0, 0.02, 3e-3, 6000):
        assert row["error"] < 0.012 and abs(row["value"] - 1.0) < 0.02 + row["error"], row
