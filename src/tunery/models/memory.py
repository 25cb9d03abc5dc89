"""What happens when memory runs out: not the end, but smaller portions."""

from __future__ import annotations

import ctypes
import functools

import torch

_SIGNS = ("out of memory", "can't allocate memory")
"""How torch's allocators say it: CUDA's and Metal's, and the processor's."""

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""Numbers of glibc's options M_MMAP_THRESHOLD and M_TRIM_THRESHOLD (malloc.h)."""
_LARGEST = 1 << 30


def ran_out(error: RuntimeError) -> bool:
    """Return whether an error of torch means that there was not enough memory."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in _SIGNS)


def give_back() -> None:
    """Give a GPU's unused memory back, so that smaller pieces find room in it."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@functools.cache
def keep_freed() -> None:
    """Let glibc keep memory that was freed: giving it to the system and taking it anew costs every training step.

    Does nothing on other systems, whose allocators keep it anyway.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST)
    mallopt(_TRIM_THRESHOLD, _LARGEST)
