"""The databases that tests get without migrating each are what the migrations build."""

from pathlib import Path

import pytest

from libs.sql import migrate
from libs.sql.engine import make_engine
from services.auth.adapters import store_sql
from services.auth.adapters.store_sql import oauth_tables, people_tables  # noqa: F401 - they join the metadata
from services.auth.adapters.store_sql.tables import metadata
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade
from tests.migrations_kit import check_schema_equals_models

MIGRATIONS = Path(store_sql.__file__).parent / "migrations"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_is_executed_again_builds_the_same(
    kind: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    for number in range(3):
        url = f"sqlite:///{tmp_path}/{number}.db" if kind == "sqlite" else postgres_server.new_database()
        engine = make_engine(url)
        upgrade(engine, MIGRATIONS)
        check_schema_equals_models(url, metadata)
        assert migrate.current(engine) == migrate.head(MIGRATIONS)
        assert not migrate.upgrade(engine, MIGRATIONS)
        engine.dispose()
