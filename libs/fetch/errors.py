"""What can go wrong with an outbound fetch; no text ever carries the URL, a header or a body.

FetchError
├── UrlRefused          the guard says no: never try again
├── RequestRefused      the request itself cannot be put on the wire (header text, method)
├── TooManyRedirects
├── NameNotResolved     retryable
├── ConnectFailed       retryable: refused, unreachable, TLS handshake or certificate
├── FetchTimedOut       retryable: connect, head or idle body
├── BadResponse         the origin does not speak HTTP/1.x as it should, or its head is too large
└── TruncatedBody       the body ended before its own length said so
"""

from typing import ClassVar


class FetchError(Exception):
    """Root of every failed fetch."""

    retryable: ClassVar[bool] = False

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UrlRefused(FetchError):
    """The guard does not let us talk to this URL."""


class RequestRefused(FetchError):
    """A header, method or body that cannot be sent as it is."""


class TooManyRedirects(FetchError):
    """The origin sends us around in circles."""


class NameNotResolved(FetchError):
    """DNS has no usable answer right now."""

    retryable = True


class ConnectFailed(FetchError):
    """None of the resolved addresses could be connected to."""

    retryable = True


class FetchTimedOut(FetchError):
    """The origin was too slow in connecting, in its head, or between two pieces of its body."""

    retryable = True


class BadResponse(FetchError):
    """What came back is not a well-formed HTTP/1.x response within our limits."""


class TruncatedBody(FetchError):
    """The connection ended in the middle of the body."""
