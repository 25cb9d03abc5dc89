"""What came of a queue: who did how much, how far they agree, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui
from nicegui.elements.upload_files import FileUpload

from tunery.app.actions import queues
from tunery.app.actions.queues import Overview
from tunery.app.studio import notices
from tunery.app.studio.components.cards import card, note, stat, stats
from tunery.app.studio.components.files import file_drop
from tunery.app.studio.components.markup import Tag, button, button_link
from tunery.app.studio.components.times import duration
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.annotate import meter
from tunery.app.studio.pages.data import may_edit
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.data import annotation_formats
from tunery.errors import DataError
from tunery.evaluation.agreement import AnnotatorAgreement
from tunery.i18n import N_, _


@studio_page("/p/{project}/annotate/{queue}/results", title=N_("Results"))
async def results(project: str, queue: str) -> None:
    """Build the page."""
    one = await in_background(queues.get, visit().context, queue=queue)
    base = f"/p/{project}/annotate/{queue}"

    def actions() -> None:
        if one.progress.disputed and may_edit():
            button_link(_("Settle {n}").format(n=one.progress.disputed), f"{base}/settle", kind="primary")
        button_link(_("All queues"), f"/p/{project}/annotate")

    heading(one.queue.name, kicker=_("Results"), actions=actions)
    with card():
        meter(one.progress.done, one.progress.items)
        with stats():
            stat(_("Texts with an answer"), f"{one.progress.begun:,}", _("by anybody"))
            stat(_("Different answers"), f"{one.progress.disputed:,}", _("not settled"))
            stat(_("Settled"), f"{one.progress.settled:,}")
    await _agreement(queue)
    _people(one)
    if may_edit():
        _making(project, one)


async def _agreement(queue: str) -> None:
    with card(_("Agreement"), _("1 is perfect agreement, 0 what chance gives.")):
        try:
            found = await in_background(queues.agreement, visit().context, queue=queue)
        except DataError as error:
            note(str(error), kind="warn")
            return
        if found.texts == 0:
            Tag("p", _("No text has answers of two people yet."), classes="muted")
            return
        with stats():
            low, high = found.interval or (None, None)
            ends = _("{low} to {high}").format(low=_number(low), high=_number(high))
            stat(_("Krippendorff's alpha"), _number(found.alpha), ends)
            stat(_("Texts with two answers"), f"{found.texts:,}")
        _pairs(found)
        _labels(found)


def _pairs(found: AnnotatorAgreement) -> None:
    score = _("F1 of exact entities") if found.kind == "spans" else _("Cohen's kappa")
    head = (_("People"), _("Texts"), score, _("Same answer"))
    rows = [
        (f"{pair.first} · {pair.second}", f"{pair.texts:,}", _number(pair.score), f"{pair.same:.0%}")
        for pair in found.pairs
    ]
    _table(head, rows, _("Pairs of people"))


def _labels(found: AnnotatorAgreement) -> None:
    worst = sorted(found.per_label.items(), key=lambda pair: 1.0 if pair[1] is None else pair[1])
    _table((_("Label"), _("Alpha")), [(label, _number(alpha)) for label, alpha in worst], _("Labels, the worst first"))


def _people(one: Overview) -> None:
    head = (_("Person"), _("Answers given"), _("Skipped"), _("As suggested"), _("Time for one"))
    rows = [
        (
            one.names[person.user],
            f"{person.answered:,}",
            f"{person.skipped:,}",
            f"{person.accepted / person.suggested:.0%}" if person.suggested else "–",
            duration(person.seconds) if person.seconds is not None else "–",
        )
        for person in one.progress.people
    ]
    with card(_("People")):
        if rows:
            _table(head, rows, _("People"))
        else:
            Tag("p", _("Nobody has begun yet."), classes="muted")


def _making(project: str, one: Overview) -> None:
    queue = one.queue

    async def make() -> None:
        made = await in_background(queues.new_version, visit().context, queue=queue.id)
        words = _("Version {number}: {n} rows have their label from this queue.")
        notices.tell(
            words.format(number=made.version.number, n=made.taken),
            _("{n} ties were left as they are.").format(n=len(made.ties)) if made.ties else "",
        )
        ui.navigate.to(f"/p/{project}/data/{queue.data_set}")

    async def close() -> None:
        await in_background(queues.change, visit().context, queue=queue.id, closed=queue.closed is None)
        ui.navigate.reload()

    with card(_("What is made of it"), _("What was settled counts first, then what most people say.")):
        with Tag("div", classes="row"):
            button(_("Make a version"), kind="primary").on("click", make)
            for name in annotation_formats.names():
                button(_("Export for {tool}").format(tool=name)).on(
                    "click", lambda name=name: _download(queue.id, name)
                )
            button(_("Close the queue") if queue.closed is None else _("Open it again")).on("click", close)
        file_drop(
            lambda file: _take(queue.id, file), hint=_("Answers from Label Studio or doccano"), accept=".json,.jsonl"
        )


async def _download(queue: str, name: str) -> None:
    content = await in_background(queues.export, visit().context, queue=queue, format=name)
    ui.download.content(content, f"{queue}-{name}.json{'l' if name == 'doccano' else ''}")


async def _take(queue: str, file: FileUpload) -> None:
    content = await file.read()
    read = await in_background(queues.read, visit().context, queue=queue, content=content, name=file.name)
    words = _("{texts} texts, {answers} answers came in.")
    notices.tell(words.format(texts=read.texts, answers=read.answers))
    ui.navigate.reload()


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], label: str) -> None:
    with Tag("div", classes="scroll", tabindex="0", role="region", **{"aria-label": label}), Tag("table"):
        with Tag("thead"), Tag("tr"):
            for number, title in enumerate(head):
                Tag("th", title, scope="col", classes="number" if number else "")
        with Tag("tbody"):
            for row in rows:
                with Tag("tr"):
                    for number, cell in enumerate(row):
                        Tag("td", cell, classes="number" if number else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
