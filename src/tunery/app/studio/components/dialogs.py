"""Questions before something that can't be taken back."""

from __future__ import annotations

from nicegui import ui

from tunery.app.studio.components.markup import Tag, button
from tunery.i18n import _


async def confirm(title: str, text: str = "", *, act: str = "", danger: bool = False, word: str = "") -> bool:
    """Ask whether to go on.

    Args:
        title: The question.
        text: What will happen.
        act: What the button says; "Go on" where nothing is given.
        danger: Whether it destroys something.
        word: What has to be typed first, for what is destroyed for good.

    Returns:
        Whether the person went on.
    """
    with named_dialog(title) as dialog, Tag("section", classes="dialog", role="document"):
        Tag("h2", title)
        if text:
            Tag("p", text, classes="muted")
        go = button(act or _("Go on"), kind="danger" if danger else "primary")
        if word:
            Tag("label", _("Type {word} to go on.").format(word=word), classes="field-name", **{"for": "confirm-word"})
            typed = ui.input().props('outlined dense for="confirm-word" autofocus').classes("field-input")
            _enable(go, False)
            typed.on_value_change(lambda event: _enable(go, event.value == word))
        with Tag("div", classes="dialog-actions"):
            button(_("Cancel")).on("click", lambda: dialog.submit(False))
            go.move(ui.context.slot.parent)
        go.on("click", lambda: dialog.submit(True))
    answer = await dialog
    dialog.delete()
    return bool(answer)


def named_dialog(title: str) -> ui.dialog:
    """Build a dialog that those hear the name of who don't see it."""
    dialog = ui.dialog()
    dialog.props["aria-label"] = title
    return dialog


def _enable(element: Tag, enabled: bool) -> None:
    if enabled:
        element.props(remove="disabled")
    else:
        element.props("disabled")
