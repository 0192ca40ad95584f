"""Running a task over chunks: serially or on any executor, with the same bits either way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, final

import cloudpickle
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from .sampling import Chunk

T = TypeVar("T")


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread_each() -> AbstractContextManager[Any]:
    """Linear algebra on one thread: the products here are small, and chunks, not products, are shared out."""
    return _libraries().limit(limits=1, user_api="blas")


AHEAD = 32  # chunks submitted before the first result is awaited: keeps workers busy and memory flat


@lru_cache(maxsize=8)
def _unpacked(packed: bytes) -> Callable[[Chunk], Any]:
    return cloudpickle.loads(packed)


@final
@dataclass(frozen=True, slots=True)
class _Portable:
    """A task that travels to other processes, user functions (even lambdas) included."""

    packed: bytes

    def __call__(self, chunk: Chunk) -> Any:
        with one_thread_each():
            return _unpacked(self.packed)(chunk)


def results(
    task: Callable[[Chunk], T], pieces: Sequence[Chunk], executor: Executor | None = None, progress: str = ""
) -> Iterator[T]:
    """Results of `task` on every chunk, in the order of the chunks whatever the order of completion.

    Parameters
    ----------
    task : callable
        From a chunk to its result; it must not depend on anything else.
    pieces : sequence of Chunk
    executor : concurrent.futures.Executor, optional
        Where to run; default: here, one chunk after the other.
    progress : str, optional
        Title of a progress bar; empty for none.
    """
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor must be a concurrent.futures.Executor, got {executor!r}")
    with tqdm(
        total=sum(c.n_paths for c in pieces), unit="path", unit_scale=True, desc=progress, disable=not progress
    ) as bar:
        for chunk, result in zip(pieces, _ordered(task, pieces, executor), strict=True):
            bar.update(chunk.n_paths)
            yield result


def _ordered(task: Callable[[Chunk], T], pieces: Sequence[Chunk], executor: Executor | None) -> Iterator[T]:
    if executor is None:
        yield from map(task, pieces)
        return
    job: Callable[[Chunk], T] = task if isinstance(executor, ThreadPoolExecutor) else _Portable(cloudpickle.dumps(task))
    waiting: deque[Future[T]] = deque()
    try:
        for chunk in pieces:
            waiting.append(executor.submit(job, chunk))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
