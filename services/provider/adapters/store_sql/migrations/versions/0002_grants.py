"""Grants: which job may read which file.

Revision: 0002.
"""

import sqlalchemy as sa
from alembic import op

from libs.sql.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("handle_hash", sa.String(64), nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("consumer", sa.String(42), nullable=False),
        sa.Column("did", sa.String(71), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("file_index", sa.Integer(), nullable=False),
        sa.Column("tx_id", sa.String(66), nullable=False),
        sa.Column("userdata", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("handle_hash", name="pk_grants"),
    )
    op.create_index("ix_grants_expires_at", "grants", ["expires_at"], unique=False)
    op.create_index("ix_grants_job", "grants", ["job"], unique=False)


def downgrade() -> None:
    op.drop_table("grants")
