"""Signed texts that counted once.

Revision: 0002, after 0001.
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
        "spent_texts",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("spent_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("spent_texts")
