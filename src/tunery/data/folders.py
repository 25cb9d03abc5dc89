"""A folder's files: which are data, and which split each is, by its name in any of the usual ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunery.data.dataset import SplitName
from tunery.data.files import failure
from tunery.data.findings import Findings
from tunery.i18n import _


def _words(written: str) -> frozenset[str]:
    return frozenset(written.split())


_WORDS: dict[SplitName, str] = {
    "train": r"train(ing|set)?|trn",
    "dev": r"dev(el|elop|elopment|set)?|val(id|idation|idate|set)?|eval|testa",
    "test": r"test(ing|set|b)?|tst|heldout",
}
_NAMES = {split: re.compile(rf"(?:{words})\d*") for split, words in _WORDS.items()}
_CHINESE: dict[SplitName, tuple[str, ...]] = {
    "train": ("训练",),
    "dev": ("验证", "开发"),
    "test": ("测试",),
}
_NO_DATA = re.compile(
    r"\.|readme|licen[cs]e|notice|copying|changelog|citation|metadata|dataset_infos?\b|dataset_dict\b|state\b|config"
    r"|requirements|labels?\b|label_names|classes|vocab|tag_?set|manifest|makefile|stats",
    re.IGNORECASE,
)
_NO_DATA_SUFFIXES = _words(
    ".md .rst .html .htm .pdf .py .ipynb .sh .yaml .yml .toml .cfg .ini .bib .lock .png .jpg .svg .log .sha256 .md5"
    " .zip .tar .tgz .bin .safetensors .pt .pkl .npy .docx"
)
DATA_SUFFIXES = _words(
    ".csv .tsv .tab .txt .json .jsonl .ndjson .jsonlines .parquet .arrow .xlsx .xlsm .xls"
    " .conll .conllu .bio .iob .iob2 .bioes .bmes .ner"
)
"""How files end that may be data without having a split in their name."""
_LABEL_LISTS = ("labels.txt", "label_names.txt", "classes.txt", "label.txt", "class.txt")
_MAX_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file of data and the split its name says, if it says one."""

    path: Path
    split: SplitName | None


def split_named(name: str) -> SplitName | None:
    """Return the split that a file, a folder or a key is named for, or None if there is none or more than one."""
    splits = _splits_in(name)
    return splits[0] if len(splits) == 1 else None


def suffix_of(path: Path) -> str:
    """Return a file's suffix in lower case, without ``.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def find(folder: Path, shown: str, findings: Findings) -> list[Found]:
    """Return the files of a folder that are data, with their splits.

    Args:
        folder: The folder; sub-folders named for splits, or holding files that are, belong to it.
        shown: Its name as the user wrote it.
        findings: Where it is said which files were left alone.

    Raises:
        DataError: There is no data, or it can't be told which file is what.
    """
    candidates = [Found(path, _split_within(path, folder)) for path in _files(folder, shown) if _may_be_data(path)]
    named = _outermost([found for found in candidates if found.split is not None])
    unnamed = [found for found in candidates if found.split is None]
    if named:
        _say_left_alone([found for found in candidates if found not in named], folder, shown, findings)
        _refuse_formats(named, folder, shown)
        _say_merged(named, folder, shown, findings)
        return named
    if not unnamed:
        files = _files(folder, shown)
        message = _("There is no data in the folder; found: {files}.") if files else _("The folder is empty.")
        raise failure(
            "no-data",
            message.format(files=_listed(files, folder)),
            _("Name files for their split: train.jsonl, dev.csv, test.txt, ..."),
            shown,
        )
    if len(unnamed) > 1:
        raise failure(
            "which-file",
            _("It can't be told which of {files} is for what.").format(
                files=_listed([found.path for found in unnamed], folder)
            ),
            _("Name files for their split (train, dev, test), or give one of the files instead of the folder."),
            shown,
        )
    return unnamed


def to_send(folder: Path, shown: str) -> list[Path]:
    """Return the files of a folder that are needed to read it elsewhere: all that may be data, or explain it.

    Raises:
        DataError: There are none, or too many.
    """
    files = [path for path in _files(folder, shown) if suffix_of(path) not in _NO_DATA_SUFFIXES and path.stat().st_size]
    if not files:
        raise failure(
            "no-data", _("There is no data in the folder; found: {files}.").format(files="-"),
            _("Name files for their split: train.jsonl, dev.csv, test.txt, ..."), shown,
        )  # fmt: skip
    return files


def label_names(folder: Path) -> tuple[Path, list[str]] | None:
    """Return the list of label names that lies in a folder, one a line, if there is one."""
    for name in _LABEL_LISTS:
        path = folder / name
        if path.is_file() and path.stat().st_size < 2**20:
            text = _decoded(path.read_bytes())
            return path, [line.strip() for line in text.splitlines() if line.strip()]
    return None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def _splits_in(name: str) -> list[SplitName]:
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    found: list[SplitName] = [
        split for split, pattern in _NAMES.items() if any(pattern.fullmatch(word) for word in words)
    ]
    return found or [split for split, parts in _CHINESE.items() if any(part in name for part in parts)]


def _split_within(path: Path, folder: Path) -> SplitName | None:
    # The nearest name counts: data/train/part-0.csv is train, whatever the folders above it are called.
    for part in reversed(path.relative_to(folder).parts):
        if splits := _splits_in(part):
            return splits[0] if len(splits) == 1 else None
    return None


def _files(folder: Path, shown: str) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if len(inside.parts) > 3 or any(part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        found.append(path)
        if len(found) > _MAX_FILES:
            raise failure(
                "too-many-files",
                _("The folder holds more than {count} files.").format(count=_MAX_FILES),
                _("Give the folder that holds the data set itself."),
                shown,
            )
    return found


def _outermost(named: list[Found]) -> list[Found]:
    # What lies deeper than the splits is an older state or a source of them.
    least = min((len(found.path.parts) for found in named), default=0)
    return [found for found in named if len(found.path.parts) == least]


def _may_be_data(path: Path) -> bool:
    suffix = suffix_of(path)
    if _NO_DATA.match(path.name) or suffix in _NO_DATA_SUFFIXES:
        return False
    return suffix in DATA_SUFFIXES or bool(_splits_in(path.name))


def _say_left_alone(unnamed: Sequence[Found], folder: Path, shown: str, findings: Findings) -> None:
    if unnamed:
        findings.note(
            "files-left-alone",
            _("Left alone, because other files are named for a split: {files}.").format(
                files=_listed([found.path for found in unnamed], folder)
            ),
            file=shown,
        )


def _refuse_formats(named: Sequence[Found], folder: Path, shown: str) -> None:
    for split in _WORDS:
        files = [found.path for found in named if found.split == split]
        kinds = {(path.parent, suffix_of(path)) for path in files}
        if len(kinds) > 1 or len({_plain_name(path) for path in files}) < len(files):
            raise failure(
                "split-twice",
                _("There is more than one {split}: {files}.").format(split=split, files=_listed(files, folder)),
                _("Keep one of them, or give the folder of one of them; the same rows twice would count twice."),
                shown,
            )


def _say_merged(named: Sequence[Found], folder: Path, shown: str, findings: Findings) -> None:
    for split in _WORDS:
        files = [found.path for found in named if found.split == split]
        if len(files) > 1:
            findings.note(
                "files-merged",
                _("Several files were put together as {split}: {files}.").format(
                    split=split, files=_listed(files, folder)
                ),
                file=shown,
            )


def _plain_name(path: Path) -> str:
    return str(path).lower().removesuffix(".gz")


def _listed(paths: Iterable[Path], folder: Path) -> str:
    names = [str(path.relative_to(folder)) for path in paths]
    more = ", ..." if len(names) > 8 else ""
    return ", ".join(names[:8]) + more
