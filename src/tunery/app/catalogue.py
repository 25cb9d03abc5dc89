"""Finding base models: those that are known to be good, those of the hubs, and those of this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunery.app.base_cards import BaseCard
from tunery.app.known_bases import KNOWN
from tunery.errors import SourceError, TuneryError
from tunery.i18n import _, language
from tunery.models.origin import read_card
from tunery.sources import hf_errors, modelscope_errors
from tunery.sources.failures import explain
from tunery.sources.selection import WEIGHTS

_LANGUAGE_CODES = frozenset(
    ("ar", "de", "en", "es", "fr", "he", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "th", "tr", "uk",
     "vi", "zh", "multilingual")
)  # fmt: skip
"""What tags of the hub are languages here; a tag of two letters may be anything."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What a search gave.

    Attributes:
        cards: The base models.
        problems: Why a place could not be asked, in the reader's language; one for each.
    """

    cards: tuple[BaseCard, ...]
    problems: tuple[str, ...] = ()


def known(task: str | None = None, reads: str | None = None) -> tuple[BaseCard, ...]:
    """Return the base models that are good to begin with.

    Args:
        task: Only what suits this task.
        reads: Only what reads this language, as its code.
    """
    return tuple(card for card in KNOWN if card.fits(task, reads))


def search(words: str, *, reads: str | None = None, limit: int = 20) -> Found:
    """Look for base models by their names, on the hubs and among the known ones.

    A hub that can't be reached costs only its own answers.

    Args:
        words: A part of a name, or the source URI of a folder.
        reads: Only what reads this language, as its code.
        limit: How many of each hub.
    """
    if words.startswith(("file:", "/", "./", "~")):
        return _of_folder(words)
    here = [card for card in known(None, reads) if words.lower() in f"{card.source} {_(card.about)}".lower()]
    problems: list[str] = []
    hubs: list[Callable[[str, str | None, int], Iterable[BaseCard]]] = [_of_hf]
    if find_spec("modelscope_hub"):
        hubs.append(_of_modelscope)
    if language() == "zh":
        hubs.reverse()
    for ask in hubs:
        try:
            here.extend(ask(words, reads, limit))
        except TuneryError as error:
            problems.append(error.message)
    unique = {card.source: card for card in reversed(here)}
    return Found(tuple(reversed(unique.values())), tuple(problems))


def look(folder: Path) -> BaseCard:
    """Describe a base model that lies on this machine.

    Raises:
        SourceError: There are no weights in the folder.
    """
    try:
        weights = [path for path in folder.iterdir() if path.name.endswith(WEIGHTS)]
        size = sum(path.stat().st_size for path in weights)
    except OSError as error:
        reason, hint = explain(error)
        raise SourceError(_("{folder} can't be read: {reason}.").format(folder=folder, reason=reason), hint) from None
    if not weights:
        raise SourceError(
            _("{folder} holds no weights.").format(folder=folder),
            _("A base model is a folder with config.json, a tokenizer and model.safetensors, or one GGUF file."),
        )
    card = read_card(folder)
    return BaseCard(f"file:{folder}", licence=card.licence, languages=card.languages, folder=size)


def _of_folder(words: str) -> Found:
    try:
        return Found((look(Path(words.removeprefix("file:")).expanduser().absolute()),))
    except SourceError as error:
        return Found((), (error.message,))
    except (ValueError, RuntimeError):  # a NUL, or the home of nobody
        return Found((), (_("{folder} is no folder.").format(folder=ascii(words)[:200]),))


def _of_hf(words: str, reads: str | None, limit: int) -> list[BaseCard]:
    from huggingface_hub import HfApi, constants

    hub = constants.ENDPOINT
    if constants.HF_HUB_OFFLINE:
        raise SourceError(_("{hub} is not asked, because HF_HUB_OFFLINE is set.").format(hub=hub))
    tags = ["safetensors", *([reads] if reads else [])]
    try:
        models = HfApi().list_models(
            search=words, filter=tags, sort="downloads", limit=limit,
            expand=["downloads", "tags", "safetensors", "gated"],
        )  # fmt: skip
        return [_hf_card(model) for model in models]
    except hf_errors.failures() as error:
        raise _unreachable(hub, error) from None


def _hf_card(model: Any) -> BaseCard:
    tags = model.tags or []
    weights = model.safetensors
    return BaseCard(
        f"hf:{model.id}",
        licence=next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), None),
        parameters=weights.total if weights is not None else None,
        languages=tuple(tag for tag in tags if tag in _LANGUAGE_CODES),
        downloads=model.downloads,
    )


def _of_modelscope(words: str, reads: str | None, limit: int) -> list[BaseCard]:
    from modelscope_hub import HubApi

    try:
        page = HubApi().list_repos("model", search=words, sort="downloads", page_size=limit)
        cards = [_modelscope_card(item) for item in page.items]
    except modelscope_errors.failures() as error:
        raise _unreachable("modelscope.cn", error) from None
    return [card for card in cards if card.fits(None, reads)]


def _modelscope_card(item: Any) -> BaseCard:
    return BaseCard(
        f"modelscope:{item.repo_id or item.id}", licence=item.license or None, downloads=item.downloads or None
    )


def _unreachable(hub: str, error: Exception) -> SourceError:
    _log.info("%s: %s", hub, error)
    reason, hint = explain(error)
    return SourceError(_("{hub} could not be asked: {reason}.").format(hub=hub, reason=reason), hint)
