"""Principals as a service asks auth for them: resolved once, then trusted while their stamp stands.

A request that brings a known credential costs one small read at auth, however expensive the credential was to
check; a revoked one is refused by the very next request (docs/decisions/0013). No answer is never a yes.
"""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Protocol

from libs.web.credentials import Caller, Credential
from libs.web.gate import Refused, TooManyTries
from libs.web.http import PeerUnavailable, Reply
from libs.web.internal_client import InternalClient
from libs.web.principal import Principal, principal_of
from libs.web.shared_stamps import SharedStamps

MOST_REMEMBERED: Final = 10_000
RESOLVE: Final = "/internal/principals"
STAMPS: Final = "/internal/stamps/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whose a credential is; holds until `remember_until` (UTC seconds) while `stamps(buckets) == values`.

    `bound_to` is the thumbprint of the certificate that must come with it.
    """

    principal: Principal
    buckets: tuple[int, ...]
    values: tuple[int, ...]
    remember_until: float
    bound_to: str | None = None


class Resolving(Protocol):
    """Auth, asked over HTTP or in its own process. Both raise PeerUnavailable."""

    def resolve(self, credential: Credential, caller: Caller) -> Answer:
        """Raises Refused, TooManyTries."""

    def stamps(self, buckets: tuple[int, ...]) -> tuple[int, ...]:
        """Their values now, that is not before this was called."""


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
        return self._now() < answer.remember_until and self._auth.stamps(answer.buckets) == answer.values

    def _name(self, credential: Credential) -> bytes:
        text = f"{credential.kind}\0{credential.value}".encode("utf-8", "surrogatepass")
        return blake2b(text, key=self._key, digest_size=32).digest()

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
        self.stamps = SharedStamps(self._stamps).values

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

    def _stamps(self, buckets: Sequence[int]) -> Mapping[int, int]:
        reply = self._client.get(STAMPS + ".".join(map(str, buckets)))
        try:
            values = _numbers(reply.body.decode()) if reply.status == 200 else ()
            return dict(zip(buckets, values, strict=True))
        except ValueError:
            raise PeerUnavailable("auth", f"no stamps, status {reply.status}") from None


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
            buckets=_numbers(buckets),
            values=_numbers(values),
            remember_until=float(document["remember_until"]),
            bound_to=document["bound_to"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PeerUnavailable("auth", "the principal is malformed") from error


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _seconds(reply: Reply) -> int:
    given = reply.headers.get("retry-after", "")
    return int(given) if given.isascii() and given.isdigit() else 1


def _same(thumbprint: str, given: str | None) -> bool:
    return given is not None and hmac.compare_digest(thumbprint.encode(), given.encode())
