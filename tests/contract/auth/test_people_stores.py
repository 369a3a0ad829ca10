"""What the stores of people, stamps, guesses and the audit log promise, on the fake and both databases."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from libs.sql.engine import Database
from services.auth.adapters.store_sql.audit import SqlAudit
from services.auth.adapters.store_sql.guesses import SqlGuesses
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.adapters.store_sql.stamps import SqlStamps
from services.auth.domain.audit import AuditEvent, AuditQuery, StoredEvent
from services.auth.domain.errors import AuthError, StoreUnavailable
from services.auth.domain.guesses import KNOWN_SECONDS, REST_SECONDS, known_key, peer_key, user_key
from services.auth.domain.people import (
    CertificateTaken,
    Group,
    LastAdmin,
    NameTaken,
    NoSuchGroup,
    NoSuchPerson,
    Person,
    PersonState,
    TooManyGuesses,
    WalletTaken,
)
from services.auth.domain.stamps import BUCKETS, bucket_of
from services.auth.ports.people import Guesses, People, Stamps
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_people import MemoryAudit, MemoryGuesses, MemoryPeople
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

WALLET = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
OTHER_WALLET = "0xBE5449a6A97aD46c8558A3356267Ee5D2731ab5e"
DAY = 86_400
DN, CA = "/DC=org/DC=example/CN=Ada Lovelace", "/DC=org/CN=Example CA"


@dataclass
class Stores:
    clock: FrozenClock
    people: People
    stamps: Stamps
    guesses: Guesses
    audit: MemoryAudit | SqlAudit

    def moves(self, *subjects: str) -> "Moves":
        return Moves(self.stamps, subjects)


class Moves:
    """Within the block, the stamps of all these subjects moved."""

    def __init__(self, stamps: Stamps, subjects: tuple[str, ...]) -> None:
        self.stamps = stamps
        self.buckets = sorted({bucket_of(subject) for subject in subjects})

    def __enter__(self) -> None:
        self.before = [self.stamps.value(bucket) for bucket in self.buckets]

    def __exit__(self, *_: object) -> None:
        after = [self.stamps.value(bucket) for bucket in self.buckets]
        assert all(new > old for new, old in zip(after, self.before, strict=True)), (self.before, after)


def sql_stores(url: str, clock: FrozenClock) -> tuple[Stores, Database]:
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    stores = Stores(
        clock,
        SqlPeople(database, clock),
        SqlStamps(database),
        SqlGuesses(database, clock),
        SqlAudit(database, clock, lambda: "192.0.2.7", 100 * DAY),
    )
    return stores, database


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    clock = FrozenClock()
    if request.param == "memory":
        people = MemoryPeople(clock)
        yield Stores(clock, people, people.stamps, MemoryGuesses(clock), MemoryAudit(clock))
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    found, database = sql_stores(url, clock)
    yield found
    database.dispose()


def person(number: int, username: str = "", *, is_admin: bool = False) -> Person:
    return Person(
        id=f"{number:032x}",
        username=username or f"user{number}",
        display_name=f"User {number}",
        email=None,
        state=PersonState.ACTIVE,
        is_admin=is_admin,
        version=1,
        created_at=1_700_000_000.25,
    )


def add(stores: Stores, number: int, username: str = "", *, is_admin: bool = False) -> Person:
    made = person(number, username, is_admin=is_admin)
    stores.people.add(made, None)
    return made


def at_once(count: int, work: Callable[[int], object]) -> list[str]:
    """Names of what each of `count` simultaneous calls gave or raised."""
    results: list[str] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results.append(str(work(number)))
        except AuthError as error:
            results.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_person_is_found_as_added(stores: Stores) -> None:
    added = person(1, "ada")
    stores.people.add(added, "$argon2id$x")
    assert stores.people.by_id(added.id) == added
    assert stores.people.by_username("ada") == added
    assert stores.people.password_hash(added.id) == "$argon2id$x"
    assert stores.people.by_username("Ada") is None
    assert stores.people.by_id("0" * 32) is None
    assert stores.people.password_hash("0" * 32) is None


@pytest.mark.parametrize("text", ["", "a\0b", "\ud800", "x" * 5000, "' OR 1=1 --", "é"])
def test_strange_texts_find_nobody(stores: Stores, text: str) -> None:
    add(stores, 1)
    people = stores.people
    assert people.by_id(text) is None
    assert people.by_username(text) is None
    assert people.by_wallet(text) is None
    assert people.by_certificate(text, text) is None
    assert people.group(text) is None
    assert not people.remove_group(text)
    assert people.page("z" + text, 10) == []
    with pytest.raises(NoSuchGroup):
        people.set_groups(person(1).id, [text])


def test_name_is_one_persons(stores: Stores) -> None:
    add(stores, 1, "ada")
    with pytest.raises(NameTaken):
        add(stores, 2, "ada")
    assert stores.people.by_id(person(2).id) is None
    assert at_once(8, lambda n: stores.people.add(person(10 + n, "eve"), None)) == ["NameTaken"] * 7 + [
        "None"
    ]


def test_removed_persons_name_rests_a_day(stores: Stores) -> None:
    add(stores, 1, "ada")
    stores.people.change(person(1).id, state=PersonState.REMOVED)
    assert stores.people.by_username("ada") is None
    stores.clock.time += DAY - 1
    with pytest.raises(NameTaken):
        add(stores, 2, "ada")
    stores.clock.time += 2
    add(stores, 3, "ada")
    found = stores.people.by_username("ada")
    assert found is not None
    assert found.id == person(3).id
    removed = stores.people.by_id(person(1).id)
    assert removed is not None
    assert removed.state is PersonState.REMOVED


def test_removing_frees_everything_and_is_for_good(stores: Stores) -> None:
    ada = add(stores, 1, "ada")
    people = stores.people
    people.put_group(Group(name="crew", vo="vo", properties=()))
    people.set_groups(ada.id, ["crew"])
    people.set_password(ada.id, "$argon2id$x")
    people.link_wallet(ada.id, WALLET)
    people.link_certificate(ada.id, DN, None)
    people.change(ada.id, email="ada@example.org")
    with stores.moves(ada.subject, "eip155:" + WALLET):
        removed = people.change(ada.id, state=PersonState.REMOVED)
    assert (removed.email, removed.groups, removed.wallets) == (None, (), ())
    assert people.by_wallet(WALLET) is None
    assert people.by_certificate(DN, CA) is None
    assert people.password_hash(ada.id) is None
    eve = add(stores, 2, "eve")
    people.link_wallet(eve.id, WALLET)
    for work in (
        lambda: people.change(ada.id, state=PersonState.ACTIVE),
        lambda: people.set_password(ada.id, "x"),
        lambda: people.link_wallet(ada.id, OTHER_WALLET),
        lambda: people.link_certificate(ada.id, DN, None),
        lambda: people.set_groups(ada.id, ["crew"]),
    ):
        with pytest.raises(NoSuchPerson):
            work()


def test_change_keeps_what_is_not_named(stores: Stores) -> None:
    ada = add(stores, 1, "ada")
    with stores.moves(ada.subject):
        changed = stores.people.change(ada.id, display_name="Ada L.", email="ada@example.org")
    assert (changed.display_name, changed.email, changed.version) == ("Ada L.", "ada@example.org", 1)
    assert stores.people.change(ada.id, email="").email is None
    assert stores.people.change(ada.id) == stores.people.by_id(ada.id)
    with pytest.raises(NoSuchPerson):
        stores.people.change("0" * 32, display_name="x")


def test_version_rises_with_whatever_ends_tokens(stores: Stores) -> None:
    add(stores, 1, is_admin=True)
    ada = add(stores, 2, "ada")
    versions = [stores.people.change(ada.id, is_admin=True).version]
    versions.append(stores.people.change(ada.id, is_admin=True).version)
    versions.append(stores.people.change(ada.id, state=PersonState.DISABLED).version)
    versions.append(stores.people.change(ada.id, state=PersonState.ACTIVE, is_admin=False).version)
    with stores.moves(ada.subject):
        stores.people.set_password(ada.id, "$a")
    found = stores.people.by_id(ada.id)
    assert found is not None
    assert [*versions, found.version] == [2, 2, 3, 4, 5]


def test_virtual_clusters_change_without_ending_tokens(stores: Stores) -> None:
    ada = person(1)
    stores.people.add(replace(ada, virtual_clusters=("gpu",)), None)
    assert stores.people.by_id(ada.id) == replace(ada, virtual_clusters=("gpu",))
    with stores.moves(ada.subject):
        changed = stores.people.change(ada.id, virtual_clusters=["night", "default", "night"])
    assert changed == replace(ada, virtual_clusters=("default", "night"))
    assert stores.people.change(ada.id, display_name="Ada").virtual_clusters == ("default", "night")
    assert stores.people.change(ada.id, virtual_clusters=()).virtual_clusters == ()


def test_swapping_a_hash_leaves_a_newer_password_alone(stores: Stores) -> None:
    ada = add(stores, 1, "ada")
    stores.people.set_password(ada.id, "old")
    assert stores.people.swap_hash(ada.id, "old", "rehashed")
    assert not stores.people.swap_hash(ada.id, "old", "again")
    assert stores.people.password_hash(ada.id) == "rehashed"
    found = stores.people.by_id(ada.id)
    assert found is not None
    assert found.version == 2
    stores.people.set_password(ada.id, None)
    assert stores.people.password_hash(ada.id) is None
    assert not stores.people.swap_hash(ada.id, "rehashed", "x")
    with pytest.raises(NoSuchPerson):
        stores.people.set_password("0" * 32, "x")


@pytest.mark.parametrize(
    "change", [{"is_admin": False}, {"state": PersonState.DISABLED}, {"state": PersonState.REMOVED}]
)
def test_last_administrator_stays(stores: Stores, change: dict[str, object]) -> None:
    people: People = stores.people
    assert not people.has_admin()
    add(stores, 1, is_admin=True)
    add(stores, 2)
    disabled = add(stores, 3, is_admin=True)
    people.change(disabled.id, state=PersonState.DISABLED)
    with pytest.raises(LastAdmin):
        people.change(person(1).id, **change)  # type: ignore[arg-type]
    assert people.has_admin()
    kept = people.by_id(person(1).id)
    assert kept is not None
    assert (kept.is_admin, kept.state, kept.version) == (True, PersonState.ACTIVE, 1)
    people.change(person(2).id, is_admin=True)
    people.change(person(1).id, **change)  # type: ignore[arg-type]
    people.change(person(3).id, is_admin=False)


def test_two_administrators_cannot_demote_each_other_at_once(stores: Stores) -> None:
    for number in range(6):
        add(stores, number, is_admin=True)
    changes: list[dict[str, object]] = [{"is_admin": False}, {"state": PersonState.DISABLED}]
    results = at_once(
        6,
        lambda n: stores.people.change(person(n).id, **changes[n % 2]).version,  # type: ignore[arg-type]
    )
    assert results == ["2"] * 5 + ["LastAdmin"]
    assert stores.people.has_admin()


def test_pages_go_by_name_without_removed_people(stores: Stores) -> None:
    for number, name in enumerate(["carl", "adam", "dora", "bert"]):
        add(stores, number, name)
    stores.people.change(person(3).id, state=PersonState.REMOVED)
    stores.people.change(person(2).id, state=PersonState.DISABLED)
    assert [found.username for found in stores.people.page("", 2)] == ["adam", "carl"]
    assert [found.username for found in stores.people.page("carl", 2)] == ["dora"]


def test_wallet_is_at_most_one_persons(stores: Stores) -> None:
    ada, eve = add(stores, 1, "ada"), add(stores, 2, "eve")
    with stores.moves(ada.subject, "eip155:" + WALLET):
        stores.people.link_wallet(ada.id, WALLET)
    stores.people.link_wallet(ada.id, WALLET)
    stores.people.link_wallet(ada.id, OTHER_WALLET)
    with pytest.raises(WalletTaken):
        stores.people.link_wallet(eve.id, WALLET)
    found = stores.people.by_wallet(WALLET)
    assert found is not None
    assert (found.id, found.wallets) == (ada.id, (WALLET, OTHER_WALLET))
    assert not stores.people.unlink_wallet(eve.id, WALLET)
    with stores.moves(ada.subject, "eip155:" + WALLET):
        assert stores.people.unlink_wallet(ada.id, WALLET)
    assert not stores.people.unlink_wallet(ada.id, WALLET)
    assert stores.people.by_wallet(WALLET) is None


def test_a_person_may_come_with_wallets_or_not_at_all(stores: Stores) -> None:
    ada = replace(person(1, "ada"), wallets=(WALLET,))
    with stores.moves(ada.subject, "eip155:" + WALLET):
        stores.people.add(ada, None)
    found = stores.people.by_wallet(WALLET)
    assert found is not None
    assert (found.id, found.wallets) == (ada.id, (WALLET,))
    with pytest.raises(WalletTaken):
        stores.people.add(replace(person(2, "eve"), wallets=(OTHER_WALLET, WALLET)), "hash")
    assert stores.people.by_username("eve") is None
    assert stores.people.by_wallet(OTHER_WALLET) is None
    assert stores.people.password_hash(person(2).id) is None


def test_of_simultaneous_accounts_for_one_wallet_one_is_made(stores: Stores) -> None:
    results = at_once(8, lambda n: stores.people.add(replace(person(n), wallets=(WALLET,)), None))
    assert results == ["None"] + ["WalletTaken"] * 7
    assert len(stores.people.page("", 100)) == 1


def test_the_last_way_in_can_be_kept(stores: Stores) -> None:
    ada = replace(person(1, "ada"), wallets=(WALLET, OTHER_WALLET))
    stores.people.add(ada, None)
    addresses = (WALLET, OTHER_WALLET)
    results = at_once(2, lambda n: stores.people.unlink_wallet(ada.id, addresses[n], keeps_way_in=True))
    assert sorted(results) == ["LastWayIn", "True"]
    found = stores.people.by_id(ada.id)
    assert found is not None
    [left] = found.wallets
    assert not stores.people.unlink_wallet(ada.id, "0x" + "0" * 40, keeps_way_in=True)
    stores.people.link_certificate(ada.id, DN, None)
    assert stores.people.unlink_wallet(ada.id, left, keeps_way_in=True)
    stores.people.link_wallet(ada.id, WALLET)
    stores.people.unlink_certificate(ada.id, DN)
    stores.people.set_password(ada.id, "hash")
    assert stores.people.unlink_wallet(ada.id, WALLET, keeps_way_in=True)
    stores.people.set_password(ada.id, None)
    stores.people.link_wallet(ada.id, WALLET)
    assert stores.people.unlink_wallet(ada.id, WALLET), "administrators may"


def test_of_simultaneous_links_one_gets_the_wallet(stores: Stores) -> None:
    for number in range(8):
        add(stores, number)
    results = at_once(8, lambda n: stores.people.link_wallet(person(n).id, WALLET))
    assert results == ["None"] + ["WalletTaken"] * 7


def test_certificates(stores: Stores) -> None:
    ada, eve = add(stores, 1, "ada"), add(stores, 2, "eve")
    people = stores.people
    with stores.moves(ada.subject):
        people.link_certificate(ada.id, DN, None)
    found = people.by_certificate(DN, "/CN=any")
    assert found is not None
    assert found.id == ada.id
    people.link_certificate(ada.id, DN, CA)
    assert people.by_certificate(DN, "/CN=any") is None
    assert people.by_certificate(DN, CA) is not None
    assert people.certificates(ada.id) == [(DN, CA)]
    with pytest.raises(CertificateTaken):
        people.link_certificate(eve.id, DN, CA)
    assert not people.unlink_certificate(eve.id, DN)
    with stores.moves(ada.subject):
        assert people.unlink_certificate(ada.id, DN)
    assert people.certificates(ada.id) == []


def test_groups(stores: Stores) -> None:
    ada, eve = add(stores, 1, "ada"), add(stores, 2, "eve")
    people = stores.people
    crew = Group(name="crew", vo="vo", properties=("NormalUser",))
    people.put_group(crew)
    people.put_group(Group(name="base", vo="vo", properties=()))
    assert [group.name for group in people.groups()] == ["base", "crew"]
    assert people.group("crew") == crew
    with stores.moves(ada.subject):
        people.set_groups(ada.id, ["crew", "base", "crew"])
    people.set_groups(eve.id, ["base"])
    found = people.by_username("ada")
    assert found is not None
    assert found.groups == ("base", "crew")
    with stores.moves(ada.subject, eve.subject):
        people.put_group(Group(name="base", vo="other", properties=("A", "B")))
    assert people.group("base") == Group(name="base", vo="other", properties=("A", "B"))
    with pytest.raises(NoSuchGroup):
        people.set_groups(ada.id, ["crew", "nobodys"])
    with stores.moves(ada.subject):
        assert people.remove_group("crew")
    assert not people.remove_group("crew")
    found = people.by_username("ada")
    assert found is not None
    assert found.groups == ("base",)
    people.set_groups(ada.id, [])
    with pytest.raises(NoSuchPerson):
        people.set_groups("0" * 32, [])


def test_joining_a_group_that_goes_at_that_moment(stores: Stores) -> None:
    """Either the group was there first and the member leaves with it, or there is no such group."""
    for number in range(4):
        add(stores, number)
    stores.people.put_group(Group(name="crew", vo="vo", properties=()))

    def work(number: int) -> object:
        if number == 4:
            return stores.people.remove_group("crew")
        return stores.people.set_groups(person(number).id, ["crew"])

    results = at_once(5, work)
    assert results.count("True") == 1
    assert set(results) <= {"True", "None", "NoSuchGroup"}
    assert all(found.groups == () for found in stores.people.page("", 10))


def test_stamps_move_by_subject_and_together(stores: Stores) -> None:
    before = [stores.stamps.value(bucket) for bucket in range(BUCKETS)]
    stores.stamps.move("person:1", "person:1", "eip155:0x1")
    moved = {bucket_of("person:1"), bucket_of("eip155:0x1")}
    after = [stores.stamps.value(bucket) for bucket in range(BUCKETS)]
    assert {bucket for bucket in range(BUCKETS) if after[bucket] != before[bucket]} == moved
    stores.stamps.move_all()
    assert list(stores.stamps.all()) == [value + 1 for value in after]


def test_no_simultaneous_move_is_lost(stores: Stores) -> None:
    subjects = [f"person:{number}" for number in range(40)]
    bucket = bucket_of(subjects[0])
    before = stores.stamps.value(bucket)
    stores_results = at_once(8, lambda n: stores.stamps.move(*subjects[:: 1 if n % 2 else -1]))
    assert stores_results == ["None"] * 8
    assert stores.stamps.value(bucket) == before + 8


def locked(stores: Stores, *keys: str) -> int:
    """Seconds that the keys are locked for."""
    try:
        stores.guesses.check(*keys)
    except TooManyGuesses as error:
        return error.retry_after
    return 0


def test_locks_grow_to_a_quarter_of_an_hour(stores: Stores) -> None:
    key, waits = user_key("ada"), []
    for _ in range(18):
        caused = stores.guesses.attempt(key)
        waits.append(locked(stores, key))
        assert caused == waits[-1]
        stores.clock.time += waits[-1]
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_locked_key_counts_nothing_more(stores: Stores) -> None:
    key, peer = user_key("ada"), peer_key("192.0.2.1")
    for _ in range(6):
        stores.guesses.failed(key)
    for _ in range(100):
        with pytest.raises(TooManyGuesses) as caught:
            stores.guesses.attempt(peer, key)
        assert caught.value.retry_after == 2
    stores.clock.time += 2
    stores.guesses.attempt(key, peer)
    assert locked(stores, key, peer) == 4
    assert locked(stores, peer) == 0


def test_peer_has_more_guesses(stores: Stores) -> None:
    for number in range(50):
        stores.guesses.attempt(user_key(f"u{number}"), peer_key("2001:db8::1"))
        assert locked(stores, peer_key("2001:db8::2")) == (1 if number == 49 else 0)
    assert locked(stores, peer_key("2001:db8:0:1::1")) == 0


def test_count_begins_anew_after_a_rest_and_a_success(stores: Stores) -> None:
    key = user_key("ada")
    for _ in range(4):
        stores.guesses.failed(key)
    stores.guesses.passed(key)
    for _ in range(4):
        stores.guesses.failed(key)
    assert locked(stores, key) == 0
    stores.clock.time += REST_SECONDS + 1
    for wait in (0, 0, 0, 0, 1):
        stores.guesses.failed(key)
        assert locked(stores, key) == wait


def test_taken_back_attempt_was_none(stores: Stores) -> None:
    key = peer_key("192.0.2.1")
    for _ in range(50):
        stores.guesses.failed(key)
    assert locked(stores, key) == 1
    stores.guesses.take_back(key)
    assert locked(stores, key) == 0
    stores.guesses.failed(key)
    stores.guesses.failed(key)
    stores.guesses.take_back(key)
    assert locked(stores, key) == 2
    stores.guesses.take_back(peer_key("192.0.2.99"))


def test_simultaneous_attempts_are_all_counted_and_only_free_ones_pass(stores: Stores) -> None:
    results = at_once(12, lambda _: stores.guesses.attempt(user_key("ada"), peer_key("192.0.2.1")))
    assert results == ["0"] * 4 + ["1"] + ["TooManyGuesses"] * 7
    assert at_once(12, lambda _: stores.guesses.failed(user_key("eve"))) == ["None"] * 12
    assert locked(stores, user_key("eve")) == 128


def test_known_addresses(stores: Stores) -> None:
    key = known_key("ada", "192.0.2.1")
    assert not stores.guesses.is_known(key)
    stores.guesses.remember(key)
    assert stores.guesses.is_known(key)
    for _ in range(5):
        stores.guesses.attempt(key)
    assert locked(stores, key) == 1
    stores.guesses.remember(key)
    assert locked(stores, key) == 0
    stores.clock.time += KNOWN_SECONDS - 1
    stores.guesses.failed(key)
    stores.guesses.failed("user:somebody")
    assert stores.guesses.is_known(key)
    stores.clock.time += 2
    assert not stores.guesses.is_known(key)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 5000])
def test_strange_keys_are_counted_too(stores: Stores, text: str) -> None:
    for _ in range(5):
        stores.guesses.attempt("user:" + text)
    assert locked(stores, "user:" + text) == 1
    stores.guesses.passed("user:" + text)
    assert locked(stores, "user:" + text) == 0


def test_audit_log_is_read_newest_first(stores: Stores) -> None:
    for number in range(5):
        event = AuditEvent(
            event="login.password" if number % 2 else "person.create",
            outcome="ok",
            actor="person:1",
            subject=f"person:{number}",
            details={"number": number},
        )
        stores.audit.record(event)
    page = stores.audit.page(AuditQuery(most=2))
    assert [stored.event.details["number"] for stored in page] == [4, 3]
    page = stores.audit.page(AuditQuery(most=10, before=page[-1].id))
    assert [stored.event.details["number"] for stored in page] == [2, 1, 0]
    assert page[0].at == stores.clock.time
    only = stores.audit.page(AuditQuery(most=10, event="login.password", actor="person:1"))
    assert [stored.event.subject for stored in only] == ["person:3", "person:1"]
    assert stores.audit.page(AuditQuery(most=10, subject="person:9")) == []


def test_audit_log_takes_any_text_and_lets_old_events_go(database_url: str) -> None:
    clock = FrozenClock()
    stores, database = sql_stores(database_url, clock)
    stores.audit.record(
        AuditEvent(event="x" * 500, actor="a\0\ud800" + "b" * 500, details={"text": "\0", "big": "x" * 9000})
    )
    stored: StoredEvent = stores.audit.page(AuditQuery(most=1))[0]
    assert (stored.peer, len(stored.event.event), stored.event.details) == ("192.0.2.7", 64, {"cut": True})
    assert stored.event.actor == "a??" + "b" * 252
    assert stores.audit.page(AuditQuery(most=1, subject="a\0")) == []
    clock.time += 101 * DAY
    for number in range(255):
        stores.audit.record(AuditEvent(event=f"e{number}"))
    assert stores.audit.page(AuditQuery(most=1000))[-1].event.event == "e0"
    database.dispose()


def test_lost_database_is_unavailable_and_never_a_yes(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    stores, database = sql_stores(postgres_url, FrozenClock())
    ada = add(stores, 1, "ada")
    postgres_server.stop()
    try:
        for work in (
            lambda: stores.people.by_id(ada.id),
            lambda: stores.people.by_username("ada"),
            lambda: stores.people.password_hash(ada.id),
            lambda: stores.people.change(ada.id, is_admin=True),
            lambda: stores.people.link_wallet(ada.id, WALLET),
            lambda: stores.people.groups(),
            lambda: stores.stamps.value(1),
            lambda: stores.stamps.move("person:1"),
            lambda: stores.guesses.attempt("user:ada"),
            lambda: stores.guesses.check("user:ada"),
            lambda: stores.audit.page(AuditQuery(most=1)),
        ):
            with pytest.raises(StoreUnavailable):
                work()
        stores.audit.record(AuditEvent(event="login.password"))
    finally:
        postgres_server.start()
    database.dispose()
