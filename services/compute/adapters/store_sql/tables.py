"""The compute service's own tables. Nobody else reads this database.

`jobs` holds what is searched and changed, `job_documents` what is only read; everything else hangs on a job
and goes with it. Sizes are bytes.
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
    text,
)

from libs.sql.engine import new_metadata
from libs.sql.types import UtcDateTime

metadata = new_metadata()

# SQLite makes a row id of an INTEGER primary key only; PostgreSQL wants the wide type.
RowId = BigInteger().with_variant(Integer, "sqlite")
HASH = String(64)

# Written out: a partial index serves a statement only if the statement says the very same.
QUEUED = "state = 'queued'"
ACTIVE = "state IN ('staging', 'pulling', 'running', 'publishing')"
LINGERS = "lingers = 1"
IN_WORKFLOW = "workflow_id IS NOT NULL"
# Ended, and what it was granted is still to be ended: from `wake_at` on.
GRANTED = "finished_at IS NOT NULL AND wake_at IS NOT NULL"
UNFINISHED = "state NOT IN ('succeeded', 'failed', 'cancelled')"


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    clause = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


def _job(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


jobs = Table(
    "jobs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("dialect", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("environment", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_since", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=True),  # JSON, as domain/reasons.py writes it
    Column("code", String(32), nullable=True),  # the reason's
    Column("wish", String(16), nullable=False),
    Column("wish_by", String(255), nullable=True),
    Column("wish_reason", Text, nullable=True),
    Column("natural_key", HASH, nullable=True),  # SHA-256 of it
    Column("precedence", Integer, nullable=False),  # the priority below zero: smaller first
    Column("attempt", Integer, nullable=False),
    Column("exit_code", Integer, nullable=True),
    Column("cpus", Double, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("storage_bytes", BigInteger, nullable=False),
    Column("queue_seconds", Double, nullable=True),
    Column("keep_seconds", Double, nullable=True),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, nullable=True),
    Column("finished_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("queue_until", UtcDateTime, nullable=True),
    Column("wake_at", UtcDateTime, nullable=True),
    Column("lease_worker", String(255), nullable=True),
    Column("lease_until", UtcDateTime, nullable=True),
    Column("fence", BigInteger, nullable=False),  # counts the claims
    Column("strikes", Integer, nullable=False),  # steps in a row that broke by our own fault
    Column("fault", Text, nullable=True),
    Column("dead_at", UtcDateTime, nullable=True),
    Column("last_event", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),  # counts what changed of the job and its runs
    # Of a workflow's job: what it is to do stands with its step (workflow_tables.py), it has no document.
    Column("workflow_id", BigInteger, nullable=True),
    Column("step", Integer, nullable=True),
    Column("instance", Integer, nullable=True),  # counts from 0, of a step that is run once too
    Column("lingers", Integer, nullable=False, server_default=text("0")),  # 0 or 1
    Column("pulls", Text, nullable=True),  # JSON, of the current attempt
    CheckConstraint(
        "state IN ('held', 'queued', 'staging', 'pulling', 'running', 'publishing', "
        "'succeeded', 'failed', 'cancelled')",
        name="state",
    ),
    CheckConstraint("wish IN ('run', 'cancel')", name="wish"),
    Index("ix_jobs_owner_id", "owner", "id"),
    Index("ix_jobs_owner_state_id", "owner", "state", "id"),
    Index("ix_jobs_owner_dialect_id", "owner", "dialect", "id"),
    # All that windows make their own states of: jobs are counted by them without being looked at.
    Index("ix_jobs_standing", "owner", "state", "deleted_at", "wish", "code", "state_since"),
    partial("ix_jobs_storage", "owner", "storage_bytes", where="storage_bytes > 0"),
    partial("ix_jobs_queued", "environment", "owner", "precedence", "id", where=QUEUED),
    partial("ix_jobs_active", "environment", "id", where=ACTIVE),
    partial("ix_jobs_leased", "environment", "state", where="lease_worker IS NOT NULL"),
    partial("ix_jobs_queue_until", "queue_until", where=QUEUED),
    partial("ix_jobs_expires_at", "expires_at", where="expires_at IS NOT NULL"),
    partial("ix_jobs_dead_at", "dead_at", where="dead_at IS NOT NULL"),
    partial("ix_jobs_granted", "wake_at", "id", where=GRANTED),
    partial("ix_jobs_unfinished", "owner", where=UNFINISHED),
    # One unfinished job of a window for each payment, whoever asks at the same time: an order's consumer and
    # its payer may both start with it (no payment is equal to no other one).
    partial("uq_jobs_payment", "dialect", "natural_key", where=UNFINISHED, unique=True),
    partial("ix_jobs_lingers", "owner", "id", where=LINGERS),
    partial("ix_jobs_workflow_id", "workflow_id", "id", where=IN_WORKFLOW),
    partial("uq_jobs_workflow_place", "workflow_id", "step", "instance", where=IN_WORKFLOW, unique=True),
    sqlite_autoincrement=True,  # ids of removed jobs are not given again
)

# JSON texts, in ASCII: they hold whatever a user wrote, NUL too.
job_documents = Table(
    "job_documents",
    metadata,
    _job(primary_key=True),
    Column("spec", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("facts", Text, nullable=False),
)

# What jobs are looked up by: SHA-256 of a name, of a label, of a fact.
job_terms = Table(
    "job_terms",
    metadata,
    Column("term", HASH, primary_key=True),
    _job(primary_key=True),
    Index("ix_job_terms_job_id", "job_id"),
)

# What windows list and find jobs by (domain/sheets.py).
job_sheets = Table(
    "job_sheets",
    metadata,
    _job(primary_key=True),
    Column("owner_name", String(255), nullable=False),
    Column("owner_group", String(255), nullable=False),
    Column("realm", String(255), nullable=False),
    Column("site", String(255), nullable=False),
    Column("setup", String(255), nullable=False),
    Column("batch", String(255), nullable=False),
    Column("kind", String(255), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("cpu_seconds", BigInteger, nullable=False),
    Column("has_input", Integer, nullable=False),  # 0 or 1
    Column("retries", Integer, nullable=False, server_default=text("0")),
    Index("ix_job_sheets_realm", "realm", "owner_group", "job_id"),
    Index("ix_job_sheets_realm_job_id", "realm", "job_id"),
)

# Jobs that were submitted in one go, but for the first of them.
job_batches = Table(
    "job_batches",
    metadata,
    _job(primary_key=True),
    Column("first_id", RowId, nullable=False),
    Index("ix_job_batches_first_id", "first_id", "job_id"),
)

job_groups = Table(
    "job_groups",
    metadata,
    Column("name", String(255), primary_key=True),
    _job(primary_key=True),
    Index("ix_job_groups_job_id", "job_id"),
)

job_events = Table(
    "job_events",
    metadata,
    _job(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state_from", String(16), nullable=True),
    Column("state_to", String(16), nullable=False),
    Column("by", String(255), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reason", Text, nullable=True),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("tag", String(96), primary_key=True),
    _job(),
    Column("attempt", Integer, nullable=False),
    Column("role", String(64), nullable=False),
    Column("instance", Integer, nullable=False),
    Column("task", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("handle", Text, nullable=True),
    Column("started_at", UtcDateTime, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("exit_code", Integer, nullable=True),
    Column("signal", Integer, nullable=True),
    Column("reason", Text, nullable=True),
    Column("wall_seconds", Double, nullable=True),
    Column("cpu_seconds", Double, nullable=True),
    Column("max_memory_bytes", BigInteger, nullable=True),
    Column("address", String(64), nullable=True),
    CheckConstraint("state IN ('intended', 'submitted', 'ended')", name="state"),
    Index("ix_job_runs_job_id_attempt", "job_id", "attempt"),
)

job_files = Table(
    "job_files",
    metadata,
    _job(primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("path_hash", HASH, primary_key=True),  # a path may be longer than an index entry
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    CheckConstraint("kind IN ('output', 'log')", name="kind"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("dialect", String(32), primary_key=True),
    Column("key_hash", HASH, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    _job(),
    Index("ix_idempotency_keys_job_id", "job_id"),
)

# When each owner had a turn last, in each environment: a number that counts up.
turns = Table(
    "turns",
    metadata,
    Column("environment", String(255), primary_key=True),
    Column("owner", String(255), primary_key=True),
    Column("served", BigInteger, nullable=False),
)

# keccak256 of texts that wallets signed and that are not to count again, however they are read.
spent_texts = Table(
    "spent_texts",
    metadata,
    Column("fingerprint", HASH, primary_key=True),
    Column("spent_at", UtcDateTime, nullable=False),
)
