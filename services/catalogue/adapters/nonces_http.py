"""Nonces of the provider's ledger, used up through its internal route."""

from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from libs.web.internal_client import InternalClient, PeerUnavailable
from services.catalogue.domain.errors import NoncesUnavailable

CONSUME = "/internal/nonces/consume"
_USED_UP_BEFORE, _NO_NONCE = 409, 400


class ProviderNonces:
    """Nonces. Thread-safe; one instance per process."""

    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def burn(self, address: str, nonce: str) -> None:
        try:
            asked = {"scope": "user", "address": checksum(address), "nonce": nonce}
            reply = self._client.post(CONSUME, asked)
        except MalformedAddress:
            return
        except PeerUnavailable as error:
            raise NoncesUnavailable from error
        if reply.status not in (200, _USED_UP_BEFORE, _NO_NONCE):
            raise NoncesUnavailable
