"""Encrypt a publisher's bytes with the key of a chain; the bytes are never interpreted or kept."""

from libs.signing import ecies
from services.provider.ports import Keys


class Encrypt:
    def __init__(self, keys: Keys, default_chain_id: int) -> None:
        self._keys = keys
        self._default_chain_id = default_chain_id

    def blob(self, document: bytes, chain_id: int | None) -> bytes:
        """The ECIES blob of `document`. Raises UnsupportedChain."""
        key = self._keys.for_chain(self._default_chain_id if chain_id is None else chain_id)
        return ecies.encrypt(key.public_key64, document)
