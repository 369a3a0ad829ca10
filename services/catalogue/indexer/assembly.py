"""Puts the indexer together from its settings; besides __main__ nothing here knows concrete classes."""

import os
import socket
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from libs.chain.addresses import AddressFile, Section, load_address_file
from libs.chain.client import parse_network_urls
from libs.chain.errors import BadChainSettings
from libs.chain.rpc import RpcPool
from libs.fetch.fetcher import Fetcher, Limits
from libs.fetch.guard import Guard, parse_allow
from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from services.catalogue.adapters import store_sql
from services.catalogue.adapters.chain_source import RpcChainSource
from services.catalogue.adapters.clock import SystemClock
from services.catalogue.adapters.decryptor_http import DirectTransport, GuardedTransport, HttpDecryptor
from services.catalogue.adapters.purgatory_http import HttpPurgatory
from services.catalogue.adapters.store_sql.index import SqlIndex
from services.catalogue.chain_ports import ChainSource, DocumentRules
from services.catalogue.domain.facts import Lease
from services.catalogue.domain.sightings import Contracts
from services.catalogue.indexer.errands import Errands
from services.catalogue.indexer.follower import Follower
from services.catalogue.indexer.ingest import Ingest
from services.catalogue.indexer.lanes import Lanes
from services.catalogue.indexer.loop import ChainLoop, ChainParts
from services.catalogue.indexer.membership import Membership
from services.catalogue.indexer.opener import Opener, Tools
from services.catalogue.indexer.settings import LoopSettings, Policy, RetrySettings, ScanSettings
from services.catalogue.indexer.shunning import Shunning
from services.catalogue.indexer_settings import IndexerSettings
from services.catalogue.ports import Index

MIGRATIONS = Path(store_sql.__file__).parent / "migrations"
LAYOUT = "1"  # changes when events are decoded differently, so that old indexes are built anew


@dataclass(frozen=True, slots=True)
class Indexer:
    """One loop per chain, each with the event that cuts its pauses short."""

    database: Database
    decryptor: HttpDecryptor
    purgatory: HttpPurgatory
    loops: tuple[ChainLoop, ...]
    wakes: tuple[Event, ...]

    def close(self) -> None:
        """When the loops have ended."""
        self.purgatory.stop()
        self.decryptor.close()
        self.database.dispose()


def build(settings: IndexerSettings, rules: DocumentRules, version: str) -> Indexer:
    """Brings the schema up to date and asks each chain for its id. Raises ChainError, BadDatabaseUrl."""
    require_native_curve()
    database = Database.open(settings.database_url.reveal())
    upgrade(database.engine, MIGRATIONS)
    index, clock = SqlIndex(database), SystemClock()
    retry = RetrySettings(dead_after_seconds=settings.dead_after_seconds)
    policy = Policy(
        allowed_publishers=settings.allowed_publishers, allowed_validators=settings.allowed_validators
    )
    decryptor, purgatory = _decryptor(settings), _purgatory(settings)
    shared = _Shared(settings, index, Tools(decryptor, rules, policy, retry, clock), purgatory)
    loops, wakes = [], []
    for source in _sources(settings):
        wake = Event()
        pace = LoopSettings(
            poll_seconds=settings.poll_of(source.chain_id), lease_seconds=settings.lease_seconds
        )
        parts = _parts(shared, source, wake)
        loops.append(ChainLoop(parts, pace, clock=clock, wake=wake, version=version, page=retry.page))
        wakes.append(wake)
    purgatory.start()
    return Indexer(database, decryptor, purgatory, tuple(loops), tuple(wakes))


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the loops of all chains have in common."""

    settings: IndexerSettings
    index: Index
    tools: Tools
    purgatory: HttpPurgatory
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}")


def _parts(shared: _Shared, source: ChainSource, wake: Event) -> ChainParts:
    settings, index, tools = shared.settings, shared.index, shared.tools
    contracts, clock, retry = source.contracts, tools.clock, tools.retry
    lease = Lease(f"index:{source.chain_id}", shared.holder)
    ingest = Ingest(source, index, lease, Membership(source, index), clock)
    scan = ScanSettings(
        start_block=contracts.start_block,
        largest_span=settings.largest_span,
        first_span=min(500, settings.largest_span),
        overlap_blocks=settings.overlap_blocks,
        rewind_grace_seconds=settings.rewind_grace_of(source.chain_id),
    )
    return ChainParts(
        chain_id=source.chain_id,
        index=index,
        lease=lease,
        ingest=ingest,
        follower=Follower(source, index, ingest, scan, clock),
        errands=Errands(source, index, lease, ingest, retry, clock),
        lanes=Lanes(source.chain_id, Opener(source, index, lease, tools), retry, wake.set),
        shunning=Shunning(source.chain_id, index, lease, shared.purgatory.current),
        scope=f"{LAYOUT} {contracts.factory} {contracts.start_block}",
    )


def _sources(settings: IndexerSettings) -> list[RpcChainSource]:
    addresses = load_address_file(settings.address_file)
    sources = []
    for key, urls in parse_network_urls(settings.network_url.reveal()).items():
        # Ranges of logs are large and wait for no user, so they get more time than a request would.
        pool = RpcPool(
            urls, key if key is not None else settings.chain_id, timeout_seconds=20.0, budget_seconds=30.0
        )
        sources.append(RpcChainSource(pool, _contracts(addresses, pool.chain_id, settings.start_block)))
    return sources


def _contracts(addresses: AddressFile, chain_id: int, start_block: int | None) -> Contracts:
    section = addresses.section(chain_id)
    factory = section.address_of("ERC721Factory")
    if factory is None:
        raise BadChainSettings(f"the address file names no ERC721Factory for chain {chain_id}")
    return Contracts(
        factory=factory.lower(),
        exchanges=_those(section, "FixedPrice", "FixedPriceEnterprise"),
        dispensers=_those(section, "Dispenser"),
        start_block=section.start_block if start_block is None else start_block,
    )


def _those(section: Section, *names: str) -> frozenset[str]:
    found = (section.address_of(name) for name in names)
    return frozenset(address.lower() for address in found if address is not None)


def _purgatory(settings: IndexerSettings) -> HttpPurgatory:
    return HttpPurgatory(
        Fetcher(_guard(settings), Limits(read_seconds=10.0, total_header_seconds=10.0)),
        assets_url=settings.asset_purgatory_url,
        accounts_url=settings.account_purgatory_url,
        interval_seconds=settings.purgatory_seconds,
    )


def _guard(settings: IndexerSettings) -> Guard:
    return Guard(allow_all=settings.allow_non_public_ip, allow=parse_allow(settings.fetch_allow))


def _decryptor(settings: IndexerSettings) -> HttpDecryptor:
    seconds = settings.decrypt_seconds
    limits = Limits(
        connect_seconds=min(4.0, seconds),
        read_seconds=seconds,
        total_header_seconds=seconds,
        max_redirects=0,
    )
    return HttpDecryptor(
        key=settings.key,
        provider_url=settings.provider_url,
        public_urls=settings.public_urls,
        direct=DirectTransport(seconds),
        guarded=GuardedTransport(Fetcher(_guard(settings), limits), seconds),
    )
