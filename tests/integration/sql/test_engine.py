"""Transactions on both databases: nothing is lost, nobody waits who need not, and trouble has a name."""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from libs.sql.engine import Database, make_engine
from libs.sql.errors import BadDatabaseUrl, DatabaseUnavailable
from tests.fixtures_postgres import PostgresServer
from tests.integration.sql.tables import counters, events, metadata
from tests.processes import none_left

INCREMENT = update(counters).where(counters.c.name == "n").values(value=counters.c.value + 1)
VALUE = select(counters.c.value).where(counters.c.name == "n")
# Four such processes, each with threads, started before the first of them is let go.
WORKER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from libs.sql.engine import Database
from tests.integration.sql.test_engine import increment
database = Database.open(sys.argv[1])
database.ping()
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: increment(database, 25), range(4)))
"""


def increment(database: Database, times: int) -> None:
    for _ in range(times):
        with database.write() as connection:
            connection.execute(INCREMENT)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url)
    with opened.write() as connection:
        metadata.create_all(connection)
        connection.execute(insert(counters), {"name": "n", "value": 0})
    yield opened
    opened.dispose()


def value(database: Database) -> int | None:
    with database.read() as connection:
        return connection.scalar(VALUE)


def test_no_increment_is_lost_between_processes_and_threads(database: Database, database_url: str) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    with none_left(workers):
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in workers:
            _, errors = worker.communicate(timeout=120)
            assert worker.returncode == 0, errors
    assert value(database) == 3 * 4 * 25


def test_readers_are_not_blocked_by_a_writer_and_see_the_last_commit(database: Database) -> None:
    with database.write() as connection:
        connection.execute(INCREMENT)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: value(database), range(32))) == {0}
    assert value(database) == 1


def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    def work() -> None:
        with database.write() as connection:
            connection.execute(INCREMENT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert value(database) == 0
    increment(database, 1)
    assert value(database) == 1


def test_constraints_speak_for_themselves(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(counters), {"name": "n", "value": 0})
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(events), {"id": 1, "counter": "nobody"})
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(update(counters).values(value=-1))


def test_of_many_simultaneous_claims_exactly_one_wins(database: Database) -> None:
    claim = update(counters).where(counters.c.name == "n", counters.c.value == 0).values(value=1)
    start = threading.Barrier(16)

    def attempt(_: int) -> int:
        start.wait()
        with database.write() as connection:
            return connection.execute(claim).rowcount

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_work_that_loses_a_race_is_run_again(database: Database) -> None:
    runs = []

    def work(connection: Connection) -> str:
        runs.append(1)
        if len(runs) == 1:
            _lose(connection, database)
        connection.execute(INCREMENT)
        return "done"

    assert database.run_write(work) == "done"
    assert len(runs) == 2
    assert value(database) == 1


def _lose(connection: Connection, database: Database) -> None:
    """What a lost race looks like to the driver."""
    if not database.is_sqlite:
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$"))
        return
    other = make_engine(str(database.engine.url))
    with other.connect() as rival:
        driver = rival.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA busy_timeout = 1")
        rival.execute(VALUE)


def test_work_that_always_loses_ends_in_a_name(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        database.run_write(lambda connection: _lose(connection, database), attempts=2)
    assert value(database) == 0


def test_a_mistake_is_not_run_again(database: Database) -> None:
    runs = []

    def work(connection: Connection) -> None:
        runs.append(1)
        connection.execute(text("SELECT * FROM nothing_of_that_name"))

    with pytest.raises(DBAPIError):
        database.run_write(work)
    with pytest.raises(DBAPIError):
        database.run_read(work)
    assert len(runs) == 2


def _child(database: Database) -> None:
    increment(database, 20)
    os._exit(0 if value(database) == 21 else 1)


def test_a_forked_child_uses_connections_of_its_own(database: Database) -> None:
    increment(database, 1)
    with database.read() as connection:
        connection.execute(VALUE)
        child = multiprocessing.get_context("fork").Process(target=_child, args=(database,))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert connection.scalar(VALUE) == (1 if database.is_sqlite else 21)
    increment(database, 1)
    assert value(database) == 22


def test_readiness_sees_a_working_database(database: Database) -> None:
    database.ping()


def test_a_hot_path_may_read_through_the_drivers_own_cursor(database: Database) -> None:
    mark = "?" if database.is_sqlite else "%s"
    for _ in range(2):
        with database.read_cursor() as cursor:
            cursor.execute(f"SELECT value FROM counters WHERE name = {mark}", ("n",))
            assert cursor.fetchone() == (0,)
        increment(database, 1)
        increment_back(database)


def test_a_statement_at_the_drivers_own_cursor_is_a_transaction(database: Database) -> None:
    mark = "?" if database.is_sqlite else "%s"
    sql = f"UPDATE counters SET value = value + 1 WHERE name = {mark}"
    with database.write_cursor() as cursor:
        cursor.execute(sql, ("n",))
        assert cursor.rowcount == 1
        assert value(database) == 1  # others see it at once
    with database.write_cursor() as cursor:
        cursor.execute(sql, ("none",))
        assert cursor.rowcount == 0
    increment(database, 1)
    assert value(database) == 2


def test_a_statement_that_waits_for_another_writer_too_long_says_so(tmp_path: Path) -> None:
    writing, other = (Database.open(f"sqlite:///{tmp_path}/busy.db") for _ in range(2))
    with writing.write():
        with other.engine.connect() as connection:  # its pool keeps it: the next one is the same
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA busy_timeout = 10")
        with pytest.raises(DatabaseUnavailable), other.write_cursor() as cursor:
            cursor.execute("CREATE TABLE t (x)")
    with other.write_cursor() as cursor:
        cursor.execute("CREATE TABLE t (x)")
    writing.dispose()
    other.dispose()


def increment_back(database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(counters).values(value=counters.c.value - 1))


def test_a_hot_path_whose_connection_breaks_says_so_and_recovers(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    with pytest.raises(DatabaseUnavailable), database.read_cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with database.read_cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    database.dispose()


def test_a_pool_without_a_free_connection_is_an_unavailable_database(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1, max_overflow=0, pool_wait_seconds=0.05)
    database = Database(engine)
    with database.write(), pytest.raises(DatabaseUnavailable):
        database.ping()
    database.ping()
    database.dispose()


# --- one database only ---------------------------------------------------------------------------


def test_on_sqlite_a_reader_cannot_write(tmp_path: object) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    with database.write() as connection:
        metadata.create_all(connection)
    with pytest.raises(DBAPIError, match="readonly"), database.read() as connection:
        connection.execute(insert(counters), {"name": "n", "value": 0})
    database.dispose()


def test_on_sqlite_all_reads_of_a_block_see_one_snapshot(tmp_path: object) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    with database.write() as connection:
        metadata.create_all(connection)
    with database.read() as reader:
        assert reader.scalar(select(func.count()).select_from(counters)) == 0
        with database.write() as connection:
            connection.execute(insert(counters), {"name": "n", "value": 0})
        assert reader.scalar(select(func.count()).select_from(counters)) == 0
    database.dispose()


def test_on_sqlite_the_file_is_in_wal_mode_with_foreign_keys(tmp_path: object) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    with database.write() as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")
        ]
    assert said == ["wal", 1]
    database.dispose()


def test_a_folder_that_is_not_there_is_an_unavailable_database(tmp_path: object) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/missing/a.db")
    with pytest.raises(DatabaseUnavailable):
        database.ping()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://u:hunter2@h/d", "hunter2", ""])
def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as caught:
        make_engine(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_restarts_is_noticed_named_and_found_again() -> None:
    server = PostgresServer.create()
    try:
        database = Database.open(server.new_database())
        database.ping()
        server.stop()
        with pytest.raises(DatabaseUnavailable):
            database.ping()
        server.start()
        assert database.run_read(lambda connection: connection.scalar(text("SELECT 1"))) == 1
        database.dispose()
    finally:
        server.remove()


def test_a_read_whose_connection_broke_is_run_again(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    database.ping()
    killer = Database.open(postgres_url)
    with killer.write() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND pid <> pg_backend_pid()")
        )  # fmt: skip
    assert database.run_read(lambda connection: connection.scalar(text("SELECT 7"))) == 7
    killer.dispose()
    database.dispose()
