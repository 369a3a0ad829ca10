"""The authorization server's rows. Codes, tokens and session ids are kept as SHA-256 only."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from libs.sql.types import UtcDateTime
from services.auth.adapters.store_sql.tables import metadata

HASH = String(64)


def _grant() -> Column[str]:
    return Column("grant_id", String(32), ForeignKey("oauth_grants.id", ondelete="CASCADE"), nullable=False)


oauth_clients = Table(
    "oauth_clients",
    metadata,
    Column("client_id", String(64), primary_key=True),
    Column("origin", String(16), nullable=False),
    Column("secret_hash", HASH, nullable=True),
    Column("secret_expires_at", UtcDateTime, nullable=True),
    Column("name", String(255), nullable=False),
    Column("document", Text, nullable=False),  # JSON: the client metadata of RFC 7591, and our flags
    Column("owner", String(255), nullable=True),
    Column("registration_hash", HASH, nullable=True),  # registration access token (RFC 7592)
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime, nullable=True),
    CheckConstraint("origin IN ('admin', 'self', 'dynamic', 'builtin')", name="origin"),
    Index("ix_oauth_clients_created_at", "created_at"),
)

# One consent, and everything that was issued on it: codes, refresh tokens and access tokens name it, so that
# revoking it ends them all in one statement.
oauth_grants = Table(
    "oauth_grants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("client_id", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("flow", String(32), nullable=False),
    Column("scope", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON: vo, group, setup, amr, auth_time, cnf, ...
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=True),
    Column("revoked_at", UtcDateTime, nullable=True),
    Column("revoked_why", String(64), nullable=True),
    Index("ix_oauth_grants_subject", "subject"),
    Index("ix_oauth_grants_client_id", "client_id"),
    Index("ix_oauth_grants_expires_at", "expires_at"),
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", HASH, primary_key=True),
    _grant(),
    Column("redirect_uri", Text, nullable=False),
    Column("redirect_uri_was_sent", Boolean, nullable=False),
    Column("code_challenge", String(128), nullable=True),
    Column("nonce", String(512), nullable=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
    Index("ix_authorization_codes_expires_at", "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", HASH, primary_key=True),
    _grant(),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
    Index("ix_refresh_tokens_grant_id", "grant_id"),
    Index("ix_refresh_tokens_expires_at", "expires_at"),
)

# Opaque access tokens, for windows whose clients put tokens into URLs.
reference_tokens = Table(
    "reference_tokens",
    metadata,
    Column("token_hash", HASH, primary_key=True),
    Column("jti", String(64), nullable=False, unique=True),
    _grant(),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime, nullable=True),
    Index("ix_reference_tokens_expires_at", "expires_at"),
)

device_requests = Table(
    "device_requests",
    metadata,
    Column("device_hash", HASH, primary_key=True),
    Column("user_code", String(16), nullable=False, unique=True),
    Column("client_id", String(64), nullable=False),
    Column("scope", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("grant_id", String(32), nullable=True),
    Column("interval_seconds", Integer, nullable=False),
    Column("last_polled_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    CheckConstraint("state IN ('pending', 'approved', 'denied', 'used')", name="state"),
    Index("ix_device_requests_expires_at", "expires_at"),
)

login_sessions = Table(
    "login_sessions",
    metadata,
    Column("session_hash", HASH, primary_key=True),
    Column("subject", String(255), nullable=False),
    Column("amr", String(64), nullable=False),  # RFC 8176: pwd, or our own siwe and x509
    Column("person_version", Integer, nullable=True),  # at login; another one now ends the session
    Column("authenticated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # moves on with use
    Column("ended_at", UtcDateTime, nullable=True),
    Index("ix_login_sessions_subject", "subject"),
    Index("ix_login_sessions_expires_at", "expires_at"),
)

# Nonces of sign-in texts (EIP-4361) and of client assertions (`jti`, RFC 7523): each counts once.
single_use = Table(
    "single_use",
    metadata,
    Column("purpose", String(32), primary_key=True),
    Column("value_hash", HASH, primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
    Index("ix_single_use_expires_at", "expires_at"),
)
