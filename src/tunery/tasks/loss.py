"""The losses that tasks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunery.tasks.base import LossSettings

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""The label of positions that nothing is to be learned from; torch's own default."""


def one_of(logits: Tensor, labels: Tensor, settings: LossSettings) -> Tensor:
    """Return the mean cross-entropy where exactly one label is right.

    Args:
        logits: ... x outputs.
        labels: ..., the right output's number, or `IGNORED`.
        settings: Label smoothing and class weights.
    """
    from torch.nn.functional import cross_entropy

    weights = None if settings.class_weights is None else logits.new_tensor(settings.class_weights)
    return cross_entropy(
        logits.reshape(-1, logits.shape[-1]).float(), labels.reshape(-1),
        weight=weights, ignore_index=IGNORED, label_smoothing=settings.label_smoothing,
    )  # fmt: skip


def any_of(logits: Tensor, labels: Tensor, settings: LossSettings) -> Tensor:
    """Return the mean binary cross-entropy where any number of labels may be right.

    Args:
        logits: Rows x outputs.
        labels: Rows x outputs, 1 where the label is right and 0 where not.
        settings: Label smoothing, and class weights for the right labels.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    smoothing = settings.label_smoothing
    smooth = labels.float() * (1.0 - smoothing) + 0.5 * smoothing
    weights = None if settings.class_weights is None else logits.new_tensor(settings.class_weights)
    return binary_cross_entropy_with_logits(logits.float(), smooth, pos_weight=weights)
