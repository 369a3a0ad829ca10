"""The first administrator: made once, and nobody becomes one by having the name."""

import threading

import pytest

from services.auth.domain.people import WrongPassword
from services.auth.usecases.first_admin import ensure_admin
from tests.fakes.auth_admin import Office

pytestmark = pytest.mark.clause("openpai 3.6")


def ensure(office: Office, username: str = "admin") -> bool:
    return ensure_admin(office.people, office.accounts, username, "correct horse")


def test_empty_store_gets_one_and_keeps_it() -> None:
    office = Office()
    assert ensure(office)
    assert office.passwords.check("admin", "correct horse").is_admin
    assert not ensure(office)
    assert not ensure(office, "other")
    assert [person.username for person in office.people.page("", 10)] == ["admin"]


def test_password_of_an_administrator_who_is_there_stays() -> None:
    office = Office()
    office.add("admin", is_admin=True, password="changed since")
    assert not ensure(office)
    assert office.passwords.check("admin", "changed since").is_admin


def test_whoever_has_the_name_is_not_made_an_administrator() -> None:
    office = Office()
    office.add("admin", password="somebody's")
    assert not ensure(office)
    assert not office.passwords.check("admin", "somebody's").is_admin
    with pytest.raises(WrongPassword):
        office.passwords.check("admin", "correct horse")


def test_processes_that_start_at_once_make_one() -> None:
    office, results = Office(), []
    barrier = threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        results.append(ensure(office))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]
