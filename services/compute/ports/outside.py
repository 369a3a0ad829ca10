"""Files and receivers beyond our walls, behind the guard: no private addresses, no endless bodies."""

from collections.abc import Iterator, Mapping
from typing import Protocol


class OutsideUnavailable(Exception):
    """It cannot be had now; the sentence names no credentials and no query."""


class OutsideRefused(Exception):
    """It will not be had: an address that is not allowed, a URL that is none, a 4xx answer."""


class Outside(Protocol):
    def open(self, url: str) -> Iterator[bytes]:
        """The body, in pieces as they come; nothing is held. Raises OutsideRefused, OutsideUnavailable."""

    def read(self, url: str, most_bytes: int, seconds: float) -> tuple[str, bytes]:
        """Its media type (empty: it has none) and all of the body. Raises OutsideRefused (also for a body
        that is larger), OutsideUnavailable (also when time is up).
        """

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status; redirects are not followed. Raises OutsideRefused, OutsideUnavailable."""
