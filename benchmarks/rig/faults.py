"""The rows about what goes wrong: swaps under load, too much load, signals, a long time."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rig import models
from rig.processes import Loading, Server, Watch, loaded
from rig.setup import CONNECTIONS, ENDPOINT, Setup, row
from rig.table import Line, limit, told

SWAPS = 20
EVERY = 1.0
"""Seconds between swaps."""
REFUSALS = {"429", "503", "504"}
"""Statuses that refuse a request: too many, no room, too late."""
CROWD = 256
"""Connections of an overload."""


def swaps(setup: Setup) -> list[Line]:
    """20 swaps of the champion under load; what each answer says must be of the version that it names."""
    first, others = _versions(setup)
    shelf = setup.work / "swaps"
    answers = setup.work / "answers.jsonl"
    with setup.server({ENDPOINT: first}, "--models", str(shelf)) as server:
        base = _answers(server, [text for text, _ in setup.texts])
        prefixes = {_champion(server): f"{first.name}-"}
        length = (SWAPS + 2) * EVERY + 10
        loading = Loading(server, setup.ours, "--seconds", str(length), "--answers", str(answers))
        time.sleep(2)
        done = 0
        for folder in others:
            old, begun = _champion(server), time.monotonic()
            _swap(server, folder)
            prefixes[_champion(server)] = f"{folder.name}-"
            server.call("DELETE", f"/v1/endpoints/{ENDPOINT}/versions/{old}")
            done += not loading.done()
            time.sleep(max(0.0, EVERY - (time.monotonic() - begun)))
        found = loading.result()
    return _judge_swaps(found, answers, base, prefixes, done)


def _versions(setup: Setup) -> tuple[Path, list[Path]]:
    """Return models that differ in the order and the names of their labels, so that a mixture can't look right."""
    drawn = np.random.default_rng(2)
    count = len(models.labels_of(setup.model))
    first, *others = [
        models.variant(setup.model, setup.work / "swaps" / name, drawn.permutation(count).tolist(), f"{name}-")
        for name in (f"v{number:02}" for number in range(SWAPS + 1))
    ]
    return first, others


def _champion(server: Server) -> str:
    status, found = server.call("GET", f"/v1/endpoints/{ENDPOINT}")
    assert status == 200, found
    return str(found["version"])


def _swap(server: Server, folder: Path) -> None:
    body = {"model": folder.name, "promote": True}
    status, found = server.call("POST", f"/v1/endpoints/{ENDPOINT}/versions", body)
    if status >= 300:
        raise SystemExit(f"The swap to {folder.name} failed: {status} {found}")


def _answers(server: Server, texts: Sequence[str]) -> list[str]:
    """Return the server's labels of texts, without the prefix of its version."""
    found: list[str] = []
    for first in range(0, len(texts), 32):
        status, answer = server.call("POST", f"/v1/predict/{ENDPOINT}", {"inputs": texts[first : first + 32]})
        assert status == 200, answer
        found += [str(one["label"]).partition("-")[2] for one in answer["predictions"]]
    return found


def _judge_swaps(
    found: Mapping[str, Any], answers: Path, base: Sequence[str], prefixes: Mapping[str, str], done: int
) -> list[Line]:
    seen: Counter[str] = Counter()
    versions = set()
    with answers.open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            if one["status"] != 200:
                continue
            answer = json.loads(one["body"])
            versions.add(answer["version"])
            seen[_verdict(answer, prefixes, base[one["request"]])] += 1
    failed = found["lost"] + sum(n for status, n in found["statuses"].items() if status != "200")
    total = max(1, seen.total())
    p99 = found["latency_ms"]["p99"]
    note = f"of {total:,}; {len(versions)} versions answered; {found['rate']:.0f}/s, p99 {p99:.0f} ms"
    return [
        Line("swaps under load", done, value=done, bar=SWAPS, note="loaded, promoted, the old one removed"),
        limit("requests failed while swapping", failed, 0, f"{found['statuses']}, {found['errors']}"),
        limit("answers whose labels are not of their version", seen["mixture"], 0, note),
        # Batches differ from run to run, and with them the last bits: a text between two labels may go either way.
        limit("share of answers other than without swaps", seen["other"] / total, 0.01),
    ]


def _verdict(answer: Mapping[str, Any], prefixes: Mapping[str, str], base: str) -> str:
    prefix, label = prefixes.get(answer["version"]), str(answer["predictions"][0]["label"])
    if prefix is None or not label.startswith(prefix):
        return "mixture"
    return "same" if label == prefix + base else "other"


def overload(setup: Setup) -> list[Line]:
    """Ten times the load that the server can hold.

    Each request holds several texts: ten times as many requests of one text would be more than can be received on
    the same machine, let alone refused, and most would never leave the generator.
    """
    path = f"/v1/predict/{ENDPOINT}"
    texts, size = [text for text, _ in setup.texts], setup.crowd
    groups = [texts[first : first + size] for first in range(0, len(texts), size)]
    crowded = setup.requests("crowded", (row(path, group) for group in groups))
    with setup.server() as server:
        holds = loaded(server, setup.ours, CONNECTIONS, setup.seconds)["rate"]
        half = ("--rate", str(holds / 2), "--bucket", "0.25")
        before = loaded(server, setup.ours, CONNECTIONS, setup.seconds, *half)
        memory = server.memory()
        with Watch(server, 0.5) as watch:
            rate = str(10 * holds / size)
            found = loaded(server, crowded, CROWD, setup.overload, "--rate", rate, "--warmup", "0")
        over = found["started"] + setup.overload
        after = loaded(server, setup.ours, CONNECTIONS, 10.0, *half, "--warmup", "0")
    refused = sum(n for status, n in found["statuses"].items() if status in REFUSALS)
    bad = sum(n for status, n in found["statuses"].items() if status not in REFUSALS | {"200"})
    sent = found["sent_rate"] * size / holds
    note = f"{sent:.1f} times the load sent; {found['statuses'].get('200', 0):,} answered, {refused:,} refused"
    answered, p99 = found["rate"] * size, found["latency_ms"]["p99"]
    peak = max(watch.megabytes, default=memory)
    return [
        limit("requests neither answered nor refused", bad + found["lost"], 0, f"{note}; {found['errors']}"),
        Line("load sent, as a multiple of what it holds", sent, value=sent, bar=9.5, note=f"holds {holds:.0f} texts/s"),
        told("texts/s answered under overload", answered, holds, f"p99 {p99:.0f} ms"),
        Line("MB at most under overload", peak, memory, peak / memory, 1.5, least=False),
        _flat("MB under overload, last third against middle", watch, 1, 1.05),
        limit("seconds until normal again", _recovered(before, after, over), 5, _both(before, after)),
    ]  # fmt: skip


def _both(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"median at half load {before['latency_ms']['p50']:.1f} ms before, {after['latency_ms']['p50']:.1f} ms after"


def _recovered(before: Mapping[str, Any], after: Mapping[str, Any], over: float) -> float:
    """Return the seconds from the end of the overload to the last quarter second that was not normal.

    Normal is: nothing refused, nothing failed, and a median of at most twice what it was over all, or what it was in
    the slowest quarter second before: others use this machine too.
    """
    steps = [step["p50"] for step in before["timeline"] if step["ok"]]
    usual = max(2 * before["latency_ms"]["p50"], *steps)
    odd = [
        place
        for place, step in enumerate(after["timeline"])
        if step["refused"] or step["failed"] or (step["ok"] and step["p50"] > usual)
    ]
    return float(max(0.0, after["started"] - over) + (odd[-1] + 1 if odd else 0) * after["bucket"])


def _flat(what: str, watch: Watch, third: int, bar: float) -> Line:
    """Return a line that compares the memory of the last third with that of an earlier one."""
    parts = np.array_split(np.asarray(watch.megabytes), 3)
    last, other = float(parts[2].mean()), float(parts[third].mean())
    slope = 3600 * float(np.polyfit(watch.seconds, watch.megabytes, 1)[0])
    return Line(what, last, other, last / other, bar, least=False, note=f"slope {slope:+.1f} MB an hour")


def signals(setup: Setup) -> list[Line]:
    """SIGTERM, and kill -9 of a worker, under load."""
    return [*_terminated(setup), *_killed(setup, 1), *_killed(setup, 2)]


def _terminated(setup: Setup) -> list[Line]:
    with setup.server() as server:
        loading = _begin(server, setup, 5.0)
        taken = server.stop()
        code = server.process.returncode
        found = loading.result()
    statuses = {status: n for status, n in found["statuses"].items() if status not in REFUSALS | {"200"}}
    note = f"{found['statuses']}, {found['errors']}; stopped after {taken:.1f} s with code {code}"
    return [limit("SIGTERM: accepted requests without an answer", found["lost"] + sum(statuses.values()), 0, note)]


def _begin(server: Server, setup: Setup, seconds: float) -> Loading:
    """Return a load generator that has been at work for some two seconds."""
    arguments = ["--seconds", str(seconds), "--warmup", "0", "--bucket", "0.1", "--timeout", "10"]
    loading = Loading(server, setup.ours, "--connections", str(CONNECTIONS), *arguments)
    time.sleep(2.5)
    return loading


def _killed(setup: Setup, count: int) -> list[Line]:
    what = f"kill -9 of one of {count}: "
    with setup.server(None, "--workers", str(count)) as server:
        loading = _begin(server, setup, 10.0)
        workers = server.processes()[1:]
        if not workers:
            raise SystemExit("There is no worker to kill: the server is a single process.")
        worker = max(workers, key=lambda one: one.memory_info().rss)
        killed = time.time()
        os.kill(worker.pid, signal.SIGKILL)
        found = loading.result()
        now = len(server.processes()) - 1
    hung = found["errors"].get("timeout", 0) + found["errors"].get("unanswered", 0)
    note = f"{found['statuses']}, {found['errors']}; processes {len(workers)} before, {now} after"
    return [
        limit(f"{what}requests left hanging", hung, 0, note),
        limit(f"{what}seconds until served again", _served(found, killed), 3),
    ]


def _served(found: Mapping[str, Any], killed: float) -> float:
    """Return the seconds from the kill to the end of the last tenth of a second that failed or had no answer."""
    timeline, bucket = found["timeline"], found["bucket"]
    first = int((killed - found["started"]) / bucket)
    last = int(10.0 / bucket)
    odd = [place for place in range(first, last) if place >= len(timeline) or not timeline[place]["ok"]]
    odd += [place for place in range(first, len(timeline)) if timeline[place]["failed"]]
    return (max(odd) + 1) * bucket - (killed - found["started"]) if odd else 0.0


def soak(setup: Setup) -> list[Line]:
    """Half of what the server holds, for a long time."""
    with setup.server() as server:
        holds = loaded(server, setup.ours, CONNECTIONS, setup.seconds)["rate"]
        with Watch(server, 1.0) as watch:
            found = loaded(server, setup.ours, CONNECTIONS, setup.soak, "--rate", str(holds / 2))
    bad = found["lost"] + sum(n for status, n in found["statuses"].items() if status != "200")
    note = f"{found['rate']:.0f}/s for {setup.soak:.0f} s, p50 {found['latency_ms']['p50']:.1f} ms"
    return [
        _flat("soak: MB, last third against first", watch, 0, 1.03),
        limit("soak: requests failed", bad + found["skipped"], 0, note),
    ]
