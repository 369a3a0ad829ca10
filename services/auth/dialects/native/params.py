"""Parameters of this room: members of a JSON object, and a few of the query. Unknown ones are refused."""

from collections.abc import Mapping
from typing import Any, Final

from flask import request

from libs.web.params import BadParams, Limits, Params

_LIMITS: Final = Limits(body=64 * 1024)
_MOST: Final = 200
_USUAL: Final = 50
_KINDS: Final[Mapping[Any, str]] = {str: "a text", bool: "true or false", list: "a list of texts"}


class Body:
    """The JSON object that was sent, whose members must be among `known`. Raises BadParams."""

    def __init__(self, *known: str) -> None:
        self._sent = Params.of_json(request, _LIMITS)
        _refuse_unknown(self._sent, known)

    def text(self, name: str) -> str | None:
        """None when absent or null."""
        value = self._take(name, str)
        return None if value is None else str(value)

    def need(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise BadParams(name, f"The {name} field is required.")
        return value

    def flag(self, name: str) -> bool | None:
        value = self._take(name, bool)
        return None if value is None else bool(value)

    def texts(self, name: str) -> list[str]:
        value = self._take(name, list)
        if value is None:
            raise BadParams(name, f"The {name} field is required.")
        if not all(type(item) is str for item in value):
            raise BadParams(name, f"The {name} field must be a list of texts.")
        return list(value)

    def has(self, name: str) -> bool:
        """Sent, be it as null."""
        return name in self._sent

    def _take(self, name: str, kind: type) -> Any:
        value = self._sent.value(name)
        if value is not None and type(value) is not kind:
            raise BadParams(name, f"The {name} field must be {_KINDS[kind]}.")
        return value


class Query:
    def __init__(self, *known: str) -> None:
        self._sent = Params.of_query(request)
        _refuse_unknown(self._sent, known)

    def text(self, name: str) -> str | None:
        return self._sent.text(name)

    def number(self, name: str) -> int | None:
        text = self._sent.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise BadParams(name, f"The {name} field must be a whole number.")
        return int(text)

    def limit(self) -> int:
        """How many entries a page has."""
        found = self.number("limit")
        if found is not None and not 1 <= found <= _MOST:
            raise BadParams("limit", f"The limit field must be between 1 and {_MOST}.")
        return _USUAL if found is None else found


def _refuse_unknown(sent: Params, known: tuple[str, ...]) -> None:
    unknown = sorted(name for name in sent if name not in known)
    if unknown:
        listed = ", ".join(known) or "none"
        raise BadParams(unknown[0][:64], f"There is no such field here. Known: {listed}.")
