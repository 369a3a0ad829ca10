"""What callers send besides documents: who they are, query parameters, bodies."""

import re
from typing import Final

from flask import g, request

from libs.web.idempotency import HEADER, BadIdempotencyKey, sent_key
from libs.web.json_bodies import read_json_object
from libs.web.params import BadParams, parse_pair_list
from libs.web.principal import Principal
from libs.web.strict_json import Json
from services.compute.ports.store import Key
from services.compute.usecases.viewers import Viewer, viewer_of

DIALECT: Final = "prominence"
MAX_BODY: Final = 16 * 1024 * 1024
MAX_IDS: Final = 1000
_MAX_PAIRS: Final = 1000
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_NO: Final = frozenset({"", "false", "0", "no", "none"})


class Query:
    """The query; a name may come several times, and unknown ones are passed over. All raise BadParams."""

    def __init__(self) -> None:
        self._pairs = parse_pair_list(request.query_string, "query", _MAX_PAIRS)

    def text(self, name: str) -> str | None:
        """The first of that name."""
        return next((value for key, value in self._pairs if key == name), None)

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def flag(self, name: str) -> bool:
        """Whether it is there and does not say no: clients write True, true and 1."""
        return (self.text(name) or "").lower() not in _NO

    def number(self, name: str, otherwise: int) -> int:
        text = self.text(name)
        if text is None:
            return otherwise
        if _NUMBER.fullmatch(text) is None:
            raise BadParams(name, f"{name} must be a whole number")
        return int(text)

    def ids(self) -> list[int]:
        """Of `id=1,2`; none when it is not there."""
        words = [word.strip() for word in (self.text("id") or "").split(",") if word.strip()]
        if len(words) > MAX_IDS:
            raise BadParams("id", f"there may be {MAX_IDS} ids at a time")
        if any(not word.isascii() or not word.isdigit() or len(word) > 18 for word in words):
            raise BadParams("id", "an id is a whole number")
        return [int(word) for word in dict.fromkeys(words)]


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def caller() -> Principal:
    principal: Principal = g.principal
    return principal


def viewer() -> Viewer:
    return viewer_of(caller())


def idempotency_key() -> Key | None:
    """Raises BadParams."""
    try:
        sent = sent_key(request, MAX_BODY)
    except BadIdempotencyKey:
        raise BadParams(HEADER, "An Idempotency-Key has 1 to 255 visible ASCII characters") from None
    if sent is None:
        return None
    return Key(owner=caller().subject, dialect=DIALECT, key=sent.key, fingerprint=sent.fingerprint)


def sent_document() -> dict[str, Json]:
    """Raises BadParams, TooLarge."""
    return read_json_object(request, MAX_BODY)
