"""What the stores of clients, grants, codes and tokens promise: fake, SQLite and PostgreSQL answer alike."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from libs.sql.engine import Database
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.grants import SqlCodes, SqlGrants, SqlRefreshTokens
from services.auth.adapters.store_sql.single_use import SqlSingleUse
from services.auth.adapters.store_sql.stamps import SqlStamps
from services.auth.adapters.store_sql.standing import SqlTokenStanding
from services.auth.domain.clients import CODE, DEFAULT_SCOPES, REFRESH, TLS, Client, ClientOrigin
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.grants import AuthorizationCode, Grant, RefreshToken, Rotation
from services.auth.domain.stamps import bucket_of
from services.auth.ports.oauth import Clients, Codes, Grants, RefreshTokens
from services.auth.ports.tokens import SingleUse, TokenStanding
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_oauth import (
    MemoryClients,
    MemoryCodes,
    MemoryGrants,
    MemoryRefreshTokens,
    MemorySingleUse,
    MemoryTokenStanding,
)
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

NOW = 1_700_000_000.25
ALICE, BOB = "person:" + "a" * 32, "person:" + "b" * 32
GRACE = 10.0
CALLERS = 12


@dataclass
class Stores:
    clock: FrozenClock
    clients: Clients
    grants: Grants
    codes: Codes
    refresh: RefreshTokens
    standing: TokenStanding
    single: SingleUse
    stamps: SqlStamps | None = None  # the real ones alone keep stamps in the same transaction


def in_memory(clock: FrozenClock) -> Stores:
    clients, grants = MemoryClients(), MemoryGrants(clock)
    clients.grants = grants
    return Stores(
        clock,
        clients,
        grants,
        MemoryCodes(grants),
        MemoryRefreshTokens(grants),
        MemoryTokenStanding(clients, grants),
        MemorySingleUse(clock),
    )


def in_sql(database: Database, clock: FrozenClock) -> Stores:
    return Stores(
        clock,
        SqlClients(database, clock),
        SqlGrants(database, clock),
        SqlCodes(database),
        SqlRefreshTokens(database, clock),
        SqlTokenStanding(database),
        SqlSingleUse(database, clock),
        SqlStamps(database),
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    clock = FrozenClock(NOW)
    if request.param == "memory":
        yield in_memory(clock)
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    yield in_sql(database, clock)
    database.dispose()


def client(client_id: str = "c1", **changes: Any) -> Client:
    whole = Client(
        client_id=client_id,
        origin=ClientOrigin.SELF,
        name="Ärger & Söhne",
        secret_hash="5" * 64,
        redirect_uris=("https://app.example/cb", "http://127.0.0.1/cb"),
        grant_types=(CODE, REFRESH),
        scopes=DEFAULT_SCOPES,
        auth_method=TLS,
        jwks={"keys": [{"kty": "EC"}]},
        tls_subject_dn="CN=app",
        binds_certificates=True,
        legacy_no_pkce=True,
        trusted=True,
        owner=ALICE,
        document={"client_uri": "https://app.example/"},
        created_at=NOW,
        secret_expires_at=NOW + 60,
        registration_hash="6" * 64,
    )
    return replace(whole, **changes)


def grant(grant_id: str = "1" * 32, **changes: Any) -> Grant:
    whole = Grant(
        id=grant_id,
        client_id="c1",
        subject=ALICE,
        flow="code",
        scopes=("openid", "job:read"),
        details={"amr": ["pwd"], "group": None, "auth_time": 5},
        created_at=NOW,
        expires_at=NOW + 1000,
    )
    return replace(whole, **changes)


def code(code_hash: str = "c" * 64, **changes: Any) -> AuthorizationCode:
    whole = AuthorizationCode(
        code_hash=code_hash,
        grant_id="1" * 32,
        redirect_uri="https://app.example/cb",
        redirect_uri_was_sent=True,
        code_challenge="x" * 43,
        nonce="n",
        expires_at=NOW + 60,
    )
    return replace(whole, **changes)


def refresh(token_hash: str = "7" * 64, **changes: Any) -> RefreshToken:
    whole = RefreshToken(token_hash=token_hash, grant_id="1" * 32, issued_at=NOW, expires_at=NOW + 1000)
    return replace(whole, **changes)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    results: list[Any] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        results.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def moved(stores: Stores, *subjects: str) -> Callable[[], bool]:
    """Whether the stamps of all these subjects have changed since; the fakes keep none."""
    stamps = stores.stamps
    if stamps is None:
        return lambda: True
    before = [stamps.value(bucket_of(subject)) for subject in subjects]
    return lambda: all(
        stamps.value(bucket_of(subject)) > value for subject, value in zip(subjects, before, strict=True)
    )


# Clients.


def test_client_comes_back_as_it_was_stored(stores: Stores) -> None:
    stores.clients.add(client())
    assert stores.clients.get("c1") == client()
    assert stores.clients.get("c2") is None


def test_builtin_client_is_there_without_a_row_and_a_row_takes_its_place(stores: Stores) -> None:
    builtin = stores.clients.get("myDIRACClientID")
    assert builtin is not None
    assert builtin.is_public
    mine = replace(builtin, is_disabled=True, created_at=NOW)
    stores.clients.add(mine)
    assert stores.clients.get("myDIRACClientID") == mine


def test_change_of_a_client_replaces_it_all(stores: Stores) -> None:
    stores.clients.add(client())
    changed = client(name="new", redirect_uris=(), jwks=None, secret_hash=None, secret_expires_at=None)
    assert stores.clients.change(changed)
    assert stores.clients.get("c1") == changed
    assert not stores.clients.change(client("c2"))
    assert stores.clients.get("c2") is None


def test_disabled_client_moves_every_stamp(stores: Stores) -> None:
    stores.clients.add(client())
    has_moved = moved(stores, ALICE, BOB, "client:c1")
    stores.clients.change(client(is_disabled=True))
    found = stores.clients.get("c1")
    assert found is not None
    assert found.is_disabled
    assert has_moved()


def test_removed_client_takes_its_grants_along(stores: Stores) -> None:
    stores.clients.add(client())
    stores.codes.add(grant(), code())
    stores.refresh.add(refresh())
    stores.grants.add(grant("2" * 32, client_id="c2"))
    has_moved = moved(stores, ALICE, BOB)
    assert stores.clients.remove("c1")
    assert not stores.clients.remove("c1")
    assert stores.clients.get("c1") is None
    assert stores.grants.get("1" * 32) is None
    assert stores.codes.find("c" * 64) is None
    assert stores.refresh.find("7" * 64) is None
    assert stores.grants.get("2" * 32) is not None
    assert has_moved()


def test_clients_come_in_pages_and_by_owner(stores: Stores) -> None:
    for number, owner in enumerate([ALICE, BOB, ALICE, None]):
        stores.clients.add(client(f"c{number}", owner=owner))
    assert [found.client_id for found in stores.clients.page("", 3)] == ["c0", "c1", "c2"]
    assert [found.client_id for found in stores.clients.page("c2", 3)] == ["c3"]
    assert [found.client_id for found in stores.clients.page("", 9, ALICE)] == ["c0", "c2"]


# Grants.


def test_grant_comes_back_as_it_was_stored(stores: Stores) -> None:
    stores.grants.add(grant())
    assert stores.grants.get("1" * 32) == grant()
    assert stores.grants.get("2" * 32) is None


def test_grant_is_gone_when_its_time_is_over(stores: Stores) -> None:
    stores.grants.add(grant())
    stores.clock.time = NOW + 999
    assert stores.grants.get("1" * 32) is not None
    stores.clock.time = NOW + 1000
    assert stores.grants.get("1" * 32) is None
    assert stores.grants.of_subject(ALICE) == []


def test_revoked_grant_ends_once_and_moves_its_subjects_stamp(stores: Stores) -> None:
    stores.grants.add(grant())
    has_moved = moved(stores, ALICE)
    assert stores.grants.revoke("1" * 32, "revoked")
    assert has_moved()
    assert stores.grants.get("1" * 32) is None
    assert not stores.grants.revoke("1" * 32, "revoked")
    assert not stores.grants.revoke("9" * 32, "revoked")


def test_all_grants_of_a_subject_end_or_those_of_one_client(stores: Stores) -> None:
    for number, (subject, client_id) in enumerate([(ALICE, "c1"), (ALICE, "c2"), (BOB, "c1")]):
        stores.grants.add(grant(str(number) * 32, subject=subject, client_id=client_id))
    assert stores.grants.revoke_all(ALICE, "x", "c2") == 1
    assert [found.id[0] for found in stores.grants.of_subject(ALICE)] == ["0"]
    assert stores.grants.revoke_all(ALICE, "x") == 1
    assert stores.grants.of_subject(ALICE) == []
    assert len(stores.grants.of_subject(BOB)) == 1


def test_newest_grant_comes_first_and_remembers_its_last_use(stores: Stores) -> None:
    stores.grants.add(grant())
    stores.grants.add(grant("2" * 32, created_at=NOW + 1))
    stores.grants.used("1" * 32, NOW + 5)
    found = stores.grants.of_subject(ALICE)
    assert [(one.id[0], one.last_used_at) for one in found] == [("2", None), ("1", NOW + 5)]


def test_purge_takes_old_grants_with_all_that_hangs_on_them_a_few_at_a_time(stores: Stores) -> None:
    stores.codes.add(grant(expires_at=NOW - 10), code())
    stores.refresh.add(refresh())
    stores.grants.add(grant("2" * 32, expires_at=NOW - 10))
    stores.grants.add(grant("3" * 32))
    assert stores.grants.purge(NOW, 1) == 1
    assert stores.grants.purge(NOW, 5) == 1
    assert stores.grants.purge(NOW, 5) == 0
    assert stores.codes.find("c" * 64) is None
    assert stores.grants.get("3" * 32) is not None


# Codes.


def test_code_comes_with_its_grant(stores: Stores) -> None:
    stores.codes.add(grant(), code())
    assert stores.codes.find("c" * 64) == code()
    assert stores.grants.get("1" * 32) == grant()
    assert stores.codes.find("d" * 64) is None


def test_code_is_taken_once(stores: Stores) -> None:
    stores.codes.add(grant(), code())
    assert stores.codes.take("c" * 64, NOW + 1)
    assert not stores.codes.take("c" * 64, NOW + 2)
    assert not stores.codes.take("d" * 64, NOW)
    found = stores.codes.find("c" * 64)
    assert found is not None
    assert found.used_at == NOW + 1


def test_of_simultaneous_takers_one_gets_the_code(stores: Stores) -> None:
    stores.codes.add(grant(), code())
    results = at_once(CALLERS, lambda _: stores.codes.take("c" * 64, NOW))
    assert sorted(results) == [False] * (CALLERS - 1) + [True]


# Refresh tokens.


def test_refresh_token_is_replaced(stores: Stores) -> None:
    stores.grants.add(grant())
    stores.refresh.add(refresh())
    assert stores.refresh.rotate("7" * 64, refresh("8" * 64), NOW + 1, GRACE) is Rotation.DONE
    old, new = stores.refresh.find("7" * 64), stores.refresh.find("8" * 64)
    assert old is not None
    assert old.used_at == NOW + 1
    assert new == refresh("8" * 64)


def test_refresh_token_is_replaced_again_within_the_grace_and_not_after(stores: Stores) -> None:
    stores.grants.add(grant())
    stores.refresh.add(refresh())
    stores.refresh.rotate("7" * 64, refresh("8" * 64), NOW, GRACE)
    assert stores.refresh.rotate("7" * 64, refresh("9" * 64), NOW + GRACE, GRACE) is Rotation.DONE
    assert stores.refresh.find("9" * 64) is not None
    late = stores.refresh.rotate("7" * 64, refresh("a" * 64), NOW + GRACE + 0.5, GRACE)
    assert late is Rotation.REUSED
    assert stores.refresh.find("a" * 64) is None


def test_refresh_token_of_a_grant_that_ended_is_gone(stores: Stores) -> None:
    stores.grants.add(grant())
    stores.refresh.add(refresh())
    stores.grants.revoke("1" * 32, "x")
    assert stores.refresh.find("7" * 64) is None
    assert stores.refresh.rotate("7" * 64, refresh("8" * 64), NOW, GRACE) is Rotation.GONE
    assert stores.refresh.rotate("0" * 64, refresh("8" * 64), NOW, GRACE) is Rotation.GONE


def test_simultaneous_refreshes_all_get_a_successor(stores: Stores) -> None:
    stores.grants.add(grant())
    stores.refresh.add(refresh())

    def rotate(number: int) -> Rotation:
        return stores.refresh.rotate("7" * 64, refresh(f"{number:064}"), NOW, GRACE)

    assert at_once(CALLERS, rotate) == [Rotation.DONE] * CALLERS
    assert all(stores.refresh.find(f"{number:064}") is not None for number in range(CALLERS))


# Whether a token counts.


def counts(stores: Stores, token_id: str = "t1", client_id: str = "c1", grant_id: str | None = None) -> bool:
    return stores.standing.counts(token_id, client_id, grant_id, stores.clock.now())


def test_token_counts_while_its_client_and_grant_do(stores: Stores) -> None:
    assert not counts(stores)
    stores.clients.add(client())
    assert counts(stores)
    assert counts(stores, client_id="myDIRACClientID")
    assert not counts(stores, grant_id="1" * 32)
    stores.grants.add(grant())
    assert counts(stores, grant_id="1" * 32)
    stores.grants.revoke("1" * 32, "x")
    assert not counts(stores, grant_id="1" * 32)
    stores.clients.change(client(is_disabled=True))
    assert not counts(stores)


def test_token_of_a_disabled_builtin_client_does_not_count(stores: Stores) -> None:
    builtin = stores.clients.get("myDIRACClientID")
    assert builtin is not None
    stores.clients.add(replace(builtin, is_disabled=True, created_at=NOW))
    assert not counts(stores, client_id="myDIRACClientID")


def test_token_does_not_count_when_its_grant_is_over(stores: Stores) -> None:
    stores.clients.add(client())
    stores.grants.add(grant())
    stores.clock.time = NOW + 1000
    assert not counts(stores, grant_id="1" * 32)


def test_revoked_token_does_not_count_others_do(stores: Stores) -> None:
    stores.clients.add(client())
    has_moved = moved(stores, ALICE)
    assert stores.standing.revoke("t1", ALICE, "c1", NOW + 60, NOW)
    assert has_moved()
    assert not stores.standing.revoke("t1", ALICE, "c1", NOW + 60, NOW)
    assert not counts(stores, "t1")
    assert counts(stores, "t2")


# Values that count once.


def test_issued_value_is_spent_once_for_its_purpose(stores: Stores) -> None:
    stores.single.issue("siwe", "n1", NOW + 60)
    assert not stores.single.spend("other", "n1", NOW)
    assert stores.single.spend("siwe", "n1", NOW)
    assert not stores.single.spend("siwe", "n1", NOW)
    assert not stores.single.spend("siwe", "never issued", NOW)


def test_issued_value_is_of_no_use_when_its_time_is_over(stores: Stores) -> None:
    stores.single.issue("siwe", "n1", NOW + 60)
    assert not stores.single.spend("siwe", "n1", NOW + 60)


def test_foreign_value_is_new_once(stores: Stores) -> None:
    assert stores.single.spend_foreign("jwt", "j1", NOW + 60)
    assert not stores.single.spend_foreign("jwt", "j1", NOW + 60)
    assert stores.single.spend_foreign("jwt", "j2", NOW + 60)
    assert stores.single.spend_foreign("jwt", "\ud800 no text", NOW + 60)


def test_of_simultaneous_callers_one_spends_a_value(stores: Stores) -> None:
    stores.single.issue("siwe", "n1", NOW + 60)
    spent = at_once(CALLERS, lambda _: stores.single.spend("siwe", "n1", NOW))
    foreign = at_once(CALLERS, lambda _: stores.single.spend_foreign("jwt", "j1", NOW + 60))
    assert (spent.count(True), foreign.count(True)) == (1, 1)


# A database that does not answer.


def test_lost_database_is_unavailable_and_never_a_yes(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = Database.open(postgres_url)
    upgrade(database.engine, MIGRATIONS)
    stores = in_sql(database, FrozenClock(NOW))
    assert not counts(stores)
    postgres_server.stop()
    try:
        for ask in (
            lambda: stores.clients.get("c1"),
            lambda: stores.grants.get("1" * 32),
            lambda: stores.codes.take("c" * 64, NOW),
            lambda: stores.refresh.find("7" * 64),
            lambda: counts(stores),
            lambda: stores.single.spend("siwe", "n", NOW),
            lambda: stores.single.spend_foreign("jwt", "n", NOW),
        ):
            with pytest.raises(StoreUnavailable):
                ask()
    finally:
        postgres_server.start()
        database.dispose()
