"""Words for the codes that the program uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tunery.app.studio import words

_ACTIONS = Path(words.__file__).parents[1] / "actions"


def _recorded() -> Iterator[str]:
    """Yield what the actions write into the audit log; those with a verb put in end with a dot."""
    for file in _ACTIONS.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                for keyword in call.keywords:
                    if keyword.arg == "action":
                        value = keyword.value
                        part = value.values[0] if isinstance(value, ast.JoinedStr) else value
                        if isinstance(part, ast.Constant):
                            yield str(part.value)


def test_everything_that_the_audit_log_holds_has_words() -> None:
    codes = set(_recorded())

    assert "row.delete" in codes
    for code in codes:
        if code.endswith("."):
            assert any(known.startswith(code) for known in words.ACTIONS), code
        else:
            assert words.action_name(code) != code


def test_codes_without_words_are_shown_as_they_are() -> None:
    assert words.action_name("thing.done") == "thing.done"
