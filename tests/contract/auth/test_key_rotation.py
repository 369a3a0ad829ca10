"""Rotation of signing keys over the fake and both databases, as two processes see it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from libs.signing import tokens
from libs.signing.errors import UnknownTokenKey
from libs.sql.engine import Database
from services.auth.adapters.store_sql.key_changes import SqlKeyChanges
from services.auth.adapters.store_sql.stamps import SqlStamps
from services.auth.adapters.store_sql.stores import SqlKeyStore
from services.auth.domain.authority import OPERATOR, NotAllowed
from services.auth.domain.signing_keys import KeyState, NoSuchKey, NotSettled, StoredKey
from services.auth.ports.keys import KeyChanges, KeyStore
from services.auth.usecases.key_rotation import GRACE_SECONDS, SETTLE_SECONDS, KeyRotation, Step
from services.auth.usecases.keyring import RELOAD_SECONDS, Keyring
from services.auth.wiring import MIGRATIONS
from tests.fakes.auth import FrozenClock, MemoryKeyStore, PlainSealer
from tests.fakes.auth_admin import ADMIN
from tests.fakes.auth_people import MemoryAudit
from tests.migrated import upgrade

LONGEST = 30 * 86_400.0


@dataclass
class Process:
    store: KeyStore
    changes: KeyChanges
    clock: FrozenClock
    audit: MemoryAudit
    sealer: PlainSealer

    def __post_init__(self) -> None:
        self.ring = Keyring(self.store, self.sealer, self.clock)
        self.ring.start()
        self.rotation = KeyRotation(self.store, self.changes, self.ring, self.clock, self.audit, LONGEST)

    def token(self) -> str:
        return tokens.issue({"a": 1}, self.ring.current().signing, {})

    def reads(self, token: str) -> bool:
        try:
            return tokens.verify(token, self.ring.knowing(token)) == {"a": 1}
        except UnknownTokenKey:
            return False

    def states(self) -> dict[str, str]:
        return {key.kid: key.state.value for key in self.rotation.keys(OPERATOR)}


@dataclass
class Two:
    clock: FrozenClock
    audit: MemoryAudit
    one: Process
    other: Process
    moved: "list[Database | MemoryKeyStore]"

    def all_moved(self) -> int:
        """How often all stamps moved."""
        found = self.moved[0]
        if isinstance(found, MemoryKeyStore):
            return found.moved_all
        values = set(SqlStamps(found).all())
        assert len(values) == 1
        return values.pop() - 1


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    clock, sealer = FrozenClock(), PlainSealer()
    audit = MemoryAudit(clock)
    if request.param == "memory":
        store = MemoryKeyStore(clock)
        one, other = (Process(store, store, clock, audit, sealer) for _ in range(2))
        yield Two(clock, audit, one, other, [store])
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    databases = [Database.open(url) for _ in range(2)]
    upgrade(databases[0].engine, MIGRATIONS)
    one, other = (
        Process(SqlKeyStore(database, clock), SqlKeyChanges(database, clock), clock, audit, sealer)
        for database in databases
    )
    yield Two(clock, audit, one, other, [databases[0]])
    for database in databases:
        database.dispose()


def test_a_whole_life(two: Two) -> None:
    """Published first, then signing, then retired for as long as tokens live; no token fails in between."""
    first = two.one.ring.current().signing.kid
    old = two.other.token()
    published = two.one.rotation.rotate(ADMIN)
    assert published == Step(did="published", kid=published.kid, settles_in=SETTLE_SECONDS)
    assert two.one.states() == {first: "active", published.kid: "upcoming"}
    assert published.kid.encode() in two.one.ring.current().document
    two.clock.time += SETTLE_SECONDS - 1
    with pytest.raises(NotSettled) as caught:
        two.other.rotation.rotate(ADMIN)
    assert caught.value.seconds == 1
    assert two.other.ring.current().verifying.get(published.kid) is not None
    two.clock.time += 1
    assert two.other.rotation.rotate(ADMIN) == Step(did="activated", kid=published.kid)
    assert two.one.states() == {first: "retired", published.kid: "active"}
    # The first process has not loaded again: it signs with the old key, reads the new one's tokens.
    late, new = two.one.token(), two.other.token()
    assert all(process.reads(token) for process in (two.one, two.other) for token in (old, late, new))
    two.clock.time += RELOAD_SECONDS + 1
    assert two.one.ring.current().signing.kid == published.kid
    assert two.all_moved() == 0
    two.clock.time += LONGEST
    assert two.one.rotation.rotate(ADMIN).withdrawn == ()
    two.clock.time += GRACE_SECONDS
    step = two.one.rotation.rotate(ADMIN)
    assert (step.did, step.withdrawn) == ("activated", (first,))
    assert not two.one.reads(old)
    assert [event.details["did"] for event in two.audit.events] == [
        "published", "activated", "published", "activated",
    ]  # fmt: skip


def test_at_once(two: Two) -> None:
    first = two.one.ring.current().signing.kid
    step = two.one.rotation.rotate(ADMIN, at_once=True)
    assert (step.did, step.settles_in) == ("activated", 0)
    assert two.one.states() == {first: "retired", step.kid: "active"}
    assert two.one.ring.current().signing.kid == step.kid
    two.clock.time += 3
    assert two.other.reads(two.one.token())


def test_withdrawn_key_counts_no_more_and_every_stamp_moves(two: Two) -> None:
    first, token = two.one.ring.current().signing.kid, two.one.token()
    upcoming = two.one.rotation.rotate(ADMIN).kid
    assert two.one.rotation.withdraw(ADMIN, first) == upcoming
    assert two.one.states() == {first: "withdrawn", upcoming: "active"}
    assert two.all_moved() == 1
    assert not two.one.reads(token)
    two.other.ring.refresh()  # as whoever resolves does when a stamp moved
    assert not two.other.reads(token)
    made = two.other.rotation.withdraw(ADMIN, upcoming)
    assert two.one.states() == {first: "withdrawn", upcoming: "withdrawn", made: "active"}
    assert two.all_moved() == 2
    for kid in (first, upcoming, "unknown", ""):
        with pytest.raises(NoSuchKey):
            two.one.rotation.withdraw(ADMIN, kid)
    assert two.all_moved() == 2
    assert [event.event for event in two.audit.events].count("key.withdraw") == 2


def test_withdrawing_an_upcoming_key_leaves_the_active_one(two: Two) -> None:
    first = two.one.ring.current().signing.kid
    upcoming = two.one.rotation.rotate(ADMIN).kid
    assert two.one.rotation.withdraw(ADMIN, upcoming) == first
    assert two.one.states() == {first: "active", upcoming: "withdrawn"}


def test_simultaneous_rotations_make_one_key(two: Two) -> None:
    results: list[str] = []
    barrier = threading.Barrier(6)

    def run(process: Process) -> None:
        barrier.wait()
        try:
            results.append(process.rotation.rotate(ADMIN).did)
        except NotSettled:
            results.append("not settled")

    def all_at_once() -> list[str]:
        results.clear()
        threads = [threading.Thread(target=run, args=((two.one, two.other)[n % 2],)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(results)

    assert all_at_once() == ["not settled"] * 5 + ["published"]
    assert sorted(two.one.states().values()) == ["active", "upcoming"]
    two.clock.time += SETTLE_SECONDS
    # Whoever comes after the one that activated may begin the next rotation.
    assert all_at_once().count("activated") == 1
    assert list(two.one.states().values()).count("active") == 1
    assert list(two.one.states().values()).count("retired") == 1


def test_simultaneous_withdrawals_leave_one_active_key(two: Two) -> None:
    first = two.one.ring.current().signing.kid
    barrier = threading.Barrier(4)
    outcomes: list[bool] = []

    def run(process: Process) -> None:
        fresh = process.ring.new_key()
        barrier.wait()
        outcomes.append(process.changes.withdraw(first, fresh))

    threads = [threading.Thread(target=run, args=((two.one, two.other)[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 3 + [True]
    assert sorted(two.one.states().values()) == ["active", "withdrawn"]


def test_only_administrators_touch_keys(two: Two) -> None:
    kid = two.one.ring.current().signing.kid
    for actor in (replace(ADMIN, is_admin=False), replace(ADMIN, scopes=frozenset({"keys"}))):
        for work in (
            lambda actor=actor: two.one.rotation.keys(actor),
            lambda actor=actor: two.one.rotation.rotate(actor),
            lambda actor=actor: two.one.rotation.withdraw(actor, kid),
        ):
            with pytest.raises(NotAllowed):
                work()
    assert two.one.states() == {kid: "active"}


def test_key_says_since_when_it_is_what_it_is(two: Two) -> None:
    [active] = two.one.rotation.keys(OPERATOR)
    assert isinstance(active, StoredKey)
    assert (active.state, active.changed_at) == (KeyState.ACTIVE, two.clock.time)
