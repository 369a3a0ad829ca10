"""The provider's own tables. Nobody else reads this database."""

from sqlalchemy import Column, String, Table

from libs.sql.engine import new_metadata

metadata = new_metadata()

nonces = Table(
    "nonces",
    metadata,
    Column("scope", String(16), primary_key=True),
    Column("address", String(42), primary_key=True),  # checksummed: no other spelling opens a row
    Column("nonce", String(43), nullable=False),  # the literal text that was signed
    # 42 digits whose byte order is numeric order; "C" keeps PostgreSQL from using a language's order.
    Column("sort_key", String(42).with_variant(String(42, collation="C"), "postgresql"), nullable=False),
)
