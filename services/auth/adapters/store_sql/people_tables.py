"""People and what they prove themselves with. Secrets are kept as hashes only."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from libs.sql.types import UtcDateTime
from services.auth.adapters.store_sql.tables import metadata


def _person() -> Column[str]:
    return Column("person_id", String(32), ForeignKey("people.id", ondelete="CASCADE"), nullable=False)


people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("display_name", String(255), nullable=False),
    Column("email", String(320), nullable=True),
    Column("state", String(16), nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("version", Integer, nullable=False),  # raised by whatever must end this person's password tokens
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("virtual_clusters", Text, nullable=False, server_default=text("''")),  # names, commas between them
    CheckConstraint("state IN ('active', 'disabled', 'removed')", name="state"),
)
# A removed person keeps the row (jobs name it); the name may be given again.
Index(
    "uq_people_username",
    people.c.username,
    unique=True,
    sqlite_where=text("state <> 'removed'"),
    postgresql_where=text("state <> 'removed'"),
)

passwords = Table(
    "passwords",
    metadata,
    Column(
        "person_id", String(32), ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("hash", String(512), nullable=False),  # PHC string, or `openpai-pbkdf2$...` of an imported user
    Column("changed_at", UtcDateTime, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("vo", String(64), nullable=False),
    Column("properties", Text, nullable=False),  # JSON list of DIRAC properties
    Column("created_at", UtcDateTime, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column(
        "person_id", String(32), ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column(
        "group_name",
        String(64),
        ForeignKey("groups.name", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    ),
    Index("ix_memberships_group_name", "group_name"),
)

wallets = Table(
    "wallets",
    metadata,
    Column("address", String(42), primary_key=True),  # EIP-55 checksum: a wallet is at most one person's
    _person(),
    Column("linked_at", UtcDateTime, nullable=False),
    Index("ix_wallets_person_id", "person_id"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("subject_dn", String(512), primary_key=True),  # slash form: /DC=org/CN=Name
    Column("issuer_dn", String(512), nullable=True),  # when given, only this issuer's certificates count
    _person(),
    Column("added_at", UtcDateTime, nullable=False),
    Index("ix_certificates_person_id", "person_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(20), primary_key=True),
    Column("secret_hash", String(64), nullable=False),  # SHA-256 of 32 random bytes in base64url
    Column("subject", String(255), nullable=False),
    Column("label", String(255), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("revoked_at", UtcDateTime, nullable=True),
    Column("last_used_at", UtcDateTime, nullable=True),
    Index("ix_api_keys_subject", "subject"),
)

# Wrong guesses by what was guessed at and by who guessed; a row is gone when its window is.
guesses = Table(
    "guesses",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("locked_until", UtcDateTime, nullable=True),
    Index("ix_guesses_last_at", "last_at"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("actor", String(255), nullable=False),  # who did it, as far as known
    Column("subject", String(255), nullable=False),  # to whom
    Column("client_id", String(64), nullable=False),
    Column("peer", String(64), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("details", Text, nullable=False),  # JSON object, without secrets
    Index("ix_audit_events_subject_at", "subject", "at"),
    Index("ix_audit_events_at", "at"),
)

# What others may remember of a principal holds while its stamp stands (docs/decisions/0013).
security_stamps = Table(
    "security_stamps",
    metadata,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
