"""Runs that stop by themselves: when their quantities are known well enough."""

import json

import pytest
from crhalo.mc import engine
from crhalo.scenarios import load
from crhalo.scenarios.build import galaxy_of
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.run import RunOptions
from crhalo.scenarios.stopping_rule import check_precision

# Energies around both quantities, and few groups: short histories, and ten blocks come soon.
SHORT = [
    "medium.delta_G=1e4", 'transport.energy_range=["500 GeV", "500 TeV"]', "source.E_max=500 TeV",
    "transport.t_max=100 Myr", "transport.particles=100000", "sky.nside=1",
    'sky.energies=["1 TeV", "10 TeV", 2]',
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(undrawn, coarse_errors, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "precise"
    with undrawn(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BATCHES", 10)
        execute(load("circumgalactic").with_overrides(SHORT), out, 2, options=RunOptions(precision=0.2))
    return out


def test_it_stops_when_all_are_known(folder):
    summary = json.loads((folder / "summary.json").read_text())
    found = summary["precision"]
    assert list(found) == ["cgm_neutrinos_10TeV", "galactic_density_1TeV"]
    assert all(0.0 < each["relative_error"] <= 0.2 for each in found.values())
    # At a border at which all batches have the same number of blocks.
    size = summary["particles"] // 10
    assert summary["provenance"]["precision"] == 0.2
    assert summary["particles"] < 100_000 and summary["particles"] == size * 10


@pytest.mark.parametrize(
    ("name", "settings", "refused"),
    [
        ("circumgalactic", [], None),
        ("free-escape", [], "cgm_neutrinos_10TeV"),
        ("free-escape", ['transport.precision_of=["galactic_density_1TeV"]'], None),
        ("circumgalactic", ['transport.energy_range=["10 TeV", "1 PeV"]'], "galactic_density_1TeV"),
        ("circumgalactic", ['transport.energy_range=["1 GeV", "5 TeV"]'], "cgm_neutrinos_10TeV"),
        ("circumgalactic", ['transport.energy_range=["1 GeV", "900 GeV"]'], "cgm_neutrinos_10TeV"),
    ],
)
def test_what_can_never_be_known_is_refused(name, settings, refused):
    scenario = load(name).with_overrides(settings)
    if refused is None:
        check_precision(scenario, galaxy_of(scenario))
    else:
        with pytest.raises(ScenarioError, match=refused):
            check_precision(scenario, galaxy_of(scenario))
