"""From the bytes of a metadata event to a document, or to the reason why there is none.

Pure: the network part (asking a decryptor) happens between `is_encrypted` and `check_hash`.
Source: companion contract 2.5 (flags, hash) and provider contract 5.3.
"""

import hashlib
import lzma
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from services.catalogue.domain.errors import CatalogueError
from services.catalogue.domain.facts import EventFact, EventKind

COMPRESSED = 1
ENCRYPTED = 2
MAX_PLAIN_BYTES = 1024 * 1024
_LZMA_MEMORY = 96 * 1024 * 1024
_ZERO_ADDRESS = "0x" + "0" * 40


class DocumentRefused(CatalogueError):
    """This event will never give a document. `reason` is a sentence for people, without URLs or secrets."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DecryptionRefused(DocumentRefused):
    """The decryptor answered that we may not read it: not asked again unless somebody asks us to."""


class DecryptionFailed(CatalogueError):
    """The decryptor could not be asked or could not do it now. `reason` as above.

    `reachable` False says that the next question to the same decryptor would most likely fail alike.
    """

    def __init__(self, reason: str, *, reachable: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reachable = reachable


def flags_of(event: EventFact) -> int:
    """The flag byte; other bits than the two known are ignored."""
    raw = bytes.fromhex(str(event.payload["flags"])[2:])
    return int.from_bytes(raw, "big") & (COMPRESSED | ENCRYPTED)


def is_encrypted(event: EventFact) -> bool:
    return bool(flags_of(event) & ENCRYPTED)


def open_plain(event: EventFact) -> bytes:
    """The document of an event that is not encrypted, hash checked. Raises DocumentRefused."""
    data = bytes.fromhex(str(event.payload["data"])[2:])
    flags = flags_of(event)
    plain = decompress(data) if flags & COMPRESSED else data
    if matches_hash(plain, event):
        return plain
    # ocean.js with encryptDDO=false hashes the hex text of the document instead of the document.
    if flags == 0 and _sha256(("0x" + data.hex()).encode()) == event.payload["metaDataHash"]:
        return plain
    raise DocumentRefused("The document does not match the hash in its event.")


def matches_hash(plain: bytes, event: EventFact) -> bool:
    return _sha256(plain) == str(event.payload["metaDataHash"])


def decompress(data: bytes) -> bytes:
    """Undo LZMA (.xz or legacy .lzma) within bounds of time and memory. Raises DocumentRefused."""
    try:
        stream = lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_MEMORY)
        plain = stream.decompress(data, MAX_PLAIN_BYTES + 1)
    except lzma.LZMAError:
        raise DocumentRefused("The document cannot be decompressed.") from None
    if len(plain) > MAX_PLAIN_BYTES:
        raise DocumentRefused(f"The document is larger than {MAX_PLAIN_BYTES} bytes.")
    if not stream.eof or stream.unused_data:
        raise DocumentRefused("The document cannot be decompressed.")
    return plain


def check_validators(event: EventFact, same_tx: Iterable[EventFact], allowed: Collection[str]) -> None:
    """At least one proof of an allowed validator for this very document. Raises DocumentRefused.

    Only proofs that this NFT emitted in this transaction over this hash count. The zero address proves
    nothing: the contract emits such proofs unchecked. `allowed` is lower-case; empty allows everything.
    """
    if not allowed:
        return
    for proof in same_tx:
        if (
            proof.kind is EventKind.METADATA_VALIDATED
            and proof.subject == event.subject
            and proof.tx_hash == event.tx_hash
            and proof.payload["metaDataHash"] == event.payload["metaDataHash"]
            and _is_allowed(str(proof.payload["validator"]), allowed)
        ):
            return
    raise DocumentRefused("No proof of an allowed validator came with the document.")


def check_publisher(event: EventFact, allowed: Collection[str]) -> None:
    """`allowed` is lower-case; empty allows everybody. Raises DocumentRefused."""
    if allowed and event.tx_from.lower() not in allowed:
        raise DocumentRefused(f"Sender {event.tx_from} is not in ALLOWED_PUBLISHERS.")


def check_identity(document: Mapping[str, Any], *, did: str, chain_id: int, nft_address: str) -> None:
    """The document must speak of the NFT that carries it. Raises DocumentRefused."""
    if document.get("id") != did:
        raise DocumentRefused("The id of the document is not the DID of its NFT and chain.")
    if "chainId" in document and document["chainId"] != chain_id:
        raise DocumentRefused("The chainId of the document is not the chain it was published on.")
    if str(document.get("nftAddress", nft_address)).lower() != nft_address.lower():
        raise DocumentRefused("The nftAddress of the document is not the NFT that carries it.")


def _is_allowed(validator: str, allowed: Collection[str]) -> bool:
    return validator != _ZERO_ADDRESS and validator.lower() in allowed


def _sha256(data: bytes) -> str:
    return "0x" + hashlib.sha256(data).hexdigest()
