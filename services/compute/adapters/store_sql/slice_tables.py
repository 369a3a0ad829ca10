"""Sliced jobs, payment accounts, and the names that windows' users find jobs by.

Slices are kept in blocks as they were given, and come to have rows of their own only by their results: a
million of them cost what was written down. Amounts are decimal texts; whoever changes one holds its row.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.tables import RowId, metadata, partial

AMOUNT = String(64)
IN_ESCROW = "escrow <> '0'"
ADDRESS = String(64)


def _job(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


# One name leads to one job, also after its end; it goes with the job or before it.
job_handles = Table(
    "job_handles",
    metadata,
    Column("window", String(32), primary_key=True),
    Column("scope", String(255), primary_key=True),
    Column("name", String(255), primary_key=True),
    _job(),
    Index("ix_job_handles_job_id", "job_id"),
)

# `next_number` is the first that was never handed out; `again` counts those that are to be done again.
sliced_jobs = Table(
    "sliced_jobs",
    metadata,
    _job(primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("next_number", BigInteger, nullable=False),
    Column("again", BigInteger, nullable=False),
    Column("active", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("cpu_seconds", Double, nullable=False),
    Column("closed_at", UtcDateTime, nullable=True),
    Column("last_batch", Integer, nullable=False),
    Column("last_line", BigInteger, nullable=False),
    Column("account", ADDRESS, nullable=True),
    Column("offer", AMOUNT, nullable=False),
    Column("escrow", AMOUNT, nullable=False),  # what is left in it
    partial("ix_sliced_jobs_account", "account", where=IN_ESCROW),
)

slice_blocks = Table(
    "slice_blocks",
    metadata,
    _job(primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("form", String(16), nullable=False),
    Column("body", Text, nullable=False),
    CheckConstraint("form IN ('items', 'range', 'product', 'urls')", name="form"),
)

# `numbers` is JSON: [[first, last], ...] of those that are in hand still. Gone when all are over.
slice_batches = Table(
    "slice_batches",
    metadata,
    _job(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("numbers", Text, nullable=False),
)

# Slices that lost their sandbox, until they are over: how often it was lost at this very slice.
slice_tries = Table(
    "slice_tries",
    metadata,
    _job(primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("tries", Integer, nullable=False),
    Column("waits", Integer, nullable=False),  # 1: to be handed out again
)

slice_results = Table(
    "slice_results",
    metadata,
    _job(primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),
    Column("body", Text, nullable=False),
    Column("note", String(16), nullable=False),
    Column("cpu_seconds", Double, nullable=False),
    Column("tries", Integer, nullable=False),
    CheckConstraint("state IN ('done', 'failed')", name="state"),
)

slice_lines = Table(
    "slice_lines",
    metadata,
    _job(primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("level", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("address", ADDRESS, primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("balance", AMOUNT, nullable=False),
    Column("keystore", Text, nullable=True),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("revoked", Integer, nullable=False),  # 1: listed no more, and pays for nothing new
    Index("ix_accounts_owner", "owner"),
)

# Append-only. An escrow is known by its job's uid; `mint` and `fees` are the gateway's own, and have no row
# in `accounts`: every slice that is paid for would wait for it.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("debit", ADDRESS, nullable=False),
    Column("credit", ADDRESS, nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("job", String(32), nullable=False),
    Index("ix_ledger_entries_debit", "debit", "id"),
    Index("ix_ledger_entries_credit", "credit", "id"),
    CheckConstraint("kind IN ('opening', 'grant', 'escrow', 'payment', 'refund')", name="kind"),
    sqlite_autoincrement=True,
)
