"""How programs call an endpoint: code to copy, with a placeholder where the key belongs."""

from __future__ import annotations

import json
import shlex

KEY = "YOUR_KEY"


def curl(server: str, endpoint: str, text: str) -> str:
    """Return a command for a shell."""
    body = json.dumps({"inputs": [text]}, ensure_ascii=False)
    return (
        f"curl {shlex.quote(address(server, endpoint))} \\\n"
        f'  -H "Authorization: Bearer {KEY}" \\\n'
        f'  -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(body)}"
    )


def python(server: str, endpoint: str, text: str) -> str:
    """Return a program for Python with Tunery's client."""
    return (
        "import tunery\n\n"
        f'client = tunery.Client({_string(server)}, key="{KEY}")\n'
        f"for prediction in client.predict({_string(endpoint)}, [{_string(text)}]):\n"
        "    print(prediction)"
    )


def javascript(server: str, endpoint: str, text: str) -> str:
    """Return a program for JavaScript, in a server or a browser."""
    return (
        f"const response = await fetch({_string(address(server, endpoint))}, {{\n"
        '  method: "POST",\n'
        f'  headers: {{ "Authorization": "Bearer {KEY}", "Content-Type": "application/json" }},\n'
        f"  body: JSON.stringify({{ inputs: [{_string(text)}] }}),\n"
        "});\n"
        "const { predictions } = await response.json();\n"
        "console.log(predictions[0]);"
    )


def address(server: str, endpoint: str) -> str:
    """Return where an endpoint is asked."""
    return f"{server.rstrip('/')}/v1/predict/{endpoint}"


def _string(text: str) -> str:
    """Return a text as Python and JavaScript both read it."""
    return json.dumps(text, ensure_ascii=False)
