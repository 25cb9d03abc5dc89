"""Batches across callers: what is divided how, who comes first, and that nobody suffers for another."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.models.exported import ExportedModel, Machine
from tunery.serving.batcher import TOKENS, Batch, Batcher, DeadlinePassed, divide
from tunery.serving.engines import Engine, Engines
from tunery.serving.served import Served, load

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=9).map(lambda found: sorted(found, reverse=True))


def cost(lengths: list[int], ends: list[int], fixed: int) -> int:
    starts = [0, *ends[:-1]]
    return sum(lengths[start] * (end - start) + fixed for start, end in zip(starts, ends, strict=True))


@given(LENGTHS, st.integers(1, 200), st.integers(0, 40))
def test_no_other_division_costs_less(lengths: list[int], budget: int, fixed: int) -> None:
    ends = divide(lengths, budget, fixed)
    count = len(lengths)
    assert ends[-1] == count
    assert ends == sorted(set(ends))
    possible = []
    for cuts in itertools.product([False, True], repeat=count - 1):
        other = [place for place, cut in enumerate(cuts, 1) if cut] + [count]
        parts = list(zip([0, *other[:-1]], other, strict=True))
        if all(end - start == 1 or lengths[start] * (end - start) <= budget for start, end in parts):
            possible.append(cost(lengths, other, fixed))
    assert cost(lengths, ends, fixed) == min(possible)


@pytest.fixture(scope="module")
def intents(models: Path) -> Served:
    return load(models / "intents", Engines(Machine(threads=1)))


@pytest.fixture
def batches() -> list[Batch]:
    return []


@pytest.fixture
def batcher(batches: list[Batch]) -> Iterator[Batcher]:
    made = Batcher(lanes=1, on_batch=batches.append)
    yield made
    made.close()


def test_answers_are_those_of_the_model_whatever_runs_beside_them(
    intents: Served, batcher: Batcher, batches: list[Batch]
) -> None:
    texts = [f"{'word ' * (number % 40)}card {number}" for number in range(120)]

    async def ask() -> list[str]:
        jobs = [batcher.submit(intents, [text], time.monotonic() + 600) for text in texts]
        return [(await job.future)[0].label for job in jobs]

    assert asyncio.run(ask()) == [one.label for one in ExportedModel.load(intents.folder).predict(texts)]
    assert sum(batch.windows for batch in batches) == len(texts)
    assert len(batches) < len(texts) / 2
    assert all(batch.padded <= TOKENS for batch in batches)
    assert batcher.seconds_waiting == 0


def test_a_large_request_stands_back_behind_later_small_ones(intents: Served, batcher: Batcher) -> None:
    async def ask() -> list[str]:
        order: list[str] = []
        warm = batcher.submit(intents, ["how fast is this?"] * 20, time.monotonic() + 600)
        await warm.future
        large = batcher.submit(intents, ["where is my card, please? " * 8] * 400, time.monotonic() + 600)
        large.future.add_done_callback(lambda _future: order.append("large"))
        await asyncio.sleep(0.05)
        small = [batcher.submit(intents, ["and mine?"], time.monotonic() + 600) for _ in range(5)]
        for job in small:
            job.future.add_done_callback(lambda _future: order.append("small"))
        await asyncio.gather(large.future, *(job.future for job in small))
        return order

    assert asyncio.run(ask()) == ["small"] * 5 + ["large"]


def test_what_nobody_waits_for_is_not_run(intents: Served, batcher: Batcher, batches: list[Batch]) -> None:
    async def ask() -> None:
        first = batcher.submit(intents, ["word " * 100] * 40, time.monotonic() + 600)
        late = batcher.submit(intents, ["too late"] * 50, time.monotonic() - 1)
        left = batcher.submit(intents, ["gone"] * 50, time.monotonic() + 600)
        batcher.drop(left)
        await first.future
        with pytest.raises(DeadlinePassed):
            await late.future

    asyncio.run(ask())
    assert sum(batch.windows for batch in batches) == 40
    assert batcher.seconds_waiting == 0


def test_a_model_that_breaks_breaks_nothing_else(intents: Served, batcher: Batcher) -> None:
    head = intents.part.head
    assert head is not None
    wrong = replace(intents, part=replace(intents.part, head=replace(head, weight=head.weight[:, :5])))

    async def ask() -> tuple[object, object]:
        jobs = [batcher.submit(model, ["where is my card?"], time.monotonic() + 600) for model in (intents, wrong)]
        found = await asyncio.gather(*(job.future for job in jobs), return_exceptions=True)
        return found[0], found[1]

    good, bad = asyncio.run(ask())
    assert isinstance(good, list)
    assert isinstance(bad, ValueError)


def test_bodies_are_held_once_and_let_go(models: Path) -> None:
    engines = Engines(Machine(threads=1))
    first, second = (load(models / name, engines) for name in ("intents", "topics"))
    assert first.part.engine is second.part.engine
    assert first.part.neck is second.part.neck
    assert first.encoder is second.encoder
    engine: weakref.ref[Engine] = weakref.ref(first.part.engine)
    del first
    assert engine() is not None
    del second
    gc.collect()
    assert engine() is None
