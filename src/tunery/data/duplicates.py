"""Texts that say the same in all but a few characters.

Two texts are near duplicates when they are equal but for case, width, blanks and punctuation at the ends, or when the
sets of their character trigrams have a Jaccard similarity of at least the threshold. Characters serve English and
Chinese alike. At the default threshold one changed character makes a near duplicate only in a text of some 40
characters or more, so in short texts one word more or less always tells two texts apart.

Candidates come from MinHash signatures in a locality-sensitive index (Broder, "On the resemblance and containment of
documents", 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3) and are then measured
exactly.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunery.data.components import Components
from tunery.i18n import _
from tunery.progress import track
from tunery.types import Example

if TYPE_CHECKING:
    from datasketch import MinHash

THRESHOLD = 0.85
"""Similarity from which two texts are near duplicates, unless another is asked for."""
_WIDTH = 3
_LONG_WIDTH = 9
_LONG = 1000
"""Characters from which a text is measured by n-grams of the longer width."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, odd: spreads neighbouring values over all of 64 bits."""
_PERMUTATIONS = 128
_MISSED = 1e-4
"""Share of the pairs right at the threshold that the index may miss; of more similar ones it misses far fewer."""
_SLACK = 0.15
"""How far a signature may underrate a pair that is then still measured: more than four standard deviations."""
_INDEXED_PER_COMPONENT = 256
"""Beyond so many members a component is found through those; thousands of copies would make the search quadratic."""
_CHUNK = 1 << 14
"""Shingles hashed at once: bounds the memory that one very long text takes."""

_IDEOGRAPH = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_BLANK_BESIDE_IDEOGRAPH = re.compile(rf"(?<={_IDEOGRAPH})\s+|\s+(?={_IDEOGRAPH})")


def duplicate_key(example: Example) -> str:
    """Return the text by which rows are held to be duplicates: both texts of a pair."""
    return example.text if example.text_pair is None else f"{example.text}\n{example.text_pair}"


def normalise(text: str) -> str:
    """Return ``text`` without what makes no difference: case, width, runs of blanks, punctuation at the ends.

    A text of nothing but punctuation keeps it.
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    folded = _BLANK_BESIDE_IDEOGRAPH.sub("", folded)
    start, end = 0, len(folded)
    while start < end and _is_edge(folded[start]):
        start += 1
    while end > start and _is_edge(folded[end - 1]):
        end -= 1
    return folded[start:end] or folded


def near_duplicate_groups(texts: Sequence[str], threshold: float = THRESHOLD) -> list[int]:
    """Return a group number for each text; texts with an equal number are near duplicates.

    A group is a chain: its first and last text may differ by more than the threshold allows for a pair.

    Args:
        texts: The texts.
        threshold: Jaccard similarity of character trigrams from which two texts are near duplicates, above 0, up to 1.
    """
    normalised = [normalise(text) for text in texts]
    distinct = list(dict.fromkeys(normalised))
    number_of = dict(zip(distinct, _components(distinct, threshold).numbers(), strict=True))
    return [number_of[text] for text in normalised]


def similarity(first: str, second: str) -> float:
    """Return the Jaccard similarity of two normalised texts: of their trigrams, for long texts of longer n-grams.

    Any two long texts of a language share most of its trigrams, whatever they say.
    """
    width = _WIDTH if min(len(first), len(second)) < _LONG else _LONG_WIDTH
    ours, theirs = shingles(first, width), shingles(second, width)
    shared = len(np.intersect1d(ours, theirs, assume_unique=True))
    return shared / (len(ours) + len(theirs) - shared)


def shingles(text: str, width: int) -> NDArray[np.uint64]:
    """Return the set of n-grams of ``width`` characters of ``text``, as sorted 64-bit hashes."""
    # Blanks at the ends make single characters comparable and give the ends the weight of the middle.
    points = np.frombuffer(f" {text} ".ljust(width).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    count = len(points) - width + 1
    hashes = np.zeros(count, np.uint64)
    for place in range(width):
        hashes = hashes * _MULTIPLIER + points[place : place + count]
    return np.unique(hashes * _MULTIPLIER)


def _is_edge(character: str) -> bool:
    return character == " " or unicodedata.category(character).startswith("P")


def _components(texts: Sequence[str], threshold: float) -> Components:
    """Join the texts that are near duplicates of each other; ``texts`` are normalised and distinct."""
    from datasketch import MinHashLSH  # brings scipy along, which whoever only reads data need not wait for

    components = Components(len(texts))
    index = MinHashLSH(num_perm=_PERMUTATIONS, params=_bands(threshold))
    signatures = np.zeros((len(texts), _PERMUTATIONS), np.uint32)
    indexed: Counter[int] = Counter()
    for row, sketch in enumerate(track(_sketches(texts), _("Near duplicates"), len(texts))):
        signatures[row] = sketch.hashvalues
        for other in _likely(row, index.query(sketch), signatures, threshold):
            apart = components.find(row) != components.find(other)
            if apart and similarity(texts[row], texts[other]) >= threshold:
                components.join(row, other)
        # Counted at the component's present root: when two grow together the larger count is lost, which only means
        # that a few more are indexed.
        root = components.find(row)
        if indexed[root] < _INDEXED_PER_COMPONENT:
            indexed[root] += 1
            index.insert(row, sketch, check_duplication=False)
    return components


def _likely(row: int, found: Sequence[int], signatures: NDArray[np.uint32], threshold: float) -> list[int]:
    """Keep those that the whole signature, of which the index only sees bands, also calls similar."""
    others = np.array(sorted(found), dtype=np.intp)
    estimate = (signatures[others] == signatures[row]).mean(axis=1)
    return [int(other) for other in others[estimate >= threshold - _SLACK]]


def _sketches(texts: Sequence[str]) -> Iterator[MinHash]:
    from datasketch import MinHash

    empty = MinHash(num_perm=_PERMUTATIONS, hashfunc=int)
    for text in texts:
        sketch = empty.copy()
        # The upper half of a product modulo 2^64 is its well mixed half (Knuth, volume 3, section 6.4).
        hashes = (shingles(text, _WIDTH) >> np.uint64(32)).tolist()
        for start in range(0, len(hashes), _CHUNK):
            sketch.update_batch(hashes[start : start + _CHUNK])
        yield sketch


def _bands(threshold: float) -> tuple[int, int]:
    """Return bands and rows for the index: the longest bands, hence the fewest candidates, that miss few enough."""
    for rows in range(_PERMUTATIONS // 2, 1, -1):
        bands = _PERMUTATIONS // rows
        if (1 - threshold**rows) ** bands <= _MISSED:
            return bands, rows
    return _PERMUTATIONS, 1
