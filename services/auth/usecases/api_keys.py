"""API keys: made for programs, shown once, listed and revoked by whom they act for."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from libs.web.principal import CLIENT, WALLET, Principal
from services.auth.domain.api_keys import (
    ApiKey,
    KeyRequest,
    NoSuchKey,
    ScopesNotYours,
    new_key_id,
    split_key,
)
from services.auth.domain.audit import AuditEvent
from services.auth.domain.clients import PERSONAL_TOKENS
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.scopes import KEYS
from services.auth.domain.secrets import hash_of, matches, new_secret
from services.auth.ports import Clock
from services.auth.ports.people import ApiKeys, Audit
from services.auth.usecases.principals import Found
from services.auth.usecases.resolvers import Claim, Subjects

log = logging.getLogger(__name__)
CREDENTIAL: Final = "api_key"
USE_SECONDS: Final = 3600.0  # a key's last use is written down at most once in so long
PURGE_AFTER_SECONDS: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    text: str = field(repr=False)  # the whole key; nobody sees it again
    key: ApiKey


class PersonalKeys:
    def __init__(self, store: ApiKeys, audit: Audit, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def create(self, maker: Principal, request: KeyRequest, subject: str | None = None) -> NewKey:
        """A key that acts as `subject`, which is the maker unless the maker's wallet is meant.

        It can do no more than what made it, and what a key made ends no later than that key.
        Raises BadKeyRequest, ScopesNotYours, TooManyKeys, StoreUnavailable.
        """
        wanted = scopes_for(maker, request)
        now = self._clock.now()
        seconds = seconds_for(maker, request, now)
        secret = new_secret()
        key = ApiKey(
            key_id=new_key_id(),
            secret_hash=hash_of(secret),
            subject=subject or maker.subject,
            label=request.label,
            scopes=wanted,
            created_at=now,
            expires_at=None if seconds is None else now + seconds,
        )
        self._store.add(key, now - PURGE_AFTER_SECONDS)
        self._record("api_key.create", maker, key.key_id, key.subject)
        return NewKey(text=f"{key.key_id}.{secret}", key=key)

    def of(self, owner: Principal) -> list[ApiKey]:
        """Those that count: the person's and those of the wallets linked now. Newest first."""
        return self._store.of_subjects(subjects_of(owner), self._clock.now())

    def revoke(self, owner: Principal, key_id: str) -> None:
        """At once, everywhere. Raises NoSuchKey, StoreUnavailable."""
        if not self._store.revoke(key_id, subjects_of(owner), self._clock.now()):
            raise NoSuchKey
        self._record("api_key.revoke", owner, key_id, owner.subject)

    def check(self, text: str) -> ApiKey:
        """The key, when it counts at this moment. Raises CredentialRefused, StoreUnavailable."""
        parts = split_key(text)
        if parts is None:
            raise CredentialRefused
        key_id, secret = parts
        key = self._store.find(key_id, self._clock.now())
        if not matches(secret, None if key is None else key.secret_hash) or key is None:
            raise CredentialRefused
        return key

    def note_use(self, key: ApiKey) -> None:
        """Best effort: a key works while its last use cannot be written."""
        now = self._clock.now()
        if key.last_used_at is not None and key.last_used_at >= now - USE_SECONDS:
            return
        try:
            self._store.used(key.key_id, now, now - USE_SECONDS)
        except StoreUnavailable:
            log.warning("the use of a key could not be noted", extra={"id": key.key_id})

    def _record(self, event: str, actor: Principal, key_id: str, subject: str) -> None:
        details = {"id": key_id}
        self._audit.record(AuditEvent(event=event, actor=actor.subject, subject=subject, details=details))


class ApiKeyResolver:
    """Keys act as whom they were made for: a wallet's as its person, while it is linked to one."""

    def __init__(self, keys: PersonalKeys, subjects: Subjects) -> None:
        self._keys = keys
        self._subjects = subjects

    def accepts(self, value: str) -> bool:
        return split_key(value) is not None

    def resolve(self, value: str, peer: str) -> Found:
        key = self._keys.check(value)
        claim = Claim(
            subject=key.subject,
            credential=CREDENTIAL,
            scopes=frozenset(key.scopes),
            expires_at=None if key.expires_at is None else int(key.expires_at),
        )
        found = self._subjects.found(claim)
        # Services remember what is found here: this runs when they first see a key, and every hour after.
        self._keys.note_use(key)
        return found


def subjects_of(principal: Principal) -> Collection[str]:
    return (principal.subject, *(WALLET + address for address in principal.wallets))


def scopes_for(maker: Principal, request: KeyRequest) -> tuple[str, ...]:
    """Raises BadKeyRequest, ScopesNotYours (of applications, too: they have a secret, and end with it)."""
    request.check()
    if maker.subject.startswith(CLIENT):
        raise ScopesNotYours([KEYS])
    return request.scopes_of(maker.scopes)


def seconds_for(maker: Principal, request: KeyRequest, now: float) -> int | None:
    """How long what `maker` makes may live: a key or token of one's own makes nothing that outlives it."""
    ends = [request.seconds] if request.seconds is not None else []
    is_own = maker.credential == CREDENTIAL or maker.client_id == PERSONAL_TOKENS
    if is_own and maker.expires_at is not None:
        ends.append(max(1, int(maker.expires_at - now)))
    return min(ends, default=None)
