"""What the store of browser sessions promises: the fake, SQLite and PostgreSQL answer alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from libs.sql.engine import Database
from services.auth.adapters.store_sql.sessions import SqlSessions
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.secrets import hash_of
from services.auth.domain.sessions import Session
from services.auth.ports.people import Sessions
from services.auth.wiring import MIGRATIONS
from tests.contract.auth.test_stores import at_once
from tests.fakes.auth_sessions import MemorySessions
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

NOW = 1_700_000_000.5
A, B = "a" * 64, "b" * 64
SESSION = Session(
    subject="person:" + "1" * 32, amr="pwd", person_version=3, authenticated_at=NOW, expires_at=NOW + 600
)
WALLET = replace(SESSION, subject="eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09", person_version=None)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sessions]:
    if request.param == "memory":
        yield MemorySessions()
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    yield SqlSessions(database)
    database.dispose()


def test_a_session_comes_back_as_it_was_stored(store: Sessions) -> None:
    assert store.get(A) is None
    store.add(A, SESSION)
    store.add(B, WALLET)
    assert store.get(A) == SESSION
    assert store.get(B) == WALLET


def test_an_ended_session_is_gone_and_ends_once(store: Sessions) -> None:
    store.add(A, SESSION)
    store.add(B, SESSION)
    assert sorted(at_once(8, lambda _: store.end(A, NOW))) == [False] * 7 + [True]
    assert store.get(A) is None
    assert store.get(B) == SESSION
    assert not store.end("c" * 64, NOW)


def test_all_sessions_of_one_subject_end_together(store: Sessions) -> None:
    store.add(A, SESSION)
    store.add(B, SESSION)
    store.add("c" * 64, WALLET)
    assert store.end_all(SESSION.subject, NOW) == 2
    assert store.end_all(SESSION.subject, NOW) == 0
    assert store.get(A) is None
    assert store.get(B) is None
    assert store.get("c" * 64) == WALLET


def test_a_session_is_extended_forward_only_and_not_after_its_end(store: Sessions) -> None:
    store.add(A, SESSION)
    store.extend(A, NOW + 900)
    assert store.get(A) == replace(SESSION, expires_at=NOW + 900)
    store.extend(A, NOW + 700)
    assert store.get(A) == replace(SESSION, expires_at=NOW + 900)
    store.end(A, NOW)
    store.extend(A, NOW + 5000)
    assert store.get(A) is None
    store.extend("c" * 64, NOW + 5000)
    assert store.get("c" * 64) is None


def test_purge_forgets_what_is_over_and_not_too_many(store: Sessions) -> None:
    for number in range(5):
        store.add(f"{number}" * 64, replace(SESSION, expires_at=NOW - 100 + number))
    store.end("0" * 64, NOW)
    store.add(A, SESSION)
    assert store.purge(NOW, 3) == 3
    assert store.purge(NOW, 100) == 2
    assert store.purge(NOW, 100) == 0
    assert store.get(A) == SESSION


def test_the_database_holds_no_id_that_could_be_sent(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/auth.db")
    upgrade(database.engine, MIGRATIONS)
    SqlSessions(database).add(hash_of("the id in the cookie"), SESSION)
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM login_sessions")).one()
    assert "the id in the cookie" not in repr(tuple(row))
    database.dispose()


def test_a_database_that_is_gone_is_a_fact_of_the_domain(postgres_server: PostgresServer) -> None:
    database = Database.open(postgres_server.new_database())
    upgrade(database.engine, MIGRATIONS)
    store = SqlSessions(database)
    database.dispose()
    postgres_server.stop()
    try:
        for call in (
            lambda: store.get(A),
            lambda: store.add(A, SESSION),
            lambda: store.extend(A, NOW),
            lambda: store.end(A, NOW),
            lambda: store.end_all(SESSION.subject, NOW),
            lambda: store.purge(NOW, 1),
        ):
            with pytest.raises(StoreUnavailable):
                call()
    finally:
        postgres_server.start()
        database.dispose()
