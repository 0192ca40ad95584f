"""Dask clusters: connecting to one, and sending what many tasks share to each worker once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

INSTALL = 'pip install "likelihood-greeks[cluster]"'
LOCAL = "local"


def _client(pool: Any) -> Any | None:
    """The client behind an executor that ``client.get_executor()`` made; None behind another."""
    client = getattr(pool, "_client", None)
    return client if type(pool).__module__.startswith("distributed.") else None


def threads(pool: Executor) -> int | None:
    """Threads of all workers of a cluster; None if the executor is none."""
    client = _client(pool)
    return None if client is None else max(sum(client.nthreads().values()), 1)


def carried(pool: Executor, packed: bytes) -> Any:
    """What stands for `packed` in calls on an executor.

    On a cluster it is the result of a task that returns it: calls name it, a worker fetches it once, and if the worker
    that had it is lost the scheduler makes it anew. Elsewhere it is `packed` itself.
    """
    client = _client(pool)
    return packed if client is None else client.submit(_returned, packed)


def _returned(packed: bytes) -> bytes:
    return packed


@contextmanager
def connected(address: str) -> Iterator[Executor]:
    """An executor on the cluster whose scheduler is at `address`, or on processes of this machine (``"local"``).

    Raises
    ------
    ModuleNotFoundError
        If Dask is not installed.
    OSError
        If no scheduler answers at `address`.
    """
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"a cluster needs dask.distributed: {INSTALL}") from error
    if address == LOCAL:
        with (
            distributed.LocalCluster(threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client.get_executor()
    else:
        with distributed.Client(address) as client:
            yield client.get_executor()
