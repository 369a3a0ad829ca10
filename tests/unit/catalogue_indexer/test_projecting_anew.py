"""An index whose assets were computed by other rules than today's."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.indexer.projecting import PROJECTION
from tests.fakes.indexing import CHAIN_ID, Publication, Rig

NOBODY = "0x" + "0" * 40
OLD = {"rules": PROJECTION - 1, "after": "", "done": True}
# Of `rows_of` below for one fixed story.
DIGEST = "7903715fed52fdee389a02388c97e35138ab1871226f179335c0c2cc5b139ffd"


def note(rig: Rig, value: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """What the index says of its projections; with a value, say that instead."""
    with rig.index.unit() as unit:
        if value is not None:
            unit.put_contract_fact(CHAIN_ID, NOBODY, "projected", value)
        found: dict[str, Any] | None = unit.contract_fact(CHAIN_ID, NOBODY, "projected")
        return found


def rows_of(database: Database) -> list[list[Any]]:
    """Everything that is computed of assets, without row ids."""
    with database.read() as connection:
        names: dict[int, str] = {
            row.id: row.did for row in connection.execute(select(t.assets.c.id, t.assets.c.did))
        }
        found = [["asset", row.did, row.body.decode()] for row in connection.execute(select(t.assets))]
        for row in connection.execute(select(t.facets)):
            values = [value for name, value in row._mapping.items() if name != "asset_id"]
            found.append(["facet", names[row.asset_id], json.dumps(values)])
        for row in connection.execute(select(t.asset_fields)):
            found.append(
                ["field", names[row.asset_id], json.dumps([*[*row._mapping.values()][2:], row.path])]
            )
        words = select(t.terms.c.path, t.terms.c.term, t.postings).join(
            t.postings, t.postings.c.term_id == t.terms.c.id
        )
        for row in connection.execute(words):
            found.append(
                [
                    "word",
                    names[row.asset_id],
                    json.dumps([row.path, row.term, row.position, f"{row.weight:.9f}"]),
                ]
            )
    return sorted(found)


def spoil(database: Database) -> None:
    """As other rules might have computed it: another document under the same tag, and nothing to find it."""
    with database.write() as connection:
        connection.execute(update(t.assets).values(body=b'{"old":true}'))
        for table in (t.facets, t.asset_fields, t.postings):
            connection.execute(delete(table))


@pytest.fixture
def story(rig: Rig, alpha: Publication, beta: Publication) -> Rig:
    rig.chain.mine(*alpha.published(), alpha.for_sale(2 * 10**18))
    rig.chain.mine(*beta.published(), beta.given_away())
    rig.chain.mine(alpha.ordered(), beta.state_changed(5))
    rig.settle()
    return rig


@pytest.mark.parametrize("before", [OLD, None], ids=["older rules", "no note at all"])
def test_assets_of_older_rules_are_not_served_for_ever(story: Rig, before: dict[str, Any] | None) -> None:
    good = rows_of(story.database)
    spoil(story.database)
    if before is None:
        with story.database.write() as connection:
            connection.execute(delete(t.contract_facts).where(t.contract_facts.c.name == "projected"))
    else:
        note(story, before)
    story.decryptor.asked.clear()
    again = story.restart()
    again.settle()
    assert rows_of(again.database) == good
    assert story.decryptor.asked == []  # computed from what is stored
    assert note(again) == {"rules": PROJECTION, "after": "", "done": True}
    again.stop()


def test_a_start_with_the_same_rules_computes_nothing(story: Rig) -> None:
    spoil(story.database)
    again = story.restart()
    again.settle()
    assert set(map(str, again.served().values())) == {"{'old': True}"}
    again.stop()


def test_projecting_that_was_cut_short_goes_on_where_it_was(
    story: Rig, alpha: Publication, beta: Publication
) -> None:
    first, second = sorted((alpha, beta), key=lambda publication: publication.nft.lower())
    spoil(story.database)
    note(story, {"rules": PROJECTION, "after": first.nft.lower(), "done": False})
    again = story.restart()
    again.settle()
    assert again.asset(first) == {"old": True}
    renewed = again.asset(second)
    assert renewed is not None
    assert renewed["id"] == second.did
    again.stop()


def test_a_chain_that_began_anew_keeps_the_note(story: Rig) -> None:
    kept = note(story)
    story.chain.restart()
    story.clock.time += 3600
    story.settle()
    assert note(story) == kept == {"rules": PROJECTION, "after": "", "done": True}


def test_changed_rules_have_a_new_number(story: Rig) -> None:
    """When this fails, what is computed of the same facts has changed: raise PROJECTION in
    services/catalogue/indexer/projecting.py, so that existing indexes follow, and note the digest here."""
    text = json.dumps([PROJECTION, rows_of(story.database)], separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST
