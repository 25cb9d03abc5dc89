"""Targets as text, as they are kept in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from tunery.types import Span, Target


def to_text(target: Target | None) -> str | None:
    """Return a target as JSON: ``"label"``, ``["a", "b"]`` or ``[[start, end, "label"], ...]``; equal for equal ones.

    Scores of spans are left out: what is right has none.
    """
    return None if target is None else json.dumps(to_plain(target), ensure_ascii=False, separators=(",", ":"))


def from_text(text: str | None) -> Target | None:
    """Return what `to_text` was given."""
    return None if text is None else from_plain(json.loads(text))


def to_plain(target: Target) -> Any:
    """Return a target as plain values: what `to_text` writes."""
    return target if isinstance(target, str) else [_plain(item) for item in target]


def from_plain(plain: Any) -> Target:
    """Return what `to_plain` was given."""
    return plain if isinstance(plain, str) else _sequence(plain)


def labels_in(target: Target | None) -> tuple[str, ...]:
    """Return the labels of a target, each once, sorted."""
    if target is None:
        return ()
    if isinstance(target, str):
        return (target,)
    return tuple(sorted({item.label if isinstance(item, Span) else item for item in target}))


def _plain(item: str | Span) -> object:
    return [item.start, item.end, item.label] if isinstance(item, Span) else item


def _sequence(items: Iterable[object]) -> Target:
    found = [Span(*item) if isinstance(item, list) else item for item in items]
    return cast(Target, tuple(found))
