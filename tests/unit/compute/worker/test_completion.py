"""How many instances have to fail, or to end well, until a job has; which of them decides; what follows."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from services.compute.domain.ids import tag_of
from services.compute.domain.job import Job, Run, RunState, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Retry, Role, Spec, Task
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from services.compute.worker.lanes import Verdict, lanes_of, verdict
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, TASK, Driver, Site

pytestmark = pytest.mark.clause("openpai 7.5")

UID = "a" * 32
FAILED = Reason("command_failed", "It ended with exit code 1.")
STOPPED = Reason("cancelled", "It was stopped on request.")
ONE = Task(command=("x",))


def role(name: str, count: int, **rules: int | bool | None) -> Role:
    return Role(name=name, count=count, tasks=(ONE,), **rules)  # type: ignore[arg-type]


def spec(*roles: Role, **rules: object) -> Spec:
    return replace(SPEC, roles=roles, **rules)  # type: ignore[arg-type]


def ended(place: str, at: float | None, code: int | None = 0, reason: Reason | None = None) -> Run:
    name, index = place[:-1], int(place[-1])
    reason = reason or (FAILED if code else None)
    return Run(
        tag=tag_of(UID, 1, name, index, 0), attempt=1, role=name, index=index, task=0, state=RunState.ENDED,
        handle="h", ended_at=at, exit_code=code, reason=reason,
    )  # fmt: skip


def judged(wanted: Spec, *runs: Run) -> tuple[str, int | None, str | None] | None:
    """Who decided, its exit code, the reason."""
    found: Verdict | None = verdict(wanted, lanes_of(wanted, runs))
    backwards = verdict(wanted, lanes_of(wanted, runs[::-1]))
    assert (found and found.reason) == (backwards and backwards.reason)
    if found is None:
        return None
    assert found.lane.run is not None
    code = found.reason.code if found.reason else None
    return f"{found.lane.role.name}{found.lane.index}", found.lane.run.exit_code, code


class TestVerdicts:
    def test_by_itself_the_first_failure_decides(self) -> None:
        plain = spec(role("w", 3))
        assert judged(plain, ended("w0", 5.0)) is None
        assert judged(plain, ended("w0", 5.0), ended("w2", 7.0, 3), ended("w1", 6.0, 4)) == (
            "w1", 4, "command_failed",
        )  # fmt: skip
        assert judged(plain, *(ended(f"w{n}", 9.0 - n) for n in range(3))) == ("w0", 0, None)

    def test_as_many_failures_of_one_role(self) -> None:
        some = spec(role("w", 3, least_failed=2), role("p", 2, least_failed=2))
        scattered = [ended("w0", 1.0, 1), ended("p0", 2.0, 1)]
        assert judged(some, *scattered) is None
        assert judged(some, *scattered, ended("p1", 3.0, 7)) == ("p1", 7, "command_failed")

    def test_as_many_of_one_role_that_ended_well(self) -> None:
        some = spec(role("w", 3, least_succeeded=2), role("p", 1))
        assert judged(some, ended("w0", 1.0), ended("p0", 1.0)) is None
        assert judged(some, ended("w0", 1.0), ended("w2", 4.0), ended("w1", 3.0)) == ("w1", 0, None)

    def test_as_many_of_any_role_that_ended_well(self) -> None:
        some = spec(role("p", 2), role("w", 2), least_succeeded=2)
        assert judged(some, ended("w0", 1.0)) is None
        assert judged(some, ended("w0", 1.0), ended("p1", 2.0)) == ("p1", 0, None)
        assert judged(some, ended("w0", 1.0), ended("p1", 1.5, 9)) == ("p1", 9, "command_failed")

    @pytest.mark.parametrize(("well_at", "bad_at", "code"), [(1.0, 2.0, None), (2.0, 1.0, "command_failed")])
    def test_what_ended_first_decides(self, well_at: float, bad_at: float, code: str | None) -> None:
        both = spec(role("w", 3, least_succeeded=1))
        found = judged(both, ended("w0", bad_at, 1), ended("w1", well_at))
        assert found is not None
        assert found[2] == code

    def test_failures_that_nobody_counts_are_no_failure(self) -> None:
        any_number = spec(role("w", 3, least_failed=None))
        two = [ended("w2", 1.0, 3), ended("w0", 2.0)]
        assert judged(any_number, *two) is None
        assert judged(any_number, *two, ended("w1", 3.0, 4)) == ("w0", 0, None)
        assert judged(any_number, *(ended(f"w{n}", n, 5) for n in range(3))) == ("w2", 5, None)

    def test_judged_late_the_last_failure_decides(self) -> None:
        late = spec(role("w", 2, least_failed=None), role("p", 1, least_failed=None), judged_late=True)
        two = [ended("w1", 1.0, 3), ended("p0", 2.0, 4)]
        assert judged(late, *two) is None
        assert judged(late, *two, ended("w0", 3.0)) == ("p0", 4, "command_failed")
        assert judged(late, ended("w0", 1.0), ended("w1", 2.0), ended("p0", 3.0)) == ("p0", 0, None)

    @pytest.mark.parametrize("code", ["run_timeout", "engine_lost", "engine_failed", "resources_refused"])
    def test_the_jobs_time_and_the_engines_troubles_always_decide(self, code: str) -> None:
        late = spec(role("w", 2, least_failed=None), judged_late=True, least_succeeded=2)
        trouble = ended("w1", 1.0, None, Reason(code, "Not the program's."))
        assert judged(late, trouble) == ("w1", None, code)

    @pytest.mark.parametrize("code", ["memory_limit", "disk_limit", "killed_by_signal", "command_not_found"])
    def test_limits_are_failures_of_an_instance(self, code: str) -> None:
        any_number = spec(role("w", 2, least_failed=None))
        bad = ended("w1", 1.0, None, Reason(code, "Its own."))
        assert judged(any_number, bad) is None

    def test_what_was_stopped_decides_nothing(self) -> None:
        some = spec(role("w", 3, least_failed=1, least_succeeded=2))
        stopped = ended("w0", 1.0, None, STOPPED)
        assert judged(some, stopped) is None
        assert judged(some, stopped, ended("w1", 2.0), ended("w2", 3.0)) == ("w2", 0, None)
        assert judged(spec(role("w", 1)), stopped) is None

    def test_sidecars_do_not_count(self) -> None:
        aside = spec(role("s", 1, sidecar=True, least_succeeded=1), role("w", 1), least_succeeded=1)
        assert judged(aside, ended("s0", 1.0), ended("s0", 1.0)) is None
        assert judged(aside, ended("s0", 1.0, 3), ended("w0", 2.0)) == ("w0", 0, None)


def scripted(by_place: Mapping[str, Script]) -> object:
    """By "<role>.<index>"; what is not named runs until it is ended."""

    def choose(told: RunSpec) -> Script:
        _, _, name, index, _ = told.tag.split(".")
        return by_place.get(f"{name}.{index}", Script(running=None))

    return choose


def run(site: Site, by_place: Mapping[str, Script], *roles: Role, **rules: object) -> Job:
    site.engine.scripts = scripted(by_place)  # type: ignore[assignment]
    whole = tuple(replace(each, tasks=(TASK,)) for each in roles)
    return site.run(roles=whole, **rules)


class TestJobs:
    def test_the_rest_is_ended_when_enough_did_well(self, site: Site) -> None:
        workers = {"worker.0": Script(running=1), "worker.1": Script(running=3)}
        job = run(site, workers, role("ps", 2), role("worker", 2), least_succeeded=2)
        assert (job.state, job.exit_code, job.reason) == (State.SUCCEEDED, 0, None)
        reasons = {f"{r.role}.{r.index}": r.reason and r.reason.code for r in site.store.runs(job.uid)}
        assert reasons == {"ps.0": "cancelled", "ps.1": "cancelled", "worker.0": None, "worker.1": None}
        site.assert_clean()

    def test_the_job_has_the_exit_code_of_what_decided(self, site: Site) -> None:
        first, second = Script(running=1, exit_code=3), Script(running=4, exit_code=5)
        workers = {"w.0": second, "w.1": first, "w.2": Script(running=2)}
        job = run(site, workers, role("w", 4, least_failed=2))
        assert (job.state, job.exit_code) == (State.FAILED, 5)
        assert job.reason is not None
        assert job.reason.code == "command_failed"

    def test_a_job_of_which_any_number_may_fail(self, site: Site) -> None:
        refused = Script(refused=Reason("command_not_found", "There is none."))
        workers = {"w.0": Script(exit_code=3), "w.1": refused, "w.2": Script(running=3)}
        job = run(site, workers, role("w", 3, least_failed=None))
        assert (job.state, job.exit_code, job.reason) == (State.SUCCEEDED, 0, None)

    def test_a_job_that_is_judged_late(self, site: Site) -> None:
        workers = {"w.0": Script(running=1, exit_code=3), "w.1": Script(running=3), "p.0": Script(running=5)}
        roles = (role("w", 2, least_failed=None), role("p", 1, least_failed=None))
        job = run(site, workers, *roles, judged_late=True)
        assert (job.state, job.exit_code, len(site.engine.cancelled)) == (State.FAILED, 3, 0)

    def test_stopping_it_before_enough_did_well(self, site: Site) -> None:
        site.engine.scripts = scripted({"w.0": Script()})  # type: ignore[assignment]
        job = site.submit(roles=(replace(role("w", 3, least_succeeded=2), tasks=(TASK,)),))
        driver = Driver(site, site.tools())
        for _ in range(8):
            driver.claim()
            driver.step(driver.holds[0])
        site.store.wish(job.uid, Wish.CANCEL, job.owner, STOPPED, site.clock.now())
        driver.run()
        assert site.job(job.uid).state is State.CANCELLED


class TestAttempts:
    def test_another_follows_a_good_one(self, site: Site) -> None:
        job = site.run(retry=Retry(attempts=3, succeeded=True))
        assert (job.state, job.attempt, len(site.engine.submitted)) == (State.SUCCEEDED, 3, 3)
        told = [event.reason for event in site.store.events(job.uid) if event.reason is not None]
        assert [reason.sentence for reason in told if reason.code == "waiting_to_retry"] == [
            "Attempt 1 of 3 went well; another follows.",
            "Attempt 2 of 3 went well; another follows.",
        ]
        site.assert_clean()

    def test_it_goes_on_until_it_is_stopped(self, site: Site) -> None:
        job = site.submit(retry=Retry(attempts=1_000_000, succeeded=True))
        driver = Driver(site, site.tools())
        while site.job(job.uid).attempt < 4:
            driver.claim()
            for hold in list(driver.holds):
                driver.step(hold)
            if not driver.holds:
                site.clock.move(400)
        site.store.wish(job.uid, Wish.CANCEL, job.owner, STOPPED, site.clock.now())
        driver.run()
        ended_job = site.job(job.uid)
        assert (ended_job.state, ended_job.attempt) == (State.CANCELLED, 4)
        site.assert_clean()

    def test_by_itself_a_good_one_is_the_last(self, site: Site) -> None:
        assert site.run(retry=Retry(attempts=3)).attempt == 1
