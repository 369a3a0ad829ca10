"""The id that ties a request's log lines together across services. Knows nothing of Flask."""

import random
import re
from contextvars import ContextVar

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request being served on this thread, or an empty text."""
    return _current.get()


def bind(request_id: str) -> None:
    """Make `request_id` the current one; workers without a request may bind their own."""
    _current.set(request_id)


def clear() -> None:
    _current.set("")


def accepted(offered: str | None) -> str:
    """The offered id when it is well formed, else a new one of 32 hex digits."""
    if offered and _ACCEPTED.fullmatch(offered):
        return offered
    return f"{random.getrandbits(128):032x}"
