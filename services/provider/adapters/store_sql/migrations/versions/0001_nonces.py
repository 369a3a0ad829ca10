"""The nonce ledger.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    digits = sa.String(42).with_variant(sa.String(42, collation="C"), "postgresql")
    op.create_table(
        "nonces",
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("nonce", sa.String(43), nullable=False),
        sa.Column("sort_key", digits, nullable=False),
        sa.PrimaryKeyConstraint("scope", "address", name="pk_nonces"),
    )


def downgrade() -> None:
    op.drop_table("nonces")
