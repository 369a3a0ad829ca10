"""The port KeyValue: in memory, in SQLite, in PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.compute.adapters.store_sql import keyvalue
from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.errors import QuotaExceeded
from services.compute.ports.keyvalue import MAX_VALUE, KeyValue
from tests.fakes import compute_side

AL, ALICE, NOW = "person:al", "person:alice", 1_800_000_000.0


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def keys(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[KeyValue]:
    if request.param == "memory":
        yield compute_side.MemoryKeyValue()
        return
    store = open_store(new_url(request.param))
    yield store.keys
    store.close()


def test_what_is_set_is_there_byte_for_byte(keys: KeyValue) -> None:
    everything = bytes(range(256)) * (MAX_VALUE // 256)
    for value in (b"", b"\0", everything):
        keys.set(ALICE, "a/b", value, NOW)
        assert keys.get(ALICE, "a/b") == value
    assert keys.get(ALICE, "a") is None


def test_keys_are_their_owners_alone_whatever_they_are_called(keys: KeyValue) -> None:
    keys.set(ALICE, "k", b"alice", NOW)
    keys.set(AL, "k", b"al", NOW)
    assert (keys.get(AL, "k"), keys.list(AL, "", 10)) == (b"al", [("k", b"al")])
    assert keys.delete_prefix(AL, "k") == 1
    assert keys.get(ALICE, "k") == b"alice"


def test_a_listing_is_in_order_of_code_points_and_of_one_prefix(keys: KeyValue) -> None:
    for key in ("b", "a/2", "a/10", "ä", "A", "a", "a\U0001f600", "a%", "a_"):
        keys.set(ALICE, key, key.encode(), NOW)
    assert [key for key, _ in keys.list(ALICE, "", 100)] == sorted(
        ("b", "a/2", "a/10", "ä", "A", "a", "a\U0001f600", "a%", "a_")
    )
    assert [key for key, _ in keys.list(ALICE, "a/", 100)] == ["a/10", "a/2"]
    assert [key for key, _ in keys.list(ALICE, "a%", 100)] == ["a%"]
    assert [key for key, _ in keys.list(ALICE, "a", 2)] == ["a", "a%"]


def test_deleting_takes_the_key_or_the_prefix_and_nothing_else(keys: KeyValue) -> None:
    for key in ("a", "a/1", "a/2", "ab"):
        keys.set(ALICE, key, b"v", NOW)
    keys.delete(ALICE, "a")
    keys.delete(ALICE, "a")
    assert keys.delete_prefix(ALICE, "a/") == 2
    assert [key for key, _ in keys.list(ALICE, "", 10)] == ["ab"]


def test_of_swaps_at_the_same_time_one_wins(keys: KeyValue) -> None:
    keys.set(ALICE, "k", b"old", NOW)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: keys.swap(ALICE, "k", b"old", b"%d" % n, NOW), range(8)))
    assert won.count(True) == 1
    assert keys.get(ALICE, "k") == b"%d" % won.index(True)
    assert not keys.swap(ALICE, "none", b"", b"v", NOW)
    assert keys.get(ALICE, "none") is None


def test_keys_that_are_set_at_the_same_time_are_all_there(keys: KeyValue) -> None:
    def put(number: int) -> None:
        keys.set(ALICE, f"k{number % 4}", b"%d" % number, NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(32)))
    found = dict(keys.list(ALICE, "", 10))
    assert list(found) == ["k0", "k1", "k2", "k3"]
    assert {int(value) % 4 == int(key[1]) for key, value in found.items()} == {True}


def test_an_owner_has_no_key_too_many_when_they_come_at_the_same_time(
    keys: KeyValue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyvalue, "MAX_KEYS", 3)
    monkeypatch.setattr(compute_side, "MAX_KEYS", 3)

    def put(number: int) -> bool:
        try:
            keys.set(ALICE, f"k{number}", b"", NOW)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(put, range(16)))
    assert taken.count(True) == 3
    assert [key for key, _ in keys.list(ALICE, "", 20)] == sorted(
        f"k{number}" for number, is_taken in enumerate(taken) if is_taken
    )


def test_an_owner_has_so_many_keys_at_most(keys: KeyValue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyvalue, "MAX_KEYS", 2)
    monkeypatch.setattr(compute_side, "MAX_KEYS", 2)
    keys.set(ALICE, "a", b"", NOW)
    keys.set(ALICE, "b", b"", NOW)
    with pytest.raises(QuotaExceeded):
        keys.set(ALICE, "c", b"", NOW)
    keys.set(ALICE, "b", b"again", NOW)
    keys.set(AL, "c", b"", NOW)
    assert keys.get(ALICE, "c") is None
