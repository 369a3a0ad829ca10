import threading

import pytest

from libs.signing import tokens
from libs.signing.errors import TokenRefused, UnknownTokenKey
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.signing_keys import KeyState, KeyUnreadable, NoActiveKey, StoredKey
from services.auth.usecases.keyring import RELOAD_SECONDS, RETRY_SECONDS, Keyring
from tests.fakes.auth import FrozenClock, MemoryKeyStore, PlainSealer


def rotate(store: MemoryKeyStore, sealer: PlainSealer) -> tokens.SigningKey:
    """As another process would: the active key retires, a fresh one signs."""
    fresh = tokens.new_key()
    retired = [StoredKey(k.kid, KeyState.RETIRED, k.public_jwk, k.private_sealed) for k in store.keys]
    sealed = sealer.seal(fresh.kid, fresh.as_private_jwk())
    store.keys = [*retired, StoredKey(fresh.kid, KeyState.ACTIVE, tokens.public_jwk(fresh), sealed)]
    return fresh


def started(store: MemoryKeyStore, sealer: PlainSealer, clock: FrozenClock) -> Keyring:
    ring = Keyring(store, sealer, clock)
    ring.start()
    return ring


def test_first_start_makes_one_key_and_the_next_start_keeps_it() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    first, second = started(store, sealer, clock), started(store, sealer, clock)
    assert first.current().signing.kid == second.current().signing.kid
    assert first.current().document == second.current().document
    token = tokens.issue({"a": 1}, first.current().signing, {})
    assert tokens.verify(token, second.current().verifying) == {"a": 1}


def test_processes_that_start_at_once_agree_on_one_key() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    rings = [Keyring(store, sealer, clock) for _ in range(16)]
    barrier = threading.Barrier(len(rings))

    def start(ring: Keyring) -> None:
        barrier.wait()
        ring.start()

    threads = [threading.Thread(target=start, args=(ring,)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.current().signing.kid for ring in rings}) == 1
    assert len(store.keys) == 1


def test_document_has_no_private_part() -> None:
    ring = started(MemoryKeyStore(), PlainSealer(), FrozenClock())
    assert ring.current().signing.as_private_jwk()["d"].encode() not in ring.current().document


def test_rotation_by_another_process_is_seen_and_old_tokens_still_verify() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    ring = started(store, sealer, clock)
    old = tokens.issue({"a": 1}, ring.current().signing, {})
    fresh = rotate(store, sealer)
    assert ring.current().signing.kid != fresh.kid
    clock.time += RELOAD_SECONDS + 1
    assert ring.current().signing.kid == fresh.kid
    assert len(ring.current().verifying) == 2
    assert tokens.verify(old, ring.knowing(old)) == {"a": 1}


def test_token_of_an_unseen_key_makes_the_ring_look_again_at_most_every_two_seconds() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    ring = started(store, sealer, clock)
    token = tokens.issue({"a": 1}, rotate(store, sealer), {})
    with pytest.raises(UnknownTokenKey):
        tokens.verify(token, ring.knowing(token))
    clock.time += RETRY_SECONDS + 0.1
    assert tokens.verify(token, ring.knowing(token)) == {"a": 1}
    forged = tokens.issue({"a": 1}, tokens.new_key(), {})
    reads = store.reads
    for _ in range(100):
        ring.knowing(forged)
    assert store.reads == reads


def test_withdrawn_key_stops_counting() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    ring = started(store, sealer, clock)
    token = tokens.issue({"a": 1}, ring.current().signing, {})
    rotate(store, sealer)
    old = store.keys[0]
    store.keys[0] = StoredKey(old.kid, KeyState.WITHDRAWN, old.public_jwk, old.private_sealed)
    clock.time += RELOAD_SECONDS + 1
    with pytest.raises(UnknownTokenKey):
        tokens.verify(token, ring.knowing(token))


def test_text_that_is_no_token_is_refused() -> None:
    ring = started(MemoryKeyStore(), PlainSealer(), FrozenClock())
    with pytest.raises(TokenRefused):
        ring.knowing("x")


def test_keys_at_hand_stay_good_while_the_database_is_away() -> None:
    store, clock = MemoryKeyStore(), FrozenClock()
    ring = started(store, PlainSealer(), clock)
    kid = ring.current().signing.kid
    store.is_down = True
    clock.time += RELOAD_SECONDS + 1
    reads = store.reads
    for _ in range(10):
        assert ring.current().signing.kid == kid
    assert store.reads == reads + 1
    clock.time += RETRY_SECONDS + 0.1
    ring.current()
    assert store.reads == reads + 2


def test_start_needs_the_database() -> None:
    store = MemoryKeyStore()
    store.is_down = True
    with pytest.raises(StoreUnavailable):
        Keyring(store, PlainSealer(), FrozenClock()).start()


def test_start_with_another_secret_fails_instead_of_making_a_second_key() -> None:
    store, clock = MemoryKeyStore(), FrozenClock()
    started(store, PlainSealer(), clock)
    with pytest.raises(KeyUnreadable):
        started(store, PlainSealer(), clock)
    assert len(store.keys) == 1


def test_no_active_key_left_makes_no_tokens_but_verifies_the_old_ones() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    ring = started(store, sealer, clock)
    token = tokens.issue({"a": 1}, ring.current().signing, {})
    only = store.keys[0]
    store.keys = [StoredKey(only.kid, KeyState.RETIRED, only.public_jwk, only.private_sealed)]
    clock.time += RELOAD_SECONDS + 1
    assert tokens.verify(token, ring.current().verifying) == {"a": 1}
    with pytest.raises(NoActiveKey):
        _ = ring.current().signing


def test_fresh_key_that_this_process_cannot_open_is_verified_but_does_not_sign() -> None:
    store, sealer, clock = MemoryKeyStore(), PlainSealer(), FrozenClock()
    ring = started(store, sealer, clock)
    fresh = rotate(store, PlainSealer())
    clock.time += RELOAD_SECONDS + 1
    token = tokens.issue({"a": 1}, fresh, {})
    assert tokens.verify(token, ring.current().verifying) == {"a": 1}
    with pytest.raises(NoActiveKey):
        _ = ring.current().signing
