"""Skies of a run in processes that were forked, and in threads, as those who sample with them do."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from crhalo.scenarios import load

SLOPES = (2.1, 2.3)
_run = None


@pytest.fixture(scope="module")
def run():
    settings = ["transport.energy_range=['10 TeV', '1 PeV']", "transport.r_max=40 kpc", "medium.delta_G=1e4"]
    return load("circumgalactic").with_overrides(settings).run(particles=64, seed=1)


def sky(slope):
    return _run.reweight(slope=slope).sky("gamma", [1e4], nside=2).total


# OpenBLAS has threads, of which Python warns from 3.12 on.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_pool_after_a_sky_in_the_parent(run):
    global _run
    _run = run
    serial = [sky(slope) for slope in SLOPES]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        # A hang would be a failure of this test, not of the suite.
        forked = pool.map_async(sky, SLOPES).get(timeout=120)
    for one, other in zip(serial, forked, strict=True):
        np.testing.assert_array_equal(one, other)


def test_four_threads(run):
    global _run
    _run = run
    with ThreadPoolExecutor(4) as pool:
        maps = list(pool.map(sky, SLOPES * 2))
    np.testing.assert_array_equal(maps[:2], maps[2:])


def test_no_thread_of_numba_is_started():
    """Its layer "workqueue" ends the process when two threads use it; that of OpenMP when one forks."""
    code = "import crhalo.scenarios.api; from numba.np.ufunc import parallel; print(parallel._is_initialized)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "False"
