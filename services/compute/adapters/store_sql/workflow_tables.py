"""Tables of workflows. A workflow's jobs are rows of `jobs` that point here."""

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
from services.compute.adapters.store_sql.tables import HASH, RowId, metadata, partial

UNMADE = "next < instances"
READY = f"waits_for = 0 AND {UNMADE}"
LINGERING = "lingers = 1"


def _workflow() -> Column[int]:
    return Column(
        "workflow_id", RowId, ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True, nullable=False
    )


workflows = Table(
    "workflows",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),  # of the sequence of jobs
    Column("uid", String(32), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("dialect", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("groups", Text, nullable=False),  # JSON list: of the jobs that will be made
    Column("labels", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=True),
    Column("wish", String(16), nullable=False),
    Column("wish_by", String(255), nullable=True),
    Column("wish_reason", Text, nullable=True),
    Column("lingers", Integer, nullable=False),
    Column("rerun_of", String(32), nullable=True),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, nullable=True),
    Column("finished_at", UtcDateTime, nullable=True),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("keep_seconds", Double, nullable=True),  # the longest of its steps
    Column("due_at", UtcDateTime, nullable=True),  # when it is to be fed; None: when a job has ended
    # Sums over its steps, so that no step has to be looked at when a job ends.
    Column("total", Integer, nullable=False),
    Column("made", Integer, nullable=False),
    Column("succeeded", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
    CheckConstraint("wish IN ('run', 'cancel')", name="wish"),
    Index("ix_workflows_owner_id", "owner", "id"),
    Index("ix_workflows_owner_state_id", "owner", "state", "id"),
    partial("ix_workflows_lingers", "owner", "id", where=LINGERING),
    partial("ix_workflows_due_at", "due_at", where="due_at IS NOT NULL"),
    partial("ix_workflows_expires_at", "expires_at", where="expires_at IS NOT NULL"),
)

# What is searched and counted of a step; its description is beside it and only read.
workflow_steps = Table(
    "workflow_steps",
    metadata,
    _workflow(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("after", Text, nullable=False),  # JSON list of names
    Column("instances", Integer, nullable=False),
    Column("next", Integer, nullable=False),  # the instance that is made next
    Column("made", Integer, nullable=False),  # with those that were kept
    Column("succeeded", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("kept", Integer, nullable=False),
    Column("waits_for", Integer, nullable=False),  # how many steps before it are not done
    Column("spec", Text, nullable=False),
    Column("sweep", Text, nullable=True),
    Column("labels", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("notices", Text, nullable=True),
    partial("ix_workflow_steps_ready", "workflow_id", "waits_for", "number", where=UNMADE),
)

# Numbers of steps: which waits for which.
workflow_edges = Table(
    "workflow_edges",
    metadata,
    _workflow(),
    Column("parent", Integer, primary_key=True, autoincrement=False),
    Column("child", Integer, primary_key=True, autoincrement=False),
)

# Instances of a rerun that did well before and are not made again.
workflow_kept = Table(
    "workflow_kept",
    metadata,
    _workflow(),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("instance", Integer, primary_key=True, autoincrement=False),
)

# What workflows are looked up by, as job_terms.
workflow_terms = Table(
    "workflow_terms",
    metadata,
    Column("term", HASH, primary_key=True),
    _workflow(),
    Index("ix_workflow_terms_workflow_id", "workflow_id"),
)

workflow_keys = Table(
    "workflow_keys",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("dialect", String(32), primary_key=True),
    Column("key_hash", HASH, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("workflow_id", RowId, ForeignKey("workflows.id", ondelete="CASCADE"), nullable=False),
    Index("ix_workflow_keys_workflow_id", "workflow_id"),
)
