"""A feed, round by round, on a real store; the instance at the other end of its folder is the test."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.domain.errors import FencedOff, StoreUnavailable
from services.compute.domain.job import Job, RunState, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import Block, Form
from services.compute.domain.states import State
from services.compute.ports.outside import OutsideRefused, OutsideUnavailable
from services.compute.ports.store import Change
from services.compute.worker.hold import GivenUp, Hold
from services.compute.worker.lanes import intended, lanes_of
from services.compute.worker.slice_feed import Feed
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import Workplace
from tests.slice_kit import Results, SliceYard, items, submit
from tests.waiting import wait_for

LOST = Reason("engine_lost", "It is gone.")


class Web:
    """By URL what is there, or what to raise."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []

    def read(self, url: str, most_bytes: int, seconds: float) -> tuple[str, bytes]:
        self.asked.append(url)
        found = self.pages[url]
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, tuple)
        return found


class Ground:
    """One deployment, of which this test is worker and sandbox."""

    def __init__(self, folder: Path, fetching: ThreadPoolExecutor) -> None:
        self.yard = SliceYard(folder)
        self.yard.make()
        self.web: Any = Web()
        self.tools: Tools = replace(self.yard.tools(), outside=self.web)
        assert isinstance(self.tools.store, SqlJobStore)
        self.store: SqlJobStore = self.tools.store
        self._fetching = fetching

    def running(self, job: Job, *, runs: int = 1) -> Hold:
        """The job as it runs, in `runs` instances."""
        (claimed,) = self.store.claim("w1", {"small": 9}, time.time(), 60.0)
        hold = Hold(claimed)
        for change in (
            Change(to=State.STAGING, attempt_begins=True),
            Change(to=State.PULLING),
            Change(to=State.RUNNING),
        ):
            hold.job = self.store.change(hold.lease, change, time.time())
        self.place(hold).folder(1).mkdir(parents=True)
        for lane in lanes_of(job.spec, ())[:runs]:
            run = replace(
                intended(hold.job, lane), state=RunState.SUBMITTED, handle=f"h{lane.index}", started_at=1.0
            )
            self.store.note_run(hold.lease, run)
            hold.runs[run.tag] = run
        return hold

    def place(self, hold: Hold) -> Workplace:
        return Workplace(self.tools.work, hold.uid, hold.job.attempt)

    def feed(self, hold: Hold, tools: Tools | None = None) -> Feed:
        feed = Feed(tools or self.tools, hold, self._fetching)
        feed.adopt()
        return feed

    def again(self, hold: Hold) -> Hold:
        """As another worker gets it."""
        self.store.release([hold.lease])
        (claimed,) = self.store.claim("w2", {"small": 9}, time.time(), 60.0)
        return Hold(claimed)


class Instance:
    """The other end of one exchange folder."""

    def __init__(self, ground: Ground, hold: Hold, index: int = 0) -> None:
        self.folder = ground.place(hold).folder(1) / str(index)

    def batches(self) -> dict[int, list[tuple[int, Any]]]:
        """By seq, what is to be done."""
        found = {}
        for path in sorted((self.folder / "in").iterdir(), key=lambda path: int(path.stem)):
            lines = map(json.loads, path.read_text().splitlines())
            found[int(path.stem)] = [(number, data) for number, data in lines]
        return found

    def say(self, seq: int, *lines: Any) -> None:
        with (self.folder / "out" / f"{seq}.jsonl").open("a") as file:
            file.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)

    def do(self) -> int:
        """All that is there; how many."""
        batches = self.batches()
        for seq, slices in batches.items():
            self.say(seq, *({"n": number, "v": [data]} for number, data in slices), {"end": True})
        return sum(map(len, batches.values()))

    @property
    def is_stopped(self) -> bool:
        return (self.folder / "stop").exists()


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ThreadPoolExecutor(4) as fetching:
        ground = Ground(tmp_path, fetching)
        yield ground
        ground.store.close()


def rounds(feed: Feed, until: Callable[[], bool]) -> None:
    def ends() -> bool:
        feed.tick()
        return until()

    wait_for(ends, "the feed")


def prepared(ground: Ground, values: Sequence[Any], **fields: Any) -> tuple[Hold, Results, Instance]:
    job = submit(ground.store, "f", values, **fields)
    hold = ground.running(job)
    return hold, Results(ground.store, job), Instance(ground, hold)


def test_batches_grow_while_they_are_done_at_once(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(5000))
    feed = ground.feed(hold)
    sizes = []
    feed.tick()
    while not results.counts().are_all_over:
        batches = instance.batches()
        assert len(batches) <= 3
        sizes += [len(slices) for slices in batches.values()]
        instance.do()
        feed.tick()
    assert sizes[:3] == [8, 8, 8]
    assert max(sizes) > 500
    assert results.values() == {number + 1: [number] for number in range(5000)}
    assert instance.batches() == {}
    assert os.listdir(instance.folder / "out") == []


def test_large_data_makes_small_batches(ground: Ground) -> None:
    hold, results, instance = prepared(ground, ["x" * 300_000] * 40)
    feed = ground.feed(hold)
    rounds(feed, lambda: instance.do() == 0 and results.counts().are_all_over)
    assert max(map(len, ground.store.slices.in_hand(hold.lease) or [[]])) == 0
    rounds(feed, lambda: results.counts().done == 40)


def test_few_slices_are_shared_out(ground: Ground) -> None:
    job = submit(ground.store, "f", range(8), lanes=4)
    hold = ground.running(job, runs=4)
    feed = ground.feed(hold)
    feed.tick()
    shares = [sum(map(len, Instance(ground, hold, index).batches().values())) for index in range(4)]
    assert sum(shares) == 8
    assert min(shares) >= 1
    assert max(shares) <= 3


def test_an_instance_that_waits_for_its_place_keeps_no_slices(ground: Ground) -> None:
    job = submit(ground.store, "f", range(40), lanes=2)
    hold = ground.running(job, runs=2)
    _, second = hold.runs.values()
    hold.runs[second.tag] = replace(second, started_at=None)
    feed = ground.feed(hold)
    feed.tick()
    assert len(Instance(ground, hold, 0).batches()) == 3
    assert Instance(ground, hold, 1).batches() == {}
    hold.runs[second.tag] = second
    feed.tick()
    assert Instance(ground, hold, 1).batches() != {}


def test_what_cannot_be_read_is_passed_over_and_fails_at_the_end(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(4))
    feed = ground.feed(hold)
    rounds(feed, lambda: sum(map(len, instance.batches().values())) == 4)
    seqs = {number: seq for seq, slices in instance.batches().items() for number, _ in slices}
    instance.say(seqs[1], "nonsense", {"n": 1, "v": "a"}, {"n": 1, "v": "b"}, {"n": 77, "v": 1}, "{")
    rounds(feed, lambda: results.counts().done == 1)
    for seq in set(seqs.values()):
        instance.say(seq, {"end": True})
    results_left = {2, 3, 4}
    rounds(feed, lambda: results.counts().are_all_over)
    assert results.values() == {1: "a"}
    assert set(results.errors()) == results_left
    assert {error["code"] for error in results.errors().values()} == {"EUNSERIALIZABLE"}


def test_a_line_is_read_when_it_is_whole(ground: Ground) -> None:
    hold, results, instance = prepared(ground, [5])
    feed = ground.feed(hold)
    feed.tick()
    path = instance.folder / "out" / "1.jsonl"
    path.write_text('{"n":1,')
    feed.tick()
    assert results.counts().active == 1
    with path.open("a") as file:
        file.write('"v":6}\n{"end":true}\n')
    feed.tick()
    assert results.values() == {1: 6}


def test_another_worker_reads_from_the_beginning(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(30))
    ground.feed(hold).tick()
    first, *others = instance.batches()
    slices = instance.batches()[first]
    instance.say(first, *({"n": number, "v": number, "l": [["log", "once", 1]]} for number, _ in slices[:3]))
    ground.feed(hold).tick()
    assert results.counts().done == 3
    instance.say(first, *({"n": number, "v": number, "l": [["log", "once", 1]]} for number, _ in slices[3:]))
    (instance.folder / "in" / f"{others[-1]}.jsonl").unlink()  # the worker ended before it could write it
    taken = ground.again(hold)
    feed = ground.feed(taken)
    with pytest.raises(FencedOff):
        ground.store.slices.in_hand(hold.lease)
    rounds(feed, lambda: results.counts().done == len(slices))
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    assert results.counts().done == 30
    assert [number for number, _, _ in results.lines()] == [number for number, _ in slices]
    assert {one.tries for one in results.all()} == {1}


def test_a_lost_instance_gives_back_what_it_had(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(24))
    feed = ground.feed(hold)
    feed.tick()
    (first, *_) = instance.batches()
    instance.say(first, {"n": 1, "v": 0}, {"begin": 2})
    (run,) = hold.runs.values()
    ended = replace(run, state=RunState.ENDED, reason=LOST)
    feed.ended(ended)
    feed.ended(ended)
    assert (results.counts().done, results.counts().active, results.counts().waiting) == (1, 0, 23)
    assert instance.batches() == {}
    feed.tick()
    assert results.counts().active == 0, "a run that ended gets nothing"
    again = replace(run, tag=type(run.tag)(f"{run.tag}9"), task=1)
    hold.runs = {ended.tag: ended, again.tag: again}
    feed.tick()
    assert [len(slices) for slices in instance.batches().values()] == [1], "one alone, to know which it was"
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    assert {one.number for one in results.all() if one.tries == 2} == {2}


@pytest.mark.parametrize("code", ["cancelled", "run_timeout"])
def test_an_end_that_no_slice_brought_about_counts_against_none(ground: Ground, code: str) -> None:
    hold, results, instance = prepared(ground, range(3))
    feed = ground.feed(hold)
    feed.tick()
    instance.say(1, {"begin": 1})
    (run,) = hold.runs.values()
    feed.ended(replace(run, state=RunState.ENDED, reason=Reason(code, "So be it.")))
    again = replace(run, tag=type(run.tag)(f"{run.tag}9"), task=1)
    hold.runs = {again.tag: again}
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    assert {one.tries for one in results.all()} == {1}


def test_a_closed_job_is_told_at_once_that_it_is_enough(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(3))
    feed = ground.feed(hold)
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    assert not instance.is_stopped
    ground.store.slices.close(hold.uid, "me", time.time())
    rounds(feed, lambda: instance.is_stopped)


def test_slices_that_come_later_are_found(ground: Ground) -> None:
    hold, results, instance = prepared(ground, [1])
    feed = ground.feed(hold)
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    ground.store.slices.add(hold.uid, items([2, 3]), "me", time.time())
    rounds(feed, lambda: (instance.do(), results.counts().done == 3)[1])


def test_an_unwanted_job_gets_nothing_more(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(100))
    hold.hear(Wish.CANCEL)
    ground.feed(hold).tick()
    assert instance.batches() == {}
    assert results.counts().active == 0


def test_too_many_errors(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(20), work={"max_errors": 2})
    feed = ground.feed(hold)
    feed.tick()
    instance.say(1, *({"n": number, "e": {"code": "EUNCAUGHT"}} for number in (1, 2)))
    rounds(feed, lambda: feed.trouble is not None)
    assert feed.trouble is not None
    assert feed.trouble.code == "too_many_errors"
    assert hold.see({}), "the job's step hears of it"
    assert results.counts().failed == 2


@pytest.mark.parametrize("what", ["link", "fifo"])
def test_a_broken_exchange_ends_the_attempt(ground: Ground, tmp_path: Path, what: str) -> None:
    hold, results, instance = prepared(ground, range(2))
    feed = ground.feed(hold)
    feed.tick()
    (tmp_path / "forged").write_text('{"n":1,"v":"forged"}\n')
    if what == "link":
        (instance.folder / "out" / "1.jsonl").symlink_to(tmp_path / "forged")
    else:
        os.mkfifo(instance.folder / "out" / "1.jsonl")
    feed.tick()
    assert feed.trouble is not None
    assert feed.trouble.code == "command_failed"
    (run,) = hold.runs.values()
    feed.ended(replace(run, state=RunState.ENDED, reason=LOST))
    assert (results.counts().done, results.counts().waiting) == (0, 2)


class Away:
    """A store that does not answer when results are to be noted."""

    def __init__(self, slices: Any) -> None:
        self._slices = slices
        self.is_away = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._slices, name)

    def take_in(self, *given: Any) -> int:
        if self.is_away:
            raise StoreUnavailable
        return int(self._slices.take_in(*given))


def test_results_wait_for_the_store(ground: Ground) -> None:
    hold, results, instance = prepared(ground, range(3))
    slices: Any = Away(ground.store.slices)
    feed = ground.feed(hold, replace(ground.tools, slices=slices))
    feed.tick()
    instance.do()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            feed.tick()
    slices.is_away = False
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    assert results.values() == {1: [0], 2: [1], 3: [2]}


def test_a_hold_that_was_given_up_does_nothing_more(ground: Ground) -> None:
    hold, _, instance = prepared(ground, range(3))
    feed = ground.feed(hold)
    hold.give_up()
    with pytest.raises(GivenUp):
        feed.tick()
    assert instance.batches() == {}


@pytest.mark.clause("dcp 3.1")
def test_data_of_urls_is_fetched(ground: Ground) -> None:
    urls = [f"https://a.example/{number}" for number in range(6)]
    ground.web.pages = dict(
        zip(
            urls,
            [
                ("application/json; charset=utf-8", b'{"a": [1]}'),
                ("text/plain", b'{"a": 1}\n'),
                ("application/geo+json", b"{"),
                OutsideRefused("the origin answered 404"),
                OutsideUnavailable("the origin does not answer"),
                ("", b"\xff"),
            ],
            strict=True,
        )
    )
    block = Block(Form.URLS, len(urls), json.dumps(urls))
    hold, results, instance = prepared(ground, (), blocks=[block])
    feed = ground.feed(hold)
    rounds(feed, lambda: (instance.do(), results.counts().are_all_over)[1])
    assert results.values() == {1: [{"a": [1]}], 2: ['{"a": 1}\n'], 6: ["�"]}
    assert {number: error["code"] for number, error in results.errors().items()} == dict.fromkeys(
        (3, 4, 5), "EFETCH"
    )
    assert "404" in results.errors()[4]["message"]
    assert ground.web.asked.count(urls[4]) == 3
    assert ground.web.asked.count(urls[3]) == 1
