"""Queues from data and traffic, suggestions, agreement, versions and files of other tools; and who may do what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tunery.app.access import AccessError, SignedOutError
from tunery.app.actions import annotation, queues
from tunery.app.actions.queues import QueueSettings
from tunery.app.annotation import suggesting
from tunery.app.context import Context
from tunery.data.dataset import Dataset, Schema, Split
from tunery.errors import SettingError
from tunery.evaluation.label_errors import LabelError, LabelErrors
from tunery.store import data_sets, identifiers, projects, rows, version_rows, versions
from tunery.store.annotation import queues as stored
from tunery.store.failures import NotFoundError
from tunery.store.tables import Endpoint, Feedback, Job, Member, Model, QueueItem, Request, Row, User
from tunery.store.workspace import Workspace
from tunery.types import Example, Input, Prediction, Span, Target

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_LABELS = ("bad", "good")


class _WrittenDown:
    """Keeps what is to be done."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object]]] = []

    def enqueue(self, session: Session, kind: str, arguments: Mapping[str, object], *, project: str | None = None,
                user: str | None = None) -> Job:  # fmt: skip
        self.asked.append((kind, dict(arguments)))
        job = Job(id=identifiers.new(), kind=kind, project=project, created=_NOW, created_by=user)
        session.add(job)
        return job

    def cancel(self, session: Session, job: str) -> Job:
        return session.get_one(Job, job)


class _Answering:
    """A predictor that answers what it is told to."""

    def __init__(self, labels: Sequence[str], answer: Callable[[str], Prediction]) -> None:
        self.labels = tuple(labels)
        self._answer = answer

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        return [self._answer(one if isinstance(one, str) else one.text) for one in inputs]


class Office:
    """A project with an owner, an editor, two annotators and a viewer."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.jobs = _WrittenDown()
        self.people: dict[str, User] = {}
        roles = {"olga": "owner", "eve": "editor", "ann": "annotator", "ben": "annotator", "vic": "viewer", "sam": None}
        with workspace.writing() as session:
            for name in roles:
                self.people[name] = User(id=name, email=f"{name}@example.org", name=name.title(), created=_NOW)
                session.add(self.people[name])
            session.flush()
            self.project = projects.create(session, name="Reviews", user="olga").id
            for name, role in roles.items():
                if role is not None:
                    session.merge(Member(project=self.project, user=name, role=role))

    def __call__(self, name: str) -> Context:
        return Context(workspace=self.workspace, jobs=self.jobs, user=self.people[name])

    def data(self, examples: Sequence[Example], schema: Schema | None = None, name: str = "first") -> str:
        schema = schema or Schema("label")
        task = "token-classification" if schema.target == "spans" else "text-classification"
        with self.workspace.writing() as session:
            made = data_sets.create(session, project=self.project, name=name, task=task, user="olga").id
            given = [("train", example, None) for example in examples]
            fingerprint = Dataset({"train": Split("train", examples)}, schema).fingerprint
            versions.create(
                self.workspace, session, data_set=made, rows=given, fingerprint=fingerprint, origin="upload",
                schema={"target": schema.target, "pair": schema.pair}, user="olga",
            )  # fmt: skip
        return made

    def queue(self, data_set: str, **settings: Any) -> str:
        return queues.create(self("eve"), data_set=data_set, settings=QueueSettings(name="q", **settings)).queue.id

    def texts(self, queue: str) -> list[str]:
        return [row.text for _item, row in self.items(queue)]

    def items(self, queue: str) -> list[tuple[QueueItem, Row]]:
        with self.workspace.reading() as session:
            return [(item, rows.get(session, item.row)) for item in stored.items(session, queue=queue)]

    def answer(self, name: str, queue: str, said: Mapping[str, Any]) -> None:
        for item, row in self.items(queue):
            if row.text in said:
                annotation.submit(self(name), item=item.id, id=identifiers.new(), target=said[row.text])

    def rows(self, version: str) -> list[tuple[str, str, Target | None, str | None]]:
        with self.workspace.reading() as session:
            return [
                (split, example.text, example.target, by)
                for split, example, by in version_rows.examples(session, version)
            ]


@pytest.fixture
def office(local_workspace: Workspace) -> Office:
    return Office(local_workspace)


_EXAMPLES = [
    Example("a", "good"), Example("b"), Example("c", "bad"), Example("d"), Example("e"), Example("f"),
]  # fmt: skip


def test_a_queue_takes_the_rows_it_is_told_to(office: Office) -> None:
    data = office.data(_EXAMPLES)
    assert office.texts(office.queue(data, order="given")) == ["b", "d", "e", "f"]
    assert office.texts(office.queue(data, origin="labelled", order="given")) == ["a", "c"]
    assert office.texts(office.queue(data, origin="all", order="given", limit=3)) == ["a", "b", "c"]
    shuffled = [office.texts(office.queue(data, origin="all", seed=seed)) for seed in (1, 1, 2)]
    assert shuffled[0] == shuffled[1] != shuffled[2]
    assert sorted(shuffled[0]) == ["a", "b", "c", "d", "e", "f"]
    made = queues.get(office("vic"), queue=office.queue(data)).queue
    assert (made.kind, made.labels) == ("label", ["bad", "good"])


@pytest.mark.parametrize(
    ("examples", "schema", "kind"),
    [
        ([Example("a", ("x", "y")), Example("b")], Schema("label"), "labels"),
        ([Example("a b", (Span(0, 1, "X"),)), Example("b")], Schema("spans"), "spans"),
    ],
)
def test_a_queue_asks_for_what_the_data_have(
    office: Office, examples: list[Example], schema: Schema, kind: str
) -> None:
    queue = office.queue(office.data(examples, schema))
    assert queues.get(office("vic"), queue=queue).queue.kind == kind


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": "uncertain"}, "needs a model"),
        ({"order": "errors", "origin": "labelled"}, "needs a base model"),
        ({"order": "errors", "base": "x"}, "among labelled rows"),
        ({"other": "m"}, "name both"),
        ({"split": "test"}, "no such rows"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    office: Office, settings: dict[str, Any], message: str
) -> None:
    data = office.data(_EXAMPLES)
    with pytest.raises(SettingError, match=message):
        office.queue(data, **settings)
    assert queues.overview(office("vic"), project=office.project) == []


def test_only_editors_make_queues_and_only_annotators_label(office: Office) -> None:
    data = office.data(_EXAMPLES)
    settings = QueueSettings(name="q", order="given")
    with pytest.raises(AccessError, match="needs the role editor"):
        queues.create(office("ann"), data_set=data, settings=settings)
    queue = office.queue(data, order="given")
    item = office.items(queue)[0][0].id
    for attempt in (
        lambda: annotation.following(office("vic"), queue=queue),
        lambda: annotation.submit(office("vic"), item=item, id=identifiers.new(), target="good"),
        lambda: annotation.disputes(office("ann"), queue=queue),
        lambda: annotation.decide(office("ann"), item=item, id=identifiers.new(), target="good"),
        lambda: queues.new_version(office("ann"), queue=queue),
        lambda: queues.export(office("ann"), queue=queue, format="doccano"),
        lambda: queues.change(office("ann"), queue=queue, closed=True),
    ):
        with pytest.raises(AccessError, match="needs the role"):
            attempt()
    with pytest.raises(NotFoundError):
        queues.get(office("sam"), queue=queue)
    with pytest.raises(SignedOutError):
        annotation.following(replace(office("ann"), user=None), queue=queue)


@pytest.mark.parametrize(
    ("kind", "target", "message"),
    [
        ("label", "other", "'other' is not a label"),
        ("label", ["good"], "one label, as a string"),
        ("labels", "good", "a list of labels"),
        ("spans", [[0, 2, "good"], [1, 3, "bad"]], "overlaps another"),
        ("spans", [[2, 9, "good"]], "not in the text"),
        ("spans", [[2, 2, "good"]], "not in the text"),
        ("spans", ["good"], r"\[start, end, label\]"),
    ],
)
def test_an_answer_of_another_form_is_refused(office: Office, kind: Any, target: Any, message: str) -> None:
    queue = office.queue(office.data([Example("🎉ab", None)]), labels=_LABELS, kind=kind)
    with pytest.raises(SettingError, match=message):
        office.answer("ann", queue, {"🎉ab": target})


def test_words_of_chinese_are_its_characters(office: Office) -> None:
    queue = office.queue(office.data([Example("👍 北京 ok")]), labels=["LOC"], kind="spans")
    (task,) = annotation.following(office("ann"), queue=queue).tasks
    assert [task.text[start:end] for start, end in task.words] == ["👍", "北", "京", "ok"]


def _class(**scores: float) -> Prediction:
    ordered = dict(sorted(scores.items(), key=lambda pair: -pair[1]))
    best = next(iter(ordered))
    return Prediction(best, ordered[best], ordered)


def test_what_a_model_is_least_sure_of_comes_first(office: Office) -> None:
    sure = {"b": 0.9, "d": 0.55, "e": 0.7, "f": 0.52}
    queue = office.queue(office.data(_EXAMPLES), order="given")
    with office.workspace.writing() as session:
        stored.get(session, queue).order = "uncertain"
    office.answer("ann", queue, {"e": "good"})
    model = _Answering(_LABELS, lambda text: _class(good=sure[text], bad=1 - sure[text]))
    assert suggesting.suggest(office.workspace, queue, model) == 3
    items = [item for item, _row in office.items(queue)]
    assert office.texts(queue) == ["f", "d", "b", "e"]
    assert [item.reason for item in items] == ["uncertain", "uncertain", "uncertain", "given"]
    assert items[0].priority == pytest.approx(0.04)
    assert items[0].suggestion == {"target": "good", "score": 0.52, "scores": {"good": 0.52, "bad": 0.48}}


def test_entropy_looks_at_all_classes_and_the_margin_at_two(office: Office) -> None:
    answers = {
        "b": _class(x=0.40, y=0.39, z=0.21),
        "d": _class(x=0.36, y=0.33, z=0.31),
        "e": _class(x=0.51, y=0.49, z=0.0),
        "f": _class(x=0.9, y=0.05, z=0.05),
    }
    data = office.data(_EXAMPLES)
    for measure, expected in (("margin", ["b", "e", "d", "f"]), ("entropy", ["d", "b", "e", "f"])):
        queue = office.queue(data, order="given", labels=["x", "y", "z"])
        with office.workspace.writing() as session:
            stored.get(session, queue).order = "uncertain"
        model = _Answering("xyz", answers.__getitem__)
        suggesting.suggest(office.workspace, queue, model, measure=measure)  # type: ignore[arg-type]  # both are one
        assert office.texts(queue) == expected


def test_the_least_sure_entity_counts(office: Office) -> None:
    answers = {
        "one two": Prediction((Span(0, 3, "X", 0.9), Span(4, 7, "X", 0.3))),
        "none": Prediction((), 0.8),
        "three": Prediction((Span(0, 5, "X", 0.6),)),
    }
    queue = office.queue(office.data([Example(text) for text in answers]), labels=["X"], kind="spans", order="given")
    with office.workspace.writing() as session:
        stored.get(session, queue).order = "uncertain"
    suggesting.suggest(office.workspace, queue, _Answering("X", answers.__getitem__))
    assert office.texts(queue) == ["one two", "three", "none"]


def test_what_two_models_answer_differently_comes_first(office: Office) -> None:
    queue = office.queue(office.data(_EXAMPLES), order="disagreement", labels=_LABELS)
    one = _Answering(_LABELS, lambda _text: _class(good=0.8, bad=0.2))
    others = {"d": _class(bad=0.6, good=0.4), "f": _class(bad=0.9, good=0.1)}
    other = _Answering(_LABELS, lambda text: others.get(text, _class(good=0.7, bad=0.3)))
    suggesting.suggest(office.workspace, queue, one, other=other)
    assert office.texts(queue)[:2] == ["f", "d"]
    assert [item.reason for item, _row in office.items(queue)][:3].count("disagreement") == 2


def test_what_people_answered_differently_before_comes_first(office: Office) -> None:
    data = office.data(_EXAMPLES)
    first = office.queue(data, overlap=2)
    office.answer("ann", first, {"b": "good", "e": "good"})
    office.answer("ben", first, {"b": "good", "e": "bad"})
    second = office.queue(data, order="disagreement")
    item, row = office.items(second)[0]
    assert (row.text, item.reason, item.priority) == ("e", "disagreement", 0.5)


def test_a_model_with_other_labels_suggests_nothing(office: Office) -> None:
    queue = office.queue(office.data(_EXAMPLES))
    with pytest.raises(SettingError, match="answers with 'other'"):
        suggesting.suggest(office.workspace, queue, _Answering(["other"], lambda _text: _class(other=1.0)))


def test_only_likely_errors_stay_in_a_queue_of_errors(office: Office) -> None:
    data = office.data([Example(text, "good") for text in "abcd"])
    queue = office.queue(data, origin="labelled", order="errors", base="some base")
    assert office.jobs.asked == [("label-errors", {"queue": queue, "base": "some base"})]

    def find(examples: Sequence[Example]) -> LabelErrors:
        numbers = {example.text: number for number, example in enumerate(examples)}
        assert {example.target for example in examples} == {"good"}
        found = [LabelError(numbers[text], "good", "bad", score, "why") for text, score in (("c", 0.9), ("a", 0.7))]
        return LabelErrors(tuple(found), len(examples))

    assert suggesting.likely_errors(office.workspace, queue, find) == 2
    assert office.texts(queue) == ["c", "a"]
    (task, _second) = annotation.following(office("ann"), queue=queue).tasks
    assert (task.reason, task.given, task.suggestion) == ("error", "good", {"target": "bad", "why": "why"})


def test_a_model_that_is_named_is_asked_by_a_job(office: Office) -> None:
    data = office.data(_EXAMPLES)
    with office.workspace.writing() as session:
        session.add(Model(id="m", project=office.project, task="text-classification", size=1, created=_NOW))
    queue = office.queue(data, order="uncertain", model="m")
    queues.suggest(office("eve"), queue=queue, model="m")
    assert office.jobs.asked == [("suggest", {"queue": queue, "model": "m", "other": None})] * 2


def test_requests_and_feedback_become_rows(office: Office) -> None:
    data = office.data(_EXAMPLES)
    with office.workspace.writing() as session:
        session.add(Model(id="m", project=office.project, task="text-classification", size=1, created=_NOW))
        session.flush()
        session.add(Endpoint(id="x", project=office.project, name="x", champion="m", created=_NOW))
        session.flush()
        for number, text in enumerate(["asked", "judged", ""]):
            session.add(
                Request(id=f"q{number}", call="c", number=number, endpoint="x", model="m", at=_NOW, text=text,
                        answer='"good"', score=0.6)
            )  # fmt: skip
        session.flush()
        session.add(Feedback(id="f", request="q1", at=_NOW, verdict="corrected", target='"bad"'))
    asked = office.queue(data, origin="requests", order="given")
    assert office.texts(asked) == ["judged", "asked"]
    assert office.items(asked)[1][0].suggestion == {"target": "good", "score": 0.6}
    judged = office.queue(data, origin="feedback")
    ((item, row),) = office.items(judged)
    assert (row.text, item.given) == ("judged", '"bad"')
    office.answer("ann", asked, {"asked": "bad"})
    made = queues.new_version(office("eve"), queue=asked, split="test")
    assert office.rows(made.version.id)[-1][:3] == ("test", "asked", "bad")
    with office.workspace.reading() as session:
        assert session.get_one(Request, "q0").row == row.id or session.get_one(Request, "q0").row is not None


def test_a_version_has_what_was_settled_or_said_by_most_and_names_the_answer(office: Office) -> None:
    queue = office.queue(office.data(_EXAMPLES), overlap=3, order="given")
    office.answer("ann", queue, {"b": "good", "d": "good", "e": "good", "f": "good"})
    office.answer("ben", queue, {"b": "good", "d": "bad", "e": "bad"})
    office.answer("eve", queue, {"d": "bad"})
    ties = queues.new_version(office("eve"), queue=queue)
    assert list(ties.ties) == [row.id for _item, row in office.items(queue) if row.text == "e"]
    (_position, dispute), *_more = annotation.disputes(office("eve"), queue=queue, after=1)
    assert dispute.task.text == "e"
    annotation.decide(office("eve"), item=dispute.task.item, id=identifiers.new(), target="bad", note="see rule 3")
    made = queues.new_version(office("eve"), queue=queue)
    assert (made.new, made.taken, made.ties, made.version.number) == (True, 4, (), 3)
    found = {text: (target, by) for _split, text, target, by in office.rows(made.version.id)}
    assert {text: target for text, (target, _by) in found.items()} == {
        "a": "good", "b": "good", "c": "bad", "d": "bad", "e": "bad", "f": "good",
    }  # fmt: skip
    assert [text for text, (_target, by) in found.items() if by is None] == ["a", "c"]
    assert queues.new_version(office("eve"), queue=queue).new is False
    empty = office.queue(office.data([Example("z")], name="second"), labels=_LABELS)
    with pytest.raises(SettingError, match="no answer in this queue"):
        queues.new_version(office("eve"), queue=empty)


def test_agreement_is_measured_between_people(office: Office) -> None:
    queue = office.queue(office.data(_EXAMPLES), overlap=2, order="given")
    office.answer("ann", queue, {"b": "good", "d": "bad", "e": "good", "f": "bad"})
    office.answer("ben", queue, {"b": "good", "d": "bad", "e": "good", "f": "good"})
    found = queues.agreement(office("vic"), queue=queue)
    assert (found.annotators, found.texts) == (("Ann", "Ben"), 4)
    (pair,) = found.pairs
    assert (pair.same, pair.score) == (0.75, pytest.approx(0.5))
    assert found.to_settle == (3,)


@pytest.mark.parametrize("tool", ["label-studio", "doccano"])
def test_answers_come_back_from_another_tool(office: Office, tool: str) -> None:
    first, second = "🎉 Ada in 北京", "none"
    data = office.data([Example(first), Example(second)], Schema("spans"))
    queue = office.queue(data, labels=["PER", "LOC"], kind="spans", overlap=2, order="given")
    office.answer("ann", queue, {first: [[2, 5, "PER"], [9, 11, "LOC"]], second: []})
    office.answer("ben", queue, {first: [[2, 5, "PER"]]})
    content = queues.export(office("eve"), queue=queue, format=tool)
    copy = office.queue(data, labels=["PER", "LOC"], kind="spans", overlap=2, order="given", limit=1)
    read = queues.read(office("eve"), queue=copy, content=content)
    assert (read.texts, read.added, read.answers) == (2, 1, 3)
    assert queues.agreement(office("eve"), queue=copy) == queues.agreement(office("eve"), queue=queue)
    strange = content.replace(b"ben@example.org", b"who@example.org")
    with pytest.raises(SettingError, match="Nobody in this project is called who"):
        queues.read(office("eve"), queue=copy, content=strange)
    assert queues.read(office("eve"), queue=copy, content=strange, people={"who@example.org": "vic"}).answers == 3


def test_what_was_begun_comes_back_and_what_was_said_is_listed(office: Office) -> None:
    queue = office.queue(office.data(_EXAMPLES), order="given")
    first, second = annotation.following(office("ann"), queue=queue, count=2).tasks
    annotation.keep_draft(office("ann"), item=second.item, draft=json.dumps({"target": "good"}))
    name = identifiers.new()
    standing = annotation.submit(office("ann"), item=first.item, id=name, target="good", note=" why ")
    assert (standing.answered, standing.done, standing.items) == (1, 1, 4)
    (again, *_more) = annotation.following(office("ann"), queue=queue, count=2).tasks
    assert (again.item, again.draft) == (second.item, '{"target": "good"}')
    (said,) = annotation.history(office("ann"), queue=queue)
    assert (said.id, said.target, said.note, said.task.text) == (name, "good", "why", "b")
    assert annotation.undo(office("ann"), annotation=name).id == name
    assert annotation.history(office("ann"), queue=queue) == []
    with pytest.raises(NotFoundError):
        annotation.undo(office("ben"), annotation=name)
