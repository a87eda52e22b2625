"""The hybrid engine compiled for a GPU, without field lines and along them: two minutes each."""

import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Job, Transport
from crhalo.mc.device import engines
from crhalo.mc.tally import TallyGrid
from device_ptx import arguments_of, check_ptx, needs_compiler, ptx_of


def _job(galaxy):
    wide = np.array([0.0, 30.0])
    grid = TallyGrid(np.array([1e5, 1e6]), wide, wide, wide, wide)
    return Job.of(galaxy.medium(), grid, Transport(64))


@needs_compiler
def test_hybrid_engine(monkeypatch):
    job = _job(Galaxy())
    check_ptx(ptx_of(engines.follow_hybrid, arguments_of(job), monkeypatch), "follow_hybrid")


@needs_compiler
def test_along_field_lines(monkeypatch):
    job = _job(Galaxy(field="tube", r_max_kpc=30.0))
    assert job.table.lines is not None
    check_ptx(ptx_of(engines.follow_hybrid, arguments_of(job), monkeypatch), "follow_hybrid")
