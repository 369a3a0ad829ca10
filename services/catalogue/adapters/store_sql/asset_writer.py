"""Writes one asset and everything that finds it: its fields, its words, its datatokens.

Writing the same document again changes nothing. Words are rewritten only when the texts changed, so that
an order, which moves one number, costs a few rows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, delete, func, insert, select, text, tuple_, update

from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.adapters.store_sql import upserts
from services.catalogue.adapters.store_sql.facets import facet_row
from services.catalogue.domain.documents import revision_of, serialise
from services.catalogue.domain.facts import AssetRecord
from services.catalogue.domain.leaves import Leaf, Occurrence, leaves, word_occurrences

CHUNK = 400


@dataclass(frozen=True, slots=True)
class _Statements:
    """One JSON parameter carries all rows of a document: hundreds of rows in one statement each."""

    fields: TextClause
    terms: TextClause
    postings: TextClause


_STATEMENTS = {
    "sqlite": _Statements(
        fields=text(
            "INSERT INTO asset_fields (path, asset_id, ordinal, text, number) "
            "SELECT json_extract(value, '$[0]'), :asset_id, json_extract(value, '$[1]'), "
            "json_extract(value, '$[2]'), json_extract(value, '$[3]') FROM json_each(:rows)"
        ),
        terms=text(
            "INSERT INTO terms (path, term) "
            "SELECT DISTINCT json_extract(value, '$[0]'), json_extract(value, '$[1]') "
            "FROM json_each(:rows) WHERE true ORDER BY 1, 2 ON CONFLICT DO NOTHING"
        ),
        postings=text(
            "INSERT INTO postings (term_id, asset_id, position, weight) "
            "SELECT terms.id, :asset_id, json_extract(value, '$[2]'), json_extract(value, '$[3]') "
            "FROM json_each(:rows) JOIN terms "
            "ON terms.path = json_extract(value, '$[0]') AND terms.term = json_extract(value, '$[1]')"
        ),
    ),
    "postgresql": _Statements(
        fields=text(
            "INSERT INTO asset_fields (path, asset_id, ordinal, text, number) "
            "SELECT item->>0, :asset_id, CAST(item->>1 AS integer), item->>2, "
            "CAST(item->>3 AS double precision) "
            "FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS item"
        ),
        terms=text(
            "INSERT INTO terms (path, term) SELECT DISTINCT item->>0, item->>1 "
            "FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS item ORDER BY 1, 2 ON CONFLICT DO NOTHING"
        ),
        postings=text(
            "INSERT INTO postings (term_id, asset_id, position, weight) "
            "SELECT terms.id, :asset_id, CAST(item->>2 AS integer), CAST(item->>3 AS double precision) "
            "FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS item JOIN terms "
            "ON terms.path = item->>0 AND terms.term = item->>1"
        ),
    ),
}

_FIND = select(t.assets.c.id, t.assets.c.etag, t.assets.c.words_hash).where(
    t.assets.c.did == bindparam("did")
)
_FIELDS = select(
    t.asset_fields.c.path, t.asset_fields.c.ordinal, t.asset_fields.c.text, t.asset_fields.c.number
).where(t.asset_fields.c.asset_id == bindparam("asset_id"))


def put_asset(connection: Connection, asset: AssetRecord) -> None:
    body = serialise(asset.document)
    etag = revision_of(body)
    known = connection.execute(_FIND, {"did": asset.did}).one_or_none()
    if known is not None and known.etag == etag:
        return
    occurrences = word_occurrences(asset.document)
    words_hash = _hash_of(occurrences)
    values = {
        "did": asset.did,
        "chain_id": asset.chain_id,
        "nft_address": asset.nft_address.lower(),
        "state": asset.state,
        "name": _name_of(asset.document),
        "etag": etag,
        "words_hash": words_hash,
        "body": body,
    }
    if known is None:
        created = connection.execute(insert(t.assets).values(**values).returning(t.assets.c.id))
        asset_id = int(created.scalar_one())
    else:
        asset_id = known.id
        connection.execute(update(t.assets).where(t.assets.c.id == asset_id).values(**values))
    upserts.put(connection, t.facets, facet_row(asset_id, asset.did, asset.document))
    _write_datatokens(connection, asset_id, asset)
    _write_fields(connection, asset_id, leaves(asset.document))
    if known is None or known.words_hash != words_hash:
        _write_words(connection, asset_id, occurrences, fresh=known is None)
    bump_revision(connection)


def remove_asset(connection: Connection, did: str) -> None:
    asset_id = connection.execute(select(t.assets.c.id).where(t.assets.c.did == did)).scalar_one_or_none()
    if asset_id is None:
        return
    for table in (t.postings, t.asset_fields, t.asset_datatokens, t.facets):
        connection.execute(delete(table).where(table.c.asset_id == asset_id))
    connection.execute(delete(t.assets).where(t.assets.c.id == asset_id))
    bump_revision(connection)


def bump_revision(connection: Connection) -> None:
    upserts.put_new(connection, t.revisions, {"id": 1, "revision": 0})
    connection.execute(update(t.revisions).values(revision=t.revisions.c.revision + 1))


def _name_of(document: Mapping[str, Any]) -> str | None:
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) else None


def _hash_of(occurrences: Iterable[Occurrence]) -> str:
    digest = hashlib.sha256()
    for found in occurrences:
        digest.update(f"{found.path}\0{found.word}\0{found.position}\0{found.weight}\n".encode())
    return digest.hexdigest()


def _write_datatokens(connection: Connection, asset_id: int, asset: AssetRecord) -> None:
    table = t.asset_datatokens
    connection.execute(delete(table).where(table.c.asset_id == asset_id))
    names = sorted({datatoken.lower() for datatoken in asset.datatokens})
    rows = [{"chain_id": asset.chain_id, "datatoken": name, "asset_id": asset_id} for name in names]
    if rows:
        connection.execute(insert(table), rows)


def _write_fields(connection: Connection, asset_id: int, wanted: list[Leaf]) -> None:
    """Only what differs: most updates move one number."""
    table = t.asset_fields
    rows = connection.execute(_FIELDS, {"asset_id": asset_id})
    stored = {(row.path, row.ordinal): (row.text, row.number) for row in rows}
    target = {(leaf.path, leaf.ordinal): (leaf.text, leaf.number) for leaf in wanted}
    stale = [key for key, value in stored.items() if target.get(key) != value]
    for start in range(0, len(stale), CHUNK):
        chosen = tuple_(table.c.path, table.c.ordinal).in_(stale[start : start + CHUNK])
        connection.execute(delete(table).where(table.c.asset_id == asset_id, chosen))
    missing = [
        (path, ordinal, text, number)
        for (path, ordinal), (text, number) in target.items()
        if stored.get((path, ordinal)) != (text, number)
    ]
    if missing:
        statement = _STATEMENTS[connection.dialect.name].fields
        connection.execute(statement, {"rows": json.dumps(missing), "asset_id": asset_id})


def _write_words(connection: Connection, asset_id: int, found: list[Occurrence], *, fresh: bool) -> None:
    if not fresh:
        connection.execute(delete(t.postings).where(t.postings.c.asset_id == asset_id))
    if not found:
        return
    rows = json.dumps([(item.path, item.word, item.position, item.weight) for item in found])
    statements = _STATEMENTS[connection.dialect.name]
    connection.execute(statements.terms, {"rows": rows})
    connection.execute(statements.postings, {"rows": rows, "asset_id": asset_id})


def count_assets(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(t.facets)).scalar_one())
