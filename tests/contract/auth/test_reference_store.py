"""What the store of reference tokens promises: the fake, SQLite and PostgreSQL alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from libs.sql.engine import Database
from services.auth.adapters.store_sql.grants import SqlGrants
from services.auth.adapters.store_sql.references import SqlReferenceTokens
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.grants import Grant
from services.auth.domain.references import ReferenceToken
from services.auth.ports.oauth import ReferenceTokens
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_references import MemoryReferenceTokens
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

pytestmark = pytest.mark.clause("dirac 1.5")

NOW = 1_700_000_000.5
GRANT = Grant(
    id="a" * 32,
    client_id="c",
    subject="person:" + "b" * 32,
    flow="certificate",
    scopes=("job:read",),
    created_at=NOW,
    expires_at=NOW + 600,
)
TOKEN = ReferenceToken(
    token_hash="e" * 64, token_id="jti-1", grant_id=GRANT.id, issued_at=NOW, expires_at=NOW + 600
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReferenceTokens]:
    if request.param == "memory":
        yield MemoryReferenceTokens()
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    SqlGrants(database, FrozenClock()).add(GRANT)
    yield SqlReferenceTokens(database)
    database.dispose()


def test_what_was_added_is_found_by_its_hash_alone(store: ReferenceTokens) -> None:
    assert store.find(TOKEN.token_hash) is None
    store.add(TOKEN)
    assert store.find(TOKEN.token_hash) == TOKEN
    assert store.find("f" * 64) is None
    assert store.find(TOKEN.token_id) is None


def test_only_what_is_long_over_is_forgotten_and_not_too_much_at_once(store: ReferenceTokens) -> None:
    for number in range(5):
        store.add(
            replace(
                TOKEN, token_hash=f"{number}" * 64, token_id=f"old{number}", expires_at=NOW - 100 + number
            )
        )
    store.add(TOKEN)
    assert store.purge(NOW - 50, 3) == 3
    assert store.purge(NOW - 50, 100) == 2
    assert store.purge(NOW - 50, 100) == 0
    assert store.find(TOKEN.token_hash) == TOKEN


def test_a_reference_goes_with_its_grant(database_url: str) -> None:
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    grants, store = SqlGrants(database, FrozenClock()), SqlReferenceTokens(database)
    grants.add(GRANT)
    store.add(TOKEN)
    assert grants.purge(NOW + 601, 10) == 1
    assert store.find(TOKEN.token_hash) is None
    database.dispose()


def test_lost_database_is_unavailable_and_never_a_no(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = Database.open(postgres_url)
    upgrade(database.engine, MIGRATIONS)
    store = SqlReferenceTokens(database)
    postgres_server.stop()
    try:
        for work in (lambda: store.find("e" * 64), lambda: store.add(TOKEN), lambda: store.purge(NOW, 1)):
            with pytest.raises(StoreUnavailable):
                work()
    finally:
        postgres_server.start()
    database.dispose()
