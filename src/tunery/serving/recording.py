"""Writes what was asked and answered into a workspace, beside answering and never in its way.

A call is put into a buffer, which takes a moment whatever the database does; a thread takes out what identifies a
person, and writes batch after batch. Where the database is away or too slow, the buffer keeps what it can hold; what
doesn't fit is counted as lost, and said so. Needs the workspace's libraries: imported only where a server records.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import select

from tunery.errors import TuneryError
from tunery.serving.answers import abstains, rounded
from tunery.serving.logs import LOGGER
from tunery.serving.tallies import Tallies
from tunery.store import endpoints, identifiers, projects, redaction, redactors, requests, targets, traffic
from tunery.store.failures import StoreError
from tunery.store.projects import ProjectSettings
from tunery.store.redaction import Redacted, RedactionError, Redactor
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Endpoint, Project, Request
from tunery.store.traffic import Counts
from tunery.store.workspace import Workspace

if TYPE_CHECKING:
    from tunery.serving.served import Served
    from tunery.types import Prediction

_MOST_TEXTS, _MOST_CHARACTERS = 20_000, 20_000_000
"""What the buffer holds."""
_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
"""Seconds between two batches; after a failure the pause doubles."""
_REFRESH = 2.0
"""Seconds after which settings are read again."""
_TOGETHER = 500
"""Requests in one transaction, unless one call alone has more."""
_ATTEMPTS = 3
"""How often a batch is tried that fails for a reason of its own, not because the database is away."""
_QUIET = 60.0
"""Seconds between two lines of the log about what is lost."""


@dataclass(frozen=True)
class Asked:
    """What was asked in one call, or in a part of it.

    Attributes:
        endpoint: The endpoint's name.
        model: The version that answered.
        call: The server's name for the call.
        numbers: Which texts of the call these are.
        texts: What was asked.
        predictions: What was answered, one for each text.
        milliseconds: How long it took.
        key: The id of the caller's key.
        origin: ``api``, ``playground`` or ``share``.
        at: When, in seconds since 1970.
    """

    endpoint: str
    model: Served
    call: str
    numbers: Sequence[int]
    texts: Sequence[str]
    predictions: Sequence[Prediction]
    milliseconds: float
    key: str | None
    origin: str
    at: float

    @cached_property
    def characters(self) -> int:
        """Of all texts together."""
        return sum(map(len, self.texts))


@dataclass(frozen=True, slots=True)
class Policy:
    """What the workspace says about an endpoint.

    Attributes:
        endpoint: Its id.
        share: The share of its requests that is stored.
        redactor: What their texts go through.
        problem: Why there is none as the workspace wants it; then `redactor` raises `RedactionError` for every text.
    """

    endpoint: str
    share: float
    redactor: Redactor
    problem: str = ""


class Buffer:
    """Calls that wait, as many as there is room for. May be used by several threads."""

    def __init__(self, texts: int = _MOST_TEXTS, characters: int = _MOST_CHARACTERS) -> None:
        self._texts, self._characters = texts, characters
        self._waiting: deque[Asked] = deque()
        self._lock = threading.Lock()
        self.held = 0
        """Texts that wait, or are taken and not yet given back."""

    def put(self, asked: Asked) -> bool:
        """Add a call, or say that there is no room for it."""
        number, characters = len(asked.texts), asked.characters
        with self._lock:
            if self.held + number > self._texts or characters > self._characters:
                return False
            self._waiting.append(asked)
            self.held += number
            self._characters -= characters
        return True

    def take(self, texts: int) -> list[Asked]:
        """Return the calls that came first, with about so many texts; their room is given back by `done`."""
        found: list[Asked] = []
        while texts > 0 and self._waiting:
            found.append(self._waiting.popleft())
            texts -= len(found[-1].texts)
        return found

    def done(self, taken: Sequence[Asked]) -> None:
        """Give back the room of calls that were taken."""
        with self._lock:
            self.held -= sum(len(asked.texts) for asked in taken)
            self._characters += sum(asked.characters for asked in taken)


class Recorder:
    """Records the calls of one process. `count` and `add` take microseconds and never wait for the database.

    Args:
        settings: Where the workspace is.
        on_lost: Told the endpoint and how many texts could not be stored.
    """

    def __init__(self, settings: WorkspaceSettings, on_lost: Callable[[str, int], None]) -> None:
        self._settings = settings
        self._on_lost = on_lost
        self._writer = identifiers.new()
        self._buffer, self._tallies = Buffer(), Tallies()
        self._taken: list[Asked] = []
        self._rows: list[Request] = []
        self._policies: dict[str, Policy] = {}
        self._read = float("-inf")
        self._failures = 0
        self._lost, self._said, self._reason = 0, float("-inf"), "the buffer is full"
        self._changed = threading.Condition()
        self._rounds, self._stopping = 0, False
        self.workspace: Workspace | None = None
        """None until the database could be reached for the first time."""
        self._thread = threading.Thread(target=self._run, name="tunery-recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def started(self) -> bool:
        """Whether it has begun."""
        return self._thread.ident is not None

    # -- in the request --------------------------------------------------------------------------------------------

    def count(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a call that was answered with a status."""
        self._tallies.answered(endpoint, status, seconds)

    def add(self, asked: Asked) -> None:
        """Take what is to be stored, or count it as lost where there is no room."""
        number, policy = len(asked.texts), self._policies.get(asked.endpoint)
        self._tallies.add(asked.endpoint, Counts(texts=number))
        if policy is not None and policy.share == 0:
            self._tallies.add(asked.endpoint, Counts(sampled_out=number))
        elif not self._buffer.put(asked):
            self._lose(asked.endpoint, number)

    def policy(self, endpoint: str) -> Policy | None:
        """Return what the workspace says about an endpoint; None where it doesn't know it."""
        return self._policies.get(endpoint)

    def _lose(self, endpoint: str, number: int) -> None:
        self._tallies.add(endpoint, Counts(lost=number))
        self._on_lost(endpoint, number)
        self._lost += number

    # -- in other threads ------------------------------------------------------------------------------------------

    def settle(self, seconds: float) -> None:
        """Wait until what was added before has been written, but not for ever."""
        with self._changed:
            wanted = self._rounds + 2  # the round that runs may have begun before
            self._changed.wait_for(lambda: self._rounds >= wanted, seconds)

    def close(self, seconds: float) -> None:
        """Write what there is, and end; what can't be written in so many seconds is lost."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(seconds)
        if self._buffer.held:
            LOGGER.error("requests were lost at the end", extra={"lost": self._buffer.held, "reason": self._reason})
        if self.workspace is not None and not self._thread.is_alive():
            self.workspace.close()

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause, stopping = _PAUSE, False
        while not stopping:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, pause)
                stopping = self._stopping
            try:
                self._round()
                pause, self._failures = _PAUSE, 0
            except Exception as error:  # noqa: BLE001 - whatever it is, answering goes on, and so does this
                pause = min(2 * pause, _LONGEST_PAUSE)
                self._failed(error)
            with self._changed:
                self._rounds += 1
                self._changed.notify_all()
            self._say_what_is_lost()

    def _round(self) -> None:
        """Write all that waits, then what was counted."""
        if self.workspace is None:
            self.workspace = Workspace.open(self._settings, create=False)
        workspace = self.workspace
        self._refresh(workspace)
        while self._prepare(workspace):
            with workspace.writing() as session:
                kept = requests.add(session, self._rows, again=self._failures > 0)
            names = {policy.endpoint: name for name, policy in self._policies.items()}
            for request in kept:
                self._tallies.add(names[request.endpoint], Counts(stored=1))
            stored = {request.id for request in kept}
            for request in self._rows:
                if request.id not in stored:
                    self._reason = f"the workspace has no model {request.model}, or no longer this endpoint"
                    self._lose(names.get(request.endpoint, request.endpoint), 1)
            self._forget()
        counted = self._tallies.changed()
        known = {key: counts for key, counts in counted.items() if key[0] in self._policies}
        if known:
            with workspace.writing() as session:
                for (name, minute), counts in known.items():
                    endpoint = self._policies[name].endpoint
                    traffic.write(session, endpoint=endpoint, minute=minute, writer=self._writer, counts=counts)
        self._tallies.written(counted)

    def _refresh(self, workspace: Workspace) -> None:
        if time.monotonic() - self._read > _REFRESH:
            known, self._policies = self._policies, dict(_policies(workspace))
            self._read = time.monotonic()
            for name, policy in self._policies.items():
                if policy.problem and (name not in known or known[name].problem != policy.problem):
                    extra = {"endpoint": name, "reason": policy.problem}
                    LOGGER.error("requests can't be stored until they can be redacted", extra=extra)

    def _prepare(self, workspace: Workspace) -> bool:
        """Turn what came first into rows, unless an earlier attempt has; say whether there is anything."""
        if not self._taken:
            self._taken = self._buffer.take(_TOGETHER)
            if any(asked.endpoint not in self._policies for asked in self._taken):
                self._read = float("-inf")  # it may have been made a moment ago
                self._refresh(workspace)
            self._rows = [row for asked in self._taken for row in self._rows_or_loss(asked)]
        return bool(self._taken)

    def _rows_or_loss(self, asked: Asked) -> list[Request]:
        try:
            return list(self._rows_of(asked))
        except Exception as error:  # noqa: BLE001 - one call that can't be kept must not take the others with it, unseen
            self._reason = type(error).__name__
            self._lose(asked.endpoint, len(asked.texts))
            return []

    def _rows_of(self, asked: Asked) -> Iterator[Request]:
        policy = self._policies.get(asked.endpoint)
        if policy is None:
            self._reason = f"the workspace has no endpoint {asked.endpoint}"
            self._lose(asked.endpoint, len(asked.texts))
            return
        threshold, model = asked.model.threshold_of_abstention, asked.model.folder.name
        moment = datetime.fromtimestamp(asked.at, UTC)
        for number, text, prediction in zip(asked.numbers, asked.texts, asked.predictions, strict=True):
            if random.random() >= policy.share:  # noqa: S311 - a sample, not a secret
                self._tallies.add(asked.endpoint, Counts(sampled_out=1))
                continue
            found = self._redacted(asked.endpoint, policy.redactor, text)
            if found is None:
                continue
            yield Request(
                id=identifiers.new(), call=asked.call, number=number, endpoint=policy.endpoint, model=model,
                at=moment, origin=asked.origin, key=asked.key, text=found.text, redactions=found.counts,
                places=[list(place) for place in found.places],
                answer=targets.to_text(redaction.moved(prediction.target, found.places)),
                score=rounded(prediction.score), abstained=abstains(prediction, threshold),
                milliseconds=round(asked.milliseconds, 3),
            )  # fmt: skip

    def _redacted(self, endpoint: str, redactor: Redactor, text: str) -> Redacted | None:
        """Return a text as it may be stored; None, and it is counted as lost, where it can't be made so."""
        try:
            return redactor(text)
        except Exception as error:  # noqa: BLE001 - whatever it is, the text must not be stored as it is
            # Words of another's error may hold the text.
            self._reason = str(error) if isinstance(error, TuneryError) else type(error).__name__
            self._lose(endpoint, 1)
            return None

    def _forget(self) -> None:
        self._buffer.done(self._taken)
        self._taken, self._rows = [], []

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._reason = str(error)
        if not isinstance(error, StoreError):
            LOGGER.error("requests could not be recorded", exc_info=error)
            if self._failures >= _ATTEMPTS:
                for asked in self._taken:
                    self._lose(asked.endpoint, len(asked.texts))
                self._forget()

    def _say_what_is_lost(self) -> None:
        away = self._failures > 0
        if (self._lost or away) and time.monotonic() - self._said > _QUIET:
            extra = {"lost": self._lost, "waiting": self._buffer.held, "reason": self._reason}
            LOGGER.error("requests are not recorded at the moment", extra=extra)
            self._said, self._lost = time.monotonic(), 0


def _policies(workspace: Workspace) -> Iterator[tuple[str, Policy]]:
    with workspace.reading() as session:
        found = session.execute(select(Endpoint, Project).join(Project, Project.id == Endpoint.project)).all()
    for endpoint, project in found:
        general, own = projects.settings_of(project), endpoints.settings_of(endpoint)
        stores = general.store_requests if own.store_requests is None else own.store_requests
        sample = general.sample if own.sample is None else own.sample
        yield endpoint.name, Policy(endpoint.id, sample if stores else 0.0, *_redactor(general))


def _redactor(settings: ProjectSettings) -> tuple[Redactor, str]:
    """Return what the texts of a project go through; where that can't be had, one that lets none through, and why."""
    try:
        return redactors.of(settings), ""
    except TuneryError as error:
        problem = str(error)

    def refuse(_text: str) -> Redacted:
        raise RedactionError(problem)

    return refuse, problem
