"""The tables that tests/integration/sql/migrations builds."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table

from libs.sql.engine import new_metadata

metadata = new_metadata()

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
    CheckConstraint("value >= 0", name="positive"),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("counter", String(40), ForeignKey("counters.name", ondelete="CASCADE"), nullable=False),
)
