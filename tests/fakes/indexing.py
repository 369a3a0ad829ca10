"""A scripted decryptor and clock for the indexer, and a rig of its real parts around a scripted chain."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql.index import SqlIndex
from services.catalogue.adapters.store_sql.tables import metadata
from services.catalogue.chain_ports import SealedDocument
from services.catalogue.domain.facts import Lease, RetryEntry
from services.catalogue.domain.opening import DecryptionFailed
from services.catalogue.domain.purgatory import Purgatory
from services.catalogue.indexer.errands import Errands
from services.catalogue.indexer.follower import Follower
from services.catalogue.indexer.ingest import Ingest
from services.catalogue.indexer.lanes import Lanes
from services.catalogue.indexer.loop import ChainLoop, ChainParts
from services.catalogue.indexer.membership import Membership
from services.catalogue.indexer.opener import Opener, Tools
from services.catalogue.indexer.settings import LoopSettings, Policy, RetrySettings, ScanSettings
from services.catalogue.indexer.shunning import Shunning
from tests.fakes.publications import (
    BASE_TOKEN,
    CHAIN_ID,
    DISPENSER,
    EXCHANGE,
    FACTORY,
    OWN_URL,
    PUBLISHER,
    STRANGER_URL,
    T0,
    Emitted,
    Publication,
    address,
    digest,
)
from tests.fakes.scripted_chain import ScriptedChain

# What tests of the indexer need besides the rig comes from here too.
__all__ = [
    "BASE_TOKEN",
    "CHAIN_ID",
    "DISPENSER",
    "EXCHANGE",
    "FACTORY",
    "OWN_URL",
    "PUBLISHER",
    "STRANGER_URL",
    "T0",
    "Emitted",
    "HandClock",
    "Publication",
    "Rig",
    "Rules",
    "ScriptedChain",
    "ScriptedDecryptor",
    "address",
    "did_states",
    "digest",
    "new_database",
    "out_of_reach",
    "served",
]


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
