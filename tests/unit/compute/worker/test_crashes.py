"""A worker that dies before or after any single effect: the next one ends every job truly, and runs nothing
twice. The points are all of them, one after the other.
"""

import base64
import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.ids import JobUid
from services.compute.domain.job import Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Input, OnTaskFailure, Output, Retry, Role, Source, Take
from services.compute.domain.states import State
from tests.archives import tar
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import LEASE_SECONDS, SPEC, TASK, Driver, Site
from tests.unit.compute.worker.test_life import write

NOT_EFFECTS = frozenset({"now", "ping", "abilities", "tags", "wishes", "gatherings"})


class Died(BaseException):
    """The process is gone: no handler of ours may see it."""


@dataclass(slots=True)
class Death:
    """Comes at call number `at` of all ports together, before or after its effect."""

    at: int
    is_after: bool
    calls: int = 0

    def wrap(self, name: str, port: Any) -> Any:
        return _Mortal(port, self)

    def passes(self) -> bool:
        self.calls += 1
        return self.calls != self.at


class _Mortal:
    def __init__(self, port: Any, death: Death) -> None:
        self._port = port
        self._death = death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found) or name in NOT_EFFECTS:
            return found

        def called(*args: Any, **kwargs: Any) -> Any:
            if self._death.passes():
                return found(*args, **kwargs)
            if self._death.is_after:
                found(*args, **kwargs)
            raise Died

        return called


@dataclass(frozen=True)
class Story:
    """A job and how it must end. `cancel_at`: the step before which its owner stops it."""

    scripts: Callable[[], Any]
    state: State
    starts: int
    spec: Any = SPEC
    cancel_at: int | None = None


def losing_once() -> Any:
    scripts = [Script(lost=True), Script(act=write("outputs/x", b"x"))]
    return lambda _: scripts.pop(0) if len(scripts) > 1 else scripts[0]


INPUTS = (
    Input(source=Source.INLINE, path="/work/in/a.txt", value="a"),
    Input(source=Source.GRANT, path="/work/in/b", value="handle", label="file 0"),
)
SERVER = replace(TASK, command=("server",))
KEPT = Output(folder="/work", pattern="x", take=Take.FIRST, required=True)
PACKED = Input(
    source=Source.INLINE,
    path="/work/in.tgz",
    value=base64.b64encode(gzip.compress(tar(("a/b", b"1"), ("l", "a")))).decode(),
    encoded=True,
    unpack=True,
)
STORIES = {
    "well": Story(
        lambda: Script(act=write("outputs/x", b"x")), State.SUCCEEDED, 1, replace(SPEC, inputs=INPUTS)
    ),
    "tasks": Story(
        lambda: Script(act=write("outputs/x", b"x")),
        State.SUCCEEDED,
        4,
        replace(SPEC, roles=(Role(count=2, tasks=(TASK, TASK)),)),
    ),
    "sidecar": Story(
        lambda: (
            lambda spec: Script(
                running=None if spec.command == ("server",) else 1, act=write("outputs/x", b"x")
            )
        ),
        State.SUCCEEDED,
        2,
        replace(SPEC, roles=(Role(name="aside", tasks=(SERVER,), sidecar=True), Role(tasks=(TASK,)))),
    ),
    "going on": Story(
        lambda: Script(exit_code=1, act=write("outputs/x", b"x")),
        State.SUCCEEDED,
        2,
        replace(SPEC, roles=(Role(tasks=(TASK, TASK)),), on_task_failure=OnTaskFailure.CONTINUE),
    ),
    "forgiven": Story(
        lambda: Script(exit_code=1, act=write("outputs/x", b"x")),
        State.SUCCEEDED,
        1,
        replace(SPEC, roles=(Role(tasks=(TASK, TASK)),), on_task_failure=OnTaskFailure.FORGIVE),
    ),
    "told": Story(
        lambda: Script(output=b"x"),
        State.SUCCEEDED,
        1,
        replace(SPEC, roles=(Role(tasks=(replace(TASK, tee="/work/x"),)),), outputs=(KEPT,)),
    ),
    "unpacked": Story(
        lambda: Script(act=write("outputs/x", b"x")),
        State.SUCCEEDED,
        1,
        replace(SPEC, inputs=(PACKED,)),
    ),
    "gathered": Story(
        lambda: Script(act=write("outputs/x", b"x")),
        State.SUCCEEDED,
        3,
        replace(SPEC, roles=(Role(name="a", tasks=(TASK,)), Role(count=2, tasks=(TASK,))), gathered=True),
    ),
    "gathered again": Story(
        losing_once, State.SUCCEEDED, 2, replace(SPEC, gathered=True, retry=Retry(attempts=2))
    ),
    "going on after success": Story(
        lambda: Script(act=write("outputs/x", b"x")),
        State.SUCCEEDED,
        3,
        replace(SPEC, gathered=True, retry=Retry(attempts=3, succeeded=True)),
    ),
    "enough did well": Story(
        lambda: (
            lambda spec: Script(
                running=None if spec.command == ("server",) else 1, act=write("outputs/x", b"x")
            )
        ),
        State.SUCCEEDED,
        3,
        replace(
            SPEC,
            roles=(Role(name="ps", count=1, tasks=(SERVER,)), Role(count=2, tasks=(TASK,))),
            least_succeeded=2,
        ),
    ),
    "failing": Story(lambda: Script(exit_code=1, act=write("outputs/x", b"x")), State.FAILED, 1),
    "losing": Story(losing_once, State.SUCCEEDED, 2, replace(SPEC, retry=Retry(attempts=2))),
    "cancelled": Story(
        lambda: Script(running=None, act=write("outputs/x", b"x")), State.CANCELLED, 1, cancel_at=5
    ),
}


def live(site: Site, uid: JobUid, story: Story, death: Death) -> bool:
    """One worker's life; True when it died."""
    tools = site.tools(death.wrap)
    driver = Driver(site, tools)
    try:
        for step in range(200):
            if step == story.cancel_at:
                reason = Reason("cancelled", "It was stopped on request.")
                site.store.wish(uid, Wish.CANCEL, "person:1", reason, site.clock.now())
            driver.claim()
            for hold in list(driver.holds):
                driver.step(hold)
            if not driver.holds:
                site.clock.move(1)
            if site.job(uid).is_final and not driver.holds:
                return False
    except Died:
        return True
    raise AssertionError("the job never ends")


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", list(STORIES))
def test_dying_at_every_point(tmp_path: Path, name: str, is_after: bool) -> None:
    story, point, died = STORIES[name], 0, True
    while died:
        point += 1
        site = Site(tmp_path / str(point), story.scripts())
        site.grants.files["handle"] = b"b" * 5000
        uid = site.submit(story.spec).uid
        died = live(site, uid, story, Death(point, is_after))
        if died:
            if story.cancel_at is not None:
                reason = Reason("cancelled", "It was stopped on request.")
                site.store.wish(uid, Wish.CANCEL, "person:1", reason, site.clock.now())
            site.clock.move(LEASE_SECONDS + 1)
            live(site, uid, replace(story, cancel_at=None), Death(0, is_after))
        job = site.job(uid)
        assert job.state is story.state, (point, job)
        assert all(count == 1 for count in site.machine.starts.values()), (point, site.machine.starts)
        if job.state is not State.CANCELLED:
            assert len(site.machine.starts) == story.starts, point
            assert site.outputs(uid) == {"x": b"x"}, point
        assert site.states(uid).count(job.state.value) == 1, point
        site.assert_clean()
    assert point > 20
