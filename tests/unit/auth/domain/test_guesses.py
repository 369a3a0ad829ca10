"""Wrong guesses: how many are free, how long the next ones wait, and who counts as one."""

import pytest

from services.auth.domain.guesses import (
    FREE,
    FREE_OF_PEER,
    MOST_LOCK_SECONDS,
    known_key,
    lock_seconds,
    network_of,
    peer_key,
    register_key,
    user_key,
)

PEER, SIX = "192.0.2.7", "2001:db8:1:2:3:4:5:6"


@pytest.mark.parametrize(
    ("key", "free"),
    [
        (user_key("alice"), FREE),
        (known_key("alice", PEER), FREE),
        (peer_key(PEER), FREE_OF_PEER),
        (register_key(PEER), FREE_OF_PEER),
        (user_key("peer:alice"), FREE),
    ],
)
def test_the_free_ones_wait_for_nothing(key: str, free: int) -> None:
    assert [lock_seconds(key, failures) for failures in (0, 1, free - 1)] == [0, 0, 0]
    assert [lock_seconds(key, free + over) for over in range(4)] == [1, 2, 4, 8]
    assert lock_seconds(key, free + 10) == lock_seconds(key, free + 10**9) == MOST_LOCK_SECONDS


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (user_key("alice"), "user:alice"),
        (known_key("alice", PEER), f"known:alice@{PEER}"),
        (peer_key(PEER), f"peer:{PEER}"),
        (register_key(PEER), f"register:{PEER}"),
        (register_key(SIX), "register:2001:db8:1:2::/64"),
        (peer_key("nonsense"), "peer:unknown"),
    ],
)
def test_each_is_counted_under_its_own_key(key: str, text: str) -> None:
    assert key == text


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        (PEER, PEER),
        (SIX, "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("@", "unknown"),
    ],
)
def test_who_has_one_address_there_has_them_all(peer: str, network: str) -> None:
    assert network_of(peer) == network
