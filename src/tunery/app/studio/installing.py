"""Puts the studio on the application."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui

from tunery import i18n
from tunery.app.parts import Parts
from tunery.app.studio import notices, page, pages, theme, visits

_STATIC = Path(__file__).parent / "static"


def install(app: FastAPI, parts: Parts) -> None:
    """Serve the studio under all addresses that ``app`` doesn't serve itself; call it when those are there.

    There is one studio in a process, because NiceGUI has one. Nothing is loaded from other places, nothing is told to
    anybody, and nothing is kept but in the workspace: NiceGUI's own storage in files is left unused.

    Args:
        app: The application of the REST API.
        parts: What pages work with.
    """
    if hasattr(nicegui_app.state, "parts"):
        raise RuntimeError("the studio is installed once in a process")
    nicegui_app.state.parts = parts
    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"{pages.__name__}.{module.name}")
    i18n.ask_place(visits.language_here)
    notices.install()
    nicegui_app.add_static_files("/_studio", _STATIC, max_cache_age=theme.CACHE_SECONDS)
    nicegui_app.add_middleware(visits.Receptionist)
    nicegui_app.exception_handler(404)(page.missing)
    ui.run_with(
        app,
        title="Tunery",
        favicon=_STATIC / "favicon.svg",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=theme.RECONNECT_SECONDS,
        binding_refresh_interval=None,
    )
