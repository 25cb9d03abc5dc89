"""Labelling itself, and settling what people answered differently."""

from __future__ import annotations

from tunery.app.actions import queues
from tunery.app.studio.annotate.element import labelling
from tunery.app.studio.components.markup import button_link
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.i18n import N_, _


@studio_page("/p/{project}/annotate/{queue}", title=N_("Annotate"), role="annotator", wide=True)
def work(project: str, queue: str) -> None:
    """Build the labelling page."""
    found = queues.get(visit().context, queue=queue).queue
    heading(found.name, kicker=_("Annotate"), actions=lambda: _all(project))
    labelling(visit(), found, "label")


@studio_page("/p/{project}/annotate/{queue}/settle", title=N_("Settle"), role="editor", wide=True)
def settle(project: str, queue: str) -> None:
    """Build the page where different answers are settled."""
    found = queues.get(visit().context, queue=queue).queue
    heading(found.name, kicker=_("Settle what people answered differently"), actions=lambda: _all(project))
    labelling(visit(), found, "settle")


def _all(project: str) -> None:
    button_link(_("All queues"), f"/p/{project}/annotate")
