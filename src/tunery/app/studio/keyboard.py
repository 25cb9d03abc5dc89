"""The shortcuts, and the dialog that lists them; what they do is in ``static/studio.js``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunery.app.studio.components.dialogs import named_dialog
from tunery.app.studio.components.markup import Tag
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.app.studio.shell import Place


def help_dialog(places: list[tuple[Place, str]]) -> None:
    """Build the dialog that ``?`` opens."""
    title = _("Keyboard shortcuts")
    with named_dialog(title) as dialog, Tag("section", classes="dialog", role="document"):
        Tag("h2", title)
        with Tag("dl", classes="keys"):
            for place, _target in places:
                _line(("g", place.key), _(place.title))
            _line(("/",), _("Search on this page"))
            _line(("?",), _("This list"))
            _line(("Esc",), _("Close what is open"))
        with Tag("div", classes="dialog-actions"):
            Tag("button", _("Close"), classes="button", type="button").on("click", dialog.close)
    Tag("button", classes="hidden", type="button", tabindex="-1", **{"data-help-open": "", "aria-hidden": "true"}).on(
        "click", dialog.open
    )


def _line(keys: tuple[str, ...], meaning: str) -> None:
    with Tag("dt"):
        for key in keys:
            Tag("kbd", key)
    Tag("dd", meaning)
