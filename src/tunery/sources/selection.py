"""Which files of a source are taken: weights without code in them, tokenizers, and data; everything else stays there.

Patterns are those of `fnmatch` on the whole name, so ``*`` also stands for folders; hub clients understand them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from glob import escape
from pathlib import PurePosixPath
from typing import Literal

from tunery.errors import SourceError
from tunery.i18n import _

Kind = Literal["model", "data"]

WEIGHTS = (".safetensors", ".gguf")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_FOREIGN = (".h5", ".msgpack", ".onnx", ".ot", ".tflite", ".pb")
"""Weights of other frameworks: not pickles, and nothing that can be tuned here."""

_TRAINING = ("*training_args*", "*optimizer*", "*scheduler*", "*rng_state*")
"""What a trainer leaves beside the weights; pickles, but not the weights."""

_DOCUMENTS = ("*README", "*README.md", "*README.txt", "*README.rst", "*LICENSE", "*LICENSE.md", "*LICENSE.txt",
              "*NOTICE", "*NOTICE.md", "*NOTICE.txt", "*COPYING")  # fmt: skip
_MODEL = (
    *(f"*{suffix}" for suffix in WEIGHTS),
    "*.json", "*.jinja", "*.spm", "*.tiktoken", "*tokenizer*.model", "*spiece*.model", "*sentencepiece*.model",
    "*vocab*.txt", "*merges*.txt", "*bpe.codes",
)  # fmt: skip
_NOT_MODEL = (
    *(f"{start}{folder}/*" for folder in ("onnx", "openvino", "coreml", "original", "checkpoint-*", "runs")
      for start in ("", "*/")),
    # The same weights a second time, in the layout of another library.
    "consolidated*.safetensors", "*/consolidated*.safetensors",
    *(f"*{suffix}.index.json" for suffix in (*_PICKLES, *_FOREIGN)),
)  # fmt: skip
_TABLES = (
    ".csv", ".tsv", ".tab", ".json", ".jsonl", ".jsonlines", ".ndjson", ".txt", ".conll", ".conllu", ".bio", ".iob",
    ".iob2", ".bioes", ".bilou", ".bmes", ".ner", ".train", ".dev", ".valid", ".test", ".testa", ".testb",
)  # fmt: skip
_DATA_SUFFIXES = (*_TABLES, *(f"{suffix}.gz" for suffix in _TABLES), ".parquet", ".arrow", ".xlsx", ".xlsm")
_DATA = tuple(f"*{form}" for suffix in _DATA_SUFFIXES for form in (suffix, suffix.upper()))
_HIDDEN = (".*", "*/.*", "__pycache__/*", "*/__pycache__/*")


@dataclass(frozen=True)
class Selection:
    """The files that are taken, as patterns on their names.

    Attributes:
        allow: A file is taken if it matches one of these,
        ignore: and none of these.
    """

    allow: tuple[str, ...]
    ignore: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Say whether the file ``name`` (with slashes, relative) is taken."""
        return _matches(name, self.allow) and not _matches(name, self.ignore)


def select(names: Iterable[str], kind: Kind, address: str, path: str = "") -> Selection:
    """Decide which files of a source are taken.

    Args:
        names: Its files, relative, with slashes.
        kind: What is wanted.
        address: The source URI without revision, for messages; it ends in ``path`` where there is one.
        path: Only this file, or the files of this folder.

    Raises:
        SourceError: There is no such path, it holds nothing of the kind, only pickled weights, or too many to choose.
    """
    names = sorted(names)
    _check_names(names, address)
    if path in names:
        _check_file(path, kind, address)
        return Selection((escape(path),))
    inside = [name[len(path) + 1 :] for name in names if name.startswith(f"{path}/")] if path else names
    if path and not inside:
        raise SourceError(
            _("{source} does not exist: there is no file or folder {path}.").format(source=address, path=path),
            offer(names, kind, near=path),
        )
    found = of_kind(inside, kind)
    (_check_weights if kind == "model" else _check_data)(inside, found, address)
    return _below(path, found)


def of_kind(names: Sequence[str], kind: Kind) -> Selection:
    """Return the selection for a source with these files, whether it is complete or not."""
    if kind == "data":
        return Selection((*_DATA, *_DOCUMENTS), _HIDDEN)
    # Of weights in two formats only one is needed, and safetensors keeps the full precision.
    both = any(name.endswith(".safetensors") and not _matches(name, _NOT_MODEL) for name in names)
    return Selection((*_MODEL, *_DOCUMENTS), (*_HIDDEN, *_NOT_MODEL, *(("*.gguf",) if both else ())))


def folders(names: Iterable[str], kind: Kind) -> list[str]:
    """Return the folders that hold weights, or data, themselves; ``.`` for the top."""
    suffixes = WEIGHTS if kind == "model" else _DATA_SUFFIXES
    return sorted({str(PurePosixPath(name).parent) for name in names if name.lower().endswith(suffixes)})


def pickled(what: str, example: str) -> SourceError:
    """Return the error for weights that are pickled."""
    return SourceError(
        _("{source} has its weights only as a pickle ({file}), which could run any code when it is opened.").format(
            source=what, file=example
        ),
        _("Convert it once, in an environment that you throw away afterwards: load it with transformers, "
          "from_pretrained(NAME, weights_only=True), call save_pretrained(FOLDER, safe_serialization=True) on the "
          "model and save_pretrained(FOLDER) on its tokenizer, and give file:FOLDER. For a repository on a hub, the "
          "hub's safetensors/convert space does the same."),
    )  # fmt: skip


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _below(path: str, selection: Selection) -> Selection:
    if not path:
        return selection
    start = f"{escape(path)}/"
    return Selection(
        tuple(start + pattern for pattern in selection.allow), tuple(start + pattern for pattern in selection.ignore)
    )


def _check_names(names: Iterable[str], address: str) -> None:
    for name in names:
        if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
            raise SourceError(
                _("{source} was refused: the name of its file {name!r} leads out of the folder.").format(
                    source=address, name=name
                ),
                _("Nothing of it was kept. Don't use this source, and tell whoever keeps it."),
            )


def _check_file(path: str, kind: Kind, address: str) -> None:
    lower = path.lower()
    if kind == "model" and lower.endswith(_PICKLES):
        raise pickled(address, PurePosixPath(path).name)
    if kind == "model" and not lower.endswith(".gguf"):
        raise SourceError(
            _("{source} is a single file, and not a GGUF model.").format(source=address),
            _("Give the folder that holds config.json, the tokenizer and the weights."),
        )
    if kind == "data" and not lower.endswith(_DATA_SUFFIXES):
        raise SourceError(
            _("{source} is not a data file.").format(source=address),
            _("Data files end in: {suffixes}.").format(suffixes=", ".join(_DATA_SUFFIXES)),
        )


def _check_weights(names: Sequence[str], selection: Selection, address: str) -> None:
    taken = [name for name in names if name.endswith(WEIGHTS) and selection.takes(name)]
    top = [name for name in taken if "/" not in name]
    if not top:
        raise _no_weights(names, taken, address)
    if len(top) > 1 and top[0].endswith(".gguf"):
        raise SourceError(
            _("{source} holds {n} GGUF models: {files}.").format(source=address, n=len(top), files=", ".join(top)),
            _("Say which: {source}/{file}").format(source=address, file=top[0]),
        )


def _no_weights(names: Sequence[str], below: Sequence[str], address: str) -> SourceError:
    if below:
        return SourceError(
            _("{source} holds no weights itself, only folders of it do.").format(source=address), offer(below, "model")
        )
    for name in names:
        if name.lower().endswith(_PICKLES) and not _matches(name, _TRAINING):
            return pickled(address, name)
    foreign = next((name for name in names if name.lower().endswith(_FOREIGN)), None)
    if foreign is not None:
        return SourceError(
            _("{source} has its weights only for another framework ({file}).").format(source=address, file=foreign),
            _("Give a base model that has safetensors or GGUF weights."),
        )
    return SourceError(
        _("{source} holds no weights.").format(source=address),
        _("A base model is a folder with config.json, a tokenizer and model.safetensors, or one GGUF file."),
    )


def _check_data(names: Sequence[str], selection: Selection, address: str) -> None:
    if not any(name.lower().endswith(_DATA_SUFFIXES) and selection.takes(name) for name in names):
        raise SourceError(
            _("{source} holds no data files; it has: {files}.").format(
                source=address, files=_few(names) or _("nothing")
            ),
            _("Data files end in: {suffixes}.").format(suffixes=", ".join(_DATA_SUFFIXES)),
        )


def offer(names: Iterable[str], kind: Kind, near: str = "") -> str:
    """Return a sentence that names the folders with something of the kind, those most like ``near`` first."""
    found = sorted(folders(names, kind), key=lambda folder: -SequenceMatcher(None, near, folder).ratio())
    if not found:
        return _("Nothing there holds a model.") if kind == "model" else _("Nothing there holds data files.")
    if kind == "model":
        return _("Models are in: {folders}.").format(folders=_few(found))
    return _("Data files are in: {folders}.").format(folders=_few(found))


def _few(names: Sequence[str], limit: int = 8) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else _("{names} and {n} more").format(names=shown, n=len(names) - limit)
