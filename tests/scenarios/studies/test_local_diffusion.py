"""The study of D at a place of a galaxy: its files, its plan, and what it refuses."""

import json

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import UserError
from crhalo.scenarios import load
from crhalo.scenarios.commands.plan import plan
from crhalo.scenarios.commands.run import execute

# Strong waves, so that it takes seconds.
STRONG = [
    "medium.B0=0.1 uG", "medium.H=0.5 kpc", "medium.waves=nlld-local", "medium.v_s=1 km/s",
    "medium.bell=false", "medium.halo=constant", "medium.H_waves=0.1 kpc", "medium.field=tube",
    "local_diffusion.R=0 kpc", "local_diffusion.z=0.2 kpc",
    "local_diffusion.energies=['2 PeV', '4 PeV', 2]",
]  # fmt: skip


def test_it_writes_its_files(tmp_path):
    out = tmp_path / "run"
    execute(load("local-diffusion").with_overrides(STRONG), out, threads=2)
    assert {path.name for path in out.iterdir()} == {
        "scenario.toml", "summary.json", "local_diffusion.json", "local_diffusion.ecsv", "tracks.ecsv",
        "local_diffusion.png", "tracks.png",
    }  # fmt: skip
    table = Table.read(out / "local_diffusion.ecsv")
    assert str(table["D_along_cm2_s"].unit) == "cm2 / s" and table.meta["seed"] == 1
    assert "[local_diffusion]" in table.meta["scenario"]
    rows = json.loads((out / "local_diffusion.json").read_text())["rows"]
    assert list(table["D_along_cm2_s"]) == pytest.approx([row["D_along_cm2_s"] for row in rows])
    for row in rows:
        assert row["D_formula_cm2_s"] == pytest.approx(row["D_bohm_cm2_s"] / row["F"])
        assert 0.5 < row["D_along_cm2_s"] / row["D_broadened_cm2_s"] < 2.0
    tracks = Table.read(out / "tracks.ecsv")
    assert set(tracks["track"]) == set(range(8)) and str(tracks["z_kpc"].unit) == "kpc"
    length = np.sqrt(sum(np.square(tracks[f"direction_{axis}"]) for axis in "xyz"))
    assert length == pytest.approx(1.0, abs=1e-9)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["D_along_cm2_s"]["value"] == [row["D_along_cm2_s"] for row in rows]


def test_its_plan_says_what_it_takes():
    planned = plan(load("local-diffusion"), 2)
    assert len(planned["energy_GeV"]) == len(planned["steps"]) == 3
    assert planned["minutes_in_all"] < 6 and min(planned["overlap_of_resonances"]) > 1


@pytest.mark.parametrize(
    "settings, says",
    [
        (["medium.field=isotropic"], r"\[local_diffusion\]: allowed: where medium\.field is not"),
        (["local_diffusion.z=50 kpc"], r"local_diffusion: R = .*, z = 50 kpc lies behind the surface"),
        (["transport.particles=64"], r"transport\.particles = 64: allowed: 128 to 20000"),
        (["transport.particles=20000"], r"local_diffusion\.energies: .* core hours, .*; allowed: at most 2"),
        (
            [*STRONG, "medium.B0=0.01 uG"],
            r"local_diffusion\.energies: at .* stronger than the field, F = .*; allowed: F < 1",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, settings, says):
    with pytest.raises(UserError, match=says):
        execute(load("local-diffusion").with_overrides(settings), tmp_path / "run", threads=2)
    assert not (tmp_path / "run").exists()
