"""How values are written on the pages."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from services.auth.domain.scopes import MEANINGS

MOST_NAME_CHARS = 40
_ADDRESS = re.compile("0x[0-9A-Fa-f]{40}")
_CHOICES = {
    "vo:": "Act in the organisation {}",
    "group:": "Act in your group {}",
    "property:": "Use the right {}",
    "setup:": "Use the setup {}",
}


def brief(text: str) -> str:
    """Short enough for one line; the middle of an address goes."""
    if _ADDRESS.fullmatch(text):
        return f"{text[:8]}…{text[-6:]}"
    return text if len(text) <= MOST_NAME_CHARS else text[: MOST_NAME_CHARS - 1] + "…"


def day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %B %Y")


def asked(scopes: Iterable[str]) -> list[str]:
    """What scopes let an application do, in words; one that we have no words for is shown as it is."""
    return [_words(scope) for scope in scopes]


def _words(scope: str) -> str:
    for prefix, words in _CHOICES.items():
        if scope.startswith(prefix):
            return words.format(scope.removeprefix(prefix))
    return MEANINGS.get(scope, scope)
