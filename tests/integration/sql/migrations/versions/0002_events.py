"""Events that refer to counters, and a check on the counter (a table rebuild on SQLite)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("counter", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(
            ["counter"], ["counters.name"], name="fk_events_counter_counters", ondelete="CASCADE"
        ),
    )
    op.execute("INSERT INTO events (id, counter) SELECT 1000 + value, name FROM counters")
    with op.batch_alter_table("counters") as table:
        table.create_check_constraint("ck_counters_positive", "value >= 0")


def downgrade() -> None:
    with op.batch_alter_table("counters") as table:
        table.drop_constraint("ck_counters_positive", type_="check")
    op.drop_table("events")
