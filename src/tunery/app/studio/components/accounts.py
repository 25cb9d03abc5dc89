"""Forms that sign somebody in. The browser sends them to the API itself, as password managers expect it."""

from __future__ import annotations

from dataclasses import dataclass

from tunery.app.studio.components.markup import Tag
from tunery.i18n import _


@dataclass(frozen=True)
class Entry:
    """A field of such a form.

    Attributes:
        name: What the API calls it.
        title: What people read.
        kind: The type of HTML.
        complete: What browsers may fill in.
        value: What is in it at first.
        hint: What it means.
        needed: Whether it must be filled in.
    """

    name: str
    title: str
    kind: str = "text"
    complete: str = "off"
    value: str = ""
    hint: str = ""
    needed: bool = True


def account_form(entries: tuple[Entry, ...], *, call: str, then: str, act: str) -> None:
    """Build a form that calls the API and then goes on.

    Args:
        entries: Its fields.
        call: The address within the API.
        then: Where to go when that has gone well.
        act: What the button says.
    """
    about = {"data-call": call, "data-then": then, "data-offline": _("Tunery can't be reached. Try again in a moment.")}
    with Tag("form", classes="form", method="post", **about):
        for number, entry in enumerate(entries):
            _entry(entry, first=number == 0)
        Tag("p", classes="form-error", role="alert")
        Tag("button", act, classes="button primary", type="submit")


def _entry(entry: Entry, *, first: bool) -> None:
    name = f"entry-{entry.name}"
    with Tag("div", classes="field"):
        Tag("label", entry.title, classes="field-name", **{"for": name})
        Tag(
            "input",
            classes="input",
            id=name,
            name=entry.name,
            type=entry.kind,
            autocomplete=entry.complete,
            value=entry.value or None,
            required="required" if entry.needed else None,
            autofocus="autofocus" if first else None,
            spellcheck="false",
        )
        if entry.hint:
            Tag("p", entry.hint, classes="field-hint")
