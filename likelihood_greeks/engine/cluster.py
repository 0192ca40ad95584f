"""Dask clusters: connecting to one, and sending what many tasks share to each worker once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from .._checks import refuse
from .._versions import versions

T = TypeVar("T")

INSTALL = 'pip install "likelihood-greeks[cluster]"'
LOCAL = "local"
LOOKED = 2.0  # seconds after which a client that waits is asked whether it still has its scheduler
SECONDS = 10  # that a scheduler, and its first worker, may take to answer


def _client(pool: Any) -> Any | None:
    """The client behind an executor that ``client.get_executor()`` made; None behind another."""
    client = getattr(pool, "_client", None)
    return client if type(pool).__module__.startswith("distributed.") else None


def threads(pool: Executor) -> int | None:
    """Threads of all workers of a cluster; None if the executor is none.

    Raises
    ------
    ConnectionError
        If the scheduler does not answer: Dask says so by an `OSError` like that of a file.
    """
    client = _client(pool)
    if client is None:
        return None
    try:
        return max(sum(client.nthreads().values()), 1)
    except OSError as error:
        raise ConnectionError(f"the scheduler is lost ({error})") from error


def carried(pool: Executor, packed: bytes) -> Any:
    """What stands for `packed` in calls on an executor.

    On a cluster it is the result of a task that returns it: calls name it, a worker fetches it once, and if the worker
    that had it is lost the scheduler makes it anew. Elsewhere it is `packed` itself.
    """
    client = _client(pool)
    return packed if client is None else client.submit(_returned, packed)


def awaited(pool: Executor, future: Future[T]) -> T:
    """The result of a call on an executor.

    Dask leaves a call without a result for good if its scheduler is lost while the result is fetched: see `LOOKED`.

    Raises
    ------
    ConnectionError
        If the client has lost its scheduler.
    """
    client = _client(pool)
    if client is None:
        return future.result()
    while True:
        wait([future], timeout=LOOKED)
        if future.done():
            return future.result()
        if client.status != "running":
            raise ConnectionError(f"the scheduler is lost (the client is {client.status})")


def _returned(packed: bytes) -> bytes:
    return packed


@contextmanager
def connected(address: str) -> Iterator[Executor]:
    """An executor on the cluster whose scheduler is at `address`, or on processes of this machine (``"local"``).

    Raises
    ------
    ModuleNotFoundError
        If Dask is not installed.
    ValueError
        If `address` is no address of a scheduler.
    OSError
        If no scheduler answers there in `SECONDS`, it has no workers, or these have other code.
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
        _look_for_a_scheduler(address)
        with distributed.Client(address, timeout=SECONDS) as client:
            _check_workers(client, address)
            yield client.get_executor()


def _look_for_a_scheduler(address: str) -> None:
    """Refuse an address where none answers: a client would wait for ever at a port that speaks another language."""
    requirement = "be a scheduler's address, such as tcp://host:8786, or 'local'"
    if "://" in address and not address.startswith(("tcp://", "tls://", "ucx://")):
        hint = " (that of its dashboard is another one)" if address.startswith("http") else ""
        refuse("dask", requirement + hint, address)
    if address.startswith(("tls://", "ucx://")):  # these need the client's own settings
        return
    comm = import_module("distributed.comm")

    async def answered() -> None:
        (await asyncio.wait_for(comm.connect(address, timeout=SECONDS), SECONDS)).abort()

    try:
        asyncio.run(answered())
    except ValueError as error:
        refuse("dask", f"{requirement} ({error})", address)
    except OSError as error:  # a timeout is one
        reason = "something else answers there" if isinstance(error, TimeoutError) else str(error) or "no answer"
        raise OSError(
            f"dask: no scheduler answers at {address} within {SECONDS} seconds ({reason}); "
            "its dashboard and its workers have other ports"
        ) from error


def _check_workers(client: Any, address: str) -> None:
    """Refuse a cluster without workers, or whose workers would compute other numbers."""
    if not client.nthreads():
        print(f"waiting for workers of {address}", file=sys.stderr)
        try:
            client.wait_for_workers(1, timeout=SECONDS)
        except TimeoutError as error:
            raise OSError(f"dask: the scheduler at {address} has no workers; start some (dask worker)") from error
    try:
        there = client.run(versions)
    except Exception as error:
        raise OSError(f"dask: workers of {address} must have this version of the package, got {error!r}") from error
    for worker, found in there.items():
        if difference := differing(versions(), found):
            raise OSError(
                f"dask: workers must have the same code, or the numbers are others; {worker} has {difference}"
            )


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """What differs between versions here and there, in words; empty if nothing does."""
    names = [name for name in here if here[name] != there.get(name)]
    return ", ".join(f"{name} {there.get(name, 'unknown')} (here {here[name]})" for name in names)


GONE = (CancelledError, asyncio.CancelledError, BrokenExecutor, ConnectionError, TimeoutError)


def lost(error: BaseException) -> bool:
    """Whether an error says that workers, or their scheduler, are gone."""
    return isinstance(error, GONE) or type(error).__module__.partition(".")[0] in ("distributed", "dask")
