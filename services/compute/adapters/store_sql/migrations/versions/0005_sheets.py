"""What windows list and find jobs by; jobs that were submitted in one go.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _job(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("job_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=f"pk_{table}"),
    ]


def upgrade() -> None:
    texts = ("owner_name", "owner_group", "realm", "site", "setup", "batch", "kind")
    op.create_table(
        "job_sheets",
        *_job("job_sheets"),
        *(sa.Column(name, sa.String(length=255), nullable=False) for name in texts),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("cpu_seconds", sa.BigInteger(), nullable=False),
        sa.Column("has_input", sa.Integer(), nullable=False),
    )
    op.create_index("ix_job_sheets_realm", "job_sheets", ["realm", "owner_group", "job_id"])
    op.create_table("job_batches", *_job("job_batches"), sa.Column("first_id", ROW_ID, nullable=False))
    op.create_index("ix_job_batches_first_id", "job_batches", ["first_id", "job_id"])


def downgrade() -> None:
    op.drop_table("job_batches")
    op.drop_table("job_sheets")
