"""Request parameters as one mapping: query over JSON over form, each value as the literal text received.

Works for every method, GET and DELETE with a body included (Ocean Provider contract 0.2 and 3.2).
Knows nothing of any dialect: it says which field is wrong and why, the room says it in its own shape.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

from libs.web.strict_json import (
    BadParams,
    Json,
    NumberText,
    TooLarge,
    check_text,
    parse_json,
    shown,
    to_json,
)

__all__ = [
    "BadParams",
    "Json",
    "Limits",
    "NumberText",
    "Params",
    "TooLarge",
    "parse_json",
    "parse_pairs",
    "to_json",
]

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes; a room that takes documents raises `body`."""

    query: int = 16 * 1024
    body: int = 1024 * 1024
    pairs: int = 200
    depth: int = 32


DEFAULT_LIMITS = Limits()


class Params(Mapping[str, Json]):
    """The merged parameters of one request. Iterates over top-level names."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def of(cls, request: Request, limits: Limits = DEFAULT_LIMITS) -> "Params":
        """Query over JSON over form. Raises BadParams (TooLarge for size limits)."""
        query = cls.of_query(request, limits)
        return query.over_body(read_body(request, limits.body), request.mimetype, limits)

    @classmethod
    def of_query(cls, request: Request, limits: Limits = DEFAULT_LIMITS) -> "Params":
        """The query alone, for routes whose body is not parameters. Raises BadParams."""
        raw = request.query_string
        return cls(parse_pairs(raw, "query", limits) if raw else {})

    @classmethod
    def of_json(cls, request: Request, limits: Limits = DEFAULT_LIMITS) -> "Params":
        """The JSON body alone, whatever its content type says. Raises BadParams."""
        body = read_body(request, limits.body)
        return cls(_object(body, limits) if body else {})

    def over_body(self, body: bytes, media_type: str, limits: Limits = DEFAULT_LIMITS) -> "Params":
        """These over those of a body, which are read as JSON or as a form. Raises BadParams."""
        return Params({**_body_values(body, media_type, limits), **self._values}) if body else self

    def value(self, name: str) -> Json:
        """What was sent under `name`, None when absent. `dataset.documentId` looks inside JSON objects."""
        if "." not in name:
            return self._values.get(name)
        found: Any = self._values
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found  # type: ignore[no-any-return]

    def text(self, name: str) -> str | None:
        """The literal text of a string, number or boolean; None when absent or null.

        Raises BadParams for a list or object: no message can be signed over those.
        """
        value = self.value(name)
        if value is None or type(value) is str:
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        raise BadParams(name, f"The {name} field must be a text or a number.")

    def has(self, name: str) -> bool:
        """Whether `name` carries something: an absent, null or empty value does not count."""
        return self.value(name) not in (None, "")

    def missing(self, names: Collection[str]) -> list[str]:
        """Those of `names` that carry nothing, in order."""
        return [name for name in names if not self.has(name)]

    def __getitem__(self, name: str) -> Json:
        return self._values[name]  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def parse_pairs(raw: bytes, where: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, str]:
    """`a=1&b=2` as a dict; empty pairs are ignored. Raises BadParams for doubled names and bad text."""
    if len(raw) > limits.query and where == "query":
        raise TooLarge(where, f"The {where} is longer than {limits.query} bytes.")
    values: dict[str, str] = {}
    for name, value in parse_pair_list(raw, where, limits.pairs):
        if name in values:
            field = shown(name, where)
            raise BadParams(field, f"The {field} field is given more than once.")
        values[name] = value
    return values


def parse_pair_list(raw: bytes, where: str, most: int) -> list[tuple[str, str]]:
    """The same in order, names as often as they come. Raises BadParams, TooLarge."""
    if raw.count(b"&") >= most:
        raise TooLarge(where, f"The {where} has more than {most} parameters.")
    pairs: list[tuple[str, str]] = []
    for pair in raw.split(b"&"):
        key, _, value = pair.partition(b"=")
        if not key:
            continue
        name = _unquoted(key, where)
        pairs.append((name, _unquoted(value, shown(name, where))))
    return pairs


def _unquoted(raw: bytes, field: str) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadParams(field, f"The {field} field is not valid UTF-8.") from None
    check_text(text, field)
    return text


def read_body(request: Request, most_bytes: int) -> bytes:
    """The whole body, with or without a declared length. Raises TooLarge, BadParams when it ended early.

    Werkzeug's own limit cuts a body without a length silently, so one byte more is asked for and looked at.
    """
    length = request.content_length
    if length == 0 or (length is None and "HTTP_TRANSFER_ENCODING" not in request.environ):
        return b""
    if length is None or length <= most_bytes:
        request.max_content_length = most_bytes + 1
        try:
            body = request.get_data(cache=True, parse_form_data=False)
        except RequestEntityTooLarge:
            body = None
        except ClientDisconnected:
            raise BadParams("body", "The body ended early.") from None
        if body is not None and len(body) <= most_bytes:
            return body
    raise TooLarge("body", f"The body is larger than {most_bytes} bytes.")


def _body_values(body: bytes, media_type: str, limits: Limits) -> dict[str, Any]:
    # curl -d sends JSON as a form unless told otherwise, so a body that starts like JSON is read as JSON.
    start = body.lstrip()[:1]
    if not start:
        return {}
    if start == b"{" or media_type == "application/json" or media_type.endswith("+json"):
        return _object(body, limits)
    if media_type == FORM:
        return dict(parse_pairs(body, "body", limits))
    raise BadParams("body", "The body must be JSON or a URL-encoded form.")


def _object(body: bytes, limits: Limits) -> dict[str, Any]:
    value = parse_json(body, "body", max_depth=limits.depth)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadParams("body", "The body must be a JSON object.")
    return value
