"""Token exchange (RFC 8693): a wallet's signature, an AuthToken or an access token for an access token."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from libs.web.principal import CLIENT, WALLET
from services.auth.domain import scopes
from services.auth.domain.access_tokens import (
    AccessToken,
    AccessTokenOutlived,
    AccessTokenRevoked,
    NotAnAccessToken,
)
from services.auth.domain.audit import AuditEvent
from services.auth.domain.clients import REFRESH, Client
from services.auth.domain.errors import AuthError
from services.auth.domain.people import PersonState
from services.auth.domain.sign_in import SignInRefused
from services.auth.domain.tokens import TokenInvalid, TokenOutlived, TokenRevoked, WalletToken
from services.auth.ports import Clock
from services.auth.ports.people import Audit, People
from services.auth.ports.wallets import ServedChains
from services.auth.usecases.access_tokens import AccessTokens, Issued, TokenRequest
from services.auth.usecases.grants import GrantFlows
from services.auth.usecases.resolvers import WALLET_SCOPES
from services.auth.usecases.siwe import SignIn
from services.auth.usecases.wallet_tokens import WalletTokens

FLOW: Final = "exchange"
AMR: Final = "siwe"
WITH_A_SIGNATURE: Final = frozenset(scopes.MEANINGS) - {scopes.ADMIN}
COUNTS_NOT: Final = "The subject_token is not valid, or does not count any more."


class SubjectRefused(AuthError):
    """The subject token is not valid, or this client may not exchange it; `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ExchangeTooWide(AuthError):
    """More scopes than the client is registered for, or than the subject token has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    access: Issued
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where subject tokens are looked at."""

    sign_in: SignIn
    wallet_tokens: WalletTokens
    access_tokens: AccessTokens
    people: People
    chains: ServedChains


class TokenExchange:
    def __init__(self, sources: Sources, flows: GrantFlows, clock: Clock, audit: Audit) -> None:
        self._from = sources
        self._flows = flows
        self._clock = clock
        self._audit = audit

    def signature(
        self, client: Client, message: str, signature: str, asked: tuple[str, ...] = ()
    ) -> Exchanged:
        """For a signed EIP-4361 text; pages that the operator named may ask too. Without scopes: what batch
        work needs, as far as the client may have it.

        Raises ExchangeTooWide before the nonce is used up, then what SignIn.wallet raises, SubjectRefused.
        """
        granted = _bounded(asked, client, WITH_A_SIGNATURE, scopes.BATCH)
        try:
            proven = self._from.sign_in.wallet(message, signature, own_pages_only=False)
        except SignInRefused as error:
            self._record(client, "", type(error).__name__, "refused")
            raise
        self._check_person(proven.address)
        details: dict[str, object] = {
            "amr": [AMR],
            "auth_time": int(self._clock.now()),
            "chain_id": proven.chain_id,
        }
        return self._start(client, WALLET + proven.address, granted, details, None)

    def auth_token(self, client: Client, token: str, asked: tuple[str, ...] = ()) -> Exchanged:
        """For an AuthToken: no longer than it lives, no more than it may. Raises SubjectRefused."""
        try:
            found = self._from.wallet_tokens.introspect(token)
        except (TokenInvalid, TokenOutlived, TokenRevoked) as error:
            raise SubjectRefused(COUNTS_NOT) from error
        self._check_chain(found)
        granted = _bounded(asked, client, WALLET_SCOPES, WALLET_SCOPES)
        self._check_person(found.subject.removeprefix(WALLET))
        details: dict[str, object] = {"auth_time": found.issued_at}
        return self._start(client, found.subject, granted, details, found.expires_at - self._clock.now())

    def access_token(self, client: Client, token: str, asked: tuple[str, ...] = ()) -> Exchanged:
        """A narrower one for one's own (RFC 8693 section 1), or any for a client that the operator trusts. It
        hangs on the same grant and ends with it.

        Raises SubjectRefused, ExchangeTooWide, StoreUnavailable.
        """
        try:
            found = self._from.access_tokens.read(token)
        except (NotAnAccessToken, AccessTokenOutlived, AccessTokenRevoked) as error:
            raise SubjectRefused(COUNTS_NOT) from error
        if found.client_id != client.client_id and not client.trusted:
            raise SubjectRefused("The subject_token was issued to another client.")
        if found.grant_id is None or found.subject.startswith(CLIENT):
            raise SubjectRefused("A token without a person or wallet behind it is not exchanged.")
        owned = frozenset(found.scopes)
        granted = _bounded(asked, client, owned, owned)
        issued = self._from.access_tokens.issue(_narrowed(found, client, granted))
        self._record(client, found.subject, found.grant_id)
        return Exchanged(access=issued)

    def _start(
        self,
        client: Client,
        subject: str,
        granted: tuple[str, ...],
        details: dict[str, object],
        seconds: float | None,
    ) -> Exchanged:
        if seconds is None and REFRESH not in client.grant_types:
            seconds = self._flows.lifetimes.access  # nothing else hangs on the grant
        grant = self._flows.new_grant(
            client,
            subject,
            FLOW,
            scopes=granted,
            details=details,
            seconds=None if seconds is None else max(1, ceil(seconds)),
        )
        issued = self._flows.start(grant, client)
        self._record(client, subject, grant.id)
        return Exchanged(access=issued.access, refresh_token=issued.refresh_token)

    def _check_chain(self, token: WalletToken) -> None:
        """A smart account of another chain may be somebody else's. Raises SubjectRefused."""
        if token.chain_id is not None and token.chain_id != self._from.chains.ids()[0]:
            raise SubjectRefused("Smart accounts exchange tokens of the first chain only.")

    def _check_person(self, address: str) -> None:
        """A disabled person's wallet gets nothing either. Raises SubjectRefused."""
        person = self._from.people.by_wallet(address)
        if person is not None and person.state is not PersonState.ACTIVE:
            raise SubjectRefused(COUNTS_NOT)

    def _record(self, client: Client, subject: str, what: str, outcome: str = "ok") -> None:
        """`what`: the grant, or why not."""
        self._audit.record(
            AuditEvent(
                event="token.exchange",
                outcome=outcome,
                actor=subject,
                subject=subject,
                client_id=client.client_id,
                details={"grant" if outcome == "ok" else "why": what},
            )
        )


def _bounded(
    asked: tuple[str, ...], client: Client, most: frozenset[str], otherwise: frozenset[str]
) -> tuple[str, ...]:
    """Raises ExchangeTooWide."""
    if not asked:
        return tuple(scope for scope in client.scopes if scope in otherwise)
    if not all(scope in most and client.may_ask(scope) for scope in asked):
        raise ExchangeTooWide
    return asked


def _narrowed(found: AccessToken, client: Client, granted: tuple[str, ...]) -> TokenRequest:
    return TokenRequest(
        subject=found.subject,
        client_id=client.client_id,
        scopes=granted,
        grant_id=found.grant_id,
        not_after=found.expires_at,
        auth_time=found.auth_time,
        amr=found.amr,
        confirmation=found.confirmation,
        extras=found.extras,
    )
