"""The texts that wallets sign (Ocean contract 3.3): plain concatenation, no separators.

Every item is the literal text received: case kept, no 0x added or removed, numbers as written.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from libs.signing.errors import MalformedMessage

_MAX_NONCE_CHARS = 64


class Message(Protocol):
    def text(self) -> str:
        """What the wallet signs."""


@dataclass(frozen=True, slots=True)
class Download:
    document_id: str
    nonce: str

    def text(self) -> str:
        return self.document_id + self.nonce


@dataclass(frozen=True, slots=True)
class Decrypt:
    """`document_ref` is the transaction id when one was sent, else the NFT address; never both."""

    document_ref: str
    decrypter_address: str
    chain_id: str
    nonce: str

    def text(self) -> str:
        return self.document_ref + self.decrypter_address + self.chain_id + self.nonce


@dataclass(frozen=True, slots=True)
class AuthToken:
    address: str
    nonce: str

    def text(self) -> str:
        return self.address + self.nonce


@dataclass(frozen=True, slots=True)
class AuthTokenWithExpiry:
    """The alternative of contract 9: the lifetime is signed too."""

    address: str
    expiration: str
    nonce: str

    def text(self) -> str:
        return self.address + self.expiration + self.nonce


@dataclass(frozen=True, slots=True)
class ComputeStart:
    consumer_address: str
    document_id: str
    nonce: str
    job_id: str = ""

    def text(self) -> str:
        return self.consumer_address + self.job_id + self.document_id + self.nonce


@dataclass(frozen=True, slots=True)
class ComputeControl:
    """Stop and delete."""

    consumer_address: str
    job_id: str
    document_id: str
    nonce: str

    def text(self) -> str:
        return self.consumer_address + self.job_id + self.document_id + self.nonce


@dataclass(frozen=True, slots=True)
class ComputeStopUnbound:
    """What ocean.js 3.3.3 and later sign to stop a job: no nonce in it, so it never uses one up."""

    consumer_address: str
    job_id: str

    def text(self) -> str:
        return self.consumer_address + self.job_id


@dataclass(frozen=True, slots=True)
class ComputeResult:
    consumer_address: str
    job_id: str
    index: str
    nonce: str

    def text(self) -> str:
        return self.consumer_address + self.job_id + self.index + self.nonce


@dataclass(frozen=True, slots=True)
class DdoValidationByDid:
    did: str
    nonce: str

    def text(self) -> str:
        return self.did + self.nonce


@dataclass(frozen=True, slots=True)
class DdoValidationByAddress:
    address: str
    nonce: str

    def text(self) -> str:
        return self.address + self.nonce


@dataclass(frozen=True, slots=True)
class Candidate:
    """One acceptable message, and the nonce to use up when it is the one that was signed.

    `consumes` is None when the nonce is not covered by the signature and must not be stored.
    """

    message: Message
    consumes: str | None


def compute_control_candidates(
    *, target: ComputeStopUnbound, document_id: str, nonce: str | None, reported: str, stops: bool
) -> tuple[Candidate, ...]:
    """The accept set of contract 3.3 for PUT and DELETE compute, canonical message first.

    `reported` is what the nonce endpoint would answer (decimal text); without a nonce in the
    request both it and its successor are tried and the successor is used up (3.3 a).
    `stops` says PUT: only there, and only for one named job, may the nonce be unsigned (3.3 b).
    """
    if nonce is not None:
        found = [_control(target, document_id, nonce, nonce)]
    else:
        last, following = _with_successor(reported)
        found = [_control(target, document_id, n, following) for n in (last, following)]
    if stops and target.job_id:
        found.append(Candidate(target, None))
    return tuple(found)


def _control(target: ComputeStopUnbound, document_id: str, nonce: str, consumes: str) -> Candidate:
    return Candidate(ComputeControl(target.consumer_address, target.job_id, document_id, nonce), consumes)


def _with_successor(reported: str) -> tuple[str, str]:
    try:
        if len(reported) > _MAX_NONCE_CHARS:
            raise MalformedMessage("nonce is too long")
        last = Decimal(reported)
        if not last.is_finite():
            raise MalformedMessage("nonce is not a number")
        return reported, format(last + 1, "f")
    except InvalidOperation as error:
        raise MalformedMessage("nonce is not a number") from error
