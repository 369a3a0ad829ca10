"""Ranges of versions as npm writes them: `^1.0`, `~0.28.0`, `>=1 <2`, `1.x`, `1.0 - 2.0`, `1 || 2`."""

import re
from typing import Final

Version = tuple[int, int, int]
_PART: Final = r"(?:0|[1-9][0-9]{0,8}|[xX*])"
_VERSION: Final = re.compile(rf"[v=]?({_PART})?(?:\.({_PART}))?(?:\.({_PART}))?(?:[-+][0-9A-Za-z.+-]*)?")
_COMPARED: Final = re.compile(r"(>=|<=|>|<|\^|~>?|=)?\s*(\S*)")
_HYPHEN: Final = re.compile(r"(\S+)\s+-\s+(\S+)")
_JOINED: Final = re.compile(r"(>=|<=|>|<|\^|~>?|=)\s+")
MOST_CHARS: Final = 256
_ENDLESS: Final = 10**10


def satisfies(version: str, wanted: str) -> bool:
    """False too for what is no range."""
    if len(wanted) > MOST_CHARS:
        return False
    ours = tuple(map(int, version.split(".")))
    try:
        return any(_all(ours, part.strip()) for part in wanted.split("||"))
    except ValueError:
        return False


def _all(ours: tuple[int, ...], part: str) -> bool:
    hyphen = _HYPHEN.fullmatch(part)
    if hyphen is not None:
        return _bounds(hyphen[1])[0] <= ours < _bounds(hyphen[2])[1]
    words = _JOINED.sub(r"\1", part).split() or ["*"]
    return all([_fits(ours, word) for word in words])  # all are read: one that is none is found


def _fits(ours: tuple[int, ...], word: str) -> bool:
    match = _COMPARED.fullmatch(word)
    if match is None:
        raise ValueError
    sign, (low, high) = match[1] or "", _bounds(match[2])
    if sign == ">":
        return ours >= high
    if sign == ">=":
        return ours >= low
    if sign == "<":
        return ours < low
    if sign == "<=":
        return ours < high
    if sign == "^":
        high = _caret(low, high)
    elif sign.startswith("~"):
        high = max(high, (low[0], low[1] + 1, 0))
    return low <= ours < high


def _caret(low: Version, high: Version) -> Version:
    """The first part that is not 0 stays."""
    if low[0]:
        return max(high, (low[0] + 1, 0, 0))
    return max(high, (0, low[1] + 1, 0) if low[1] else (0, 0, low[2] + 1))


def _bounds(text: str) -> tuple[Version, Version]:
    """The least that it names and the least that is above. Raises ValueError."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError
    parts: list[int] = []
    for part in match.groups():
        if part is None or part in "xX*":
            break
        parts.append(int(part))
    if not parts:
        return (0, 0, 0), (_ENDLESS, 0, 0)
    low = tuple([*parts, 0, 0][:3])
    above = tuple([*parts[:-1], parts[-1] + 1, 0, 0][:3])
    return (low[0], low[1], low[2]), (above[0], above[1], above[2])
