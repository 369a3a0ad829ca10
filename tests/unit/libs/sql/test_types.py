"""Column types and names that mean the same on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table, insert, select
from sqlalchemy.exc import StatementError

from libs.sql.engine import Database, new_metadata
from libs.sql.types import UtcDateTime

metadata = new_metadata()
moments = Table("moments", metadata, Column("id", Integer, primary_key=True), Column("at", UtcDateTime))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = Database.open(f"sqlite:///{tmp_path}/t.db")
    with opened.write() as connection:
        metadata.create_all(connection)
    return opened


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as connection:
        connection.execute(insert(moments), [{"id": 1, "at": noon}, {"id": 2, "at": None}])
    with database.read() as connection:
        first, second = connection.execute(select(moments.c.at).order_by(moments.c.id)).scalars()
    assert first == noon
    assert first.tzinfo is UTC
    assert second is None


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive"), database.write() as connection:
        connection.execute(insert(moments), {"id": 1, "at": datetime(2026, 7, 1)})  # noqa: DTZ001 - the point


def test_constraints_have_names_of_their_own() -> None:
    assert str(moments.primary_key.name) == "pk_moments"
