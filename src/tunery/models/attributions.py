"""Which words moved an answer: integrated gradients over the embeddings of a text's tokens.

The method is that of Sundararajan, Taly and Yan (2017, https://arxiv.org/abs/1703.01365), as captum has it. Every token
goes from nothing (the mask token) to what it is, and what the answer's logit gains on the way is divided among the
tokens: together they make up the difference of the two logits, up to a `residual` that shrinks with more steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunery.errors import MissingExtraError, ModelError, SettingError
from tunery.i18n import _
from tunery.models.batching import pad
from tunery.models.network import inference_tokens
from tunery.tasks.base import Encoding
from tunery.tasks.encoding import text_windows
from tunery.tasks.token_classification import TokenClassification
from tunery.tasks.words import split_words
from tunery.types import Example, Input, Offsets, Prediction, Span

if TYPE_CHECKING:
    from tunery.models.model import Answerer

STEPS = 24
"""Places between nothing and the text at which gradients are taken."""
_MOST_STEPS = 1000
_SHOWN = 10

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WordAttribution:
    """A word of the text, as offsets, and how much it moved the logit: up if positive, down if negative."""

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Attribution:
    """What the words of a text did for an answer.

    Attributes:
        text: The text.
        label: The answer's label.
        span: For entities, the span that is explained; else None.
        words: The words in the order of the text.
        logit: The label's logit for the text; for a span the mean over its words, each with the tag it has in the span.
        baseline: The same for the text with every token masked.
        steps: At how many places gradients were taken.
    """

    text: str
    label: str
    span: Span | None
    words: tuple[WordAttribution, ...]
    logit: float
    baseline: float
    steps: int

    @property
    def residual(self) -> float:
        """What the words' scores miss of the difference between the logits; more steps make it smaller."""
        return self.logit - self.baseline - sum(word.score for word in self.words)

    def strongest(self, count: int = _SHOWN) -> list[WordAttribution]:
        """Return the words that moved the answer most, in either direction."""
        return sorted(self.words, key=lambda word: (-abs(word.score), word.start))[:count]

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON."""
        return {**asdict(self), "residual": self.residual}

    def __str__(self) -> str:
        head = _("{label}: logit {logit:.2f}, without the words {baseline:.2f}, unexplained {residual:.2f}").format(
            label=self.label, logit=self.logit, baseline=self.baseline, residual=self.residual
        )
        lines = [f"{word.score:+8.3f}  {self.text[word.start : word.end]}" for word in self.strongest()]
        return "\n".join([head, *lines])


@dataclass(frozen=True)
class _Part:
    """A window of the text, and what of its outputs is explained.

    Attributes:
        encoding: The window.
        share: How much it counts.
        rows: Positions (tokens) whose outputs are explained; None where the window has a single output.
        columns: The output of each.
        words: Tokens x words: how each token's score is divided.
    """

    encoding: Encoding
    share: float
    rows: list[int] | None
    columns: list[int]
    words: Scores


def explain(
    model: Answerer, item: Input, label: str | None = None, *, span: Span | None = None, steps: int = STEPS
) -> Attribution:
    """Say which words of a text moved an answer, and how much.

    Args:
        model: A model that torch runs.
        item: The text.
        label: Why this label; by default the model's answer, and of several labels the surest.
        span: For entities: why this span; by default the surest that the model finds.
        steps: At how many places gradients are taken. Each costs a pass forward and back.

    Raises:
        MissingExtraError: captum is not installed.
        ModelError: The model doesn't know the label, or there is no span to explain.
        SettingError: ``steps`` is no usable number.
    """
    require()
    if not 1 <= steps <= _MOST_STEPS:
        raise SettingError(
            _("steps: must be between 1 and {most} (found {value}).").format(most=_MOST_STEPS, value=steps)
        )
    example = Example(item) if isinstance(item, str) else item
    if isinstance(model.task, TokenClassification):
        chosen = span or _surest(model.predict([example])[0])
        return _explain_span(model, model.task, example, chosen, steps)
    chosen_label = label if label is not None else _answer(model.predict([example])[0])
    return _explain_label(model, example, chosen_label, steps)


def require() -> None:
    """Raise `MissingExtraError` unless captum is installed."""
    from importlib.util import find_spec

    if find_spec("captum") is None:
        raise MissingExtraError("explain", _("Explaining an answer"))


def _answer(prediction: Prediction) -> str:
    given = prediction.labels
    return max(given or tuple(prediction.scores), key=lambda label: prediction.scores[label])


def _surest(prediction: Prediction) -> Span:
    if not prediction.spans:
        raise ModelError(
            _("The model finds no span in the text."), _("Name the one to explain: span=Span(start, end, label).")
        )
    return max(prediction.spans, key=lambda span: span.score or 0.0)


def _explain_label(model: Answerer, example: Example, label: str, steps: int) -> Attribution:
    column = _column(model, label)
    words = example.words if example.words is not None else split_words(example.text, "punctuation")
    divided = divide(model.encoder.offsets(example.text), words, example.text)
    encodings = model.task.encode([Example(example.text, words=example.words)], model.encoder, model.labels)
    special = len(model.encoder.prefix) + len(model.encoder.suffix)
    windows = text_windows(len(divided), max(1, len(encodings[0]) - special), model.task.overlap)
    total = sum(encoding.weight for encoding in encodings)
    parts: list[_Part] = []
    for encoding, (start, stop) in zip(encodings, windows, strict=True):
        share = np.zeros((len(encoding), len(words)))
        first = len(model.encoder.prefix)
        share[first : first + stop - start] = divided[start:stop]
        parts.append(_Part(encoding, encoding.weight / total, None, [column], share))
    return _sum(model, example.text, label, None, words, parts, steps)


def _explain_span(model: Answerer, task: TokenClassification, example: Example, span: Span, steps: int) -> Attribution:
    index = {tag: number for number, tag in enumerate(task.outputs(model.labels))}
    _column(model, span.label)
    words = task.words_of(example)
    inside = [number for number, (start, end) in enumerate(words) if start < span.end and span.start < end]
    encodings = task.encode([Example(example.text, words=example.words)], model.encoder, model.labels)
    fitting = [one for one in encodings if inside and set(inside) <= set(one.words.tolist())]
    if not fitting:
        raise ModelError(
            _("There is no word at {start}-{end}, or the span is longer than what the model reads at once.").format(
                start=span.start, end=span.end
            ),
            _("Give a span of words of the text."),
        )
    # The answer for a word is read where it has most text around it.
    encoding = max(fitting, key=lambda one: min(inside[0] - int(one.words[0]), int(one.words[-1]) - inside[-1]))
    row = {int(word): int(place) for word, place in zip(encoding.words, encoding.positions, strict=True)}
    columns = [index[f"{'I' if place else 'B'}-{span.label}"] for place in range(len(inside))]
    share = np.zeros((len(encoding), len(words)))
    ends = [*encoding.positions[1:].tolist(), len(encoding) - len(model.encoder.suffix)]
    for word, first, end in zip(encoding.words.tolist(), encoding.positions.tolist(), ends, strict=True):
        share[first:end, word] = 1.0
    part = _Part(encoding, 1.0, [row[word] for word in inside], columns, share)
    return _sum(model, example.text, span.label, span, words, [part], steps)


def _column(model: Answerer, label: str) -> int:
    if label not in model.labels:
        raise ModelError(
            _("The model doesn't know the label {label!r}.").format(label=label[:40]),
            _("There are: {names}.").format(names=", ".join(model.labels)[:200]),
        )
    return model.labels.index(label)


def divide(tokens: Sequence[Offsets], words: Sequence[Offsets], text: str) -> Scores:
    """Return tokens x words: how a token's score is divided among the words that it has characters of.

    A token that belongs to no word, such as a space of its own, goes to the next one, or the last.
    """
    of_character = np.full(len(text) + 1, -1, dtype=np.int64)
    for number, (start, end) in enumerate(words):
        of_character[start:end] = number
    share = np.zeros((len(tokens), len(words)))
    starts = np.asarray([start for start, _end in words], dtype=np.int64)
    for token, (start, end) in enumerate(tokens):
        own = of_character[start:end]
        own = own[own >= 0]
        if len(own):
            np.add.at(share[token], own, 1.0 / len(own))
        elif len(words):
            share[token, min(int(np.searchsorted(starts, start)), len(words) - 1)] = 1.0
    return share


def _sum(
    model: Answerer, text: str, label: str, span: Span | None, words: Sequence[Offsets], parts: Sequence[_Part],
    steps: int,
) -> Attribution:  # fmt: skip
    scores = np.zeros(len(words))
    logit = baseline = 0.0
    for part in parts:
        tokens, with_text, without = _integrate(model, part, steps)
        scores += part.share * (tokens @ part.words)
        logit += part.share * with_text
        baseline += part.share * without
    found = tuple(WordAttribution(start, end, float(s)) for (start, end), s in zip(words, scores, strict=True))
    plain = None if span is None else Span(span.start, span.end, span.label)
    return Attribution(text, label, plain, found, logit, baseline, steps)


def _integrate(model: Answerer, part: _Part, steps: int) -> tuple[Scores, float, float]:
    """Return each token's score, and the logit with the text and without."""
    from captum.attr import LayerIntegratedGradients

    network = model.network
    batch = pad([part.encoding], network.pad_id, network.device)
    ids, mask = batch["input_ids"], batch["attention_mask"]
    nothing = _masked(model, ids)

    def run(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits = network.forward({"input_ids": input_ids, "attention_mask": attention_mask})
        if part.rows is None:
            return logits[:, part.columns[0]]
        return logits[:, part.rows, part.columns].mean(dim=1)

    with _frozen(network.model):
        method: Any = LayerIntegratedGradients(run, network.model.get_input_embeddings())
        given = method.attribute(
            ids,
            baselines=nothing,
            additional_forward_args=(mask,),
            n_steps=steps,
            internal_batch_size=max(1, inference_tokens(network.device) // ids.shape[1]),
        )
        with torch.no_grad():
            ends = [float(run(tokens, mask)[0]) for tokens in (ids, nothing)]
    return given.sum(dim=-1)[0].detach().double().cpu().numpy(), ends[0], ends[1]


def _masked(model: Answerer, ids: Tensor) -> Tensor:
    """Return the tokens with all but the special ones at both ends masked."""
    tokenizer = model.tokenizer
    known = (tokenizer.mask_token_id, tokenizer.unk_token_id, model.network.pad_id)
    nothing = torch.full_like(ids, next(int(one) for one in known if one is not None))
    first, last = len(model.encoder.prefix), ids.shape[1] - len(model.encoder.suffix)
    nothing[:, :first], nothing[:, last:] = ids[:, :first], ids[:, last:]
    return nothing


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Answer, rather than learn, within the block: no dropout, and no gradients of weights."""
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    before = module.training
    nn.Module.eval(module)
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
        module.train(before)
