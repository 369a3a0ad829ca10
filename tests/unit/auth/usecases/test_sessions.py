"""A session ends when its time is over, at logout, and with whatever changes who signed in."""

from collections.abc import Callable

import pytest

from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.people import Person, PersonState
from services.auth.domain.secrets import hash_of
from services.auth.domain.sessions import BY_WALLET, BY_WORD, NotSignedIn, SessionPolicy
from services.auth.usecases.sessions import LoginSessions
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_people import MemoryAudit, MemoryPeople
from tests.fakes.auth_sessions import MemorySessions

HOUR = 3600
ADDRESS = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
WALLET = f"eip155:{ADDRESS}"


class World:
    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.people = MemoryPeople(self.clock)
        self.store = MemorySessions()
        self.audit = MemoryAudit(self.clock)
        self.sessions = self.new(SessionPolicy())
        self.ann = Person(
            id="1" * 32, username="ann", display_name="Ann", email=None, state=PersonState.ACTIVE,
            is_admin=False, version=1, created_at=self.clock.now(),
        )  # fmt: skip
        self.people.add(self.ann, "a hash")

    def new(self, policy: SessionPolicy) -> LoginSessions:
        return LoginSessions(self.store, self.people, self.clock, self.audit, policy)

    def sign_in(self) -> str:
        return self.sessions.begin(self.ann.subject, BY_WORD)


@pytest.fixture
def world() -> World:
    return World()


def test_a_login_is_found_by_its_id_and_by_nothing_else(world: World) -> None:
    session_id = world.sign_in()
    found = world.sessions.find(session_id)
    assert found is not None
    assert (found.subject, found.name, found.amr) == (world.ann.subject, "ann", "pwd")
    assert found.authenticated_at == world.clock.now()
    for other in ("", "x", session_id[:-1], session_id + "A", session_id[:-1] + "é", hash_of(session_id)):
        assert world.sessions.find(other) is None


def test_each_login_has_an_id_of_its_own_and_the_store_has_none_of_them(world: World) -> None:
    ids = {world.sign_in() for _ in range(20)}
    assert len(ids) == 20
    assert not ids & set(world.store.live)


def test_a_session_ends_when_it_rests_too_long(world: World) -> None:
    session_id = world.sign_in()
    world.clock.time += 2 * HOUR - 1
    assert world.sessions.find(session_id) is not None
    world.clock.time += 2 * HOUR - 1
    assert world.sessions.find(session_id) is not None
    world.clock.time += 2 * HOUR
    assert world.sessions.find(session_id) is None


def test_a_session_ends_at_its_lifetime_however_much_it_is_used(world: World) -> None:
    session_id = world.sign_in()
    for _ in range(11):
        world.clock.time += HOUR
        assert world.sessions.find(session_id) is not None
    world.clock.time += HOUR - 1
    assert world.sessions.find(session_id) is not None
    world.clock.time += 1
    assert world.sessions.find(session_id) is None


def test_a_shorter_lifetime_counts_for_sessions_that_exist(world: World) -> None:
    session_id = world.sign_in()
    world.clock.time += HOUR
    strict = SessionPolicy(lifetime_seconds=HOUR, idle_seconds=HOUR)
    assert world.new(strict).find(session_id) is None


def test_looking_often_writes_seldom(world: World) -> None:
    session_id = world.sign_in()
    for _ in range(120):
        world.clock.time += 1
        world.sessions.find(session_id)
    assert world.store.writes == 2


def test_logout_ends_the_session_and_no_other(world: World) -> None:
    first, second = world.sign_in(), world.sign_in()
    world.sessions.end(first)
    world.sessions.end(first)
    world.sessions.end("nonsense é")
    assert world.sessions.find(first) is None
    assert world.sessions.find(second) is not None


def test_every_browser_can_be_signed_out(world: World) -> None:
    world.people.link_wallet(world.ann.id, ADDRESS)
    ids = [world.sign_in(), world.sign_in(), world.sessions.begin(WALLET, BY_WALLET)]
    wallet = world.sessions.begin(WALLET[:-1] + "8", BY_WALLET)
    who = world.sessions.find(ids[0])
    assert who is not None
    assert world.sessions.end_all(who) == 3
    assert [world.sessions.find(one) for one in ids] == [None] * 3
    assert world.sessions.find(wallet) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.people.set_password(world.ann.id, "another hash"),
        lambda world: world.people.change(world.ann.id, state=PersonState.DISABLED),
        lambda world: world.people.change(world.ann.id, state=PersonState.REMOVED),
        lambda world: world.people.change(world.ann.id, is_admin=True),
    ],
    ids=["password", "disabled", "removed", "rights"],
)
def test_a_change_of_the_person_ends_their_sessions(change: Callable[[World], object]) -> None:
    world = World()
    world.people.add(
        Person(
            id="2" * 32, username="root", display_name="", email=None, state=PersonState.ACTIVE,
            is_admin=True, version=1, created_at=world.clock.now(),
        ),
        None,
    )  # fmt: skip
    session_id = world.sign_in()
    change(world)
    assert world.sessions.find(session_id) is None


def test_a_person_who_is_enabled_again_signs_in_again(world: World) -> None:
    session_id = world.sign_in()
    world.people.change(world.ann.id, state=PersonState.DISABLED)
    world.people.change(world.ann.id, state=PersonState.ACTIVE)
    assert world.sessions.find(session_id) is None
    assert world.sessions.find(world.sign_in()) is not None


def test_a_disabled_person_does_not_sign_in(world: World) -> None:
    world.people.link_wallet(world.ann.id, ADDRESS)
    world.people.change(world.ann.id, state=PersonState.DISABLED)
    for subject, amr in ((world.ann.subject, BY_WORD), (WALLET, BY_WALLET)):
        with pytest.raises(NotSignedIn):
            world.sessions.begin(subject, amr)
    assert not world.store.live


def test_logins_are_written_down_without_their_ids(world: World) -> None:
    session_id = world.sign_in()
    (event,) = world.audit.events
    assert (event.event, event.actor, dict(event.details)) == (
        "session.begin",
        world.ann.subject,
        {"amr": "pwd"},
    )
    assert session_id not in repr(event)


def test_a_session_knows_how_long_ago_the_login_was(world: World) -> None:
    session_id = world.sign_in()
    world.clock.time += 600
    who = world.sessions.find(session_id)
    assert who is not None
    assert world.sessions.age(who) == 600


def test_a_wallet_of_nobody_signs_in_as_itself(world: World) -> None:
    found = world.sessions.find(world.sessions.begin(WALLET, BY_WALLET))
    assert found is not None
    assert (found.subject, found.name, found.person, found.amr) == (WALLET, ADDRESS, None, "siwe")


def test_a_linked_wallet_signs_in_as_its_person_until_it_is_unlinked(world: World) -> None:
    world.people.link_wallet(world.ann.id, ADDRESS)
    session_id = world.sessions.begin(WALLET, BY_WALLET)
    found = world.sessions.find(session_id)
    assert found is not None
    assert (found.subject, found.name) == (world.ann.subject, "ann")
    world.people.unlink_wallet(world.ann.id, ADDRESS)
    assert world.sessions.find(session_id) is None


def test_linking_a_wallet_ends_the_sessions_it_had_by_itself(world: World) -> None:
    session_id = world.sessions.begin(WALLET, BY_WALLET)
    world.people.link_wallet(world.ann.id, ADDRESS)
    assert world.sessions.find(session_id) is None


def test_logging_in_takes_away_sessions_long_over(world: World) -> None:
    world.sign_in()
    world.clock.time += 15 * HOUR
    world.sign_in()
    assert len(world.store.live) == 1


def test_a_store_that_is_down_is_not_a_logout(world: World) -> None:
    session_id = world.sign_in()
    world.store.is_down = True
    with pytest.raises(StoreUnavailable):
        world.sessions.find(session_id)
    with pytest.raises(StoreUnavailable):
        world.sign_in()
