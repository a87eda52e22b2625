"""Blocks on worker processes: the same bits, also where workers die, and no others."""

import os

import numpy as np
import pytest
from crhalo.fields._jit import machine
from crhalo.mc import dask_cluster as cluster
from crhalo.mc.blocks import Transport, schedule
from crhalo.mc.engine import run
from crhalo.mc.tally import energy_groups

pytest.importorskip("distributed")
pytestmark = [
    # Processes that are killed cannot close what they had open.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

BLOCK = schedule(energy_groups(1e5, 1e6))[0].size


def test_worker_processes_give_the_same_bits_though_one_dies(medium, grid, result, tmp_path, monkeypatch):
    follow = cluster._follow

    def dying(job, block, wanted):
        if block == 1 and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os._exit(1)
        return follow(job, block, wanted)

    monkeypatch.setattr(cluster, "_follow", dying)
    with cluster.connected("dask-local:2") as executor:
        found = run(medium, grid, Transport(particles=4 * BLOCK, seed=1), executor=executor)
    assert (tmp_path / "died").exists()
    for name, values in result.tallies.items():
        np.testing.assert_array_equal(found.tallies[name], values)


@pytest.mark.parametrize("key", ["processor", "features", "kernels", "numba", "numpy", "aafragpy"])
def test_a_machine_with_other_bits_is_refused_by_name(key):
    cluster.check_machine("tcp://10.0.0.2:1", machine(), machine())
    with pytest.raises(cluster.ClusterError, match=f"tcp://10.0.0.2:1: its {key} is other"):
        cluster.check_machine("tcp://10.0.0.2:1", machine() | {key: "other"}, machine())


def test_every_block_asks_for_its_machine(medium, grid):
    with pytest.raises(cluster.ClusterError, match="a worker: its numba is"):
        cluster._follow(None, 0, machine() | {"numba": "0.1"})
