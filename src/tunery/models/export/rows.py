"""Which rows an export is compared on: dev of the data that the model was tuned with, unless others are given."""

from __future__ import annotations

from collections.abc import Sequence

from tunery.data.dataset import Dataset
from tunery.data.loading import load
from tunery.errors import DataError, Problem, TuneryError
from tunery.i18n import _
from tunery.models.manifest import Manifest
from tunery.types import Example


def dev_of(manifest: Manifest, data: Dataset | Sequence[Example] | None) -> Sequence[Example]:
    """Return the rows.

    Args:
        manifest: What the model was tuned with.
        data: A data set, or rows; None for the data that the model was tuned with.

    Raises:
        DataError: There is no dev, or the model's own data can't be had any more or is not what it was.
    """
    chosen = _own(manifest) if data is None else data
    if not isinstance(chosen, Dataset):
        return chosen
    if "dev" not in chosen:
        raise _unusable(
            _("The data has no split {split}.").format(split="dev"),
            _("Give data with dev by --data: rows that were learned from would prove nothing."),
        )
    return chosen["dev"]


def _own(manifest: Manifest) -> Dataset:
    source = manifest.data.source
    hint = _("Give the data with --data (and the --set that it was tuned with).")
    try:
        data = load(source, manifest.the_task().reads)
    except TuneryError as error:
        message = _("The data that the model was tuned with can't be had: {reason}")
        raise _unusable(message.format(reason=error), hint) from error
    if data.fingerprint != manifest.data.revision:
        raise _unusable(_("{source} is not what the model was tuned with.").format(source=source), hint)
    return data


def _unusable(message: str, hint: str) -> DataError:
    return DataError([Problem("error", "no-dev", message, hint)])
