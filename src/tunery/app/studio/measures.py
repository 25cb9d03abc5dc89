"""The styles and the script that reports, runs and endpoints need beside the studio's own."""

from __future__ import annotations

from nicegui import ui

from tunery.app.studio import theme


def dress() -> None:
    """Give the page that is being built these styles."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{theme.address("measures.css")}">'
        f'<script src="{theme.address("measures.js")}" defer></script>'
    )
