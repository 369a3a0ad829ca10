"""Principals as a service asks auth for them: resolved once, then trusted while their stamp stands.

A request that brings a known credential costs one small read at auth, however expensive the credential was to
check; a revoked one is refused by the very next request (docs/decisions/0013). No answer is never a yes.
"""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from libs.web.credentials import Caller, Credential
from libs.web.gate import Refused, TooManyTries
from libs.web.http import PeerUnavailable, Reply
from libs.web.internal_client import InternalClient
from libs.web.principal import Principal, principal_of

MOST_REMEMBERED: Final = 10_000
RESOLVE: Final = "/internal/principals"
STAMPS: Final = "/internal/stamps/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whose a credential is; holds until `remember_until` (UTC seconds) while `stamp(buckets) == values`.

    `bound_to` is the thumbprint of the certificate that must come with it.
    """

    principal: Principal
    buckets: str
    values: str
    remember_until: float
    bound_to: str | None = None


class Resolving(Protocol):
    """Auth, asked over HTTP or in its own process. Both raise PeerUnavailable."""

    def resolve(self, credential: Credential, caller: Caller) -> Answer:
        """Raises Refused, TooManyTries."""

    def stamp(self, buckets: str) -> str: ...


class RememberedPrincipals:
    """A PrincipalSource; one per worker, safe for its threads.

    Only credentials that count are remembered, under a keyed hash: neither the memory of a process nor a dump
    of it holds them.
    """

    def __init__(
        self, auth: Resolving, *, now: Callable[[], float] = time.time, most: int = MOST_REMEMBERED
    ) -> None:
        self._auth = auth
        self._now = now
        self._most = most
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Answer] = OrderedDict()

    def principal(self, credential: Credential, caller: Caller) -> Principal:
        """Raises Refused, TooManyTries, PeerUnavailable."""
        name = self._name(credential)
        answer = self._known.get(name)
        if answer is None or not self._holds(answer):
            answer = self._auth.resolve(credential, caller)
            self._remember(name, answer)
        if answer.bound_to is not None and not _same(answer.bound_to, caller.thumbprint):
            raise Refused("The access token is bound to another certificate.")
        return answer.principal

    def _holds(self, answer: Answer) -> bool:
        return self._now() < answer.remember_until and self._auth.stamp(answer.buckets) == answer.values

    def _name(self, credential: Credential) -> bytes:
        return hmac.digest(self._key, f"{credential.kind}\0{credential.value}".encode(), "sha256")

    def _remember(self, name: bytes, answer: Answer) -> None:
        with self._lock:
            self._known[name] = answer
            self._known.move_to_end(name)
            if len(self._known) > self._most:
                self._known.popitem(last=False)


class RemoteAuth:
    """Resolving over auth's internal API."""

    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def resolve(self, credential: Credential, caller: Caller) -> Answer:
        asked = {
            "kind": credential.kind,
            "value": credential.value,
            "window": caller.window,
            "peer": caller.peer,
        }
        reply = self._client.post(RESOLVE, asked)
        if reply.status == 429:
            raise TooManyTries(_seconds(reply))
        answer = _document(reply)
        if "refused" in answer:
            raise Refused(str(answer.get("description", "")), str(answer["refused"]))
        return _answer(answer)

    def stamp(self, buckets: str) -> str:
        reply = self._client.get(STAMPS + buckets)
        if reply.status != 200:
            raise PeerUnavailable("auth", f"no stamp, status {reply.status}")
        return reply.body.decode("ascii", "replace")


def _document(reply: Reply) -> dict[str, Any]:
    document = reply.json() if reply.status == 200 else None
    if not isinstance(document, dict):
        raise PeerUnavailable("auth", f"no principal, status {reply.status}")
    return document


def _answer(document: dict[str, Any]) -> Answer:
    try:
        buckets, _, values = str(document["stamp"]).partition(":")
        return Answer(
            principal=principal_of(document["principal"]),
            buckets=buckets,
            values=values,
            remember_until=float(document["remember_until"]),
            bound_to=document["bound_to"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PeerUnavailable("auth", "the principal is malformed") from error


def _seconds(reply: Reply) -> int:
    given = reply.headers.get("retry-after", "")
    return int(given) if given.isascii() and given.isdigit() else 1


def _same(thumbprint: str, given: str | None) -> bool:
    return given is not None and hmac.compare_digest(thumbprint.encode(), given.encode())
