"""Which columns hold what: found from their names and what stands in them, or told by the settings.

A column of a model's answers is never taken for the right ones. Where two columns could be meant, nothing is guessed:
the error names them and the setting that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

from tunery.data import names
from tunery.data.dataset import Schema
from tunery.data.findings import Findings
from tunery.data.readers.base import Table
from tunery.data.settings import DataSettings
from tunery.data.strict_json import JsonError, parse_whole
from tunery.data.values import is_blank, is_number
from tunery.i18n import _, composed

_SAMPLE = 3000


@dataclass(frozen=True, slots=True)
class Fields:
    """The column of each part of an example; None for what the data doesn't have."""

    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    tokens: str | None = None
    tags: str | None = None
    spans: str | None = None
    words: str | None = None
    id: str | None = None
    timestamp: str | None = None
    group: str | None = None
    document: str | None = None
    split: str | None = None

    def said(self) -> str:
        """Return what was taken for what, for people to read."""
        parts = {
            _("text"): self.text, _("second text"): self.text_pair, _("label"): self.label, _("tokens"): self.tokens,
            _("tags"): self.tags, _("spans"): self.spans, _("id"): self.id, _("time"): self.timestamp,
            _("group"): self.group, _("document"): self.document, _("split"): self.split,
        }  # fmt: skip
        taken = [(what, column) for what, column in parts.items() if column is not None]
        pattern = ", ".join(f"{{what{number}}} = {{column{number}}}" for number in range(len(taken)))
        values = {name: value for number, (what, column) in enumerate(taken)
                  for name, value in ((f"what{number}", what), (f"column{number}", column))}  # fmt: skip
        return composed(pattern, **values)


def choose(
    tables: Sequence[Table], schema: Schema, settings: DataSettings, shown: str, findings: Findings
) -> Fields | None:
    """Return which columns to take; None where that can't be told, which is reported.

    Args:
        tables: All tables of the data set.
        schema: What the task needs.
        settings: What the user decided.
        shown: The data set's name for messages.
        findings: Where the choice, or what stands in its way, is reported.
    """
    chooser = _Chooser(tables, settings, shown, findings)
    fields = chooser.for_texts() if settings.unlabelled else chooser.for_task(schema)
    if fields is not None and not all(table.fixed for table in tables):
        findings.note("columns", _("Columns taken: {columns}.").format(columns=fields.said()), file=shown)
    return fields


class _Column:
    """What stands in a column, from a sample of its rows."""

    def __init__(self, name: str, cells: Sequence[object]) -> None:
        self.name = name
        filled = [cell for cell in cells if not is_blank(cell)]
        self.strings = [cell for cell in filled if isinstance(cell, str)]
        self.lists = [cell for cell in filled if isinstance(cell, list)]
        self.count = len(filled)
        self.total = len(cells)
        self.distinct = len({str(cell) for cell in filled})
        self.length = fmean(map(_length, filled)) if filled else 0.0
        self.numeric = bool(filled) and all(is_number(cell) for cell in filled)
        self.fractions = self.numeric and any(float(str(cell)) % 1 for cell in filled)
        self.values = [str(cell) for cell in cells]

    @property
    def is_text(self) -> bool:
        return len(self.strings) >= 0.5 * self.count and self.count > 0 and not self.numeric

    @property
    def is_label(self) -> bool:
        """Whether it looks like classes: short, and each of them again and again."""
        measured = self.fractions or names.plain(self.name).endswith("_id")
        return self.can_be_label and self.distinct <= 0.5 * self.count and self.length <= 50 and not measured

    @property
    def holds_spans(self) -> bool:
        """Whether it holds lists of spans, with or without other lists that are empty."""
        items = [item for found in self.lists for item in found]
        return bool(items) and all(map(_is_span, items))

    @property
    def can_be_label(self) -> bool:
        return self.count > 0 and self.length <= 80 and not self.holds_spans


class _Chooser:
    def __init__(self, tables: Sequence[Table], settings: DataSettings, shown: str, findings: Findings) -> None:
        self.settings = settings
        self.findings = findings
        self.file = shown
        self.fixed = all(table.fixed for table in tables)
        self.order = list(dict.fromkeys(name for table in tables for name in table.columns))
        rows = [row.values for table in tables for row in table.rows]
        sample = rows[:: max(1, len(rows) // _SAMPLE)]
        self.columns = {name: _Column(name, [row.get(name) for row in sample]) for name in self.order}

    def for_task(self, schema: Schema) -> Fields | None:
        return self.for_spans() if schema.target == "spans" else self.for_label(pair=schema.pair)

    def for_texts(self) -> Fields | None:
        if (told := self._told()) is None or (text := self._text(told)) is None:
            return None
        return Fields(text=text, **self._others(told, {text}))

    def for_label(self, *, pair: bool) -> Fields | None:
        if (told := self._told()) is None or self._are_tokens() or self._are_spans(told):
            return None
        text, text_pair = self._pair(told) if pair else (self._text(told), None)
        label = told.get("label") or (self._label({text, text_pair}) if text is not None else None)
        if text is None or label is None or (pair and text_pair is None):
            return None
        return Fields(text=text, text_pair=text_pair, label=label, **self._others(told, {text, text_pair, label}))

    def _are_tokens(self) -> bool:
        tokens = self._listed(names.TOKENS, None, _is_string)
        if tokens is None or self._listed(names.TAGS, None, _is_tag, but=tokens) is None or "text" in self.columns:
            return False
        self._error(
            "wrong-task",
            _("The data holds tokens with tags, not texts with labels; columns: {columns}."),
            _("Use --task token-classification, or give data with texts and labels."),
        )
        return True

    def _are_spans(self, told: Mapping[str, str]) -> bool:
        usual = (
            [told["label"]] if "label" in told else [name for name in self.order if names.plain(name) in names.SPANS]
        )
        spans = [name for name in usual if self.columns[name].holds_spans]
        others = [name for name in self.order if _parts(name) & names.LABEL and name not in spans]
        if not spans or ("label" not in told and others):
            return False
        self._error(
            "wrong-task",
            _("The data holds texts with spans, not texts with labels; columns: {columns}."),
            _("Use --task token-classification, or give data with texts and labels."),
        )
        return True

    def for_spans(self) -> Fields | None:
        if (told := self._told()) is None:
            return None
        tokens = self._listed(names.TOKENS, told.get("text"), _is_string)
        tags = self._listed(names.TAGS, told.get("label"), _is_tag, but=tokens)
        text = told.get("text") if told.get("text") != tokens else None
        text = text or next((name for name in self.order if name == "text" and self.columns[name].strings), None)
        if tokens and tags:
            return Fields(text=text, tokens=tokens, tags=tags, **self._others(told, {text, tokens, tags}))
        spans = self._listed(names.SPANS, told.get("label"), _is_span)
        text = text or (self._text(told, but=spans) if spans else None)
        if text and spans:
            words = next((name for name in ("words",) if name in self.columns and name != tokens), None)
            return Fields(text=text, spans=spans, words=words, **self._others(told, {text, spans, words}))
        if not self.findings.failed:
            self._error(
                "no-spans",
                _("There are neither tokens with tags nor text with spans; columns: {columns}."),
                _("Use --task text-classification for labels of whole texts, or give data with labelled spans."),
            )
        return None

    def _told(self) -> dict[str, str] | None:
        """Return the columns that the settings name, by part; None if one doesn't exist, which is reported."""
        asked = {
            part: value
            for part in ("text", "text_pair", "label", "id", "timestamp", "group", "document")
            if (value := getattr(self.settings, f"{part}_column")) is not None
        }
        told = {part: name for part, value in asked.items() if (name := self._named(value)) is not None}
        for part in asked.keys() - told.keys():
            self._error(
                "no-such-column",
                _("There is no column {name!r}; columns: {{columns}}.").format(name=asked[part]),
                _("Correct --set {setting}=...; columns can also be given by number from 1.").format(
                    setting=f"{part}_column"
                ),
            )
        return told if len(told) == len(asked) else None

    def _named(self, value: str) -> str | None:
        if value in self.columns:
            return value
        if value.isdecimal() and 1 <= int(value) <= len(self.order):
            return self.order[int(value) - 1]
        return None

    def _text(self, told: Mapping[str, str], but: str | None = None) -> str | None:
        if "text" in told:
            return told["text"]
        if self.fixed and "text" in self.columns:
            return "text"
        taken = {*told.values(), but}
        texts = [column for column in self.columns.values() if column.is_text and column.name not in taken]
        texts = [column for column in texts if not names.is_prediction(column.name)]
        pair = [
            column.name for column in texts if names.plain(column.name) in names.FIRST_OF_PAIR + names.SECOND_OF_PAIR
        ]
        named = [column for column in texts if names.plain(column.name) in names.TEXT]
        if exact := [column.name for column in named if names.plain(column.name) == "text"]:
            return exact[0]
        if len(pair) < 2 and (chosen := _longest(named, 1.5) or (None if named else self._by_content(texts))):
            return chosen.name
        if blank := [column.name for column in self.columns.values() if _is_blank_text(column)]:
            self._error(
                "text-blank",
                _("The column {name!r} is blank in every row; columns: {{columns}}.").format(name=blank[0]),
                _("Check how the file was written, or name another column with --set text_column=..."),
            )
            return None
        candidates = ", ".join(pair or [column.name for column in named or texts])
        unclear = _("It can't be told which column is the text ({candidates}); columns: {{columns}}.")
        self._error(
            "which-text",
            unclear.format(candidates=candidates) if candidates else _("No column holds texts; columns: {columns}."),
            _("Decide with --set text_column=..."),
        )
        return None

    def _by_content(self, texts: Sequence[_Column]) -> _Column | None:
        unlike_labels = [column for column in texts if not column.is_label and names.plain(column.name) not in names.ID]
        named_label = [column for column in texts if names.plain(column.name) in names.LABEL]
        return _longest([column for column in unlike_labels or texts if column not in named_label], 2.0)

    def _pair(self, told: Mapping[str, str]) -> tuple[str | None, str | None]:
        by_name = {names.plain(name): name for name in self.order}
        found = next(
            (
                (by_name[first], by_name[second])
                for first, second in zip(names.FIRST_OF_PAIR, names.SECOND_OF_PAIR, strict=True)
                if first in by_name and second in by_name
            ),
            (None, None),
        )
        text, text_pair = told.get("text", found[0]), told.get("text_pair", found[1])
        if text is None or text_pair is None:
            self._error(
                "which-text",
                _("It can't be told which columns are the two texts; columns: {columns}."),
                _("Decide with --set text_column=... --set text_pair_column=..."),
            )
        return text, text_pair

    def _label(self, taken: set[str | None]) -> str | None:
        canonical = [name for name in ("label", "labels") if name in self.columns]
        if self.fixed and len(canonical) == 1:
            return canonical[0]
        rest = [column for column in self.columns.values() if column.name not in taken and column.can_be_label]
        rest = [column for column in rest if not names.is_prediction(column.name)]
        tests: tuple[Callable[[_Column], bool], ...] = (
            lambda column: bool(_parts(column.name) & names.LABEL),
            lambda column: names.plain(column.name) in names.WEAK_LABEL,
            lambda column: (
                column.is_label and names.plain(column.name) not in (*names.ID, *names.TIMESTAMP, *names.SPLIT)
            ),
            lambda column: column.can_be_label and len(self.order) == 2,  # what isn't the text
        )
        for test in tests:
            candidates = _one_of_each([column for column in rest if test(column)])
            if len(candidates) == 1:
                return candidates[0].name
            if candidates:
                self._two_labels([column.name for column in candidates])
                return None
        self._no_label(taken)
        return None

    def _two_labels(self, candidates: Sequence[str]) -> None:
        self._error(
            "two-label-columns",
            _("More than one column could be the label: {candidates}.").format(candidates=", ".join(candidates)),
            _("Decide with --set label_column={first}.").format(first=candidates[0]),
        )

    def _no_label(self, taken: set[str | None]) -> None:
        predictions = [name for name in self.order if names.is_prediction(name) and name not in taken]
        said = _(" Columns called like a model's answers are not taken: {names}.").format(
            names=", ".join(predictions[:5])
        )
        self._error(
            "no-label",
            _("No column holds labels; columns: {columns}.") + (said if predictions else ""),
            _("Decide with --set label_column=..., by name or number from 1; or label them: --set unlabelled=true."),
        )

    def _listed(
        self, usual: Iterable[str], told: str | None, test: Callable[[object], bool], but: str | None = None
    ) -> str | None:
        """Return the column of lists whose items pass, the one the user named or one with a usual name."""
        wanted = (
            (told,)
            if told
            else (name for usual_name in usual for name in self.order if names.plain(name) == usual_name)
        )
        for name in wanted:
            lists = self.columns[name].lists
            items = [item for found in lists[:200] for item in found]
            if name != but and lists and all(map(test, items)):
                return name
        return None

    def _others(self, told: Mapping[str, str], taken: set[str | None]) -> dict[str, str | None]:
        usual = {
            "id": names.ID, "timestamp": names.TIMESTAMP, "group": names.GROUP, "document": names.DOCUMENT,
            "split": names.SPLIT,
        }  # fmt: skip
        found: dict[str, str | None] = {}
        for part, wanted in usual.items():
            by_name = [name for name in self.order if names.plain(name) in wanted and name not in taken]
            found[part] = told.get(part) or next(iter(by_name), None)
        return found

    def _error(self, code: str, message: str, hint: str) -> None:
        columns = ", ".join(self.order[:30]) + (", ..." if len(self.order) > 30 else "")
        self.findings.error(code, message.replace("{columns}", columns), hint, self.file)


def _length(cell: object) -> int:
    """Return the characters of a cell; of a list, or one written out as JSON, those of its longest item."""
    if isinstance(cell, str) and cell.startswith("[") and cell.endswith("]"):
        with suppress(JsonError):
            cell = parse_whole(cell)
    return max((len(str(item)) for item in cell), default=0) if isinstance(cell, list) else len(str(cell))


def _longest(columns: Sequence[_Column], clearly: float) -> _Column | None:
    """Return the column of the longest texts, if the next is shorter by a factor; None if it can't be told."""
    ordered = sorted(columns, key=lambda column: -column.length)
    if not ordered or (len(ordered) > 1 and ordered[0].length < clearly * ordered[1].length):
        return None
    return ordered[0]


def _is_blank_text(column: _Column) -> bool:
    return column.count == 0 and column.total > 0 and names.plain(column.name) in names.TEXT


def _parts(name: str) -> set[str]:
    return {names.plain(name), *names.plain(name).split("_")}


def _one_of_each(candidates: Sequence[_Column]) -> list[_Column]:
    """Leave out columns that say the same as another one, as numbers beside names do; the names are kept."""
    kept: list[_Column] = []
    for column in sorted(candidates, key=lambda column: column.numeric):
        same = [other for other in kept if _equivalent(column, other)]
        if not same:
            kept.append(column)
    return [column for column in candidates if column in kept]


def _equivalent(one: _Column, other: _Column) -> bool:
    pairs = len(set(zip(one.values, other.values, strict=True)))
    return pairs == len(set(one.values)) == len(set(other.values))


def _is_string(item: object) -> bool:
    return isinstance(item, str)


def _is_tag(item: object) -> bool:
    return isinstance(item, str | int) and not isinstance(item, bool)


def _is_span(item: object) -> bool:
    if isinstance(item, Mapping):
        return "start" in item or "start_offset" in item
    return isinstance(item, list) and len(item) == 3
