"""The migrations build what the tables say, with rows in them; the root is there whoever opens first."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, text

from services.catalogue.adapters.files_sql.growing import plant
from services.catalogue.adapters.files_sql.store import MIGRATIONS, SqlFiles, open_files_store
from services.catalogue.adapters.files_sql.tables import metadata
from tests.fakes.file_facts import ALICE, NOW, check_sums, new_file
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


def _rows(connection: Connection) -> None:
    plant(connection, NOW)
