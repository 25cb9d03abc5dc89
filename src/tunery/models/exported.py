"""An exported model: what ``tunery export`` wrote, run by onnxruntime. Nothing here needs torch.

A network is kept in three parts, so that models can share what they have in common:

    token ids -- body --> hidden states -- neck --> features -- head --> logits

The body is the base model's layers, the neck whatever stands between them and the last linear layer (a pooler, a
layer that averages; nothing at all for entities), the head that linear layer. Two models with the same base that both
learned with ``probe`` have the same body and the same neck; with ``head`` they have the same body.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tunery.errors import MissingExtraError, ModelError
from tunery.i18n import _
from tunery.models.adapters import Adapter, Adapters
from tunery.models.answering import Answering
from tunery.models.batching import batches_by_length, lengths_of, of_window, pad_arrays
from tunery.models.manifest import Export, Manifest
from tunery.tasks.base import Encoding, Logits
from tunery.tasks.encoding import TextEncoder, load_backend

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FOLDER = "export"
BODY, NECK, HEAD, ADAPTER = "body.onnx", "neck.onnx", "head.safetensors", "adapter.safetensors"
Ids = NDArray[np.int64]
Floats = NDArray[np.float32]

_TOKENS = 1024
"""Tokens in a batch, with padding, where nothing waits for an answer."""


@dataclass(frozen=True)
class Machine:
    """How much of this machine a session may use.

    Attributes:
        threads: Threads inside one call; 0 for one on each core.
        device: ``cpu``, or ``cuda`` where onnxruntime was built for it.
    """

    threads: int = 0
    device: str = "cpu"


class Body:
    """The layers that models share: token ids into hidden states.

    Args:
        path: The graph.
        fingerprint: What its weights are; bodies with the same one are the same.
        machine: How much of this machine it may use.
    """

    def __init__(self, path: Path, fingerprint: str, machine: Machine) -> None:
        self.fingerprint = fingerprint
        self._session = open_session(path, machine)
        self._adapters = Adapters()

    def run(self, ids: Ids, mask: Ids, adapters: Sequence[Adapter] = ()) -> Floats:
        """Return what the layers give.

        Args:
            ids: Token ids, rows x longest.
            mask: 1 for tokens, 0 for padding, rows x longest.
            adapters: One for each row, where the body has room for them.

        Returns:
            Rows x longest x width; of architectures whose layers can't be told apart, what their head is given.
        """
        if adapters:
            return self._adapters.run(self._session, ids, mask, adapters)
        return cast(Floats, self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0])


class Neck:
    """What stands between the layers and the last linear layer.

    Args:
        path: The graph.
        fingerprint: What its weights are.
        machine: How much of this machine it may use.
    """

    def __init__(self, path: Path, fingerprint: str, machine: Machine) -> None:
        self.fingerprint = fingerprint
        self._session = open_session(path, machine)
        self._inputs = [node.name for node in self._session.get_inputs()]

    def run(self, hidden: Floats, mask: Ids) -> Floats:
        """Return the features of each row, or of each of its tokens: rows x features, or rows x longest x features."""
        given = {"hidden": hidden, "attention_mask": mask}
        return cast(Floats, self._session.run(None, {name: given[name] for name in self._inputs})[0])


@dataclass(frozen=True)
class Head:
    """The last linear layer.

    Attributes:
        weight: Outputs x features.
        bias: Outputs.
    """

    weight: Floats
    bias: Floats

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read it from a safetensors file."""
        values = load_file(path)
        return cls(np.ascontiguousarray(values["weight"]), values["bias"])

    def logits(self, features: Floats) -> Floats:
        """Return the outputs of features (anything x features)."""
        return features @ self.weight.T + self.bias


@dataclass(frozen=True)
class Parts:
    """An exported network taken apart. Sessions may be shared with other models; the head never is.

    Attributes:
        body: The layers.
        neck: What follows them; None where nothing does.
        head: The last linear layer.
        pad_id: The token that fills up short windows.
        adapter: What the model adds to the body; None where its body is its own, or the base as it is.
    """

    body: Body
    neck: Neck | None
    head: Head
    pad_id: int
    adapter: Adapter | None = None

    @classmethod
    def load(cls, folder: Path, export: Export, machine: Machine) -> Parts:
        """Open the parts of the model in ``folder``."""
        return cls.open(folder / FOLDER, export, machine)

    @classmethod
    def open(cls, files: Path, export: Export, machine: Machine) -> Parts:
        """Open the parts that lie in ``files``."""
        body = Body(files / BODY, export.body, machine)
        neck = Neck(files / NECK, export.neck, machine) if export.neck else None
        adapter = Adapter.load(files / ADAPTER) if export.adapted else None
        return cls(body, neck, Head.load(files / HEAD), export.pad_id, adapter)

    def logits(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, Logits]]:
        """Yield each encoding's number and its logits (positions x outputs, or 1 x outputs), like lengths together."""
        for batch in batches_by_length(lengths_of(encodings), _TOKENS):
            chosen = [encodings[number] for number in batch]
            ids, mask = pad_arrays(chosen, self.pad_id)
            features = self.body.run(ids, mask, [self.adapter] * len(ids) if self.adapter else ())
            if self.neck is not None:
                features = self.neck.run(features, mask)
            for number, encoding, values in zip(batch, chosen, features, strict=True):
                yield number, self.head.logits(of_window(values, encoding))


class ExportedModel(Answering):
    """A tuned model as it was exported: the same answers as `Model`, without torch."""

    def __init__(self, folder: Path, manifest: Manifest, parts: Parts, encoder: TextEncoder) -> None:
        super().__init__(parts, encoder, manifest.the_task(), manifest.labels, manifest.calibration.threshold)
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def load(cls, folder: str | Path, machine: Machine | None = None) -> ExportedModel:
        """Load an exported model from its folder.

        Args:
            folder: The model's folder.
            machine: How much of this machine it may use.

        Raises:
            ModelError: The folder holds no model, or none that was exported.
            MissingExtraError: onnxruntime is not installed.
        """
        path = Path(folder)
        manifest = Manifest.read(path)
        export = exported(path, manifest)
        parts = Parts.load(path, export, machine or Machine())
        return cls(path, manifest, parts, encoder_of(path, manifest, export))


def exported(folder: Path, manifest: Manifest) -> Export:
    """Return how the model in ``folder`` was exported.

    Raises:
        ModelError: It was not, or its files are gone.
    """
    export = manifest.export
    if export is None or export.runtime == "torch":
        raise ModelError(
            _("{folder} has not been exported.").format(folder=folder),
            _("Export it with: tunery export {folder}").format(folder=folder),
        )
    wanted = [BODY, HEAD, *([NECK] if export.neck else []), *([ADAPTER] if export.adapted else [])]
    gone = [name for name in wanted if not (folder / FOLDER / name).is_file()]
    if gone:
        raise ModelError(
            _("{folder} lacks {files}.").format(folder=folder / FOLDER, files=", ".join(gone)),
            _("Export it again with: tunery export {folder}").format(folder=folder),
        )
    return export


def encoder_of(folder: Path, manifest: Manifest, export: Export) -> TextEncoder:
    """Return the tokenizer of an exported model."""
    return TextEncoder(load_backend(folder), manifest.limit, export.unknown_id)


def stay_silent() -> None:
    """Keep onnxruntime from telling its makers how it is used, and from leaving a number for this machine on the disk.

    Its own switch is this variable, and it is read when the library is loaded. Who has set it keeps what was set.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def open_session(path: Path, machine: Machine) -> InferenceSession:
    """Open a graph.

    Raises:
        ModelError: onnxruntime can't read it.
        MissingExtraError: onnxruntime is not installed.
    """
    stay_silent()
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("serve", _("Running an exported model")) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = machine.threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # Threads that wait by spinning would take the cores from whoever receives and answers requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # It keeps a plan of memory for every shape that it meets; here there are thousands, and they bring nothing.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    providers = ["CUDAExecutionProvider"] if machine.device == "cuda" else []
    if providers and providers[0] not in onnxruntime.get_available_providers():
        raise ModelError(
            _("This onnxruntime can't use a GPU."),
            _("Install onnxruntime-gpu in place of onnxruntime, or leave --device out."),
        )
    try:
        return onnxruntime.InferenceSession(path, options, providers=[*providers, "CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(
            _("{path} can't be run by onnxruntime: {reason}").format(path=path, reason=str(error).splitlines()[0]),
            _("Export the model again with: tunery export {folder}").format(folder=path.parent.parent),
        ) from error
