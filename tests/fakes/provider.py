"""In-memory stand-ins for the provider's ports: ledger, AuthTokens, chains, clock, settings."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from libs.chain.errors import UnknownChain
from libs.chain.types import Head, NftMetadata, Receipt
from services.provider.domain.callers import TokenRefused
from services.provider.domain.nonces import NonceTooLow, check_nonce
from services.provider.ports import TokenHolder
from services.provider.settings import Settings, load_settings

PROVIDER_KEY = "0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215"
PROVIDER_ADDRESS = "0xe08A1dAe983BC701D05E492DB80e0144f8f4b909"
CHAIN_ID = 8996


class MemoryLedger:
    """A NonceLedger in a dict; `rows` shows what was written."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def last(self, scope: str, address: str) -> str | None:
        return self.rows.get((scope, address))

    def consume(self, scope: str, address: str, nonce: str) -> None:
        check_nonce(nonce)
        with self._lock:
            stored = self.rows.get((scope, address))
            if stored is not None and Decimal(stored) >= Decimal(nonce):
                raise NonceTooLow(stored, nonce)
            self.rows[scope, address] = nonce


@dataclass
class FakeTokens:
    """AuthTokens by text; whatever is not listed is refused. `error` is raised instead when set."""

    holders: dict[str, TokenHolder] = field(default_factory=dict)
    error: Exception | None = None

    def holder(self, token: str) -> TokenHolder:
        if self.error is not None:
            raise self.error
        if token not in self.holders:
            raise TokenRefused
        return self.holders[token]


@dataclass
class FakeChain:
    """One chain's facts; `error` is raised by every read when set."""

    chain_id: int = CHAIN_ID
    factory_nfts: set[str] = field(default_factory=set)
    states: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    contract_signatures: set[tuple[str, bytes, bytes]] = field(default_factory=set)
    error: Exception | None = None

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def head(self) -> Head:
        self._check()
        return Head(10, "0x" + "10" * 32, 1_700_000_000)

    def receipt(self, tx_hash: str, head: Head | None = None) -> Receipt | None:
        self._check()
        return self.receipts.get(tx_hash)

    def nft_metadata(self, nft: str, head: Head | None = None) -> NftMetadata:
        self._check()
        return NftMetadata("http://provider", "", self.states.get(nft, 0), True)

    def is_factory_nft(self, nft: str, head: Head | None = None) -> bool:
        self._check()
        return nft in self.factory_nfts

    def is_valid_contract_signature(self, address: str, digest: bytes, signature: bytes) -> bool:
        self._check()
        return (address, digest, signature) in self.contract_signatures


class FakeChains:
    def __init__(self, *chains: FakeChain) -> None:
        self._chains = {chain.chain_id: chain for chain in chains}

    def get(self, chain_id: int) -> FakeChain:
        if chain_id not in self._chains:
            raise UnknownChain(chain_id)
        return self._chains[chain_id]

    def ids(self) -> Sequence[int]:
        return tuple(self._chains)


@dataclass
class FrozenClock:
    seconds: float = 1_700_000_000.0

    def now(self) -> float:
        return self.seconds


def environment(**changes: str) -> dict[str, str]:
    """The smallest set of variables the provider starts with, and `changes`."""
    return {
        "PROVIDER_DATABASE_URL": "sqlite:////nowhere/provider.db",
        "PROVIDER_PRIVATE_KEY": PROVIDER_KEY,
        "NETWORK_URL": '{"8996": "http://127.0.0.1:8545"}',
        "CATALOGUE_URL": "http://127.0.0.1:8043",
        "AUTH_URL": "http://127.0.0.1:8042",
        "PUBLIC_URL": "http://127.0.0.1:8030",
        "SERVICE_SECRET": "a service secret",
        **changes,
    }


def settings(**changes: str) -> Settings:
    return load_settings(environment(**changes))
