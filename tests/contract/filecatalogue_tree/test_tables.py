"""The migrations build what the tables say, with rows in them; the root is there whoever opens first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text

from libs.sql.engine import Database
from services.catalogue.adapters.files_sql.growing import plant
from services.catalogue.adapters.files_sql.store import MIGRATIONS, SqlFiles, open_files_store
from services.catalogue.adapters.files_sql.tables import metadata
from services.catalogue.domain.files.entries import NewAttributes
from services.catalogue.domain.files.errors import CatalogueUnavailable, TooMuch
from services.catalogue.domain.files.fields import Field, FieldType, Level
from tests.fakes.file_facts import ALICE, NOW, agreed, check_sums, new_file
from tests.migrations_kit import check_migrations


def test_migrations_build_the_tables(database_url: str) -> None:
    check_migrations(database_url, MIGRATIONS, metadata, {"0001": _rows})


def test_of_many_that_open_a_new_database_one_makes_it(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_files_store(database_url), range(4)))
    stores[0].add_files([new_file("/vo/f")], ALICE, NOW)
    assert stores[3].directory("/").files == 1
    check_sums(stores[1])
    for store in stores:
        store.ping()
        store.close()


def test_every_row_that_hangs_on_a_file_goes_with_it(store: SqlFiles) -> None:
    new = [new_file("/vo/a", replicas={"SE": "x"}), new_file("/vo/b", ancestors=("/vo/a",))]
    store.add_files(new, ALICE, NOW)
    store.share("/vo/b", "1" * 64, "alice", NOW)
    store.remove_files(["/vo/a", "/vo/b"])
    with store._database.read() as connection:
        for table in ("files", "replicas", "file_ancestors", "shares"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table


def test_values_are_registered_with_their_file(store: SqlFiles) -> None:
    store.declare("vo", Field("run", FieldType.INT, Level.FILE))
    new = [
        new_file("/vo/a", metadata={"run": 7, "comment": "free"}),
        new_file("/vo/b", metadata={"run": 8}),
        new_file("/vo/c"),
    ]
    assert {each.error for each in store.add_files(new, ALICE, NOW).values()} == {None}
    assert store.add_files(new, ALICE, NOW)["/vo/a"].error is None
    assert store.file_metadata("/vo/a", inherited=False).values == {"run": 7, "comment": "free"}
    assert store.file_metadata("/vo/b", inherited=False).values == {"run": 8}
    assert store.file_metadata("/vo/c", inherited=False).values == {}


def test_more_than_one_transaction_takes_is_refused_whole(store: SqlFiles) -> None:
    store.most_at_once = 4
    store.add_files([new_file(f"/vo/d/{number % 2}/{number}") for number in range(3)], ALICE, NOW)
    with pytest.raises(TooMuch):
        store.remove_directories("/vo", recursive=True, agree=agreed)
    change = NewAttributes(mode=0)
    with pytest.raises(TooMuch):
        store.change_directory("/vo/d", change, NOW, recursive=True, agree=agreed)
    assert store.directory("/vo/d").attributes.mode == 0o775
    assert store.change_directory("/vo", change, NOW, recursive=False, agree=agreed).attributes.mode == 0
    assert store.remove_directories("/vo/d/0", recursive=True, agree=agreed) == 1
    assert store.remove_directories("/vo", recursive=True, agree=agreed) == 3
    check_sums(store)


def test_a_database_that_does_not_answer_is_told_so() -> None:
    nowhere = SqlFiles(Database.open("postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(CatalogueUnavailable):
        nowhere.file("/vo/f")
    with pytest.raises(CatalogueUnavailable):
        nowhere.add_files([new_file("/vo/f")], ALICE, NOW)
    nowhere.close()


def _rows(connection: Connection) -> None:
    plant(connection, NOW)
