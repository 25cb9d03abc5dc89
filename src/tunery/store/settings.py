"""Where a workspace is, declared once: command line and documentation are derived from it."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tunery.i18n import N_


def _default_folder() -> Path:
    return Path(os.environ.get("TUNERY_WORKSPACE") or Path.home() / "tunery")


class WorkspaceSettings(BaseModel):
    """Where a workspace keeps its rows and its blobs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Path = Field(
        default_factory=_default_folder,
        description=N_("Folder of the workspace. Default: TUNERY_WORKSPACE, or tunery in your home folder."),
    )
    database: str | None = Field(
        default_factory=lambda: os.environ.get("TUNERY_DATABASE"),
        description=N_(
            "Where rows are kept, for example postgresql://user@host/tunery. Default: TUNERY_DATABASE, or SQLite in "
            "the folder."
        ),
    )
    blobs: str | None = Field(
        default_factory=lambda: os.environ.get("TUNERY_BLOBS"),
        description=N_(
            "Where files are kept, for example s3://bucket/tunery. Default: TUNERY_BLOBS, or a folder in the workspace."
        ),
    )
