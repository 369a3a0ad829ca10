"""Values that count once, on the fake and both databases."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from libs.sql.engine import Database
from services.auth.adapters.store_sql.oauth_tables import single_use
from services.auth.adapters.store_sql.single_use import PURGE_AFTER_SECONDS, SqlSingleUse
from services.auth.domain.errors import StoreUnavailable
from services.auth.ports.tokens import SingleUse
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_oauth import MemorySingleUse
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

NOW = 1_700_000_000.25
AT_ONCE = 24


def opened(url: str) -> Database:
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    return database


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SingleUse]:
    if request.param == "memory":
        yield MemorySingleUse(FrozenClock(NOW))
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = opened(url)
    yield SqlSingleUse(database, FrozenClock(NOW))
    database.dispose()


def test_an_issued_value_is_spent_once_and_for_its_purpose(store: SingleUse) -> None:
    store.issue("a", "value", NOW + 10)
    assert not store.spend("b", "value", NOW)
    assert not store.spend("a", "Value", NOW)
    assert store.spend("a", "value", NOW)
    assert not store.spend("a", "value", NOW)


def test_what_was_never_issued_cannot_be_spent(store: SingleUse) -> None:
    for value in ("", "x", "\0", "\ud800", "long " * 10_000):
        assert not store.spend("a", value, NOW)


def test_a_value_ends_at_its_time(store: SingleUse) -> None:
    store.issue("a", "value", NOW + 10)
    assert not store.spend("a", "value", NOW + 10)
    assert store.spend("a", "value", NOW + 9.5)


def test_issuing_a_spent_value_again_does_not_revive_it(store: SingleUse) -> None:
    store.issue("a", "value", NOW + 10)
    assert store.spend("a", "value", NOW)
    store.issue("a", "value", NOW + 20)
    assert not store.spend("a", "value", NOW)


def test_of_simultaneous_uses_one_counts(store: SingleUse) -> None:
    store.issue("a", "value", NOW + 10)
    results: list[bool] = []
    barrier = threading.Barrier(AT_ONCE)

    def use() -> None:
        barrier.wait()
        results.append(store.spend("a", "value", NOW))

    threads = [threading.Thread(target=use) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * (AT_ONCE - 1) + [True]


def test_foreign_values_count_the_first_time(store: SingleUse) -> None:
    assert store.spend_foreign("jti", "value", NOW + 10)
    assert not store.spend_foreign("jti", "value", NOW + 10)
    assert not store.spend("jti", "value", NOW)
    assert store.spend_foreign("jti of another client", "value", NOW + 10)


def test_rows_go_as_new_ones_come(database_url: str) -> None:
    database = opened(database_url)
    clock = FrozenClock(NOW)
    store = SqlSingleUse(database, clock)
    for number in range(5):
        store.issue("a", f"old{number}", NOW + 10)
    clock.time += PURGE_AFTER_SECONDS + 11
    store.issue("a", "new", clock.time + 10)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(single_use)).scalar_one() == 1
    assert store.spend("a", "new", clock.time)
    database.dispose()


def test_a_lost_database_is_no_yes(postgres_server: PostgresServer, postgres_url: str) -> None:
    database = opened(postgres_url)
    store = SqlSingleUse(database, FrozenClock(NOW))
    store.issue("a", "value", NOW + 10)
    postgres_server.stop()
    try:
        for work in (
            lambda: store.issue("a", "other", NOW + 10),
            lambda: store.spend("a", "value", NOW),
            lambda: store.spend_foreign("a", "third", NOW + 10),
        ):
            with pytest.raises(StoreUnavailable):
                work()
    finally:
        postgres_server.start()
    database.dispose()
