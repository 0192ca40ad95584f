"""Memory that stays with the process from chunk to chunk."""

from functools import lru_cache

import numpy as np

KEPT = 4_193_600
"""Numbers in the array whose release glibc learns from; its threshold grows no further than 32 MiB."""


@lru_cache(maxsize=1)
def keep_freed() -> None:
    """Let the allocator keep what is freed for the next chunk, up to twice 32 MiB.

    As it starts, glibc gives every array above 128 KiB back to the system, and takes its pages one by one again when
    the next one is filled: half the time of a run. The threshold grows to the size of whatever was freed (``man 3
    mallopt``, ``M_MMAP_THRESHOLD``), so one large array is made and freed. It is never written to, so it takes no
    memory; other allocators do not care.
    """
    np.empty(KEPT)
