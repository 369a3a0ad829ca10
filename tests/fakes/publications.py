"""Assets as their publishers see them, and the logs they leave on a scripted chain."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from libs.signing.keys import checksum, did_for
from services.catalogue.domain.facts import EventKind

CHAIN_ID = 8996
T0 = 1_700_000_000


def address(seed: str) -> str:
    return checksum("0x" + hashlib.sha256(seed.encode()).hexdigest()[:40])


def digest(*parts: object) -> str:
    return "0x" + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


FACTORY, EXCHANGE, DISPENSER = address("factory"), address("exchange"), address("dispenser")
BASE_TOKEN, PUBLISHER = address("base"), address("publisher")
OWN_URL, STRANGER_URL = "http://provider.test", "https://stranger.test"


@dataclass(frozen=True)
class Emitted:
    """One log to be: everything but its place on the chain."""

    kind: EventKind
    emitter: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    subject: str | None = None
    tx: str | None = None


@dataclass(frozen=True)
class Publication:
    """An asset as its publisher sees it. Change with dataclasses.replace."""

    name: str
    version: int = 1
    flags: int = 0
    state: int = 0
    decryptor_url: str = OWN_URL
    chain_id: int = CHAIN_ID

    @property
    def nft(self) -> str:
        return address(f"nft {self.name}")

    @property
    def datatoken(self) -> str:
        return address(f"datatoken {self.name}")

    @property
    def did(self) -> str:
        return did_for(self.nft, self.chain_id)

    @property
    def exchange_id(self) -> str:
        return digest("exchange", self.datatoken)

    def document(self) -> dict[str, Any]:
        return {
            "@context": ["https://w3id.org/did/v1"],
            "id": self.did,
            "version": "4.1.0",
            "chainId": self.chain_id,
            "nftAddress": self.nft,
            "metadata": {
                "name": f"{self.name} v{self.version}",
                "type": "dataset",
                "description": "A sample",
                "author": "Somebody",
                "license": "CC0",
            },
            "services": [
                {
                    "id": "svc",
                    "type": "access",
                    "files": "0x04",
                    "datatokenAddress": self.datatoken,
                    "serviceEndpoint": OWN_URL,
                    "timeout": 0,
                }
            ],
        }

    def body(self) -> bytes:
        return json.dumps(self.document(), separators=(",", ":")).encode()

    def creation(self) -> list[Emitted]:
        token = {"name": f"Token of {self.name}", "symbol": "DT", "nft": self.nft.lower()}
        nft = {"name": self.name, "symbol": "NFT", "tokenURI": "ipfs://first"}
        return [
            Emitted(EventKind.NFT_TRANSFER, self.nft, {"from": "0x" + "0" * 40, "to": PUBLISHER}),
            Emitted(EventKind.NFT_CREATED, FACTORY, nft, self.nft),
            Emitted(EventKind.TOKEN_CREATED, FACTORY, token, self.datatoken),
        ]

    def metadata(self, kind: EventKind = EventKind.METADATA_CREATED, tx: str | None = None) -> Emitted:
        payload = {
            "updatedBy": PUBLISHER,
            "state": self.state,
            "decryptorUrl": self.decryptor_url,
            "flags": f"0x{self.flags:02x}",
            "data": "0x" + (self.body().hex() if self.flags == 0 else self.body()[::-1].hex()),
            "metaDataHash": "0x" + hashlib.sha256(self.body()).hexdigest(),
        }
        return Emitted(kind, self.nft, payload, tx=tx)

    def updated(self, **changes: Any) -> Emitted:
        return replace(self, **changes).metadata(EventKind.METADATA_UPDATED)

    def published(self) -> list[Emitted]:
        return [*self.creation(), self.metadata()]

    def state_changed(self, state: int) -> Emitted:
        return Emitted(EventKind.METADATA_STATE, self.nft, {"state": state})

    def ordered(self, datatoken: str | None = None) -> Emitted:
        payload = {"consumer": PUBLISHER, "payer": PUBLISHER, "serviceIndex": 0}
        return Emitted(EventKind.ORDER_STARTED, datatoken or self.datatoken, payload)

    def for_sale(self, rate: int, exchange: str = EXCHANGE) -> Emitted:
        payload = {"exchangeId": self.exchange_id, "baseToken": BASE_TOKEN, "rate": rate}
        return Emitted(EventKind.EXCHANGE_CREATED, exchange, payload, self.datatoken)

    def rate_changed(self, rate: int, exchange: str = EXCHANGE) -> Emitted:
        return Emitted(EventKind.EXCHANGE_RATE_CHANGED, exchange, {"rate": rate}, self.exchange_id)

    def given_away(self, dispenser: str = DISPENSER) -> Emitted:
        return Emitted(EventKind.DISPENSER_CREATED, dispenser, {"owner": PUBLISHER}, self.datatoken)
