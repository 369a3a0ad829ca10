"""Reads and writes metadata documents: strict JSON in, one canonical spelling out.

Numbers become numbers, unlike in request parameters, because a document is data. What a database, a
canonical spelling or a reader in another language could not carry is refused here, once.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from json.decoder import JSONDecodeError
from typing import Any, NoReturn

from services.catalogue.domain.errors import CatalogueError

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_PATH = 512

_WHITESPACE = " \t\n\r"
_STRINGS_AND_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


class UnreadableDocument(CatalogueError):
    """The bytes are not a document. `reason` is a sentence that quotes nothing of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_object(body: bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> dict[str, Any]:
    """A JSON object. Raises UnreadableDocument for everything else.

    Refused: over `limit` bytes, not UTF-8, broken, NaN or infinite numbers, doubled keys, NUL and lone
    surrogates, nesting deeper than MAX_DEPTH.
    """
    value = _parse(_decode(body, limit))
    if not isinstance(value, dict):
        raise UnreadableDocument("it is not a JSON object")
    _inspect(value)
    return value


def member_span(body: bytes, name: str) -> bytes | None:
    """The exact bytes of the top-level member `name` of a JSON object that parse_object accepts."""
    text = body.decode()
    place = _skip(text, 0) + 1  # past the brace
    while True:
        place = _skip(text, place)
        if text[place] == "}":
            return None
        key, place = _DECODER.raw_decode(text, place)
        start = _skip(text, _skip(text, place) + 1)  # past the colon
        _, place = _DECODER.raw_decode(text, start)
        if key == name:
            return text[start:place].encode()
        place = _skip(text, place)
        if text[place] == ",":
            place += 1


def serialise(document: Mapping[str, Any]) -> bytes:
    """The one spelling of a served document: key order kept, no spaces, UTF-8.

    Half characters, which only the name of a contract could bring in, become question marks.
    """
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(errors="replace")


def revision_of(body: bytes) -> str:
    """The entity tag of a served document, without quotes."""
    return hashlib.sha256(body).hexdigest()[:32]


def _skip(text: str, place: int) -> int:
    while text[place] in _WHITESPACE:
        place += 1
    return place


def _decode(body: bytes, limit: int) -> str:
    if len(body) > limit:
        raise UnreadableDocument(f"it is larger than {limit} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise UnreadableDocument("it is not UTF-8") from None


def _parse(text: str) -> Any:
    # Before parsing: the parser recurses, and a process may have a recursion limit beyond its stack.
    _check_nesting(text)
    try:
        return _DECODER.decode(text)
    except JSONDecodeError:
        raise UnreadableDocument("it is not valid JSON") from None
    except ValueError:  # an integer of thousands of digits
        raise UnreadableDocument("it has a number that is too long") from None


def _check_nesting(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRINGS_AND_BRACKETS.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise UnreadableDocument("it is nested too deeply")
        elif first in "]}":
            depth -= 1


def _inspect(document: dict[str, Any]) -> None:
    pending: list[tuple[Any, int]] = [(document, 0)]
    while pending:
        value, path_length = pending.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, list):
            pending.extend((member, path_length) for member in value)
        elif isinstance(value, dict):
            for key, member in value.items():
                _check_text(key)
                length = path_length + len(key) + 1
                if length > MAX_PATH:
                    raise UnreadableDocument("its keys are too long")
                pending.append((member, length))


def _check_text(text: str) -> None:
    if "\0" in text:
        raise UnreadableDocument("it contains NUL")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UnreadableDocument("it is not valid Unicode") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableDocument("it has the same key twice in one object")
    return members


def _no_constant(text: str) -> NoReturn:
    raise UnreadableDocument("it has a number that JSON does not know")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise UnreadableDocument("it has a number that is too large")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
