"""private_key_jwt (RFC 7523, OIDC core 9) by Authlib, with our clock, bounds and single-use ids."""

import math
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.forms import TokenForm
from services.auth.dialects.oauth.models import OAuthClient
from services.auth.domain.clients import PRIVATE_KEY_JWT

ALGORITHMS: Final = ("ES256", "RS256")
MOST_SECONDS: Final = 300  # an assertion counts so long after `iat`, whatever its `exp` says
LEEWAY_SECONDS: Final = 30
MAX_ID_CHARS: Final = 255
PURPOSE: Final = "client_assertion"


class PrivateKeyJwt(JWTBearerClientAssertion):
    CLIENT_AUTH_METHOD = PRIVATE_KEY_JWT

    def __init__(self, parts: OAuthParts) -> None:
        super().__init__(validate_jti=True, leeway=LEEWAY_SECONDS)
        self._parts = parts

    def __call__(self, query_client: Any, request: TokenForm) -> OAuthClient | None:
        if request.form.get("client_assertion") is None:
            return None
        try:
            client = super().__call__(query_client, request)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            # Authlib's own texts may hold characters that its errors refuse; nesting may be deep.
            raise InvalidClientError from error
        named = request.form.get("client_id")
        if client is None or named not in (None, client.get_client_id()):
            raise InvalidClientError
        return client  # type: ignore[no-any-return]

    def get_audiences(self) -> list[str]:
        issuer = self._parts.issuer
        return [issuer, f"{issuer}/oauth2/token"]

    def resolve_client_public_key(self, client: OAuthClient) -> KeySet:
        if client.client.auth_method != PRIVATE_KEY_JWT or client.client.jwks is None:
            raise InvalidClientError
        return KeySet.import_key_set(dict(client.client.jwks))  # type: ignore[arg-type]

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        token = jwt.decode(assertion, resolve_key, algorithms=list(ALGORITHMS))
        self.verify_claims(token.claims)
        return token.claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """Authlib looks at iss, sub, aud, exp and jti by the machine's clock; the bounds are ours."""
        now = self._parts.clock.now()
        subject = claims.get("sub")
        if not isinstance(subject, str):
            raise InvalidClientError
        registry = jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": subject},
            sub={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
        )
        registry.validate(claims)
        if _end(claims, now) < now - LEEWAY_SECONDS:
            raise InvalidClientError
        if not self.validate_jti(claims, claims.get("jti")):
            raise InvalidClientError

    def validate_jti(self, claims: dict[str, Any], jti: object) -> bool:
        if not isinstance(jti, str) or not 0 < len(jti) <= MAX_ID_CHARS:
            return False
        ends = _end(claims, self._parts.clock.now()) + LEEWAY_SECONDS
        return self._parts.single_use.spend_foreign(PURPOSE, f"{claims['sub']} {jti}", ends)


def _end(claims: dict[str, Any], now: float) -> float:
    """Until when it counts. Authlib's client writes an `exp` of an hour: for us it is over before.

    Without `iat` nobody knows how old it is, so `exp` itself must be near. Raises InvalidClientError.
    """
    issued_at, expires_at = claims.get("iat"), float(claims["exp"])
    if not math.isfinite(expires_at):
        raise InvalidClientError
    if issued_at is not None:
        if not math.isfinite(float(issued_at)):
            raise InvalidClientError
        return min(expires_at, float(issued_at) + MOST_SECONDS)
    if expires_at > now + MOST_SECONDS:
        raise InvalidClientError
    return expires_at
