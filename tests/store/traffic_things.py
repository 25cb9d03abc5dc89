"""A project with models, without their files: what endpoints and requests need to exist."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from tunery.store import identifiers, projects, targets
from tunery.store.tables import Endpoint, Model, Request
from tunery.types import Target


def a_project(session: Session, name: str = "Bank") -> str:
    return projects.create(session, name=name, user=None).id


def a_model(
    session: Session,
    project: str,
    labels: tuple[str, ...] = ("card", "loan", "pin"),
    task: str = "text-classification",
) -> str:
    made = Model(
        id=identifiers.new(), project=project, task=task, labels=list(labels), size=1, created=datetime.now(UTC)
    )
    session.add(made)
    session.flush()
    return made.id


def a_request(
    endpoint: Endpoint, text: str, answer: Target | None, *, call: str = "c", number: int = 0, **more: object
) -> Request:
    return Request(
        id=identifiers.new(), call=call, number=number, endpoint=endpoint.id, model=endpoint.champion,
        at=datetime.now(UTC), text=text, answer=targets.to_text(answer), **more,
    )  # fmt: skip
