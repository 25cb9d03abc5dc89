"""``tunery export``: files for serving into a model folder, if they answer as torch does and are faster."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

import torch

from tunery.errors import ModelError, SettingError, SourceError, TuneryError
from tunery.i18n import _
from tunery.models.answering import Answering
from tunery.models.devices import place
from tunery.models.export import parity
from tunery.models.export.abstention import choose_threshold, scored
from tunery.models.export.graphs import Graphs, write
from tunery.models.export.quantized import write_int8
from tunery.models.export.result import ExportResult
from tunery.models.exported import ADAPTER, BODY, FOLDER, HEAD, NECK, ExportedModel, Machine, Parts, encoder_of
from tunery.models.manifest import Abstention, Export, Manifest, Measured
from tunery.models.model import Model
from tunery.progress import bar
from tunery.settings import unknown
from tunery.types import Example, Prediction

Format = Literal["auto", "onnx", "onnx-int8"]
Runtime = Literal["torch", "onnx", "onnx-int8"]
FORMATS: tuple[str, ...] = get_args(Format)
_KINDS: dict[str, tuple[Runtime, ...]] = {"auto": ("onnx", "onnx-int8"), "onnx": ("onnx",), "onnx-int8": ("onnx-int8",)}


@dataclass(frozen=True)
class _Candidate:
    """An export that lies in a temporary folder.

    Attributes:
        runtime: Its name.
        files: Where its files are.
        export: What the manifest is to say of it.
        answering: The model, run by it.
    """

    runtime: Runtime
    files: Path
    export: Export
    answering: Answering

    @property
    def size(self) -> int:
        """The size of its files in bytes."""
        return sum(path.stat().st_size for path in self.files.iterdir())


@dataclass(frozen=True)
class _Tried:
    """What was measured, and what each runtime says to the rows of dev."""

    rows: list[Example]
    measured: dict[str, Measured]
    answers: dict[str, parity.Answers]


def export(
    model: Model,
    dev: Sequence[Example],
    *,
    format: str = "auto",  # noqa: A002 - what its users know it by
    accuracy: float | None = None,
    out_of_scope: Sequence[str] = (),
) -> ExportResult:
    """Make a model ready for serving, and write what was found into its ``tunery.json``.

    Everything is written beside what is there and measured; only then it takes its place.

    Args:
        model: A tuned model.
        dev: Rows with right answers that were not learned from.
        format: ``onnx`` or ``onnx-int8`` for that one; ``auto`` for the fastest that passes, torch included.
        accuracy: The share of given answers that is to be right; below a score that keeps it, the model abstains.
        out_of_scope: Texts that no label fits; the threshold is then chosen so that they are refused.

    Raises:
        SettingError: ``format`` or ``accuracy`` has a value it can't have.
        DataError: No row of dev has a right answer.
        ModelError: The format that was asked for fails a condition, or no threshold keeps ``accuracy``.
        MissingExtraError: The exporter or onnxruntime is not installed.
    """
    _check(model, format, accuracy, out_of_scope)
    rows = parity.rows_for(dev)
    with _on_processor(model), _temporary(model.folder) as folder:
        candidates, failures = _candidates(model, _KINDS[format], folder)
        if format != "auto" and failures:
            raise failures[cast(Runtime, format)]
        tried = _try(model, rows, candidates)
        used = _choose(format, candidates, tried.measured)
        winner = next((one for one in candidates if one.runtime == used), None)
        answering: Answering = winner.answering if winner else model
        abstention = _abstention(answering, rows, tried.answers[used].predictions, accuracy, out_of_scope)
        measured = tried.measured | {name: _unmade(error) for name, error in failures.items()}
        manifest = _manifest(model, winner, measured, abstention)
        _put(model.folder, winner.files if winner else None, manifest)
    model.manifest = manifest
    metric = model.task.metric
    return ExportResult(model.folder, used, metric, len(rows), measured, abstention, _processor())


def _check(model: Model, kind: str, accuracy: float | None, out_of_scope: Sequence[str]) -> None:
    if kind not in FORMATS:
        raise SettingError(_("There is no format {name} to export.").format(name=kind), unknown(kind, FORMATS).hint)
    if accuracy is not None and not 0 < accuracy < 1:
        raise SettingError(
            _("accuracy: must lie between 0 and 1 (found {value}).").format(value=accuracy),
            _("Give a share, for example 0.95."),
        )
    if out_of_scope and model.task.reads.target == "spans":
        raise SettingError(
            _("Texts that no label fits are for tasks that give each text a label."),
            _("Leave them out; of entities, the score of the least sure one decides."),
        )


def _candidates(
    model: Model, kinds: Sequence[Runtime], folder: Path
) -> tuple[list[_Candidate], dict[Runtime, TuneryError]]:
    """Write what is to be tried, and return it with what could not be made."""
    found: list[_Candidate] = []
    failures: dict[Runtime, TuneryError] = {}
    with bar(_("Exporting"), len(kinds) + 1) as shown:
        plain = folder / "onnx"
        plain.mkdir()
        try:
            graphs = write(model, plain)
        except (ModelError, SourceError) as error:
            return [], dict.fromkeys(kinds, error)
        shown.advance()
        for kind in kinds:
            files, body = plain, graphs.body
            try:
                if kind == "onnx-int8":
                    files = folder / kind
                    files.mkdir()
                    for name in (NECK, HEAD, ADAPTER):
                        if (plain / name).is_file():
                            shutil.copyfile(plain / name, files / name)
                    body = write_int8(plain / BODY, files / BODY)
                export = _export(model, kind, replace(graphs, body=body))
                found.append(_Candidate(kind, files, export, _opened(model, files, export)))
            except ModelError as error:
                failures[kind] = error
            shown.advance()
    return found, failures


def _export(model: Model, runtime: Runtime, graphs: Graphs) -> Export:
    return Export(
        runtime=runtime, body=graphs.body, neck=graphs.neck, adapted=graphs.adapted, pad_id=model.network.pad_id,
        unknown_id=model.encoder.unknown, processor=_processor(),
    )  # fmt: skip


def _opened(model: Model, files: Path, export: Export) -> Answering:
    """Return the model as it will be served, from files that have not taken their place yet."""
    machine = Machine(threads=torch.get_num_threads())
    parts = Parts.open(files, export, machine)
    encoder = encoder_of(model.folder, model.manifest, export)
    return ExportedModel(model.folder, model.manifest, parts, encoder)


def _try(model: Model, rows: list[Example], candidates: Sequence[_Candidate]) -> _Tried:
    """Measure torch and every candidate on dev, and say which conditions each fails."""
    runs: dict[str, Answering] = {"torch": model, **{one.runtime: one.answering for one in candidates}}
    with bar(_("Comparing answers"), len(rows) * len(runs)) as shown:
        answers = {name: parity.answer(run, rows, shown) for name, run in runs.items()}
    reference = answers["torch"]
    with bar(_("Measuring speed"), parity.turns(len(runs))) as shown:
        speeds = parity.speeds(runs, rows, shown)
    sizes: dict[str, int] = {one.runtime: one.size for one in candidates}
    sizes["torch"] = sum(path.stat().st_size for path in model.folder.glob("model*.safetensors"))
    measured = {
        name: parity.measure(model.task, model.labels, rows, reference, answers[name], speeds[name], sizes[name])
        for name in runs
    }
    judged = {
        name: one if name == "torch" else parity.judge(model.task, one, measured["torch"], len(rows))
        for name, one in measured.items()
    }
    return _Tried(rows, judged, answers)


def _choose(kind: str, candidates: Sequence[_Candidate], measured: Mapping[str, Measured]) -> Runtime:
    """Return what is used.

    Raises:
        ModelError: What was asked for fails.
    """
    if kind != "auto":
        if failed := measured[kind].failed:
            raise ModelError(
                _("{format} is not used: {reasons}.").format(format=kind, reasons=_("; ").join(failed)),
                _("Nothing was changed. Try another --format, or auto, which keeps the fastest that passes."),
            )
        return cast(Runtime, kind)
    passed: list[Runtime] = [one.runtime for one in candidates if not measured[one.runtime].failed]
    return max(passed, key=lambda name: parity.speed_of(measured[name]).typical, default="torch")


def _unmade(error: TuneryError) -> Measured:
    return Measured(
        agreement=0.0, metric=0.0, distance=1.0, texts_per_second=0.0, megabytes=0.0, failed=(error.message,)
    )


def _abstention(
    answering: Answering, rows: Sequence[Example], predictions: Sequence[Prediction], accuracy: float | None,
    out_of_scope: Sequence[str],
) -> Abstention | None:  # fmt: skip
    """Return the threshold that was asked for; None where none was."""
    if accuracy is None and not out_of_scope:
        return None
    strange = [prediction.score or 0.0 for prediction in answering.predict(out_of_scope)]
    return choose_threshold(*scored(rows, predictions), accuracy, strange)


def _manifest(
    model: Model, winner: _Candidate | None, measured: dict[str, Measured], abstention: Abstention | None
) -> Manifest:
    found = winner.export if winner else Export(runtime="torch", processor=_processor())
    return model.manifest.model_copy(
        update={
            "export": found.model_copy(update={"measured": measured}),
            "abstention": abstention or model.manifest.abstention,
        }
    )


def _put(folder: Path, files: Path | None, manifest: Manifest) -> None:
    """Put an export, or none, in the place of the one that is there, with the manifest that says so.

    Whatever goes wrong on the way, the old one is put back.
    """
    place, old = folder / FOLDER, folder / f".{FOLDER}.old"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    try:
        if files is not None:
            files.rename(place)
        manifest.write(folder)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside what it will replace; nothing of it is left afterwards."""
    try:
        path = Path(tempfile.mkdtemp(dir=folder, prefix=f".{FOLDER}."))
    except OSError as error:
        raise ModelError(
            _("{path} can't be written: {reason}.").format(path=folder, reason=error.strerror),
            _("Copy the model to a folder that you may write to, and export it there."),
        ) from None
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _on_processor(model: Model) -> Iterator[None]:
    """Run torch on the processor, where exported models run, so that both are compared on the same."""
    device = model.network.device
    place(model.network.model, torch.device("cpu"))
    try:
        yield
    finally:
        place(model.network.model, device)


def _processor() -> str:
    """Return what this machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return name or platform.processor() or platform.machine()
