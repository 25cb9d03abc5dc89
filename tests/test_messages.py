"""Everything people read exists in English and in Chinese."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import messages
from tunery.i18n import _, use_language

FILES = sorted(messages.PACKAGE.rglob("*.py"))
ENGLISH = {messages.PACKAGE / "serving" / "described.py", messages.PACKAGE / "serving" / "requests.py"}
"""The description of the API, whose names are English as well."""
DESCRIBED = messages.PACKAGE / "app" / "rest"
"""Where a ``description`` is of the API too, and only errors are for people."""
SPOKEN = {
    "DataError",
    "MissingExtraError",
    "ModelError",
    "Problem",
    "ServerError",
    "SettingError",
    "SourceError",
    "StoreError",
    "NotFoundError",
    "ConflictError",
    "AccessError",
    "SignedOutError",
    "TuneryError",
}


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def is_prose(node: ast.expr) -> bool:
    """Whether a literal is words for a person: codes, names and paths have no spaces."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip()
    )


def test_nothing_is_missing_from_the_catalogue_and_nothing_is_left_over() -> None:
    assert messages.faults() == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(messages.PACKAGE).as_posix())
def test_parameters_go_in_after_translation(path: Path) -> None:
    for call in calls(path):
        if name_of(call) in {"_", "N_"}:
            assert not isinstance(call.args[0], ast.JoinedStr), f"line {call.lineno}: an f-string is never found again"
            assert not (isinstance(call.args[0], ast.Call) and name_of(call.args[0]) == "format"), (
                f"line {call.lineno}: write _(...).format(...)"
            )


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path not in ENGLISH],
    ids=lambda path: path.relative_to(messages.PACKAGE).as_posix(),
)
def test_errors_and_settings_speak_through_the_catalogue(path: Path) -> None:
    for call in calls(path):
        spoken = [*call.args] if name_of(call) in SPOKEN else []
        shown = {"message", "hint", "help"} if DESCRIBED in path.parents else {"message", "hint", "help", "description"}
        spoken += [word.value for word in call.keywords if word.arg in shown]
        bare = [ast.unparse(node) for node in spoken if is_prose(node)]
        assert not bare, f"line {call.lineno}: not marked for translation: {bare}"


def test_a_message_comes_in_the_language_in_force() -> None:
    with use_language("zh_CN"):
        assert _("Error: ") == "错误："
    with use_language("en_GB"):
        assert _("Error: ") == "Error: "


@pytest.mark.parametrize(
    ("text", "names"),
    [("{n} rows of {split!r}", {"n", "split"}), ("{share:.0%} done", {"share"}), ("a { alone", set()), ("none", set())],
)
def test_placeholders_are_compared_by_name(text: str, names: set[str]) -> None:
    assert messages.fields(text) == names
