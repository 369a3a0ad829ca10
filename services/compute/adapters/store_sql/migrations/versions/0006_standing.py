"""Jobs are counted by where they stand: the reason's code has a column, and all of it an index.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("code", sa.String(length=32), nullable=True))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    code = "json_extract(reason, '$.code')" if is_sqlite else "CAST(reason AS json) ->> 'code'"
    op.execute(sa.text(f"UPDATE jobs SET code = {code} WHERE reason IS NOT NULL"))  # noqa: S608 - ours
    standing = ["owner", "state", "deleted_at", "wish", "code", "state_since"]
    op.create_index("ix_jobs_standing", "jobs", standing)
    retries = sa.Column("retries", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("job_sheets", retries)
    op.create_index("ix_job_sheets_realm_job_id", "job_sheets", ["realm", "job_id"])


def downgrade() -> None:
    op.drop_index("ix_job_sheets_realm_job_id", "job_sheets")
    op.drop_column("job_sheets", "retries")
    op.drop_index("ix_jobs_standing", "jobs")
    op.drop_column("jobs", "code")
