"""Sliced jobs, payment accounts, names that jobs are found by, and addresses of gathered runs.

Revision: 0007, after 0006.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from libs.sql.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AMOUNT = sa.String(length=64)
NEW = (
    "job_handles",
    "sliced_jobs",
    "slice_blocks",
    "slice_batches",
    "slice_tries",
    "slice_results",
    "slice_lines",
    "accounts",
    "ledger_entries",
)


def upgrade() -> None:
    op.add_column("job_runs", sa.Column("address", sa.String(length=64), nullable=True))
    op.create_table(
        "job_handles",
        _need("window", sa.String(length=32)),
        _need("scope", sa.String(length=255)),
        _need("name", sa.String(length=255)),
        *_of_job("job_handles"),
        sa.PrimaryKeyConstraint("window", "scope", "name", name="pk_job_handles"),
    )
    op.create_index("ix_job_handles_job_id", "job_handles", ["job_id"])
    _slices()
    _money()


def _slices() -> None:
    op.create_table(
        "sliced_jobs",
        *_of_job("sliced_jobs", "job_id"),
        *(_need(name, sa.BigInteger()) for name in ("total", "next_number", "again")),
        *(_need(name, sa.BigInteger()) for name in ("active", "done", "failed")),
        _need("cpu_seconds", sa.Double()),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        _need("last_batch", sa.Integer()),
        _need("last_line", sa.BigInteger()),
        sa.Column("account", AMOUNT, nullable=True),
        _need("offer", AMOUNT),
        _need("escrow", AMOUNT),
    )
    in_escrow = sa.text("escrow <> '0'")
    op.create_index(
        "ix_sliced_jobs_account",
        "sliced_jobs",
        ["account"],
        sqlite_where=in_escrow,
        postgresql_where=in_escrow,
    )
    op.create_table(
        "slice_blocks",
        *_of_job("slice_blocks", "job_id", "first"),
        _need("first", sa.BigInteger(), autoincrement=False),
        _need("count", sa.BigInteger()),
        _need("form", sa.String(length=16)),
        _need("body", sa.Text()),
        sa.CheckConstraint(
            "form IN ('items', 'range', 'product', 'urls')", name=op.f("ck_slice_blocks_form")
        ),
    )
    op.create_table(
        "slice_batches",
        *_of_job("slice_batches", "job_id", "seq"),
        _need("seq", sa.Integer(), autoincrement=False),
        _need("attempt", sa.Integer()),
        _need("lane", sa.Integer()),
        _need("numbers", sa.Text()),
    )
    op.create_table(
        "slice_tries",
        *_of_job("slice_tries", "job_id", "number"),
        _need("number", sa.BigInteger(), autoincrement=False),
        _need("tries", sa.Integer()),
        _need("waits", sa.Integer()),
    )
    op.create_table(
        "slice_results",
        *_of_job("slice_results", "job_id", "number"),
        _need("number", sa.BigInteger(), autoincrement=False),
        _need("state", sa.String(length=8)),
        _need("body", sa.Text()),
        _need("note", sa.String(length=16)),
        _need("cpu_seconds", sa.Double()),
        _need("tries", sa.Integer()),
        sa.CheckConstraint("state IN ('done', 'failed')", name=op.f("ck_slice_results_state")),
    )
    op.create_table(
        "slice_lines",
        *_of_job("slice_lines", "job_id", "seq"),
        _need("seq", sa.BigInteger(), autoincrement=False),
        _need("number", sa.BigInteger()),
        _need("level", sa.String(length=8)),
        _need("text", sa.Text()),
        _need("at", UtcDateTime()),
    )


def _money() -> None:
    op.create_table(
        "accounts",
        _need("address", AMOUNT),
        _need("owner", sa.String(length=255)),
        _need("name", sa.String(length=255)),
        _need("balance", AMOUNT),
        sa.Column("keystore", sa.Text(), nullable=True),
        _need("opened_at", UtcDateTime()),
        _need("revoked", sa.Integer()),
        sa.PrimaryKeyConstraint("address", name="pk_accounts"),
    )
    op.create_index("ix_accounts_owner", "accounts", ["owner"])
    op.create_table(
        "ledger_entries",
        _need("id", ROW_ID),
        _need("at", UtcDateTime()),
        _need("debit", AMOUNT),
        _need("credit", AMOUNT),
        _need("amount", AMOUNT),
        _need("kind", sa.String(length=16)),
        _need("job", sa.String(length=32)),
        sa.CheckConstraint(
            "kind IN ('opening', 'grant', 'escrow', 'payment', 'refund')", name=op.f("ck_ledger_entries_kind")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
        sqlite_autoincrement=True,
    )
    for side in ("debit", "credit"):
        op.create_index(f"ix_ledger_entries_{side}", "ledger_entries", [side, "id"])


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)
    op.drop_column("job_runs", "address")


def _need(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _of_job(table: str, *key: str) -> list[sa.schema.SchemaItem]:
    """What hangs on a job and goes with it."""
    foreign = sa.ForeignKeyConstraint(
        ["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"
    )
    parts: list[sa.schema.SchemaItem] = [_need("job_id", ROW_ID), foreign]
    return [*parts, sa.PrimaryKeyConstraint(*key, name=f"pk_{table}")] if key else parts
