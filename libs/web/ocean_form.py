"""Parameters of the Ocean Provider's API: query over JSON over form, literal texts kept, and the field
messages of contract 0.4. A room reads all it needs through these checks and gets plain texts.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from flask import request

from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from libs.web.ocean_shapes import FieldErrors, RequestTooLarge
from libs.web.params import BadParams, Limits, NumberText, Params, TooLarge

MAX_TEXT_CHARS = 65_536  # a longer text in any field is a mistake; documents are read with their own limit
SMALL = Limits(body=256 * 1024)
_INTEGER = re.compile(r"\A[0-9]{1,18}\Z")
_NONCE = re.compile(r"\A[0-9]{1,30}(?:\.[0-9]{1,12})?\Z")  # contract section 4, rule 2
_JWT = re.compile(r"\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")

Check = Callable[[str, str], str | None]  # (field, text) -> message, or None when the text is fine


def read(limits: Limits = SMALL) -> Params:
    """Of the current request. Raises FieldErrors, RequestTooLarge."""
    try:
        return Params.of(request, limits)
    except TooLarge as error:
        raise RequestTooLarge(error.message) from error
    except BadParams as error:
        raise FieldErrors({error.field: [error.message]}) from error


def auth_token() -> str | None:
    """The AuthToken header, or its synonym `Authorization: <token>` (ocean.js 4.3.7 and later)."""
    token = request.headers.get("AuthToken")
    if token:
        return token
    synonym = request.headers.get("Authorization", "")
    return synonym if _JWT.match(synonym) else None


def text(params: Params, field: str, most_chars: int = MAX_TEXT_CHARS) -> str | None:
    """The literal text, None when absent or empty. Raises FieldErrors for lists, objects, huge texts."""
    try:
        found = params.text(field)
    except BadParams as error:
        raise FieldErrors({error.field: [error.message]}) from error
    if found is not None and len(found) > most_chars:
        raise FieldErrors({field: [f"The {field} is too long."]})
    return found or None


def plain(value: Any) -> Any:
    """The same JSON value with numbers in place of their texts, which parameters keep for signatures."""
    if isinstance(value, NumberText):
        return _number(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _number(value: NumberText) -> int | float | str:
    """The text itself when Python has no such number: too many digits, or beyond the largest one."""
    try:
        found: int | float = json.loads(value)
    except ValueError:
        return str(value)
    return found if isinstance(found, int) or math.isfinite(found) else str(value)


def required(field: str) -> str:
    return f"The {field} field is required."


def is_integer(field: str, value: str) -> str | None:
    return None if _INTEGER.match(value) else f"The {field} must be an integer."


def is_nonce(field: str, value: str) -> str | None:
    return None if _NONCE.match(value) else f"The {field} must be a number."


def is_address(field: str, value: str) -> str | None:
    try:
        checksum(value)
    except MalformedAddress:
        return f"The {field} must be a valid address."
    return None


def any_text(field: str, value: str) -> str | None:
    return None


class Form:
    """Collects what is wrong; with `bail` the first wrong field ends it (contract 0.4)."""

    def __init__(self, params: Params, *, bail: bool = False, most_chars: int = MAX_TEXT_CHARS) -> None:
        self.params = params
        self._most_chars = most_chars
        self._bail = bail
        self._messages: dict[str, str | list[str]] = {}

    def need(self, field: str, check: Check = any_text) -> str:
        """A required field; an empty text stands in until `done` raises."""
        value = self._text(field)
        if value is None:
            if field not in self._messages:
                self.refuse(field, required(field))
            return ""
        self._apply(field, value, check)
        return value

    def take(self, field: str, check: Check = any_text) -> str | None:
        """An optional field; empty counts as absent."""
        value = self._text(field)
        if value is not None:
            self._apply(field, value, check)
        return value

    def refuse(self, field: str, message: str) -> None:
        self._messages[field] = [message]
        if self._bail:
            self.done()

    def done(self) -> None:
        """Raises FieldErrors if anything was refused."""
        if self._messages:
            raise FieldErrors(self._messages)

    def _text(self, field: str) -> str | None:
        try:
            return text(self.params, field, self._most_chars)
        except FieldErrors as error:
            self._messages |= error.messages
            if self._bail:
                raise
            return None

    def _apply(self, field: str, value: str, check: Check) -> None:
        message = check(field, value)
        if message is not None:
            self.refuse(field, message)
