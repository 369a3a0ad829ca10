"""Which virtual clusters of OpenPAI's window a person may use, besides the default.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = sa.Column("virtual_clusters", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("people", names)


def downgrade() -> None:
    op.drop_column("people", "virtual_clusters")
