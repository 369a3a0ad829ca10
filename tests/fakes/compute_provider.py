"""The port Provider in memory: what it grants, refuses and counts is set by the test."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.compute.ports.provider import (
    Authorized,
    GrantedAsset,
    GrantedFile,
    GrantRefused,
    NonceTooLow,
    ProviderUnavailable,
    QuoteRequest,
    StartRequest,
    UseRefused,
)

FEE_TOKEN = "0x" + "fe" * 20
CONTAINER = {
    "entrypoint": "node $ALGO",
    "image": "node",
    "tag": "18",
    "checksum": "sha256:" + "82" * 32,
}


def did(number: int) -> str:
    return f"did:op:{number:064x}"


def document(name: str) -> dict[str, Any]:
    return {"id": name, "metadata": {"name": f"naïve {name[-4:]}"}}


@dataclass
class FakeProvider:
    """`decide` turns a start into its answer; `refused` is raised instead when set, `away` before all."""

    decide: Callable[["FakeProvider", StartRequest], Authorized] | None = None
    refused: UseRefused | None = None
    away: bool = False
    chains: dict[int, str] = field(default_factory=lambda: {8996: FEE_TOKEN})
    nonces: dict[str, str] = field(default_factory=dict)
    contract_signatures: set[tuple[str, str, str]] = field(default_factory=set)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    paid_seconds: int | None = None
    network: bool = False
    pins_image: bool = False
    agreement_id: str = "0x" + "AB" * 32
    starts: list[StartRequest] = field(default_factory=list)
    quotes: list[QuoteRequest] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    contract_questions: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def authorize(self, request: StartRequest) -> Authorized:
        self._check()
        self.starts.append(request)
        if self.refused is not None:
            raise self.refused
        return (self.decide or FakeProvider.allowed)(self, request)

    def allowed(self, request: StartRequest) -> Authorized:
        """Yes, with one file for each dataset and two for a published algorithm."""
        meta = request.algorithm.meta
        name = request.algorithm.document_id
        return Authorized(
            chain_id=8996,
            agreement_id=self.agreement_id,
            paid_seconds=self.paid_seconds,
            valid_until=0,
            datasets=tuple(self._granted(use.document_id or "", 1) for use in request.datasets),
            algorithm=None if name is None else self._granted(name, 2),
            container=CONTAINER if meta is None else meta.get("container", CONTAINER),
            raw_code=None if meta is None else meta.get("rawcode"),
            network=self.network,
            pins_image=self.pins_image,
        )

    def _granted(self, name: str, count: int) -> GrantedAsset:
        files = [GrantedFile(index=n, handle=f"grant-{name[-4:]}-{n}") for n in range(count)]
        return GrantedAsset(did=name, service_id="1", ddo=document(name), files=tuple(files))

    def quote(self, request: QuoteRequest) -> Mapping[str, Any]:
        self._check()
        self.quotes.append(request)
        if self.refused is not None:
            raise self.refused
        return {"datasets": [{"validOrder": "0x12"} for _ in request.datasets]}

    def open(self, job: str, handle: str) -> Iterator[bytes]:
        self._check()
        if (job, handle) not in self.files:
            raise GrantRefused
        yield self.files[job, handle]

    def end_grants(self, job: str) -> None:
        self._check()
        self.ended.append(job)

    def consume_nonce(self, address: str, nonce: str) -> None:
        self._check()
        with self._lock:
            stored = self.nonces.get(address)
            if stored is not None and Decimal(stored) >= Decimal(nonce):
                raise NonceTooLow(stored, nonce)
            self.nonces[address] = nonce

    def last_nonce(self, address: str) -> str:
        self._check()
        return self.nonces.get(address, "1")

    def signed_message(self, address: str, messages: Sequence[str], signature: str) -> str | None:
        self._check()
        self.contract_questions += 1
        signed = (text for text in messages if (address, text, signature) in self.contract_signatures)
        return next(signed, None)

    def fee_tokens(self) -> Mapping[int, str]:
        self._check()
        return dict(self.chains)

    def _check(self) -> None:
        if self.away:
            raise ProviderUnavailable("away")
