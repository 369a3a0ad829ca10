"""A document as the search index sees it: its leaves by path, and the words in them with their weights.

The rules are those of a dynamically mapped index (contract 2.2): arrays flatten, strings are words plus
one exact value of at most 256 characters, numbers and booleans are values that are also one word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.catalogue.domain.text import occurrences

MAX_EXACT = 256
MAX_LEAVES = 4000
MAX_OCCURRENCES = 20_000
POSITION_GAP = 100  # between the values of an array, so that no phrase spans two of them
# Encrypted or opaque: nobody searches for words in them.
OPAQUE = frozenset({"services.files", "@context"})

_K1 = 1.2
_B = 0.75
_TYPICAL_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Leaf:
    """`text`: the exact value of a string; `number`: of a number. Booleans and long texts have neither."""

    path: str
    ordinal: int
    text: str | None
    number: float | None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The weights of all occurrences of a word at a path add up to its saturated term frequency (BM25)."""

    path: str
    word: str
    position: int
    weight: float


def leaves(document: Mapping[str, Any]) -> list[Leaf]:
    return [leaf for leaf, _ in _indexed(document)]


def word_occurrences(document: Mapping[str, Any]) -> list[Occurrence]:
    placed: dict[str, list[tuple[int, str]]] = {}
    budget = MAX_OCCURRENCES
    for leaf, value in _indexed(document):
        if leaf.path in OPAQUE or budget <= 0:
            continue
        path_words = placed.setdefault(leaf.path, [])
        start = path_words[-1][0] + POSITION_GAP if path_words else 0
        for position, word in occurrences(value_text(value)):
            path_words.append((start + position, word))
            budget -= 1
            if budget <= 0:
                break
    return [found for path, path_words in placed.items() for found in _weighed(path, path_words)]


def value_text(value: str | float | bool) -> str:
    """The one spelling of a value: `true`, `5`, `1.5`, or the text itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _weighed(path: str, path_words: list[tuple[int, str]]) -> Iterator[Occurrence]:
    norm = _K1 * (1 - _B + _B * len(path_words) / _TYPICAL_LENGTH)
    seen: dict[str, int] = {}
    for position, word in path_words:
        times = seen.get(word, 0) + 1
        seen[word] = times
        weight = _saturated(times, norm) - _saturated(times - 1, norm)
        yield Occurrence(path, word, position, round(weight, 6))


def _saturated(times: int, norm: float) -> float:
    return times * (_K1 + 1) / (times + norm)


def _indexed(document: Mapping[str, Any]) -> Iterator[tuple[Leaf, str | float | bool]]:
    ordinals: dict[str, int] = {}
    for count, (path, value) in enumerate(_walk(document)):
        if count >= MAX_LEAVES:
            return
        ordinal = ordinals.get(path, 0)
        ordinals[path] = ordinal + 1
        text = value if isinstance(value, str) and _is_exact(value) else None
        number = None if isinstance(value, str | bool) else _number(value)
        yield Leaf(path, ordinal, text, number), value


def _is_exact(text: str) -> bool:
    """Short enough, and without what a database cannot carry (names of contracts may hold anything)."""
    if len(text) > MAX_EXACT or "\0" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _number(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _walk(document: Mapping[str, Any]) -> Iterator[tuple[str, str | float | bool]]:
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, Mapping):
            prefix = f"{path}." if path else ""
            pending.extend((prefix + key, member) for key, member in reversed(list(value.items())))
        elif isinstance(value, list | tuple):
            pending.extend((path, member) for member in reversed(value))
        elif value is not None:
            yield path, value
