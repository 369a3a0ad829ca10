"""The provider's own tables. Nobody else reads this database."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from libs.sql.engine import new_metadata
from libs.sql.types import UtcDateTime

metadata = new_metadata()

nonces = Table(
    "nonces",
    metadata,
    Column("scope", String(16), primary_key=True),
    Column("address", String(42), primary_key=True),  # checksummed: no other spelling opens a row
    Column("nonce", String(43), nullable=False),  # the literal text that was signed
    # 42 digits whose byte order is numeric order; "C" keeps PostgreSQL from using a language's order.
    Column("sort_key", String(42).with_variant(String(42, collation="C"), "postgresql"), nullable=False),
)

# What a job may read. The handle itself is kept nowhere.
grants = Table(
    "grants",
    metadata,
    Column("handle_hash", String(64), primary_key=True),
    Column("job", String(32), nullable=False),
    Column("consumer", String(42), nullable=False),
    Column("did", String(71), nullable=False),
    Column("service_id", Text, nullable=False),
    Column("file_index", Integer, nullable=False),
    Column("tx_id", String(66), nullable=False),
    Column("userdata", Text, nullable=False),  # JSON
    Column("sha256", String(64), nullable=True),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=True),
    Index("ix_grants_expires_at", "expires_at"),
    Index("ix_grants_job", "job"),
)
