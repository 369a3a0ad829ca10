"""Reference tokens: handed out in place of a signed one, and read back as the same access token."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from services.auth.domain.access_tokens import (
    AccessToken,
    AccessTokenOutlived,
    AccessTokenRevoked,
    NotAnAccessToken,
)
from services.auth.domain.grants import Grant
from services.auth.domain.references import ReferenceToken, is_reference
from services.auth.domain.secrets import hash_of, new_secret
from services.auth.ports import Clock
from services.auth.ports.oauth import Grants, ReferenceTokens
from services.auth.ports.tokens import TokenStanding
from services.auth.usecases.access_tokens import Issued

PURGE_AFTER_SECONDS: Final = 3600.0
PURGE_ROWS: Final = 50


class References:
    """`extras` gives the claims that a grant's window adds to its tokens, as for signed ones."""

    def __init__(
        self,
        store: ReferenceTokens,
        grants: Grants,
        standing: TokenStanding,
        clock: Clock,
        extras: Callable[[Grant], Mapping[str, Any]],
    ) -> None:
        self._store = store
        self._grants = grants
        self._standing = standing
        self._clock = clock
        self._extras = extras

    def in_place_of(self, issued: Issued) -> Issued:
        """The same access token under an opaque text; the signed text must be dropped.

        A token without a grant has nothing that could be looked up: ValueError.
        """
        token = issued.token
        if token.grant_id is None:
            raise ValueError("a reference needs a grant")
        text = new_secret()
        # New rows only ever come from here, so this is where old ones go again: no timer, no thread.
        self._store.purge(self._clock.now() - PURGE_AFTER_SECONDS, PURGE_ROWS)
        self._store.add(
            ReferenceToken(
                token_hash=hash_of(text),
                token_id=token.token_id,
                grant_id=token.grant_id,
                issued_at=token.issued_at,
                expires_at=token.expires_at,
            )
        )
        return replace(issued, text=text)

    def read(self, text: str) -> AccessToken:
        """The token, if it counts at this moment.

        Raises NotAnAccessToken, AccessTokenOutlived, AccessTokenRevoked, StoreUnavailable.
        """
        found, grant = self._found(text)
        now = self._clock.now()
        if found.expires_at <= now:
            raise AccessTokenOutlived
        if grant is None or not self._standing.counts(found.token_id, grant.client_id, grant.id, now):
            raise AccessTokenRevoked
        return self._token(found, grant)

    def verified(self, text: str) -> AccessToken:
        """Whatever its time and state: for those who revoke. Raises NotAnAccessToken, StoreUnavailable."""
        found, grant = self._found(text)
        if grant is None:
            raise NotAnAccessToken
        return self._token(found, grant)

    def _found(self, text: str) -> tuple[ReferenceToken, Grant | None]:
        found = self._store.find(hash_of(text)) if is_reference(text) else None
        if found is None:
            raise NotAnAccessToken
        return found, self._grants.get(found.grant_id)

    def _token(self, found: ReferenceToken, grant: Grant) -> AccessToken:
        return AccessToken(
            token_id=found.token_id,
            subject=grant.subject,
            client_id=grant.client_id,
            scopes=grant.scopes,
            issued_at=int(found.issued_at),
            expires_at=int(found.expires_at),
            grant_id=grant.id,
            auth_time=grant.details.get("auth_time"),
            amr=tuple(grant.details.get("amr", ())),
            confirmation=grant.details.get("cnf"),
            extras=self._extras(grant),
        )
