"""Grants in motion: codes exchanged, refresh tokens rotated, consents withdrawn.

A code or refresh token that comes a second time was copied: the whole grant ends (RFC 9700 2.2.2, 4.14).
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from libs.signing import tokens
from libs.web.principal import Principal
from services.auth.domain.audit import AuditEvent
from services.auth.domain.clients import REFRESH, Client
from services.auth.domain.errors import AuthError
from services.auth.domain.grants import (
    AuthorizationCode,
    Grant,
    GrantOutlived,
    GrantRevoked,
    RefreshToken,
    Rotation,
    UnknownGrant,
)
from services.auth.domain.people import PersonState, person_id_of
from services.auth.domain.secrets import hash_of, new_secret
from services.auth.ports import Clock
from services.auth.ports.oauth import Codes, Grants, RefreshTokens
from services.auth.ports.people import Audit, People
from services.auth.usecases.access_tokens import AccessTokens, Issued, Lifetimes, request_of
from services.auth.usecases.api_keys import subjects_of
from services.auth.usecases.keyring import Keyring

CODE_SECONDS: Final = 300
REFRESH_GRACE_SECONDS: Final = 10.0
PURGE_AFTER_SECONDS: Final = 3600.0  # clocks of other machines may be behind
PURGE_ROWS: Final = 50
REFRESH_TYPE: Final = "rt+jwt"
Extras = Callable[[Grant], Mapping[str, Any]]


class ScopeTooWide(AuthError):
    """More was asked for than the grant holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStores:
    grants: Grants
    codes: Codes
    refresh_tokens: RefreshTokens
    people: People


@dataclass(frozen=True, slots=True)
class Issuing:
    """What tokens are made with."""

    issuer: str
    lifetimes: Lifetimes
    access_tokens: AccessTokens
    keyring: Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What a token endpoint answers with."""

    grant: Grant
    access: Issued
    refresh_token: str | None = field(default=None, repr=False)
    nonce: str | None = None  # for the ID token


def new_grant_id() -> str:
    return secrets.token_hex(16)


def no_extras(_: Grant) -> Mapping[str, Any]:
    return {}


class GrantFlows:
    """`extras` gives the claims that a grant's window adds to its access tokens (DIRAC's groups)."""

    def __init__(self, stores: GrantStores, issuing: Issuing, clock: Clock, audit: Audit) -> None:
        self._stores = stores
        self._access_tokens = issuing.access_tokens
        self._keyring = issuing.keyring
        self._issuer = issuing.issuer
        self.lifetimes = issuing.lifetimes
        self._clock = clock
        self._audit = audit
        self.extras: Extras = no_extras

    def new_grant(self, client: Client, subject: str, flow: str, **more: Any) -> Grant:
        """Not stored yet. `more`: scopes, details, seconds (capped by the operator's lifetime of a grant)."""
        now = self._clock.now()
        seconds = min(more.pop("seconds", None) or self.lifetimes.grant, self.lifetimes.grant)
        return Grant(
            id=new_grant_id(),
            client_id=client.client_id,
            subject=subject,
            flow=flow,
            created_at=now,
            expires_at=now + seconds,
            **more,
        )

    def start_code(self, grant: Grant, redirect_uri: str, **bound: Any) -> str:
        """A code for a new grant. `bound`: redirect_uri_was_sent, code_challenge, nonce."""
        code = new_secret()
        now = self._clock.now()
        self._purge(now)
        row = AuthorizationCode(
            code_hash=hash_of(code),
            grant_id=grant.id,
            redirect_uri=redirect_uri,
            expires_at=now + CODE_SECONDS,
            **bound,
        )
        self._stores.codes.add(grant, row)
        return code

    def find_code(self, code: str, client: Client) -> AuthorizationCode:
        """For checking what the code is bound to, before it is used.

        Raises UnknownGrant (of another client as well), GrantRevoked when it was used, GrantOutlived.
        """
        found = self._stores.codes.find(hash_of(code))
        grant = None if found is None else self._stores.grants.get(found.grant_id)
        if found is None or grant is None or grant.client_id != client.client_id:
            raise UnknownGrant
        if found.used_at is not None:
            self._end(grant, "code_reused")
            raise GrantRevoked
        if found.expires_at <= self._clock.now():
            raise GrantOutlived
        return found

    def take_code(self, code: AuthorizationCode, client: Client) -> TokenSet:
        """Use the code up and issue on its grant. Raises GrantRevoked, GrantOutlived."""
        grant = self._stores.grants.get(code.grant_id)
        if grant is None:
            raise GrantRevoked
        if not self._stores.codes.take(code.code_hash, self._clock.now()):
            self._end(grant, "code_reused")
            raise GrantRevoked
        return replace(self.issue(grant, client), nonce=code.nonce)

    def start(self, grant: Grant, client: Client) -> TokenSet:
        """Store a new grant and issue on it: flows without a code (device, exchange, certificates)."""
        self._stores.grants.add(grant)
        self._purge(self._clock.now())
        return self.issue(grant, client)

    def issue(self, grant: Grant, client: Client) -> TokenSet:
        """An access token, and a refresh token when the client may have one. Raises GrantRevoked."""
        self._check_subject(grant)
        access = self._access(grant)
        refresh_token = None
        if REFRESH in client.grant_types:
            refresh_token = self._new_refresh_token(grant, client)
            self._stores.refresh_tokens.add(self._row(refresh_token, grant))
        return TokenSet(grant=grant, access=access, refresh_token=refresh_token)

    def refresh(self, token: str, client: Client, scopes: tuple[str, ...] = ()) -> TokenSet:
        """Replace a refresh token. `scopes` narrows the access token, not the grant.

        Raises UnknownGrant (another client's as well), GrantRevoked, GrantOutlived, ScopeTooWide.
        """
        found = self._stores.refresh_tokens.find(hash_of(token))
        grant = None if found is None else self._stores.grants.get(found.grant_id)
        if found is None or grant is None or grant.client_id != client.client_id:
            raise UnknownGrant
        now = self._clock.now()
        if found.expires_at <= now:
            raise GrantOutlived
        if not set(scopes) <= set(grant.scopes):
            raise ScopeTooWide
        self._check_subject(grant)
        successor = self._new_refresh_token(grant, client)
        row = self._row(successor, grant)
        match self._stores.refresh_tokens.rotate(found.token_hash, row, now, REFRESH_GRACE_SECONDS):
            case Rotation.REUSED:
                self._end(grant, "refresh_token_reused")
                raise GrantRevoked
            case Rotation.GONE:
                raise GrantRevoked
        self._stores.grants.used(grant.id, now)
        narrowed = replace(grant, scopes=scopes or grant.scopes)
        return TokenSet(grant=narrowed, access=self._access(narrowed), refresh_token=successor)

    def of_refresh_token(self, token: str) -> tuple[RefreshToken, Grant] | None:
        """What stands behind a refresh token that still counts."""
        found = self._stores.refresh_tokens.find(hash_of(token))
        grant = None if found is None else self._stores.grants.get(found.grant_id)
        if found is None or grant is None or found.expires_at <= self._clock.now():
            return None
        return (found, grant)

    def of_subject(self, subject: str) -> list[Grant]:
        return self._stores.grants.of_subject(subject)

    def owned_by(self, owner: Principal) -> list[Grant]:
        """A person's own and those of the linked wallets, newest first."""
        found = [grant for subject in subjects_of(owner) for grant in self.of_subject(subject)]
        return sorted(found, key=lambda grant: -grant.created_at)

    def get_owned(self, grant_id: str, owner: Principal) -> Grant | None:
        grant = self.get(grant_id)
        return grant if grant is not None and grant.subject in subjects_of(owner) else None

    def get(self, grant_id: str) -> Grant | None:
        return self._stores.grants.get(grant_id)

    def revoke(self, grant: Grant, actor: str) -> None:
        """Everything issued on it ends with this call."""
        if self._stores.grants.revoke(grant.id, "revoked"):
            self._record("grant.revoke", grant, actor)

    def _access(self, grant: Grant) -> Issued:
        return self._access_tokens.issue(request_of(grant, self.extras(grant)))

    def _check_subject(self, grant: Grant) -> None:
        """Nothing new for who is disabled or removed, or has another password now. Raises GrantRevoked."""
        person_id = person_id_of(grant.subject)
        if person_id is None:
            return
        person = self._stores.people.by_id(person_id)
        if person is None or person.state is not PersonState.ACTIVE:
            raise GrantRevoked
        if grant.details.get("person_version") not in (None, person.version):
            raise GrantRevoked

    def _new_refresh_token(self, grant: Grant, client: Client) -> str:
        if not client.wants_jwt_refresh_tokens:
            return new_secret()
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,  # nobody but us: no service takes it for an access token
            "jti": new_secret(),
            "iat": int(self._clock.now()),
            "exp": int(grant.expires_at),
        }
        return tokens.issue(claims, self._keyring.current().signing, {"typ": REFRESH_TYPE})

    def _row(self, token: str, grant: Grant) -> RefreshToken:
        return RefreshToken(
            token_hash=hash_of(token),
            grant_id=grant.id,
            issued_at=self._clock.now(),
            expires_at=grant.expires_at,
        )

    def _end(self, grant: Grant, why: str) -> None:
        if self._stores.grants.revoke(grant.id, why):
            self._record(f"grant.{why}", grant, "", "refused")

    def _record(self, event: str, grant: Grant, actor: str, outcome: str = "ok") -> None:
        self._audit.record(
            AuditEvent(
                event=event,
                outcome=outcome,
                actor=actor,
                subject=grant.subject,
                client_id=grant.client_id,
                details={"grant": grant.id},
            )
        )

    def _purge(self, now: float) -> None:
        # New rows only ever come from here, so this is where old ones go again: no timer, no thread.
        self._stores.grants.purge(now - PURGE_AFTER_SECONDS, PURGE_ROWS)
