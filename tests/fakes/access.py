"""In-memory stand-ins for what initialize and download need: assets, orders on chain, origins, a relay."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.chain.errors import UnknownChain
from libs.chain.types import Head, NftMetadata, Receipt
from libs.signing import ecies
from libs.signing.keys import PrivateKey
from services.provider.adapters.keys import ProviderKeys
from services.provider.domain.asset import Asset, parse_asset
from services.provider.domain.fees import FeePolicy
from services.provider.domain.file_types import Gateways
from services.provider.domain.grants import Grant
from services.provider.domain.orders import Rules
from services.provider.domain.origins import ContractCall, OriginRequest
from services.provider.ports import (
    AccessControl,
    AccessQuestion,
    ComputeEnvironment,
    ProofOfDownload,
    RelayReply,
)
from services.provider.usecases.access import Access
from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.compute_assets import ComputeAssets
from services.provider.usecases.compute_orders import ComputeOrders
from services.provider.usecases.compute_quote import FeeTokens, QuoteCompute
from services.provider.usecases.compute_start import AuthorizeStart
from services.provider.usecases.download import Download
from services.provider.usecases.fileinfo import Fileinfo
from services.provider.usecases.grants import Grants
from services.provider.usecases.handover import Handover
from services.provider.usecases.initialize import Initialize
from services.provider.usecases.nonces import Nonces
from services.provider.usecases.orders import Orders
from services.provider.usecases.probe import Probe
from services.provider.usecases.quotes import Quotes
from services.provider.usecases.service_files import ServiceFiles
from tests.fakes.provider import FakeChain, FakeTokens, FrozenClock, MemoryLedger
from tests.fakes.receipts import DATATOKEN, FEE_TOKEN, NFT, ORDERED_AT, PROVIDER_KEY

URL = "https://files.test/data.csv"


def files_blob(*files: Mapping[str, Any], datatoken: str = DATATOKEN, nft: str = NFT) -> str:
    """What a publisher puts into `services[].files`."""
    document = {"datatokenAddress": datatoken, "nftAddress": nft, "files": list(files)}
    sealed = ecies.encrypt(PROVIDER_KEY.public_key64, json.dumps(document).encode())
    return "0x" + sealed.hex()


@dataclass
class FakeAssets:
    """An AssetSource over documents; `error` is raised by every question when set."""

    documents: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    def find(self, did: str) -> Asset | None:
        if self.error is not None:
            raise self.error
        return parse_asset(self.documents[did], did) if did in self.documents else None


@dataclass
class OrderChain(FakeChain):
    """A chain with orders; `waited` lists what was waited for, `late` what then turned up."""

    deployed: set[tuple[str, str]] = field(default_factory=lambda: {(NFT, DATATOKEN)})
    late: dict[str, Receipt] = field(default_factory=dict)
    waited: list[str] = field(default_factory=list)
    number: int = 100
    heads: int = 0
    error_of_state: Exception | None = None

    def head(self) -> Head:
        self._check()
        self.heads += 1
        return Head(self.number, f"0x{self.number:064x}", ORDERED_AT)

    def nft_metadata(self, nft: str, head: Head | None = None) -> NftMetadata:
        if self.error_of_state is not None:
            raise self.error_of_state
        return super().nft_metadata(nft, head)

    def is_deployed(self, nft: str, datatoken: str, head: Head | None = None) -> bool:
        return (nft, datatoken) in self.deployed

    def wait_receipt(self, tx_hash: str, seconds: float) -> Receipt | None:
        self.waited.append(tx_hash)
        return self.late.get(tx_hash)

    def decimals(self, token: str) -> int:
        return 6

    def address_of(self, name: str) -> str | None:
        return FEE_TOKEN if name == "Ocean" else None


class OrderChains:
    def __init__(self, chain: OrderChain) -> None:
        self._chain = chain

    def get(self, chain_id: int) -> OrderChain:
        if chain_id != self._chain.chain_id:
            raise UnknownChain(chain_id)
        return self._chain

    def ids(self) -> tuple[int, ...]:
        return (self._chain.chain_id,)


@dataclass
class Body:
    """An origin's answer, open."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = URL

    def chunks(self, size: int = 65536) -> Iterator[bytes]:
        yield self.content

    def discard(self) -> None: ...

    def close(self) -> None: ...


@dataclass
class FakeOrigins:
    """Answers every fetch with `status` and `content`; remembers what was asked."""

    content: bytes = b"a,b\n1,2\n"
    status: int = 200
    error: Exception | None = None
    asked: list[OriginRequest] = field(default_factory=list)

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> Body:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return Body(self.content, self.status, {"content-type": "text/csv"})


@dataclass
class FakeRelay:
    origins: FakeOrigins

    def open(
        self, plan: OriginRequest, request_headers: Mapping[str, str], method: str = "GET"
    ) -> RelayReply:
        reply = self.origins.open(plan)
        headers = [("Content-Type", "text/csv"), ("Content-Disposition", "attachment;filename=data.csv")]
        body = iter(()) if method == "HEAD" else reply.chunks()
        return RelayReply(reply.status, headers, body, reply.close)


@dataclass
class FakeTickets:
    too_large: bool = False

    def seal(self, plan: OriginRequest) -> str | None:
        return None if self.too_large else f"sealed {plan.url}"


class FakeContracts:
    def read(self, call: ContractCall) -> bytes:
        return json.dumps({"chain": call.chain_id, "address": call.address}).encode()


@dataclass
class FakeProofs:
    recorded: list[ProofOfDownload] = field(default_factory=list)

    def record(self, proof: ProofOfDownload) -> None:
        self.recorded.append(proof)


@dataclass
class FakeAccessControl:
    answer: bool = True
    error: Exception | None = None
    asked: list[AccessQuestion] = field(default_factory=list)

    def allows(self, question: AccessQuestion) -> bool:
        self.asked.append(question)
        if self.error is not None:
            raise self.error
        return self.answer


@dataclass
class FakeEnvironments:
    known: dict[str, ComputeEnvironment] = field(default_factory=dict)
    error: Exception | None = None

    def find(self, chain_id: int, environment_id: str) -> ComputeEnvironment | None:
        if self.error is not None:
            raise self.error
        return self.known.get(environment_id)

    def consumer_addresses(self, chain_id: int) -> frozenset[str]:
        if self.error is not None:
            raise self.error
        return frozenset(environment.consumer_address for environment in self.known.values())


@dataclass
class MemoryGrants:
    """A GrantStore in a dict; `error` is raised by everything when set."""

    rows: dict[str, Grant] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    error: Exception | None = None

    def add(self, grants_by_hash: Mapping[str, Grant], now: float) -> None:
        if self.error is not None:
            raise self.error
        self.rows = {key: grant for key, grant in self.rows.items() if grant.expires_at >= now}
        self.rows |= grants_by_hash

    def find(self, handle_hash: str) -> Grant | None:
        if self.error is not None:
            raise self.error
        return None if handle_hash in self.ended else self.rows.get(handle_hash)

    def end(self, job: str, now: float) -> int:
        if self.error is not None:
            raise self.error
        mine = {key for key, grant in self.rows.items() if grant.job == job} - self.ended
        self.ended |= mine
        return len(mine)


@dataclass(kw_only=True)
class AccessWorld:
    """Initialize, Download and what compute asks, over fakes; every part is open to a test."""

    ledger: Any = field(default_factory=MemoryLedger)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    assets: Any = field(default_factory=FakeAssets)
    chain: OrderChain = field(default_factory=OrderChain)
    chains: Any = None  # real ones; `chain` alone when None
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(ORDERED_AT + 60.0))
    origins: Any = field(default_factory=FakeOrigins)
    environments: FakeEnvironments = field(default_factory=FakeEnvironments)
    relay: Any = None
    tickets: FakeTickets = field(default_factory=FakeTickets)
    proofs: Any = field(default_factory=FakeProofs)
    access_control: AccessControl | None = None
    policy: FeePolicy = field(default_factory=FeePolicy)
    rules: Rules = field(default_factory=Rules)
    key: PrivateKey = PROVIDER_KEY
    authenticate: Authenticate | None = None
    grant_rows: Any = field(default_factory=MemoryGrants)

    def __post_init__(self) -> None:
        keys = ProviderKeys(plain=self.key)
        chains = self.chains or OrderChains(self.chain)
        contracts = FakeContracts()
        access = Access(self.assets, chains, self.access_control)
        orders = Orders(keys, self.clock, self.rules)
        files = ServiceFiles(keys, Gateways())
        probe = Probe(self.origins, contracts, max_checksum_bytes=1024)
        quotes = Quotes(keys, self.policy, self.clock)
        handover = Handover(self.relay or FakeRelay(self.origins), contracts, self.tickets)
        self.fileinfo = Fileinfo(self.assets, files, probe, Gateways())
        self.initialize = Initialize(
            access=access,
            orders=orders,
            quotes=quotes,
            files=files,
            probe=probe,
            nonces=Nonces(self.ledger),
            environments=self.environments,
            clock=self.clock,
        )
        self.download = Download(
            authenticate=self.authenticate or Authenticate(self.ledger, self.tokens, chains),
            access=access,
            orders=orders,
            files=files,
            handover=handover,
            environments=self.environments,
            proofs=self.proofs,
        )
        assets = ComputeAssets(access=access, files=files, probe=probe)
        compute_orders = ComputeOrders(orders=orders, quotes=quotes)
        self.grants = Grants(
            store=self.grant_rows,
            access=access,
            files=files,
            handover=handover,
            clock=self.clock,
            lasting_seconds=3600.0,
            held_bytes=1024,
        )
        self.authorize_start = AuthorizeStart(
            assets=assets, orders=compute_orders, grants=self.grants, origins=self.origins
        )
        self.quote_compute = QuoteCompute(
            assets=assets, orders=compute_orders, quotes=quotes, clock=self.clock
        )
        self.fee_tokens = FeeTokens(chains=chains, quotes=quotes)
