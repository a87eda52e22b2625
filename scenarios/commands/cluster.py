"""Where blocks of particles are followed: threads of this process, or the workers of a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..file.quantities import ScenarioError, shown

if TYPE_CHECKING:
    from ...mc.blocks import Executor

_CLUSTER = re.compile(r"dask-local:[1-9]\d{0,2}|dask://[\w.\-\[\]]+:\d{1,5}")


def check_cluster(cluster: str | None) -> None:
    """Refuse (`ScenarioError`) what names no cluster."""
    if cluster is not None and not _CLUSTER.fullmatch(cluster):
        raise ScenarioError(f"--cluster {shown(cluster)}: allowed: dask://HOST:PORT, or dask-local:N")


@contextmanager
def workers(cluster: str | None) -> Iterator[Executor | None]:
    """Yield None for the threads of this process, or a cluster while it is connected."""
    if cluster is None:
        yield None
        return
    from ...mc.dask_cluster import connected

    with connected(cluster) as executor:
        yield executor
