"""Workflows; errands, the outbox, usage, stored objects, keys and values.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

from libs.sql.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
HASH = sa.String(64)
TABLES = (
    "key_values",
    "object_waste",
    "object_uploads",
    "objects",
    "usage",
    "notices",
    "job_errands",
    "workflow_keys",
    "workflow_terms",
    "workflow_kept",
    "workflow_edges",
    "workflow_steps",
    "workflows",
)
COLUMNS = ("pulls", "lingers", "instance", "step", "workflow_id")


def upgrade() -> None:
    _extend_jobs()
    _create_workflows()
    _create_steps()
    _create_looked_up()
    _create_errands()
    _create_notices()
    _create_stored()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("uq_jobs_workflow_place", "jobs")
    op.drop_index("ix_jobs_workflow_id", "jobs")
    op.drop_index("ix_jobs_lingers", "jobs")
    for column in COLUMNS:
        op.drop_column("jobs", column)


def _partial(name: str, table: str, *columns: str, where: str, unique: bool = False) -> None:
    clause = sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=clause, postgresql_where=clause)


def _extend_jobs() -> None:
    """One column at a time: SQLite would make the table anew otherwise, and take what hangs on it along."""
    op.add_column("jobs", sa.Column("workflow_id", sa.BigInteger, nullable=True))
    op.add_column("jobs", sa.Column("step", sa.Integer, nullable=True))
    op.add_column("jobs", sa.Column("instance", sa.Integer, nullable=True))
    op.add_column("jobs", sa.Column("lingers", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("pulls", sa.Text, nullable=True))
    _partial("ix_jobs_lingers", "jobs", "owner", "id", where="lingers = 1")
    columns = ("workflow_id", "step", "instance")
    _partial("ix_jobs_workflow_id", "jobs", "workflow_id", "id", where="workflow_id IS NOT NULL")
    _partial("uq_jobs_workflow_place", "jobs", *columns, where="workflow_id IS NOT NULL", unique=True)


def _create_workflows() -> None:
    op.create_table(
        "workflows",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("wish", sa.String(16), nullable=False),
        sa.Column("wish_by", sa.String(255), nullable=True),
        sa.Column("wish_reason", sa.Text, nullable=True),
        sa.Column("lingers", sa.Integer, nullable=False),
        sa.Column("rerun_of", sa.String(32), nullable=True),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("keep_seconds", sa.Double, nullable=True),
        sa.Column("due_at", UtcDateTime, nullable=True),
        *[sa.Column(name, sa.Integer, nullable=False) for name in ("total", "made", "succeeded", "failed")],
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workflows"),
        sa.UniqueConstraint("uid", name="uq_workflows_uid"),
        sa.CheckConstraint(
            "state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')", name="ck_workflows_state"
        ),
        sa.CheckConstraint("wish IN ('run', 'cancel')", name="ck_workflows_wish"),
    )
    op.create_index("ix_workflows_owner_id", "workflows", ["owner", "id"])
    op.create_index("ix_workflows_owner_state_id", "workflows", ["owner", "state", "id"])
    _partial("ix_workflows_lingers", "workflows", "owner", "id", where="lingers = 1")
    _partial("ix_workflows_due_at", "workflows", "due_at", where="due_at IS NOT NULL")
    _partial("ix_workflows_expires_at", "workflows", "expires_at", where="expires_at IS NOT NULL")


def _workflow(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        sa.Column("workflow_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name=f"fk_{table}_workflow_id_workflows", ondelete="CASCADE"
        ),
    )


def _create_steps() -> None:
    op.create_table(
        "workflow_steps",
        *_workflow("workflow_steps"),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        *[
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("instances", "next", "made", "succeeded", "failed", "kept", "waits_for")
        ],
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("sweep", sa.Text, nullable=True),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("notices", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("workflow_id", "number", name="pk_workflow_steps"),
    )
    ready = ("workflow_id", "waits_for", "number")
    _partial("ix_workflow_steps_ready", "workflow_steps", *ready, where="next < instances")
    op.create_table(
        "workflow_edges",
        *_workflow("workflow_edges"),
        sa.Column("parent", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("child", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "parent", "child", name="pk_workflow_edges"),
    )
    op.create_table(
        "workflow_kept",
        *_workflow("workflow_kept"),
        sa.Column("step", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("instance", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "step", "instance", name="pk_workflow_kept"),
    )


def _create_looked_up() -> None:
    op.create_table(
        "workflow_terms",
        sa.Column("term", HASH, nullable=False),
        *_workflow("workflow_terms"),
        sa.PrimaryKeyConstraint("term", "workflow_id", name="pk_workflow_terms"),
    )
    op.create_index("ix_workflow_terms_workflow_id", "workflow_terms", ["workflow_id"])
    op.create_table(
        "workflow_keys",
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("key_hash", HASH, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        *_workflow("workflow_keys"),
        sa.PrimaryKeyConstraint("owner", "dialect", "key_hash", name="pk_workflow_keys"),
    )
    op.create_index("ix_workflow_keys_workflow_id", "workflow_keys", ["workflow_id"])


def _create_errands() -> None:
    op.create_table(
        "job_errands",
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("job_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("argument", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=True),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("uid", name="pk_job_errands"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_errands_job_id_jobs", ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('exec', 'snapshot')", name="ck_job_errands_kind"),
        sa.CheckConstraint("state IN ('asked', 'taken', 'done', 'failed')", name="ck_job_errands_state"),
    )
    op.create_index("ix_job_errands_job_id", "job_errands", ["job_id", "asked_at"])
    _partial("ix_job_errands_unended", "job_errands", "job_id", where="state IN ('asked', 'taken')")


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("job_id", ROW_ID, nullable=True),
        sa.Column("workflow_id", sa.BigInteger, nullable=True),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=True),
        sa.Column("settled_at", UtcDateTime, nullable=True),
        sa.Column("problem", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_notices_job_id_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name="fk_notices_workflow_id_workflows", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_notices_job_id", "notices", ["job_id"])
    op.create_index("ix_notices_workflow_id", "notices", ["workflow_id"])
    _partial("ix_notices_due_at", "notices", "due_at", where="due_at IS NOT NULL")


def _create_stored() -> None:
    op.create_table(
        "usage",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("holder_group", sa.String(255), nullable=False),
        sa.Column("jobs", sa.BigInteger, nullable=False),
        sa.Column("cpu_seconds", sa.Double, nullable=False),
        sa.Column("core_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("day", "owner", "holder_group", name="pk_usage"),
    )
    op.create_table(
        "objects",
        sa.Column("scope", HASH, nullable=False),
        sa.Column("name_hash", HASH, nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("blob", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("modified_at", UtcDateTime, nullable=False),
        sa.Column("modified_by", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name_hash", name="pk_objects"),
        sa.UniqueConstraint("blob", name="uq_objects_blob"),
    )
    op.create_table(
        "object_uploads",
        sa.Column("token_hash", HASH, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_object_uploads"),
    )
    op.create_index("ix_object_uploads_expires_at", "object_uploads", ["expires_at"])
    op.create_table(
        "object_waste",
        sa.Column("blob", sa.String(32), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("blob", name="pk_object_waste"),
    )
    op.create_index("ix_object_waste_since", "object_waste", ["since"])
    op.create_table(
        "key_values",
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("key", BINARY_TEXT, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_key_values"),
    )
