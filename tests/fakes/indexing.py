"""A scripted chain, decryptor and clock for the indexer, and a rig that puts the real parts around them.

The chain keeps the promises that RpcChainSource keeps (see the contract tests), and breaks them when told to.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from libs.chain.types import Head
from libs.signing.keys import checksum, did_for
from libs.sql.engine import Database
from services.catalogue.adapters.store_sql.index import SqlIndex
from services.catalogue.adapters.store_sql.tables import metadata
from services.catalogue.chain_ports import SealedDocument
from services.catalogue.domain.facts import Checkpoint, EventKind, Lease, RetryEntry
from services.catalogue.domain.opening import DecryptionFailed
from services.catalogue.domain.purgatory import Purgatory
from services.catalogue.domain.sightings import (
    ChainMoved,
    ChainUnavailable,
    Contracts,
    NftIdentity,
    NodeLags,
    RangeRefused,
    Sighting,
    TokenIdentity,
)
from services.catalogue.indexer.errands import Errands
from services.catalogue.indexer.follower import Follower
from services.catalogue.indexer.ingest import Ingest
from services.catalogue.indexer.lanes import Lanes
from services.catalogue.indexer.loop import ChainLoop, ChainParts
from services.catalogue.indexer.membership import Membership
from services.catalogue.indexer.opener import Opener, Tools
from services.catalogue.indexer.settings import LoopSettings, Policy, RetrySettings, ScanSettings
from services.catalogue.indexer.shunning import Shunning

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


@dataclass
class Block:
    head: Head
    sightings: list[Sighting]


class ScriptedChain:
    """A ChainSource whose blocks are written by the test."""

    def __init__(self, chain_id: int = CHAIN_ID, start_block: int = 0) -> None:
        self.chain_id = chain_id
        self.contracts = Contracts(
            FACTORY.lower(), frozenset({EXCHANGE.lower()}), frozenset({DISPENSER.lower()}), start_block
        )
        self.blocks_: list[Block] = []
        self.salt = 0
        self.calls: Counter[str] = Counter()
        self.failures: list[Exception] = []  # raised by the next reads, one each
        self.largest_range = 10**9
        self.hidden: set[int] = set()  # blocks whose logs the node keeps back
        self.before_confirm: list[Callable[[], None]] = []  # run between logs and confirmation
        self.poisoned: set[int] = set()  # blocks that cannot be read in any range
        self.old_nfts: dict[str, NftIdentity] = {}
        self.old_tokens: dict[str, TokenIdentity] = {}
        self.lagging_end: int | None = None
        self.down = False
        self._sequence = 0
        self.mine()

    # -- the script -------------------------------------------------------------------------------

    def mine(self, *events: Emitted) -> Head:
        number = len(self.blocks_)
        parent = self.blocks_[-1].head.hash if self.blocks_ else "0x" + "0" * 64
        block_hash = digest("block", self.salt, number, parent, *events)
        head = Head(number, block_hash, T0 + number * 12, parent)
        self._sequence += 1
        own_tx = digest("tx", self.salt, self._sequence)
        sightings = [
            Sighting(
                kind=event.kind,
                emitter=event.emitter,
                subject=(event.subject or event.emitter).lower(),
                block_number=number,
                block_hash=block_hash,
                tx_hash=event.tx or own_tx,
                log_index=position,
                payload=event.payload,
            )
            for position, event in enumerate(events)
        ]
        self.blocks_.append(Block(head, sightings))
        return head

    def mine_empty(self, count: int) -> None:
        for _ in range(count):
            self.mine()

    def drop(self, depth: int) -> list[list[Emitted]]:
        """Take the newest blocks off; what is mined next has other hashes. Returns what they held."""
        gone = self.blocks_[len(self.blocks_) - depth :]
        del self.blocks_[len(self.blocks_) - depth :]
        self.salt += 1
        return [
            [Emitted(s.kind, s.emitter, s.payload, s.subject, s.tx_hash) for s in block.sightings]
            for block in gone
        ]

    def restart(self) -> None:
        """From genesis, another history."""
        self.drop(len(self.blocks_))
        self.mine()

    # -- ChainSource ------------------------------------------------------------------------------

    def head(self) -> Head:
        self._asked("head")
        return self.blocks_[-1].head

    def blocks(self, numbers: Sequence[int]) -> list[Head | None]:
        self._asked("blocks")
        return [self._header(number) for number in numbers]

    def read(
        self, first: int, last: Head, anchor: Checkpoint | None
    ) -> tuple[list[Sighting], dict[int, Head]]:
        self._asked("read")
        if self.failures:
            raise self.failures.pop(0)
        if last.number - first + 1 > self.largest_range:
            raise RangeRefused("too many blocks")
        if any(first <= number <= last.number for number in self.poisoned):
            raise RangeRefused("this block is broken")
        found = self._header(last.number)
        if found is None or self.lagging_end == last.number:
            raise NodeLags("no such block here")
        if found.hash != last.hash:
            raise ChainMoved("replaced")
        seen = [
            sighting
            for block in self.blocks_[first : last.number + 1]
            for sighting in block.sightings
            if block.head.number not in self.hidden
        ]
        while self.before_confirm:
            self.before_confirm.pop(0)()
        return seen, self._confirmed(seen, last, anchor)

    def _confirmed(self, seen: Sequence[Sighting], last: Head, anchor: Checkpoint | None) -> dict[int, Head]:
        wanted = {sighting.block_number: sighting.block_hash for sighting in seen} | {last.number: last.hash}
        if anchor is not None:
            wanted[anchor.number] = anchor.hash
        headers: dict[int, Head] = {}
        for number, expected in wanted.items():
            header = self._header(number)
            if header is None:
                raise NodeLags("no such block here")
            if header.hash != expected:
                raise ChainMoved("replaced")
            headers[number] = header
        return headers

    def senders(self, tx_hashes: Sequence[str]) -> Mapping[str, str]:
        self._asked("senders")
        return dict.fromkeys(tx_hashes, PUBLISHER)

    def sightings_of(self, tx_hash: str) -> tuple[list[Sighting], Head] | None:
        self._asked("receipt")
        for block in self.blocks_:
            found = [sighting for sighting in block.sightings if sighting.tx_hash == tx_hash]
            if found:
                return found, block.head
        return None

    def nft_identity(self, nft: str) -> NftIdentity | None:
        self._asked("nft_identity")
        return self.old_nfts.get(nft.lower())

    def token_identity(self, datatoken: str) -> TokenIdentity | None:
        self._asked("token_identity")
        return self.old_tokens.get(datatoken.lower())

    def token_symbol(self, token: str) -> str:
        return "OCEAN" if token == BASE_TOKEN else ""

    def _header(self, number: int) -> Head | None:
        return self.blocks_[number].head if 0 <= number < len(self.blocks_) else None

    def _asked(self, what: str) -> None:
        self.calls[what] += 1
        if self.down:
            raise ChainUnavailable("no node answers")


# -- what publishers do ----------------------------------------------------------------------------


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


class ScriptedDecryptor:
    """Opens what Publication sealed (reversed bytes), unless told to fail."""

    def __init__(self) -> None:
        self.failures: dict[str, list[Exception]] = {}  # by tx hash, one per attempt
        self.always: Exception | None = None
        self.asked: list[SealedDocument] = []
        self.wrong: bool = False

    def lane(self, decryptor_url: str) -> str | None:
        return None if decryptor_url == OWN_URL else decryptor_url

    def open(self, sealed: SealedDocument) -> bytes:
        self.asked.append(sealed)
        if self.always is not None:
            raise self.always
        if self.failures.get(sealed.tx_hash):
            raise self.failures[sealed.tx_hash].pop(0)
        body = bytes.fromhex(sealed.data[2:])[::-1]
        return b"{}" if self.wrong else body


class Rules:
    """DocumentRules that find what they are told to find."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, str]] = {}

    def problems(self, document: Mapping[str, Any], *, chain_id: int, nft_address: str) -> Mapping[str, Any]:
        return self.found.get(str(document["metadata"]["name"]), {})


class HandClock:
    def __init__(self) -> None:
        self.time = float(T0)

    def now(self) -> float:
        return self.time


class Rig:
    """A whole indexer of one chain over a SQLite file; lanes run for real, `settle` waits for them."""

    def __init__(
        self,
        folder: Path,
        chain: ScriptedChain | None = None,
        *,
        policy: Policy | None = None,
        scan: ScanSettings | None = None,
        retry: RetrySettings | None = None,
        database: Database | None = None,
        holder: str = "first",
    ) -> None:
        self.chain = chain or ScriptedChain()
        self.database = database or new_database(folder)
        self.index = SqlIndex(self.database)
        self.clock = HandClock()
        self.decryptor = ScriptedDecryptor()
        self.rules = Rules()
        self.purgatory: Purgatory | None = Purgatory()
        self.wake = Event()
        self.lease = Lease(f"index:{self.chain.chain_id}", holder)
        self.policy = policy or Policy()
        self.scan = scan or ScanSettings(
            start_block=self.chain.contracts.start_block, rewind_grace_seconds=10.0
        )
        self.retry = retry or RetrySettings()
        self.loop = self._loop()

    def _loop(self) -> ChainLoop:
        chain_id = self.chain.chain_id
        membership = Membership(self.chain, self.index)
        ingest = Ingest(self.chain, self.index, self.lease, membership, self.clock)
        tools = Tools(self.decryptor, self.rules, self.policy, self.retry, self.clock, jitter=lambda: 0.5)
        self.opener = Opener(self.chain, self.index, self.lease, tools)
        self.lanes = Lanes(chain_id, self.opener, self.retry, self.wake.set)
        self.follower = Follower(self.chain, self.index, ingest, self.scan, self.clock)
        parts = ChainParts(
            chain_id=chain_id,
            index=self.index,
            lease=self.lease,
            ingest=ingest,
            follower=self.follower,
            errands=Errands(self.chain, self.index, self.lease, ingest, self.retry, self.clock),
            lanes=self.lanes,
            shunning=Shunning(chain_id, self.index, self.lease, lambda: self.purgatory),
            scope="deployment one",
        )
        return ChainLoop(parts, LoopSettings(), clock=self.clock, wake=self.wake, version="1")

    def settle(self, passes: int = 200) -> None:
        """Run passes until nothing moves and nothing is due. Raises what a pass raises."""
        for _ in range(passes):
            self.wake.clear()
            moved = self.loop.one_pass()
            while not self.lanes.is_idle():
                self.wake.wait(0.05)
            with self.index.unit() as unit:
                due = unit.due(self.chain.chain_id, self.clock.now(), 1)
            if not moved and not due:
                return
        raise AssertionError("the indexer does not come to rest")

    def restart(self, holder: str = "second") -> "Rig":
        """What is left after kill -9: the database. The lease of the dead is waited out."""
        self.lanes.stop()
        again = Rig(
            Path(), self.chain, policy=self.policy, scan=self.scan, retry=self.retry,
            database=self.database, holder=holder,
        )  # fmt: skip
        again.clock.time = self.clock.time + 3600
        again.decryptor, again.rules = self.decryptor, self.rules
        again.loop = again._loop()
        return again

    def stop(self) -> None:
        self.lanes.stop()
        self.database.dispose()

    # -- what is served ---------------------------------------------------------------------------

    def served(self) -> dict[str, dict[str, Any]]:
        return served(self.database)

    def asset(self, publication: Publication) -> dict[str, Any] | None:
        return self.served().get(publication.did)

    def state(self, publication: Publication) -> tuple[bool, str | None] | None:
        return did_states(self.database).get(publication.did)

    def queue(self) -> list[RetryEntry]:
        with self.index.unit() as unit:
            waiting = unit.due(self.chain.chain_id, 1e15, 10_000)
        return waiting


def new_database(folder: Path) -> Database:
    database = Database.open(f"sqlite:///{folder}/catalogue.db")
    metadata.create_all(database.engine)
    return database


def served(database: Database) -> dict[str, dict[str, Any]]:
    """Every served document by DID."""
    with database.read() as connection:
        rows = connection.execute(metadata.tables["assets"].select())
        return {row.did: json.loads(row.body) for row in rows}


def did_states(database: Database) -> dict[str, tuple[bool, str | None]]:
    with database.read() as connection:
        rows = connection.execute(metadata.tables["did_states"].select())
        return {row.did: (row.valid, row.error) for row in rows}


def out_of_reach(reason: str = "The decryptor cannot be reached.") -> DecryptionFailed:
    return DecryptionFailed(reason, reachable=False)
