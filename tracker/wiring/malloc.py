"""How the memory of a process with many threads is handed out, where glibc does that."""

import ctypes
from contextlib import suppress
from typing import Final

_M_ARENA_MAX: Final = -8
"""Of glibc's `malloc.h`."""


def use_one_arena() -> None:
    """Have threads that begin from now on share one arena; without glibc nothing changes.

    Each would get an arena of its own, up to eight for each core, and what a turn has freed in one is no use to the
    next turn, which runs in another thread. Python's lock lets one thread work at a time anyway.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
