"""Says why a model answered as it did, in a process of its own: the application itself never loads a model.

Run as ``python -m tunery.app.explaining FOLDER``; takes ``{"text": ..., "label": ...}`` and gives the answer as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunery.errors import ModelError, TuneryError
from tunery.i18n import _, language, use_language

_SECONDS = 120.0
_AT_ONCE = asyncio.Semaphore(2)
"""Each explanation loads a model of its own; many at once would take the machine's memory."""


@dataclass(frozen=True)
class Explained:
    """Why an answer was given.

    Attributes:
        text: The text.
        label: The label that is explained.
        score: How sure the answer is, where it is this label.
        words: Start, end and weight of each word.
        labels: All labels that could be asked about.
    """

    text: str
    label: str
    score: float | None
    words: tuple[tuple[int, int, float], ...]
    labels: tuple[str, ...]


async def explain(folder: Path, text: str, label: str | None = None) -> Explained:
    """Say which words of a text moved a model's answer.

    Args:
        folder: The model's.
        text: The text.
        label: Why this label; by default the model's answer.

    Raises:
        ModelError: The model can't be used, or can't explain this.
    """
    async with _AT_ONCE:
        found = await _asked(folder, {"text": text, "label": label, "language": language()})
    if "error" in found:
        raise ModelError(found["error"], found["hint"])
    words = tuple((int(start), int(end), float(score)) for start, end, score in found["words"])
    return Explained(text, found["label"], found["score"], words, tuple(found["labels"]))


async def _asked(folder: Path, question: Mapping[str, object]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tunery.app.explaining", str(folder)]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        out, _nothing = await asyncio.wait_for(child.communicate(json.dumps(question).encode()), _SECONDS)
        answer: dict[str, Any] = json.loads(out)
    except TimeoutError:
        raise ModelError(_("The explanation took too long."), _("Try a shorter text.")) from None
    except ValueError:
        raise ModelError(_("The explanation failed."), _("The model may need more memory than there is.")) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return answer


def _answer(folder: Path, asked: Mapping[str, Any]) -> dict[str, object]:
    import tunery
    from tunery.models.attributions import explain as attribute

    try:
        model = tunery.load_model(folder)
        found = attribute(model, asked["text"], asked["label"] or None)
        scores = model.predict([asked["text"]])[0].scores
    except TuneryError as error:
        return {"error": error.message, "hint": error.hint}
    words = [(one.start, one.end, one.score) for one in found.words]
    return {"label": found.label, "score": scores.get(found.label), "words": words, "labels": list(model.labels)}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    with use_language(given["language"]):
        print(json.dumps(_answer(Path(sys.argv[1]), given)))  # noqa: T201 - this is how it answers
