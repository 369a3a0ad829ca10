"""What the store of device requests promises: the fake, SQLite and PostgreSQL alike."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from libs.sql.engine import Database
from services.auth.adapters.store_sql.device_requests import SqlDeviceRequests
from services.auth.domain.device import DeviceRequest, DeviceState
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.grants import Grant
from services.auth.ports.oauth import DeviceRequests
from services.auth.wiring import MIGRATIONS
from tests.contract.auth.test_stores import at_once
from tests.fakes.auth_device import MemoryDeviceRequests
from tests.fixtures_postgres import PostgresServer
from tests.migrated import upgrade

pytestmark = pytest.mark.clause("prominence 5.3", "dirac 1.6")

NOW = 1_700_000_000.5
DEVICE, USER = "d" * 64, "u" * 16
REQUEST = DeviceRequest(
    client_id="c",
    scopes=("openid", "job:read", "group:x-y"),
    details={"vo": "ä"},
    interval=5,
    created_at=NOW,
    expires_at=NOW + 600,
)


@dataclass
class Kept:
    store: DeviceRequests
    grants: Callable[[], list[dict[str, Any]]]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "memory":
        grants: list[Grant] = []
        store = MemoryDeviceRequests(grants.append)
        yield Kept(store, lambda: [as_row(grant) for grant in grants])
        return
    url = f"sqlite:///{tmp_path}/auth.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)

    def rows() -> list[dict[str, Any]]:
        columns = "id, client_id, subject, flow, scope, details, revoked_at"
        with database.read() as connection:
            found = connection.execute(text(f"SELECT {columns} FROM oauth_grants")).mappings().all()
        return [dict(row) for row in found]

    yield Kept(SqlDeviceRequests(database), rows)
    database.dispose()


def as_row(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "client_id": grant.client_id,
        "subject": grant.subject,
        "flow": grant.flow,
        "scope": " ".join(grant.scopes),
        "details": json.dumps(dict(grant.details)),
        "revoked_at": None,
    }


def grant(grant_id: str = "0" * 32) -> Grant:
    return Grant(
        id=grant_id,
        client_id="c",
        subject="person:1",
        flow="device",
        scopes=("openid",),
        details={"amr": "pwd"},
        created_at=NOW,
        expires_at=NOW + 900,
    )


def test_a_request_is_found_by_both_codes_as_it_was_kept(kept: Kept) -> None:
    assert kept.store.add(DEVICE, USER, REQUEST)
    assert kept.store.by_device_code(DEVICE) == REQUEST
    assert kept.store.by_user_code(USER) == REQUEST
    assert kept.store.by_device_code("e" * 64) is None
    assert kept.store.by_user_code("v" * 16) is None


def test_codes_that_are_there_already_are_not_taken_twice(kept: Kept) -> None:
    other = replace(REQUEST, client_id="other")
    assert kept.store.add(DEVICE, USER, REQUEST)
    assert not kept.store.add("e" * 64, USER, other)
    assert not kept.store.add(DEVICE, "v" * 16, other)
    assert kept.store.by_user_code(USER) == REQUEST
    assert kept.store.by_device_code("e" * 64) is None


def test_approval_keeps_the_grant_and_happens_once(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    assert kept.store.approve(USER, grant(), NOW)
    assert kept.store.by_device_code(DEVICE) == replace(
        REQUEST, state=DeviceState.APPROVED, grant_id="0" * 32
    )
    assert not kept.store.approve(USER, grant("1" * 32), NOW)
    assert not kept.store.deny(USER, NOW)
    assert kept.grants() == [as_row(grant())]


def test_denial_is_final(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    assert kept.store.deny(USER, NOW)
    assert not kept.store.deny(USER, NOW)
    assert not kept.store.approve(USER, grant(), NOW)
    assert not kept.store.use(DEVICE, NOW)
    found = kept.store.by_device_code(DEVICE)
    assert found is not None
    assert found.state is DeviceState.DENIED
    assert kept.grants() == []


@pytest.mark.parametrize("when", [NOW + 600, NOW + 601])
def test_an_expired_request_is_answered_by_nobody(kept: Kept, when: float) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    assert not kept.store.approve(USER, grant(), when)
    assert not kept.store.deny(USER, when)
    assert kept.grants() == []


def test_an_unknown_request_is_answered_by_nobody(kept: Kept) -> None:
    assert not kept.store.approve(USER, grant(), NOW)
    assert not kept.store.deny(USER, NOW)
    assert not kept.store.use(DEVICE, NOW)
    assert not kept.store.note_poll(DEVICE, NOW, 4)
    assert kept.grants() == []


def test_the_grant_is_taken_once_and_in_time(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    assert not kept.store.use(DEVICE, NOW)
    kept.store.approve(USER, grant(), NOW)
    assert not kept.store.use(DEVICE, NOW + 600)
    assert kept.store.use(DEVICE, NOW + 599)
    assert not kept.store.use(DEVICE, NOW + 599)
    found = kept.store.by_device_code(DEVICE)
    assert found is not None
    assert found.state is DeviceState.USED


def test_of_simultaneous_polls_one_takes_the_grant(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    kept.store.approve(USER, grant(), NOW)
    assert sorted(at_once(12, lambda _: kept.store.use(DEVICE, NOW))) == [False] * 11 + [True]


def test_of_simultaneous_answers_one_counts(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)

    def answer(number: int) -> bool:
        if number % 2:
            return kept.store.deny(USER, NOW)
        return kept.store.approve(USER, grant(f"{number:032x}"), NOW)

    assert sorted(at_once(12, answer)) == [False] * 11 + [True]
    found = kept.store.by_user_code(USER)
    assert found is not None
    assert [row["id"] for row in kept.grants()] == ([found.grant_id] if found.grant_id else [])


def test_polls_count_when_the_last_that_counted_is_long_enough_ago(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    asked = [(0, True), (3, False), (3.9, False), (4, True), (7.9, False), (8.1, True)]
    for seconds, counts in asked:
        assert kept.store.note_poll(DEVICE, NOW + seconds, 4) is counts, seconds


def test_no_poll_is_too_soon_without_a_least_time(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    assert [kept.store.note_poll(DEVICE, NOW, 0) for _ in range(3)] == [True] * 3


def test_of_simultaneous_polls_one_counts(kept: Kept) -> None:
    kept.store.add(DEVICE, USER, REQUEST)
    assert sorted(at_once(12, lambda _: kept.store.note_poll(DEVICE, NOW, 4))) == [False] * 11 + [True]


def test_purge_forgets_what_is_over_and_not_too_much(kept: Kept) -> None:
    for number in range(5):
        old = replace(REQUEST, expires_at=NOW - 100 + number)
        kept.store.add(f"{number:064}", f"{number:016}", old)
    kept.store.add(DEVICE, USER, REQUEST)
    assert kept.store.purge(NOW - 50, 3) == 3
    assert kept.store.purge(NOW - 50, 100) == 2
    assert kept.store.purge(NOW - 50, 100) == 0
    assert kept.store.by_device_code(DEVICE) == REQUEST


def test_a_lost_database_is_unavailable(postgres_server: PostgresServer, postgres_url: str) -> None:
    database = Database.open(postgres_url)
    upgrade(database.engine, MIGRATIONS)
    store = SqlDeviceRequests(database)
    store.add(DEVICE, USER, REQUEST)
    postgres_server.stop()
    try:
        for work in (
            lambda: store.add("e" * 64, "v" * 16, REQUEST),
            lambda: store.by_device_code(DEVICE),
            lambda: store.use(DEVICE, NOW),
            lambda: store.note_poll(DEVICE, NOW, 4),
        ):
            with pytest.raises(StoreUnavailable):
                work()
    finally:
        postgres_server.start()
        database.dispose()
