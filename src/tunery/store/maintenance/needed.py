"""Which blobs are needed."""

from __future__ import annotations

import json
import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store.tables import Job, ModelFile

_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def blobs(session: Session) -> set[str]:
    """Return the hashes of the files of all models, and of what was uploaded for jobs that have not ended."""
    found = set(session.scalars(select(ModelFile.blob).distinct()))
    for arguments in session.scalars(select(Job.arguments).where(Job.state.in_(["queued", "running"]))):
        found.update(_HASH.findall(json.dumps(arguments)))
    return found
