"""Grants: handles that nobody can guess, and whom one opens for how long."""

import hashlib
from dataclasses import replace

import pytest

from services.provider.domain.grants import Grant, GrantRefused, hash_of, is_job, new_handle, opens

JOB, OTHER = "ab" * 16, "cd" * 16
GRANT = Grant(
    job=JOB,
    consumer="0xA78deb2Fa79463945C247991075E2a0e98Ba7A09",
    did="did:op:" + "1" * 64,
    service_id="svc-1",
    file_index=0,
    tx_id="0x" + "2" * 64,
    userdata=None,
    sha256=None,
    issued_at=1000.0,
    expires_at=2000.0,
)


@pytest.mark.parametrize("now", [0.0, 1000.0, 1999.999])
def test_a_grant_opens_for_its_job_while_it_lasts(now: float) -> None:
    assert opens(GRANT, JOB, now) is GRANT


@pytest.mark.parametrize(
    ("grant", "job", "now"),
    [
        (None, JOB, 1500.0),
        (GRANT, OTHER, 1500.0),
        (GRANT, "", 1500.0),
        (GRANT, JOB.upper(), 1500.0),
        (GRANT, JOB, 2000.0),
        (GRANT, JOB, 1e12),
        (replace(GRANT, expires_at=0.0), JOB, 0.0),
    ],
    ids=["none", "other job", "no job", "upper case", "just over", "long over", "never"],
)
def test_the_refusal_tells_nothing(grant: Grant | None, job: str, now: float) -> None:
    with pytest.raises(GrantRefused) as caught:
        opens(grant, job, now)
    assert str(caught.value) == ""


def test_a_handle_is_kept_as_its_hash() -> None:
    handle = new_handle()
    assert hash_of(handle) == hashlib.sha256(handle.encode()).hexdigest()
    assert handle not in str(hash_of(handle))
    assert len({new_handle() for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n", "ü" * 43])
def test_what_is_no_handle(text: str) -> None:
    assert hash_of(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (JOB, True),
        ("1" * 32, True),
        (JOB[:-1], False),
        (JOB.upper(), False),
        (JOB + "\n", False),
        ("", False),
    ],
)
def test_names_of_jobs(text: str, expected: bool) -> None:
    assert is_job(text) is expected
