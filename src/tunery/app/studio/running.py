"""The indicator of running jobs in the bar, and what jobs look like in words."""

from __future__ import annotations

from nicegui import ui
from sqlalchemy import func, select

from tunery.app.studio.components.markup import Tag, link
from tunery.app.studio.visits import Visit
from tunery.i18n import _
from tunery.store.tables import Job, Member

_SECONDS = 3.0
"""How often is looked. It is also how soon an open page sees that its sign-in has ended."""
ACTIVE = ("queued", "running")


def indicator(here: Visit) -> None:
    """Build the link that says how many jobs run or wait."""
    admin = here.user is not None and here.user.admin
    target = f"/p/{here.project.id}/jobs" if here.project else "/jobs" if admin else "/"
    with link("", target, classes="running", **{"aria-live": "polite"}) as element:
        dot = Tag("i", classes="running-dot")
        words = Tag("span")

    def look() -> None:
        count = _active(here)
        words.text = _("{count} running").format(count=count) if count else _("Nothing runs")
        element.classes(add="is-active" if count else "", remove="" if count else "is-active")
        dot.update()

    look()
    ui.timer(_SECONDS, look, immediate=False)


def _active(here: Visit) -> int:
    context = here.watching
    query = select(func.count()).select_from(Job).where(Job.state.in_(ACTIVE))
    if here.project is not None:
        query = query.where(Job.project == here.project.id)
    elif context.user is not None and not context.user.admin:
        query = query.join(Member, Member.project == Job.project).where(Member.user == context.user.id)
    with context.workspace.reading() as session:
        return session.scalar(query) or 0
