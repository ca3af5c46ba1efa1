"""Embeddings without a model: words and their beginnings, weighted by rarity, hashed into a fixed dimension.

Good enough to find words and their forms; a real program asks an embedding model instead.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable

DIMENSION = 384
_COMMON = """a an and are as at be by can do does for from had has have how i if in into is it its me my no not of on or
our so than that the their them then there they this to was we what when where which who why will with you your"""
_IGNORED = frozenset(re.findall(r"\w+", _COMMON))


class Embedder:
    """Turns text into unit vectors; the weights come from the corpus.

    Args:
        corpus: the texts that will be searched.
    """

    def __init__(self, corpus: Iterable[str]) -> None:
        texts = [_features(text).keys() for text in corpus]
        self._size = len(texts)
        self._seen_in = Counter(feature for features in texts for feature in features)

    def embed(self, text: str) -> list[float]:
        """A unit vector of `DIMENSION` numbers.

        Raises:
            ValueError: the text has no word to go by.
        """
        vector = [0.0] * DIMENSION
        for feature, weight in _features(text).items():
            rarity = math.log((1 + self._size) / (1 + self._seen_in[feature])) + 0.1
            digest = zlib.crc32(feature.encode())
            sign = 1.0 if digest & 1 else -1.0
            vector[(digest >> 1) % DIMENSION] += sign * (1 + math.log(weight)) * rarity * len(feature)
        norm = math.sqrt(math.fsum(x * x for x in vector))
        if not norm:
            raise ValueError("nothing to embed: the text has no words")
        return [x / norm for x in vector]


def _features(text: str) -> Counter[str]:
    words = [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _IGNORED]
    stems = [f"^{word}"[:5] for word in words if len(word) > 4]
    return Counter([f"{word}$" for word in words] + stems)
