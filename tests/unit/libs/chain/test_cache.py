"""Bounded maps and fact caches."""

import threading

from libs.chain.cache import BoundedMap, FactCache


def test_the_least_recently_used_entry_goes_first() -> None:
    entries: BoundedMap[str, int] = BoundedMap(2)
    entries.put("a", 1)
    entries.put("b", 2)
    assert entries.get("a") == 1
    entries.put("c", 3)
    assert entries.get("b") is None
    assert (entries.get("a"), entries.get("c"), len(entries)) == (1, 3, 2)


def test_entries_are_weighed_and_replacing_one_counts_once() -> None:
    entries: BoundedMap[str, bytes] = BoundedMap(10, len)
    entries.put("a", bytes(6))
    entries.put("a", bytes(6))
    entries.put("b", bytes(4))
    assert len(entries) == 2
    entries.put("c", bytes(1))
    assert entries.get("a") is None
    assert entries.get("b") == bytes(4)


def test_an_entry_heavier_than_the_map_is_not_kept() -> None:
    entries: BoundedMap[str, bytes] = BoundedMap(10, len)
    entries.put("a", bytes(11))
    assert len(entries) == 0
    entries.put("b", bytes(10))
    assert len(entries) == 1


def test_a_fact_at_a_head_is_gone_with_the_head() -> None:
    facts: FactCache[str, int] = FactCache(4)
    facts.put("a", 1, "0xhead")
    assert facts.at("a", "0xhead") == 1
    assert facts.at("a", "0xother") is None
    assert facts.final("a") is None


def test_a_final_fact_outlives_heads() -> None:
    facts: FactCache[str, int] = FactCache(4)
    facts.put("a", 1, "0xhead")
    facts.put("a", 2, None)
    assert facts.final("a") == 2
    assert facts.at("a", "0xhead") is None


def test_a_false_fact_is_a_fact() -> None:
    facts: FactCache[str, bool] = FactCache(4)
    facts.put("a", False, "0xhead")
    assert facts.at("a", "0xhead") is False


def test_threads_do_not_corrupt_the_weight() -> None:
    entries: BoundedMap[int, int] = BoundedMap(16)

    def churn(seed: int) -> None:
        for step in range(2000):
            entries.put((seed * 7 + step) % 40, step)
            entries.get(step % 40)
            entries.drop(step % 13)

    threads = [threading.Thread(target=churn, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key in range(40):
        entries.drop(key)
    assert (len(entries), entries._weight) == (0, 0)
