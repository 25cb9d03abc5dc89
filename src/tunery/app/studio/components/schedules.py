"""Jobs that are done again and again: the list of them, and the question how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from nicegui import ui

from tunery.app.actions import schedules
from tunery.app.studio import notices
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.dialogs import confirm, named_dialog
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.views import timetables
from tunery.app.studio.views.timetables import Every, Timetable
from tunery.app.studio.visits import visit
from tunery.app.studio.words import kind_name
from tunery.i18n import _
from tunery.store.tables import Schedule

_AT = "03:00"
"""When there is least to do."""


class Schedules:
    """The list of what is done again and again; nothing where there is nothing.

    Args:
        project: Whose; None for the whole workspace.
        may_edit: Whether the reader may switch them off and remove them.
    """

    def __init__(self, project: str | None, *, may_edit: bool) -> None:
        self._project, self._may_edit = project, may_edit
        self._place = Tag("div")
        self.show()

    def show(self) -> None:
        """Build it anew."""
        found = schedules.of_project(visit().context, self._project)
        self._place.clear()
        if not found:
            return
        with (
            self._place,
            card(_("Again and again"), _("What is started by the clock.")),
            Tag("div", classes="lines-list"),
        ):
            for one in found:
                self._line(one)

    def _line(self, one: Schedule) -> None:
        with Tag("div", classes="line-item"):
            with Tag("div", classes="grow"):
                Tag("strong", _about(one))
                Tag("div", f"{timetables.words(one.cron)} ({one.zone})", classes="muted small")
            if one.enabled:
                Tag("span", _("next in {time}").format(time=_until(one.due)), classes="muted")
            else:
                Tag("span", _("switched off"), classes="state state-cancelled")
            if self._may_edit:
                self._buttons(one)

    def _buttons(self, one: Schedule) -> None:
        def switch() -> None:
            schedules.enable(visit().context, one.id, not one.enabled)
            self.show()

        async def remove() -> None:
            title = _("Never do this by the clock again?")
            if await confirm(title, _("What it has done stays."), act=_("Remove"), danger=True):
                schedules.remove(visit().context, one.id)
                self.show()

        button(_("Switch off") if one.enabled else _("Switch on"), kind="quiet").on("click", switch)
        button(_("Remove"), kind="quiet").on("click", remove)


async def ask_when(
    kind: str, arguments: Mapping[str, object], project: str | None, *, done: Callable[[], None] | None = None
) -> None:
    """Ask how often a job is to be done, and write that down.

    Args:
        kind: The job's kind.
        arguments: Its arguments.
        project: Where it belongs; None for jobs about the whole workspace.
        done: Called when it is written down.
    """
    zone = str(await ui.run_javascript("Intl.DateTimeFormat().resolvedOptions().timeZone") or "UTC")
    title = _("Do it again and again")
    with named_dialog(title) as dialog, Tag("section", classes="dialog", role="document"):
        Tag("h2", title)
        Tag("p", kind_name(kind), classes="muted")
        every = choice_field(_("How often"), {name: _(words) for name, words in timetables.EVERY.items()}, "day")
        week_day = choice_field(_("On which day"), {n: _(name) for n, name in enumerate(timetables.WEEKDAYS)}, 1)
        month_day = choice_field(_("On which day"), {n: str(n) for n in range(1, timetables.LAST_DAY + 1)}, 1)
        at = text_field(_("At what time"), _AT, hint=_("Of the day, in the time zone {zone}.").format(zone=zone))
        with Tag("div", classes="dialog-actions"):
            button(_("Cancel")).on("click", dialog.close)
            go = button(_("Do it again and again"), kind="primary")

    def fit() -> None:
        week_day.root.set_visibility(every.value == "week")
        month_day.root.set_visibility(every.value == "month")

    def make() -> None:
        time = timetables.read_time(str(at.value))
        at.complain("" if time else _("Write hours and minutes, for example {time}.").format(time=_AT))
        if time is None:
            return
        chosen: Every = every.value
        day = {"day": 1, "week": week_day.value, "month": month_day.value}[chosen]
        timetable = Timetable(chosen, *time, int(day))
        schedules.create(visit().context, project, kind, arguments, cron=timetable.cron, zone=zone)
        dialog.close()
        notices.tell(_("Done from now on: {when}.").format(when=timetable.words))
        if done is not None:
            done()

    every.element.on_value_change(fit)
    fit()
    go.on("click", make)
    dialog.on("hide", dialog.delete)
    dialog.open()


def _about(one: Schedule) -> str:
    what = one.arguments.get("data_set") or one.arguments.get("endpoint") or ""
    return f"{kind_name(one.kind)} · {what}" if what else kind_name(one.kind)


def _until(moment: datetime) -> str:
    hours = max((moment - datetime.now(UTC)).total_seconds(), 0) / 3600
    if hours < 1:
        return _("{count} min").format(count=round(hours * 60))
    return _("{count} h").format(count=round(hours)) if hours < 48 else _("{count} d").format(count=round(hours / 24))
