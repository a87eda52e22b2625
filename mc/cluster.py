"""Blocks on other processes or machines, by dask.distributed (the extra `crhalo[dask]`).

A block is the same wherever it is followed, and is added once, by its index: a worker that dies costs its
block, which is followed again elsewhere. Machines whose processors or versions differ are refused, for their
last bits would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fields._jit import machine
from .run import Block, Job, in_order

_RETRIES = 20


class ClusterError(ValueError):
    """A cluster that cannot be used; one line that names it."""


def _follow(job: Job, block: int) -> Block:
    return job.follow(block, np.zeros(1, np.int64))


@dataclass(frozen=True)
class Dask:
    """The workers of a dask client."""

    client: Any

    def follow(self, job: Job, first: int, stop: np.ndarray) -> Iterator[Block]:
        """Blocks from `first` on, in the order of their index."""
        self._check()
        threads = max(sum(self.client.nthreads().values()), 1)
        shared = self.client.scatter(job, broadcast=True)

        def submit(block: int) -> Any:
            return self.client.submit(_follow, shared, block, pure=False, retries=_RETRIES)

        yield from in_order(submit, first, job.blocks, threads)

    def _check(self) -> None:
        """Refuse workers that would not give the same bits."""
        here = machine()
        for address, there in self.client.run(machine).items():
            for key, value in here.items():
                if there.get(key) != value:
                    raise ClusterError(f"{address}: {key} is {there.get(key)}, and {value} here")


@contextmanager
def connected(address: str) -> Iterator[Dask]:
    """The workers of "dask://HOST:PORT", or N processes of this machine, "dask-local:N".

    Raises
    ------
    ClusterError
        If dask is not installed, or nobody answers there.
    """
    try:
        from dask.distributed import Client, LocalCluster
    except ImportError:
        raise ClusterError(
            f"{address}: dask is not installed; allowed: after pip install 'crhalo[dask]'"
        ) from None
    kind, _, rest = address.partition(":")
    if kind == "dask-local":
        options = {"threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
        with LocalCluster(n_workers=int(rest), **options) as cluster, Client(cluster) as client:
            yield Dask(client)
        return
    try:
        client = Client(f"tcp://{rest.removeprefix('//')}", timeout="10s")
    except (OSError, TimeoutError) as error:
        raise ClusterError(f"{address}: {error}") from None
    with client:
        yield Dask(client)
