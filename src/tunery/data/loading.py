"""A file, a folder or a source URI into a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tunery.data import folders
from tunery.data.columns import choose
from tunery.data.convert import Converted, convert
from tunery.data.dataset import UNLABELLED, Dataset, Schema, Split
from tunery.data.files import failure, start_of
from tunery.data.findings import Findings
from tunery.data.readers.base import Place, Reader, Reading, Table, unfold_lists
from tunery.data.rows.base import Job
from tunery.data.settings import DataSettings
from tunery.data.splits import complete_splits
from tunery.errors import DataError, SettingError
from tunery.i18n import _
from tunery.registry import subclasses
from tunery.types import Example

_DEFAULTS = DataSettings()


def load(source: str | Path, schema: Schema, settings: DataSettings = _DEFAULTS) -> Dataset:
    """Read labelled files into train, dev and test.

    Args:
        source: A file, a folder whose files are named for their split, or a source URI.
        schema: What the task needs from a row.
        settings: How to read the files; what isn't set is found out and said in the data set's notes.

    Raises:
        DataError: Something can't be used; every reason is listed, with file and line.
        SettingError: A setting names something that doesn't exist.
        SourceError: The source can't be had.
    """
    path, pinned = _located(source)
    findings = Findings()
    converted = _converted(path, str(source), schema, settings, findings)
    splits = _by_split(converted)
    complete, made = complete_splits(splits, settings)
    files = _files(converted)
    # Splits that were made hold rows of train's file, or of dev's where there was no train.
    origin = files.get("train", files.get("dev", files[""]))
    named = {name: Split(name, examples, files.get(name, origin)) for name, examples in complete.items()}
    return Dataset(named, schema, pinned, [*findings.problems(), *made])


def columns_of(source: str | Path, schema: Schema, settings: DataSettings = _DEFAULTS) -> tuple[str, ...]:
    """Return the names of all columns that occur, in the order of the files.

    Raises:
        DataError: A file can't be read.
        SettingError: A setting names something that doesn't exist.
        SourceError: The source can't be had.
    """
    path, _pinned = _located(source)
    reading = Reading(settings, schema.target, Findings())
    tables, _names = _read(path, str(source), reading)
    reading.findings.stop_if_failed()
    return tuple(dict.fromkeys(column for table in tables for column in table.columns))


def read_examples(path: str | Path, schema: Schema, settings: DataSettings = _DEFAULTS) -> list[Example]:
    """Return the examples of one file or folder as they stand there, all splits one after the other.

    Raises:
        DataError: Something can't be used; every reason is listed, with file and line.
    """
    converted = _converted(Path(path), str(path), schema, settings, Findings())
    return [example for part in converted for example in part.examples]


def _converted(path: Path, shown: str, schema: Schema, settings: DataSettings, findings: Findings) -> list[Converted]:
    reading = Reading(settings, schema.target, findings)
    tables, label_names = _read(path, shown, reading)
    findings.stop_if_failed()
    _say_encodings(reading, shown)
    if schema.target == "spans":
        for table in tables:
            unfold_lists(table)
    fields = choose(tables, schema, settings, shown, findings)
    findings.stop_if_failed()
    if fields is None:
        raise AssertionError("no columns were chosen, and no reason was given")
    if settings.unlabelled:
        findings.note(UNLABELLED, _("Only texts are read: they are to be labelled."), file=shown)
    converted = convert(Job(tables, fields, settings, label_names, shown, findings))
    findings.stop_if_failed()
    return converted


def _located(source: str | Path) -> tuple[Path, str]:
    from tunery import sources

    if sources.is_source(str(source)):
        fetched = sources.fetch(str(source), kind="data")
        return fetched.path, fetched.uri
    path = Path(source).expanduser()
    if not path.exists():
        raise failure(
            "no-such-file",
            _("There is no such file or folder."),
            _("Check the path; other places are written as URIs, for example hf:user/data."),
            str(source),
        )
    return path, str(source)


def _read(path: Path, shown: str, reading: Reading) -> tuple[list[Table], Sequence[str] | None]:
    """Return the tables of all files, and the label names that lie beside them; unreadable files are reported."""
    if path.is_dir():
        found = folders.find(path, shown, reading.findings)
        places = [(Place(item.path, str(Path(shown) / item.path.relative_to(path))), item.split) for item in found]
        beside = folders.label_names(path)
    else:
        places = [(Place(path, shown), folders.split_named(path.name))]
        beside = folders.label_names(path.parent)
    tables: list[Table] = []
    for place, split in places:
        try:
            for table in _reader(place, reading).read(place, reading):
                table.split = table.split or split
                tables.append(table)
        except DataError as error:
            for problem in error.problems:
                reading.findings.add(problem)
    _refuse_without_rows(tables, reading.findings)
    return tables, beside[1] if beside else None


def _reader(place: Place, reading: Reading) -> Reader:
    kinds: Mapping[str, type[Reader]] = subclasses("tunery.data.readers", Reader)  # type: ignore[type-abstract]
    wanted = reading.settings.format
    if wanted is not None:
        if wanted not in kinds:
            raise SettingError(
                _("format: there is no format {name}.").format(name=wanted),
                _("There are: {names}.").format(names=", ".join(kinds)),
            )
        return kinds[wanted]()
    suffix = folders.suffix_of(place.path)
    start = start_of(place.path, place.shown)
    readers = sorted((kind() for kind in kinds.values()), key=lambda reader: (-reader.rank, reader.name))
    # The last one takes anything, as a table of tabs or whatever separates its columns.
    return next(reader for reader in readers if reader.recognises(suffix, start, reading.target))


def _refuse_without_rows(tables: Sequence[Table], findings: Findings) -> None:
    if findings.failed:
        return
    for table in tables:
        if not table.rows:
            findings.error(
                "no-rows", _("There are no rows in the file."), _("Give a file with labelled examples."), table.file
            )


def _say_encodings(reading: Reading, shown: str) -> None:
    for encoding, files in reading.encodings.items():
        place = shown if len(reading.encodings) == 1 else ", ".join(files[:3])
        reading.findings.note("encoding", _("Read as {encoding}.").format(encoding=encoding), file=place)


def _by_split(converted: Sequence[Converted]) -> dict[str, list[Example]]:
    splits: dict[str, list[Example]] = {}
    for part in converted:
        named = [folders.split_named(str(value)) if value is not None else None for value in part.splits]
        by_column = part.table.split is None and len(named) > 0 and all(named)
        for example, name in zip(part.examples, named, strict=True):
            split = name if by_column and name else part.table.split or "train"
            splits.setdefault(split, []).append(example)
    return splits


def _files(converted: Sequence[Converted]) -> dict[str, str]:
    files: dict[str, str] = {"": converted[0].table.file}
    for part in converted:
        files.setdefault(part.table.split or "train", part.table.file)
    return files
