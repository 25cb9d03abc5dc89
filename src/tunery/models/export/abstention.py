"""From which score on an answer is given; below it the model abstains, and somebody else decides.

Two things can be asked for. *Answers that are right often enough*: the lowest score from which on they are, so that as
many texts as possible are answered. *Texts that no label fits are refused*: the score that tells them best from texts
with a right label.

A share that is right on dev is an estimate. Of 20 answers all may be right by luck: that shows, at 95% confidence, no
more than that 88% are. So the share asked for is held against the lower end of Wilson's interval (Wilson 1927; one
sided, 95%), not against the share itself. On a small dev this answers fewer texts, or says that dev is too small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunery.errors import ModelError
from tunery.i18n import _
from tunery.models.manifest import Abstention
from tunery.types import Example, Prediction

_Z = 1.6449
"""The normal distribution's 95% point: how often the bound may be wrong is 1 in 20."""
Floats = NDArray[np.float64]


def choose_threshold(
    scores: Sequence[float],
    right: Sequence[bool],
    accuracy: float | None,
    out_of_scope_scores: Sequence[float] | None = None,
) -> Abstention:
    """Choose the score below which a model abstains.

    Args:
        scores: The score of each answer on dev.
        right: Whether it is right.
        accuracy: The share of given answers that is to be right; None asks for none.
        out_of_scope_scores: The scores of answers to texts that no label fits. With them, of the thresholds that keep
            ``accuracy`` the one with the best balanced accuracy is taken: the mean of the share of dev that is answered
            and the share of these texts that is not. Without them, the lowest.

    Raises:
        ModelError: No threshold keeps ``accuracy``, or dev is too small to show that one does.
    """
    own = np.asarray(scores, dtype=np.float64)
    hits = np.asarray(right, dtype=bool)[np.argsort(-own, kind="stable")]
    ordered = -np.sort(-own, kind="stable")
    strange = np.asarray(out_of_scope_scores or (), dtype=np.float64)
    if not len(own):
        raise ModelError(_("No answer on dev has a score: there is nothing to choose a threshold by."))
    # How many are answered at each threshold that makes a difference; equal scores are answered together.
    counts = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) + 1
    shares = np.cumsum(hits)[counts - 1] / counts
    bounds = _lower_bound(shares, counts)
    if not len(strange):
        kept = counts if accuracy is None else counts[bounds >= accuracy]
        if not len(kept):
            raise _not_shown(accuracy or 0.0, bounds, counts, shares)
        count = int(kept.max())
        threshold = _between(ordered, count, strange)
    else:
        count, threshold = _tell_apart(ordered, counts, bounds, shares, accuracy, strange)
    answered = hits[:count]
    return Abstention(
        threshold=threshold,
        accuracy=float(answered.mean()),
        answered=count / len(own),
        refused=float((strange < threshold).mean()) if len(strange) else None,
        rows=len(own),
    )


def scored(examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[list[float], list[bool]]:
    """Return the scores of answers, and whether each is right as a whole: the label, all labels, or all spans.

    Texts in which no entity was found have no score, and nothing to hold back: they are left out.
    """
    pairs = [
        (prediction.score, _right(example, prediction))
        for example, prediction in zip(examples, predictions, strict=True)
        if prediction.score is not None
    ]
    return [score for score, _hit in pairs], [hit for _score, hit in pairs]


def _right(example: Example, prediction: Prediction) -> bool:
    if isinstance(example.target, str):
        return prediction.labels == (example.target,)
    given = (prediction.target,) if isinstance(prediction.target, str) else prediction.target
    return set(example.target or ()) == set(given)


def _tell_apart(
    ordered: Floats, counts: NDArray[np.int64], bounds: Floats, shares: Floats, accuracy: float | None, strange: Floats
) -> tuple[int, float]:
    """Return how many are answered, and from which score on, at the best balanced accuracy."""
    allowed = np.ones(len(counts), dtype=bool) if accuracy is None else bounds >= accuracy
    if not allowed.any():
        raise _not_shown(accuracy or 0.0, bounds, counts, shares)
    choices = [(int(count), _between(ordered, int(count), strange)) for count in counts[allowed]]
    balanced = [count / len(ordered) + float((strange < threshold).mean()) for count, threshold in choices]
    best = max(range(len(choices)), key=lambda place: (balanced[place], choices[place][0]))
    return choices[best]


def _between(ordered: Floats, count: int, strange: Floats) -> float:
    """Return a threshold that answers the first ``count``, midway to the next score below: scores tremble a little."""
    lowest = float(ordered[count - 1])
    below = [float(ordered[count])] if count < len(ordered) else []
    if len(under := strange[strange < lowest]):
        below.append(float(under.max()))
    return (lowest + max(below)) / 2 if below else 0.0


def _lower_bound(shares: Floats, counts: NDArray[np.int64]) -> Floats:
    """Return the lower end of Wilson's interval."""
    spread = _Z * np.sqrt(shares * (1 - shares) / counts + _Z**2 / (4 * counts**2))
    return np.asarray((shares + _Z**2 / (2 * counts) - spread) / (1 + _Z**2 / counts), dtype=np.float64)


def _not_shown(accuracy: float, bounds: Floats, counts: NDArray[np.int64], shares: Floats) -> ModelError:
    best = int(bounds.argmax())
    message = _(
        "{rows} rows of dev don't show that {wanted:.1%} of answers can be right: of the surest {count}, "
        "{found:.1%} are, which shows {bound:.1%} at 95% confidence."
    )
    return ModelError(
        message.format(
            rows=int(counts[-1]), wanted=accuracy, count=int(counts[best]), found=shares[best], bound=bounds[best]
        ),
        _("Ask for less with --accuracy, or give more labelled rows with --data."),
    )
