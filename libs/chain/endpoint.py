"""One RPC URL: a pool of kept-alive connections, bounded answers, and how much it is trusted right now.

Knows HTTP and nothing of JSON-RPC methods. No error or log line of ours names the URL.
"""

import json
import os
import weakref
from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from libs.chain.errors import AnswerTooLarge, BadChainSettings, ChainError, RpcTimeout, RpcUnavailable
from libs.http1.errors import AnswerTooBig, HttpFailure

_FIRST_COOL_DOWN_SECONDS = 0.25
_LONGEST_COOL_DOWN_SECONDS = 15.0
_TRUST_SECONDS = 60.0
_LAG_SECONDS = 2.0

_alive: "weakref.WeakSet[Endpoint]" = weakref.WeakSet()


class Transport(Protocol):
    """What http.Poster does; tests put a script in its place."""

    def post(self, body: bytes, timeout_seconds: float) -> bytes: ...


Connect = Callable[[str, int], Transport]


class Endpoint:
    """Thread-safe. A failed endpoint cools down; while it does, one thread at a time may try it."""

    def __init__(self, url: str, position: int, max_answer_bytes: int, connect: Connect) -> None:
        self.position = position
        self.label = f"node {position + 1}"
        self._max_answer_bytes = max_answer_bytes
        try:
            self._poster = connect(url, max_answer_bytes)
        except ValueError:
            raise BadChainSettings(f"RPC URL number {position + 1} is not an http(s) URL") from None
        self._reset()
        _alive.add(self)

    def _reset(self) -> None:
        self._probe = Lock()
        self._cool_until = 0.0
        self._cool_seconds = 0.0
        self._behind_until = 0.0
        self._trusted_until = 0.0

    def __repr__(self) -> str:
        return f"<{self.label}>"

    # -- health ---------------------------------------------------------------------------------

    def rank(self, now: float) -> tuple[bool, bool, int]:
        """Sort key: healthy before cooling, current before lagging, then the configured order."""
        return (now < self._cool_until, now < self._behind_until, self.position)

    def is_cooling(self, now: float) -> bool:
        return now < self._cool_until

    def begin_probe(self) -> bool:
        """While cooling one thread at a time may try, so that a dead node does not hold them all."""
        return self._probe.acquire(blocking=False)

    def end_probe(self) -> None:
        self._probe.release()

    def failed(self, now: float) -> None:
        self._cool_seconds = min(
            max(self._cool_seconds * 2, _FIRST_COOL_DOWN_SECONDS), _LONGEST_COOL_DOWN_SECONDS
        )
        self._cool_until = now + self._cool_seconds
        self._trusted_until = 0.0  # what comes back may be another node: ask its chain id again

    def answered(self) -> None:
        if self._cool_seconds:
            self._cool_seconds = self._cool_until = 0.0

    def lags(self, now: float) -> None:
        self._behind_until = now + _LAG_SECONDS

    def is_trusted(self, now: float) -> bool:
        return now < self._trusted_until

    def trust(self, now: float) -> None:
        self._trusted_until = now + _TRUST_SECONDS

    # -- exchange -------------------------------------------------------------------------------

    def post(self, body: bytes, timeout_seconds: float) -> Any:
        """The parsed JSON answer. Raises RpcTimeout, RpcUnavailable, AnswerTooLarge."""
        failure: ChainError
        try:
            return json.loads(self._poster.post(body, timeout_seconds))
        except AnswerTooBig:
            failure = AnswerTooLarge(self._max_answer_bytes)
        except TimeoutError:
            failure = RpcTimeout(f"{self.label} did not answer in time")
        except HttpFailure as error:
            failure = RpcUnavailable(f"{self.label}: {error}")
        except OSError as error:  # its kind only: its text may name the host
            failure = RpcUnavailable(f"{self.label} cannot be reached ({type(error).__name__})")
        except (ValueError, RecursionError):
            failure = RpcUnavailable(f"{self.label} did not answer with JSON")
        raise failure  # outside the handlers: a chained system error may name the host


def _forked() -> None:
    """Locks must not be shared with the parent process; the sockets see to themselves."""
    for endpoint in list(_alive):
        endpoint._reset()


os.register_at_fork(after_in_child=_forked)
