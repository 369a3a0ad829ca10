"""The API's side of the database: `Catalogue` of ports.py. Hot look-ups are prebuilt statements."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, func, select, update

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql import rows, searching, upserts
from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.domain.errors import QueueFull
from services.catalogue.domain.facts import DidState, RetryEntry
from services.catalogue.domain.query.nodes import Search
from services.catalogue.ports import ChainStatus, SearchResult, StoredAsset

_ETAG = "SELECT etag FROM assets WHERE did = "  # asked on every request of every provider: see read_cursor
_ASSET = select(t.assets.c.etag, t.assets.c.body).where(t.assets.c.did == bindparam("did"))
_NAMES = select(t.assets.c.did, t.assets.c.name).where(
    t.assets.c.did.in_(bindparam("dids", expanding=True)), t.assets.c.name.is_not(None)
)
_REVISION = select(t.revisions.c.revision)
_CHAINS = (
    select(t.chains.c.chain_id, t.chains.c.version, func.max(t.checkpoints.c.number).label("last_block"))
    .outerjoin(t.checkpoints, t.checkpoints.c.chain_id == t.chains.c.chain_id)
    .group_by(t.chains.c.chain_id, t.chains.c.version)
    .order_by(t.chains.c.chain_id)
)


class SqlCatalogue:
    """`Catalogue` over one Database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._etag_sql = _ETAG + ("?" if database.is_sqlite else "%s")

    def etag(self, did: str) -> str | None:
        with self._database.read_cursor() as cursor:
            cursor.execute(self._etag_sql, (did,))
            row = cursor.fetchone()
        return None if row is None else row[0]

    def asset(self, did: str) -> StoredAsset | None:
        with self._database.read() as connection:
            row = connection.execute(_ASSET, {"did": did}).one_or_none()
        return None if row is None else StoredAsset(row.etag, bytes(row.body))

    def revision(self) -> int:
        with self._database.read() as connection:
            return connection.execute(_REVISION).scalar_one_or_none() or 0

    def search(self, search: Search) -> SearchResult:
        return searching.search(self._database, search)

    def names(self, dids: Sequence[str]) -> Mapping[str, str]:
        with self._database.read() as connection:
            return {row.did: row.name for row in connection.execute(_NAMES, {"dids": list(dids)})}

    def did_state(
        self, *, did: str | None, nft: str | None, tx_id: str | None, chain_id: int | None
    ) -> DidState | None:
        table = t.did_states
        query = select(table).order_by(table.c.did).limit(1)
        if did is not None:
            query = query.where(table.c.did == did)
        if nft is not None:
            query = query.where(table.c.nft_lower == nft.lower())
        if tx_id is not None:
            query = query.where(table.c.tx_id == tx_id.lower())
        if chain_id is not None:
            query = query.where(table.c.chain_id == chain_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else rows.did_state_of(row)

    def retries(
        self, *, chain_id: int | None, nft: str | None, did: str | None, type: str | None, limit: int
    ) -> tuple[int, list[RetryEntry]]:
        table = t.retries
        here = []
        if chain_id is not None:
            here.append(table.c.chain_id == chain_id)
        if nft is not None:
            here.append(func.lower(table.c.nft_address) == nft.lower())
        if did is not None:
            here.append(table.c.did == did)
        if type is not None:
            here.append(table.c.type == type)
        query = select(table).where(*here).order_by(table.c.next_at, table.c.id).limit(limit)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(table).where(*here)).scalar_one()
            return int(total), [rows.retry_of(row) for row in connection.execute(query)]

    def chains(self) -> list[ChainStatus]:
        with self._database.read() as connection:
            return [
                ChainStatus(row.chain_id, row.version, row.last_block) for row in connection.execute(_CHAINS)
            ]

    def enqueue(self, entry: RetryEntry, limit: int) -> bool:
        with self._database.write() as connection:
            table = t.retries
            known = select(table.c.dead).where(table.c.id == entry.id)
            dead = connection.execute(known).scalar_one_or_none()
            if dead is not None:
                if dead:
                    revived = {"dead": False, "next_at": entry.next_at, "attempts": 0, "error": None}
                    connection.execute(update(table).where(table.c.id == entry.id).values(**revived))
                return bool(dead)
            waiting = connection.execute(select(func.count()).select_from(table)).scalar_one()
            if waiting >= limit:
                raise QueueFull
            return upserts.put_new(connection, table, rows.retry_row(entry))
