"""The losses that tasks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunery.tasks.base import LossSettings

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""The label of positions that nothing is to be learned from; torch's own default."""


def one_of(logits: Tensor, labels: Tensor, settings: LossSettings) -> Tensor:
    """Return the mean cross-entropy, or focal loss, where exactly one label is right.

    Args:
        logits: ... x outputs.
        labels: ..., the right output's number, or `IGNORED`.
        settings: Label smoothing, class weights and the focus on what is hard.
    """
    from torch.nn.functional import cross_entropy

    weights = None if settings.class_weights is None else logits.new_tensor(settings.class_weights)
    flat, right = logits.reshape(-1, logits.shape[-1]).float(), labels.reshape(-1)
    if settings.focal_gamma:
        return _focal_one_of(flat, right, weights, settings)
    return cross_entropy(flat, right, weight=weights, ignore_index=IGNORED, label_smoothing=settings.label_smoothing)


def any_of(logits: Tensor, labels: Tensor, settings: LossSettings) -> Tensor:
    """Return the mean binary cross-entropy, or focal loss, where any number of labels may be right.

    Args:
        logits: Rows x outputs.
        labels: Rows x outputs, 1 where the label is right and 0 where not.
        settings: Label smoothing, class weights for the right labels, and the focus on what is hard.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    smoothing = settings.label_smoothing
    smooth = labels.float() * (1.0 - smoothing) + 0.5 * smoothing
    weights = None if settings.class_weights is None else logits.new_tensor(settings.class_weights)
    if not settings.focal_gamma:
        return binary_cross_entropy_with_logits(logits.float(), smooth, pos_weight=weights)
    losses = binary_cross_entropy_with_logits(logits.float(), smooth, pos_weight=weights, reduction="none")
    return (_miss((logits.float().sigmoid() - labels.float()).abs(), settings) * losses).mean()


def _focal_one_of(logits: Tensor, labels: Tensor, weights: Tensor | None, settings: LossSettings) -> Tensor:
    """Return the focal loss (Lin et al. 2017): each row's cross-entropy times its missing probability to a power.

    It is a mean over the labelled rows, by their class weights where there are any, as torch's cross-entropy is.
    """
    from torch.nn.functional import cross_entropy

    losses = cross_entropy(
        logits, labels, weight=weights, ignore_index=IGNORED, label_smoothing=settings.label_smoothing, reduction="none"
    )  # fmt: skip
    known = labels != IGNORED
    right = labels.where(known, 0)
    probability = logits.softmax(dim=-1).gather(-1, right[:, None])[:, 0]
    shares = known.float() if weights is None else weights[right] * known
    return (_miss(1.0 - probability, settings) * losses).sum() / shares.sum()


def _miss(missing: Tensor, settings: LossSettings) -> Tensor:
    # The slope of a power below one is infinite at zero, where a label is answered with certainty.
    return missing.clamp_min(1e-6).pow(settings.focal_gamma)
