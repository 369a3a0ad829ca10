"""What every grant store promises: the fake in tests, SQLite and PostgreSQL answer alike."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from libs.sql.engine import Database
from services.provider.adapters.store_sql.grants import SqlGrantStore
from services.provider.domain.grants import Grant, GrantsUnavailable
from services.provider.ports import GrantStore
from services.provider.wiring import MIGRATIONS
from tests.fakes.access import MemoryGrants
from tests.migrated import upgrade

NOW = 1_700_000_000.25
GRANT = Grant(
    job="ab" * 16,
    consumer="0xA78deb2Fa79463945C247991075E2a0e98Ba7A09",
    did="did:op:" + "1" * 64,
    service_id="svc ☃ " + "x" * 300,
    file_index=3,
    tx_id="0x" + "a1" * 32,
    userdata={"year": 2024, "nul": "\0", "half": "\ud800"},
    sha256="ef" * 32,
    issued_at=NOW,
    expires_at=NOW + 600,
)
OTHER = replace(GRANT, job="cd" * 16, userdata=None, sha256=None)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GrantStore]:
    if request.param == "memory":
        yield MemoryGrants()
        return
    url = f"sqlite:///{tmp_path}/grants.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    yield SqlGrantStore(database)
    database.dispose()


def test_a_grant_comes_back_as_it_was(store: GrantStore) -> None:
    store.add({"1" * 64: GRANT, "2" * 64: OTHER}, NOW)
    assert store.find("1" * 64) == GRANT
    assert store.find("2" * 64) == OTHER
    assert store.find("3" * 64) is None


def test_nothing_to_add_is_fine(store: GrantStore) -> None:
    store.add({}, NOW)


def test_a_job_s_grants_end_together_and_once(store: GrantStore) -> None:
    store.add({"1" * 64: GRANT, "2" * 64: GRANT, "3" * 64: OTHER}, NOW)
    assert [store.end(GRANT.job, NOW + 1) for _ in range(2)] == [2, 0]
    assert store.find("1" * 64) is None
    assert store.find("3" * 64) == OTHER


def test_what_ran_out_goes_when_others_come(store: GrantStore) -> None:
    store.add({"1" * 64: GRANT}, NOW)
    store.add({"2" * 64: replace(OTHER, expires_at=NOW + 9000)}, NOW + 601)
    assert store.find("1" * 64) is None
    assert store.end(GRANT.job, NOW + 602) == 0


def test_grants_are_made_and_ended_at_once(store: GrantStore) -> None:
    ended: list[int] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        store.add({f"{number}{index}" * 32: GRANT for index in range(5)}, NOW)
        ended.append(store.end(GRANT.job, NOW))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ended) == 40


def test_a_broken_database_is_said_to_be_one(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/missing/grants.db")
    store = SqlGrantStore(database)
    for ask in (lambda: store.find("1" * 64), lambda: store.end(GRANT.job, NOW)):
        with pytest.raises(GrantsUnavailable):
            ask()
    with pytest.raises(GrantsUnavailable):
        store.add({"1" * 64: GRANT}, NOW)


def test_the_handle_is_in_no_column(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/grants.db")
    upgrade(database.engine, MIGRATIONS)

    def columns(connection: Connection) -> list[str]:
        return [row[1] for row in connection.execute(text("PRAGMA table_info(grants)"))]

    assert "handle_hash" in database.run_read(columns)
    assert "handle" not in database.run_read(columns)
    database.dispose()
