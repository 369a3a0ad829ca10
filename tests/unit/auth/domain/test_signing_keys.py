from services.auth.domain.signing_keys import KeyState, StoredKey, active_key, published


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
