"""One job, five windows: whoever walks among them at random sees one truth."""

import random
from dataclasses import dataclass

import pytest

from tests.e2e.windows import (
    DONE,
    FAIL,
    FAILED,
    FINAL,
    HELLO,
    KINDS,
    LONG,
    STOPPED,
    Known,
    Window,
    person,
    windows,
)
from tests.stack import Stack
from tests.waiting import wait_for

STEPS, SEED = 2000, 20261122
MOST_JOBS = 60
UNDER_WAY = frozenset({"waiting", "running"})
OWN_END = {HELLO: DONE, FAIL: FAILED}


@dataclass(slots=True)
class Job:
    known: Known
    kind: str
    text: str
    is_stopped: bool = False  # somebody asked for its end
    end: str | None = None  # as the first window said that saw it ended

    def hear(self, window: str, word: str) -> None:
        """What a window says of it now, after all that was said before."""
        if self.end is not None:
            assert word == self.end, f"{window} says {word} of {self}, which ended"
            return
        ends = {OWN_END[self.kind]} if self.kind in OWN_END else set()
        allowed = UNDER_WAY | ends | ({STOPPED} if self.is_stopped else set())
        assert word in allowed, f"{window} says {word} of {self}"
        if word in FINAL:
            self.end = word


class Walk:
    """What the walker may do; each step is one of these, in one of the windows, with one of the jobs."""

    def __init__(self, own: dict[str, Window], others: dict[str, Window], dice: random.Random) -> None:
        self.own = own
        self.others = others
        self.dice = dice
        self.jobs: list[Job] = []
        self.taken: dict[str, int] = {}

    def step(self) -> None:
        chances = {"submit": 4, "look": 60, "stop": 4, "log": 10, "list": 5, "strangers": 12}
        (what,) = self.dice.choices(list(chances), list(chances.values()))
        if not self.jobs or (what == "submit" and len(self.jobs) < MOST_JOBS):
            what = "submit"
        elif what == "submit":
            what = "look"
        getattr(self, what)(self.own[self.dice.choice(list(self.own))])
        self.taken[what] = self.taken.get(what, 0) + 1

    def submit(self, window: Window) -> None:
        number = len(self.jobs)
        text = f"says-{number}"
        kind = self.dice.choice(KINDS)
        known = window.submit(kind, f"walk{SEED}n{number}", text)
        self.jobs.append(Job(known, kind, text))
        self.look(self.own[self.dice.choice(list(self.own))], self.jobs[-1])

    def look(self, window: Window, job: Job | None = None) -> None:
        job = job or self.dice.choice(self.jobs)
        job.hear(window.name, window.word(job.known))

    def stop(self, window: Window) -> None:
        job = self.dice.choice(self.jobs)
        if job.kind != LONG and self.dice.random() < 0.5:
            return
        job.is_stopped = True
        answer = window.stop(job.known)
        assert answer.status_code < 500, f"{window.name} {job}: {answer.status_code} {answer.text[:1000]}"
        if not answer.ok:  # only what has ended is not to be stopped
            self.look(window, job)
            assert job.end is not None, f"{window.name} {job}: {answer.status_code} {answer.text[:1000]}"

    def log(self, window: Window) -> None:
        job = self.dice.choice(self.jobs)
        said = window.log(job.known)
        if said is not None and job.end in (DONE, FAILED):
            assert job.text in said, f"{window.name} has no {job.text!r} of {job}: {said[:500]!r}"

    def list(self, window: Window) -> None:
        ours = {job.known.id for job in self.jobs}
        assert window.ids() == ours, f"{window.name} lists other jobs"

    def strangers(self, window: Window) -> None:
        """Somebody else sees nothing of it and ends nothing."""
        job, other = self.dice.choice(self.jobs), self.others[window.name]
        is_public = job.known.born == other.name == "openpai"
        if not is_public:
            assert other.hides(other.look(job.known)), f"{other.name} shows {job} to a stranger"
        assert not other.stop(job.known).ok, f"{other.name} let a stranger stop {job}"


@pytest.fixture(scope="module")
def walk(stack: Stack) -> Walk:
    own, other = person(stack, "walker"), person(stack, "stranger")
    return Walk(windows(own), windows(other), random.Random(SEED))


def test_a_random_walk_sees_one_truth(walk: Walk) -> None:
    for _ in range(STEPS):
        walk.step()
    assert set(walk.taken) == {"submit", "look", "stop", "log", "list", "strangers"}
    assert {job.known.born for job in walk.jobs} == set(walk.own)
    for job in walk.jobs:
        if job.kind == LONG and job.end is None:
            walk.own[walk.dice.choice(list(walk.own))].stop(job.known)
            job.is_stopped = True
    native = walk.own["native"]
    for job in walk.jobs:
        wait_for(lambda job=job: native.word(job.known) in FINAL, f"the end of {job}")
        for window in walk.own.values():
            walk.look(window, job)
    ends = {(job.kind, job.end) for job in walk.jobs}
    assert {(HELLO, DONE), (FAIL, FAILED), (LONG, STOPPED)} <= ends


def test_what_a_job_left_is_the_same_in_every_window(walk: Walk) -> None:
    """After the walk."""
    done = [job for job in walk.jobs if job.end == DONE]
    seen: set[tuple[str, str]] = set()
    for job in done:
        for window in walk.own.values():
            kept = window.kept(job.known)
            if kept is not None:
                assert kept == f"{job.text}\n".encode(), f"{window.name} of {job}"
                seen.add((window.name, job.known.born))
    for born in {job.known.born for job in done} - {"dcp"}:
        assert {("native", born), ("dirac", born)} <= seen
