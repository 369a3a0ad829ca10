"""The catalogue's tables. Facts of the chain above, what is computed from them below.

Facts: chains, checkpoints, events, documents, outcomes, contract_facts.
Computed, and rebuilt at will: assets, facets, asset_datatokens, asset_fields, terms, postings, did_states.
Work: retries, leases. Everything keyed by block goes when a rollback deletes the blocks above a fork.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from libs.sql.engine import new_metadata

metadata = new_metadata()

# SQLite makes a row id of an INTEGER primary key only; PostgreSQL wants the wide type.
RowId = BigInteger().with_variant(Integer, "sqlite")
# Compared byte by byte on both databases: the order of a listing must not depend on a locale.
ExactText = Text().with_variant(Text(collation="C"), "postgresql")

chains = Table(
    "chains",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(66), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("block_hash", String(66), nullable=False),
    Column("block_timestamp", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=False),
    Column("tx_from", String(42), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("emitter", String(42), nullable=False),
    Column("subject", String(66), nullable=False),
    Column("payload", Text, nullable=False),
    Index("ix_events_chain_id_subject", "chain_id", "subject", "kind"),
    Index("ix_events_chain_id_tx_hash", "chain_id", "tx_hash"),
    Index("ix_events_chain_id_kind", "chain_id", "kind", "subject"),
)

documents = Table(
    "documents",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("nft_address", String(42), nullable=False),
    Column("status", String(16), nullable=False),
    Column("document_hash", String(64)),
    Column("error", Text),
    Index("ix_outcomes_chain_id_nft_address", "chain_id", "nft_address"),
)

contract_facts = Table(
    "contract_facts",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("address", String(42), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

assets = Table(
    "assets",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("did", ExactText, nullable=False, unique=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("nft_address", String(42), nullable=False),
    Column("state", Integer, nullable=False),
    Column("name", Text),
    Column("etag", String(64), nullable=False),
    Column("words_hash", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_assets_chain_id_nft_address", "chain_id", "nft_address"),
)

asset_datatokens = Table(
    "asset_datatokens",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("datatoken", String(42), primary_key=True),
    Column("asset_id", RowId, primary_key=True, autoincrement=False),
    Index("ix_asset_datatokens_asset_id", "asset_id"),
)

# What nearly every search filters or sorts by, in one narrow row per asset (see facets.py).
facets = Table(
    "facets",
    metadata,
    Column("asset_id", RowId, primary_key=True, autoincrement=False),
    Column("did", ExactText, nullable=False),
    Column("chain_id", BigInteger),
    Column("nft_state", BigInteger),
    Column("in_purgatory", Boolean),
    Column("nft_created", ExactText),
    Column("orders", Double),
    Column("allocated", Double),
    Column("price", Double),
)

# One row per leaf of a document. `text` is the whole value of a string (at most 256 characters, longer
# ones are only searched word by word), `number` the value of a number; a boolean has neither.
asset_fields = Table(
    "asset_fields",
    metadata,
    Column("path", ExactText, primary_key=True),
    Column("asset_id", RowId, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("text", ExactText),
    Column("number", Double),
    Index("ix_asset_fields_asset_id", "asset_id"),
    Index("ix_asset_fields_path_text", "path", "text", "asset_id"),
    sqlite_with_rowid=False,
)

terms = Table(
    "terms",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("path", ExactText, nullable=False),
    Column("term", ExactText, nullable=False),
    UniqueConstraint("path", "term"),
    Index("ix_terms_term", "term"),
)

# One row per occurrence. The weights of one asset's occurrences of a term add up to its share of BM25.
postings = Table(
    "postings",
    metadata,
    Column("term_id", RowId, primary_key=True, autoincrement=False),
    Column("asset_id", RowId, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("weight", Double, nullable=False),
    Index("ix_postings_asset_id", "asset_id"),
    sqlite_with_rowid=False,
)

did_states = Table(
    "did_states",
    metadata,
    Column("did", String(128), primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("nft_address", String(42), nullable=False),
    Column("nft_lower", String(42), nullable=False, index=True),
    Column("tx_id", String(66), nullable=False, index=True),
    Column("valid", Boolean, nullable=False),
    Column("error", Text),
)

retries = Table(
    "retries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("type", String(16), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("block_number", BigInteger),
    Column("log_index", BigInteger),
    Column("tx_hash", String(66)),
    Column("nft_address", String(42)),
    Column("did", Text),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("dead", Boolean, nullable=False),
    Index("ix_retries_due", "chain_id", "dead", "next_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("expires_at", Double, nullable=False),
)

# Counts the writes of assets; part of the key of cached search answers.
revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)
