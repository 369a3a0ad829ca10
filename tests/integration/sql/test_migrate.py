"""Migrations on both databases: with rows, both directions, many processes at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text

from libs.sql import migrate
from libs.sql.engine import Database, make_engine
from libs.sql.errors import MigrationsMissing
from tests.integration.sql.tables import counters, events, metadata
from tests.migrations_kit import check_migrations, check_schema_equals_models
from tests.processes import none_left

LOCATION = Path(__file__).parent / "migrations"
STARTER = """
import sys
from libs.sql import migrate
from libs.sql.engine import make_engine
from concurrent.futures import ThreadPoolExecutor
engine = make_engine(sys.argv[1])
sys.stdin.readline()
with ThreadPoolExecutor(3) as pool:
    print(*pool.map(lambda _: migrate.upgrade(engine, sys.argv[2]), range(3)))
"""


def _first_rows(connection: Connection) -> None:
    connection.execute(insert(counters), [{"name": "a", "value": 1}, {"name": "b", "value": 2}])


def _second_rows(connection: Connection) -> None:
    assert connection.scalar(select(func.count()).select_from(counters)) == 2
    connection.execute(insert(events), [{"id": 1, "counter": "a"}])


def test_each_step_up_and_down_with_rows_and_the_schema_is_what_the_models_say(database_url: str) -> None:
    check_migrations(database_url, LOCATION, metadata, {"0001": _first_rows, "0002": _second_rows})


def test_rebuilding_a_table_does_not_delete_the_rows_that_refer_to_it(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate.upgrade(engine, LOCATION, "0001")
    with engine.begin() as connection:
        _first_rows(connection)
    migrate.upgrade(engine, LOCATION)
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(events)) == 2
    engine.dispose()


def test_a_model_that_no_migration_builds_is_noticed(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate.upgrade(engine, LOCATION, "0001")
    engine.dispose()
    with pytest.raises(AssertionError, match="events"):
        check_schema_equals_models(database_url, metadata)


def test_processes_and_threads_that_start_at_once_migrate_exactly_once(database_url: str) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, database_url, str(LOCATION)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    with none_left(starters):
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("go\n")
            starter.stdin.flush()
        answers = [starter.communicate(timeout=120) for starter in starters]
    said = sorted(word for out, _ in answers for word in out.split())
    assert said == ["False"] * 11 + ["True"], answers
    check_schema_equals_models(database_url, metadata)


def test_a_failing_migration_leaves_the_schema_as_it_was(database_url: str, tmp_path: Path) -> None:
    versions = tmp_path / "broken" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_half.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0001'\ndown_revision = None\n"
        "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    raise RuntimeError('stop')\n"
        "def downgrade():\n    pass\n"
    )
    engine = make_engine(database_url)
    with pytest.raises(RuntimeError, match="stop"):
        migrate.upgrade(engine, versions.parent)
    with engine.connect() as connection:
        assert not engine.dialect.has_table(connection, "half")
    assert migrate.current(engine) is None
    engine.dispose()


def test_a_schema_from_newer_code_is_refused_by_name(database_url: str) -> None:
    database = Database.open(database_url)
    migrate.upgrade(database.engine, LOCATION)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationsMissing, match="9999"):
        migrate.upgrade(database.engine, LOCATION)
    database.dispose()


def test_a_worker_that_starts_while_another_writes_does_not_wait(database_url: str) -> None:
    database = Database.open(database_url)
    migrate.upgrade(database.engine, LOCATION)
    with database.write() as connection:
        _first_rows(connection)
        assert not migrate.upgrade(database.engine, LOCATION)
    database.dispose()


def test_readers_are_served_while_a_migration_waits_for_the_lock(database_url: str) -> None:
    database = Database.open(database_url)
    migrate.upgrade(database.engine, LOCATION, "0001")
    with database.write() as connection:
        _first_rows(connection)
        with database.read() as reader:
            assert reader.scalar(select(func.count()).select_from(counters)) == 0
    database.dispose()
