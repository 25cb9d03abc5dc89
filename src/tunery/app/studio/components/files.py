"""Where files are dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.elements.upload_files import FileUpload
from nicegui.events import UploadEventArguments

from tunery.app.studio import notices
from tunery.app.studio.components.markup import Tag, icon
from tunery.i18n import _

_MEGABYTE = 1024 * 1024


def file_drop(
    take: Callable[[FileUpload], Awaitable[None]], *, hint: str = "", accept: str = "", megabytes: int = 512
) -> Tag:
    """Build the place where a file is dropped or chosen.

    Args:
        take: What is done with it.
        hint: Which files it is for.
        accept: File name endings, separated by commas.
        megabytes: The most a file may have.
    """

    async def taken(event: UploadEventArguments) -> None:
        upload.reset()  # first: what is done with the file may take this place away
        await take(event.file)

    with Tag("div", classes="drop", **{"data-drop": ""}) as element:
        icon("file")
        Tag("button", _("Drop a file here, or choose one"), classes="drop-title", type="button")
        if hint:
            Tag("span", hint, classes="muted")
        upload = ui.upload(
            auto_upload=True,
            max_file_size=megabytes * _MEGABYTE,
            on_upload=taken,
            on_rejected=lambda: notices.warn(
                _("This file can't be taken."),
                _("It may have up to {megabytes} MB and must be of a kind named here.").format(megabytes=megabytes),
            ),
        ).classes("drop-input")
        if accept:
            upload.props["accept"] = accept
    return element
