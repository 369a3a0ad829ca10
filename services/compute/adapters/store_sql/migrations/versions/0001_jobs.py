"""Jobs, and everything that hangs on them.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

from libs.sql.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
QUEUED = "state = 'queued'"
ACTIVE = "state IN ('staging', 'pulling', 'running', 'publishing')"
UNFINISHED = "state NOT IN ('succeeded', 'failed', 'cancelled')"


def upgrade() -> None:
    _create_jobs()
    _index_jobs()
    _create_looked_up()
    _create_told()
    _create_kept()


def downgrade() -> None:
    for table in (
        "turns",
        "idempotency_keys",
        "job_files",
        "job_runs",
        "job_events",
        "job_groups",
        "job_terms",
        "job_documents",
        "jobs",
    ):
        op.drop_table(table)


def _job(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        sa.Column("job_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"),
    )


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> None:
    clause = sa.text(where)
    op.create_index(name, "jobs", list(columns), unique=unique, sqlite_where=clause, postgresql_where=clause)


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_since", UtcDateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("wish", sa.String(16), nullable=False),
        sa.Column("wish_by", sa.String(255), nullable=True),
        sa.Column("wish_reason", sa.Text, nullable=True),
        sa.Column("natural_key", sa.String(64), nullable=True),
        sa.Column("precedence", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=True),
        sa.Column("cpus", sa.Double, nullable=False),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False),
        sa.Column("storage_bytes", sa.BigInteger, nullable=False),
        sa.Column("queue_seconds", sa.Double, nullable=True),
        sa.Column("keep_seconds", sa.Double, nullable=True),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.Column("deleted_at", UtcDateTime, nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("queue_until", UtcDateTime, nullable=True),
        sa.Column("wake_at", UtcDateTime, nullable=True),
        sa.Column("lease_worker", sa.String(255), nullable=True),
        sa.Column("lease_until", UtcDateTime, nullable=True),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("strikes", sa.Integer, nullable=False),
        sa.Column("fault", sa.Text, nullable=True),
        sa.Column("dead_at", UtcDateTime, nullable=True),
        sa.Column("last_event", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("uid", name="uq_jobs_uid"),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'staging', 'pulling', 'running', 'publishing', "
            "'succeeded', 'failed', 'cancelled')",
            name="ck_jobs_state",
        ),
        sa.CheckConstraint("wish IN ('run', 'cancel')", name="ck_jobs_wish"),
        sqlite_autoincrement=True,
    )


def _index_jobs() -> None:
    op.create_index("ix_jobs_owner_id", "jobs", ["owner", "id"])
    op.create_index("ix_jobs_owner_state_id", "jobs", ["owner", "state", "id"])
    op.create_index("ix_jobs_owner_dialect_id", "jobs", ["owner", "dialect", "id"])
    _partial("ix_jobs_storage", "owner", "storage_bytes", where="storage_bytes > 0")
    _partial("ix_jobs_queued", "environment", "owner", "precedence", "id", where=QUEUED)
    _partial("ix_jobs_active", "environment", "id", where=ACTIVE)
    _partial("ix_jobs_leased", "environment", "state", where="lease_worker IS NOT NULL")
    _partial("ix_jobs_queue_until", "queue_until", where=QUEUED)
    _partial("ix_jobs_expires_at", "expires_at", where="expires_at IS NOT NULL")
    _partial("ix_jobs_dead_at", "dead_at", where="dead_at IS NOT NULL")
    _partial("ix_jobs_unfinished", "owner", where=UNFINISHED)
    _partial("uq_jobs_payment", "dialect", "natural_key", where=UNFINISHED, unique=True)


def _create_looked_up() -> None:
    op.create_table(
        "job_documents",
        *_job("job_documents"),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_documents"),
    )
    op.create_table(
        "job_terms",
        sa.Column("term", sa.String(64), nullable=False),
        *_job("job_terms"),
        sa.PrimaryKeyConstraint("term", "job_id", name="pk_job_terms"),
    )
    op.create_index("ix_job_terms_job_id", "job_terms", ["job_id"])
    op.create_table(
        "job_groups",
        sa.Column("name", sa.String(255), nullable=False),
        *_job("job_groups"),
        sa.PrimaryKeyConstraint("name", "job_id", name="pk_job_groups"),
    )
    op.create_index("ix_job_groups_job_id", "job_groups", ["job_id"])


def _create_told() -> None:
    op.create_table(
        "job_events",
        *_job("job_events"),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("state_from", sa.String(16), nullable=True),
        sa.Column("state_to", sa.String(16), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_job_events"),
    )
    op.create_table(
        "job_runs",
        sa.Column("tag", sa.String(96), nullable=False),
        *_job("job_runs"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("instance", sa.Integer, nullable=False),
        sa.Column("task", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("handle", sa.Text, nullable=True),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("exit_code", sa.Integer, nullable=True),
        sa.Column("signal", sa.Integer, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("wall_seconds", sa.Double, nullable=True),
        sa.Column("cpu_seconds", sa.Double, nullable=True),
        sa.Column("max_memory_bytes", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("tag", name="pk_job_runs"),
        sa.CheckConstraint("state IN ('intended', 'submitted', 'ended')", name="ck_job_runs_state"),
    )
    op.create_index("ix_job_runs_job_id_attempt", "job_runs", ["job_id", "attempt"])


def _create_kept() -> None:
    op.create_table(
        "job_files",
        *_job("job_files"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("path_hash", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "kind", "path_hash", name="pk_job_files"),
        sa.CheckConstraint("kind IN ('output', 'log')", name="ck_job_files_kind"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        *_job("idempotency_keys"),
        sa.PrimaryKeyConstraint("owner", "dialect", "key_hash", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_job_id", "idempotency_keys", ["job_id"])
    op.create_table(
        "turns",
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("served", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("environment", "owner", name="pk_turns"),
    )
