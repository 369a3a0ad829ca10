"""What a service remembers of principals: one small question per request, and never a stale yes."""

import threading
from dataclasses import replace

import pytest

from libs.web.credentials import Caller, Credential
from libs.web.gate import Refused, TooManyTries
from libs.web.http import PeerUnavailable
from libs.web.principal import Principal
from libs.web.remembered_principals import Answer, RememberedPrincipals
from tests.fakes.principals import KnownCaller

ALICE = Principal(subject="person:1", name="alice", display_name="Alice", credential="token")
TOKEN = Credential("bearer", "alice's token")
CALLER = KnownCaller(window="native", peer="203.0.113.9")


class Auth:
    """Resolving: one answer for all, and what was asked."""

    def __init__(self) -> None:
        self.answer = Answer(principal=ALICE, buckets=(7,), values=(1,), remember_until=2000.0)
        self.now = {7: 1}
        self.asked: list[str] = []
        self.trouble: Exception | None = None
        self.resolving_trouble: Exception | None = None

    def resolve(self, credential: Credential, caller: Caller) -> Answer:
        self.asked.append(f"resolve {credential.value}")
        trouble = self.trouble or self.resolving_trouble
        if trouble is not None:
            raise trouble
        return self.answer

    def stamps(self, buckets: tuple[int, ...]) -> tuple[int, ...]:
        self.asked.append(f"stamp {buckets[0]}")
        if self.trouble is not None:
            raise self.trouble
        return tuple(self.now[bucket] for bucket in buckets)


class Clock:
    time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def principals(auth: Auth, clock: Clock) -> RememberedPrincipals:
    return RememberedPrincipals(auth, now=clock, most=3)


def test_the_first_request_resolves_and_later_ones_ask_for_the_stamp(
    auth: Auth, principals: RememberedPrincipals
) -> None:
    for _ in range(3):
        assert principals.principal(TOKEN, CALLER) == ALICE
    assert auth.asked == ["resolve alice's token", "stamp 7", "stamp 7"]


def test_a_moved_stamp_means_resolving_again(auth: Auth, principals: RememberedPrincipals) -> None:
    principals.principal(TOKEN, CALLER)
    auth.now[7] = 2
    auth.answer = replace(auth.answer, values=(2,), principal=replace(ALICE, name="renamed"))
    assert principals.principal(TOKEN, CALLER).name == "renamed"
    assert principals.principal(TOKEN, CALLER).name == "renamed"
    assert auth.asked == ["resolve alice's token", "stamp 7", "resolve alice's token", "stamp 7"]


def test_a_revoked_credential_is_refused_by_the_next_request_and_not_remembered(
    auth: Auth, principals: RememberedPrincipals
) -> None:
    principals.principal(TOKEN, CALLER)
    auth.now[7] = 2
    auth.resolving_trouble = Refused()
    for _ in range(2):
        with pytest.raises(Refused):
            principals.principal(TOKEN, CALLER)
    assert auth.asked[1:] == ["stamp 7", "resolve alice's token", "stamp 7", "resolve alice's token"]


@pytest.mark.parametrize("trouble", [PeerUnavailable("auth", "away"), TooManyTries(7), Refused()])
def test_trouble_is_passed_on_whether_or_not_something_is_remembered(
    auth: Auth, principals: RememberedPrincipals, trouble: Exception
) -> None:
    auth.trouble = trouble
    with pytest.raises(type(trouble)):
        principals.principal(TOKEN, CALLER)
    auth.trouble = None
    principals.principal(TOKEN, CALLER)
    auth.trouble = PeerUnavailable("auth", "away")
    with pytest.raises(PeerUnavailable):
        principals.principal(TOKEN, CALLER)
    auth.trouble = None
    assert principals.principal(TOKEN, CALLER) == ALICE
    assert auth.asked[-1] == "stamp 7"


def test_nothing_is_trusted_past_its_time_even_if_the_stamp_stands(
    auth: Auth, principals: RememberedPrincipals, clock: Clock
) -> None:
    principals.principal(TOKEN, CALLER)
    clock.time = 2000.0
    auth.trouble = Refused("The access token expired.")
    with pytest.raises(Refused):
        principals.principal(TOKEN, CALLER)
    assert auth.asked == ["resolve alice's token"] * 2


def test_a_bound_token_wants_its_certificate_on_every_request(
    auth: Auth, principals: RememberedPrincipals
) -> None:
    auth.answer = replace(auth.answer, bound_to="thumb")
    bound = replace(CALLER, thumbprint="thumb")
    assert principals.principal(TOKEN, bound) == ALICE
    assert principals.principal(TOKEN, bound) == ALICE
    for caller in (CALLER, replace(CALLER, thumbprint="thumbprint"), replace(CALLER, thumbprint="")):
        with pytest.raises(Refused):
            principals.principal(TOKEN, caller)
    auth.answer = replace(auth.answer, bound_to="")
    auth.now[7] = 2
    with pytest.raises(Refused):  # bound to something that we do not know
        principals.principal(TOKEN, CALLER)


def test_kinds_are_told_apart(auth: Auth, principals: RememberedPrincipals) -> None:
    principals.principal(Credential("bearer", "x"), CALLER)
    principals.principal(Credential("basic", "x"), CALLER)
    assert auth.asked == ["resolve x", "resolve x"]


def test_memory_is_bounded_and_the_oldest_goes(auth: Auth, principals: RememberedPrincipals) -> None:
    for name in "abcd":
        principals.principal(Credential("bearer", name), CALLER)
    auth.asked.clear()
    for name in "dcb":
        principals.principal(Credential("bearer", name), CALLER)
    assert auth.asked == ["stamp 7"] * 3
    principals.principal(Credential("bearer", "a"), CALLER)
    assert auth.asked[-1] == "resolve a"


def test_no_credential_stands_in_memory(principals: RememberedPrincipals) -> None:
    principals.principal(TOKEN, CALLER)
    kept = repr({name: getattr(principals, name) for name in ("_known", "_auth")})
    assert principals._known
    assert TOKEN.value not in kept


def test_two_processes_name_the_same_credential_differently(auth: Auth) -> None:
    first, second = RememberedPrincipals(auth), RememberedPrincipals(auth)
    first.principal(TOKEN, CALLER)
    second.principal(TOKEN, CALLER)
    assert set(first._known) != set(second._known)


def test_an_answer_that_was_slow_does_not_replace_what_is_true_now(auth: Auth) -> None:
    """Two threads resolve; the one with the older stamp stores last. The next request sees that it moved."""
    older_waits, newer_done = threading.Event(), threading.Event()
    principals = RememberedPrincipals(auth, now=lambda: 1000.0)

    class Slow(Auth):
        def resolve(self, credential: Credential, caller: Caller) -> Answer:
            older_waits.set()
            assert newer_done.wait(10)
            return replace(self.answer, values=(1,))

    slow = Slow()
    principals._auth = slow
    thread = threading.Thread(target=principals.principal, args=(TOKEN, CALLER))
    thread.start()
    assert older_waits.wait(10)
    auth.answer, auth.now = replace(auth.answer, values=(2,)), {7: 2}
    principals._auth = auth
    principals.principal(TOKEN, CALLER)
    newer_done.set()
    thread.join(10)
    auth.asked.clear()
    principals.principal(TOKEN, CALLER)
    assert auth.asked == ["stamp 7", "resolve alice's token"]


def test_many_threads_at_once(auth: Auth) -> None:
    principals = RememberedPrincipals(auth, now=lambda: 1000.0, most=5)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(200):
                principals.principal(Credential("bearer", str((number + turn) % 9)), CALLER)
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(principals._known) <= 5
