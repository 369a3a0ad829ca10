"""The file catalogue's own database: unlike the asset index it cannot be built again from anywhere.

Directories carry what lies below them all in all, kept in the transaction that changes it. `directory_tree`
is the transitive closure of the tree (each directory is its own ancestor, at depth 0), `file_ancestors` that
of provenance. Sizes are bytes; checksums lower-case hex; texts sort by code point on both databases.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from libs.sql.engine import new_metadata
from libs.sql.types import UtcDateTime

metadata = new_metadata()
RowId = BigInteger().with_variant(Integer, "sqlite")
HASH = String(64)
NAME = Text().with_variant(Text(collation="C"), "postgresql")
HIDDEN = "status <> 'AprioriGood'"


def _partial(name: str, *columns: str, where: str) -> Index:
    clause = text(where)
    return Index(name, *columns, sqlite_where=clause, postgresql_where=clause)


def _directory(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "directory_id",
        RowId,
        ForeignKey("directories.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _file(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "file_id",
        RowId,
        ForeignKey("files.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _values() -> list[Column[object]]:
    """One of them is set, by the field's type: int; float; string and date."""
    return [
        Column("whole", BigInteger, nullable=True),
        Column("number", Double, nullable=True),
        Column("text", NAME, nullable=True),
    ]


owners = Table(
    "owners",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
)
owner_groups = Table(
    "owner_groups",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
)

storage_elements = Table(
    "storage_elements",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
    Column("protocols", Text, nullable=False),  # JSON
    Column("is_readable", Integer, nullable=False),
    Column("is_writable", Integer, nullable=False),
)

directories = Table(
    "directories",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("parent_id", RowId, ForeignKey("directories.id"), nullable=True),
    Column("path", NAME, nullable=False),
    Column("path_hash", HASH, nullable=False, unique=True),  # a path may be longer than an index entry
    Column("name", NAME, nullable=False),
    Column("depth", Integer, nullable=False),  # of the root 0
    Column("owner_id", RowId, ForeignKey("owners.id"), nullable=False),
    Column("group_id", RowId, ForeignKey("owner_groups.id"), nullable=False),
    Column("mode", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("modified_at", UtcDateTime, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("directories", BigInteger, nullable=False),
    UniqueConstraint("parent_id", "name"),
    sqlite_autoincrement=True,
)

directory_tree = Table(
    "directory_tree",
    metadata,
    Column(
        "ancestor_id",
        RowId,
        ForeignKey("directories.id", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    ),
    _directory(primary_key=True),
    Column("depth", Integer, nullable=False),
    Index("ix_directory_tree_directory_id", "directory_id", "depth", "ancestor_id"),
    sqlite_with_rowid=False,
)

# What lies on each storage element below each directory.
directory_usage = Table(
    "directory_usage",
    metadata,
    _directory(primary_key=True),
    Column("se_id", RowId, ForeignKey("storage_elements.id"), primary_key=True, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("directory_id", RowId, ForeignKey("directories.id"), nullable=False),
    Column("name", NAME, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("checksum", String(128), nullable=False),
    Column("checksum_type", String(16), nullable=False),
    Column("guid", String(36), nullable=False),
    Column("type", String(8), nullable=False),
    Column("owner_id", RowId, ForeignKey("owners.id"), nullable=False),
    Column("group_id", RowId, ForeignKey("owner_groups.id"), nullable=False),
    Column("mode", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("modified_at", UtcDateTime, nullable=False),
    UniqueConstraint("directory_id", "name"),
    Index("ix_files_guid", "guid"),
    _partial("ix_files_hidden", "directory_id", where=HIDDEN),
    sqlite_autoincrement=True,
)

replicas = Table(
    "replicas",
    metadata,
    _file(primary_key=True),
    Column("se_id", RowId, ForeignKey("storage_elements.id"), primary_key=True, nullable=False),
    Column("pfn", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("is_master", SmallInteger, nullable=False),
    Index("ix_replicas_se_id", "se_id", "file_id"),
)

file_ancestors = Table(
    "file_ancestors",
    metadata,
    _file(primary_key=True),
    Column(
        "ancestor_id", RowId, ForeignKey("files.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("depth", Integer, nullable=False),
    Index("ix_file_ancestors_ancestor_id", "ancestor_id", "depth"),
)

# Each VO has its own: nobody who manages one can touch what another knows.
fields = Table(
    "fields",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("vo", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("type", String(16), nullable=False),
    Column("level", String(16), nullable=False),
    UniqueConstraint("vo", "name"),
)

metasets = Table(
    "metasets",
    metadata,
    Column("vo", NAME, primary_key=True, nullable=False),
    Column("name", NAME, primary_key=True, nullable=False),
    Column("contents", Text, nullable=False),  # JSON
    Column("owner", NAME, nullable=False),
)

# A value holds for everything below; of one field no directory has one above another's.
directory_values = Table(
    "directory_values",
    metadata,
    Column("field_id", RowId, ForeignKey("fields.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    _directory(primary_key=True),
    *_values(),
    _partial("ix_directory_values_whole", "field_id", "whole", "directory_id", where="whole IS NOT NULL"),
    _partial("ix_directory_values_number", "field_id", "number", "directory_id", where="number IS NOT NULL"),
    _partial("ix_directory_values_text", "field_id", "text", "directory_id", where="text IS NOT NULL"),
    Index("ix_directory_values_directory_id", "directory_id"),
    sqlite_with_rowid=False,
)

file_values = Table(
    "file_values",
    metadata,
    Column("field_id", RowId, ForeignKey("fields.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    _file(primary_key=True),
    *_values(),
    _partial("ix_file_values_whole", "field_id", "whole", "file_id", where="whole IS NOT NULL"),
    _partial("ix_file_values_number", "field_id", "number", "file_id", where="number IS NOT NULL"),
    _partial("ix_file_values_text", "field_id", "text", "file_id", where="text IS NOT NULL"),
    Index("ix_file_values_file_id", "file_id"),
    sqlite_with_rowid=False,
)

# What nobody declared: kept as JSON, not searched; becomes values when its name is declared.
directory_parameters = Table(
    "directory_parameters",
    metadata,
    _directory(primary_key=True),
    Column("name", NAME, primary_key=True, nullable=False),
    Column("value", Text, nullable=False),
    Index("ix_directory_parameters_name", "name", "directory_id"),
)

file_parameters = Table(
    "file_parameters",
    metadata,
    _file(primary_key=True),
    Column("name", NAME, primary_key=True, nullable=False),
    Column("value", Text, nullable=False),
    Index("ix_file_parameters_name", "name", "file_id"),
)

# A right to read one file, for whoever shows the token: how a dataset asset names a file of ours.
shares = Table(
    "shares",
    metadata,
    Column("token_hash", HASH, primary_key=True, nullable=False),
    _file(),
    Column("by", NAME, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_shares_file_id", "file_id"),
)
