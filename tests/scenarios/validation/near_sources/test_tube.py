"""Known answers of the flux tube, and that each sees the code broken."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from crhalo.mc.coupled import tube_particles
from crhalo.scenarios.validation.near_sources import tube
from nightly.tube_twins import TUBE_TWINS

ROOT = Path(tube.__file__).parents[3]
CHECKS = (
    tube.diffusion_in_a_tube,
    tube.residence_in_a_tube,
    tube.work_on_the_waves,
    tube.collective_escape,
)


@pytest.mark.parametrize("check", CHECKS)
def test_known_answers(check):
    rows = check(1.0)
    assert rows and all(row["passed"] for row in rows), [row for row in rows if not row["passed"]]


@pytest.mark.parametrize("check", [tube.particles_in_a_tube, tube.steps_in_a_tube])
def test_particles(check):
    rows = check(0.1)
    assert all(row["passed"] for row in rows), rows


@pytest.mark.parametrize("twin", TUBE_TWINS, ids=lambda twin: twin[0])
def test_a_broken_twin_fails(twin, monkeypatch):
    """No kernel is compiled here, so that a twin costs no more than its check."""
    _, file, changes, check, scale, failing = twin
    source = (ROOT / file).read_text()
    for right, wrong in changes:
        assert source.count(right) == 1
        source = source.replace(right, wrong)
    module = importlib.import_module(f"crhalo.{file[:-3].replace('/', '.')}")
    broken = {"__name__": module.__name__, "__package__": module.__package__, "__file__": module.__file__}
    exec(compile(source, file, "exec"), broken)
    for name in ("FluxTube", "TubeWaves", "passage"):
        if name in broken and broken[name].__module__ == module.__name__:
            monkeypatch.setattr(tube, name, broken[name])
    if "Walk" in broken and file.endswith("steps.py"):
        monkeypatch.setattr(tube_particles, "Walk", broken["Walk"])
    rows = getattr(tube, check)(scale)
    assert any(row["name"].startswith(failing) and not row["passed"] for row in rows)


def test_the_self_similar_cloud_is_that_of_the_paper():
    """Malkov et al. (2013): a pedestal P = 2/|z| between the core and D_gal, in units of D F/a."""
    zeta = np.array([0.02, 0.05, 0.1])
    _, fall = tube.self_similar(14.0, zeta)
    np.testing.assert_allclose(fall, 2.0 / zeta, rtol=0.1)
