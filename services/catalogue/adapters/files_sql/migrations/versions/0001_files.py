"""Directories, files, replicas and what is known of them.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

from libs.sql.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
HASH = sa.String(length=64)
TABLES = (
    "shares",
    "file_parameters",
    "directory_parameters",
    "file_values",
    "directory_values",
    "metasets",
    "fields",
    "file_ancestors",
    "replicas",
    "files",
    "directory_usage",
    "directory_tree",
    "directories",
    "storage_elements",
    "owner_groups",
    "owners",
)


def upgrade() -> None:
    _create_names()
    _create_directories()
    _create_files()
    _create_fields()
    _create_values("directory", "directories")
    _create_values("file", "files")
    _create_shares()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _id() -> sa.Column[int]:
    return sa.Column("id", ROW_ID, nullable=False)


def _refers(
    table: str, column: str, to: str, ondelete: str | None = "CASCADE"
) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    name = f"fk_{table}_{column}_{to}"
    return (
        sa.Column(column, ROW_ID, nullable=False),
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete),
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    clause = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=clause, postgresql_where=clause)


def _attributes(table: str) -> list[sa.schema.SchemaItem]:
    return [
        *_refers(table, "owner_id", "owners", None),
        *_refers(table, "group_id", "owner_groups", None),
        sa.Column("mode", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("modified_at", UtcDateTime(), nullable=False),
    ]


def _create_names() -> None:
    for table in ("owners", "owner_groups"):
        op.create_table(
            table,
            _id(),
            sa.Column("name", NAME, nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
            sa.UniqueConstraint("name", name=f"uq_{table}_name"),
        )
    op.create_table(
        "storage_elements",
        _id(),
        sa.Column("name", NAME, nullable=False),
        sa.Column("protocols", sa.Text(), nullable=False),
        sa.Column("is_readable", sa.Integer(), nullable=False),
        sa.Column("is_writable", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_storage_elements"),
        sa.UniqueConstraint("name", name="uq_storage_elements_name"),
    )


def _create_directories() -> None:
    op.create_table(
        "directories",
        _id(),
        sa.Column("parent_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["directories.id"], name="fk_directories_parent_id_directories"
        ),
        sa.Column("path", NAME, nullable=False),
        sa.Column("path_hash", HASH, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        *_attributes("directories"),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("directories", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_directories"),
        sa.UniqueConstraint("parent_id", "name", name="uq_directories_parent_id_name"),
        sa.UniqueConstraint("path_hash", name="uq_directories_path_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "directory_tree",
        *_refers("directory_tree", "ancestor_id", "directories"),
        *_refers("directory_tree", "directory_id", "directories"),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ancestor_id", "directory_id", name="pk_directory_tree"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_directory_tree_directory_id", "directory_tree", ["directory_id", "depth", "ancestor_id"]
    )
    op.create_table(
        "directory_usage",
        *_refers("directory_usage", "directory_id", "directories"),
        *_refers("directory_usage", "se_id", "storage_elements", None),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("directory_id", "se_id", name="pk_directory_usage"),
    )


def _create_files() -> None:
    op.create_table(
        "files",
        _id(),
        *_refers("files", "directory_id", "directories", None),
        sa.Column("name", NAME, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(length=128), nullable=False),
        sa.Column("checksum_type", sa.String(length=16), nullable=False),
        sa.Column("guid", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        *_attributes("files"),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("directory_id", "name", name="uq_files_directory_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_files_guid", "files", ["guid"])
    _partial("ix_files_hidden", "files", ["directory_id"], "status <> 'AprioriGood'")
    op.create_table(
        "replicas",
        *_refers("replicas", "file_id", "files"),
        *_refers("replicas", "se_id", "storage_elements", None),
        sa.Column("pfn", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("is_master", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "se_id", name="pk_replicas"),
    )
    op.create_index("ix_replicas_se_id", "replicas", ["se_id", "file_id"])
    op.create_table(
        "file_ancestors",
        *_refers("file_ancestors", "file_id", "files"),
        *_refers("file_ancestors", "ancestor_id", "files"),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "ancestor_id", name="pk_file_ancestors"),
    )
    op.create_index("ix_file_ancestors_ancestor_id", "file_ancestors", ["ancestor_id", "depth"])


def _create_fields() -> None:
    op.create_table(
        "fields",
        _id(),
        sa.Column("vo", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fields"),
        sa.UniqueConstraint("vo", "name", name="uq_fields_vo_name"),
    )
    op.create_table(
        "metasets",
        sa.Column("vo", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("contents", sa.Text(), nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.PrimaryKeyConstraint("vo", "name", name="pk_metasets"),
    )


def _create_values(kind: str, table: str) -> None:
    """`kind` is what has values: directory or file."""
    values, parameters, key = f"{kind}_values", f"{kind}_parameters", f"{kind}_id"
    op.create_table(
        values,
        *_refers(values, "field_id", "fields"),
        *_refers(values, key, table),
        sa.Column("whole", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("text", NAME, nullable=True),
        sa.PrimaryKeyConstraint("field_id", key, name=f"pk_{values}"),
        sqlite_with_rowid=False,
    )
    for column in ("whole", "number", "text"):
        name = f"ix_{values}_{column}"
        _partial(name, values, ["field_id", column, key], f"{column} IS NOT NULL")
    op.create_index(f"ix_{values}_{key}", values, [key])
    op.create_table(
        parameters,
        *_refers(parameters, key, table),
        sa.Column("name", NAME, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(key, "name", name=f"pk_{parameters}"),
    )
    op.create_index(f"ix_{parameters}_name", parameters, ["name", key])


def _create_shares() -> None:
    op.create_table(
        "shares",
        sa.Column("token_hash", HASH, nullable=False),
        *_refers("shares", "file_id", "files"),
        sa.Column("by", NAME, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_shares"),
    )
    op.create_index("ix_shares_file_id", "shares", ["file_id"])
