"""The whole index: facts of the chain, what is computed from them, and the work queue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _create_facts()
    _create_outcomes()
    _create_assets()
    _create_search()
    _create_work()


def downgrade() -> None:
    for name in (
        "leases",
        "retries",
        "revisions",
        "postings",
        "terms",
        "asset_fields",
        "did_states",
        "asset_datatokens",
        "facets",
        "assets",
        "contract_facts",
        "outcomes",
        "documents",
        "events",
        "checkpoints",
        "chains",
    ):
        op.drop_table(name)


def _create_facts() -> None:
    op.create_table(
        "chains",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("pk_chains")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=66), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "number", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "events",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block_hash", sa.String(length=66), nullable=False),
        sa.Column("block_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("tx_from", sa.String(length=42), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("emitter", sa.String(length=42), nullable=False),
        sa.Column("subject", sa.String(length=66), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index", name=op.f("pk_events")),
    )
    op.create_index("ix_events_chain_id_kind", "events", ["chain_id", "kind", "subject"], unique=False)
    op.create_index("ix_events_chain_id_subject", "events", ["chain_id", "subject", "kind"], unique=False)
    op.create_index("ix_events_chain_id_tx_hash", "events", ["chain_id", "tx_hash"], unique=False)


def _create_outcomes() -> None:
    op.create_table(
        "documents",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_documents")),
    )
    op.create_table(
        "outcomes",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("nft_address", sa.String(length=42), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("document_hash", sa.String(length=64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index", name=op.f("pk_outcomes")),
    )
    op.create_index("ix_outcomes_chain_id_nft_address", "outcomes", ["chain_id", "nft_address"], unique=False)
    op.create_table(
        "contract_facts",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "address", "name", name=op.f("pk_contract_facts")),
    )


def _create_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("did", EXACT, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("nft_address", sa.String(length=42), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("words_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("did", name=op.f("uq_assets_did")),
    )
    op.create_index("ix_assets_chain_id_nft_address", "assets", ["chain_id", "nft_address"], unique=False)
    op.create_table(
        "facets",
        sa.Column("asset_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("did", EXACT, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=True),
        sa.Column("nft_state", sa.BigInteger(), nullable=True),
        sa.Column("in_purgatory", sa.Boolean(), nullable=True),
        sa.Column("nft_created", EXACT, nullable=True),
        sa.Column("orders", sa.Double(), nullable=True),
        sa.Column("allocated", sa.Double(), nullable=True),
        sa.Column("price", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_facets")),
    )
    op.create_table(
        "asset_datatokens",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("datatoken", sa.String(length=42), nullable=False),
        sa.Column("asset_id", ROW_ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "datatoken", "asset_id", name=op.f("pk_asset_datatokens")),
    )
    op.create_index("ix_asset_datatokens_asset_id", "asset_datatokens", ["asset_id"], unique=False)
    op.create_table(
        "did_states",
        sa.Column("did", sa.String(length=128), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("nft_address", sa.String(length=42), nullable=False),
        sa.Column("nft_lower", sa.String(length=42), nullable=False),
        sa.Column("tx_id", sa.String(length=66), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("did", name=op.f("pk_did_states")),
    )
    op.create_index(op.f("ix_did_states_nft_lower"), "did_states", ["nft_lower"], unique=False)
    op.create_index(op.f("ix_did_states_tx_id"), "did_states", ["tx_id"], unique=False)


def _create_search() -> None:
    op.create_table(
        "asset_fields",
        sa.Column("path", EXACT, nullable=False),
        sa.Column("asset_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", EXACT, nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("path", "asset_id", "ordinal", name=op.f("pk_asset_fields")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_asset_fields_asset_id", "asset_fields", ["asset_id"], unique=False)
    op.create_index("ix_asset_fields_path_text", "asset_fields", ["path", "text", "asset_id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("path", EXACT, nullable=False),
        sa.Column("term", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("path", "term", name=op.f("uq_terms_path_term")),
    )
    op.create_index("ix_terms_term", "terms", ["term"], unique=False)
    op.create_table(
        "postings",
        sa.Column("term_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("asset_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("term_id", "asset_id", "position", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_postings_asset_id", "postings", ["asset_id"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
    )


def _create_work() -> None:
    op.create_table(
        "retries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.Column("tx_hash", sa.String(length=66), nullable=True),
        sa.Column("nft_address", sa.String(length=42), nullable=True),
        sa.Column("did", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retries")),
    )
    op.create_index("ix_retries_due", "retries", ["chain_id", "dead", "next_at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
