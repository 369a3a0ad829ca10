"""What the stores promise: the fakes in tests, SQLite and PostgreSQL answer alike."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from libs.signing import tokens
from libs.sql.engine import Database
from services.auth.adapters.store_sql import oauth_tables, people_tables  # noqa: F401 - they join the metadata
from services.auth.adapters.store_sql.stamps import SqlStamps
from services.auth.adapters.store_sql.stores import SqlKeyStore, SqlSpentMessages, SqlTokenStore
from services.auth.adapters.store_sql.tables import metadata
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.signing_keys import KeyState, StoredKey
from services.auth.domain.stamps import BUCKETS, bucket_of
from services.auth.domain.tokens import WalletToken
from services.auth.ports.keys import KeyStore
from services.auth.ports.tokens import TokenStore
from services.auth.ports.wallets import SpentMessages
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth import FrozenClock, MemoryKeyStore, MemorySpentMessages, MemoryTokenStore
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade
from tests.migrations_kit import check_migrations

NOW = 1_700_000_000.5
SUBJECT = "eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"


@dataclass
class Stores:
    keys: KeyStore
    tokens: TokenStore
    spent: SpentMessages


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryKeyStore(), MemoryTokenStore(), MemorySpentMessages())
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    yield Stores(SqlKeyStore(database, FrozenClock()), SqlTokenStore(database), SqlSpentMessages(database))
    database.dispose()


def token(token_id: str = "t1", expires_at: int = int(NOW) + 60) -> WalletToken:
    return WalletToken(token_id, SUBJECT, SUBJECT[7:], int(NOW), expires_at)


def key(kid: str, state: KeyState = KeyState.ACTIVE) -> StoredKey:
    return StoredKey(kid, state, {"kid": kid, "x": "ä"}, "v1.sealed")


def test_unknown_token_is_not_revoked(stores: Stores) -> None:
    assert not stores.tokens.is_revoked("t1")


def test_revoked_token_stays_revoked_and_is_revoked_once(stores: Stores) -> None:
    assert stores.tokens.revoke(token(), NOW)
    assert stores.tokens.is_revoked("t1")
    assert not stores.tokens.is_revoked("t2")
    assert not stores.tokens.revoke(token(), NOW + 1)
    assert stores.tokens.is_revoked("t1")


def test_revoking_a_wallets_token_moves_the_wallets_stamp_once(database_url: str) -> None:
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    store, stamps = SqlTokenStore(database), SqlStamps(database)
    before = stamps.all()
    store.revoke(token(), NOW)
    after = stamps.all()
    assert [bucket for bucket in range(BUCKETS) if before[bucket] != after[bucket]] == [bucket_of(SUBJECT)]
    store.revoke(token(), NOW)
    assert stamps.all() == after
    assert stamps.value(bucket_of(SUBJECT)) == after[bucket_of(SUBJECT)]
    database.dispose()


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    results: list[object] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        results.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_simultaneous_revocations_one_is_the_first(stores: Stores) -> None:
    results = at_once(12, lambda _: stores.tokens.revoke(token(), NOW))
    assert sorted(results) == [False] * 11 + [True]


def test_purge_forgets_expired_tokens_only_and_not_too_many(stores: Stores) -> None:
    for number in range(5):
        stores.tokens.revoke(token(f"old{number}", int(NOW) - 100 + number), NOW)
    stores.tokens.revoke(token("new"), NOW)
    assert stores.tokens.purge(NOW - 50, 3) == 3
    assert stores.tokens.purge(NOW - 50, 100) == 2
    assert stores.tokens.purge(NOW - 50, 100) == 0
    assert stores.tokens.is_revoked("new")


def test_message_is_spent_once(stores: Stores) -> None:
    assert not stores.spent.is_spent("a" * 64)
    assert stores.spent.spend("a" * 64, NOW)
    assert not stores.spent.spend("a" * 64, NOW)
    assert stores.spent.is_spent("a" * 64)
    assert not stores.spent.is_spent("b" * 64)
    assert sorted(at_once(12, lambda _: stores.spent.spend("c" * 64, NOW))) == [False] * 11 + [True]


def test_first_active_key_wins_in_silence(stores: Stores) -> None:
    assert stores.keys.all() == []
    stores.keys.add_active(key("k1"))
    stores.keys.add_active(key("k2"))
    stores.keys.add_active(key("k1"))
    assert stores.keys.all() == [key("k1")]


def test_of_simultaneous_first_keys_one_is_kept(stores: Stores) -> None:
    at_once(12, lambda number: stores.keys.add_active(key(f"k{number}")))
    assert len(stores.keys.all()) == 1


def _rows(connection: Connection) -> None:
    values = {
        "moment": datetime(2024, 1, 1, tzinfo=UTC),
        "jwk": json.dumps(tokens.public_jwk(tokens.new_key())),
    }
    connection.execute(
        text("INSERT INTO signing_keys VALUES ('k', 'ES256', 'active', :jwk, 'v1.x', :moment, :moment)"),
        values,
    )
    connection.execute(
        text("INSERT INTO issued_tokens VALUES ('j', 'ocean', 's', 'c', :moment, :moment, NULL)"), values
    )
    connection.execute(text("INSERT INTO spent_messages VALUES ('f', :moment)"), values)


def test_migrations_build_what_the_tables_say_and_keep_rows(database_url: str) -> None:
    check_migrations(database_url, MIGRATIONS, metadata, {"0001": _rows})


def test_two_active_keys_are_impossible_in_the_database_itself(database_url: str) -> None:
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    with database.write() as connection:
        _rows(connection)
    rest = "algorithm, state, public_jwk, private_sealed, created_at, state_changed_at"
    row = f"INSERT INTO signing_keys SELECT 'k2', {rest} FROM signing_keys"
    with pytest.raises(Exception, match=r"(?i)unique"), database.write() as connection:
        connection.execute(text(row))
    with pytest.raises(Exception, match=r"(?i)check"), database.write() as connection:
        connection.execute(text("UPDATE signing_keys SET state = 'other'"))
    database.dispose()


def test_token_issued_with_a_row_can_be_revoked_too(database_url: str) -> None:
    """Kinds that are stored when issued come later; the table is ready for them."""
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    with database.write() as connection:
        _rows(connection)
    store = SqlTokenStore(database)
    assert not store.is_revoked("j")
    assert store.revoke(token("j"), NOW)
    assert store.is_revoked("j")
    assert not store.revoke(token("j"), NOW)
    database.dispose()


def test_lost_database_is_unavailable_and_never_a_yes(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = Database.open(postgres_url)
    upgrade(database.engine, MIGRATIONS)
    store, spent, keys = (
        SqlTokenStore(database),
        SqlSpentMessages(database),
        SqlKeyStore(database, FrozenClock()),
    )
    assert not store.is_revoked("t1")
    postgres_server.stop()
    try:
        for work in (
            lambda: store.is_revoked("t1"),
            lambda: store.revoke(token(), NOW),
            lambda: store.purge(NOW, 1),
            lambda: spent.spend("a", NOW),
            lambda: spent.is_spent("a"),
            keys.all,
        ):
            with pytest.raises(StoreUnavailable):
                work()
    finally:
        postgres_server.start()
    database.dispose()
