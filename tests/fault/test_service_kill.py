"""kill -9 of compute's web services at seeded random times, while callers submit, stop and delete jobs and
come again when a connection broke: each key is one job, none is lost, and what was answered stays true.
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.ids import JobUid
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Filter
from tests.compute_servers import ComputeSite, compute_site, kill_server
from tests.granian import Granian, reserved_port
from tests.integration.compute.many_workers import ENVIRONMENTS, start_worker
from tests.integration.compute.submitting import Caller
from tests.processes import end_group
from tests.waiting import wait_for

KILLS = 8
CALLERS = 4
LONGEST_LIFE = 0.6  # seconds after a service is live again
PAUSE_SECONDS = 0.03  # between two jobs of a caller: services are to start anew meanwhile
EVERYBODY = Filter(owners=None, deleted=True)


class Pair:
    """Two services at ports of their own, of which one is killed and started anew."""

    def __init__(self, site: ComputeSite, stack: contextlib.ExitStack) -> None:
        self._site = site
        self._ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        self._lives = [stack.enter_context(contextlib.ExitStack()) for _ in range(2)]
        self._servers: list[Granian] = []
        self.urls = [f"http://127.0.0.1:{port}" for port in self._ports]
        for number in range(2):
            self._servers.append(self._start(number))

    def kill(self, number: int) -> None:
        kill_server(self._servers[number])
        self._lives[number].close()
        self._servers[number] = self._start(number)

    def _start(self, number: int) -> Granian:
        server = self._lives[number].enter_context(self._site.serving(self._ports[number]))
        server.wait_until_live()
        return server


@dataclass(slots=True)
class Story:
    """What one caller did, and was told."""

    answers: dict[str, list[str]] = field(default_factory=dict)  # uids by key
    cancelled: dict[str, str] = field(default_factory=dict)  # state as answered, by uid
    deleted: set[str] = field(default_factory=set)
    broken: int = 0


def live(site: ComputeSite, urls: list[str], number: int, stop: threading.Event) -> Story:
    """Submits, and of every four jobs stops one and deletes one, until told to end."""
    dice, story = random.Random(number), Story()
    caller = Caller(site.token(f"client:{number}"), story.answers, threading.Lock())
    for job in range(100_000):
        if stop.wait(PAUSE_SECONDS):
            break
        turned = urls if dice.random() < 0.5 else urls[::-1]
        key = f"{number}-{job}"
        document = {"environment": "small", "command": ["true"], "name": key}
        uid = caller.submit(turned, key, document)
        if job % 4 == 1:
            answer = caller.change("POST", turned, f"/{uid}/cancel")
            assert answer.status_code in (200, 409), answer.text
            story.cancelled[uid] = answer.json()["state"] if answer.status_code == 200 else "too late"
        if job % 4 == 2:
            answer = caller.change("DELETE", turned, f"/{uid}")
            assert answer.status_code == 204, answer.text
            story.deleted.add(uid)
        if job % 4 == 3:
            caller.submit(turned[::-1], key, document)
    story.broken = caller.broken
    return story


@pytest.fixture
def store(database_url: str) -> Iterator[SqlJobStore]:
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def site(database_url: str, tmp_path: Path, store: SqlJobStore) -> Iterator[ComputeSite]:
    with compute_site(tmp_path, database_url, ENVIRONMENTS) as started:
        yield started


@pytest.fixture
def worker(database_url: str, tmp_path: Path, store: SqlJobStore) -> Iterator[None]:
    process = start_worker(database_url, tmp_path, "w")
    yield
    end_group(process)


def test_killed_services_lose_and_double_nothing(
    site: ComputeSite, store: SqlJobStore, worker: None, tmp_path: Path
) -> None:
    dice, stop = random.Random(4711), threading.Event()
    with contextlib.ExitStack() as stack:
        pair = Pair(site, stack)
        pool = stack.enter_context(ThreadPoolExecutor(CALLERS))
        stack.callback(stop.set)
        living = [pool.submit(live, site, pair.urls, number, stop) for number in range(CALLERS)]
        for _ in range(KILLS):
            time.sleep(dice.uniform(0, LONGEST_LIFE))
            pair.kill(dice.randrange(2))
        stop.set()
        stories = [caller.result() for caller in living]
        assert_told_the_same_again(site, pair.urls, stories)
    assert sum(story.broken for story in stories) >= KILLS // 2
    wait_for(lambda: store.count(Filter(owners=None, states=FINAL, deleted=True)) == store.count(EVERYBODY),
             "all jobs to end", 120)  # fmt: skip
    answers = {key: set(uids) for story in stories for key, uids in story.answers.items()}
    assert [uids for uids in answers.values() if len(uids) != 1] == []
    assert store.count(EVERYBODY) == len(answers) > KILLS
    for story in stories:
        assert_true(store, story)
    starts = (tmp_path / "engine" / "starts").read_text().splitlines()
    assert Counter(line.split()[0] for line in starts).most_common(1)[0][1] == 1


def assert_told_the_same_again(site: ComputeSite, urls: list[str], stories: list[Story]) -> None:
    """Every key still gives its job, at either service; what was deleted stays deleted."""
    for number, story in enumerate(stories):
        caller = Caller(site.token(f"client:{number}"), story.answers, threading.Lock())
        for place, key in enumerate(list(story.answers)[-10:]):
            document = {"environment": "small", "command": ["true"], "name": key}
            caller.submit([urls[place % 2]], key, document)
        for uid in list(story.deleted)[:5]:
            assert caller.change("DELETE", urls, f"/{uid}").status_code == 204


def assert_true(store: SqlJobStore, story: Story) -> None:
    for uids in story.answers.values():
        job = store.find(uids[0], None)
        states = [event.state_to for event in store.events(job.uid)]
        assert sum(state in FINAL for state in states) == 1
        assert states[-1] is job.state
        if job.uid not in story.cancelled and job.uid not in story.deleted:
            assert (job.state, job.deleted_at) == (State.SUCCEEDED, None)
    for uid, told in story.cancelled.items():
        state = store.find(JobUid(uid), None).state
        assert state is State.CANCELLED or told != "cancelled"
        assert state is State.SUCCEEDED or told != "too late"
    for uid in story.deleted:
        assert store.find(JobUid(uid), None).deleted_at is not None
