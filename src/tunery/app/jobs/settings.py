"""How many jobs a machine does, declared once: command line and documentation are derived from it."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tunery.i18n import N_

_MOST = 8
_BYTES_EACH = 2 << 30
"""The memory that a small job may need."""


class JobSettings(BaseModel):
    """How jobs are done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jobs_at_once: int = Field(
        default_factory=lambda: _bearable(),
        ge=1,
        description=N_("How many small jobs are done at once. Default: as many as cores and memory bear."),
    )
    large_jobs_at_once: int = Field(
        default=1, ge=1, description=N_("How many jobs that tune or search are done at once, beside the small ones.")
    )
    grace: float = Field(
        default=20.0, ge=0, description=N_("Seconds that a job has to stop by itself after it was cancelled.")
    )
    niceness: int = Field(
        default=10,
        ge=0,
        le=19,
        description=N_(
            "How far jobs stand back for everything else on the machine: 0 not at all, 19 as far as can be."
        ),
    )
    silence: float = Field(
        default=60.0,
        ge=5,
        description=N_("Seconds without a sign of life after which another worker's jobs are taken over (Postgres)."),
    )


def _bearable() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = _memory()
    return max(1, min(_MOST, cores, _MOST if memory is None else memory // _BYTES_EACH))


def _memory() -> int | None:
    """Return the bytes that this process may have together with its children; None where that isn't known."""
    limit = Path("/sys/fs/cgroup/memory.max")
    try:
        written = limit.read_text(encoding="ascii").strip()
        if written != "max":
            return int(written)
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
