"""An exported model by onnxruntime and nothing else, for the contenders: they run what `tunery.models.exported` runs.

Session options are those of `tunery.models.exported.open_session`. Nothing is imported from Tunery, so that this also
runs in an environment that holds only litserve, onnxruntime, tokenizers, safetensors and numpy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer


class Classifier:
    """An exported model of one label a text.

    Args:
        folder: The exported model's folder.
    """

    def __init__(self, folder: Path) -> None:
        manifest = json.loads((folder / "tunery.json").read_text(encoding="utf-8"))
        part = folder / "export"
        self.labels: list[str] = manifest["labels"]
        self._pad = manifest["export"]["pad_id"]
        self._body = open_session(part / "body.onnx")
        self._neck = open_session(part / "neck.onnx")
        self._wanted = [node.name for node in self._neck.get_inputs()]
        head = load_file(part / "head.safetensors")
        self._weight, self._bias = head["weight"].T, head["bias"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(manifest["limit"])

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of texts."""
        return [one.ids for one in self._tokenizer.encode_batch(list(texts))]

    def logits(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return texts x labels, of texts that are padded to the longest of them."""
        longest = max(map(len, rows))
        ids = np.full((len(rows), longest), self._pad, np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        hidden = self._body.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        given = {"hidden": hidden, "attention_mask": mask}
        features = self._neck.run(None, {name: given[name] for name in self._wanted})[0]
        found: NDArray[np.float32] = features @ self._weight + self._bias
        return found

    def answers(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return label and score of each text."""
        logits = self.logits(self.encode(texts))
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        best = odds.argmax(axis=1)
        scores = odds.max(axis=1) / odds.sum(axis=1)
        return [{"label": self.labels[a], "score": float(b)} for a, b in zip(best, scores, strict=True)]


def open_session(path: Path) -> Any:
    """Open a graph with the options that Tunery uses."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
