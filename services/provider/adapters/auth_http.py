"""AuthTokens by the auth service: signature checked here against its published keys, revocation asked there.

A token counts only while auth says so at this very use; when auth cannot be asked the answer is never yes.
"""

from typing import Any

from libs.signing import tokens
from libs.signing.errors import SigningError
from libs.signing.keys import checksum
from libs.web.internal_client import InternalClient, PeerUnavailable
from libs.web.jwks import JwksSource
from services.provider.domain.callers import AuthUnavailable, TokenRefused
from services.provider.ports import Clock, TokenHolder

INTROSPECT = "/internal/auth-tokens/introspect"
SUBJECT_PREFIX = "eip155:"
CLOCK_SKEW_SECONDS = 30


class AuthHttp:
    def __init__(self, client: InternalClient, jwks: JwksSource, clock: Clock) -> None:
        self._client = client
        self._jwks = jwks
        self._clock = clock

    def holder(self, token: str) -> TokenHolder:
        """Whom the token speaks for. Raises TokenRefused, AuthUnavailable."""
        try:
            claims = self._claims(token)
            if not self._is_active(token):
                raise TokenRefused
        except PeerUnavailable as error:
            raise AuthUnavailable from error
        return _holder(claims)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims = tokens.verify(token, self._jwks.for_token(token))
            # Auth itself judges the expiry by its own clock; ours may differ a little.
            tokens.check_times(claims, self._clock.now(), CLOCK_SKEW_SECONDS)
        except SigningError as error:
            raise TokenRefused from error
        return claims

    def _is_active(self, token: str) -> bool:
        reply = self._client.post(INTROSPECT, {"token": token})
        if reply.status != 200:
            raise PeerUnavailable("auth", f"introspection answered {reply.status}")
        answer = reply.json()
        return isinstance(answer, dict) and answer.get("active") is True


def _holder(claims: dict[str, Any]) -> TokenHolder:
    """Only wallet tokens have an address; a service's or a person's token is no AuthToken."""
    address, chain_id = claims.get("address"), claims.get("chain_id")
    subject = str(claims.get("sub", ""))
    if not isinstance(address, str) or not subject.startswith(SUBJECT_PREFIX):
        raise TokenRefused
    if chain_id is not None and (isinstance(chain_id, bool) or not isinstance(chain_id, int)):
        raise TokenRefused
    try:
        checked = checksum(address)
    except SigningError as error:
        raise TokenRefused from error
    if subject.removeprefix(SUBJECT_PREFIX).lower() != checked.lower():
        raise TokenRefused
    return TokenHolder(checked, chain_id)
