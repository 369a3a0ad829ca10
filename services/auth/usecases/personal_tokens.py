"""Personal access tokens: JWTs for programs that want to read `exp` (PROMINENCE_TOKEN), each on a grant."""

from typing import Final

from libs.web.principal import Principal
from services.auth.domain.api_keys import KeyRequest, NoSuchKey
from services.auth.domain.clients import BUILTIN, PERSONAL_TOKENS
from services.auth.domain.grants import Grant
from services.auth.usecases.api_keys import scopes_for, seconds_for, subjects_of
from services.auth.usecases.grants import GrantFlows, TokenSet

FLOW: Final = "personal"


class PersonalTokens:
    def __init__(self, flows: GrantFlows) -> None:
        self._flows = flows

    def create(self, maker: Principal, request: KeyRequest, now: float) -> TokenSet:
        """A token that acts as the maker; it ends at the latest when the operator says grants end.

        Raises BadKeyRequest, ScopesNotYours, GrantRevoked, NoActiveKey, StoreUnavailable.
        """
        wanted = scopes_for(maker, request)
        client = BUILTIN[PERSONAL_TOKENS]
        lifetime = seconds_for(maker, request, now) or self._flows.lifetimes.grant
        details = {"label": request.label, "access_seconds": lifetime}
        grant = self._flows.new_grant(
            client, maker.subject, FLOW, scopes=wanted, details=details, seconds=lifetime
        )
        return self._flows.start(grant, client)

    def of(self, owner: Principal) -> list[Grant]:
        """Those that count, newest first."""
        found = [grant for subject in subjects_of(owner) for grant in self._flows.of_subject(subject)]
        mine = [grant for grant in found if grant.client_id == PERSONAL_TOKENS]
        return sorted(mine, key=lambda grant: -grant.created_at)

    def revoke(self, owner: Principal, grant_id: str) -> None:
        """At once, everywhere. Raises NoSuchKey, StoreUnavailable."""
        grant = self._flows.get(grant_id)
        if grant is None or grant.client_id != PERSONAL_TOKENS or grant.subject not in subjects_of(owner):
            raise NoSuchKey
        self._flows.revoke(grant, owner.subject)
