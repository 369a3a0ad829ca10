"""What goes through the exchange folder of an instance that works off slices, line by line. Pure.

    in/<seq>.jsonl    [number,data]                                     a line for each slice, whole at once
    out/<seq>.jsonl   {"begin":number}                                  it takes a while
                      {"n":number,"v":value}  or  {"n":number,"e":{"code","name","message","stack"}}
                      {"end":true}                                      nothing more comes of this batch

A result has besides, where it is worth saying: "c" seconds of processor time, "t" tries, "o" what JSON could
not hold, "l" a list of [level, text, when]. What comes out was written by whoever owns the function: it is
taken for nothing but text, and what is not of these shapes is nothing.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.compute.domain.slices import Piece, SliceLine, SliceResult, SliceState

MOST_LINE: Final = 32 << 20  # bytes of one line
MOST_STACK: Final = 16384  # characters, as of all that one slice says
MOST_MESSAGE: Final = 4096
MOST_NAME: Final = 256
MOST_TRIES: Final = 1000
MOST_CPU: Final = 1e8  # seconds
_LATEST: Final = 253_402_300_799.0  # the last second of the year 9999
CODES: Final = frozenset(
    {
        "EUNCAUGHT",
        "EWORKREJECT",
        "ESLICETOOSLOW",
        "EMEMORY",
        "EWORKERLOST",
        "ENOSLICEHANDLER",
        "EUNSERIALIZABLE",
        "ENOMODULE",
    }
)
NOTES: Final = frozenset({"NaN", "Infinity", "-Infinity"})
LEVELS: Final = frozenset({"log", "info", "warn", "error", "debug"})


@dataclass(frozen=True, slots=True)
class Begun:
    """This slice is at work."""

    number: int


@dataclass(frozen=True, slots=True)
class Over:
    result: SliceResult
    lines: Sequence[SliceLine]


@dataclass(frozen=True, slots=True)
class End:
    """Of a batch."""


Told = Begun | Over | End


def batch_of(pieces: Sequence[Piece]) -> bytes:
    """The file of a batch."""
    return "".join(f"[{piece.number},{_in_one_line(piece.data)}]\n" for piece in pieces).encode()


def told(line: bytes) -> Told | None:
    """What a line says; None for one that says nothing."""
    try:
        document = json.loads(line, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):  # of UnicodeDecodeError too
        return None
    if not isinstance(document, dict):
        return None
    if document.get("end") is True:
        return End()
    if "begin" in document:
        return Begun(document["begin"]) if _is_number(document["begin"]) else None
    return _over(document)


def failure(number: int, code: str, message: str, tries: int = 1) -> SliceResult:
    """Of a slice that failed without a word of its function."""
    body = {"code": code, "name": "Error", "message": message[:MOST_MESSAGE], "stack": ""}
    return SliceResult(number=number, state=SliceState.FAILED, body=json.dumps(body), tries=tries)


def _over(document: Mapping[str, Any]) -> Over | None:
    number, error = document.get("n"), document.get("e")
    if not isinstance(number, int) or not _is_number(number) or ("v" in document) == ("e" in document):
        return None
    if "v" in document:
        state, value = SliceState.DONE, document["v"]
    elif isinstance(error, dict):
        state, value = SliceState.FAILED, _error(error)
    else:
        return None
    try:
        body = _dumped(value)
    except (ValueError, RecursionError):
        return None
    note = document.get("o")
    result = SliceResult(
        number=number,
        state=state,
        body=body,
        note=note if isinstance(note, str) and note in NOTES else "",
        cpu_seconds=_between(document.get("c"), 0.0, MOST_CPU),
        tries=int(_between(document.get("t"), 1.0, float(MOST_TRIES))),
    )
    return Over(result, _lines(number, document.get("l")))


def _error(given: Mapping[str, Any]) -> dict[str, str]:
    code = given.get("code")
    return {
        "code": code if isinstance(code, str) and code in CODES else "EUNCAUGHT",
        "name": _text(given.get("name"), MOST_NAME),
        "message": _text(given.get("message"), MOST_MESSAGE),
        "stack": _text(given.get("stack"), MOST_STACK),
    }


def _lines(number: int, given: Any) -> list[SliceLine]:
    """Those that are lines, up to what a slice may say."""
    found: list[SliceLine] = []
    left = MOST_STACK
    for each in given if isinstance(given, list) else ():
        if left <= 0:
            break
        if not isinstance(each, list) or len(each) != 3 or not isinstance(each[1], str):
            continue
        text = _text(each[1], left)
        left -= len(text) + 1
        level = each[0] if isinstance(each[0], str) and each[0] in LEVELS else "log"
        found.append(SliceLine(number=number, level=level, text=text, at=_between(each[2], 0.0, _LATEST)))
    return found


def _text(given: Any, most: int) -> str:
    """What every store can keep: no NUL, no half of a character."""
    if not isinstance(given, str):
        return ""
    return given[:most].replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")


def _between(given: Any, least: float, most: float) -> float:
    if not isinstance(given, (int, float)) or isinstance(given, bool):
        return least
    return max(least, min(most, given))


def _is_number(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 1 <= given < 1 << 53


def _in_one_line(data: str) -> str:
    if "\n" not in data and "\r" not in data:
        return data
    return _dumped(json.loads(data))


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("too large")
    return value


def _refuse(_: str) -> float:
    raise ValueError("no JSON")
