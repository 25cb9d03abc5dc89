"""Finds names, places, accounts and more by Presidio, in texts that are about to be stored.

Its recognisers by pattern and check digits need no model. Names need spaCy's, which a team installs itself: nothing is
ever fetched from here. A model says by itself which language it is for; whichever that is, the patterns run too.
Loading takes seconds; a text of a thousand characters takes about ten milliseconds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunery.errors import MissingExtraError, SettingError
from tunery.i18n import _
from tunery.store.redaction import Found
from tunery.store.requests import storable

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

_PATTERNS = "en"
"""The language under which Presidio has the patterns of most countries."""
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "ko", "th", "lo", "my", "km", "xx"})
"""Those whose models read a text as it is; ``xx`` is spaCy's word for several. To others Chinese is no text."""
_WINDOW, _OVERLAP = 1_000, 200
"""Characters that are looked at together: some patterns take time that grows with the square of a text's length. What
is shorter than the overlap lies whole in one of two neighbours."""
_STEP = "tunery_lower_case"
"""The name of a step that models get."""
_UNSPACED = {
    code: "\n"
    for first, last in ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0xA4CF), (0xAC00, 0xD7FF),
                        (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x323AF))
    for code in range(first, last + 1)
}  # fmt: skip
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ALONE: dict[int, int | str] = {**_UNSPACED, **_HALF_WIDTH}
"""One character for one, so that places stay. To a pattern a Chinese character is a letter, so it would find no number
that stands right beside one: to patterns, scripts without spaces between words, and Korean, are line breaks."""


class Presidio:
    """Presidio with the models of a project. May be used by several threads, one after another.

    Args:
        engine: With what finds in which language.
        entities: For each language, what it is asked for.
        threshold: What is less sure, from 0 to 1, is left in.
    """

    def __init__(self, engine: AnalyzerEngine, entities: dict[str, list[str]], threshold: float) -> None:
        self._engine = engine
        self._entities = entities
        self._threshold = threshold
        self._lock = threading.Lock()  # a pipeline's vocabulary grows while it reads
        self.kinds = frozenset(entity.lower() for wanted in entities.values() for entity in wanted)

    def find(self, text: str) -> Iterator[Found]:
        """Yield what was found, named as Presidio does in lower case; some may overlap."""
        clean = storable(text)
        for start in range(0, max(1, len(clean) - _OVERLAP), _WINDOW - _OVERLAP):
            piece = clean[start : start + _WINDOW]
            for first, last, kind in self._in_piece(piece):
                cut = (start > 0 and first == 0) or (start + last < len(clean) and last == len(piece))
                if not cut or last - first >= _OVERLAP:
                    yield start + first, start + last, kind

    def _in_piece(self, text: str) -> Iterator[Found]:
        alone = text.translate(_ALONE)
        for language, wanted in self._entities.items():
            with self._lock:
                read = self._engine.nlp_engine.process_text(
                    text if language in _UNSPACED_LANGUAGES else alone, language
                )
                found = self._engine.analyze(
                    alone, language, entities=wanted, score_threshold=self._threshold, nlp_artifacts=read
                )
            for one in found:
                yield one.start, one.end, one.entity_type.lower()


@lru_cache(maxsize=8)
def finder(models: Sequence[str], entities: Sequence[str], threshold: float) -> Presidio:
    """Return what finds in texts; the same for the same settings.

    Args:
        models: spaCy's, by the name of the package or the folder, at most one for each language.
        entities: What is looked for, by Presidio's names. Those that take a model are left out where there is none.
        threshold: What is less sure, from 0 to 1, is left in.

    Raises:
        MissingExtraError: Presidio is not installed.
        SettingError: A model is not there or can't be used, or there is no such entity.
    """
    try:
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError:
        raise MissingExtraError("presidio", _("Redacting names and more with Presidio")) from None
    # It writes pieces of texts into the log.
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
    pipelines = _pipelines(models)
    languages = list(pipelines)
    reader: Any = SpacyNlpEngine(models=[{"lang_code": language, "model_name": ""} for language in languages])
    reader.nlp = pipelines  # with these it counts as loaded; loading by itself, it would fetch models that are missing
    registry = RecognizerRegistry(supported_languages=languages)
    registry.load_predefined_recognizers(languages=languages, nlp_engine=reader)
    registry.remove_recognizer(
        "EmailRecognizer"
    )  # fetches a list of domains; the patterns of ours find e-mail addresses
    engine = AnalyzerEngine(registry=registry, nlp_engine=reader, supported_languages=languages)
    return Presidio(engine, _wanted(engine, entities), threshold)


def _pipelines(models: Sequence[str]) -> dict[str, Any]:
    """Return what reads texts by its language: the models, and what only splits them for the patterns."""
    import spacy
    from spacy.language import Language

    Language.component(_STEP, func=_lower_case)
    found: dict[str, Any] = {}
    for name in models:
        pipeline = _load(name)
        if pipeline.lang in found:
            raise SettingError(
                _("presidio_models: {name} is the second model for the language {language}.").format(
                    name=name, language=pipeline.lang
                ),
                _("Name one for each language."),
            )
        found[pipeline.lang] = pipeline
    pipelines = {_PATTERNS: spacy.blank(_PATTERNS), **found}
    for pipeline in pipelines.values():
        pipeline.add_pipe(_STEP, last=True)
    return pipelines


def _load(name: str) -> Any:
    import spacy

    folder = Path(name)
    if name not in spacy.util.get_installed_models() and not (
        folder.is_absolute() and (folder / "config.cfg").is_file()
    ):
        raise SettingError(
            _("presidio_models: there is no spaCy model {name} on this machine.").format(name=name),
            _("Install it with: python -m spacy download {name} (or write the full path of a model's folder)").format(
                name=name
            ),
        )
    try:
        return spacy.load(name)
    except Exception as error:  # a folder may hold anything, and spaCy has no error of its own
        raise SettingError(
            _("presidio_models: the spaCy model {name} can't be used: {reason}").format(name=name, reason=error),
            _("Install it anew, in a version that fits the spaCy that is installed."),
        ) from error


def _lower_case(read: Any) -> Any:
    """Give words that have no basic form their lower case as such: Presidio looks for "iban" before a number by it."""
    for token in read:
        token.lemma_ = token.lemma_ or token.lower_
    return read


def _wanted(engine: AnalyzerEngine, entities: Sequence[str]) -> dict[str, list[str]]:
    """Return for each language what Presidio is asked for: the patterns of all countries once, names in each."""
    by_language = {language: set(engine.get_supported_entities(language)) for language in engine.supported_languages}
    known = set().union(*by_language.values())
    unknown = [entity for entity in entities if entity not in known]
    if unknown:
        raise SettingError(
            _("presidio_entities: Presidio finds no {name} here.").format(name=unknown[0]),
            _("There are: {names}.").format(names=", ".join(sorted(known))),
        )
    patterns = by_language[_PATTERNS] - set(engine.nlp_engine.get_supported_entities())
    wanted = {
        language: [
            entity for entity in entities if entity in there and (language == _PATTERNS or entity not in patterns)
        ]
        for language, there in by_language.items()
    }
    return {language: named for language, named in wanted.items() if named}
