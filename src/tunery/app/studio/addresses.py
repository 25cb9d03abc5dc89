"""Where things are in the studio."""

from __future__ import annotations

from urllib.parse import urlencode


def report_address(project: str, report: str, tail: str = "", **query: str) -> str:
    """Return where a report is, or something of it."""
    return f"/p/{project}/reports/{report}{tail}" + (f"?{urlencode(query)}" if query else "")
