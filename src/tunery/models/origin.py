"""What a base model's folder says of its licence and its languages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """What a model card says.

    Attributes:
        licence: The licence's name; None where nothing says it.
        languages: The languages; empty where nothing says them.
    """

    licence: str | None = None
    languages: tuple[str, ...] = ()


def read_card(folder: Path) -> Card:
    """Return what the front matter of ``README.md`` says, and ``config.json`` where that says nothing.

    A folder without either, or with broken ones, is a model all the same: nothing is raised, and nothing is known.
    """
    sources = [_front_matter(folder / "README.md"), _configuration(folder / "config.json")]
    licences = [_text(values.get(name)) for values in sources for name in ("license_name", "license")]
    languages = [_words(values.get(name)) for values in sources for name in ("language", "languages")]
    # "other" stands for a licence with a name of its own, which comes first where it is given.
    licence = next((found for found in licences if found and found != "other"), None)
    return Card(licence, next((found for found in languages if found), ()))


def _front_matter(path: Path) -> Mapping[str, object]:
    try:
        match = _FRONT_MATTER.search(path.read_text(encoding="utf-8"))
        return _mapping(yaml.safe_load(match[1])) if match else {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def _configuration(path: Path) -> Mapping[str, object]:
    try:
        return _mapping(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _mapping(value: object) -> Mapping[str, object]:
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _words(value: object) -> tuple[str, ...]:
    items: list[object] = value if isinstance(value, list) else [value]
    # YAML reads the language "no" (Norwegian) as a truth value.
    found = ("no" if item is False else _text(item) for item in items)
    return tuple(word for word in found if word)
