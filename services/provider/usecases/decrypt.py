"""Hand out the document an NFT published, to whoever may read it and only if it is that document.

Source: contract sections 2.3 and 5.3. The order of the checks is the contract's, but for one: the chain comes
before the signature. What is signed has no separators, so a signed chain id and nonce can be read with their
border elsewhere; a reading that names no chain of ours must not use a nonce up.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from libs.chain import events
from libs.chain.types import Head, Receipt
from libs.signing import ecies, messages
from libs.signing.errors import DecryptionFailed
from libs.signing.keys import checksum
from services.provider.domain import documents
from services.provider.domain.callers import SignatureRefused
from services.provider.domain.errors import UnsupportedChain
from services.provider.domain.nonces import DECRYPT_SCOPE
from services.provider.ports import Chain, Chains, Keys
from services.provider.usecases.authenticate import Authenticate

TX_HASH = re.compile(r"\A0x[0-9a-fA-F]{64}\Z")


@dataclass(frozen=True, slots=True)
class PublishedBytes:
    """What stands on chain: the blob, its one byte of flags, the sha256 of the document."""

    data: bytes
    flags: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DecryptRequest:
    """Literal texts as received; exactly one of transaction_id and published is used, the former first."""

    decrypter_address: str
    chain_id: str
    nft_address: str
    transaction_id: str | None
    published: PublishedBytes | None
    nonce: str | None
    signature: str | None
    auth_token: str | None

    def message(self) -> str:
        reference = self.transaction_id or self.nft_address
        return messages.Decrypt(reference, self.decrypter_address, self.chain_id, self.nonce or "").text()


class Decrypt:
    def __init__(
        self, authenticate: Authenticate, chains: Chains, keys: Keys, authorized: Sequence[str] = ()
    ) -> None:
        self._authenticate = authenticate
        self._chains = chains
        self._keys = keys
        self._authorized = frozenset(checksum(address) for address in authorized)

    def document(self, request: DecryptRequest) -> bytes:
        """The raw document.

        Raises what Authenticate.caller raises, UnsupportedChain, ChainError, and the errors of
        domain.documents.
        """
        chain = self._chain(request)
        caller = self._caller(request)
        if self._authorized and caller not in self._authorized:
            raise documents.DecrypterNotAuthorized
        nft = checksum(request.nft_address)
        head = chain.head()
        if not chain.is_factory_nft(nft, head):
            raise documents.ForeignNft
        published = _published(request, chain, nft, head)
        documents.check_state(chain.nft_metadata(nft, head).state)
        document = self._undo(published, chain.chain_id)
        documents.check_document(document, published.sha256)
        return document

    def _caller(self, request: DecryptRequest) -> str:
        return self._authenticate.caller(
            address=request.decrypter_address,
            messages=[request.message()],
            nonce=request.nonce,
            signature=request.signature,
            auth_token=request.auth_token,
            scope=DECRYPT_SCOPE,
            chain_id=int(request.chain_id),
        )

    def _chain(self, request: DecryptRequest) -> Chain:
        chain_id = int(request.chain_id)
        if chain_id not in self._chains.ids():
            raise UnsupportedChain(request.chain_id)
        if request.signature and _may_be_of_a_longer_chain_id(request, self._chains.ids()):
            raise SignatureRefused(request.decrypter_address, request.nonce or "")
        return self._chains.get(chain_id)

    def _undo(self, published: PublishedBytes, chain_id: int) -> bytes:
        document = published.data
        if published.flags & documents.FLAG_ENCRYPTED:
            try:
                document = ecies.decrypt(self._keys.for_chain(chain_id), document)
            except DecryptionFailed as error:
                raise documents.NotDecryptable from error
        if published.flags & documents.FLAG_COMPRESSED:
            document = documents.decompress(document)
        return document


def _may_be_of_a_longer_chain_id(request: DecryptRequest, chain_ids: Sequence[int]) -> bool:
    """Of two chains of ours that one signed text may name (1 and 137), only the longer is taken for it: else
    whoever sees a request for 137 could use up nonce 37..., and lock its signer out."""
    signed = request.chain_id + (request.nonce or "")
    longer = (str(chain_id) for chain_id in chain_ids if len(str(chain_id)) > len(request.chain_id))
    return any(signed.startswith(text) for text in longer)


def _published(request: DecryptRequest, chain: Chain, nft: str, head: Head) -> PublishedBytes:
    if not request.transaction_id:
        if request.published is None:
            raise documents.UnusableArguments
        return request.published
    if not TX_HASH.match(request.transaction_id):
        raise documents.UnusableTransaction
    receipt = chain.receipt(request.transaction_id.lower(), head)
    if receipt is None:
        raise documents.UnusableTransaction
    return _from_receipt(receipt, nft)


def _from_receipt(receipt: Receipt, nft: str) -> PublishedBytes:
    """The first MetadataCreated of this NFT, else its first MetadataUpdated.

    Logs of any other contract do not count: one transaction may publish several assets, and anybody
    may emit a look-alike.
    """
    found = events.metadata_created(receipt.logs, nft) or events.metadata_updated(receipt.logs, nft)
    if not found:
        raise documents.UnusableTransaction
    event = found[0]
    return PublishedBytes(event.data, event.flags[0] if event.flags else 0, event.metadata_hash)
