"""Asset documents as they stand on chain: flags, compression bounds, hash, and what is not a document.

Source: contract section 5.3. Publishing compresses and then encrypts; here it is undone.
"""

import hashlib
import json
import lzma
from enum import IntEnum

from services.provider.domain.errors import ProviderError

FLAG_COMPRESSED = 1
FLAG_ENCRYPTED = 2
MAX_DOCUMENT_BYTES = 10 * 1024 * 1024
# xz asks for its dictionary up front: 65 MiB for the highest preset, never more for an honest document.
DECODER_MEMORY_BYTES = 72 * 1024 * 1024


class State(IntEnum):
    """On-chain state of a data NFT."""

    ACTIVE = 0
    END_OF_LIFE = 1
    DEPRECATED = 2
    REVOKED = 3
    ORDERING_DISABLED = 4
    UNLISTED = 5


READABLE_STATES = frozenset({State.ACTIVE, State.ORDERING_DISABLED, State.UNLISTED})


class DecrypterNotAuthorized(ProviderError):
    """A list of decrypters is configured and the caller is not on it."""


class AssetRetired(ProviderError):
    """The NFT's state closes its document: end of life, deprecated or revoked."""

    def __init__(self, state: State) -> None:
        super().__init__(state.name)
        self.state = state


class UnknownState(ProviderError):
    """The NFT reports a state that does not exist."""


class ForeignNft(ProviderError):
    """The NFT was not made by the chain's data NFT factory."""


class UnusableTransaction(ProviderError):
    """No receipt, or none of its metadata events was emitted by the NFT."""


class UnusableArguments(ProviderError):
    """encryptedDocument, flags or documentHash is not what it must be."""


class NotDecryptable(ProviderError):
    """The bytes are not an ECIES blob for this provider's key."""


class NotDecompressible(ProviderError):
    """The bytes are not an xz or lzma stream, or it expands beyond the bounds."""


class WrongChecksum(ProviderError):
    """The document does not hash to the published value."""


class NotADocument(ProviderError):
    """The plaintext is a files object: somebody's secret URLs, never a document to hand out."""


def check_state(state: int) -> None:
    """Raises AssetRetired, UnknownState."""
    try:
        known = State(state)
    except ValueError as error:
        raise UnknownState from error
    if known not in READABLE_STATES:
        raise AssetRetired(known)


def decompress(data: bytes, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Undo `lzma.compress` (xz, or legacy lzma alone; concatenated streams as well).

    Memory stays within `limit` plus the decoder's dictionary, whatever the input claims.
    Raises NotDecompressible.
    """
    parts: list[bytes] = []
    room = limit + 1
    while data or not parts:
        decoder = lzma.LZMADecompressor(memlimit=DECODER_MEMORY_BYTES)
        try:
            part = decoder.decompress(data, room)
        except lzma.LZMAError as error:
            if parts:
                break  # trailing bytes after a whole stream are ignored, as Python's lzma does
            raise NotDecompressible from error
        room -= len(part)
        if room <= 0 or not decoder.eof:
            raise NotDecompressible
        parts.append(part)
        data = decoder.unused_data
    return b"".join(parts)


def check_document(document: bytes, sha256: bytes) -> None:
    """Raises WrongChecksum, NotADocument."""
    if hashlib.sha256(document).digest() != sha256:
        raise WrongChecksum
    if is_files_object(document):
        raise NotADocument


def is_files_object(plaintext: bytes) -> bool:
    """Whether a files reader could take these bytes for a files object, current or legacy (a bare list)."""
    try:
        value = json.loads(plaintext, object_pairs_hook=_names)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) or (isinstance(value, frozenset) and "files" in value)


def _names(pairs: list[tuple[str, object]]) -> frozenset[str]:
    return frozenset(name for name, _ in pairs)
