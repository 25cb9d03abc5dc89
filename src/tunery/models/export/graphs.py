"""A tuned network into the files that `tunery.models.exported` runs: a body, a neck where there is one, and a head.

Graphs are made by torch's own exporter (``torch.onnx.export(dynamo=True)``), with any number of rows and any length.
They hold their weights, and nothing of where they were made. So equal parts are equal files, and the fingerprint by
which models share a part is the sha256 of its file: what has the same one computes the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.numpy import save
from torch import Tensor, nn

from tunery.errors import MissingExtraError, ModelError
from tunery.i18n import _
from tunery.models.adapters import DOWN, UP, WHICH
from tunery.models.export.adapted import AdaptedLinear, Room, base_with_room, kept, write_adapter
from tunery.models.export.quiet import quiet
from tunery.models.exported import BODY, HEAD, NECK
from tunery.models.model import Model
from tunery.models.network import Network
from tunery.tasks.base import Encoding

if TYPE_CHECKING:
    from onnx import ModelProto
    from transformers import PreTrainedModel

FORMAT = 1
"""Part of every fingerprint: raised when what runs the graphs starts to use them differently."""
_ROWS, _LENGTH = 2, 9
"""The batch that graphs are traced with; neither stays in them."""


@dataclass(frozen=True)
class Graphs:
    """What was written.

    Attributes:
        body: The body's fingerprint.
        neck: The neck's; None where features are the hidden states themselves.
        adapted: Whether the body has room for adapters.
    """

    body: str
    neck: str | None
    adapted: bool = False


def write(model: Model, folder: Path) -> Graphs:
    """Write a model's parts into ``folder``, sharing as much with other models as can be.

    Args:
        model: The model.
        folder: An empty folder.

    Raises:
        SourceError: The model kept its adapters, and its base model can't be had any more.
        ModelError: torch's exporter can't express the architecture.
        MissingExtraError: The exporter is not installed.
    """
    if kept(model.folder):
        return write_adapted(model, folder)
    return write_graphs(model.network, model.manifest.limit, folder)


def write_adapted(model: Model, folder: Path) -> Graphs:
    """Write the parts of a model that kept its adapters: its base as a body with room for them, and they beside it.

    Args:
        model: The model.
        folder: An empty folder.

    Raises:
        SourceError: Its base model can't be had any more.
        ModelError: The adapters don't fit, or torch's exporter can't express the architecture.
        MissingExtraError: The exporter is not installed.
    """
    _require()
    network, room, names = base_with_room(model)
    write_adapter(model.folder, names, folder)
    body = _AdaptedBody(network, room)
    ids, mask = _example(network).values()
    down = [torch.zeros(2, 2, layer.linear.in_features) for layer in body.layers]
    up = [torch.zeros(2, layer.linear.out_features, 2) for layer in body.layers]
    with _plain_attention(network.model):
        written = _write_adapted(
            body, (ids, mask, torch.zeros(_ROWS, dtype=torch.int64), down, up), model, folder / BODY
        )
    return replace(write_graphs(model.network, model.manifest.limit, folder, body=written), adapted=True)


def write_graphs(network: Network, limit: int, folder: Path, *, body: str | None = None) -> Graphs:
    """Write a network's parts into ``folder``.

    Args:
        network: The network; its weights and its device stay as they are.
        limit: The longest window in tokens.
        folder: An empty folder.
        body: The fingerprint of its body, where that has been written already.

    Raises:
        ModelError: torch's exporter can't express the architecture.
        MissingExtraError: The exporter is not installed.
    """
    _require()
    nn.Module.eval(network.model)
    with _plain_attention(network.model):
        return _write_parts(network, limit, folder, body)


def _write_parts(network: Network, limit: int, folder: Path, body: str | None) -> Graphs:
    inputs = _example(network)
    _write_head(network.linear, folder / HEAD)
    features = _features(network, inputs)
    if not network.known_layers():
        return Graphs(_write(_Whole(network), inputs, "features", limit, folder / BODY), None)
    layers = _Body(network)
    with torch.no_grad():
        hidden = layers(**inputs)
    written = body or _write(layers, inputs, "hidden", limit, folder / BODY)
    if torch.equal(hidden, features):
        return Graphs(written, None)
    network.leave_out(len(network.known_layers()))
    # How the architecture's layers hand on what they give shows in a pass.
    list(network.hidden([Encoding(0, inputs["input_ids"][0].cpu().numpy().astype(np.int32))]))
    given = {"hidden": hidden, "attention_mask": inputs["attention_mask"]}
    return Graphs(written, _write(_Neck(network), given, "features", limit, folder / NECK))


def fingerprint(graph: Path) -> str:
    """Return what says whether two graphs, with their weights, are the same."""
    digest = hashlib.sha256(b"tunery graph %d\n" % FORMAT)
    with graph.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class _Body(nn.Module):
    """Token ids into what the last layer gives."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.model = network.model.base_model
        self._last = [network.known_layers()[-1]]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        seen: list[Tensor] = []
        hook = self._last[0].register_forward_hook(
            lambda _module, _inputs, outputs: seen.append(outputs[0] if isinstance(outputs, tuple) else outputs)
        )
        try:
            self.model(input_ids=input_ids, attention_mask=attention_mask)
        finally:
            hook.remove()
        return seen[-1]


class _AdaptedBody(_Body):
    """The same, with each row's own adapter."""

    def __init__(self, network: Network, room: Room) -> None:
        super().__init__(network)
        self._room = room
        found = [module for module in network.model.modules() if isinstance(module, AdaptedLinear)]
        self.layers = sorted(found, key=lambda layer: layer.number)

    def forward(  # type: ignore[override]
        self, input_ids: Tensor, attention_mask: Tensor, adapter: Tensor, down: list[Tensor], up: list[Tensor]
    ) -> Tensor:
        self._room.which, self._room.down, self._room.up = adapter, down, up
        return super().forward(input_ids, attention_mask)


class _Whole(nn.Module):
    """Token ids into what the last linear layer is given, for architectures whose layers can't be told apart."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.model = network.model
        self._network = [network]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return _features(self._network[0], {"input_ids": input_ids, "attention_mask": attention_mask})


class _Neck(nn.Module):
    """What the last layer gives into what the last linear layer is given."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.model = network.model
        self._network = [network]

    def forward(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        # Whatever the layers are left out for reads no ids; the mask has their shape.
        return _features(
            self._network[0], {"input_ids": attention_mask, "attention_mask": attention_mask, "hidden": hidden}
        )


def _example(network: Network) -> dict[str, Tensor]:
    """Return what graphs are traced with."""
    ids = torch.arange(_ROWS * _LENGTH, device=network.device).reshape(_ROWS, _LENGTH) % network.model.config.vocab_size
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _features(network: Network, inputs: Mapping[str, Tensor]) -> Tensor:
    seen: list[Tensor] = []
    hook = network.linear.register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    try:
        with torch.no_grad():
            network.forward(inputs)
    finally:
        hook.remove()
    return seen[-1]


def _write(part: nn.Module, inputs: Mapping[str, Tensor], output: str, limit: int, path: Path) -> str:
    """Export ``part`` and return its fingerprint."""
    rows, length = _dimensions(limit)
    shapes = {name: {0: rows, 1: length} for name in inputs}
    return _export(part, dict(inputs), shapes, list(inputs), output, path)


def _write_adapted(body: _AdaptedBody, inputs: Sequence[Any], model: Model, path: Path) -> str:
    """Export a body with room for adapters and return its fingerprint."""
    rows, length = _dimensions(model.manifest.limit)
    many, rank = torch.export.Dim("adapters", min=1, max=1 << 16), torch.export.Dim("rank", min=1, max=1 << 10)
    count = len(body.layers)
    shapes = {
        "input_ids": {0: rows, 1: length}, "attention_mask": {0: rows, 1: length}, WHICH: {0: rows},
        "down": [{0: many, 1: rank}] * count, "up": [{0: many, 2: rank}] * count,
    }  # fmt: skip
    names = ["input_ids", "attention_mask", WHICH]
    names += [name.format(number) for name in (DOWN, UP) for number in range(count)]
    return _export(body, dict(zip(shapes, inputs, strict=True)), shapes, names, "hidden", path)


def _dimensions(limit: int) -> tuple[Any, Any]:
    """Return what may vary: rows, and tokens in a row."""
    return torch.export.Dim("rows", min=1, max=1 << 16), torch.export.Dim("length", min=2, max=max(limit, _LENGTH))


def _export(
    part: nn.Module, inputs: dict[str, Any], shapes: dict[str, Any], names: list[str], output: str, path: Path
) -> str:
    try:
        with quiet(), torch.no_grad():
            program: Any = torch.onnx.export(
                part.eval(), (), kwargs=inputs, dynamo=True, verbose=False,
                input_names=names, output_names=[output], dynamic_shapes=shapes,
            )  # fmt: skip
            path.write_bytes(_stripped(program.model_proto).SerializeToString(deterministic=True))
    except (RuntimeError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
        raise ModelError(
            _("torch can't export {name}: {reason}").format(name=type(part.model).__name__, reason=_reason(error)),
            _("It can be served with torch as it is."),
        ) from error
    return fingerprint(path)


def _stripped(model: ModelProto) -> ModelProto:
    """Take out where each node came from: paths of this machine, and what would make equal graphs differ."""
    del model.metadata_props[:]
    graph = model.graph
    del graph.metadata_props[:]
    graph.doc_string = model.doc_string = ""
    for thing in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del thing.metadata_props[:]
        thing.doc_string = ""
    return model


@contextmanager
def _plain_attention(model: PreTrainedModel) -> Iterator[None]:
    """Let attention be written out as matrix products: torch's fused one becomes more nodes, and those cost time."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _write_head(linear: nn.Linear, path: Path) -> None:
    weight = linear.weight.detach().float().cpu().numpy()
    biased = isinstance(linear.bias, nn.Parameter)
    bias = linear.bias.detach().float().cpu().numpy() if biased else np.zeros(len(weight), np.float32)
    path.write_bytes(save({"weight": np.ascontiguousarray(weight), "bias": bias}))


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _require() -> None:
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("onnx", "onnxruntime", "onnxscript")):
        raise MissingExtraError("export", _("Exporting a model"))
