"""Signed texts that counted once never count again, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.compute.domain.errors import StoreUnavailable
from tests.fakes.compute_jobs import NOW
from tests.fakes.compute_store import MemoryJobStore

TEXT, OTHER = "ab" * 32, "cd" * 32


def test_a_text_is_spent_once(store: Any) -> None:
    assert not store.is_spent(TEXT)
    assert store.spend(TEXT, NOW)
    assert not store.spend(TEXT, NOW)
    assert not store.spend(TEXT, NOW + 1)
    assert (store.is_spent(TEXT), store.is_spent(OTHER)) == (True, False)


def test_of_simultaneous_uses_one_counts(store: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: store.spend(TEXT, NOW), range(8))) == 1


def test_a_store_that_is_away_says_so() -> None:
    store = MemoryJobStore()
    store.away = True
    for ask in (lambda: store.is_spent(TEXT), lambda: store.spend(TEXT, NOW)):
        with pytest.raises(StoreUnavailable):
            ask()
