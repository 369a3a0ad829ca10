"""Signing in on a device without a browser (RFC 8628): ask, answer on the page, poll for the grant."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.auth.domain.audit import AuditEvent
from services.auth.domain.device import (
    LIFETIME_SECONDS,
    AuthorizationPending,
    DeviceCodes,
    DeviceDenied,
    DeviceRequest,
    DeviceState,
    PolledTooSoon,
    UnknownUserCode,
    device_hash,
    interval_of,
    least_seconds_between_polls,
    typed,
    user_hash,
)
from services.auth.domain.grants import Grant, GrantOutlived, GrantRevoked, UnknownGrant
from services.auth.domain.guesses import network_of
from services.auth.domain.scopes import UnknownScope
from services.auth.ports import Clock
from services.auth.ports.oauth import DeviceRequests, Grants
from services.auth.ports.people import Audit, Guesses

FLOW = "device"
PURGE_AFTER_SECONDS = 3600.0  # so long an expired device is told so, not that it is unknown
PURGED = 100  # rows long over that a new request takes away
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a device shows and keeps."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)  # eight letters
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who said yes, to which of the scopes that were asked for.

    `details` are the grant's: amr and auth_time of the login, vo, group, setup, person_version.
    """

    subject: str
    scopes: Sequence[str]
    details: Mapping[str, Any] = field(default_factory=dict)


class DeviceLogin:
    def __init__(
        self,
        store: DeviceRequests,
        grants: Grants,
        guesses: Guesses,
        audit: Audit,
        clock: Clock,
        grant_seconds: int,
    ) -> None:
        self._store = store
        self._grants = grants
        self._guesses = guesses
        self._audit = audit
        self._clock = clock
        self._grant_seconds = grant_seconds

    def start(
        self, client_id: str, scopes: Sequence[str], details: Mapping[str, Any] | None = None
    ) -> Started:
        """A new request of an authenticated client, for scopes it may ask. Raises StoreUnavailable."""
        now = self._clock.now()
        request = DeviceRequest(
            client_id=client_id,
            scopes=tuple(scopes),
            details=details or {},
            interval=interval_of(client_id),
            created_at=now,
            expires_at=now + LIFETIME_SECONDS,
        )
        # Anybody may ask on behalf of a public client, so asking is what takes old rows away: no timer.
        self._store.purge(now - PURGE_AFTER_SECONDS, PURGED)
        codes = self._kept(request)
        return Started(
            device_code=codes.device_code,
            user_code=codes.user_code,
            expires_in=LIFETIME_SECONDS,
            interval=request.interval,
        )

    def find(self, user_code: str, peer: str) -> DeviceRequest:
        """The waiting request behind what somebody typed, from the address `peer`.

        Raises UnknownUserCode, which counts as a guess from there, TooManyGuesses, StoreUnavailable.
        """
        return self._waiting(user_code, peer)[1]

    def approve(self, user_code: str, peer: str, approval: Approval) -> DeviceRequest:
        """Raises what `find` raises; UnknownScope for a scope that was not asked for."""
        letters, request = self._waiting(user_code, peer)
        for scope in approval.scopes:
            if scope not in request.scopes:
                raise UnknownScope(scope)
        now = self._clock.now()
        grant = Grant(
            id=secrets.token_hex(16),
            client_id=request.client_id,
            subject=approval.subject,
            flow=FLOW,
            scopes=tuple(scope for scope in request.scopes if scope in approval.scopes),
            details={**request.details, **approval.details},
            created_at=now,
            expires_at=now + self._grant_seconds,
        )
        if not self._store.approve(letters, grant, now):
            raise UnknownUserCode  # answered in another window meanwhile: no guess
        self._record("device.approve", approval.subject, request.client_id, gid=grant.id)
        return request

    def deny(self, user_code: str, peer: str, subject: str) -> DeviceRequest:
        """Raises what `find` raises."""
        letters, request = self._waiting(user_code, peer)
        if not self._store.deny(letters, self._clock.now()):
            raise UnknownUserCode
        self._record("device.deny", subject, request.client_id)
        return request

    def exchange(self, device_code: str, client_id: str) -> Grant:
        """The grant behind an approved request: of any number of calls exactly one gets it.

        Raises AuthorizationPending, PolledTooSoon, DeviceDenied, GrantOutlived, GrantRevoked;
        UnknownGrant for an unknown code, a used one and another client's; StoreUnavailable.
        """
        code = device_hash(device_code)
        request = self._store.by_device_code(code) if code is not None else None
        if code is None or request is None or request.client_id != client_id:
            raise UnknownGrant
        self._check(code, request)
        if request.grant_id is None or not self._store.use(code, self._clock.now()):
            raise UnknownGrant
        grant = self._grants.get(request.grant_id)
        if grant is None:
            raise GrantRevoked  # between the answer and this poll
        return grant

    def _check(self, code: str, request: DeviceRequest) -> None:
        """Whether the request is approved; else raises what `exchange` says."""
        now = self._clock.now()
        if request.state is DeviceState.USED:
            raise UnknownGrant
        if request.is_over(now):
            raise GrantOutlived
        if request.state is DeviceState.DENIED:
            raise DeviceDenied
        if request.state is DeviceState.PENDING:
            least = least_seconds_between_polls(request.interval)
            raise AuthorizationPending if self._store.note_poll(code, now, least) else PolledTooSoon

    def _kept(self, request: DeviceRequest) -> DeviceCodes:
        for _ in range(_ATTEMPTS):
            codes = DeviceCodes.make()
            kept_as = device_hash(codes.device_code)
            if kept_as is not None and self._store.add(kept_as, user_hash(codes.user_code), request):
                return codes
        raise AssertionError("random codes do not collide five times in a row")

    def _waiting(self, user_code: str, peer: str) -> tuple[str, DeviceRequest]:
        """The hash of the code, and the request that waits under it."""
        key = f"device:{network_of(peer)}"
        letters = user_hash(typed(user_code))  # what cannot be a code is a slip, not a guess
        self._guesses.attempt(key)
        request = self._store.by_user_code(letters)
        if request is None or not request.waits(self._clock.now()):
            raise UnknownUserCode
        # What was counted before stays: a guesser would enter a code of his own now and then.
        self._guesses.take_back(key)
        return letters, request

    def _record(self, event: str, actor: str, client_id: str, **details: str) -> None:
        self._audit.record(
            AuditEvent(event=event, actor=actor, subject=actor, client_id=client_id, details=details)
        )
