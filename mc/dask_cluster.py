"""Blocks on other processes or machines, by dask.distributed (the extra `crhalo[dask]`).

A block is the same wherever it is followed, and is added once, by its index: if a worker dies, its block is
followed again elsewhere. A worker with another processor or other versions than this machine is refused,
because its results would differ in the last bits.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

import numpy as np

from ..fields._jit import machine
from ..fields.exceptions import UserError
from .blocks import Block, Job, in_order

# Workers that may die over one block before it is given up.
_DEATHS = 20


class ClusterError(UserError):
    """A cluster that cannot be used; one line that names it."""


def _job(job: Job) -> Job:
    """The job as the outcome of a task: made anew where the workers that had it have died."""
    return job


def _follow(job: Job, block: int, wanted: dict[str, str]) -> Block:
    """What a worker does."""
    check_machine("a worker", machine(), wanted)
    return job.follow(block, np.zeros(1, np.int64))


def check_machine(name: str, there: dict[str, str], here: dict[str, str]) -> None:
    """Refuse (`ClusterError`) a machine that would not give the same bits."""
    for key, value in here.items():
        if there.get(key) != value:
            raise ClusterError(f"{name}: its {key} is {there.get(key)}, and {value} here")


@dataclass(frozen=True)
class Dask:
    """The workers of a dask client.

    Raises
    ------
    ClusterError
        On following, if a worker would not give the same bits.
    ConnectionError
        On following, if the cluster is lost.
    """

    client: Any

    def follow(self, job: Job, first: int, stop: np.ndarray) -> Iterator[Block]:
        """Blocks from `first` on, in the order of their index."""
        import dask
        from dask.distributed import CancelledError, TimeoutError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker

        here = machine()
        try:
            # At once, where they are known; workers that come later are asked with each block.
            for address, there in self.client.run(machine).items():
                check_machine(address, there, here)
            threads = max(sum(self.client.nthreads().values()), 1)
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"}):
                shared = self.client.submit(_job, job, pure=False)
            yield from in_order(
                lambda block: self.client.submit(_follow, shared, block, here, pure=False),
                first,
                job.blocks,
                threads,
            )
        except ImportError as error:
            raise ClusterError(f"its workers have no crhalo: {error}") from None
        except (CancelledError, CommClosedError, KilledWorker, TimeoutError) as error:
            raise ConnectionError(f"the cluster is lost: {error}") from None


@contextmanager
def connected(address: str) -> Iterator[Dask]:
    """The workers of "dask://HOST:PORT", or N processes of this machine, "dask-local:N".

    Raises
    ------
    ClusterError
        If dask is not installed, or nobody answers there.
    """
    try:
        from dask.distributed import Client
    except ImportError:
        raise ClusterError(
            f"{address}: dask is not installed; allowed: after pip install 'crhalo[dask]'"
        ) from None
    # What it logs of workers that die is no news to us, and many lines.
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    kind, _, rest = address.partition(":")
    if kind == "dask-local":
        with _on_this_machine(int(rest)) as client:
            yield Dask(client)
        return
    try:
        client = Client(f"tcp://{rest.removeprefix('//')}", timeout="10s")
    except (OSError, TimeoutError, ValueError, OverflowError) as error:
        raise ClusterError(f"{address}: {error}") from None
    with client:
        yield Dask(client)


@contextmanager
def _on_this_machine(workers: int) -> Iterator[Any]:
    """A client with so many worker processes, which leave Ctrl-C to us and end when we do."""
    import dask
    from dask.distributed import Client, LocalCluster

    # A terminal sends Ctrl-C to all processes; what is started within does not hear it, but we do afterwards.
    # The tracker would end that where it starts.
    resource_tracker.ensure_running()
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with dask.config.set({"distributed.scheduler.allowed-failures": _DEATHS}):
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                host="127.0.0.1",
                silence_logs=logging.CRITICAL,
            )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
    client = Client(cluster)
    try:
        yield client
    finally:
        if isinstance(sys.exception(), KeyboardInterrupt):
            # They would finish their blocks first.
            for worker in cluster.workers.values():
                with suppress(ProcessLookupError, TypeError):  # one that is being replaced
                    os.kill(worker.pid, signal.SIGKILL)
        client.close()
        cluster.close()
