"""The study of orbits out of a halo with field lines: its files, its plan, and what it refuses."""

import json

import pytest
from astropy.table import Table
from crhalo.scenarios import load
from crhalo.scenarios.commands.plan import plan
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError

# Strong waves in a weak field, so that it takes seconds.
STRONG = [
    "medium.B0=0.1 uG", "medium.H=0.5 kpc", "medium.waves=nlld-local", "medium.v_s=1 km/s",
    "medium.H_waves=0.1 kpc", "galaxy_tracks.energies=['2 PeV', '4 PeV', 2]", "transport.particles=128",
]  # fmt: skip


def test_it_writes_its_files(tmp_path):
    out = tmp_path / "run"
    execute(load("galaxy-tracks").with_overrides(STRONG), out, threads=2)
    assert {path.name for path in out.iterdir()} == {
        "scenario.toml", "summary.json", "galaxy_tracks.json", "galaxy_tracks.ecsv", "escape.png",
        "local_diffusion.png", "waves.png",
    }  # fmt: skip
    table = json.loads((out / "galaxy_tracks.json").read_text())
    assert table["seed"] == 1 and "flag" in table["conventions"] and len(table["rows"]) == 2
    rows = Table.read(out / "galaxy_tracks.ecsv")
    assert str(rows["escape_time_tracks_Myr"].unit) == "Myr" and "[galaxy_tracks]" in rows.meta["scenario"]
    summary = json.loads((out / "summary.json").read_text())
    times = summary["escape_time_Myr"]["value"]
    assert list(rows["escape_time_tracks_Myr"]) == pytest.approx(times)
    assert summary["flag"] == list(rows["flag"])
    assert times[0] > times[1] > 0.5 / 306.6
    assert all(0.3 < ratio < 3.0 for ratio in summary["time_of_tracks_over"]["guiding-centre"]["value"])


def test_its_plan_says_what_it_takes():
    planned = plan(load("galaxy-tracks"), 2)
    assert len(planned["energy_GeV"]) == len(planned["minutes"]) == 3
    assert (
        planned["minutes_in_all"] == pytest.approx(sum(planned["minutes"])) and planned["minutes_in_all"] < 15
    )


@pytest.mark.parametrize(
    "settings, says",
    [
        (
            ["medium.field=isotropic"],
            r'\[galaxy_tracks\]: allowed: where medium\.field is not "isotropic", medium\.halo = "constant"',
        ),
        (["medium.halo=exponential"], r"\[galaxy_tracks\]: allowed: .* two-way Bell region"),
        (["transport.method=flight"], r'\[galaxy_tracks\]: allowed: .* and transport\.method = "auto"'),
        (["galaxy_tracks.energies=['1 PeV', '20 PeV', 3]"], r"galaxy_tracks\.energies = .*: allowed: "),
    ],
)
def test_what_cannot_be_is_refused(settings, says):
    with pytest.raises(ScenarioError, match=says):
        load("galaxy-tracks").with_overrides(settings)


@pytest.mark.parametrize(
    "settings, says",
    [
        (["transport.particles=64"], r"transport\.particles = 64: allowed: 128 or more"),
        (
            ["medium.halo=exponential", "medium.bell=true", "medium.field=x-shaped", "source.E_max=3 PeV"],
            r"galaxy_tracks\.energies: up to 1e\+07 GeV; allowed: .* up to source\.E_max = 3e\+06 GeV",
        ),
        (
            ["galaxy_tracks.energies=['1 TeV', '1 PeV', 2]"],
            r"galaxy_tracks\.energies: .* steps take .* core hours",
        ),
    ],
)
def test_what_takes_too_long_or_has_no_errors_is_refused(tmp_path, settings, says):
    with pytest.raises(ScenarioError, match=says):
        execute(load("galaxy-tracks").with_overrides(settings), tmp_path / "run", threads=2)
    assert not (tmp_path / "run").exists()
