"""The indexer's side of the database: `Index` and `IndexUnit` of ports.py over SQLAlchemy Core."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, or_, select, update

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql import asset_writer, rows, upserts
from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.domain.errors import EventConflict, LeaseLost
from services.catalogue.domain.facts import (
    AssetRecord,
    Checkpoint,
    DidState,
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    Lease,
    RetryEntry,
)

CHUNK = 500
DENSE_CHECKPOINTS = 256  # kept one by one; below them one per thousand blocks
SPARSE_BLOCKS = 1000
METADATA_KINDS = (
    EventKind.METADATA_CREATED.value,
    EventKind.METADATA_UPDATED.value,
    EventKind.METADATA_STATE.value,
)


class SqlIndexUnit:
    """One transaction of the indexer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- checkpoints

    def last_checkpoint(self, chain_id: int) -> Checkpoint | None:
        found = self.checkpoints(chain_id, limit=1)
        return found[0] if found else None

    def checkpoints(self, chain_id: int, limit: int = 128) -> list[Checkpoint]:
        table = t.checkpoints
        query = select(table).where(table.c.chain_id == chain_id).order_by(table.c.number.desc()).limit(limit)
        return [rows.checkpoint_of(row) for row in self._connection.execute(query)]

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        row = {"chain_id": checkpoint.chain_id, "number": checkpoint.number, "hash": checkpoint.hash}
        upserts.put(self._connection, t.checkpoints, row)
        self._thin_checkpoints(checkpoint.chain_id)

    def _thin_checkpoints(self, chain_id: int) -> None:
        """Of the checkpoints that leave the dense part only the lowest of each thousand blocks stays."""
        table = t.checkpoints
        mine = select(table.c.number).where(table.c.chain_id == chain_id)
        leaving = list(
            self._connection.execute(
                mine.order_by(table.c.number.desc()).offset(DENSE_CHECKPOINTS).limit(2)
            ).scalars()
        )
        if len(leaving) == 2 and leaving[0] // SPARSE_BLOCKS == leaving[1] // SPARSE_BLOCKS:
            here = (table.c.chain_id == chain_id) & (table.c.number == leaving[0])
            self._connection.execute(delete(table).where(here))

    def rollback(self, chain_id: int, fork_block: int) -> set[str]:
        above = _above(t.events, chain_id, fork_block)
        subjects = set(self._connection.execute(select(t.events.c.subject).where(above).distinct()).scalars())
        for table in (t.events, t.outcomes, t.retries):
            self._connection.execute(delete(table).where(_above(table, chain_id, fork_block)))
        table = t.checkpoints
        stale = (table.c.chain_id == chain_id) & (table.c.number > fork_block)
        self._connection.execute(delete(table).where(stale))
        return subjects

    # -- events

    def add_events(self, events: Iterable[EventFact]) -> int:
        wanted = {event.key: event for event in events}
        fresh = 0
        for chain_id in {key.chain_id for key in wanted}:
            batch = [event for key, event in sorted(wanted.items()) if key.chain_id == chain_id]
            for start in range(0, len(batch), CHUNK):
                fresh += self._add_batch(chain_id, batch[start : start + CHUNK])
        return fresh

    def _add_batch(self, chain_id: int, batch: Sequence[EventFact]) -> int:
        table = t.events
        low, high = batch[0].key.block_number, batch[-1].key.block_number
        here = (table.c.chain_id == chain_id) & table.c.block_number.between(low, high)
        query = select(table.c.block_number, table.c.log_index, table.c.block_hash).where(here)
        stored = {
            (row.block_number, row.log_index): row.block_hash for row in self._connection.execute(query)
        }
        missing = []
        for event in batch:
            place = (event.key.block_number, event.key.log_index)
            if place not in stored:
                missing.append(rows.event_row(event))
            elif stored[place] != event.block_hash:
                raise EventConflict(chain_id, *place)
        if missing:
            self._connection.execute(insert(table), missing)
        return len(missing)

    def events(self, chain_id: int, subjects: Collection[str]) -> list[EventFact]:
        found = [
            rows.event_of(row)
            for part in _parts(subjects)
            for row in self._connection.execute(
                select(t.events).where(t.events.c.chain_id == chain_id, t.events.c.subject.in_(part))
            )
        ]
        return sorted(found, key=lambda event: event.key)

    def event(self, key: EventKey) -> EventFact | None:
        row = self._connection.execute(select(t.events).where(_at(t.events, key))).one_or_none()
        return None if row is None else rows.event_of(row)

    def events_of_tx(self, chain_id: int, tx_hash: str) -> list[EventFact]:
        here = (t.events.c.chain_id == chain_id) & (t.events.c.tx_hash == tx_hash.lower())
        query = select(t.events).where(here).order_by(t.events.c.block_number, t.events.c.log_index)
        return [rows.event_of(row) for row in self._connection.execute(query)]

    def known(self, chain_id: int, kind: EventKind, subjects: Collection[str]) -> set[str]:
        table = t.events
        found: set[str] = set()
        for part in _parts(subjects):
            here = (table.c.chain_id == chain_id) & (table.c.kind == kind.value) & table.c.subject.in_(part)
            found.update(self._connection.execute(select(table.c.subject).where(here).distinct()).scalars())
        return found

    # -- documents

    def put_document(self, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        upserts.put_new(self._connection, t.documents, {"hash": digest, "body": body})
        return digest

    def document(self, document_hash: str) -> bytes | None:
        query = select(t.documents.c.body).where(t.documents.c.hash == document_hash.lower())
        body = self._connection.execute(query).scalar_one_or_none()
        return None if body is None else bytes(body)

    def set_outcome(self, outcome: DocumentOutcome) -> None:
        upserts.put(self._connection, t.outcomes, rows.outcome_row(outcome))

    def outcomes(self, chain_id: int, nft_address: str) -> list[DocumentOutcome]:
        table = t.outcomes
        here = (table.c.chain_id == chain_id) & (table.c.nft_address == nft_address.lower())
        query = select(table).where(here).order_by(table.c.block_number, table.c.log_index)
        return [rows.outcome_of(row) for row in self._connection.execute(query)]

    # -- projections

    def put_asset(self, asset: AssetRecord) -> None:
        asset_writer.put_asset(self._connection, asset)

    def remove_asset(self, did: str) -> None:
        asset_writer.remove_asset(self._connection, did)

    def nfts_of_datatokens(self, chain_id: int, datatokens: Collection[str]) -> set[str]:
        found: set[str] = set()
        for part in _parts(datatokens):
            query = (
                select(t.assets.c.nft_address)
                .join(t.asset_datatokens, t.asset_datatokens.c.asset_id == t.assets.c.id)
                .where(t.asset_datatokens.c.chain_id == chain_id, t.asset_datatokens.c.datatoken.in_(part))
            )
            found.update(self._connection.execute(query).scalars())
        return found

    def nfts(self, chain_id: int) -> list[str]:
        here = (t.events.c.chain_id == chain_id) & t.events.c.kind.in_(METADATA_KINDS)
        return sorted(self._connection.execute(select(t.events.c.subject).where(here).distinct()).scalars())

    def put_did_state(self, state: DidState) -> None:
        upserts.put(self._connection, t.did_states, rows.did_state_row(state))

    def remove_did_state(self, did: str) -> None:
        self._connection.execute(delete(t.did_states).where(t.did_states.c.did == did))

    # -- immutable facts of contracts

    def contract_fact(self, chain_id: int, address: str, name: str) -> Any | None:
        table = t.contract_facts
        here = (table.c.chain_id == chain_id) & (table.c.address == address.lower()) & (table.c.name == name)
        value = self._connection.execute(select(table.c.value).where(here)).scalar_one_or_none()
        return None if value is None else json.loads(value)

    def put_contract_fact(self, chain_id: int, address: str, name: str, value: Any) -> None:
        row = {"chain_id": chain_id, "address": address.lower(), "name": name, "value": json.dumps(value)}
        upserts.put(self._connection, t.contract_facts, row)

    def forget_contract_facts(self, chain_id: int) -> None:
        self._connection.execute(delete(t.contract_facts).where(t.contract_facts.c.chain_id == chain_id))

    # -- retry queue

    def enqueue(self, entry: RetryEntry) -> bool:
        return upserts.put_new(self._connection, t.retries, rows.retry_row(entry))

    def due(self, chain_id: int, now: float, limit: int) -> list[RetryEntry]:
        table = t.retries
        here = (table.c.chain_id == chain_id) & table.c.dead.is_(False) & (table.c.next_at <= now)
        query = select(table).where(here).order_by(table.c.next_at, table.c.id).limit(limit)
        return [rows.retry_of(row) for row in self._connection.execute(query)]

    def reschedule(
        self, entry_id: str, *, next_at: float, attempts: int, error: str | None, dead: bool = False
    ) -> None:
        values = {
            "next_at": next_at,
            "attempts": attempts,
            "error": rows.storable(error),
            "dead": dead,
        }
        self._connection.execute(update(t.retries).where(t.retries.c.id == entry_id).values(**values))

    def queue_sizes(self, chain_id: int) -> tuple[int, int]:
        table = t.retries
        query = select(table.c.dead, func.count()).where(table.c.chain_id == chain_id).group_by(table.c.dead)
        sizes = {bool(dead): int(count) for dead, count in self._connection.execute(query)}
        return sizes.get(False, 0), sizes.get(True, 0)

    def drop(self, entry_id: str) -> None:
        self._connection.execute(delete(t.retries).where(t.retries.c.id == entry_id))


class SqlIndex:
    """`Index` over one Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def unit(self, lease: Lease | None = None) -> Iterator[SqlIndexUnit]:
        with self._database.write() as connection:
            if lease is not None:
                self._fence(connection, lease)
            yield SqlIndexUnit(connection)

    def _fence(self, connection: Connection, lease: Lease) -> None:
        # The update locks the row until commit: a new holder waits for us, or we find that it has come.
        here = (t.leases.c.name == lease.name) & (t.leases.c.holder == lease.holder)
        held = connection.execute(update(t.leases).where(here).values(holder=lease.holder)).rowcount
        if not held:
            raise LeaseLost(lease.name)

    def claim(self, name: str, holder: str, *, now: float, seconds: float) -> bool:
        with self._database.write() as connection:
            statement = upserts.insert(connection, t.leases).values(
                name=name, holder=holder, expires_at=now + seconds
            )
            free = or_(t.leases.c.holder == holder, t.leases.c.expires_at <= now)
            taken = {"holder": statement.excluded.holder, "expires_at": statement.excluded.expires_at}
            statement = statement.on_conflict_do_update(index_elements=["name"], set_=taken, where=free)
            return upserts.wrote(connection, statement, t.leases)

    def release(self, name: str, holder: str) -> None:
        with self._database.write() as connection:
            here = (t.leases.c.name == name) & (t.leases.c.holder == holder)
            connection.execute(delete(t.leases).where(here))

    def set_chain(self, chain_id: int, version: str) -> None:
        with self._database.write() as connection:
            upserts.put(connection, t.chains, {"chain_id": chain_id, "version": version})


def _parts(names: Collection[str]) -> Iterator[list[str]]:
    distinct = sorted({name.lower() for name in names})
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


def _at(table: Table, key: EventKey) -> ColumnElement[bool]:
    return (
        (table.c.chain_id == key.chain_id)
        & (table.c.block_number == key.block_number)
        & (table.c.log_index == key.log_index)
    )


def _above(table: Table, chain_id: int, block: int) -> ColumnElement[bool]:
    return (table.c.chain_id == chain_id) & (table.c.block_number > block)
