"""Revocation and introspection (RFC 7009, 7662): whatever token of ours a text is, and ending it."""

from dataclasses import dataclass, field
from typing import Any

from libs.web.credentials import BEARER
from services.auth.domain.access_tokens import (
    AccessToken,
    AccessTokenOutlived,
    AccessTokenRevoked,
    NotAnAccessToken,
)
from services.auth.domain.audit import AuditEvent
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.grants import Grant
from services.auth.domain.scopes import format_scope
from services.auth.domain.tokens import AUDIENCE
from services.auth.ports.people import Audit
from services.auth.usecases.access_tokens import AccessTokens
from services.auth.usecases.grants import GrantFlows
from services.auth.usecases.principals import Principals
from services.auth.usecases.references import References


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A token of ours; one of the two is set."""

    client_id: str
    access: AccessToken | None = None
    refresh: Grant | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Where tokens are looked up."""

    access_tokens: AccessTokens
    references: References
    flows: GrantFlows


class TokenStates:
    def __init__(self, readers: Readers, principals: Principals, audit: Audit, issuer: str) -> None:
        self._access_tokens = readers.access_tokens
        self._references = readers.references
        self._flows = readers.flows
        self._principals = principals
        self._audit = audit
        self._issuer = issuer

    def find(self, text: str) -> Known | None:
        """Whatever its time and state: for those who revoke. Raises StoreUnavailable."""
        for read in (self._access_tokens.verified, self._references.verified):
            try:
                token = read(text)
            except (NotAnAccessToken, AccessTokenOutlived):
                continue
            return Known(client_id=token.client_id, access=token)
        found = self._flows.of_refresh_token(text)
        return None if found is None else Known(client_id=found[1].client_id, refresh=found[1])

    def revoke(self, known: Known) -> None:
        """An access token alone; with a refresh token everything issued on its grant (RFC 7009 2.1)."""
        actor = f"client:{known.client_id}"
        if known.refresh is not None:
            self._flows.revoke(known.refresh, actor)
        elif known.access is not None and self._access_tokens.revoke(known.access):
            event = AuditEvent(
                event="token.revoke", actor=actor, subject=known.access.subject, client_id=known.client_id
            )
            self._audit.record(event)

    def introspect(self, text: str) -> dict[str, Any]:
        """RFC 7662 2.2; nothing but `active: false` for what does not count. Raises StoreUnavailable."""
        for read in (self._access_tokens.read, self._references.read):
            try:
                return self._access(read(text), text)
            except NotAnAccessToken:
                continue
            except (AccessTokenOutlived, AccessTokenRevoked, CredentialRefused):
                return {"active": False}
        found = self._flows.of_refresh_token(text)
        if found is None or found[0].used_at is not None:
            return {"active": False}
        token, grant = found
        return {
            "active": True,
            "iss": self._issuer,
            "sub": grant.subject,
            "client_id": grant.client_id,
            "scope": format_scope(grant.scopes),
            "iat": int(token.issued_at),
            "exp": int(token.expires_at),
        }

    def _access(self, token: AccessToken, text: str) -> dict[str, Any]:
        """A person who is disabled, or has left the token's group, is refused by the resolver."""
        principal = self._principals.resolve(BEARER, text, "").principal
        optional = {
            "group": principal.group,
            "vo": principal.vo,
            "properties": list(principal.properties) or None,
            "cnf": token.confirmation,
        }
        return {
            "active": True,
            "iss": self._issuer,
            "sub": principal.subject,
            "aud": AUDIENCE,
            "username": principal.name,
            "client_id": token.client_id,
            "scope": format_scope(sorted(principal.scopes)),
            "token_type": "Bearer",
            "iat": token.issued_at,
            "exp": token.expires_at,
            "jti": token.token_id,
            **{name: value for name, value in optional.items() if value is not None},
        }
