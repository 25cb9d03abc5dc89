"""Labelling: the queues of a project."""

from __future__ import annotations

from tunery.app.actions import queues
from tunery.app.actions.queues import Overview
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.markup import Tag, button_link
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.data import may_edit
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.i18n import N_, _

_KINDS = {"label": N_("one label"), "labels": N_("several labels"), "spans": N_("entities")}
ORDERS = {
    "uncertain": N_("unsure ones first"),
    "disagreement": N_("different answers first"),
    "random": N_("in random order"),
    "errors": N_("likely label errors first"),
    "given": N_("in the order of the data"),
}
"""What people read for the order of a queue, to be translated."""


@studio_page("/p/{project}/annotate", title=N_("Annotate"))
def all_queues(project: str) -> None:
    """Build the list of queues."""

    def actions() -> None:
        if may_edit():
            button_link(_("New queue"), f"/p/{project}/annotate/new", kind="primary", symbol="plus")

    heading(_("Annotate"), _("Queues of texts that people label, and what they found."), actions=actions)
    found = queues.overview(visit().context, project=project)
    if not found:
        empty_state(
            _("There is no queue yet."),
            _("A queue takes rows of a data set, or what endpoints were asked, in the order that teaches most."),
            icon="annotate",
        )
    for one in found:
        _queue(project, one)


def _queue(project: str, one: Overview) -> None:
    queue, far = one.queue, one.progress
    base = f"/p/{project}/annotate/{queue.id}"

    def actions() -> None:
        if far.disputed and may_edit():
            button_link(_("Settle {n}").format(n=far.disputed), f"{base}/settle")
        button_link(_("Results"), f"{base}/results")
        if queue.closed is None and visit().role != "viewer":
            button_link(_("Label texts"), base, kind="primary")

    words = [_(_KINDS[queue.kind]), _(ORDERS[queue.order])]
    if queue.overlap > 1:
        words.append(_("{n} people each").format(n=queue.overlap))
    if queue.closed is not None:
        words.append(_("closed"))
    with card(queue.name, " · ".join(words), actions=actions):
        meter(far.done, far.items)
        people = [f"{one.names[person.user]} {person.answered}" for person in far.people]
        Tag("p", " · ".join(people) or _("Nobody has begun yet."), classes="muted small")


def meter(done: int, items: int) -> None:
    """Build how far a queue is."""
    share = 100 * done / items if items else 0
    words = _("{done} of {items} done").format(done=f"{done:,}", items=f"{items:,}")
    with Tag("div", classes="progress"):
        Tag("span", words, classes="small")
        with Tag(
            "div", classes="progress-track", role="progressbar",
            **{"aria-label": words, "aria-valuemin": "0", "aria-valuemax": str(items), "aria-valuenow": str(done)},
        ):  # fmt: skip
            Tag("i", style=f"width: {share:.1f}%")
