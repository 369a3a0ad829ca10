"""Rotating signing keys (docs/decisions/0012): upcoming, active, retired, withdrawn."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from libs.web.principal import Principal
from services.auth.domain.audit import AuditEvent
from services.auth.domain.authority import need_admin
from services.auth.domain.signing_keys import KeyState, NoSuchKey, NotSettled, StoredKey
from services.auth.ports import Clock
from services.auth.ports.keys import KeyChanges, KeyStore
from services.auth.ports.people import Audit
from services.auth.usecases.keyring import Keyring

# Longer than any of our processes keeps a key set (libs/web/jwks.py) plus the time to load the keys here.
SETTLE_SECONDS: Final = 360
GRACE_SECONDS: Final = 3600.0  # clocks of other machines may be behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a call of `rotate` did: `published` a key that may sign in `settles_in` seconds, or `activated`
    one; `withdrawn` are keys whose last token has expired.
    """

    did: str
    kid: str
    settles_in: int = 0
    withdrawn: tuple[str, ...] = ()


class KeyRotation:
    """`longest_seconds` is the longest life of any token; retired keys are published for that long.

    Everything raises NotAllowed and StoreUnavailable.
    """

    def __init__(
        self,
        store: KeyStore,
        changes: KeyChanges,
        keyring: Keyring,
        clock: Clock,
        audit: Audit,
        longest_seconds: float,
    ) -> None:
        self._store = store
        self._changes = changes
        self._keyring = keyring
        self._clock = clock
        self._audit = audit
        self._longest_seconds = longest_seconds

    def keys(self, actor: Principal) -> list[StoredKey]:
        """Oldest first."""
        need_admin(actor)
        return self._store.all()

    def rotate(self, actor: Principal, *, at_once: bool = False) -> Step:
        """The next step: publish a new key, and when that is known everywhere let it sign.

        `at_once` does not wait for that: others refuse tokens of the new key until they have asked for it.
        Raises NotSettled.
        """
        need_admin(actor)
        withdrawn = self._changes.withdraw_outlived(self._clock.now() - self._longest_seconds - GRACE_SECONDS)
        step = self._step(at_once=at_once, withdrawn=tuple(withdrawn))
        self._keyring.refresh()
        details = {"did": step.did, "kid": step.kid, "withdrawn": list(step.withdrawn)}
        self._audit.record(AuditEvent(event="key.rotate", actor=actor.subject, details=details))
        return step

    def withdraw(self, actor: Principal, kid: str) -> str:
        """For a key that others may know: its tokens count no more, at once. Returns the key that signs now.

        Raises NoSuchKey.
        """
        need_admin(actor)
        if not self._changes.withdraw(kid, self._keyring.new_key()):
            raise NoSuchKey
        self._keyring.refresh()
        signing = self._keyring.current().signing.kid
        details = {"kid": kid, "signing": signing}
        self._audit.record(AuditEvent(event="key.withdraw", actor=actor.subject, details=details))
        return signing

    def _step(self, *, at_once: bool, withdrawn: tuple[str, ...]) -> Step:
        fresh = self._keyring.new_key(KeyState.UPCOMING)
        if self._changes.add_upcoming(fresh) and not at_once:
            return Step(did="published", kid=fresh.kid, settles_in=SETTLE_SECONDS, withdrawn=withdrawn)
        upcoming = next((key for key in self._store.all() if key.state is KeyState.UPCOMING), None)
        if upcoming is None:  # somebody else was quicker
            raise NotSettled(SETTLE_SECONDS)
        left = upcoming.changed_at + SETTLE_SECONDS - self._clock.now()
        if left > 0 and not at_once:
            raise NotSettled(ceil(left))
        if not self._changes.activate(upcoming.kid):
            raise NotSettled(SETTLE_SECONDS)
        return Step(did="activated", kid=upcoming.kid, withdrawn=withdrawn)
