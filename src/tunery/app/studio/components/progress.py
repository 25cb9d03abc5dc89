"""A job while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from tunery.app.actions import jobs
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.times import duration
from tunery.app.studio.visits import visit
from tunery.i18n import N_, _
from tunery.store.tables import Job

_SECONDS = 0.7
STATES = {
    "queued": N_("waiting"),
    "running": N_("running"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}
"""What people read for the state of a job or a run, to be translated."""
ENDED = ("done", "failed", "cancelled")


def state_mark(state: str) -> Tag:
    """Build the state of a job or a run."""
    return Tag("span", _(STATES.get(state, state)), classes=f"state state-{state}")


def progress_line(job: str, *, on_end: Callable[[Job], Awaitable[None] | None] | None = None) -> Tag:
    """Build a job as it goes on: what it does, how far it is, how long it still takes, and how it ended.

    Args:
        job: Its name.
        on_end: What is done when it has ended, with the job.
    """
    with Tag("div", classes="progress") as element:
        with Tag("div", classes="progress-words"):
            state = Tag("span", classes="state")
            step = Tag("span", classes="progress-step", **{"aria-live": "polite"})
            left = Tag("span", classes="muted")
            stop = button(_("Stop"), kind="quiet")
        with Tag(
            "div", classes="progress-track", role="progressbar",
            **{"aria-label": _("Progress"), "aria-valuemin": "0", "aria-valuemax": "100"},
        ) as track:  # fmt: skip
            bar = Tag("i")

    def cancel() -> None:
        jobs.cancel(visit().context, job)

    stop.on("click", cancel)

    async def look() -> None:
        with visit().watching.workspace.reading() as session:
            found = session.get(Job, job)
        if found is None:
            timer.cancel()
            return
        _paint(found, state, step, left)
        share = 1.0 if found.state == "done" else float(found.progress.get("share") or 0.0)
        bar.style(f"width: {100 * share:.1f}%")
        track.props["aria-valuenow"] = round(100 * share)
        element.classes(replace=f"progress is-{found.state}")
        if found.state in ENDED:
            timer.cancel()
            stop.set_visibility(False)
            result = on_end(found) if on_end is not None else None
            if result is not None:
                await result

    timer = ui.timer(_SECONDS, look)
    return element


def _paint(job: Job, state: Tag, step: Tag, left: Tag) -> None:
    state.text = _(STATES.get(job.state, job.state))
    state.classes(replace=f"state state-{job.state}")
    if job.state == "failed":
        error = job.error or {}
        step.text = " ".join(filter(None, (str(error.get("message", "")), str(error.get("hint", "")))))
        left.text = ""
        return
    step.text = str(job.progress.get("step") or "")
    seconds = job.progress.get("left")
    left.text = (
        _("about {time} left").format(time=duration(float(seconds))) if seconds and job.state == "running" else ""
    )
