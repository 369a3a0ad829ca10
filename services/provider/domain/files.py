"""The files object of a service: reading it once decrypted, and whose it is. Source: contract section 6."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from libs.signing.errors import SigningError
from libs.signing.keys import checksum
from services.provider.domain.errors import ProviderError

UNBOUND_VERSIONS = frozenset(("", "4.0.0"))  # DDOs of that time encrypted a bare list
MAX_FILES = 1000

RawFile = Mapping[str, Any]
"""One entry of the list, not looked into yet: a malformed neighbour must not make a good file unusable."""


class FilesUnusable(ProviderError):
    """The files of a service cannot be had: not ours to decrypt, malformed, or another asset's.

    `reason` is for our log. Callers are told the same in every case: the blob is public, and what is wrong
    with somebody else's is nobody's business.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoSuchFile(ProviderError):
    """A fileIndex beyond the end of the list."""

    def __init__(self, index: int) -> None:
        super().__init__(f"no file {index}")
        self.index = index


def parse_files(
    plaintext: bytes, *, datatoken: str, nft_address: str, version: str, allow_unbound: bool = False
) -> tuple[RawFile, ...]:
    """The entries of the files object, which must name this very datatoken and NFT. Raises FilesUnusable.

    `allow_unbound` also accepts the bare list of version 4.0.0, which names neither and can therefore be
    copied into any other asset.
    """
    document = _json(plaintext)
    if isinstance(document, list) and version in UNBOUND_VERSIONS:
        if not allow_unbound:
            raise FilesUnusable("a bare list of files is bound to no asset")
        return _entries(document)
    if not isinstance(document, Mapping):
        raise FilesUnusable("the files object is not an object")
    _check_owner(document, "datatokenAddress", datatoken)
    _check_owner(document, "nftAddress", nft_address)
    return _entries(document.get("files"))


def pick(files: Sequence[RawFile], index: int) -> RawFile:
    """Raises NoSuchFile."""
    if not 0 <= index < len(files):
        raise NoSuchFile(index)
    return files[index]


def _json(plaintext: bytes) -> Any:
    try:
        return json.loads(plaintext)
    except (ValueError, RecursionError):
        raise FilesUnusable("the files object is not JSON") from None


def _check_owner(document: Mapping[str, Any], name: str, expected: str) -> None:
    stated = document.get(name)
    try:
        matches = isinstance(stated, str) and checksum(stated) == checksum(expected)
    except SigningError:
        matches = False
    if not matches:
        raise FilesUnusable(f"{name} of the files object is not the asset's")


def _entries(value: object) -> tuple[RawFile, ...]:
    if not isinstance(value, list) or not value or len(value) > MAX_FILES:
        raise FilesUnusable("the files object holds no usable list of files")
    if not all(isinstance(entry, Mapping) for entry in value):
        raise FilesUnusable("the files object holds something that is no file")
    return tuple(value)
