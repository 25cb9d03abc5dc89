"""What bodies and answers have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Answered = str | list[str] | list[tuple[int, int, str]]
"""A label, labels, or spans as start, end (code points, exclusive) and label."""


class Body(BaseModel):
    """What is sent: nothing but what is known."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)
