"""Validate a DDO and vouch for it: the signed hash is what `setMetaData` takes as a proof.

Two request bodies are known: the raw document, and an object that wraps it with the publisher's signature
(contract 2.1). The hash is always over the exact bytes of the document as they were sent.

What such a publisher signs is word for word what a download or an AuthToken is asked for with: whoever sees
it could ask in their name. So the nonce is used up here as well, once the signature holds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.signing import personal
from libs.signing.keys import PrivateKey
from libs.signing.messages import DdoValidationByAddress, DdoValidationByDid
from services.catalogue.domain.ddo_rules import problems_of
from services.catalogue.domain.documents import MAX_DOCUMENT_BYTES, member_span, parse_object
from services.catalogue.domain.errors import CatalogueError
from services.catalogue.ports import Nonces

WRAPPER_BYTES = 16 * 1024
_WRAPPED = ("publisherAddress", "nonce", "signature")


class NoVersion(CatalogueError):
    """The document does not say which version of the schema it follows."""


class DdoInvalid(CatalogueError):
    """The document breaks rules. `problems` are messages by path."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class PublisherNotProven(CatalogueError):
    """A publisher's signature came along and does not hold."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """`hash` is sha256 of the document's bytes; v, r, s sign it (EIP-191 over the 32 bytes)."""

    hash: bytes
    signer: str
    v: int
    r: bytes
    s: bytes


@dataclass(frozen=True, slots=True)
class _Publisher:
    """Who signed, and with which nonce."""

    address: str
    nonce: str


class Validate:
    def __init__(self, key: PrivateKey, nonces: Nonces | None = None) -> None:
        """Without `nonces` none is used up: for a catalogue that no provider of ours stands beside."""
        self._key = key
        self._nonces = nonces

    def __call__(self, body: bytes) -> Voucher:
        """Raises UnreadableDocument, NoVersion, DdoInvalid, PublisherNotProven, NoncesUnavailable."""
        document, raw, publisher = _unwrapped(body)
        if not document.get("version"):
            raise NoVersion
        problems = problems_of(document)
        if problems:
            raise DdoInvalid(problems)
        if publisher is not None and self._nonces is not None:
            self._nonces.burn(publisher.address, publisher.nonce)
        digest = hashlib.sha256(raw).digest()
        v, r, s = personal.sign_hash(digest, self._key)
        return Voucher(digest, self._key.address, v, r, s)


def _unwrapped(body: bytes) -> tuple[Mapping[str, Any], bytes, _Publisher | None]:
    """The document, the bytes that are hashed, and the publisher if one signed."""
    sent = parse_object(body, limit=MAX_DOCUMENT_BYTES + WRAPPER_BYTES)
    inner = sent.get("ddo")
    if not isinstance(inner, dict) or "@context" in sent or "version" in sent:
        return sent, body, None
    span = member_span(body, "ddo")
    assert span is not None
    signed = any(sent.get(name) for name in _WRAPPED)
    return inner, span, _proven(sent, inner) if signed else None


def _proven(sent: Mapping[str, Any], document: Mapping[str, Any]) -> _Publisher:
    """ocean.js 4.0.0 signs did + nonce, 4.3.7 address + nonce."""
    address, nonce, signature = (sent.get(name) for name in _WRAPPED)
    if isinstance(nonce, int) and not isinstance(nonce, bool):
        nonce = str(nonce)
    if not isinstance(address, str) or not isinstance(nonce, str) or not isinstance(signature, str):
        raise PublisherNotProven
    did = document.get("id")
    texts = [DdoValidationByAddress(address, nonce).text()]
    if isinstance(did, str):
        texts.append(DdoValidationByDid(did, nonce).text())
    if not any(personal.is_signed_by(text, signature, address) for text in texts):
        raise PublisherNotProven
    return _Publisher(address, nonce)
