"""Any credential to a Principal, with what its holder must ask before trusting it again (decision 0013)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from libs.web.principal import Principal
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.stamps import bucket_of
from services.auth.ports import Clock
from services.auth.ports.people import Stamps
from services.auth.usecases.keyring import Keyring

log = logging.getLogger(__name__)
MOST_REMEMBERED_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose a credential is. `subjects` are others whose events change that answer: the wallet that a linked
    person's token names. `bound_to` is the thumbprint of the certificate that must come along (RFC 8705 3).
    """

    principal: Principal
    subjects: tuple[str, ...] = ()
    bound_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The principal, and for how long it may be remembered: until `remember_until` (UTC seconds), and while
    the stamps of these buckets have these values.
    """

    principal: Principal
    buckets: tuple[int, ...]
    values: tuple[int, ...]
    remember_until: float
    bound_to: str | None = None


class Resolver(Protocol):
    """One kind of credential. It may read whatever it likes: every stamp was read before."""

    def accepts(self, value: str) -> bool:
        """Whether `value` has this kind's shape; nothing is verified, and the shapes do not overlap."""

    def resolve(self, value: str, peer: str) -> Found:
        """Whose it is at this moment. `peer` is the client's address, for counting guesses.

        Raises CredentialRefused, TooManyGuesses, TooManyDerivations, StoreUnavailable.
        """


class Principals:
    """`resolvers` by kind of credential (`bearer`, `basic`, `certificate`), asked in their order."""

    def __init__(
        self, resolvers: Mapping[str, Sequence[Resolver]], stamps: Stamps, keyring: Keyring, clock: Clock
    ) -> None:
        self._resolvers = resolvers
        self._stamps = stamps
        self._keyring = keyring
        self._clock = clock
        self._seen: Sequence[int] = ()

    def resolve(self, kind: str, value: str, peer: str) -> Resolved:
        """Raises CredentialRefused, TooManyGuesses, StoreUnavailable."""
        resolver = self._resolver(kind, value)
        # Before anything else: an event that comes while we resolve moves a stamp past what we hand out.
        stamps = self._stamps.all()
        if stamps != self._seen:
            # A key may have been withdrawn; this process keeps keys for a while.
            self._keyring.refresh()
            self._seen = stamps
        now = self._clock.now()
        found = resolver.resolve(value, peer)
        buckets = _buckets(found)
        expires_at = found.principal.expires_at
        until = now + MOST_REMEMBERED_SECONDS
        return Resolved(
            principal=found.principal,
            buckets=buckets,
            values=tuple(stamps[bucket] for bucket in buckets),
            remember_until=until if expires_at is None else min(until, expires_at),
            bound_to=found.bound_to,
        )

    def stamps(self, buckets: Sequence[int]) -> tuple[int, ...]:
        """What the stamps are now. Raises StoreUnavailable."""
        return tuple(self._stamps.values(buckets))

    def _resolver(self, kind: str, value: str) -> Resolver:
        for resolver in self._resolvers.get(kind, ()):
            if resolver.accepts(value):
                return resolver
        raise CredentialRefused


def _buckets(found: Found) -> tuple[int, ...]:
    subjects = (found.principal.subject, *found.subjects)
    return tuple(dict.fromkeys(bucket_of(subject) for subject in subjects))
