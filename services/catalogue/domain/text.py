"""Words of a text, for the index and for queries alike: lower-case, split as UAX 29 does for our purposes.

`file.csv`, `o'neil`, `1.5` and `snake_case` are one word; ideographs stand alone; a DID is one word, and
its hash is findable on its own. Knows nothing of queries or storage.
"""

import re
from collections.abc import Iterator

MAX_WORD = 255  # longer runs are cut into pieces of this length

_WORD = re.compile(
    r"did:op:[0-9a-f]{64}"
    r"|\w+(?:(?:(?<=\d)[.,](?=\d)|(?<=[^\W\d])[.'’:](?=[^\W\d]))\w+)*"
)
_IDEOGRAPHS = re.compile(r"[぀-ヿ㐀-䶿一-鿿豈-﫿]|[^぀-ヿ㐀-䶿一-鿿豈-﫿]+")
_DID_PREFIX = "did:op:"


def words(text: str) -> list[str]:
    """Words in order, as a query means them."""
    return [word for found in _WORD.findall(text.lower()) for word in _pieces(found)]


def occurrences(text: str) -> Iterator[tuple[int, str]]:
    """(position, word) as the index keeps them: a DID's bare hash stands at the place of the DID."""
    for position, word in enumerate(words(text)):
        yield position, word
        if word.startswith(_DID_PREFIX):
            yield position, word[len(_DID_PREFIX) :]


def _pieces(word: str) -> Iterator[str]:
    parts = [word] if word.isascii() else _IDEOGRAPHS.findall(word)
    for part in parts:
        for start in range(0, len(part), MAX_WORD):
            yield part[start : start + MAX_WORD]
