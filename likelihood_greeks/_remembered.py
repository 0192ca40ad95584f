"""Results that are kept because every chunk asks for them again: the latest, up to so many bytes of a process."""

from __future__ import annotations

import os
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterator
from functools import update_wrapper
from threading import Lock
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Generic, ParamSpec, TypeVar, final

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

BYTES = 64 * 2**20
"""What all functions together keep in a process."""
OBJECTS = 4096
"""How many objects of an entry are looked at; the rest is not counted."""
NOT_OWN = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
"""What an entry refers to and does not hold."""

NUMBERS = (float, int, bool, type(None))

Key = tuple[Hashable, ...]  # beginning with the function


@final
class Pool:
    """The entries of all functions, the one used last at the end, and the bytes that they hold, each array once.

    Parameters
    ----------
    most : int
        Bytes; the latest entry is kept however large it is.
    """

    def __init__(self, most: int = BYTES) -> None:
        self.most, self.held = most, 0
        self._found: OrderedDict[Key, tuple[Any, dict[int, int]]] = OrderedDict()
        self._owners = Counter[int]()
        self._of: defaultdict[Hashable, OrderedDict[Key, None]] = defaultdict(OrderedDict)  # by function, same order
        self.unlocked()

    def unlocked(self) -> None:
        """A lock that nobody holds: in a forked process that of the parent may be held for good."""
        self._lock = Lock()

    def get(self, key: Key) -> tuple[bool, Any]:
        """Whether there is an entry, and its value."""
        with self._lock:
            if key not in self._found:
                return False, None
            self._found.move_to_end(key)
            self._of[key[0]].move_to_end(key)
            return True, self._found[key][0]

    def put(self, key: Key, value: Any, most: int) -> None:
        """Keep an entry, and at most so many of its function."""
        sizes = dict(_sizes((key, value)))
        with self._lock:
            if key in self._found:  # another thread was as fast
                return
            if len(self._of[key[0]]) >= most:
                self._drop(next(iter(self._of[key[0]])))
            self._found[key] = value, sizes
            self._of[key[0]][key] = None
            self.held += sum(size for place, size in sizes.items() if not self._owners[place])
            self._owners.update(dict.fromkeys(sizes, 1))
            while self.held > self.most and len(self._found) > 1:
                self._drop(next(iter(self._found)))

    def _drop(self, key: Key) -> None:
        """Forget an entry; what others hold as well stays counted."""
        for place, size in self._found.pop(key)[1].items():
            self._owners[place] -= 1
            if not self._owners[place]:
                del self._owners[place]
                self.held -= size
        del self._of[key[0]][key]

    def clear(self, function: Hashable) -> None:
        """Forget the entries of a function."""
        with self._lock:
            for key in [*self._of[function]]:
                self._drop(key)


POOL = Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.unlocked)


@final
class Remembered(Generic[P, R]):
    """A function of hashable arguments whose latest results are kept.

    Parameters
    ----------
    function : callable
        Gives the same result for equal arguments.
    most : int
        Results, at most; fewer where the process holds too many bytes.
    pool : Pool, optional
        Where they are.

    Attributes
    ----------
    misses : int
        How often a result was not there.
    """

    def __init__(self, function: Callable[P, R], most: int, pool: Pool = POOL) -> None:
        self._function, self._most, self._pool = function, most, pool
        self.misses = 0
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result, computed if it is not there; by several threads if they ask at once."""
        key = id(self), args, *kwargs.items()
        there, found = self._pool.get(key)
        if not there:
            self.misses += 1
            found = self._function(*args, **kwargs)
            self._pool.put(key, found, self._most)
        return found

    def __reduce__(self) -> str:
        """By name, as functions are pickled."""
        return self._function.__qualname__

    def cache_clear(self) -> None:
        """Forget its results."""
        self._pool.clear(id(self))


def remembered(most: int) -> Callable[[Callable[P, R]], Remembered[P, R]]:
    """Keep at most so many results of a function, and only so long as there is room."""
    return lambda function: Remembered(function, most)


def _sizes(root: Any) -> Iterator[tuple[int, int]]:
    """Identity and bytes of what an object holds, every object once; an array is that in which its numbers lie."""
    seen, waiting = set[int](), [root]
    while waiting and len(seen) < OBJECTS:
        one = waiting.pop()
        if isinstance(one, np.ndarray):
            while isinstance(one.base, np.ndarray):
                one = one.base
        if id(one) in seen or isinstance(one, NOT_OWN):
            continue
        seen.add(id(one))
        yield id(one), one.nbytes if isinstance(one, np.ndarray) else sys.getsizeof(one, 64) + _numbers(one)
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, tuple | list | set | frozenset):
            waiting += [part for part in one if type(part) not in NUMBERS]
        elif not isinstance(one, np.ndarray | str | bytes | int | float | complex | None):
            waiting += [vars(one)] if hasattr(one, "__dict__") else []
            slots = (slot for kind in type(one).__mro__ for slot in getattr(kind, "__slots__", ()))
            waiting += [getattr(one, slot) for slot in slots if slot != "__dict__" and hasattr(one, slot)]


def _numbers(one: Any) -> int:
    """About the bytes of the numbers in a tuple, which are not looked at one by one."""
    return 24 * len(one) if isinstance(one, tuple | list) else 0
