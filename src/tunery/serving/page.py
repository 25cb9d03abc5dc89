"""The description of the API as a page, made here: it needs no script and nothing from elsewhere."""

from __future__ import annotations

import html
import json
from typing import Any

from tunery.i18n import _, language

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.05rem;margin:2rem 0 .4rem}code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{background:#f2f5f8;padding:.8rem;border-radius:6px;overflow:auto}.m{display:inline-block;min-width:4.2em;
font-weight:600;color:#fff;background:#2f6f9f;border-radius:4px;padding:0 .5em;text-align:center;margin-right:.6em}
.m.delete{background:#a33c3c}.m.get{background:#3a7d44}table{border-collapse:collapse}td{padding:.15rem .9rem .15rem 0;
vertical-align:top}@media(prefers-color-scheme:dark){body{color:#dde5ec;background:#12181f}pre{background:#1d2731}}
"""


def page(described: dict[str, Any]) -> str:
    """Return the page for a description.

    Args:
        described: What `described.openapi` gives.
    """
    parts = [_operation(path, method, one) for path, own in described["paths"].items() for method, one in own.items()]
    schemas = "".join(_schema(name, one) for name, one in described["components"]["schemas"].items())
    about = _("All errors are application/problem+json, in the language of Accept-Language. For programs:")
    below = _("Data")
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8"><title>Tunery</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<h1>Tunery {html.escape(described['info']['version'])}</h1>"
        f'<p>{html.escape(about)} <a href="openapi.json">openapi.json</a></p>{"".join(parts)}'
        f"<h1>{html.escape(below)}</h1>{schemas}</body></html>"
    )


def _operation(path: str, method: str, one: dict[str, Any]) -> str:
    body = one.get("requestBody", {}).get("content", {})
    statuses = ", ".join(f"<code>{status}</code>" for status in one["responses"])
    rows = [(_("Answers"), statuses)]
    for media, content in body.items():
        rows.insert(0, (_("Takes"), f"<code>{media}</code> {_link(content['schema'])}"))
    for media, content in next(iter(one["responses"].values())).get("content", {}).items():
        rows.append((_("Gives"), f"<code>{media}</code> {_link(content['schema'])}"))
    cells = "".join(f"<tr><td>{html.escape(name)}</td><td>{value}</td></tr>" for name, value in rows)
    head = f'<span class="m {method}">{method.upper()}</span><code>{html.escape(path)}</code>'
    return f"<section><h2>{head}</h2><p>{html.escape(_(one['summary']))}</p><table>{cells}</table></section>"


def _schema(name: str, one: dict[str, Any]) -> str:
    text = html.escape(json.dumps(one, indent=2, ensure_ascii=False))
    return f'<section id="{html.escape(name)}"><h2>{html.escape(name)}</h2><pre>{text}</pre></section>'


def _link(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f'<a href="#{name}">{name}</a>' if name else ""
