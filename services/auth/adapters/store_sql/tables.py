"""The auth service's own tables. Nobody else reads this database."""

from sqlalchemy import CheckConstraint, Column, Index, String, Table, Text, text

from libs.sql.engine import new_metadata
from libs.sql.types import UtcDateTime

metadata = new_metadata()

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("private_sealed", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state_changed_at", UtcDateTime, nullable=False),
    CheckConstraint("state IN ('upcoming', 'active', 'retired', 'withdrawn')", name="state"),
)
# The database itself lets one key be active: of N processes that start at once one makes the key.
Index(
    "uq_signing_keys_active",
    signing_keys.c.state,
    unique=True,
    sqlite_where=text("state = 'active'"),
    postgresql_where=text("state = 'active'"),
)

# A wallet's AuthTokens get a row when they are revoked, not when they are made (docs/decisions/0010);
# kinds that people list and manage get theirs when they are issued.
issued_tokens = Table(
    "issued_tokens",
    metadata,
    Column("jti", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime, nullable=True),
    Index("ix_issued_tokens_expires_at", "expires_at"),
    Index("ix_issued_tokens_subject_kind", "subject", "kind"),
)

spent_messages = Table(
    "spent_messages",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("spent_at", UtcDateTime, nullable=False),
)
