"""What a store of API keys promises: the fake, SQLite and PostgreSQL answer alike."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from libs.sql.engine import Database
from services.auth.adapters.store_sql.api_keys import SqlApiKeys
from services.auth.adapters.store_sql.stamps import SqlStamps
from services.auth.domain.api_keys import MOST_KEYS, ApiKey, TooManyKeys, new_key_id
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.stamps import bucket_of
from services.auth.ports.people import ApiKeys, Stamps
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth_keys import MemoryApiKeys
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

pytestmark = pytest.mark.clause("dcp 2.4")

NOW = 1_700_000_000.5
LONG_AGO = NOW - 90 * 86_400
WALLET = "eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
PERSON = "person:" + "4" * 32


@dataclass
class Stores:
    keys: ApiKeys
    stamps: Stamps

    def stamp(self, subject: str) -> int:
        return self.stamps.value(bucket_of(subject))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    if request.param == "memory":
        keys = MemoryApiKeys()
        yield Stores(keys, keys.stamps)
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    yield Stores(SqlApiKeys(database), SqlStamps(database))
    database.dispose()


def key(key_id: str = "0" * 20, subject: str = WALLET, expires_at: float | None = None) -> ApiKey:
    return ApiKey(
        key_id=key_id,
        secret_hash="a" * 64,
        subject=subject,
        label="läptop ☂",
        scopes=("job:write", "job:read"),
        created_at=NOW,
        expires_at=expires_at,
    )


def test_a_key_comes_back_as_it_was_made(stores: Stores) -> None:
    assert stores.keys.find("0" * 20, NOW) is None
    stores.keys.add(key(expires_at=NOW + 60), LONG_AGO)
    stores.keys.add(key("1" * 20), LONG_AGO)
    assert stores.keys.find("0" * 20, NOW) == key(expires_at=NOW + 60)
    assert stores.keys.find("1" * 20, NOW + 1e8) == key("1" * 20)


def test_a_key_ends_at_its_time(stores: Stores) -> None:
    stores.keys.add(key(expires_at=NOW + 60), LONG_AGO)
    assert stores.keys.find("0" * 20, NOW + 59.9) is not None
    assert stores.keys.find("0" * 20, NOW + 60) is None
    assert stores.keys.of_subjects([WALLET], NOW + 60) == []


def test_a_list_has_the_keys_of_these_subjects_newest_first(stores: Stores) -> None:
    old = replace(key("1" * 20, PERSON), created_at=NOW - 10)
    for made in (old, key("2" * 20), key("3" * 20), key("4" * 20, "person:" + "5" * 32)):
        stores.keys.add(made, LONG_AGO)
    assert [found.key_id[0] for found in stores.keys.of_subjects([WALLET, PERSON], NOW)] == ["2", "3", "1"]
    assert stores.keys.of_subjects([PERSON], NOW) == [old]
    assert stores.keys.of_subjects([], NOW) == []


def test_a_revoked_key_is_gone_once_and_the_stamp_moved_with_it(stores: Stores) -> None:
    stores.keys.add(key(), LONG_AGO)
    stores.keys.add(key("1" * 20), LONG_AGO)
    before = stores.stamp(WALLET)
    assert stores.keys.revoke("0" * 20, [PERSON, WALLET], NOW)
    assert stores.stamp(WALLET) == before + 1
    assert stores.keys.find("0" * 20, NOW) is None
    assert [found.key_id for found in stores.keys.of_subjects([WALLET], NOW)] == ["1" * 20]
    assert not stores.keys.revoke("0" * 20, [WALLET], NOW)
    assert stores.stamp(WALLET) == before + 1


def test_nobody_revokes_a_key_of_somebody_else(stores: Stores) -> None:
    stores.keys.add(key(), LONG_AGO)
    before = stores.stamp(WALLET)
    assert not stores.keys.revoke("0" * 20, [PERSON], NOW)
    assert not stores.keys.revoke("0" * 20, [], NOW)
    assert not stores.keys.revoke("9" * 20, [WALLET], NOW)
    assert stores.keys.find("0" * 20, NOW) is not None
    assert stores.stamp(WALLET) == before


def test_a_use_is_noted_at_most_as_often_as_asked(stores: Stores) -> None:
    stores.keys.add(key(), LONG_AGO)

    def last() -> float | None:
        found = stores.keys.find("0" * 20, NOW)
        return None if found is None else found.last_used_at

    assert last() is None
    stores.keys.used("0" * 20, NOW, NOW - 3600)
    assert last() == NOW
    stores.keys.used("0" * 20, NOW + 3599, NOW - 1)
    assert last() == NOW
    stores.keys.used("0" * 20, NOW + 3601, NOW + 1)
    assert last() == NOW + 3601
    stores.keys.used("9" * 20, NOW, NOW)


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    results: list[object] = []
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


def test_a_subject_has_no_more_keys_than_one_may_have_even_when_many_ask_at_once(stores: Stores) -> None:
    for _ in range(MOST_KEYS - 3):
        stores.keys.add(key(new_key_id()), LONG_AGO)

    def add(_: int) -> bool:
        try:
            stores.keys.add(key(new_key_id()), LONG_AGO)
        except TooManyKeys:
            return False
        return True

    assert sorted(at_once(8, add)) == [False] * 5 + [True] * 3
    stores.keys.add(key(new_key_id(), PERSON), LONG_AGO)
    first = stores.keys.of_subjects([WALLET], NOW)[0]
    assert stores.keys.revoke(first.key_id, [WALLET], NOW)
    assert add(0)


def test_of_simultaneous_revocations_one_is_the_first(stores: Stores) -> None:
    stores.keys.add(key(), LONG_AGO)
    results = at_once(8, lambda _: stores.keys.revoke("0" * 20, [WALLET], NOW))
    assert sorted(results) == [False] * 7 + [True]


def test_keys_long_over_are_forgotten_when_one_is_made(stores: Stores) -> None:
    stores.keys.add(key("1" * 20), LONG_AGO)
    stores.keys.add(key("2" * 20, expires_at=NOW - 100), LONG_AGO)
    stores.keys.add(key("3" * 20, expires_at=NOW + 100), LONG_AGO)
    stores.keys.revoke("1" * 20, [WALLET], NOW - 100)
    stores.keys.add(key("4" * 20), NOW - 99)
    for gone in ("1" * 20, "2" * 20):
        stores.keys.add(key(gone), LONG_AGO)  # their ids are free again
    assert stores.keys.find("3" * 20, NOW) is not None


def test_a_lost_database_is_unavailable_and_never_a_yes(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = Database.open(postgres_url)
    upgrade(database.engine, MIGRATIONS)
    keys = SqlApiKeys(database)
    keys.add(key(), LONG_AGO)
    postgres_server.stop()
    try:
        for work in (
            lambda: keys.find("0" * 20, NOW),
            lambda: keys.of_subjects([WALLET], NOW),
            lambda: keys.revoke("0" * 20, [WALLET], NOW),
            lambda: keys.used("0" * 20, NOW, NOW),
            lambda: keys.add(key("1" * 20), NOW),
        ):
            with pytest.raises(StoreUnavailable):
                work()
    finally:
        postgres_server.start()
    database.dispose()
