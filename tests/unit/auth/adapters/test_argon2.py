"""Password hashes: argon2id, OpenPAI's own, and the same work for everybody."""

import threading
import time
from hashlib import md5, pbkdf2_hmac
from statistics import median

import pytest

from services.auth.adapters.argon2 import Argon2Passwords, imported
from services.auth.domain.people import PasswordsBusy

pytestmark = pytest.mark.clause("openpai 3.2")

# OpenPAI contract 3.2: the check value of `admin` with `admin-password`.
PREFIX = "822330e44ace9eba338341d3d6830ac5cd60661b"


@pytest.fixture(scope="module")
def hasher() -> Argon2Passwords:
    return Argon2Passwords()


def openpai(name: str, password: str) -> str:
    salt = md5(name.encode()).hexdigest().encode()
    return pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 64).hex()


@pytest.mark.parametrize("password", ["correct horse", "пароль", "a\0b", " ", "x" * 1024])
def test_only_the_same_password_is_right(hasher: Argon2Passwords, password: str) -> None:
    stored = hasher.hash(password)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(stored) <= 512
    assert hasher.verify(stored, password)
    assert not hasher.verify(stored, password + "x")
    assert not hasher.verify(stored, "")
    assert not hasher.is_outdated(stored)
    assert hasher.hash(password) != stored


def test_users_of_openpai_keep_their_passwords(hasher: Argon2Passwords) -> None:
    passwd = openpai("admin", "admin-password")
    assert passwd.startswith(PREFIX)
    stored = imported("admin", passwd.upper())
    assert stored == f"openpai-pbkdf2$admin${passwd}"
    assert hasher.is_outdated(stored)
    assert hasher.verify(stored, "admin-password")
    assert not hasher.verify(stored, "admin-passwore")
    assert not hasher.verify(imported("admim", passwd), "admin-password")


@pytest.mark.parametrize("passwd", ["", "ab", "g" * 128, "a" * 127, "a" * 130])
def test_what_is_no_hash_of_openpai(passwd: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        imported("admin", passwd)


@pytest.mark.parametrize(
    "stored", [None, "", "x", "$argon2id$v=19$broken", "openpai-pbkdf2$", "openpai-pbkdf2$a$"]
)
def test_nothing_readable_lets_nobody_in(hasher: Argon2Passwords, stored: str | None) -> None:
    for password in ("", "nobody has this password", "x", "\ud800"):
        assert not hasher.verify(stored, password)


def test_weaker_parameters_are_outdated(hasher: Argon2Passwords) -> None:
    weak = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHQxMjM0NTY$ZHVtbXlkdW1teWR1bW15ZHVtbXlkdW1teQ"
    assert hasher.is_outdated(weak)


def test_time_says_nothing_about_who_exists(hasher: Argon2Passwords) -> None:
    """Processor time of this thread, in turns: unknown, wrong, imported and wrong."""
    stored = [None, hasher.hash("correct horse"), imported("admin", openpai("admin", "admin-password"))]
    times: list[list[float]] = [[], [], []]
    for _ in range(9):
        for kind, known in enumerate(stored):
            before = time.thread_time()
            assert not hasher.verify(known, "wrong one")
            times[kind].append(time.thread_time() - before)
    unknown, wrong, wrong_imported = (median(values) for values in times)
    assert 0.6 < unknown / wrong < 1.6
    assert 0.6 < wrong_imported / wrong < 1.6


def test_so_many_at_once_and_the_rest_comes_again() -> None:
    hasher = Argon2Passwords(at_once=1, wait_seconds=0.05)
    with hasher._turn():
        with pytest.raises(PasswordsBusy):
            hasher.hash("correct horse")
        with pytest.raises(PasswordsBusy):
            hasher.verify(None, "x")
    assert hasher.verify(hasher.hash("correct horse"), "correct horse")


def test_queue_is_short() -> None:
    hasher = Argon2Passwords(at_once=1, wait_seconds=60)
    answers: list[str] = []
    refused = threading.Semaphore(0)

    def run() -> None:
        try:
            answers.append(str(hasher.verify(None, "x")))
        except PasswordsBusy:
            refused.release()

    with hasher._turn():
        threads = [threading.Thread(target=run) for _ in range(25)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            assert refused.acquire(timeout=30)
    for thread in threads:
        thread.join()
    assert answers == ["False"] * 20
