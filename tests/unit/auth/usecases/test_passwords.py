"""Who signs in with a password: one answer for all who may not, guesses counted, no owner locked out."""

import threading
from dataclasses import dataclass, field

import pytest

from services.auth.domain.guesses import MOST_LOCK_SECONDS, network_of
from services.auth.domain.people import (
    BadPassword,
    PasswordsBusy,
    Person,
    PersonState,
    TooManyGuesses,
    WrongPassword,
    check_password,
)
from services.auth.usecases.passwords import Passwords
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_people import MemoryAudit, MemoryGuesses, MemoryPeople, PlainHasher

pytestmark = pytest.mark.clause("openpai 3.1")

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"
RIGHT = "correct horse"


@dataclass
class Desk:
    clock: FrozenClock = field(default_factory=FrozenClock)
    hasher: PlainHasher = field(default_factory=PlainHasher)

    def __post_init__(self) -> None:
        self.people = MemoryPeople(self.clock)
        self.guesses = MemoryGuesses(self.clock)
        self.audit = MemoryAudit(self.clock)
        self.passwords = Passwords(self.people, self.hasher, self.guesses, self.audit)

    def add(self, username: str = "ada", stored: str | None = "plain$" + RIGHT) -> Person:
        number = len(self.people.page("", 100)) + 1
        person = Person(
            id=f"{number:032x}",
            username=username,
            display_name=username,
            email=None,
            state=PersonState.ACTIVE,
            is_admin=False,
            version=1,
            created_at=0.0,
        )
        self.people.add(person, stored)
        return person

    def guess(self, username: str = "ada", password: str = "wrong one", peer: str = HOME) -> str:
        try:
            return self.passwords.check(username, password, peer).username
        except (WrongPassword, TooManyGuesses) as error:
            return type(error).__name__


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_right_password_gives_the_person(desk: Desk) -> None:
    added = desk.add()
    assert desk.passwords.check("ada", RIGHT, HOME) == added
    assert desk.passwords.check("ada", RIGHT) == added
    [event, _] = desk.audit.events
    assert (event.event, event.outcome, event.subject) == ("login.password", "ok", added.subject)


@pytest.mark.parametrize("password", ["", "wrong", RIGHT + " ", "x" * 5000, "a\0b", "\ud800", RIGHT.upper()])
def test_wrong_passwords(desk: Desk, password: str) -> None:
    desk.add()
    with pytest.raises(WrongPassword):
        desk.passwords.check("ada", password, HOME)
    assert desk.hasher.looked_at == ["plain$" + RIGHT]


def test_too_long_password_is_wrong_even_where_it_is_stored(desk: Desk) -> None:
    desk.add(stored="plain$" + "x" * 1025)
    desk.add("eve", stored="plain$")
    assert desk.guess(password="x" * 1025) == "WrongPassword"
    assert desk.guess("eve", "x" * 1025) == "WrongPassword"


@pytest.mark.parametrize("case", ["unknown", "disabled", "removed", "no password", "no name", "strange name"])
def test_who_may_not_sign_in_is_told_the_same_after_the_same_work(desk: Desk, case: str) -> None:
    names = {"unknown": "nobody", "no name": "", "strange name": "a b\0"}
    person = desk.add(stored=None if case == "no password" else "plain$" + RIGHT)
    if case in ("disabled", "removed"):
        desk.people.change(person.id, state=PersonState(case))
    with pytest.raises(WrongPassword) as caught:
        desk.passwords.check(names.get(case, "ada"), RIGHT, HOME)
    assert str(caught.value) == ""
    assert len(desk.hasher.looked_at) == 1
    assert [event.outcome for event in desk.audit.events] == ["refused"]
    assert desk.audit.events[0].details == {}


def test_unknown_names_are_locked_as_known_ones_are(desk: Desk) -> None:
    desk.add()
    answers = {name: [desk.guess(name, peer=name) for _ in range(7)] for name in ("ada", "nobody")}
    assert answers["ada"] == answers["nobody"] == ["WrongPassword"] * 5 + ["TooManyGuesses"] * 2


def test_lock_ends_and_a_right_password_clears_the_count(desk: Desk) -> None:
    desk.add()
    for _ in range(5):
        desk.guess()
    assert desk.guess(password=RIGHT) == "TooManyGuesses"
    desk.clock.time += 1
    assert desk.guess(password=RIGHT) == "ada"
    assert [desk.guess() for _ in range(6)] == ["WrongPassword"] * 5 + ["TooManyGuesses"]
    assert [event.outcome for event in desk.audit.events].count("locked") == 2


def test_whoever_guesses_elsewhere_does_not_keep_the_owner_out(desk: Desk) -> None:
    """An administrator comes in from an address that worked before, whatever strangers do, and for ever."""
    desk.add()
    assert desk.guess(password=RIGHT, peer=HOME) == "ada"
    for day in range(40):
        desk.clock.time += MOST_LOCK_SECONDS
        for number in range(6):
            desk.guess(peer=f"198.51.{day}.{number}")
        assert desk.guess(password=RIGHT, peer="203.0.113.5") == "TooManyGuesses"
        assert desk.guess(password=RIGHT, peer=HOME) == "ada"
        desk.passwords.unlock("nobody")
    desk.passwords.unlock("ada")
    assert desk.guess(password=RIGHT, peer="203.0.113.5") == "ada"


def test_known_address_is_locked_by_its_own_guesses(desk: Desk) -> None:
    desk.add()
    desk.guess(password=RIGHT)
    assert [desk.guess() for _ in range(6)] == ["WrongPassword"] * 5 + ["TooManyGuesses"]
    assert desk.guess(password=RIGHT) == "TooManyGuesses"


def test_one_address_that_guesses_at_many_names_is_locked(desk: Desk) -> None:
    answers = [desk.guess(f"user{number}") for number in range(52)]
    assert answers == ["WrongPassword"] * 50 + ["TooManyGuesses"] * 2
    assert desk.guess("user99", peer=ELSEWHERE) == "WrongPassword"


def test_honest_logins_do_not_wear_an_address_out_nor_wash_it_clean(desk: Desk) -> None:
    desk.add()
    for _ in range(100):
        assert desk.guess(password=RIGHT) == "ada"
    for number in range(49):
        desk.guess(f"user{number}")
        assert desk.guess(password=RIGHT) == "ada"
    assert desk.guess("user49") == "WrongPassword"
    assert desk.guess(password=RIGHT) == "TooManyGuesses"


def test_malformed_names_count_for_the_address(desk: Desk) -> None:
    assert [desk.guess("a b") for _ in range(51)] == ["WrongPassword"] * 50 + ["TooManyGuesses"]


def test_simultaneous_guesses_are_all_counted(desk: Desk) -> None:
    desk.add()
    answers: list[str] = []
    barrier = threading.Barrier(30)

    def run() -> None:
        barrier.wait()
        answers.append(desk.guess())

    threads = [threading.Thread(target=run) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["TooManyGuesses"] * 25 + ["WrongPassword"] * 5
    assert len(desk.hasher.looked_at) == 5


def test_guess_that_was_never_looked_at_is_not_counted(desk: Desk) -> None:
    desk.add()
    desk.hasher.is_busy = True
    for _ in range(20):
        with pytest.raises(PasswordsBusy):
            desk.passwords.check("ada", RIGHT, HOME)
    desk.hasher.is_busy = False
    assert desk.guess(password=RIGHT) == "ada"


def test_outdated_hash_is_renewed_at_the_first_login(desk: Desk) -> None:
    person = desk.add(stored="old$" + RIGHT)
    assert desk.guess() == "WrongPassword"
    assert desk.people.password_hash(person.id) == "old$" + RIGHT
    assert desk.guess(password=RIGHT) == "ada"
    assert desk.people.password_hash(person.id) == "plain$" + RIGHT
    found = desk.people.by_id(person.id)
    assert found is not None
    assert found.version == 1


def test_new_password_ends_the_tokens_of_the_old_one(desk: Desk) -> None:
    person = desk.add()
    desk.passwords.change(person.id, "another one")
    found = desk.people.by_id(person.id)
    assert found is not None
    assert found.version == 2
    assert (desk.guess(), desk.guess(password="another one")) == ("WrongPassword", "ada")
    desk.passwords.change(person.id, None)
    assert desk.guess(password="another one") == "WrongPassword"


@pytest.mark.parametrize(
    "password", ["", "12345", "x" * 1025, "ä" * 513, "abc\0defg", "\0\0\0\0\0\0", "abc\ud800def"]
)
def test_what_may_not_be_a_password(desk: Desk, password: str) -> None:
    person = desk.add()
    with pytest.raises(BadPassword) as caught:
        desk.passwords.change(person.id, password)
    assert len(password) < 3 or password not in caught.value.reason
    assert desk.guess(password=RIGHT) == "ada"


@pytest.mark.parametrize(
    "password", ["123456", "      ", "ä" * 512, "x" * 1024, "пароль", "🐎🐎🐎🐎🐎🐎", "a\tb\nc d"]
)
def test_what_may(password: str) -> None:
    check_password(password)


def test_passwords_are_not_normalised(desk: Desk) -> None:
    desk.add(stored="plain$caf\u00e9 noir")
    assert desk.guess(password="cafe\u0301 noir") == "WrongPassword"
    assert desk.guess(password="caf\u00e9 noir") == "ada"


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("not an address", "unknown"),
    ],
)
def test_networks(peer: str, network: str) -> None:
    assert network_of(peer) == network
