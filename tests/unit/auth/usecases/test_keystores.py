"""Keystore logins: what is derived when, what is remembered, who is locked out."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from libs.signing import keystores as library
from libs.signing.keystores import Scrypt
from libs.web.principal import WALLET
from services.auth.domain import keystores as domain
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.guesses import FREE_OF_PEER
from services.auth.domain.keystores import KeystoreIdentity, KeystoreLoginRefused, TooManyDerivations
from services.auth.domain.people import PersonState, TooManyGuesses
from services.auth.usecases.keystores import Derivations, KeystoreLogins, KeystoreResolver, Remembered
from services.auth.usecases.resolvers import Subjects
from tests.dcp_vectors import VECTORS, A, B, KeystoreVector, basic
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_keys import person
from tests.fakes.auth_people import MemoryAudit, MemoryGuesses, MemoryPeople
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("dcp 2.1", "dcp 2.3")

PEER = "192.0.2.7"


class World:
    def __init__(self, derivations: Derivations | None = None) -> None:
        self.clock = FrozenClock()
        self.guesses = MemoryGuesses(self.clock)
        self.audit = MemoryAudit(self.clock)
        self.people = MemoryPeople(self.clock)
        self.logins = KeystoreLogins(self.guesses, self.audit, self.clock, derivations)
        self.resolver = KeystoreResolver(self.logins, Subjects(self.people))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The parameters of every scrypt that ran."""
    real = Scrypt.derive
    asked: list[Any] = []

    def counted(self: Scrypt, password: bytes) -> bytes:
        asked.append((self.n, password))
        return real(self, password)

    monkeypatch.setattr(Scrypt, "derive", counted)
    return asked


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_contracts_headers_are_their_wallets(world: World, vector: KeystoreVector) -> None:
    assert world.logins.basic(vector.credentials, PEER) == KeystoreIdentity(vector.address, "")


@pytest.mark.parametrize(
    "credentials",
    [
        basic(A.keystore.replace(A.address[2:].lower(), "0" * 40), A.password),
        basic(A.keystore.replace('"n":1024', '"n":1048576'), A.password),
        basic(A.keystore, "nope"),
        basic(A.keystore, ""),
        basic(A.keystore, A.password + b"\n\n"),
        basic(B.keystore, A.password),
    ],
)
def test_what_does_not_open_is_refused(world: World, credentials: str) -> None:
    with pytest.raises(KeystoreLoginRefused) as caught:
        world.logins.basic(credentials, PEER)
    (event,) = world.audit.events
    assert (event.event, event.outcome, event.subject) == ("login.keystore", "refused", "")
    assert event.details == {"cause": caught.value.cause}
    assert "myepic" not in str(event)


def test_a_line_end_behind_the_password_is_forgiven(world: World) -> None:
    assert world.logins.basic(basic(A.keystore, A.password + b"\n"), PEER).address == A.address
    assert world.logins.basic(basic(A.keystore, A.password + b"\r\n"), PEER).address == A.address


def test_limits_are_looked_at_before_anything_is_derived(world: World, derived: list[Any]) -> None:
    with pytest.raises(KeystoreLoginRefused):
        world.logins.basic(basic(A.keystore.replace('"n":1024', '"n":1048576'), A.password), PEER)
    assert derived == []


def test_a_known_header_is_not_derived_again_until_its_time_is_over(world: World, derived: list[Any]) -> None:
    for _ in range(3):
        assert world.logins.basic(A.credentials, PEER).address == A.address
    assert len(derived) == 1
    world.clock.time += 299
    world.logins.basic(A.credentials, PEER)
    assert len(derived) == 1
    world.clock.time += 1
    world.logins.basic(A.credentials, PEER)
    assert len(derived) == 2
    assert [event.subject for event in world.audit.events] == [WALLET + A.address] * 2


def test_the_same_keystore_with_another_password_is_no_known_header(world: World) -> None:
    world.logins.basic(A.credentials, PEER)
    with pytest.raises(KeystoreLoginRefused):
        world.logins.basic(basic(A.keystore, "nope"), PEER)
    world.logins.form(A.keystore, A.password.decode(), PEER)
    with pytest.raises(KeystoreLoginRefused):
        world.logins.form(A.keystore, "nope", PEER)


def test_neither_keys_nor_passwords_stay_behind(world: World) -> None:
    world.logins.basic(A.credentials, PEER)
    kept = repr(vars(world.logins._remembered))
    for secret in (A.private_key.hex(), repr(A.private_key), "myepic", A.credentials[:40], "acd08938"):
        assert secret not in kept


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    clock = FrozenClock()
    remembered = Remembered(clock, seconds=10, most=3)
    identities = [KeystoreIdentity(str(number), "") for number in range(5)]
    for identity in identities:
        remembered.put(remembered.key(identity.address), identity)
    found = [remembered.get(remembered.key(identity.address)) for identity in identities]
    assert found == [None, None, *identities[2:]]
    clock.time += 10
    remembered.put(remembered.key("new"), identities[0])
    assert len(remembered) == 1


def test_texts_are_told_apart_wherever_they_are_cut() -> None:
    remembered = Remembered(FrozenClock())
    assert len({remembered.key(*texts) for texts in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""))}) == 4


def test_a_peer_that_fails_often_waits_and_a_known_header_still_counts(
    world: World, derived: list[Any]
) -> None:
    world.logins.basic(A.credentials, PEER)
    for _ in range(FREE_OF_PEER):
        with pytest.raises(KeystoreLoginRefused):
            world.logins.basic(basic(A.keystore, "nope"), PEER)
    derived.clear()
    with pytest.raises(TooManyGuesses) as caught:
        world.logins.basic(B.credentials, PEER)
    assert caught.value.retry_after >= 1
    assert derived == []
    assert world.logins.basic(A.credentials, PEER).address == A.address
    assert world.logins.basic(B.credentials, "192.0.2.8").address == B.address


def test_a_success_does_not_clear_what_was_counted(world: World) -> None:
    """Anybody can make a keystore that opens."""
    for number in range(FREE_OF_PEER):
        with pytest.raises(KeystoreLoginRefused):
            world.logins.basic(basic(A.keystore, f"nope{number}"), PEER)
        world.clock.time += 0.001
        if number < FREE_OF_PEER - 1:
            world.logins.form(A.keystore, A.password.decode(), PEER)
    with pytest.raises(TooManyGuesses):
        world.logins.basic(A.credentials, PEER)


class Blocking:
    """Derivations that wait until they are let go, and how many ran at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.running = 0
        self.most = 0
        self.calls = 0
        self._lock = threading.Lock()
        real = Scrypt.derive

        def derive(kdf: Scrypt, password: bytes) -> bytes:
            with self._lock:
                self.running += 1
                self.calls += 1
                self.most = max(self.most, self.running)
            self.go.wait(30)
            with self._lock:
                self.running -= 1
            return real(Scrypt(kdf.salt, 1024, 8, 1), password)

        monkeypatch.setattr(Scrypt, "derive", derive)


EXPENSIVE = [A.keystore.replace('"n":1024', f'"n":{1 << power}') for power in (13, 14, 15, 16, 17, 18)]


def in_threads(works: list[Callable[[], object]]) -> tuple[list[threading.Thread], list[object]]:
    outcomes: list[object] = []

    def run(work: Callable[[], object]) -> None:
        try:
            outcomes.append(work())
        except TooManyDerivations as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    return threads, outcomes


def logging_in(world: World, keystore: str) -> Callable[[], object]:
    return lambda: world.logins.basic(basic(keystore, A.password), PEER)


def test_two_expensive_keystores_at_once_and_the_cheap_ones_pass_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.logins.basic(B.credentials, PEER)
    blocking = Blocking(monkeypatch)
    threads, outcomes = in_threads([logging_in(world, keystore) for keystore in EXPENSIVE])
    wait_for(lambda: blocking.running == 2, "two derivations", 10)
    wait_for(lambda: world.logins._derivations._room._value == 0, "all queue up", 10)
    with pytest.raises(TooManyDerivations) as caught:  # two run, four wait
        world.logins.basic(basic(EXPENSIVE[0], "other"), PEER)
    assert caught.value.retry_after > 0
    assert world.logins.basic(B.credentials, PEER).address == B.address
    cheap, opened = in_threads([logging_in(world, A.keystore)])
    wait_for(lambda: blocking.running == 3, "a cheap one runs beside them", 10)
    blocking.go.set()
    for thread in threads + cheap:
        thread.join()
    assert outcomes == [KeystoreIdentity(A.address, "")] * 6
    assert opened == [KeystoreIdentity(A.address, "")]
    assert blocking.most == 3
    assert world.logins.basic(basic(EXPENSIVE[0], A.password), PEER).address == A.address


def test_who_waits_too_long_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(Derivations(most=1, waiting=2, wait_seconds=0.05))
    blocking = Blocking(monkeypatch)
    threads, outcomes = in_threads([logging_in(world, EXPENSIVE[0])])
    wait_for(lambda: blocking.running == 1, "a derivation", 10)
    with pytest.raises(TooManyDerivations):
        world.logins.basic(basic(EXPENSIVE[1], A.password), PEER)
    blocking.go.set()
    threads[0].join()
    assert outcomes == [KeystoreIdentity(A.address, "")]
    assert world.logins.basic(basic(EXPENSIVE[1], A.password), PEER).address == A.address
    assert all(event.outcome == "ok" for event in world.audit.events)  # being sent away is no wrong guess


def test_who_waited_for_the_very_same_keystore_derives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(Derivations(most=1, waiting=8))
    blocking = Blocking(monkeypatch)
    threads, outcomes = in_threads([logging_in(world, EXPENSIVE[0])] * 5)
    wait_for(lambda: world.logins._derivations._room._value == 4, "all queue up", 10)
    blocking.go.set()
    for thread in threads:
        thread.join()
    assert outcomes == [KeystoreIdentity(A.address, "")] * 5
    assert blocking.calls == 1


def test_no_memory_is_not_a_wrong_password(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def derive(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(library.hashlib, "scrypt", derive)
    with pytest.raises(TooManyDerivations):
        world.logins.basic(A.credentials, PEER)
    assert world.audit.events == []


def test_a_wallet_of_nobodys_is_itself(world: World) -> None:
    found = world.resolver.resolve(A.credentials, PEER).principal
    assert (found.subject, found.wallets, found.credential) == (WALLET + A.address, (A.address,), "keystore")
    assert found.may("job:read", "job:write", "accounts:read", "keys")
    assert not found.may("admin")


def test_a_linked_wallet_is_its_person_until_the_person_is_disabled(world: World) -> None:
    ada = person("ada")
    world.people.add(ada, None)
    world.people.link_wallet(ada.id, A.address)
    found = world.resolver.resolve(A.credentials, PEER)
    assert (found.principal.subject, found.subjects) == (ada.subject, (WALLET + A.address,))
    world.people.change(ada.id, state=PersonState.DISABLED)
    with pytest.raises(CredentialRefused):
        world.resolver.resolve(A.credentials, PEER)


def test_what_does_not_open_is_a_refused_credential(world: World) -> None:
    for credentials in ("", "x", basic(A.keystore, "nope"), "A" * (domain.MAX_HEADER_CHARS + 1)):
        assert world.resolver.accepts(credentials)
        with pytest.raises(CredentialRefused):
            world.resolver.resolve(credentials, PEER)
