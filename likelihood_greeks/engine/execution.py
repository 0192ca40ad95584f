"""Running tasks on pieces of work: on all cores, here, or on any executor, with the same bits every way."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar, copy_context
from functools import lru_cache
from threading import Lock
from typing import Any, Literal, TypeAlias, TypeVar

import cloudpickle
import numpy as np
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from .._versions import versions
from ..streams.chunks import Chunk
from . import cluster

T = TypeVar("T")

Workers: TypeAlias = Executor | Literal["serial"] | None
"""Where tasks run: an executor, here one after the other (``"serial"``), or by default on threads, one a core."""

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
AHEAD = 32  # tasks submitted before the first result is awaited: keeps workers busy and memory flat

_inside: ContextVar[bool] = ContextVar("inside a task", default=False)


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


class OtherCodeError(OSError):
    """A worker has other code than its caller."""


class _OneThreadEach:
    """Linear algebra on one thread while anybody is inside: a setting of the process, which calls in threads share.

    The first to come in sets it, the last to leave gives it back what it was. Were each to do so for itself, one that
    leaves would change the threads of another at work, and with them its last bits.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._limits = Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limits.enter_context(_libraries().limit(limits=1, user_api="blas"))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limits.close()


_one_thread_each = _OneThreadEach()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Linear algebra on one thread: the products here are small, and chunks, not products, are shared out.

    What underflows is zero meanwhile, whatever the caller has set NumPy to do.
    """
    with _one_thread_each, np.errstate(under="ignore"):
        yield


@contextmanager
def workers(executor: Workers = None) -> Iterator[Executor | Literal["serial"]]:
    """Where to run: what is given, or threads of this call's own, one a core.

    The threads are nobody else's, so that calls within tasks cannot wait for one another; and within a task there are
    none, since all cores are busy.

    Raises
    ------
    TypeError
        If `executor` is no executor.
    """
    if executor == "serial" or (executor is None and (_inside.get() or CORES == 1)):
        yield "serial"
    elif executor is None:
        pool = ThreadPoolExecutor(CORES, "likelihood_greeks")
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
    elif callable(getattr(executor, "submit", None)) and not isinstance(executor, type):
        yield executor
    else:
        raise TypeError(f"executor must be a concurrent.futures.Executor or 'serial', got {executor!r}")


def width(pool: Executor | Literal["serial"]) -> int:
    """How many tasks run at a time, as far as the executor says."""
    if pool == "serial":
        return 1
    return cluster.threads(pool) or int(getattr(pool, "_max_workers", CORES))


def results(
    task: Callable[[Chunk], T], pieces: Sequence[Chunk], executor: Workers = None, progress: str = ""
) -> Iterator[T]:
    """Results of `task` on every chunk, in the order of the chunks whatever the order of completion.

    Parameters
    ----------
    task : callable
        From a chunk to its result; it must not depend on anything else.
    pieces : sequence of Chunk
    executor : concurrent.futures.Executor or "serial", optional
        Where to run; default: threads, one a core.
    progress : str, optional
        Title of a progress bar; empty for none.
    """
    with (
        workers(executor) as pool,
        tqdm(
            total=sum(c.n_paths for c in pieces), unit="path", unit_scale=True, desc=progress, disable=not progress
        ) as bar,
        closing(ordered(((task, chunk) for chunk in pieces), pool)) as found,
    ):
        for chunk, result in zip(pieces, found, strict=True):
            bar.update(chunk.n_paths)
            yield result


def ordered(
    calls: Iterable[tuple[Callable[[Any], T], Any]], pool: Executor | Literal["serial"], ahead: int = AHEAD
) -> Generator[T, None, None]:
    """Results of calls, each a task and what it is called with, in their order.

    Calls are taken as they are needed, `ahead` of the result that is awaited. A task that serves several calls in a row
    travels to other processes once (to each worker of a cluster at most), or with each call (to a pool of processes).
    """
    if isinstance(pool, str):
        yield from (task(piece) for task, piece in calls)
        return
    submit, waiting = _sender(pool), deque[Future[T]]()
    try:
        for task, piece in calls:
            waiting.append(submit(task, piece))
            if len(waiting) >= max(ahead, 1):
                yield cluster.awaited(pool, waiting.popleft())
        while waiting:
            yield cluster.awaited(pool, waiting.popleft())
    finally:
        for future in waiting:
            future.cancel()


def _sender(pool: Executor) -> Callable[[Callable[[Any], T], Any], Future[T]]:
    """How a call is sent to a pool: in threads with the caller's context (NumPy's error handling), else packed."""
    last: list[Any] = [None, None]  # the task sent last, and what it travels as

    def packed(task: Any) -> Any:
        if last[0] is not task:
            last[:] = task, cluster.carried(pool, cloudpickle.dumps(task))
        return last[1]

    if isinstance(pool, ThreadPoolExecutor):
        return lambda task, piece: pool.submit(copy_context().run, _within, task, piece)
    return lambda task, piece: pool.submit(_unpacked_within, packed(task), piece, versions())


def _within(task: Callable[[Any], T], piece: Any) -> T:
    _inside.set(True)
    return task(piece)


@lru_cache(maxsize=8)
def _unpacked(packed: bytes) -> Callable[[Any], Any]:
    return cloudpickle.loads(packed)


def _unpacked_within(packed: bytes, piece: Any, sender: dict[str, str]) -> Any:
    """A task that travelled to another process, user functions (even lambdas) included.

    Raises
    ------
    OtherCodeError
        If the code here is not the sender's: the numbers would be others.
    """
    if sender != versions():
        raise OtherCodeError(
            f"a worker must have the code of its caller, or the numbers are others: it has "
            f"{cluster.differing(sender, versions())}"
        )
    with one_thread_each():
        return copy_context().run(_within, _unpacked(packed), piece)
