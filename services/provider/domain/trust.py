"""Which algorithms a data owner lets near a compute service's data. Source: contract 1.7 and 7.2.

A section that cannot be read lets nobody in: what the owner meant by it is not ours to guess.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.provider.domain.errors import ProviderError

_SHA256_HEX_CHARS = 64


class NotTrusted(ProviderError):
    """The owner's lists or pins do not admit the algorithm; `code` is what Ocean clients know it by.

    `file` is the first file that differs from the pinned ones, None where no file is at fault.
    """

    def __init__(self, code: str, file: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.file = file


@dataclass(frozen=True, slots=True)
class Pin:
    """What an owner holds a trusted algorithm to; empty texts pin nothing. Hex in lower case."""

    files: str = ""  # the SHA-256 of every file, in order, joined
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """None restricts nobody. `unreadable`: a list is there and nobody can tell whom it names."""

    raw: bool = False
    network: bool = False
    publishers: frozenset[str] | None = None  # lower case
    algorithms: Mapping[str, Pin] | None = None  # by DID
    unreadable: bool = False

    def admit(self, did: str, owner: str | None) -> Pin:
        """What the published algorithm `did` of `owner` is held to. Raises NotTrusted."""
        if self.publishers is not None and (owner or "").lower() not in self.publishers:
            raise NotTrusted("not_trusted_algo_publisher")
        if self.unreadable:
            raise NotTrusted("no_publisherTrustedAlgorithms")
        if self.algorithms is None:
            return Pin()
        if did not in self.algorithms:
            raise NotTrusted("not_trusted_algo")
        return self.algorithms[did]

    def admit_raw(self) -> None:
        """Raises NotTrusted."""
        if not self.raw:
            raise NotTrusted("no_raw_algo_allowed")


def parse_policy(section: object) -> Policy:
    """Of a service's `compute`, whatever the publisher wrote there; a missing one has no lists."""
    if section is None:
        return Policy()
    if not isinstance(section, Mapping):
        return Policy(unreadable=True)
    algorithms, unreadable = _algorithms(section.get("publisherTrustedAlgorithms"))
    return Policy(
        raw=section.get("allowRawAlgorithm") is True,
        network=section.get("allowNetworkAccess") is True,
        publishers=_publishers(section.get("publisherTrustedAlgorithmPublishers")),
        algorithms=algorithms,
        unreadable=unreadable,
    )


def check_files(pin: Pin, checksums: Sequence[str]) -> None:
    """`checksums`: SHA-256 in hex of each file as it is now. Raises NotTrusted, naming the first other one.

    A pin of fewer files than there are does not cover the rest, so the first of those is the other one.
    """
    if not pin.files:
        return
    for index, checksum in enumerate(checksums):
        start = index * _SHA256_HEX_CHARS
        if pin.files[start : start + _SHA256_HEX_CHARS] != checksum:
            raise NotTrusted("algorithm_file_checksum_mismatch", index)
    if len(pin.files) != len(checksums) * _SHA256_HEX_CHARS:
        raise NotTrusted("algorithm_file_checksum_mismatch", len(checksums))


def check_container(pin: Pin, container: Mapping[str, Any]) -> None:
    """Raises NotTrusted."""
    if pin.container and pin.container != container_checksum(container):
        raise NotTrusted("algorithm_container_checksum_mismatch")


def container_checksum(container: Mapping[str, Any]) -> str:
    """Of entrypoint and image digest, joined; neither image nor tag is covered."""
    text = f"{container.get('entrypoint', '')}{container.get('checksum', '')}"
    return hashlib.sha256(text.encode()).hexdigest()


def _publishers(value: object) -> frozenset[str] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        return frozenset()
    return frozenset(item.lower() for item in value if isinstance(item, str) and item)


def _algorithms(value: object) -> tuple[Mapping[str, Pin] | None, bool]:
    """By DID, and whether the list cannot be read."""
    if value is None or value == []:
        return None, False
    if not isinstance(value, list):
        return None, True
    pins: dict[str, Pin] = {}
    for entry in value:
        did = entry.get("did") if isinstance(entry, Mapping) else None
        if not isinstance(did, str):
            return None, True
        pins[did] = Pin(_hex(entry.get("filesChecksum")), _hex(entry.get("containerSectionChecksum")))
    return pins, False


def _hex(value: object) -> str:
    """Something that is no text pins all the same: to what no checksum equals."""
    return "" if value is None else str(value).lower()
