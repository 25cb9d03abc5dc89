"""Lists in pages, as routes take and give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from tunery.store.paging import Page

T = TypeVar("T", bound=BaseModel)
U = TypeVar("U")


@dataclass(frozen=True)
class _Part:
    after: str | None
    limit: int


def _part(
    after: Annotated[str | None, Query(max_length=500, description="The next of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many items at most.")] = 50,
) -> _Part:
    return _Part(after, limit)


Part = Annotated[_Part, Depends(_part)]
"""Which page is asked for."""


class PageAnswer(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="What goes into ?after= for the following page; null at the end.")
    total: int | None = Field(default=None, description="How many there are altogether, where that was counted.")

    @classmethod
    def of(cls, page: Page[U], item: Callable[[U], T]) -> PageAnswer[T]:
        """Return the answer for a page."""
        return cls(items=[item(one) for one in page.items], next=page.next, total=page.total)
