"""What every service's migrations must satisfy; services' tests call these with their own tables."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, MetaData, inspect

from libs.sql import migrate
from libs.sql.engine import make_engine

# Rows to put in once a revision is reached: they must survive every later step up and each step down to it.
Rows = Mapping[str, Callable[[Connection], None]]


def check_migrations(url: str, location: str | Path, metadata: MetaData, rows: Rows) -> None:
    """One step up at a time with rows in the tables, schema against models, then down and up again.

    `rows` maps each revision to a function that inserts rows into the tables as they are at that revision.
    """
    engine = make_engine(url)
    revisions = [script.revision for script in migrate.scripts(location).walk_revisions()][::-1]
    assert set(rows) <= set(revisions), "rows for a revision that does not exist"
    try:
        for revision in revisions:
            migrate.upgrade(engine, location, revision)
            if revision in rows:
                with engine.begin() as connection:
                    rows[revision](connection)
        check_schema_equals_models(url, metadata)
        for revision in [*revisions[:-1][::-1], "base"]:
            migrate.downgrade(engine, location, revision)
        left = set(inspect(engine).get_table_names()) - {"alembic_version"}
        assert not left, f"tables left after going back to base: {left}"
        assert migrate.upgrade(engine, location)
        assert not migrate.upgrade(engine, location)
        check_schema_equals_models(url, metadata)
    finally:
        engine.dispose()


def check_schema_equals_models(url: str, metadata: MetaData) -> None:
    """No difference in tables, columns, types, nullability, indexes, keys, unique and check constraints."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = compare_metadata(context, metadata)
            assert not differences, f"the migrations do not build what the models say: {differences}"
            _same_checks(connection, metadata)
    finally:
        engine.dispose()


def _same_checks(connection: Connection, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        built = {check["name"] for check in inspect(connection).get_check_constraints(table.name)}
        said = {_name(connection, item) for item in table.constraints if isinstance(item, CheckConstraint)}
        assert built == said, f"check constraints of {table.name}: built {built}, models say {said}"


def _name(connection: Connection, constraint: Any) -> str | None:
    name: str | None = connection.dialect.identifier_preparer.format_constraint(constraint)
    return name
