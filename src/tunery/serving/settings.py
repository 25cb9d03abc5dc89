"""The settings of a server, declared once: command line and documentation are derived from them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tunery.i18n import N_

ENDPOINT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an endpoint may be called: what needs no escaping in a path."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Where a server can only be reached from its own machine."""
RECORDING = "TUNERY_RECORDING"
"""The variable by which a server's processes are told where the workspace is, as JSON: it may hold a password, and
arguments can be seen by everybody on the machine."""
READY = b"ready\n"
"""What a worker tells its supervisor when it takes requests."""


class ServingSettings(BaseModel):
    """How a server listens, what it lets in, and how much of the machine it uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        default="127.0.0.1",
        description=N_("Address to listen on. Anything but this machine's own (127.0.0.1) needs --keys."),
    )
    port: int = Field(default=8000, ge=0, le=65535, description=N_("Port to listen on; 0 takes any that is free."))
    keys: Path | None = Field(
        default=None, description=N_("File of API keys (tunery keys create). Default: no keys are asked for.")
    )
    models: Path | None = Field(
        default=None,
        description=N_("Folder from which models may be loaded while the server runs. Default: none may."),
    )
    state: Path | None = Field(
        default=None,
        description=N_("File that keeps endpoints as they were last set. Default: they are forgotten at the end."),
    )
    workers: int = Field(
        default=1, ge=1, le=64,
        description=N_("Processes that answer. One uses all cores; more are for machines with many."),
    )  # fmt: skip
    threads: int = Field(default=0, ge=0, description=N_("Threads that share one batch. Default: one for each core."))
    device: Literal["cpu", "cuda"] = Field(default="cpu", description=N_("What runs the models."))
    max_wait: float = Field(
        default=2.0, gt=0, description=N_("Seconds of waiting beyond which further requests are refused (503).")
    )
    timeout: float = Field(
        default=30.0, gt=0, description=N_("Seconds after which a request that is not answered is given up (504).")
    )
    body_timeout: float = Field(
        default=10.0, gt=0, description=N_("Seconds that a request may take to arrive (408).")
    )  # fmt: skip
    max_body: int = Field(default=4_000_000, gt=0, description=N_("Largest request in bytes (413)."))
    max_texts: int = Field(default=1_000, gt=0, description=N_("Most texts in one request (422)."))
    max_characters: int = Field(default=100_000, gt=0, description=N_("Longest text in characters (422)."))
    drain: float = Field(
        default=30.0, ge=0, description=N_("Seconds given to accepted requests when the server is told to stop.")
    )
    traces: bool = Field(
        default=False,
        description=N_("Whether a span is sent for each request by OpenTelemetry, to where its own variables say."),
    )
    log_texts: bool = Field(default=False, description=N_("Whether texts are written to the log."))
