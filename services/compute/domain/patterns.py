"""Which files an output keeps: `*` and `?` stay within one part of a path, `**` crosses them. Pure.

Patterns are strangers': matching takes time in proportion to pattern and path, whatever both are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_ANY = "**"
_Letter = Callable[[str], bool]


def matches(pattern: str, path: str) -> bool:
    """`**/` also stands for no folder at all, a last `**` for one part or more; a `[` without its end is a
    plain character.
    """
    parts = _parsed(pattern)
    return len(parts) in _reached(parts, path)


def leads_on(pattern: str, folder: str) -> bool:
    """Whether something below the folder of this path may match."""
    parts = _parsed(pattern)
    return any(place < len(parts) for place in _reached(parts, folder))


def _reached(parts: tuple["_Part | None", ...], path: str) -> set[int]:
    """How many parts of the pattern the path may have used up, each way to read it counted."""
    at = _opened({0}, parts)
    for name in path.split("/"):
        reached = set()
        for place in at:
            if place == len(parts):
                continue
            part = parts[place]
            if part is None:
                reached.add(place)
                if place == len(parts) - 1:
                    reached.add(place + 1)
            elif part.matches(name):
                reached.add(place + 1)
        at = _opened(reached, parts)
    return at


@dataclass(frozen=True, slots=True)
class _Part:
    """Letters in order; None among them is a `*`."""

    letters: tuple[_Letter | None, ...]

    def matches(self, name: str) -> bool:
        """The last star alone is ever tried again: no choice before it can matter."""
        at = here = 0
        star, star_here = -1, 0
        while here < len(name):
            letter = self.letters[at] if at < len(self.letters) else _never
            if letter is None:
                star, star_here = at, here
                at += 1
            elif letter(name[here]):
                at, here = at + 1, here + 1
            elif star >= 0:
                star_here += 1
                at, here = star + 1, star_here
            else:
                return False
        return all(letter is None for letter in self.letters[at:])


def _opened(places: set[int], parts: tuple[_Part | None, ...]) -> set[int]:
    """With the places behind each `**` that may stand for nothing."""
    found = set(places)
    for place in range(len(parts) - 1):
        if place in found and parts[place] is None:
            found.add(place + 1)
    return found


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> tuple[_Part | None, ...]:
    """None is a `**`."""
    return tuple(None if part == _ANY else _Part(tuple(_letters(part))) for part in pattern.split("/"))


def _letters(part: str) -> list[_Letter | None]:
    found: list[_Letter | None] = []
    at = 0
    while at < len(part):
        letter, end = part[at], part.find("]", at + 2)
        at += 1
        if letter == "*":
            found.append(None)
        elif letter == "?":
            found.append(_always)
        elif letter == "[" and end != -1:
            found.append(_choice(part[at:end]))
            at = end + 1
        else:
            found.append(letter.__eq__)
    return found


def _choice(inside: str) -> _Letter:
    is_negated = inside[0] in "!^" and len(inside) > 1
    text = inside[1:] if is_negated else inside
    singles, ranges, at = set(), [], 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            ranges.append((text[at], text[at + 2]))
            at += 3
        else:
            singles.add(text[at])
            at += 1

    def chosen(letter: str) -> bool:
        return (letter in singles or any(low <= letter <= high for low, high in ranges)) is not is_negated

    return chosen


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False
