"""Batches across callers.

Threads take what waits, whoever asked for it: windows of like length, filled to a budget of tokens, of all models that
share a body. Nothing waits while a thread is idle, except for what the load itself says will come sooner than it costs
to begin without it. A request with many texts stands back behind later ones with few: a window's place in the queue is
the time it would be run at if its own request's windows ran alone, one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tunery.serving.engines import Engine, Part
from tunery.serving.served import Served
from tunery.tasks.base import Encoding, Logits
from tunery.types import Example, Prediction

log = logging.getLogger("tunery.serving")

TOKENS = 512
"""Tokens in a batch, with padding. More would make those who come next wait longer, and is no faster on processors."""
_FIXED_TOKENS = 12
"""What beginning a batch costs, in tokens: small products use a processor less well. Measured with six layers."""
_CANDIDATES = 64
"""How many of the windows that are due first are looked at for a batch."""
_MOST_WORK = 20_000_000
"""Characters that may wait: with what is made of them some hundred megabytes."""
_SHORT = 0.05
"""Seconds of waiting that nobody need count exactly."""
_SMOOTHING = 0.1
"""How much the newest measurement counts in running means."""


@dataclass(eq=False, slots=True)
class Job:
    """One request's texts on their way through the threads.

    Attributes:
        model: Who answers.
        texts: What is asked.
        arrived: When it came, on the monotonic clock.
        deadline: When its caller no longer waits.
        future: Gets the predictions.
        dropped: Whether its caller has left.
    """

    model: Served
    texts: Sequence[str]
    arrived: float
    deadline: float
    future: asyncio.Future[list[Prediction]]
    dropped: bool = False
    work: int = 0
    encodings: list[Encoding] = field(default_factory=list)
    logits: list[Logits | None] = field(default_factory=list)
    left: int = 0


@dataclass(eq=False, slots=True)
class _Window:
    """One window of a job, with the time that decides its place in the queue."""

    due: float
    job: Job
    number: int

    @property
    def encoding(self) -> Encoding:
        return self.job.encodings[self.number]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was run at once, for whoever counts.

    Attributes:
        windows: How many windows.
        tokens: Their tokens.
        padded: Tokens with padding.
        seconds: How long it took.
        models: How many different models they belong to.
    """

    windows: int
    tokens: int
    padded: int
    seconds: float
    models: int


class DeadlinePassed(Exception):  # noqa: N818 - no fault of anyone's
    """The caller no longer waits."""


class Batcher:
    """Runs the jobs of all callers on a few threads.

    Args:
        lanes: How many threads run batches: while one prepares, another computes.
        on_batch: Told about every batch.
    """

    def __init__(self, lanes: int = 2, on_batch: Callable[[Batch], None] = lambda _batch: None) -> None:
        self._on_batch = on_batch
        self._condition = threading.Condition()
        self._inbox: list[Job] = []
        self._ready: dict[Engine, list[_Window]] = defaultdict(list)
        self._jobs: dict[Job, None] = {}
        self._waiting_work = 0
        self._looked, self._ahead = 0.0, 0.0
        self._seconds_per_work = 0.0
        self._seconds_per_token = 0.0
        self._gap = 1.0
        self._last_arrival = 0.0
        self._closed = False
        self._threads = [threading.Thread(target=self._lane, name=f"lane-{n}", daemon=True) for n in range(lanes)]
        for thread in self._threads:
            thread.start()

    # -- what callers use, in the event loop -----------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether more waits than memory should hold."""
        return self._waiting_work > _MOST_WORK

    @property
    def seconds_waiting(self) -> float:
        """How long all that waits now will take, by the speed seen so far."""
        return self._waiting_work * self._seconds_per_work

    @property
    def expected_wait(self) -> float:
        """Seconds until a small request that comes now is begun: large ones stand back behind it."""
        everything = self.seconds_waiting
        now = time.monotonic()
        if everything <= _SHORT:
            return everything
        if now - self._looked > _SHORT:
            self._looked = now
            jobs = list(self._jobs)
            self._ahead = sum(min(job.work * self._seconds_per_work, now - job.arrived + _SHORT) for job in jobs)
        return min(everything, self._ahead)

    def submit(self, model: Served, texts: Sequence[str], deadline: float) -> Job:
        """Put texts into the queue; the job's future gets one prediction for each.

        Args:
            model: Who answers.
            texts: At least one.
            deadline: When the caller no longer waits, on the monotonic clock.
        """
        now = time.monotonic()
        job = Job(model, texts, now, deadline, asyncio.get_running_loop().create_future())
        job.work = sum(map(len, texts)) + 16 * len(texts)
        with self._condition:
            self._inbox.append(job)
            self._jobs[job] = None
            self._waiting_work += job.work
            self._ahead += min(job.work * self._seconds_per_work, _SHORT)
            self._gap += _SMOOTHING * (min(1.0, now - self._last_arrival) - self._gap)
            self._last_arrival = now
            self._condition.notify()
        return job

    def drop(self, job: Job) -> None:
        """Take back a job whose caller has left: what of it has not begun will not be run."""
        with self._condition:
            job.dropped = True
            self._forget(job)

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()

    # -- what the threads do ---------------------------------------------------------------------------------------

    def _lane(self) -> None:
        while True:
            with self._condition:
                while not self._inbox and not any(self._ready.values()):
                    if self._closed:
                        return
                    self._condition.wait()
                self._wait_for_company()
                jobs, self._inbox = self._inbox, []
            windows = self._encode(jobs)
            with self._condition:
                for window in windows:
                    self._ready[window.job.model.part.engine].append(window)
                engine, batch = self._choose()
                if engine is not None and any(self._ready.values()):
                    self._condition.notify()
            if engine is not None:
                self._run(engine, batch)

    def _wait_for_company(self) -> None:
        """Wait while the next request is expected sooner than a batch of its own would cost. Holds the lock."""
        cost = _FIXED_TOKENS * self._seconds_per_token
        until = time.monotonic() + cost
        while not self._closed:
            seen = len(self._inbox)
            now = time.monotonic()
            gap = max(self._gap, now - self._last_arrival)
            # Everyone who waits pays for the wait; one batch fewer is what they get for it.
            if not seen or gap * seen > cost or now >= until:
                return
            self._condition.wait(min(until - now, 2 * gap))
            if len(self._inbox) == seen:
                return

    def _encode(self, jobs: Sequence[Job]) -> list[_Window]:
        windows: list[_Window] = []
        for model, own in _by_model(jobs).items():
            try:
                windows += _windows(model, own, self._seconds_per_token)
            except Exception as error:  # whatever goes wrong with one request must not end the thread
                if len(own) > 1:
                    for job in own:
                        windows += self._encode([job])
                    continue
                log.exception("a text could not be encoded", extra={"version": model.version})
                self._finish([(own[0], error)])
        return windows

    def _choose(self) -> tuple[Engine | None, list[_Window]]:
        """Take the next batch out of the queue. Holds the lock."""
        now = time.monotonic()
        late: list[tuple[Job, Exception]] = []
        best: Engine | None = None
        for engine in list(self._ready):
            waiting = self._ready[engine]
            kept = [window for window in waiting if not _is_over(window.job, now)]
            if len(kept) < len(waiting):
                jobs = {window.job for window in waiting} - {window.job for window in kept}
                late += [(job, DeadlinePassed()) for job in jobs]
            if kept:
                self._ready[engine] = sorted(kept, key=lambda window: window.due)
                if best is None or kept[0].due < self._ready[best][0].due:
                    best = engine
            else:
                del self._ready[engine]
        if late:
            self._finish(late)
        if best is None:
            return None, []
        batch = like_lengths(self._ready[best][:_CANDIDATES])
        chosen = set(map(id, batch))
        self._ready[best] = [window for window in self._ready[best] if id(window) not in chosen]
        return best, batch

    def _run(self, engine: Engine, batch: Sequence[_Window]) -> None:
        started = time.monotonic()
        pairs: list[tuple[Part, Encoding]] = [(window.job.model.part, window.encoding) for window in batch]
        try:
            found = engine.run(pairs)
        except Exception as error:  # noqa: BLE001 - a batch that fails must not end the thread
            self._run_apart(engine, batch, error)
            return
        seconds = time.monotonic() - started
        done: list[tuple[Job, Exception | None]] = []
        with self._condition:
            for window, logits in zip(batch, found, strict=True):
                window.job.logits[window.number] = logits
                window.job.left -= 1
                if not window.job.left:
                    done.append((window.job, None))
        self._learn(batch, seconds)
        self._finish(done)

    def _run_apart(self, engine: Engine, batch: Sequence[_Window], error: Exception) -> None:
        """Let nobody suffer for what another's texts or model did: run each job's windows by themselves."""
        jobs = list(dict.fromkeys(window.job for window in batch))
        if len(jobs) == 1:
            log.error("a batch failed", exc_info=error, extra={"version": jobs[0].model.version})
            self._finish([(jobs[0], error)])
            return
        for job in jobs:
            self._run(engine, [window for window in batch if window.job is job])

    def _forget(self, job: Job) -> None:
        """Count a job no longer. Holds the lock."""
        if self._jobs.pop(job, job) is None:
            self._waiting_work -= job.work

    def _learn(self, batch: Sequence[_Window], seconds: float) -> None:
        lengths = [len(window.encoding) for window in batch]
        padded = max(lengths) * len(lengths)
        work = sum(window.job.work / len(window.job.encodings) for window in batch)
        with self._condition:
            # With two lanes at once, each has half of the machine.
            share = seconds / len(self._threads)
            self._seconds_per_token = _mean(self._seconds_per_token, share / (padded + _FIXED_TOKENS))
            self._seconds_per_work = _mean(self._seconds_per_work, share / max(work, 1.0))
        models = len({id(window.job.model) for window in batch})
        self._on_batch(Batch(len(batch), sum(lengths), padded, seconds, models))

    def _finish(self, jobs: Sequence[tuple[Job, Exception | None]]) -> None:
        """Decode what is complete, and hand all of it to the event loop at once."""
        outcomes: list[tuple[Job, list[Prediction] | Exception]] = []
        for job, error in jobs:
            outcomes.append((job, error or _decode(job)))
        if not outcomes:
            return
        with self._condition:
            for job, _ in outcomes:
                self._forget(job)
        loop = outcomes[0][0].future.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_hand_over, outcomes)


def like_lengths(windows: Sequence[_Window], budget: int = TOKENS) -> list[_Window]:
    """Return those windows, the first among them, that are best run together.

    All of them are sorted by length and divided so that tokens, padding and what each batch costs to begin are least
    together; the part with the first window is what is run next.

    Args:
        windows: By the time they are due; the first must be in the batch.
        budget: Tokens with padding, at most; a longer single window is a batch of its own.
    """
    ordered = sorted(windows, key=lambda window: len(window.encoding), reverse=True)
    ends = divide([len(window.encoding) for window in ordered], budget)
    place = ordered.index(windows[0])
    start = 0
    for end in ends:
        if place < end:
            return ordered[start:end]
        start = end
    raise AssertionError("every window is in a part")


def divide(lengths: Sequence[int], budget: int, fixed: int = _FIXED_TOKENS) -> list[int]:
    """Divide rows sorted by length, the longest first, into batches that cost least together.

    A batch costs its rows times its longest, and something to begin; dynamic programming finds the best division.

    Args:
        lengths: Tokens of each row, falling.
        budget: Rows times longest, at most, unless a batch is a single row.
        fixed: What a batch costs to begin, in tokens.

    Returns:
        Where each batch ends.
    """
    count = len(lengths)
    best = [0, *[0] * count]
    begins = [0] * (count + 1)
    for end in range(1, count + 1):
        least = -1
        for start in range(end - 1, -1, -1):
            padded = lengths[start] * (end - start)
            if padded > budget and start < end - 1:
                break  # Further to the front rows are longer still.
            cost = best[start] + padded + fixed
            if least < 0 or cost < least:
                least, begins[end] = cost, start
        best[end] = least
    ends: list[int] = []
    end = count
    while end:
        ends.append(end)
        end = begins[end]
    return ends[::-1]


def _by_model(jobs: Sequence[Job]) -> dict[Served, list[Job]]:
    found: dict[Served, list[Job]] = defaultdict(list)
    for job in jobs:
        found[job.model].append(job)
    return found


def _windows(model: Served, jobs: Sequence[Job], seconds_per_token: float) -> list[_Window]:
    """Encode the texts of some jobs for their model."""
    owners = [(job, row) for job in jobs for row in range(len(job.texts))]
    # Every text is a document of its own: what one caller sends must not be read with another's.
    examples = [Example(job.texts[row]) for job, row in owners]
    encodings = model.task.encode(examples, model.encoder, model.labels)
    for job in jobs:
        job.encodings.clear()  # Where a first attempt with others failed.
    for encoding in encodings:
        job, encoding.row = owners[encoding.row]
        job.encodings.append(encoding)
    windows: list[_Window] = []
    for job in jobs:
        job.left = len(job.encodings)
        job.logits = [None] * job.left
        due = job.arrived
        for number, encoding in enumerate(job.encodings):
            windows.append(_Window(due, job, number))
            due += len(encoding) * seconds_per_token
    return windows


def _is_over(job: Job, now: float) -> bool:
    return job.dropped or now > job.deadline


def _decode(job: Job) -> list[Prediction] | Exception:
    windows: list[list[tuple[Encoding, Logits]]] = [[] for _ in job.texts]
    for encoding, logits in zip(job.encodings, job.logits, strict=True):
        assert logits is not None  # noqa: S101 - nothing is left
        windows[encoding.row].append((encoding, logits))
    model = job.model
    try:
        return [
            model.task.decode(Example(text), own, model.labels, model.threshold)
            for text, own in zip(job.texts, windows, strict=True)
        ]
    except Exception as error:  # an answer that can't be made must not end the thread
        log.exception("an answer could not be decoded", extra={"version": model.version})
        return error


def _hand_over(outcomes: Sequence[tuple[Job, list[Prediction] | Exception]]) -> None:
    for job, outcome in outcomes:
        if job.future.done():
            continue
        if isinstance(outcome, Exception):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)


def _mean(before: float, now: float) -> float:
    return now if not before else before + _SMOOTHING * (now - before)
