"""The catalogue's migrations, step by step with rows in the tables, on both databases."""

from pathlib import Path

from sqlalchemy import Connection, text

from services.catalogue.adapters import store_sql
from services.catalogue.adapters.store_sql.tables import metadata
from tests.migrations_kit import check_migrations

LOCATION = Path(store_sql.__file__).parent / "migrations"


def test_migrations_build_what_the_models_say(database_url: str) -> None:
    check_migrations(database_url, LOCATION, metadata, {"0001": _first_rows})


def _first_rows(connection: Connection) -> None:
    connection.execute(text("INSERT INTO chains (chain_id, version) VALUES (8996, '1')"))
    connection.execute(text("INSERT INTO checkpoints (chain_id, number, hash) VALUES (8996, 1, '0x1')"))
    connection.execute(
        text(
            "INSERT INTO events (chain_id, block_number, log_index, block_hash, block_timestamp, tx_hash, "
            "tx_from, kind, emitter, subject, payload) "
            "VALUES (8996, 1, 0, '0x1', 1, '0x2', '0x3', 'MetadataCreated', '0x4', '0x4', '{}')"
        )
    )
    connection.execute(text("INSERT INTO revisions (id, revision) VALUES (1, 5)"))
