"""All studies: each table that asks for one has one, and it makes the runs that it says it makes."""

import json

import pytest
from contracts import StudyContract
from crhalo.scenarios import load, names
from crhalo.scenarios.commands.plan import plan
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file import scenario as file
from crhalo.scenarios.products.product import Made
from crhalo.scenarios.studies import coupling, figure_1, radio, registry
from crhalo.scenarios.studies.registry import STUDIES, study_of
from crhalo.scenarios.studies.study import in_media, study_of_runs

# Runs through a galaxy that each file asks for; all others are one run, and no study.
RUNS = {
    "figure-1": 12,  # four overdensities, with diffusion, without, and with that of tracks
    "radio": 4,
    "coupling": 18,  # three overdensities, three heights, two outflows
    "galaxies": 0,
    "expanding-bubble": 0,
    "galaxy-tracks": 0,
    "local-diffusion": 0,
    "circumgalactic-limits": 0,
    "nested-leaky-box": 0,
    "near-source": 0,
    "cocoons": 0,
    "cosmic-ray-wind": 0,
    "diffusion-check": 0,
    "bell-turbulence": 0,
    "self-generated-slab": 0,
}


def test_every_table_has_its_study_and_each_study_its_table():
    tables = [study.table for study in STUDIES]
    assert sorted(tables) == sorted((*file.STUDIES, "turbulence"))


def test_all_other_files_ask_for_one_run():
    assert {name for name in names() if study_of(load(name)) is not None} == set(RUNS)


class TestEachStudy(StudyContract):
    @pytest.fixture(params=RUNS.items(), ids=RUNS)
    def asked(self, request):
        return request.param


@pytest.mark.parametrize("module", [figure_1, radio, coupling])
def test_its_runs_are_single_scenarios_in_media_of_their_own(module):
    name = module.STUDY.table.replace("_", "-")
    scenario = load(name)
    wanted = module._scenarios(scenario)
    assert len(wanted) == RUNS[name] and all(study_of(one) is None for one in wanted)
    assert len({one.medium for one in wanted}) == len(wanted)
    assert all(one.transport == scenario.transport and one.source == scenario.source for one in wanted)


def test_a_study_without_runs_has_a_plan_of_its_own():
    planned = plan(load("galaxies"), 1)
    assert planned["particles"] == 0 and "a table" in planned["would_write"]
    assert study_of(load("radio")).plan(load("radio"), 1) is None


def test_a_new_study_is_three_lines(tmp_path, monkeypatch):
    """In place of that of [radio]: the particles that escaped, in two media."""
    new = study_of_runs(
        "radio",
        lambda scenario: in_media(scenario, delta_G=(1e4, 2e4)),
        lambda scenario, run: run.result.counters["escaped"],
        lambda scenario, kept: Made({"escaped": kept}),
    )
    monkeypatch.setattr(registry, "STUDIES", (new,))
    few = ["transport.particles=120", 'transport.energy_range=["10 TeV", "1 PeV"]']
    execute(load("radio").with_overrides(few), tmp_path / "run", 2)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"scenario.toml", "summary.json"}
    found = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert len(found["escaped"]) == 2 and all(0 < each <= 120 for each in found["escaped"])
    assert found["title"] == load("radio").title and found["provenance"]["seed"] == 1
