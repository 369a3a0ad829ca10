"""What every nonce ledger promises: the fake in tests, SQLite and PostgreSQL answer alike."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from libs.sql.engine import Database
from services.provider.adapters.store_sql.ledger import SqlNonceLedger
from services.provider.adapters.store_sql.tables import metadata
from services.provider.domain.nonces import LedgerUnavailable, MalformedNonce, NonceTooLow
from services.provider.ports import NonceLedger
from services.provider.wiring import MIGRATIONS
from tests.fakes.provider import MemoryLedger
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade
from tests.migrations_kit import check_migrations

pytestmark = pytest.mark.clause("ocean 4")

ALICE = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
BOB = "0xe08A1dAe983BC701D05E492DB80e0144f8f4b909"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NonceLedger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    yield SqlNonceLedger(database)
    database.dispose()


def test_unknown_address_has_no_last_nonce(ledger: NonceLedger) -> None:
    assert ledger.last("user", ALICE) is None


@pytest.mark.parametrize("nonce", ["0", "1", "007", "1644315615.24195", "1795295486993079057", "9" * 30])
def test_literal_text_is_kept(ledger: NonceLedger, nonce: str) -> None:
    ledger.consume("user", ALICE, nonce)
    assert ledger.last("user", ALICE) == nonce


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("1", "2"),
        ("9", "10"),
        ("99", "100"),
        ("1", "1.000000000001"),
        ("1644315615.24195", "1644315615.241951"),
        ("1644315615.24195", "1644315616"),
        ("9007199254740993", "9007199254740994"),
        ("1795295486993079057", "1795295486993079058"),
        ("9" * 29, "1" + "0" * 29),
        ("0", "0.000000000001"),
        ("0009", "10"),
    ],
)
def test_higher_nonces_pass_and_do_not_pass_twice(ledger: NonceLedger, stored: str, sent: str) -> None:
    ledger.consume("user", ALICE, stored)
    ledger.consume("user", ALICE, sent)
    for again in (sent, stored):
        with pytest.raises(NonceTooLow) as refused:
            ledger.consume("user", ALICE, again)
        assert (refused.value.stored, refused.value.sent) == (sent, again)
    assert ledger.last("user", ALICE) == sent


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("10", "9"),
        ("10", "10"),
        ("10", "010"),
        ("10", "10.0"),
        ("10.50", "10.5"),
        ("10.5", "10.49"),
        ("2", "1.999999999999"),
        ("1795295486993079057", "1795295486993079057"),
        ("1795295486993079057", "1795295486993079056"),
        ("9" * 30, "9" * 29),
    ],
)
def test_equal_and_lower_nonces_are_refused_by_value_not_by_text(
    ledger: NonceLedger, stored: str, sent: str
) -> None:
    ledger.consume("user", ALICE, stored)
    with pytest.raises(NonceTooLow):
        ledger.consume("user", ALICE, sent)
    assert ledger.last("user", ALICE) == stored


def test_scopes_and_addresses_have_counters_of_their_own(ledger: NonceLedger) -> None:
    ledger.consume("decrypt", ALICE, "1795295486993079057")
    ledger.consume("user", ALICE, "2")
    ledger.consume("user", BOB, "1")
    assert ledger.last("user", ALICE) == "2"
    assert ledger.last("decrypt", ALICE) == "1795295486993079057"
    assert ledger.last("decrypt", BOB) is None


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nonces_do_not_come_back_after_a_restart(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Upstream's Redis entries lived for 300 seconds; here nothing about a nonce knows a clock."""
    postgres = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    url = postgres or f"sqlite:///{tmp_path}/ledger.db"
    for start in range(2):
        database = Database.open(url)
        upgrade(database.engine, MIGRATIONS)
        ledger = SqlNonceLedger(database)
        if start == 0:
            ledger.consume("user", ALICE, "7")
        with pytest.raises(NonceTooLow):
            ledger.consume("user", ALICE, "7")
        database.dispose()
    assert not {"expires", "expires_at", "ttl"} & set(metadata.tables["nonces"].columns.keys())


@pytest.mark.parametrize(
    "nonce", ["", "1e3", "inf", "nan", "-1", "+1", " 7", "1.", ".5", "٣", "1" * 31, "1\n"]
)
def test_malformed_nonces_write_nothing(ledger: NonceLedger, nonce: str) -> None:
    with pytest.raises(MalformedNonce):
        ledger.consume("user", ALICE, nonce)
    assert ledger.last("user", ALICE) is None


def test_of_many_threads_with_one_nonce_exactly_one_wins(ledger: NonceLedger) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(16)

    def use() -> None:
        barrier.wait()
        try:
            ledger.consume("user", ALICE, "5")
            outcomes.append("won")
        except NonceTooLow:
            outcomes.append("too low")

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["too low"] * 15 + ["won"]


def test_of_many_threads_with_different_nonces_the_highest_is_kept(ledger: NonceLedger) -> None:
    overtaken_by: list[int] = []
    barrier = threading.Barrier(16)

    def use(nonce: int) -> None:
        barrier.wait()
        try:
            ledger.consume("user", ALICE, str(nonce))
        except NonceTooLow as refused:
            overtaken_by.append(int(refused.stored) - nonce)

    threads = [threading.Thread(target=use, args=(nonce,)) for nonce in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.last("user", ALICE) == "16"
    assert all(distance >= 0 for distance in overtaken_by)


def _one_nonce(connection: Connection) -> None:
    statement = text("INSERT INTO nonces VALUES ('user', :address, '7', :key)")
    connection.execute(statement, {"address": ALICE, "key": "7".zfill(30) + "0" * 12})


def _one_grant(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO grants (handle_hash, job, consumer, did, service_id, file_index, tx_id, userdata,"
            " issued_at, expires_at) VALUES ('h', 'j', 'c', 'd', 's', 0, 't', 'null',"
            " '2026-01-01 00:00:00', '2026-01-08 00:00:00')"
        )
    )


def test_migrations_build_what_the_tables_say_and_keep_rows(database_url: str) -> None:
    check_migrations(database_url, MIGRATIONS, metadata, {"0001": _one_nonce, "0002": _one_grant})


def test_lost_database_lets_no_nonce_through(postgres_server: PostgresServer, postgres_url: str) -> None:
    database = Database.open(postgres_url)
    upgrade(database.engine, MIGRATIONS)
    ledger = SqlNonceLedger(database)
    ledger.consume("user", ALICE, "1")
    postgres_server.stop()
    try:
        with pytest.raises(LedgerUnavailable):
            ledger.consume("user", ALICE, "2")
        with pytest.raises(LedgerUnavailable):
            ledger.last("user", ALICE)
    finally:
        postgres_server.start()
        upgrade(database.engine, MIGRATIONS)  # the test server keeps nothing through an immediate stop
    ledger.consume("user", ALICE, "2")
    with pytest.raises(NonceTooLow):
        ledger.consume("user", ALICE, "2")
    database.dispose()


def test_a_broken_sqlite_file_lets_no_nonce_through(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    database = Database.open(f"sqlite:///{path}")
    upgrade(database.engine, MIGRATIONS)
    database.dispose()
    path.write_bytes(b"this is no database" * 1000)
    for leftover in tmp_path.glob("ledger.db-*"):
        leftover.unlink()
    ledger = SqlNonceLedger(database)
    with pytest.raises(LedgerUnavailable):
        ledger.consume("user", ALICE, "1")
    with pytest.raises(LedgerUnavailable):
        ledger.last("user", ALICE)
    database.dispose()


def test_a_sqlite_folder_that_is_gone_lets_no_nonce_through(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/none/ledger.db")
    with pytest.raises(LedgerUnavailable):
        SqlNonceLedger(database).consume("user", ALICE, "1")
    database.dispose()
