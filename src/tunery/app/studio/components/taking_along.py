"""A model that is taken along: its files, and what serving it without torch would be like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunery.app.actions import jobs, models
from tunery.app.rest.application import PREFIX
from tunery.app.studio import notices
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.progress import progress_line
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import _
from tunery.store.tables import Job, Model


class TakingAlong:
    """A card with a model's files, and with what it was exported to.

    Args:
        project: The project.
        model: The model.
        may_export: Whether the reader may start that.
    """

    def __init__(self, project: str, model: Model, *, may_export: bool) -> None:
        self._project, self._model, self._may_export = project, model, may_export
        lead = _("The folder is one that plain transformers loads. An export answers faster, and without torch.")
        with card(_("Take it along"), lead):
            self._place = Tag("div", classes="stack")
        self._show()

    def _show(self) -> None:
        made = models.page(visit().context, self._project, run=self._model.run).items
        exported = [one for one in made if one.derived == self._model.id]
        self._place.clear()
        with self._place:
            with Tag("div", classes="buttons"):
                _files(_("Download the model"), self._model)
                if exported:
                    _files(_("Download the export"), exported[0])
                if self._may_export:
                    button(_("Export for serving")).on("click", self._export)
            if exported and exported[0].manifest.get("export"):
                _measured(exported[0].manifest["export"])

    async def _export(self) -> None:
        arguments = {"model": self._model.id}
        job = await in_background(jobs.start, visit().context, "export", arguments, project=self._project)
        self._place.clear()
        with self._place:
            progress_line(job.id, on_end=self._ended)

    def _ended(self, job: Job) -> None:
        if job.state == "failed":
            return  # the line says why
        if job.state == "done":
            notices.tell(_("The model is exported."))
        self._show()


def _files(words: str, model: Model) -> None:
    Tag("a", words, classes="button", href=f"{PREFIX}/models/{model.id}/files", download="")


def _measured(found: Mapping[str, Any]) -> None:
    headings = (
        _("runtime"), _("agreement"), _("distance"), _("texts/s, one by one"), _("texts/s, in batches"), "MB",
        _("used"),
    )  # fmt: skip
    box = Tag("div", classes="scroll", tabindex="0", role="region", **{"aria-label": _("What was measured")})
    with box, Tag("table"):
        with Tag("thead"), Tag("tr"):
            for number, name in enumerate(headings):
                Tag("th", name, classes="number" if number else "", scope="col")
        with Tag("tbody"):
            for name, one in found["measured"].items():
                _runtime(name, one, used=name == found["runtime"])
    words = _("Compared with torch on the rows of dev; measured on {processor}.")
    Tag("p", words.format(processor=found["processor"]), classes="muted small")


def _runtime(name: str, one: Mapping[str, Any], *, used: bool) -> None:
    cells = (
        f"{one['agreement']:.2%}", f"{one['distance']:.4f}", f"{one['alone_per_second']:,.0f}",
        f"{one['texts_per_second']:,.0f}", f"{one['megabytes']:,.1f}",
    ) if one["megabytes"] else ("–",) * 5  # fmt: skip
    with Tag("tr", classes="is-strong" if used else ""):
        Tag("td", name)
        for cell in (*cells, _("yes") if used else _("no")):
            Tag("td", cell, classes="number")
    for reason in one["failed"]:
        with Tag("tr"):
            Tag("td", reason, classes="muted small", colspan="7")
