"""The provider over a real chain with the Ocean contracts; catalogue and files over HTTP."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from libs.chain.client import Chains
from libs.chain.events import TOPICS
from libs.chain.types import Log
from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_text
from libs.web.internal_client import InternalClient
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.order import Fee, fee_of_quote, order, reuse
from scripts.chain.provider_client import LocalEncryptor
from scripts.chain.publish import Published, publish
from services.provider.adapters.catalogue_http import DDO_PATH, CatalogueHttp
from services.provider.adapters.chain_proof import ChainProof
from services.provider.adapters.keys import ProviderKeys
from services.provider.adapters.origins import GuardedOrigins, make_fetcher
from services.provider.adapters.proofs import ProofQueue
from services.provider.domain.fees import FeePolicy
from services.provider.domain.orders import Rules
from services.provider.egress.relay import OriginRelay
from tests.fakes.access import AccessWorld
from tests.fakes.origin import Exchange, Origin, file
from tests.fakes.provider import FrozenClock
from tests.fakes.provider_app import Provider as ProviderApp
from tests.fakes.receipts import PROVIDER_KEY
from tests.fixtures_chain import CHAIN_ID, DevChain

CONTENT = b"year,rain\n2024,3\n"
OWNER, PUBLISHER, ALICE, MALLORY = 0, 1, 2, 3


@dataclass
class Shop:
    """Publish, order and download on `node`; Alice buys, Mallory tries not to."""

    node: DevChain
    origin: Origin
    clock: FrozenClock
    rules: Rules = field(default_factory=Rules)
    policy: FeePolicy = field(default_factory=FeePolicy)
    proofs_on_chain: bool = False

    def __post_init__(self) -> None:
        keys = ProviderKeys(plain=PROVIDER_KEY)
        chains = Chains({CHAIN_ID: self.node.chain()})
        fetcher = make_fetcher(
            allow_non_public_ip=False,
            fetch_allow=f"127.0.0.1:{self.origin.port}",
            request_timeout=5.0,
            idle_seconds=5.0,
        )
        self.close = fetcher.close
        origins = GuardedOrigins(fetcher)
        self.proofs = ProofQueue([ChainProof(chains, keys)] if self.proofs_on_chain else [])
        self.world = AccessWorld(
            assets=CatalogueHttp(InternalClient(self.origin.url("").rstrip("/"), "catalogue", None)),
            chains=chains,
            clock=self.clock,
            rules=self.rules,
            policy=self.policy,
            origins=origins,
            relay=OriginRelay(origins),
            proofs=self.proofs,
        )
        app = ProviderApp(world=self.world, ledger=self.world.ledger, tokens=self.world.tokens)
        self.client = app.client()
        self.wallets = {index: self.node.wallet(index) for index in (OWNER, PUBLISHER, ALICE, MALLORY)}
        self._nonces = itertools.count(1)

    def publish(self, *services: ServiceSpec, **extra: Any) -> Published:
        """Alice and Mallory hold datatokens of each service that mints to them."""
        provider = Provider(
            self.origin.url(""), PROVIDER_KEY.address, LocalEncryptor(PROVIDER_KEY.public_key64)
        )
        spec = AssetSpec(services=services or (self.service(),), extra=extra)
        published = publish(self.wallets[PUBLISHER], self.node.entries, provider, spec)
        shown = {"address": published.nft, "state": 0, "owner": self.wallets[PUBLISHER].address}
        self.origin.route(DDO_PATH + published.did, revision({**published.ddo, "nft": shown}))
        return published

    def service(self, **changes: Any) -> ServiceSpec:
        self.origin.route("/data.csv", file(CONTENT, "text/csv"))
        holders = [self.wallets[index].address for index in (ALICE, MALLORY)]
        files = [{"type": "url", "url": self.origin.url("/data.csv"), "method": "GET"}]
        return ServiceSpec(**{"files": files, "mint_to": holders, **changes})

    def initialize(self, asset: Published, who: int = ALICE, **changes: Any) -> Any:
        query = {
            "documentId": asset.did,
            "serviceId": "service-0",
            "consumerAddress": self.wallets[who].address,
            **changes,
        }
        response = self.client.get("/api/services/initialize", query_string=query)
        assert response.status_code == 200, response.text
        return response.json

    def quote(self, asset: Published, who: int = ALICE, **changes: Any) -> Fee:
        return fee_of_quote(self.initialize(asset, who, **changes))

    def order(self, asset: Published, who: int = ALICE, index: int = 0, fee: Fee | None = None) -> str:
        service_id = asset.ddo["services"][index]["id"]
        fee = fee or self.quote(asset, who, serviceId=service_id)
        return order(self.wallets[who], self.node.entries, asset.datatokens[index], index, fee)

    def reuse(self, asset: Published, names: str, who: int = ALICE, index: int = 0) -> str:
        service_id = asset.ddo["services"][index]["id"]
        fee = self.quote(asset, who, serviceId=service_id)
        return reuse(self.wallets[who], asset.datatokens[index], names, fee)

    def download(self, asset: Published, tx: str, who: int = ALICE, **changes: Any) -> Any:
        wallet = self.wallets[who]
        nonce = str(next(self._nonces))
        query = {
            "documentId": asset.did,
            "serviceId": "service-0",
            "consumerAddress": wallet.address,
            "transferTxId": tx,
            "fileIndex": 0,
            "nonce": nonce,
            "signature": sign_text(asset.did + nonce, PrivateKey(wallet.key)),
            **changes,
        }
        return self.client.get("/api/services/download", query_string=query)

    def refusal(self, asset: Published, tx: str, who: int = ALICE, **changes: Any) -> str:
        """The machine-readable reason of a refused download; nothing was fetched for it."""
        before = self.origin.paths().count("/data.csv")
        response = self.download(asset, tx, who, **changes)
        assert response.status_code == 400, response.text
        assert self.origin.paths().count("/data.csv") == before
        return str(response.json["reason"])

    def pass_time(self, seconds: int) -> None:
        """On the chain's clock."""
        self.node.rpc("evm_increaseTime", seconds)
        self.node.mine()

    def last_transaction(self) -> str:
        block = self.node.rpc("eth_getBlockByNumber", "latest", False)
        return str(block["transactions"][-1])

    def forge(self, *logs: Log, who: int = MALLORY) -> str:
        """A transaction in which a contract of the sender's own emits these very logs."""
        self.wallets[who].deploy_code(emitting(logs))
        return self.last_transaction()

    def logs_of(self, tx: str) -> tuple[Log, ...]:
        """The order events of a transaction."""
        receipt = self.node.chain().receipt(tx)
        assert receipt is not None
        wanted = {TOPICS[name] for name in ("OrderStarted", "OrderReused", "ProviderFee")}
        return tuple(log for log in receipt.logs if log.topics[0] in wanted)


def revision(document: dict[str, Any]) -> Callable[[Exchange], None]:
    """A catalogue's answer, with ETag."""
    body = json.dumps(document).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()}"'

    def script(exchange: Exchange) -> None:
        known = exchange.request.headers.get("if-none-match") == etag
        exchange.respond(304 if known else 200, {"ETag": etag}, b"" if known else body)

    return script


def emitting(logs: tuple[Log, ...]) -> bytes:
    """Init code that emits `logs` from the address it is deployed to, and leaves no code there."""
    parts: list[tuple[bytes, int]] = []
    size = sum(7 + 2 + 33 * len(log.topics) + 3 + 2 + 1 for log in logs) + 5
    data_at = size
    for log in logs:
        length = len(log.data).to_bytes(2, "big")
        code = b"\x61" + length + b"\x61" + data_at.to_bytes(2, "big") + b"\x60\x00\x39"  # CODECOPY to 0
        for topic in reversed(log.topics):
            code += b"\x7f" + bytes.fromhex(topic[2:])
        code += b"\x61" + length + b"\x60\x00" + bytes((0xA0 + len(log.topics),))  # LOGn of memory 0..length
        parts.append((code, len(log.data)))
        data_at += len(log.data)
    program = b"".join(code for code, _ in parts) + b"\x60\x00\x60\x00\xf3"
    padding = b"\x00" * (size - len(program))
    return program + padding + b"".join(log.data for log in logs)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def _now(node: DevChain) -> FrozenClock:
    block = node.rpc("eth_getBlockByNumber", "latest", False)
    return FrozenClock(float(int(block["timestamp"], 16)))


@pytest.fixture
def shop(dev_chain: DevChain, origin: Origin) -> Iterator[Shop]:
    """On the session's node: no time travel here."""
    shop = Shop(dev_chain, origin, _now(dev_chain))
    yield shop
    shop.close()


@pytest.fixture
def own_shop(new_chain: Callable[[], DevChain], origin: Origin) -> Iterator[Callable[..., Shop]]:
    """A shop on a node of its own."""
    built: list[Shop] = []

    def build(**settings: Any) -> Shop:
        node = new_chain()
        built.append(Shop(node, origin, _now(node), **settings))
        return built[-1]

    yield build
    for shop in built:
        shop.close()


def ocean_fee(whole_tokens: str) -> FeePolicy:
    return FeePolicy(amounts={"access": Decimal(whole_tokens)})
