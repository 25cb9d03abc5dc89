"""Rows of tokens with tags: the text they make up, and its spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tunery.data import joining, tags
from tunery.data.readers.base import Row, Table
from tunery.data.rows.base import Job, Parts, ReadRow, Report
from tunery.i18n import _
from tunery.types import Offsets, Span


@dataclass(slots=True)
class _Sentence:
    table: Table
    row: Row
    tokens: list[str]
    tags: list[str]
    positions: list[int]
    """Where each token stands among those of the file."""

    def line(self, position: int) -> int:
        return self.row.line + self.positions[position] if self.table.a_line_a_token else self.row.line


@dataclass(slots=True)
class _Decoded:
    sentence: _Sentence
    spans: list[tags.TokenSpan] = field(default_factory=list)


def reader(job: Job) -> ReadRow:
    """Return how rows of tokens and tags are read; the tag scheme is recognised over all of them."""
    sentences = [
        sentence for table in job.tables for row in table.rows if (sentence := _sentence(table, row, job)) is not None
    ]
    scheme = tags.recognise(sentence.tags for sentence in sentences)
    decoded = {id(sentence.row): _decode(sentence, scheme, job) for sentence in sentences}
    _say_scheme(scheme, job)
    spaces = not joining.one_character_a_token(sentence.tokens for sentence in sentences)

    def read(_table: Table, row: Row, report: Report) -> Parts | None:
        if (found := decoded.get(id(row))) is None:
            return None
        given = row.values.get(job.fields.text) if job.fields.text else None
        text, words = _placed(found.sentence.tokens, given, spaces, report)
        return text, tuple(Span(words[first][0], words[end - 1][1], label) for first, end, label in found.spans), words

    return read


def _sentence(table: Table, row: Row, job: Job) -> _Sentence | None:
    tokens, found = row.values.get(job.fields.tokens or ""), row.values.get(job.fields.tags or "")
    if not isinstance(tokens, list) or not isinstance(found, list) or len(tokens) != len(found):
        job.findings.error(
            "tokens-and-tags",
            _("There are {tokens} tokens and {tags} tags.").format(tokens=_size(tokens), tags=_size(found)),
            _("Give every token one tag."),
            table.file,
            row.line,
        )
        return None
    if not all(isinstance(token, str) for token in tokens):
        job.findings.error(
            "token-form", _("A token is not text."), _('Write tokens as strings: ["a", "b"].'), table.file, row.line
        )
        return None
    names = table.label_names.get(job.fields.tags or "", job.label_names)
    # White space can't be a word of its own: tokenizers see nothing there, and no text is ever split so.
    kept = [position for position, token in enumerate(tokens) if token.strip()]
    if len(kept) < len(tokens):
        message = _("Tokens of nothing but white space were left out.")
        job.findings.note("white-space-tokens", message, file=table.file, line=row.line)
    return _Sentence(table, row, [tokens[i] for i in kept], [_tag(found[i], names) for i in kept], kept)


def _tag(tag: object, names: Sequence[str] | None) -> str:
    if isinstance(tag, int) and names is not None and 0 <= tag < len(names):
        return names[tag]
    return tag.strip() if isinstance(tag, str) else ""


def _decode(sentence: _Sentence, scheme: tags.Scheme, job: Job) -> _Decoded:
    if not scheme.unknown.isdisjoint(sentence.tags):
        for position, tag in enumerate(sentence.tags):
            if tag in scheme.unknown:
                _unknown_tag(tag, scheme, sentence.table, sentence.line(position), job)
    spans, mended = tags.decode(sentence.tags, scheme)
    for position in mended:
        _warn_of_transition(sentence, position, scheme, job)
    return _Decoded(sentence, spans)


def _placed(tokens: Sequence[str], given: object, spaces: bool, report: Report) -> tuple[str, tuple[Offsets, ...]]:
    if isinstance(given, str):
        if (words := joining.align(tokens, given)) is not None:
            return given, words
        report.error(
            "tokens-not-in-text",
            _("The tokens don't follow each other in the text: {text!r}...").format(text=given[:40]),
            _("Give the text the tokens were cut from, or leave it out."),
        )
    return joining.join(tokens, spaces=spaces)


def _say_scheme(scheme: tags.Scheme, job: Job) -> None:
    found = sorted(tag for tag in scheme.parts if tag != tags.OUTSIDE)
    shown = found if len(found) <= 4 else [*found[:4], "..."]
    if shown:
        message = _("Tags follow {scheme} ({examples}); they were read with {count} invalid transitions mended.")
        mended = job.findings.count("invalid-transition")
        words = message.format(scheme=scheme.name, examples=", ".join(shown), count=mended)
        job.findings.note("tag-scheme", words, file=job.shown)


def _warn_of_transition(sentence: _Sentence, position: int, scheme: tags.Scheme, job: Job) -> None:
    before = sentence.tags[position - 1] if position else _("the start of the sentence")
    job.findings.warning(
        "invalid-transition",
        _("In {scheme}, {tag} after {before} is invalid; the span was mended.").format(
            scheme=scheme.name, tag=sentence.tags[position], before=before
        ),
        _("A span begins where it can't go on; correct the tags if that is not what was meant."),
        sentence.table.file,
        sentence.line(position),
    )


def _unknown_tag(tag: str, scheme: tags.Scheme, table: Table, line: int, job: Job) -> None:
    if tag.endswith(("-", "_")):
        message = _("The tag {tag!r} has no label behind its prefix.")
    elif tag:
        message = _("The tag {tag!r} has no prefix, and others have (they follow {scheme}).")
    else:
        message = _("The tag is blank, is not text or is a number without a name ({tag!r}).")
    job.findings.error(
        "tag-unknown",
        message.format(tag=tag[:40], scheme=scheme.name),
        _("Write B- or I- before the label, and O for tokens outside."),
        table.file,
        line,
    )


def _size(value: object) -> str:
    return str(len(value)) if isinstance(value, list) else _("no")
