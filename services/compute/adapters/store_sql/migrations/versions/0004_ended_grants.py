"""Ended jobs whose grants are still to be ended are found by an index.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    clause = sa.text("finished_at IS NOT NULL AND wake_at IS NOT NULL")
    op.create_index(
        "ix_jobs_granted", "jobs", ["wake_at", "id"], sqlite_where=clause, postgresql_where=clause
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_granted", "jobs")
