"""Signing in on a device: who may answer, what is handed out, and how often one may ask."""

import threading
from dataclasses import dataclass, field

import pytest

from services.auth.domain.device import (
    AuthorizationPending,
    DeviceDenied,
    DeviceState,
    PolledTooSoon,
    UnknownUserCode,
    shown,
)
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.grants import Grant, GrantOutlived, GrantRevoked, UnknownGrant
from services.auth.domain.people import TooManyGuesses
from services.auth.domain.scopes import UnknownScope
from services.auth.usecases.device import Approval, DeviceLogin
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_device import MemoryDeviceRequests
from tests.fakes.auth_people import MemoryAudit, MemoryGuesses

PEER = "192.0.2.7"
YES = Approval(subject="person:1", scopes=("openid", "job:read"), details={"amr": "pwd", "auth_time": 5})


class GrantBook:
    """As much of the port Grants as signing in on a device asks for."""

    def __init__(self) -> None:
        self.kept: dict[str, Grant] = {}

    def get(self, grant_id: str) -> Grant | None:
        return self.kept.get(grant_id)


@dataclass
class Door:
    clock: FrozenClock = field(default_factory=FrozenClock)
    grants: GrantBook = field(default_factory=GrantBook)

    def __post_init__(self) -> None:
        self.guesses = MemoryGuesses(self.clock)
        self.audit = MemoryAudit(self.clock)
        self.store = MemoryDeviceRequests(lambda grant: self.grants.kept.update({grant.id: grant}))
        self.login = DeviceLogin(
            self.store,
            self.grants,  # type: ignore[arg-type]
            self.guesses,
            self.audit,
            self.clock,
            3600,
        )


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_device_that_was_approved_gets_the_grant_once(door: Door) -> None:
    started = door.login.start("c", ("openid", "profile", "job:read"))
    assert (started.expires_in, started.interval) == (600, 5)
    with pytest.raises(AuthorizationPending):
        door.login.exchange(started.device_code, "c")

    found = door.login.find(shown(started.user_code).lower(), PEER)
    assert (found.client_id, found.scopes) == ("c", ("openid", "profile", "job:read"))
    door.login.approve(shown(started.user_code), PEER, YES)

    grant = door.login.exchange(started.device_code, "c")
    assert (grant.subject, grant.client_id, grant.flow) == ("person:1", "c", "device")
    assert grant.scopes == ("openid", "job:read")
    assert grant.details == {"amr": "pwd", "auth_time": 5}
    assert grant.expires_at == door.clock.now() + 3600
    with pytest.raises(UnknownGrant):
        door.login.exchange(started.device_code, "c")
    assert [(event.event, event.actor, event.client_id) for event in door.audit.events] == [
        ("device.approve", "person:1", "c")
    ]


def test_what_the_device_asked_for_stays_in_the_grant(door: Door) -> None:
    started = door.login.start("c", ("openid",), {"vo": "v"})
    door.login.approve(started.user_code, PEER, Approval(subject="person:1", scopes=("openid",)))
    assert door.login.exchange(started.device_code, "c").details == {"vo": "v"}


def test_nobody_agrees_to_more_than_was_asked_for(door: Door) -> None:
    started = door.login.start("c", ("openid",))
    with pytest.raises(UnknownScope):
        door.login.approve(started.user_code, PEER, YES)
    with pytest.raises(AuthorizationPending):
        door.login.exchange(started.device_code, "c")


def test_a_denied_device_gets_nothing(door: Door) -> None:
    started = door.login.start("c", ("openid",))
    door.login.deny(started.user_code, PEER, "person:1")
    with pytest.raises(DeviceDenied):
        door.login.exchange(started.device_code, "c")
    assert door.grants.kept == {}
    assert [event.event for event in door.audit.events] == ["device.deny"]


@pytest.mark.parametrize("answer", [None, "yes", "no"])
def test_an_expired_device_is_told_so(door: Door, answer: str | None) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    if answer == "yes":
        door.login.approve(started.user_code, PEER, YES)
    if answer == "no":
        door.login.deny(started.user_code, PEER, "person:1")
    door.clock.time += 600
    with pytest.raises(GrantOutlived):
        door.login.exchange(started.device_code, "c")
    with pytest.raises(UnknownUserCode):
        door.login.approve(started.user_code, PEER, YES)


@pytest.mark.parametrize("code", ["", "x" * 43, "x" * 5000, "ä", "\0", "\ud800"])
def test_an_unknown_device_code_is_no_grant(door: Door, code: str) -> None:
    with pytest.raises(UnknownGrant):
        door.login.exchange(code, "c")


def test_another_clients_device_code_is_no_grant_and_stays_good(door: Door) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    door.login.approve(started.user_code, PEER, YES)
    with pytest.raises(UnknownGrant):
        door.login.exchange(started.device_code, "another")
    assert door.login.exchange(started.device_code, "c").subject == "person:1"


def test_a_grant_that_was_withdrawn_meanwhile_is_not_handed_out(door: Door) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    door.login.approve(started.user_code, PEER, YES)
    door.grants.kept.clear()
    with pytest.raises(GrantRevoked):
        door.login.exchange(started.device_code, "c")


def test_who_keeps_the_interval_is_not_slowed_down_and_who_does_not_is(door: Door) -> None:
    started = door.login.start("c", ("openid",))
    expected = [(0, AuthorizationPending), (3.9, PolledTooSoon), (0.1, AuthorizationPending)]
    for seconds, error in [*expected, *[(4.6, AuthorizationPending)] * 20]:
        door.clock.time += seconds
        with pytest.raises(error):
            door.login.exchange(started.device_code, "c")


def test_diracx_is_not_slowed_down(door: Door) -> None:
    started = door.login.start("myDIRACClientID", ("openid",))
    assert started.interval == 2
    for _ in range(20):
        with pytest.raises(AuthorizationPending):
            door.login.exchange(started.device_code, "myDIRACClientID")


def test_an_approved_device_gets_its_grant_however_soon_it_asks(door: Door) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    with pytest.raises(AuthorizationPending):
        door.login.exchange(started.device_code, "c")
    door.login.approve(started.user_code, PEER, YES)
    assert door.login.exchange(started.device_code, "c").subject == "person:1"


def test_of_simultaneous_polls_one_gets_the_grant(door: Door) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    door.login.approve(started.user_code, PEER, YES)
    got: list[object] = []
    barrier = threading.Barrier(8)

    def poll() -> None:
        barrier.wait()
        try:
            got.append(door.login.exchange(started.device_code, "c"))
        except UnknownGrant as error:
            got.append(error)

    threads = [threading.Thread(target=poll) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(item) for item in got].count(Grant) == 1


def test_an_answer_counts_once(door: Door) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    door.login.deny(started.user_code, PEER, "person:1")
    for answer in (
        lambda: door.login.approve(started.user_code, PEER, YES),
        lambda: door.login.deny(started.user_code, PEER, "person:1"),
    ):
        with pytest.raises(UnknownUserCode):
            answer()
    assert door.store.by_device_code(next(iter(door.store.rows))).state is DeviceState.DENIED  # type: ignore[union-attr]


def test_guesses_lock_their_address_and_no_other(door: Door) -> None:
    started = door.login.start("c", ("openid",))
    for number in range(5):
        door.login.find(started.user_code, PEER)  # a right one between does not help
        with pytest.raises(UnknownUserCode):
            door.login.find("BBBB-BBB" + "BCDFG"[number], PEER)
    for work in (
        lambda: door.login.find(started.user_code, PEER),
        lambda: door.login.approve(started.user_code, PEER, YES),
        lambda: door.login.deny(started.user_code, PEER, "person:1"),
    ):
        with pytest.raises(TooManyGuesses):
            work()
    assert door.login.find(started.user_code, "192.0.2.8").client_id == "c"
    door.clock.time += 1.1
    assert door.login.find(started.user_code, PEER).client_id == "c"


def test_simultaneous_guesses_are_all_counted(door: Door) -> None:
    outcomes: list[type[Exception]] = []
    barrier = threading.Barrier(12)

    def guess() -> None:
        barrier.wait()
        try:
            door.login.find("BBBB-BBBB", PEER)
        except (UnknownUserCode, TooManyGuesses) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(UnknownUserCode) == 5
    assert outcomes.count(TooManyGuesses) == 7


def test_a_slip_is_no_guess(door: Door) -> None:
    for text in ("", "BBBB", "AEIO-UAEI") * 4:
        with pytest.raises(UnknownUserCode):
            door.login.find(text, PEER)
    started = door.login.start("c", ("openid",))
    assert door.login.find(started.user_code, PEER).client_id == "c"


def test_asking_takes_old_requests_away(door: Door) -> None:
    old = door.login.start("c", ("openid",))
    door.clock.time += 600 + 3599
    door.login.start("c", ("openid",))
    with pytest.raises(GrantOutlived):
        door.login.exchange(old.device_code, "c")
    door.clock.time += 2
    door.login.start("c", ("openid",))
    assert len(door.store.rows) == 2
    with pytest.raises(UnknownGrant):
        door.login.exchange(old.device_code, "c")


def test_nothing_is_handed_out_while_the_store_is_down(door: Door) -> None:
    started = door.login.start("c", ("openid", "job:read"))
    door.login.approve(started.user_code, PEER, YES)
    door.store.is_down = True
    with pytest.raises(StoreUnavailable):
        door.login.exchange(started.device_code, "c")
    door.store.is_down = False
    assert door.login.exchange(started.device_code, "c").subject == "person:1"


def test_codes_do_not_show_themselves(door: Door) -> None:
    started = door.login.start("c", ("openid",))
    assert started.device_code not in repr(started)
    assert started.user_code not in repr(started)
