"""Texts into token ids, and long texts into overlapping windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from tunery.errors import ModelError
from tunery.i18n import _
from tunery.types import Offsets

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = NDArray[np.int32]

_SPACE_PIECE = "▁"
"""How SentencePiece writes the space before a word."""
_BATCH = 1000
"""Texts handed to the tokenizer's native code at a time: enough to keep it busy, little enough to stay in memory."""


@dataclass(frozen=True, slots=True)
class WordPieces:
    """The sub-tokens of a text's words, without special tokens.

    Attributes:
        ids: All sub-tokens in order.
        starts: For each word, where its first sub-token stands in `ids`.
    """

    ids: Ids
    starts: Ids


class TextEncoder:
    """A tokenizer reduced to what tasks need: ids of texts or of words, and the special tokens around a window.

    Args:
        backend: A tokenizer of the tokenizers library; it is changed so that it neither cuts nor fills up texts.
        limit: The longest window in tokens, special tokens included.
        unknown: The token for a word that the tokenizer drops altogether.
    """

    def __init__(self, backend: Tokenizer, limit: int, unknown: int) -> None:
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        self._space = backend.token_to_id(_SPACE_PIECE)
        self.unknown = unknown
        self.limit = limit
        self.prefix, self.suffix = _special_tokens(backend)
        self.room = limit - len(self.prefix) - len(self.suffix)

    def texts(self, texts: Sequence[str]) -> Iterator[Ids]:
        """Yield the ids of each text, without special tokens."""
        for start in range(0, len(texts), _BATCH):
            batch = self._backend.encode_batch_fast(list(texts[start : start + _BATCH]), add_special_tokens=False)
            for encoding in batch:
                yield np.asarray(encoding.ids, dtype=np.int32)

    def offsets(self, text: str) -> list[Offsets]:
        """Return where each token of a text stands in it, in the order of `texts`."""
        return list(self._backend.encode(text, add_special_tokens=False).offsets)

    def words(self, rows: Sequence[Sequence[str]], spaced: Sequence[Sequence[bool]]) -> Iterator[WordPieces]:
        """Yield the sub-tokens of each row's words.

        Args:
            rows: The words of each text.
            spaced: For each word, whether white space stands before it in the text. SentencePiece gives every word a
                space; where the text has none (between Chinese characters) it is taken away again, so that the model
                meets the pieces it was pretrained on.
        """
        for start in range(0, len(rows), _BATCH):
            part = [list(row) for row in rows[start : start + _BATCH]]
            encodings = self._backend.encode_batch(part, is_pretokenized=True, add_special_tokens=False)
            for row, spaces, encoding in zip(part, spaced[start : start + _BATCH], encodings, strict=True):
                yield self._pieces(len(row), spaces, encoding.ids, encoding.word_ids)

    def window(self, ids: Ids) -> Ids:
        """Return ``ids`` with the special tokens around them."""
        return np.concatenate([self.prefix, ids, self.suffix])

    def _pieces(
        self, count: int, spaced: Sequence[bool], ids: Sequence[int], word_ids: Sequence[int | None]
    ) -> WordPieces:
        of_word: list[list[int]] = [[] for _ in range(count)]
        for token, word in zip(ids, word_ids, strict=True):
            if word is not None:
                of_word[word].append(token)
        starts = np.zeros(count, dtype=np.int32)
        kept: list[int] = []
        for word, pieces in enumerate(of_word):
            if len(pieces) > 1 and pieces[0] == self._space and not spaced[word]:
                pieces = pieces[1:]
            starts[word] = len(kept)
            # A word that the tokenizer drops altogether (a lone control character) still needs a place for its label.
            kept.extend(pieces[: self.room] or [self.unknown])
        return WordPieces(np.asarray(kept, dtype=np.int32), starts)


def encoder_for(tokenizer: PreTrainedTokenizerBase, limit: int) -> TextEncoder:
    """Return the encoder for a fast tokenizer of the transformers library.

    Args:
        tokenizer: The tokenizer.
        limit: The longest window in tokens, special tokens included.

    Raises:
        ModelError: It has no fast version.
    """
    if not tokenizer.is_fast:
        raise ModelError(
            _("The tokenizer {name} has no fast version, and only fast ones align words with tokens.").format(
                name=type(tokenizer).__name__
            ),
            _("Choose a base model that comes with a tokenizer.json."),
        )
    unknown = tokenizer.unk_token_id
    backend: Tokenizer = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    return TextEncoder(backend, limit, int(unknown if unknown is not None else tokenizer.eos_token_id or 0))


def load_backend(folder: Path) -> Tokenizer:
    """Read ``tokenizer.json`` in a model folder, without the transformers library.

    Raises:
        ModelError: It is not there, or can't be read.
    """
    path = folder / "tokenizer.json"
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise ModelError(_("{path} can't be read: {reason}").format(path=path, reason=error)) from error


def text_windows(length: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Return the windows of a text of ``length`` tokens: all of it covered, neighbours sharing ``overlap`` tokens."""
    if length <= room:
        return [(0, length)]
    step = max(1, room - min(overlap, room // 2))
    starts = [*range(0, length - room, step), length - room]
    return [(start, start + room) for start in starts]


def word_windows(starts: Ids, length: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Return the windows of a text in words, each fitting ``room`` tokens and beginning and ending at words.

    Args:
        starts: Where each word's first token stands.
        length: How many tokens there are.
        room: How many tokens fit; no single word is longer.
        overlap: How many tokens neighbouring windows share, as far as word boundaries allow.
    """
    ends = np.append(starts[1:], length)
    windows: list[tuple[int, int]] = []
    first = 0
    while True:
        last = int(np.searchsorted(ends, starts[first] + room, side="right")) if len(starts) else 0
        windows.append((first, last))
        if last >= len(starts):
            return windows
        shared = min(overlap, room // 2)
        first = max(first + 1, int(np.searchsorted(starts, ends[last - 1] - shared, side="left")))


def _special_tokens(backend: Tokenizer) -> tuple[Ids, Ids]:
    """Return what the tokenizer puts before and after a text, found by letting it do so."""
    encoding = backend.encode("a")
    marks = np.asarray(encoding.special_tokens_mask, dtype=bool)
    ids = np.asarray(encoding.ids, dtype=np.int32)
    plain = np.flatnonzero(~marks)
    if not len(plain):
        return ids, np.zeros(0, np.int32)
    return ids[: plain[0]], ids[plain[-1] + 1 :]
