"""What was done, for those who have to know."""

from __future__ import annotations

from tunery.app import access
from tunery.app.context import Context
from tunery.store import audit
from tunery.store.audit import Seen
from tunery.store.paging import Page


def page(
    context: Context,
    *,
    project: str | None = None,
    user: str | None = None,
    action: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Seen]:
    """Return entries of the audit log, the latest first: of one project to its owners, of everything to administrators.

    Raises:
        AccessError: The context's user may not see them.
        NotFoundError: There is no such project.
    """
    with context.workspace.reading() as session:
        if project is not None:
            access.require(session, context, project, "owner")
        else:
            access.require_admin(context)
        return audit.page(session, project=project, user=user, action=action, after=after, limit=limit)
