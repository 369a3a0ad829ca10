"""Probing many files at once, within one budget of time."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from services.provider.domain.origins import OriginRequest, TooManyProbes
from services.provider.usecases.probe import UNREACHABLE, Probe
from tests.fakes.file_world import ScriptedContracts
from tests.fakes.origins import FakeOrigins, FakeReply
from tests.waiting import wait_for


def plan(number: int) -> OriginRequest:
    return OriginRequest("GET", f"https://files.test/{number}")


class Gate(FakeOrigins):
    """Holds every fetch until `together` of them wait at once."""

    def __init__(self, together: int) -> None:
        super().__init__()
        self.barrier = threading.Barrier(together, timeout=20)

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> FakeReply:
        self.barrier.wait()
        return FakeReply(200, {"content-length": request.url[-1]}, url=request.url)


def test_many_files_are_looked_at_side_by_side_and_stay_in_order() -> None:
    probe = Probe(Gate(4), ScriptedContracts(), max_checksum_bytes=0)
    found = probe.many([plan(number) for number in range(4)])
    assert [details.content_length for details in found] == ["0", "1", "2", "3"]
    assert [details.filename for details in found] == ["0", "1", "2", "3"]


class Stuck(FakeOrigins):
    """The first file answers at once, every other one only when released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> FakeReply:
        if not request.url.endswith("/0"):
            self.release.wait(30)
        return FakeReply(200, url=request.url)


def test_what_is_not_known_when_the_budget_ends_counts_as_unreachable() -> None:
    origins = Stuck()
    probe = Probe(origins, ScriptedContracts(), max_checksum_bytes=0, budget_seconds=0.3)
    try:
        found = probe.many([plan(number) for number in range(40)])
    finally:
        origins.release.set()
    assert found[0].valid
    assert all(details == UNREACHABLE for details in found[1:])


def test_no_files() -> None:
    assert Probe(FakeOrigins(), ScriptedContracts(), max_checksum_bytes=0).many([]) == []


def test_a_checksum_ends_with_the_budget() -> None:
    times = iter([0.0, 0.0])
    origins = FakeOrigins({plan(1).url: FakeReply(200, {}, b"x" * 500)})
    probe = Probe(
        origins,
        ScriptedContracts(),
        max_checksum_bytes=1000,
        budget_seconds=10,
        clock=lambda: next(times, 100.0),
    )
    found = probe.one(plan(1), with_checksum=True)
    assert found.valid
    assert found.checksum is None


def test_a_budget_that_is_over_asks_nobody() -> None:
    origins = FakeOrigins()
    times = iter([0.0, 50.0])
    probe = Probe(
        origins, ScriptedContracts(), max_checksum_bytes=0, budget_seconds=10, clock=lambda: next(times, 50.0)
    )
    assert probe.one(plan(1)) == UNREACHABLE
    assert origins.asked == []


def test_lengths_that_are_no_numbers_are_unknown() -> None:
    for text in ("x", "-1", "1e3", "9" * 40, "\u0665"):
        origins = FakeOrigins({plan(1).url: FakeReply(200, {"content-length": text})})
        probe = Probe(origins, ScriptedContracts(), max_checksum_bytes=10)
        assert probe.one(plan(1), with_checksum=True).content_length == ""


def _ask_for_ever(probe: Probe) -> None:
    while True:
        assert probe.one(plan(0)).valid


def test_slow_origins_cannot_take_every_thread() -> None:
    """With all places held by origins that do not answer, the next caller is told at once."""
    origins = Stuck()
    probe = Probe(origins, ScriptedContracts(), max_checksum_bytes=0, at_once=2)
    holders = [threading.Thread(target=probe.one, args=(plan(number),)) for number in (1, 2)]
    for holder in holders:
        holder.start()
    try:
        with pytest.raises(TooManyProbes):
            _ask_for_ever(probe)  # until both holders are inside
        started = time.monotonic()
        with pytest.raises(TooManyProbes):
            probe.many([plan(0), plan(0)])
        assert time.monotonic() - started < 5
    finally:
        origins.release.set()
        for holder in holders:
            holder.join(10)
    assert probe.one(plan(0)).valid


class Slow(FakeOrigins):
    """Holds each fetch at a gate, and tells that it began."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> FakeReply:
        self.asked.append((request, {}))
        self.begun.release()
        assert self.gate.wait(20)
        return FakeReply(200, {"content-length": str(len(request.headers))}, url=request.url)


def looked_at_during_a_look(
    probe: Probe, origins: Slow, first: OriginRequest, later: list[OriginRequest]
) -> list[str]:
    """What each of `later` is told, all of them asking while `first` is being fetched."""
    told: dict[int, str] = {}

    def ask(number: int, plan: OriginRequest) -> None:
        told[number] = str(probe.one(plan).content_length)

    threads = [threading.Thread(target=ask, args=item) for item in enumerate([first, *later])]
    threads[0].start()
    assert origins.begun.acquire(timeout=20)
    for thread in threads[1:]:
        thread.start()
    lanes = probe._glances._lanes
    wait_for(lambda: sum(lane.threads for lane in list(lanes.values())) == len(threads), "all to ask")
    origins.gate.set()
    for thread in threads:
        thread.join(20)
    return [told[number] for number in range(len(threads))]


def test_those_who_look_at_one_file_at_the_same_moment_share_the_look() -> None:
    origins = Slow()
    probe = Probe(origins, ScriptedContracts(), max_checksum_bytes=0)
    assert looked_at_during_a_look(probe, origins, plan(1), [plan(1)] * 4) == ["0"] * 5
    assert 2 <= len(origins.asked) <= 5  # how many, the threads' luck decides; never an older answer


def test_what_an_origin_would_answer_differently_is_never_shared() -> None:
    origins = Slow()
    probe = Probe(origins, ScriptedContracts(), max_checksum_bytes=0)
    one = OriginRequest("GET", plan(1).url, {"X-Key": "a"})
    other = OriginRequest("GET", plan(1).url, {"X-Key": "b", "X-More": "c"})
    assert looked_at_during_a_look(probe, origins, plan(1), [one, other]) == ["0", "1", "2"]
    assert len(origins.asked) == 3


class TestShownName:
    """Of a file whose URL is a right to read it."""

    def test_the_urls_own_name_is_nobodys_to_see(self) -> None:
        secret = OriginRequest("GET", "https://files.test/secret", shown_name="a.dat")
        probe = Probe(Gate(1), ScriptedContracts(), max_checksum_bytes=0)
        assert probe.one(secret).filename == "a.dat"
        assert probe.many([secret])[0].filename == "a.dat"
        assert probe.one(replace(secret, shown_name="")).filename == ""

    def test_who_calls_it_otherwise_is_told_of_a_file_of_their_own(self) -> None:
        probe = Probe(Gate(2), ScriptedContracts(), max_checksum_bytes=0)
        secret = OriginRequest("GET", "https://files.test/secret", shown_name="a.dat")
        found = probe.many([secret, replace(secret, shown_name="b.dat")])
        assert [details.filename for details in found] == ["a.dat", "b.dat"]
