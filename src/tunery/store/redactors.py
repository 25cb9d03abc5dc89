"""What a project's texts go through before they are stored, by its settings."""

from __future__ import annotations

from functools import partial

from tunery.store.projects import ProjectSettings
from tunery.store.redaction import Redactor, redact


def of(settings: ProjectSettings) -> Redactor:
    """Return what takes out of a text what a project doesn't want to be stored.

    Args:
        settings: The project's.

    Raises:
        MissingExtraError: They ask for Presidio, which is not installed.
        SettingError: A model they name can't be used, or there is nothing that finds what they ask for.
    """
    if not settings.presidio:
        return partial(redact, kinds=settings.redact)
    from tunery.store.presidio import finder

    found = finder(settings.presidio_models, settings.presidio_entities, settings.presidio_threshold)
    return partial(redact, kinds=settings.redact, finder=found)
