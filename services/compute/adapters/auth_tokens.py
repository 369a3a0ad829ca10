"""AuthTokens of wallets (Ocean contract 9), as auth knows them at this very use."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from libs.web import peers
from libs.web.credentials import BadCredential, token
from libs.web.gate import PrincipalSource, Refused, TooManyTries
from libs.web.http import PeerUnavailable
from services.compute.ports.tokens import TokenRefused, TokensUnavailable

WINDOW: Final = "ocean"
AUTH_TOKEN: Final = "auth_token"  # noqa: S105 - a kind of credential, none itself


@dataclass(frozen=True, slots=True)
class _Asking:
    peer: str
    window: str = WINDOW
    thumbprint: str | None = None


class AuthTokens:
    """An Holders. Auth itself checks signature, expiry, revocation, and the chain of smart accounts."""

    def __init__(self, source: PrincipalSource) -> None:
        self._source = source

    def holder(self, text: str) -> str:
        """The wallet that the token was made for, checksummed. A person's other wallets do not count: the
        token is a stand-in for one signature. Raises TokenRefused, TokensUnavailable.
        """
        try:
            principal = self._source.principal(token(text), _Asking(peers.current()))
        except (BadCredential, Refused, TooManyTries) as error:
            raise TokenRefused from error
        except PeerUnavailable as error:
            raise TokensUnavailable from error
        if principal.credential != AUTH_TOKEN:
            raise TokenRefused
        wallet = _claimed_address(text)
        if wallet not in principal.wallets:
            raise TokenRefused
        return wallet


def _claimed_address(text: str) -> str:
    """Of a token that auth has just verified."""
    try:
        payload = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return checksum(claims["address"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error, MalformedAddress) as error:
        raise TokenRefused from error
