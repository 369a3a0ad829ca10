"""Published documents: the bytes, the metadata logs of an NFT, and decrypt requests signed for them."""

import hashlib
import lzma
from dataclasses import dataclass, field
from typing import Any

from eth_abi import encode

from libs.chain.events import TOPICS
from libs.chain.types import Log, Receipt
from libs.signing import ecies
from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import sign_text
from tests.fakes.provider import CHAIN_ID, PROVIDER_KEY

NFT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
OTHER_NFT = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"
TX = "0x" + "a0" * 32
INDEXER = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")
DOCUMENT = b'{"@context":["https://w3id.org/did/v1"],"id":"did:op:0c18","services":[]}'
NONCE = "1795295486993079057"


@dataclass(frozen=True)
class Publication:
    """`document` as it goes on chain with `flags`; `data` and `sha256` may be given to lie."""

    document: bytes = DOCUMENT
    flags: int = 2
    data: bytes = b""
    sha256: bytes = b""
    key: PrivateKey = field(default_factory=lambda: PrivateKey(PROVIDER_KEY))

    def published(self) -> bytes:
        if self.data:
            return self.data
        data = lzma.compress(self.document) if self.flags & 1 else self.document
        return ecies.encrypt(self.key.public_key64, data) if self.flags & 2 else data

    def hash(self) -> bytes:
        return self.sha256 or hashlib.sha256(self.document).digest()

    def log(self, event: str = "MetadataCreated", emitter: str = NFT) -> Log:
        types = ["uint8", "string", "bytes", "bytes", "bytes32", "uint256", "uint256"]
        values = [0, "http://p", bytes([self.flags]), self.published(), self.hash(), 1_700_000_000, 7]
        topics = (TOPICS[event], "0x" + "00" * 12 + INDEXER.address[2:].lower())
        return Log(emitter, topics, encode(types, values), 7, "0x" + "07" * 32, TX, 0)

    def arguments(self) -> dict[str, Any]:
        """For a request without a transaction."""
        return {
            "encryptedDocument": "0x" + self.published().hex(),
            "flags": self.flags,
            "documentHash": "0x" + self.hash().hex(),
        }


def receipt(*logs: Log) -> Receipt:
    return Receipt(TX, 1, 7, "0x" + "07" * 32, logs)


def signed(body: dict[str, Any], key: PrivateKey = INDEXER) -> dict[str, Any]:
    """`body` with the signature over what it says, unless it brings one."""
    reference = body.get("transactionId") or body["dataNftAddress"]
    message = Decrypt(
        str(reference), str(body["decrypterAddress"]), str(body["chainId"]), str(body.get("nonce", ""))
    )
    return {"signature": sign_text(message.text(), key), **body}


def by_transaction(nonce: Any = NONCE, **changes: Any) -> dict[str, Any]:
    """A signed request that names the transaction; a change to None leaves the field out."""
    return _body({"transactionId": TX}, nonce, changes)


def by_arguments(publication: Publication, nonce: Any = NONCE, **changes: Any) -> dict[str, Any]:
    """A signed request that brings the document along."""
    return _body(publication.arguments(), nonce, changes)


def _body(what: dict[str, Any], nonce: Any, changes: dict[str, Any]) -> dict[str, Any]:
    body = {
        "decrypterAddress": INDEXER.address,
        "chainId": CHAIN_ID,
        "dataNftAddress": NFT,
        "nonce": nonce,
        **what,
        **changes,
    }
    return signed({name: value for name, value in body.items() if value is not None})
