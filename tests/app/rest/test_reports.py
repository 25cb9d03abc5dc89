"""Reports by REST: what was measured, the rows behind it, and two models against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.app.rest.servers import Up
from tests.store import making
from tests.store.making import given

from tunery import tasks
from tunery.evaluation import evaluate
from tunery.evaluation.recorded import RecordedAnswers
from tunery.store import models, reports
from tunery.store.reports import Answer
from tunery.store.rows import name_of
from tunery.store.workspace import Workspace
from tunery.types import Example, Prediction

ROWS = 40
EXAMPLES = [Example("x" * (1 + number), "ab"[number % 2]) for number in range(ROWS)]
"""The longer half is what the weaker model gets wrong."""


@dataclass
class Measured:
    """Two models, measured on the same forty rows, and one of them on others."""

    project: str
    weak: str
    good: str
    elsewhere: str


@pytest.fixture
def measured(up: Up, tmp_path: Path) -> Measured:
    with Workspace.open(up.folder) as workspace:
        owner = making.data_set(workspace, f"measured {uuid4().hex}")
        version = making.version(workspace, owner, [given("test", one.text, str(one.target)) for one in EXAMPLES])
        weak = [str(one.target) if number < ROWS // 2 else "a" for number, one in enumerate(EXAMPLES)]
        good = [str(one.target) for one in EXAMPLES[:-1]] + ["a"]
        names = []
        for number, (said, until) in enumerate(((weak, ROWS), (good, ROWS), (good, 4))):
            with workspace.writing() as session:
                model = models.put(
                    workspace, session, project=owner.project, user=None,
                    folder=making.model_folder(tmp_path / f"model {number}", word=f"weights {number}"),
                )  # fmt: skip
                asked = EXAMPLES[:until]
                predictions = [Prediction(label, 0.5 + at / 100) for at, label in enumerate(said[:until])]
                recorded = RecordedAnswers(["a", "b"], dict(zip((one.text for one in asked), predictions, strict=True)))
                report = evaluate(recorded, asked, tasks.get("text-classification"), resamples=50)
                answers = [
                    Answer(
                        at,
                        name_of(workspace, owner.project, one),
                        one.target,
                        label,
                        label == one.target,
                        0.5 + at / 100,
                    )
                    for at, (one, label) in enumerate(zip(asked, said[:until], strict=True))
                ]
                made = reports.create(
                    session, project=owner.project, model=model.id, version=version.id, split="test", user=None,
                    summary=report.to_dict(), answers=answers,
                )  # fmt: skip
                names.append(made.id)
    return Measured(owner.project, *names)


def test_reports_are_listed_the_newest_first(ada: httpx.Client, measured: Measured) -> None:
    found = ada.get(f"/projects/{measured.project}/reports", params={"limit": 2}).json()
    assert [one["id"] for one in found["items"]] == [measured.elsewhere, measured.good]
    assert found["total"] == 3
    rest = ada.get(f"/projects/{measured.project}/reports", params={"limit": 2, "after": found["next"]}).json()
    assert [one["id"] for one in rest["items"]] == [measured.weak]
    shown = ada.get(f"/reports/{measured.weak}").json()
    assert shown["summary"]["metrics"]["accuracy"] == 0.75
    only = ada.get(f"/projects/{measured.project}/reports", params={"model": shown["model"]}).json()
    assert [one["id"] for one in only["items"]] == [measured.weak]


def test_the_rows_of_a_cell_are_found(ada: httpx.Client, measured: Measured) -> None:
    cell = {"expected": "b", "answered": "a"}
    first = ada.get(f"/reports/{measured.weak}/rows", params={**cell, "limit": 6}).json()
    second = ada.get(f"/reports/{measured.weak}/rows", params={**cell, "limit": 6, "after": first["next"]}).json()
    both = first["items"] + second["items"]
    assert [one["text"] for one in both] == [one.text for one in EXAMPLES[20:] if one.target == "b"]
    assert second["next"] is None
    assert {(one["target"], one["answer"], one["right"]) for one in both} == {("b", "a", False)}
    right = ada.get(f"/reports/{measured.weak}/rows", params={"right": True, "limit": 100}).json()
    assert len(right["items"]) == 30


def test_the_surest_mistakes_come_first(ada: httpx.Client, measured: Measured) -> None:
    found = ada.get(f"/reports/{measured.weak}/mistakes", params={"limit": 3}).json()["items"]
    assert [one["position"] for one in found] == [39, 37, 35]


def test_mistakes_are_counted_by_length(ada: httpx.Client, measured: Measured) -> None:
    found = ada.get(f"/reports/{measured.weak}/lengths").json()["items"]
    assert [one["characters"] for one in found] == list(range(1, ROWS + 1))
    assert {one["rows"] for one in found} == {1}
    assert [one["right"] for one in found] == [1] * 20 + [1, 0] * 10


def test_two_models_are_compared_on_the_same_rows(ada: httpx.Client, measured: Measured) -> None:
    found = ada.get("/comparisons", params={"first": measured.weak, "second": measured.good})
    assert found.status_code == 200, found.text
    assert (found.json()["first"], found.json()["second"]) == (measured.weak, measured.good)
    difference = found.json()["comparison"]["metrics"]["accuracy"]
    assert difference["difference"] == pytest.approx(9 / 40)
    assert difference["interval"][0] > 0
    other = ada.get("/comparisons", params={"first": measured.weak, "second": measured.elsewhere})
    assert other.status_code == 422
    assert other.headers["content-type"] == "application/problem+json"
    assert "not measured on the same rows" in other.json()["title"] + other.json()["detail"]
