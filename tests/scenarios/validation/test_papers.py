"""The table of the papers' numbers."""

import json

import pytest
from crhalo.scenarios.validation.papers import paper_numbers

ROWS = paper_numbers()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['name']} ({row['source']})")
def test_row_agrees_or_says_why(row):
    assert set(row) - {"note"} == {"name", "source", "unit", "paper", "ours", "ratio"}
    assert row["ratio"] == pytest.approx(1.0, rel=0.1) or row.get("note")


def test_ratio_is_ours_over_the_paper_or_the_nearer_edge_of_its_range():
    for row in ROWS:
        edges = row["paper"] if isinstance(row["paper"], list) else [row["paper"]]
        inside = edges[0] <= row["ours"] <= edges[-1]
        nearest = 1.0 if inside else min((row["ours"] / edge for edge in edges), key=lambda x: abs(x - 1))
        assert row["ratio"] == pytest.approx(nearest, rel=1e-12)


def test_names_are_unique_and_rows_are_plain_json():
    assert len({row["name"] for row in ROWS}) == len(ROWS)
    assert json.loads(json.dumps(ROWS)) == ROWS


@pytest.mark.parametrize(
    "equation",
    [
        *(f"PRL Eq. {number}" for number in (3, 7, 9, 14, 17)),
        *(f"REV Eq. {number}" for number in (4, 8, 9, 10, 11, 15, 19)),
    ],
)
def test_equation_is_covered(equation):
    cited = " ".join(row["source"] for row in ROWS) + " "
    assert f"{equation} " in cited.replace(",", " ")


def test_known_slips_are_told():
    notes = " ".join(row.get("note", "") for row in ROWS)
    for slip in ("36 mb", "1/(4 pi)", "2.25e-8", "L41^-1/2", "c/(3 v_A~)"):
        assert slip in notes
