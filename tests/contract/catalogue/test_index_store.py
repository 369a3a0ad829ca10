"""What the indexer may rely on (`Index`, `IndexUnit` of the catalogue's ports), on both databases."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from libs.sql.engine import Database
from services.catalogue.adapters import store_sql
from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.adapters.store_sql.catalogue import SqlCatalogue
from services.catalogue.adapters.store_sql.index import DENSE_CHECKPOINTS, SPARSE_BLOCKS, SqlIndex
from services.catalogue.domain.errors import EventConflict, LeaseLost
from services.catalogue.domain.facts import (
    Checkpoint,
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    Lease,
    OutcomeStatus,
    RetryEntry,
    RetryType,
)
from services.catalogue.domain.query.search import parse_search
from tests.fakes.catalogue_assets import raw_ddo, served
from tests.migrated import upgrade

CHAIN = 8996
NFT = "0x" + "ab" * 20
TOKEN = "0x" + "cd" * 20
MIGRATIONS = Path(store_sql.__file__).parent / "migrations"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    yield database
    database.dispose()


@pytest.fixture
def index(database: Database) -> SqlIndex:
    return SqlIndex(database)


def event(
    block: int,
    log: int,
    *,
    kind: EventKind = EventKind.METADATA_CREATED,
    subject: str = NFT,
    chain: int = CHAIN,
) -> EventFact:
    return EventFact(
        key=EventKey(chain, block, log),
        block_hash=f"0x{block:064x}",
        block_timestamp=1000 + block,
        tx_hash=f"0x{block * 100:064x}",
        tx_from=NFT,
        kind=kind,
        emitter=NFT,
        subject=subject,
        payload={"state": 0, "amount": 2**200, "data": "0x" + "00" * 2000, "text": "NUL \0 and ☃"},
    )


def outcome(block: int, log: int = 0, status: OutcomeStatus = OutcomeStatus.STORED) -> DocumentOutcome:
    return DocumentOutcome(EventKey(CHAIN, block, log), NFT, status, "ff" * 32, None)


def entry(name: str, next_at: float = 10.0, **changes: object) -> RetryEntry:
    base = RetryEntry(id=name, type=RetryType.EVENT, chain_id=CHAIN, next_at=next_at, created_at=1.0)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_events_come_back_as_they_were_and_in_chain_order(index: SqlIndex) -> None:
    stored = [event(2, 1), event(1, 7), event(2, 0, subject=TOKEN, kind=EventKind.ORDER_STARTED)]
    with index.unit() as unit:
        assert unit.add_events(stored) == 3
        assert unit.add_events(stored) == 0
        assert unit.events(CHAIN, [NFT.upper().replace("0X", "0x"), TOKEN]) == sorted(
            stored, key=lambda item: item.key
        )
        assert unit.events(CHAIN, []) == []
        assert unit.events(1, [NFT]) == []
        assert unit.event(EventKey(CHAIN, 1, 7)) == stored[1]
        assert unit.event(EventKey(CHAIN, 1, 8)) is None
        assert [item.key.log_index for item in unit.events_of_tx(CHAIN, stored[0].tx_hash)] == [0, 1]
        assert unit.known(CHAIN, EventKind.METADATA_CREATED, [NFT, TOKEN]) == {NFT}
        assert unit.nfts(CHAIN) == [NFT]


def test_an_event_at_a_taken_place_of_another_block_is_a_conflict(index: SqlIndex) -> None:
    with index.unit() as unit:
        unit.add_events([event(2, 1)])
    with pytest.raises(EventConflict), index.unit() as unit:
        unit.add_events([event(3, 0), replace(event(2, 1), block_hash="0x" + "ee" * 32)])
    with index.unit() as unit:
        assert unit.event(EventKey(CHAIN, 3, 0)) is None


def test_many_events_and_subjects_at_once(index: SqlIndex) -> None:
    subjects = [f"0x{number:040x}" for number in range(1500)]
    with index.unit() as unit:
        batch = [event(number, 0, subject=name) for number, name in enumerate(subjects)]
        assert unit.add_events(batch) == 1500
        assert len(unit.events(CHAIN, subjects)) == 1500
        assert len(unit.known(CHAIN, EventKind.METADATA_CREATED, subjects)) == 1500


def test_a_unit_that_fails_leaves_nothing(index: SqlIndex) -> None:
    def write_and_fail() -> None:
        with index.unit() as unit:
            unit.add_events([event(1, 0)])
            unit.put_asset(served(raw_ddo(1), 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with index.unit() as unit:
        assert unit.events(CHAIN, [NFT]) == []


def test_rollback_takes_what_stood_above_the_fork_and_nothing_else(index: SqlIndex) -> None:
    with index.unit() as unit:
        unit.add_events([event(1, 0), event(2, 0, subject=TOKEN), event(3, 0), event(3, 0, chain=1)])
        for block in (1, 2, 3):
            unit.add_checkpoint(Checkpoint(CHAIN, block, f"0x{block}"))
            unit.set_outcome(outcome(block))
            unit.enqueue(entry(f"at{block}", block_number=block, log_index=0))
        unit.enqueue(entry("tx", type=RetryType.TX, tx_hash="0xaa"))
        document = unit.put_document(b"{}")
    with index.unit() as unit:
        assert unit.rollback(CHAIN, 1) == {TOKEN, NFT}
    with index.unit() as unit:
        assert [item.key.block_number for item in unit.events(CHAIN, [NFT, TOKEN])] == [1]
        assert unit.last_checkpoint(CHAIN) == Checkpoint(CHAIN, 1, "0x1")
        assert [item.key.block_number for item in unit.outcomes(CHAIN, NFT)] == [1]
        assert [item.id for item in unit.due(CHAIN, 100, 10)] == ["at1", "tx"]
        assert len(unit.events(1, [NFT])) == 1
        assert unit.document(document) == b"{}"
        assert unit.rollback(CHAIN, 1) == set()


def test_checkpoints_are_dense_near_the_head_and_sparse_below(index: SqlIndex) -> None:
    blocks = range(0, 5000, 5)
    with index.unit() as unit:
        for block in blocks:
            unit.add_checkpoint(Checkpoint(CHAIN, block, f"0x{block}"))
            unit.add_checkpoint(Checkpoint(CHAIN, block, f"0x{block}"))
        kept = [item.number for item in unit.checkpoints(CHAIN, 10_000)]
    assert kept[:DENSE_CHECKPOINTS] == list(blocks)[: -DENSE_CHECKPOINTS - 1 : -1]
    assert kept[DENSE_CHECKPOINTS + 1 :] == [3000, 2000, 1000, 0][-len(kept[DENSE_CHECKPOINTS + 1 :]) :]
    assert kept[-1] == 0
    assert SPARSE_BLOCKS == 1000
    with index.unit() as unit:
        assert unit.checkpoints(CHAIN, 1) == [Checkpoint(CHAIN, 4995, "0x4995")]
        assert unit.last_checkpoint(1) is None


def test_documents_are_found_by_their_hash(index: SqlIndex) -> None:
    body = b'{"a": "\xe2\x98\x83"}'
    with index.unit() as unit:
        digest = unit.put_document(body)
        assert digest == hashlib.sha256(body).hexdigest() == unit.put_document(body)
        assert unit.document(digest.upper()) == body
        assert unit.document("00") is None


def test_outcomes_are_replaced(index: SqlIndex) -> None:
    with index.unit() as unit:
        unit.set_outcome(outcome(5))
        unit.set_outcome(outcome(4, status=OutcomeStatus.PENDING))
        unit.set_outcome(replace(outcome(5), status=OutcomeStatus.REFUSED, error="why"))
        found = unit.outcomes(CHAIN, NFT.upper().replace("0X", "0x"))
    assert [(item.key.block_number, item.status, item.error) for item in found] == [
        (4, OutcomeStatus.PENDING, None),
        (5, OutcomeStatus.REFUSED, "why"),
    ]


def test_assets_by_their_datatokens(index: SqlIndex) -> None:
    one, two = served(raw_ddo(1), 1), served(raw_ddo(2), 2)
    with index.unit() as unit:
        unit.put_asset(one)
        unit.put_asset(replace(two, datatokens=(*one.datatokens, *two.datatokens)))
        nfts = {asset.nft_address.lower() for asset in (one, two)}
        assert unit.nfts_of_datatokens(CHAIN, [one.datatokens[0].upper().replace("0X", "0x")]) == nfts
        assert unit.nfts_of_datatokens(CHAIN, two.datatokens) == {two.nft_address.lower()}
        assert unit.nfts_of_datatokens(1, two.datatokens) == set()
        unit.put_asset(one)
        unit.remove_asset(two.did)
        unit.remove_asset(two.did)
        assert unit.nfts_of_datatokens(CHAIN, two.datatokens) == set()


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (t.assets, t.facets, t.asset_fields, t.postings, t.asset_datatokens)
        }


def test_an_asset_leaves_no_trace_in_the_search_tables(index: SqlIndex, database: Database) -> None:
    with index.unit() as unit:
        unit.put_asset(served(raw_ddo(1), 1))
    before = counts(database)
    with index.unit() as unit:
        unit.put_asset(served(raw_ddo(2, tags=["a", "b", "a"], name="Long name " * 40), 2))
        unit.remove_asset(raw_ddo(2)["id"])
    assert counts(database) == before


def test_what_is_served_does_not_depend_on_history(index: SqlIndex, database: Database) -> None:
    """Whatever came before, the rows that searches read are those of the last document."""
    first = served(raw_ddo(1, tags=["x", "y", "z"], name="Another name"), 1, orders=4)
    last = served(raw_ddo(1, tags=["z", "x"]), 1, orders=5, state=1)
    with index.unit() as unit:
        unit.put_asset(last)
    fresh = search_rows(database)
    with index.unit() as unit:
        unit.remove_asset(last.did)
        unit.put_asset(first)
        unit.put_asset(last)
    assert search_rows(database) == fresh


def search_rows(database: Database) -> list[tuple[object, ...]]:
    fields = select(
        t.asset_fields.c.path, t.asset_fields.c.ordinal, t.asset_fields.c.text, t.asset_fields.c.number
    )
    words = select(t.terms.c.path, t.terms.c.term, t.postings.c.position, t.postings.c.weight).join(
        t.postings, t.postings.c.term_id == t.terms.c.id
    )
    assets = select(t.assets.c.did, t.assets.c.etag, t.assets.c.name, t.assets.c.body)
    with database.read() as connection:
        rows = [tuple(row) for query in (fields, words, assets) for row in connection.execute(query)]
    return sorted(rows, key=repr)


def test_the_same_document_again_changes_nothing(index: SqlIndex, database: Database) -> None:
    catalogue = SqlCatalogue(database)
    with index.unit() as unit:
        unit.put_asset(served(raw_ddo(1), 1))
    revision = catalogue.revision()
    with index.unit() as unit:
        unit.put_asset(served(raw_ddo(1), 1))
    assert catalogue.revision() == revision
    with index.unit() as unit:
        unit.put_asset(served(raw_ddo(1), 1, orders=1))
    assert catalogue.revision() > revision


def test_names_of_contracts_may_hold_anything(index: SqlIndex, database: Database) -> None:
    asset = served(raw_ddo(1), 1)
    asset.document["nft"] |= {"name": "NUL \0 half \ud800 end", "symbol": "☃" * 400}
    with index.unit() as unit:
        unit.put_asset(asset)
    found = SqlCatalogue(database).search(parse_search({"query": {"match": {"nft.name": "half"}}}))
    assert [hit.did for hit in found.hits] == [asset.did]


def test_facts_of_contracts(index: SqlIndex) -> None:
    with index.unit() as unit:
        assert unit.contract_fact(CHAIN, NFT, "symbol") is None
        unit.put_contract_fact(CHAIN, NFT, "symbol", {"a": ["\0", None]})
        unit.put_contract_fact(CHAIN, NFT.upper().replace("0X", "0x"), "symbol", ["b"])
        unit.put_contract_fact(1, NFT, "symbol", False)
        assert unit.contract_fact(CHAIN, NFT, "symbol") == ["b"]
        unit.forget_contract_facts(CHAIN)
        assert unit.contract_fact(CHAIN, NFT, "symbol") is None
        assert unit.contract_fact(1, NFT, "symbol") is False


def test_the_queue_gives_the_oldest_first_and_each_once(index: SqlIndex) -> None:
    with index.unit() as unit:
        assert unit.enqueue(entry("b", 5.0))
        assert unit.enqueue(entry("a", 7.0))
        assert not unit.enqueue(entry("b", 1.0))
        assert unit.enqueue(entry("later", 50.0))
        assert [item.id for item in unit.due(CHAIN, 10.0, 10)] == ["b", "a"]
        assert [item.id for item in unit.due(CHAIN, 10.0, 1)] == ["b"]
        unit.reschedule("b", next_at=60.0, attempts=3, error="why\0")
        unit.drop("a")
        assert unit.due(CHAIN, 10.0, 10) == []
        (last,) = unit.due(CHAIN, 100.0, 10)[1:]
        assert (last.id, last.attempts, last.error) == ("b", 3, "why?")
        unit.reschedule("b", next_at=60.0, attempts=4, error=None, dead=True)
        assert unit.queue_sizes(CHAIN) == (1, 1)
        assert unit.queue_sizes(1) == (0, 0)


def test_one_holder_per_lease(index: SqlIndex) -> None:
    assert index.claim("chain", "one", now=0, seconds=10)
    assert not index.claim("chain", "two", now=5, seconds=10)
    assert index.claim("chain", "one", now=5, seconds=10)
    with index.unit(Lease("chain", "one")) as unit:
        unit.add_events([event(1, 0)])
    assert index.claim("chain", "two", now=15, seconds=10)
    with pytest.raises(LeaseLost), index.unit(Lease("chain", "one")) as unit:
        unit.add_events([event(2, 0)])
    index.release("chain", "one")
    assert not index.claim("chain", "one", now=16, seconds=10)
    index.release("chain", "two")
    assert index.claim("chain", "one", now=16, seconds=10)


def test_of_many_claims_at_once_one_wins(index: SqlIndex) -> None:
    won: list[int] = []
    threads = [
        threading.Thread(
            target=lambda number=number: (
                won.append(number) if index.claim("chain", str(number), now=0, seconds=9) else None
            )
        )
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
