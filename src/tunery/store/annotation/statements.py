"""Parts of statements about `QueueItem` that several modules need."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from tunery.store.tables import Annotation, QueueItem


def answers_to_item(what: Any) -> Select[Any]:
    """Select something of the item's answers that stand; decisions are not among them."""
    return (
        select(what)
        .select_from(Annotation)
        .where(Annotation.item == QueueItem.id, Annotation.undone.is_(None), Annotation.adjudication.is_(False))
        .correlate(QueueItem)
    )


def answered() -> ScalarSelect[int]:
    """Return how many people have answered the item; who skipped it has not."""
    return answers_to_item(func.count()).where(Annotation.target.is_not(None)).scalar_subquery()
