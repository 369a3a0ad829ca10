"""Read and consume nonces; the ledger itself is a port."""

from libs.signing.errors import MalformedAddress as NotAnAddress
from libs.signing.keys import checksum
from services.provider.domain.callers import MalformedAddress
from services.provider.domain.nonces import USER_SCOPE, check_nonce, client_view
from services.provider.ports import NonceLedger


class Nonces:
    def __init__(self, ledger: NonceLedger) -> None:
        self._ledger = ledger

    def shown(self, address: str, field: str = "userAddress") -> str:
        """JSON number text for the nonce endpoint. Never writes. Raises MalformedAddress."""
        return client_view(self.last(USER_SCOPE, address, field))

    def last(self, scope: str, address: str, field: str = "address") -> str | None:
        """The stored literal text of `scope`, or None for an unknown address."""
        return self._ledger.last(scope, _checksummed(address, field))

    def consume(self, scope: str, address: str, nonce: str, field: str = "address") -> None:
        """Use `nonce` up. Raises MalformedAddress, MalformedNonce, NonceTooLow."""
        self._ledger.consume(scope, _checksummed(address, field), check_nonce(nonce))


def _checksummed(address: str, field: str) -> str:
    try:
        return checksum(address)
    except NotAnAddress as error:
        raise MalformedAddress(field) from error
