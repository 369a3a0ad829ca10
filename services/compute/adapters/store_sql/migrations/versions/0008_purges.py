"""Purged jobs are counted, so that those that are there need not be.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_purges",
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("purged", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_job_purges"),
    )


def downgrade() -> None:
    op.drop_table("job_purges")
