import re

import pytest

from services.auth.domain import scopes
from services.auth.domain.api_keys import (
    MOST_SECONDS,
    BadKeyRequest,
    KeyRequest,
    ScopesNotYours,
    new_key_id,
    split_key,
)

pytestmark = pytest.mark.clause("dcp 2.4")

SECRET = "-_" + "aZ9" * 13 + "xy"


def test_ids_are_twenty_hex_digits_and_never_the_same() -> None:
    made = {new_key_id() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch("[0-9a-f]{20}", key_id) for key_id in made)


def test_a_key_is_split_at_its_dot() -> None:
    assert split_key("0123456789abcdef0123." + SECRET) == ("0123456789abcdef0123", SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "0123456789abcdef0123",
        "0123456789abcdef0123.",
        "0123456789ABCDEF0123." + SECRET,
        "0123456789abcdef012." + SECRET,
        "0123456789abcdef0123." + SECRET + "x",
        "0123456789abcdef0123." + SECRET[1:],
        "0123456789abcdef0123." + SECRET + "\n",
        "0123456789abcdef0123.." + SECRET[1:],
        "0123456789abcdef0123.x." + SECRET,
        "０123456789abcdef012." + SECRET,
        "eyJhbGciOiJFUzI1NiJ9.e30.AA",
    ],
)
def test_other_texts_are_no_keys(text: str) -> None:
    assert split_key(text) is None


def test_what_is_not_asked_for_is_the_usual_as_far_as_the_maker_has_it() -> None:
    assert KeyRequest().scopes_of(scopes.ALL) == ("job:write", "job:read", "accounts:read")
    assert KeyRequest().scopes_of({"keys", "job:read"}) == ("job:read",)


def test_no_key_does_more_than_its_maker() -> None:
    asked = KeyRequest(scopes=("keys", "job:read", "keys", "admin"))
    assert asked.scopes_of(scopes.ALL) == ("keys", "job:read", "admin")
    with pytest.raises(ScopesNotYours) as caught:
        asked.scopes_of({"job:read"})
    assert caught.value.missing == ("keys", "admin")


@pytest.mark.parametrize(
    "asked",
    [
        KeyRequest(),
        KeyRequest(label="läptop " * 36, seconds=1, scopes=("keys",)),
        KeyRequest(seconds=MOST_SECONDS),
    ],
)
def test_what_may_be_asked_for(asked: KeyRequest) -> None:
    asked.check()


@pytest.mark.parametrize(
    ("asked", "member"),
    [
        (KeyRequest(label="x" * 256), "label"),
        (KeyRequest(label="a\nb"), "label"),
        (KeyRequest(label="\ud800"), "label"),
        (KeyRequest(seconds=0), "seconds"),
        (KeyRequest(seconds=-1), "seconds"),
        (KeyRequest(seconds=MOST_SECONDS + 1), "seconds"),
        (KeyRequest(scopes=()), "scopes"),
        (KeyRequest(scopes=("openid",)), "scopes"),
        (KeyRequest(scopes=("keys", "JOB:READ")), "scopes"),
    ],
)
def test_what_may_not_be_asked_for(asked: KeyRequest, member: str) -> None:
    with pytest.raises(BadKeyRequest) as caught:
        asked.check()
    assert caught.value.member == member
