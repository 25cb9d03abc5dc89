"""Importing a file: look at it first, say what it is, then make it a version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile

from nicegui import ui
from nicegui.elements.upload_files import FileUpload

from tunery.app.actions import data
from tunery.app.actions.data import Look, Origin
from tunery.app.studio.components import charts
from tunery.app.studio.components.cards import card, note, stat, stats
from tunery.app.studio.components.examples import problem_list, sample_table
from tunery.app.studio.components.files import file_drop
from tunery.app.studio.components.forms import Field, choice_field, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.progress import progress_line
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.app.studio.words import split_name, task_name, task_names
from tunery.i18n import N_, _
from tunery.store.tables import Job

ENDINGS = ".csv,.tsv,.txt,.json,.jsonl,.xlsx,.parquet,.conll,.iob,.bio,.gz,.zip"
_MOST_LABELS = 30
_NO_LABELS = ("no-label", "no-labels", "no-spans", "labels-are-no-classes")
"""Codes of problems that texts without labels have."""
_REPEATS = ("duplicate", "duplicate-across-splits", "near-duplicate-across-splits")
"""Codes of problems that count rows which repeat others."""


@studio_page("/p/{project}/data/import", title=N_("Import a file"), role="editor")
def import_page(project: str, into: str = "") -> None:
    """Build the page.

    Args:
        project: Where the data goes.
        into: The name of the data set that a new version is made of.
    """
    heading(
        _("Import a file"),
        _("Nothing is changed until you have seen what the file becomes."),
        kicker=_("Data"),
    )
    Importing(project, into=into, on_done=_go_to_version)


async def _go_to_version(project: str, job: Job) -> None:
    result = job.result or {}
    target = f"/p/{project}/data/{result['data_set']}" if "data_set" in result else f"/p/{project}/data"
    ui.navigate.to(target)


class Importing:
    """The steps of an import, one below the other.

    Args:
        project: Where the data goes.
        into: The name of the data set, where it is known.
        on_done: What is done when a version has been made: given the project and the job.
    """

    def __init__(
        self, project: str, *, into: str = "", on_done: Callable[[str, Job], Awaitable[None]] = _go_to_version
    ) -> None:
        self._project = project
        self._into = into
        self._on_done = on_done
        self._origin: Origin | None = None
        self._root = Tag("div", classes="stack")
        with self._root:
            self._choose()

    async def take(self, origin: Origin, *, task: str | None = None, settings: dict[str, object] | None = None) -> None:
        """Look at something that can be imported, and show it."""
        self._origin = origin
        self._root.clear()
        with self._root, card(), Tag("div", classes="row"):
            ui.spinner(size="22px")
            Tag("p", _("Reading {name} and looking for whatever would cost quality …").format(name=origin.name))
        look = await in_background(
            data.look, visit().context, self._project, origin, task=task, settings=settings or {}
        )  # fmt: skip
        self._root.clear()
        with self._root:
            self._show(origin, look, settings or {})

    def _choose(self) -> None:
        file_drop(
            self._uploaded,
            hint=_("CSV, TSV, JSON, JSON lines, Excel, Parquet, CoNLL, Label Studio, doccano; also compressed."),
            accept=ENDINGS,
        )
        with Tag("details", classes="more"):
            Tag("summary", _("Or take it from a source"))
            with Tag("div", classes="row"):
                field = text_field(
                    "", hint=_("For example hf:user/data, modelscope:user/data or pypi:package==1.0/folder.")
                )
                field.element.props["aria-label"] = _("Source")
                button(_("Look at it")).on("click", lambda: self._fetched(field))

    async def _uploaded(self, file: FileUpload) -> None:
        with NamedTemporaryFile(
            dir=visit().parts.workspace.place("uploads"), suffix=PurePath(file.name).suffix
        ) as kept:
            await file.save(kept.name)
            context = visit().context
            origin = await in_background(data.upload, context, self._project, path=Path(kept.name), name=file.name)
        await self.take(origin)

    async def _fetched(self, field: Field) -> None:
        name = str(field.value).strip()
        if not name:
            field.complain(_("Write where the data is."))
            return
        field.complain("")
        await self.take(Origin(name))

    def _show(self, origin: Origin, look: Look, settings: dict[str, object]) -> None:
        errors = [problem for problem in look.problems if problem.severity == "error"]
        rest = [problem for problem in look.problems if problem.severity != "error"]
        with card(origin.name, task_name(look.task)):
            self._numbers(look)
            if errors:
                note(
                    _("It can't be imported as it is."),
                    _("What stands in the way is below, with its places."),
                    kind="danger",
                )
                problem_list(errors)
                if any(problem.code in _NO_LABELS for problem in errors) and not settings.get("unlabelled"):
                    self._offer_to_label(origin, look, settings)
            self._settings(origin, look, settings)
        if look.check is not None:
            with card(_("Is this what you meant?"), _("Some rows, as a model would see them.")):
                sample_table(look.samples)
            with Tag("div", classes="grid-2"):
                self._labels(look)
                self._lengths(look)
        if rest:
            with card(_("What was found"), _("Nothing of this forbids the import; some of it costs quality.")):
                problem_list(rest)

    def _offer_to_label(self, origin: Origin, look: Look, settings: dict[str, object]) -> None:
        with Tag("div", classes="row"):
            Tag("p", _("Are these texts that nobody has labelled yet?"), classes="grow")
            button(_("Import them to label them here"), symbol="annotate").on(
                "click", lambda: self.take(origin, task=look.task, settings=settings | {"unlabelled": True})
            )

    def _numbers(self, look: Look) -> None:
        if look.check is None:
            return
        splits = look.check.splits
        with stats():
            stat(_("Rows"), f"{sum(split.rows for split in splits.values()):,}")
            for name, split in splits.items():
                stat(split_name(name), f"{split.rows:,}")
            stat(_("Labels"), f"{len({label for split in splits.values() for label in split.labels}):,}")
            stat(_("Characters"), f"{max(split.characters.median for split in splits.values()):,.0f}", _("median"))
            repeated = sum(problem.count for problem in look.problems if problem.code in _REPEATS)
            stat(_("Duplicates"), f"{repeated:,}", _("rows"))

    def _labels(self, look: Look) -> None:
        counts: dict[str, float] = {}
        for split in look.check.splits.values() if look.check is not None else ():
            for label, count in split.labels.items():
                counts[label] = counts.get(label, 0) + count
        if counts:
            title = _("How often each label occurs")
            with card(title):
                charts.bars(dict(sorted(counts.items(), key=lambda item: -item[1])[:_MOST_LABELS]), title=title)

    def _lengths(self, look: Look) -> None:
        if look.lengths:
            title = _("Lengths in characters")
            with card(title):
                charts.lengths(look.lengths, title=title)

    def _settings(self, origin: Origin, look: Look, settings: dict[str, object]) -> None:
        with Tag("div", classes="filters"):
            task = choice_field(_("What is it for?"), task_names(), look.task)
            text = self._column(_("Text column"), look, settings, "text_column")
            label = self._column(_("Label column"), look, settings, "label_column")
            separator = text_field(_("Separator of labels"), str(settings.get("label_separator") or ""))
            button(_("Look again")).on("click", lambda: again())
        name = text_field(_("Name of the data set"), self._into or _name_from(origin.name))
        go = button(_("Import"), kind="primary")
        if not look.ok:
            go.props("disabled")

        def chosen() -> dict[str, object]:
            fields = {"text_column": text, "label_column": label, "label_separator": separator}
            kept = {key: value for key, value in settings.items() if key == "unlabelled"}
            return kept | {key: field.value for key, field in fields.items() if field is not None and field.value}

        async def again() -> None:
            await self.take(origin, task=task.value, settings=chosen())

        async def start() -> None:
            job = await in_background(
                data.start_import, visit().context, self._project, origin,
                data_set=str(name.value), task=look.task, settings=settings,
            )  # fmt: skip
            self._root.clear()
            with self._root, card(_("Importing {name}").format(name=origin.name)):
                progress_line(job.id, on_end=self._ended)

        go.on("click", start)

    def _column(self, title: str, look: Look, settings: dict[str, object], key: str) -> Field | None:
        if not look.columns:
            return None
        options = {"": _("found by itself"), **{column: column for column in look.columns}}
        return choice_field(title, options, settings.get(key, ""))

    async def _ended(self, job: Job) -> None:
        if job.state == "done":
            await self._on_done(self._project, job)


def _name_from(origin: str) -> str:
    parts = [part for part in origin.replace("\\", "/").split("/") if part]
    return PurePath(parts[-1] if parts else "data").name.split(".")[0][:100] or "data"
