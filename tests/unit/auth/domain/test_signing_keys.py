import pytest

from services.auth.domain.errors import AuthError
from services.auth.domain.signing_keys import KeyState, NotSettled, StoredKey, active_key, published


def key(kid: str, state: KeyState) -> StoredKey:
    return StoredKey(kid, state, {"kid": kid}, "sealed")


KEYS = [
    key("c", KeyState.RETIRED),
    key("b", KeyState.UPCOMING),
    key("w", KeyState.WITHDRAWN),
    key("z", KeyState.ACTIVE),
]


def test_one_key_signs() -> None:
    assert active_key(KEYS) == KEYS[3]
    assert active_key(KEYS[:3]) is None
    assert active_key([]) is None


def test_all_but_withdrawn_keys_are_published_and_the_active_one_comes_first() -> None:
    assert [entry["kid"] for entry in published(KEYS)] == ["z", "b", "c"]


def test_every_state_is_either_published_or_withdrawn() -> None:
    assert len(published([key(state.value, state) for state in KeyState])) == len(KeyState) - 1


@pytest.mark.parametrize("seconds", [0, 1, 86_400])
def test_a_key_that_is_too_new_says_how_long_to_wait(seconds: int) -> None:
    error = NotSettled(seconds)
    assert error.seconds == seconds
    assert str(error) == "the upcoming key is not known everywhere yet"
    assert isinstance(error, AuthError)


def test_when_a_key_changed_does_not_make_it_another_one() -> None:
    assert StoredKey("a", KeyState.ACTIVE, {}, "sealed", 1.0) == StoredKey(
        "a", KeyState.ACTIVE, {}, "sealed", 2.0
    )
    assert StoredKey("a", KeyState.ACTIVE, {}, "sealed") != StoredKey("a", KeyState.RETIRED, {}, "sealed")
