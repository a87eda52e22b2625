"""Where blocks of particles are followed: threads of this process, a GPU, or the workers of a cluster."""

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


def check_device(device: str | None, method: str, cluster: str | None = None) -> None:
    """Refuse (`UserError`) a device that there is none of, or that has no engine for a method."""
    if device is None:
        return
    if device != "cuda":
        raise ScenarioError(f"--device {shown(device)}: allowed: cuda")
    if cluster is not None:
        raise ScenarioError("--device cuda: allowed: not with --cluster")
    from ...mc.device.cuda import check_device as check_cuda
    from ...mc.device.executor import check_method

    check_method(method)
    check_cuda()


@contextmanager
def workers(cluster: str | None, device: str | None = None) -> Iterator[Executor | None]:
    """Yield None for the threads of this process, a GPU, or a cluster while it is connected."""
    if device is not None:
        from ...mc.device.executor import Device

        yield Device()
        return
    if cluster is None:
        yield None
        return
    from ...mc.dask_cluster import connected

    with connected(cluster) as executor:
        yield executor
