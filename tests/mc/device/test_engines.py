"""Engines on a GPU, without one: compiled to its code, and followed on a simulated one."""

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import device_orbits
import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.turbulence.of_galaxy import galactic_turbulence
from crhalo.mc.blocks import Job, Transport
from crhalo.mc.device import engines
from crhalo.mc.tally import TallyGrid
from device_ptx import arguments_of, check_ptx, needs_compiler, ptx_of

needs_simulator = pytest.mark.skipif(
    find_spec("numba_cuda") is None, reason="numba-cuda is not installed: pip install numba-cuda"
)
SHAPES = "4x16", "3x5", "64x1"


@needs_compiler
def test_orbits_through_a_galaxy_are_compiled_for_a_gpu(monkeypatch):
    galaxy = Galaxy(field="tube", r_max_kpc=30.0)
    medium = galaxy.medium()
    turbulence = galactic_turbulence(galaxy, medium, (0.99e6, 1.01e6))
    wide = np.array([0.0, 30.0])
    grid = TallyGrid(np.array([0.99e6, 1.01e6]), wide, wide, wide, wide)
    job = Job.of(medium, grid, Transport(32, 1, "orbit", 1, turbulence=turbulence))
    check_ptx(ptx_of(engines.follow_orbits, arguments_of(job), monkeypatch), "follow_orbits")


def simulated(file, particles, shapes, environment=()):
    """What came of some orbits on a simulated GPU, by shape of the launch and name."""
    script = Path(device_orbits.__file__)
    command = [sys.executable, str(script), str(file), str(particles), *shapes]
    environment = {**os.environ, **device_orbits.SIMULATED, **dict(environment)}
    subprocess.run(command, check=True, env=environment)
    return np.load(file)


def differences(followed, job):
    """Names of what differs from the processor by more than 1e-9 of its largest value."""
    stop = np.zeros(1, np.int64)
    expected = device_orbits.together(job.follow(block, stop) for block in range(job.blocks))
    found = {name: followed[f"{SHAPES[0]} {name}"] for name in expected}
    return {
        name
        for name, values in expected.items()
        if found[name].shape != values.shape
        or np.abs(found[name] - values).max() > 1e-9 * max(np.abs(values).max(), 1e-300)
    }


def of_shapes(followed):
    """Hashes of all that came of each shape."""
    names = [name.partition(" ")[2] for name in followed.files if name.startswith(SHAPES[0])]
    return {
        hashlib.sha256(b"".join(followed[f"{shape} {name}"].tobytes() for name in names)).hexdigest()
        for shape in SHAPES
    }


@needs_simulator
def test_orbits_on_a_simulated_gpu_are_those_of_the_processor(tmp_path):
    job = device_orbits.job(64)
    followed = simulated(tmp_path / "followed.npz", 64, SHAPES[:1])
    assert not differences(followed, job)
    ended = np.bincount(followed[f"{SHAPES[0]} fates"], minlength=3)
    assert ended[1] > 10 and ended[2] > 10
    assert followed[f"{SHAPES[0]} tally work"][0] > 64 * 300


@needs_simulator
def test_a_tally_that_has_lost_its_scale_is_noticed(tmp_path):
    """The twin: units that are 2^40 times as large, of which a short stay has none."""
    followed = simulated(tmp_path / "followed.npz", 64, SHAPES[:1], {device_orbits.TWIN: "coarse"})
    assert {"tally halo", "tally grammage", "tally region"} <= differences(followed, device_orbits.job(64))


@needs_simulator
def test_the_shape_of_a_launch_does_not_matter(tmp_path):
    assert len(of_shapes(simulated(tmp_path / "followed.npz", 64, SHAPES))) == 1


@needs_simulator
def test_sums_of_floats_are_noticed(tmp_path):
    """The twin: tallies of floats, which depend on the order of what is added."""
    followed = simulated(tmp_path / "followed.npz", 64, SHAPES, {device_orbits.TWIN: "floats"})
    assert len(of_shapes(followed)) > 1
