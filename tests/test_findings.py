"""docs/findings.md is what its template makes of the kept results: no number in it is typed."""

import copy
import doctest
import importlib.util
import json
from itertools import pairwise
from pathlib import Path

import pytest
from crhalo.scenarios.file.scenario import load

PATH = Path(__file__).parents[1] / "docs" / "findings" / "make.py"
SPEC = importlib.util.spec_from_file_location("make_findings", PATH)
make = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make)

TEMPLATE = make.TEMPLATE.read_text("utf-8")
FEW = {
    "runs": {
        "one": {
            "particles": 5440,
            "flag": "diffusive",
            "energy_GeV": [10.0, 1000.0],
            "ratio": {"value": [8187.3, 2.2849e-4], "error": [312.4, 4.2e-6]},
            "share": [0.0261, 0.5726],
            "limit_GeV": {"value": 16012.0, "error": 5830.0},
            "over_data": {"rigidity_GV": [10.0, 1000.0], "value": [5.1, 48.3], "error": [0.25, 3.7]},
            "range": [0.648, 1.056],
            "D_0.5_kpc": {"energy_GeV": [50.0], "at 1 PeV, dotted": [None]},
        },
        "two": {"energy_GeV": [10.0, 1000.0], "ratio": {"value": [2000.0, 0.0], "error": [200.0, 0.0]}},
    }
}


@pytest.fixture(scope="module")
def kept():
    return json.loads(make.KEPT.read_text("utf-8"))


def test_the_page_is_what_the_kept_results_say(kept):
    assert make.render(TEMPLATE, kept) == make.PAGE.read_text("utf-8"), "make findings, or make.py --render"


def test_the_page_changes_with_a_kept_number(kept):
    """The twin."""
    other = copy.deepcopy(kept)
    other["runs"]["circumgalactic"]["density_over_free_escape"]["value"][3] *= 1.5
    assert make.render(TEMPLATE, other) != make.PAGE.read_text("utf-8")


def test_kept_runs_are_of_this_version_and_of_the_size_that_is_asked_for(kept):
    assert list(kept["runs"]) == list(make.RUNS)
    for name, run in kept["runs"].items():
        scenario, *words = make.RUNS[name]
        assert (run["scenario"], run["options"]) == (scenario, " ".join(words)), name
        given = dict(pairwise(words)).get("--particles", load(scenario).transport.particles)
        asked = (make.VERSION, make.SEED, int(given))
        assert (run["version"], run["seed"], run["particles"]) == asked, name


def test_kept_results_are_small():
    assert make.KEPT.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("placeholder", "text"),
    {
        "one.ratio @ 10 GeV": "8190 &plusmn; 310",
        "one.ratio @ 10 GeV | 1 TeV": "8190 &plusmn; 310 | (2.285 &plusmn; 0.042)&times;10<sup>-4</sup>",
        "one.ratio @ 1 TeV : 2": "2.3&times;10<sup>-4</sup>",
        "one.ratio / two.ratio @ 10 GeV": "4.09 &plusmn; 0.44",
        "one.ratio / two.ratio @ 1 TeV": "&ndash;",
        "one.share @ 10 GeV, 1 TeV : 1 %": "3%, 60%",
        "one.share @ 10 GeV": "0.0261",
        "one.over_data @ 10 GV and 1 TV : 2": "5.1 and 48",
        "one.limit_GeV : energy": "16.0 &plusmn; 5.8 TeV",
        "one.limit_GeV : 2 energy": "16 TeV",
        "one.range.1 : 2": "1.1",
        "one.particles": "5440",
        "one.flag": "diffusive",
        "one.D_0.5_kpc.at 1 PeV, dotted @ 50 GeV": "&ndash;",
    }.items(),
)
def test_what_stands_for_a_placeholder(placeholder, text):
    assert make.render(f"<{{{placeholder}}}>", FEW) == f"<{text}>"
    assert make.render(f"<{{{placeholder.replace(' ', chr(10))}}}>", FEW) == f"<{text}>"


@pytest.mark.parametrize(
    ("wrong", "why"),
    {
        "{one.rato @ 10 GeV}": "no 'rato'; there are: particles,",
        "{three.ratio @ 10 GeV}": "no 'three.ratio'; there are: one, two",
        "{one.ratio @ 20 GeV}": "not at 20 GeV; there are: 10, 1000",
        "{one.ratio @ 10 GeV, 1 Tev}": "energies are written as",
        "{one.ratio @ all}": "energies are written as",
        "{one.ratio}": "not a single number",
        "{one.limit_GeV @ 10 GeV}": "no spectrum",
        "{one.limit_GeV : percent}": "'percent': allowed:",
        "one.limit_GeV}": "} without its other half",
    }.items(),
)
def test_a_wrong_placeholder_is_named_with_its_line(wrong, why):
    with pytest.raises(make.Wrong) as found:
        make.render(f"# A page\n\n{wrong}\n", FEW)
    said = str(found.value)
    assert said.startswith("findings.md.in:3: ") and why in said and "\n" not in said
    assert wrong[0] != "{" or wrong in said


def test_five_digits_are_kept_and_lists_stand_on_one_line():
    text = make.as_json(make._rounded({"x": [1.23456789e-5, 2], "flag": "a [b]"}))
    assert json.loads(text) == {"x": [1.2346e-5, 2], "flag": "a [b]"}
    assert "[ 1.2346e-05, 2 ]" in text


def test_examples_in_docstrings():
    assert doctest.testmod(make).failed == 0
