"""Tables beside the jobs: errands, the outbox, what was used, stored objects, keys and values."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.tables import HASH, RowId, metadata, partial
from services.compute.adapters.store_sql.workflow_tables import workflows

UNENDED_ERRAND = "state IN ('asked', 'taken')"
# Compared by code points on both databases, so that a prefix is a range.
BINARY_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

job_errands = Table(
    "job_errands",
    metadata,
    Column("uid", String(32), primary_key=True),
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("argument", Text, nullable=False),
    Column("asked_by", String(255), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("exit_code", Integer, nullable=True),
    Column("sentence", Text, nullable=False),
    Column("size", BigInteger, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    CheckConstraint("kind IN ('exec', 'snapshot')", name="kind"),
    CheckConstraint("state IN ('asked', 'taken', 'done', 'failed')", name="state"),
    Index("ix_job_errands_job_id", "job_id", "asked_at"),
    partial("ix_job_errands_unended", "job_id", where=UNENDED_ERRAND),
)

# `due_at` None: the job or workflow has not ended. The row outlives neither.
notices = Table(
    "notices",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=True),
    Column("workflow_id", BigInteger, ForeignKey(workflows.c.id, ondelete="CASCADE"), nullable=True),
    Column("notice", Text, nullable=False),  # JSON
    Column("tries", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=True),
    Column("settled_at", UtcDateTime, nullable=True),
    Column("problem", Text, nullable=True),
    Index("ix_notices_job_id", "job_id"),
    Index("ix_notices_workflow_id", "workflow_id"),
    partial("ix_notices_due_at", "due_at", where="due_at IS NOT NULL"),
)

# `holder_group` is empty for the owner's own sum.
usage = Table(
    "usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("owner", String(255), primary_key=True),
    Column("holder_group", String(255), primary_key=True),
    Column("jobs", BigInteger, nullable=False),
    Column("cpu_seconds", Double, nullable=False),
    Column("core_seconds", Double, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("scope", HASH, primary_key=True),  # SHA-256 of domain/objects.py's key
    Column("name_hash", HASH, primary_key=True),
    Column("name", BINARY_TEXT, nullable=False),
    Column("blob", String(32), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("modified_at", UtcDateTime, nullable=False),
    Column("modified_by", String(255), nullable=False),
)

object_uploads = Table(
    "object_uploads",
    metadata,
    Column("token_hash", HASH, primary_key=True),
    Column("address", Text, nullable=False),
    Column("asked_by", String(255), nullable=False),
    Column("sha256", String(64), nullable=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_object_uploads_expires_at", "expires_at"),
)

# Bytes that have no name: on their way in since then, or to be removed (since the beginning of time).
object_waste = Table(
    "object_waste",
    metadata,
    Column("blob", String(32), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Index("ix_object_waste_since", "since"),
)

key_values = Table(
    "key_values",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("key", BINARY_TEXT, primary_key=True),  # 1024 characters at most
    Column("value", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# How many jobs of each owner were purged: counts of those that are there change by nothing else unseen
# (sheet_totals.py).
job_purges = Table(
    "job_purges",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("purged", BigInteger, nullable=False),
)
