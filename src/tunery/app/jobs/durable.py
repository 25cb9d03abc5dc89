"""Where and how DBOS keeps what it knows."""

from __future__ import annotations

import json
from typing import Any

from dbos import Serializer
from typing_extensions import override

from tunery.store.workspace import Workspace


def system_database(workspace: Workspace) -> str:
    """Return the URL of DBOS's tables: in the workspace's Postgres (schema ``dbos``), or in a file in its folder."""
    if workspace.engine.url.get_backend_name() == "postgresql":
        return workspace.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return f"sqlite:///{workspace.place('jobs') / 'dbos.db'}"


class JsonSerializer(Serializer):
    """Keeps names and outcomes as JSON: DBOS's own way would carry out what is written there (pickle)."""

    @override
    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=str)

    @override
    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    @override
    def name(self) -> str:
        return "json"
