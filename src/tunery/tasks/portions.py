"""Examples encoded a portion at a time, with the neighbours that a task reads them with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tunery.types import Example

if TYPE_CHECKING:
    from tunery.tasks.base import Encoding, Task
    from tunery.tasks.encoding import TextEncoder


def encode_in_portions(
    task: Task, examples: Iterable[Example], encoder: TextEncoder, labels: Sequence[str], size: int
) -> Iterator[tuple[list[Example], list[Encoding]]]:
    """Yield the examples in lists of at most ``size``, with their windows; rows count from 0 in each list.

    What an example is read with does not depend on where one portion ends and the next begins.
    """
    waiting = iter(examples)
    before: list[Example] = []
    ahead = list(itertools.islice(waiting, size + task.reach))
    while ahead:
        own, following = ahead[:size], ahead[size:]
        first = len(before)
        windows = task.encode([*before, *ahead], encoder, labels)
        kept = [window for window in windows if first <= window.row < first + len(own)]
        for window in kept:
            window.row -= first
        yield own, kept
        before = [*before, *own][-task.reach :] if task.reach else []
        ahead = [*following, *itertools.islice(waiting, size + task.reach - len(following))]
