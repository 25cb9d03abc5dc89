"""The audit log as a table."""

from __future__ import annotations

from tunery.app.actions import audit
from tunery.app.studio.components.tables import Column, DataTable
from tunery.app.studio.components.times import ago
from tunery.app.studio.visits import visit
from tunery.app.studio.words import action_name
from tunery.i18n import _
from tunery.store.audit import Seen

_LIMIT = 25


def audit_table(project: str | None) -> None:
    """Build the table: of a project, or of everything."""
    columns: list[Column[Seen]] = [
        Column(_("When"), lambda seen: ago(seen.entry.at)),
        Column(_("Who"), lambda seen: seen.who or _("the workspace itself")),
        Column(_("What"), lambda seen: action_name(seen.entry.action)),
        Column(_("Of what"), lambda seen: (seen.entry.subject or "")[:26], narrow=True),
        Column(_("Details"), lambda seen: ", ".join(f"{k}: {v}" for k, v in seen.entry.details.items()), narrow=True),
    ]
    DataTable(
        columns, lambda after, limit: audit.page(visit().context, project=project, after=after, limit=limit),
        label=_("What was done"), limit=_LIMIT,
    )  # fmt: skip
