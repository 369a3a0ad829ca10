"""Jobs listed, shown, stopped, tried again, copied, deleted; and hidden from everybody else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from libs.web.principal import WALLET
from services.compute.domain.job import NewJob
from services.compute.domain.quotas import Quotas
from services.compute.domain.spec import Input, Source
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.fakes.compute_jobs import run_of
from tests.fakes.compute_room import ADA, BOB, Room
from tests.fakes.compute_room import WALLET as BOBS_WALLET


def uids(room: Room, query: str = "", **more: Any) -> list[str]:
    answer = room.get(f"/jobs{query}", **more)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [job["uid"] for job in answer.get_json()["jobs"]]


def another(room: Room, uid: str, **changes: Any) -> str:
    """A job as another window would hand it in."""
    job = room.job(uid)
    new = NewJob(owner=job.owner, dialect="ocean", spec=job.spec)
    return room.store.submit(replace(new, **changes), Quotas(), room.clock.now()).job.uid


def test_a_gathered_jobs_runs_show_their_addresses(room: Room) -> None:
    uid = room.submit(gathered=True)
    lease = room.start(uid)
    job = room.job(uid)
    room.store.intend(lease, run_of(job.uid, address="10.212.0.2"))
    room.store.intend(lease, run_of(job.uid, task=1))
    shown = room.get(f"/jobs/{uid}").get_json()
    assert shown["spec"]["gathered"] is True
    assert [run["address"] for run in shown["runs"]] == ["10.212.0.2", None]


def test_an_environment_tells_whether_it_gathers(room: Room) -> None:
    told = {each["id"]: each for each in room.get("/environments").get_json()["environments"]}
    gathers = {name: (each["gathers"], each["shares_address"]) for name, each in told.items()}
    assert (gathers["small"], gathers["pinned"]) == ((False, False), (True, False))


# -- lists ------------------------------------------------------------------------------------------
def test_the_newest_come_first_and_pages_miss_nothing(room: Room) -> None:
    made = [room.submit(name=f"job {number}") for number in range(7)]
    first = room.get("/jobs?limit=3").get_json()
    room.submit(name="late")
    second = room.get(f"/jobs?limit=3&cursor={first['next']}").get_json()
    third = room.get(f"/jobs?limit=3&cursor={second['next']}").get_json()
    shown = [job["uid"] for page in (first, second, third) for job in page["jobs"]]
    assert shown == made[::-1]
    assert third["next"] is None


def test_filters_narrow(room: Room) -> None:
    first = room.submit(name="a", labels={"x": "1", "y": "2"})
    room.run(first)
    room.clock.move(10)
    second = room.submit(name="b", labels={"x": "1"})
    ocean = another(room, second)
    start = room.job(first).submitted_at
    assert uids(room, "?state=succeeded") == [first]
    assert uids(room, "?state=queued,succeeded") == [ocean, second, first]
    assert uids(room, "?dialect=ocean") == [ocean]
    assert uids(room, "?name=a") == [first]
    assert uids(room, "?label=x=1") == [second, first]
    assert uids(room, "?label=x=1,y=2") == [first]
    assert uids(room, f"?since={start + 5}") == [ocean, second]
    assert uids(room, f"?until={start + 5}") == [first]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?state=lost", "/state"), ("?limit=0", "/limit"), ("?limit=201", "/limit"), ("?limit=x", "/limit"),
        ("?cursor=zzz", "/cursor"), ("?label=x", "/label"), ("?since=soon", "/since"), ("?stat=x", "/stat"),
        ("?deleted=1", "/deleted"), ("?name=a&name=b", "/name"),
    ],
)  # fmt: skip
def test_bad_parameters_are_named(room: Room, query: str, pointer: str) -> None:
    answer = room.get(f"/jobs{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
    assert answer.get_json()["errors"][0]["pointer"] == pointer


def test_administrators_may_ask_for_everybodys(room: Room) -> None:
    mine, his = room.submit(), room.submit("bob")
    assert uids(room) == [mine]
    assert uids(room, "?all=true", token="root") == [his, mine]
    assert uids(room, token="root") == []
    for token in ("ada", "demoted"):
        assert room.get("/jobs?all=true", token=token).status_code == 403


def test_a_wallets_jobs_are_seen_by_whom_it_is_linked_to(room: Room) -> None:
    uid = another(room, room.submit(), owner=WALLET + BOBS_WALLET)
    assert uids(room, token="bob") == [uid]
    assert room.get(f"/jobs/{uid}", token="bob").status_code == 200
    assert room.get(f"/jobs/{uid}").status_code == 404


# -- one job ----------------------------------------------------------------------------------------
def test_a_job_is_found_by_either_id(room: Room) -> None:
    uid = room.submit()
    shown = room.get(f"/jobs/{uid}").get_json()
    assert room.get(f"/jobs/{shown['id']}").get_json() == shown


def test_who_asks_again_gets_what_changed_and_nothing_when_nothing_did(room: Room) -> None:
    uid = room.submit()
    first = room.get(f"/jobs/{uid}")
    tag = first.headers["ETag"]
    assert first.get_json()["state"] == "queued"
    known = {"If-None-Match": tag}
    same = room.get(f"/jobs/{uid}", headers=known)
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    room.start(uid)
    changed = room.get(f"/jobs/{uid}", headers=known)
    assert (changed.status_code, changed.get_json()["state"]) == (200, "running")
    assert changed.headers["ETag"] != tag
    assert room.get(f"/jobs/{uid}").get_json() == changed.get_json()
    assert room.get(f"/jobs/{uid}", headers=known, token="bob").status_code == 404


def test_a_failed_job_says_why_and_what_to_do(room: Room) -> None:
    uid = room.submit()
    room.run(uid, exit_code=3)
    shown = room.get(f"/jobs/{uid}").get_json()
    assert (shown["state"], shown["exit_code"], shown["attempt"]) == ("failed", 3, 1)
    assert shown["reason"] == {
        "code": "command_failed",
        "phase": "run",
        "sentence": "It ended with 3.",
        "evidence": "",
        "advice": "Read the log: the program itself reported the failure.",
    }
    assert shown["expires_at"] == shown["finished_at"] + 3600


def test_handles_of_grants_and_facts_of_other_windows_are_shown_nowhere(room: Room) -> None:
    spec = replace(
        room.job(room.submit()).spec,
        inputs=(Input(source=Source.GRANT, path="/work/x", value="canary-handle", label="data"),),
    )
    uid = another(room, room.submit(), spec=spec, facts={"order": "canary-order"})
    for path in ("", "/events", "/outputs", "/streams"):
        assert "canary" not in room.get(f"/jobs/{uid}{path}").get_data(as_text=True)
    assert room.get(f"/jobs/{uid}").get_json()["spec"]["inputs"][0]["granted"] is True


def every_route(uid: str) -> list[tuple[str, str, str]]:
    """(method, path, scope)."""
    here = f"/jobs/{uid}"
    reads = [here, *(f"{here}/{part}" for part in ("events", "streams", "logs", "outputs", "outputs.zip"))]
    writes = [("DELETE", here), *(("POST", f"{here}/{word}") for word in ("cancel", "retry", "clone"))]
    return [
        *(("GET", path, "job:read") for path in (*reads, f"{here}/outputs/a")),
        *((method, path, "job:write") for method, path in writes),
    ]


@pytest.mark.parametrize("number", range(11))
def test_somebody_elses_job_and_no_job_look_the_same(room: Room, number: int) -> None:
    uid = room.submit("bob")
    room.run(uid, files={"a": b"1"})
    answers = []
    for ref in (uid, "1", "0" * 31 + "a", "99", "x", "9" * 40, "%00", "-1"):
        method, path, _ = every_route(ref)[number]
        answer = room.call(method, path)
        problem = answer.get_json()
        problem.pop("request_id")
        answers.append((answer.status_code, problem))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    assert room.job(uid).deleted_at is None


@pytest.mark.parametrize("number", range(11))
def test_each_route_wants_its_scope(room: Room, number: int) -> None:
    method, path, scope = every_route(room.submit())[number]
    for token, lacks in (("nobody", True), ("reader", scope != "job:read"), ("writer", scope == "job:read")):
        answer = room.call(method, path, token=token)
        assert (answer.status_code == 403) is lacks
        if lacks:
            assert answer.mimetype == "application/problem+json"
            assert answer.get_json()["code"] == "insufficient_scope"
    refused = room.call(method, path, token=None)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "credential_missing")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_unknown_paths_and_methods_are_problems_too(room: Room) -> None:
    assert room.get("/jobs/1/nothing").get_json()["code"] == "http_404"
    answer = room.call("PATCH", "/jobs")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "http_405")


# -- changes ----------------------------------------------------------------------------------------
def test_a_waiting_job_is_stopped_at_once_and_a_running_one_is_told(room: Room) -> None:
    waiting, running = room.submit(), room.submit()
    lease = room.start(running)
    shown = room.call("POST", f"/jobs/{waiting}/cancel").get_json()
    assert (shown["state"], shown["reason"]["code"]) == ("cancelled", "cancelled")
    shown = room.call("POST", f"/jobs/{running}/cancel").get_json()
    assert (shown["state"], shown["wish"]) == ("running", "cancel")
    room.store.change(lease, Change(to=State.CANCELLED), room.clock.now())
    again = room.call("POST", f"/jobs/{running}/cancel")
    assert (again.status_code, again.get_json()["state"]) == (200, "cancelled")


def test_what_ended_cannot_be_stopped(room: Room) -> None:
    uid = room.submit()
    room.run(uid)
    answer = room.call("POST", f"/jobs/{uid}/cancel")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "already_finished")


def test_a_failed_job_is_tried_again_as_a_new_one_once_for_each_key(room: Room) -> None:
    uid = room.submit(name="n", labels={"a": "b"})
    room.run(uid, exit_code=1)
    headers = {"Idempotency-Key": "again"}
    first = room.call("POST", f"/jobs/{uid}/retry", headers=headers)
    second = room.call("POST", f"/jobs/{uid}/retry", headers=headers)
    assert (first.status_code, first.data) == (201, second.data)
    shown = room.get(f"/jobs/{first.get_json()['uid']}").get_json()
    assert (shown["name"], shown["labels"], shown["retry_of"]) == ("n", {"a": "b"}, uid)
    assert room.job(shown["uid"]).spec == room.job(uid).spec
    assert room.job(uid).state == "failed"


def test_only_what_ended_badly_is_tried_again(room: Room) -> None:
    waiting, well = room.submit(), room.submit()
    room.run(well)
    assert room.call("POST", f"/jobs/{waiting}/retry").get_json()["code"] == "not_finished"
    assert room.call("POST", f"/jobs/{well}/retry").get_json()["code"] == "already_finished"


def test_a_copy_of_any_job(room: Room) -> None:
    uid = room.submit(name="n")
    copy = room.call("POST", f"/jobs/{uid}/clone").get_json()
    shown = room.get(f"/jobs/{copy['uid']}").get_json()
    assert (shown["clone_of"], shown["dialect"], shown["name"]) == (uid, "native", "n")


def test_what_was_granted_to_one_job_is_not_given_to_another(room: Room) -> None:
    spec = replace(
        room.job(room.submit()).spec,
        inputs=(Input(source=Source.GRANT, path="/work/x", value="handle"),),
    )
    uid = another(room, room.submit(), spec=spec)
    room.call("POST", f"/jobs/{uid}/cancel")
    for word in ("retry", "clone"):
        answer = room.call("POST", f"/jobs/{uid}/{word}")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "not_repeatable")


def test_a_deleted_job_is_stopped_and_shown_here_alone(room: Room) -> None:
    uid = room.submit()
    assert room.call("DELETE", f"/jobs/{uid}").status_code == 204
    assert room.call("DELETE", f"/jobs/{uid}").status_code == 204
    assert uids(room) == []
    assert uids(room, "?deleted=true") == [uid]
    shown = room.get(f"/jobs/{uid}").get_json()
    assert (shown["state"], shown["deleted_at"]) == ("cancelled", room.clock.now())


# -- environments, quotas, dead letters -------------------------------------------------------------
def test_environments_say_what_they_offer_and_how_busy_they_are(room: Room) -> None:
    room.start(room.submit())
    small, pinned, priced = room.get("/environments").get_json()["environments"]
    assert (small["id"], small["jobs"], small["takes_digests"]) == ("small", {"running": 1, "most": 2}, False)
    assert (pinned["takes_digests"], pinned["network"], pinned["limits"]["gpus"]) == (True, True, 1)
    assert priced["price_per_minute"] == "0.1"


def test_quotas_say_what_is_held_and_what_may_be(room: Room) -> None:
    room.submit(resources={"cpus": 2})
    shown = room.get("/quotas").get_json()
    assert shown["principal"]["jobs"] == {"held": 1, "most": 1000}
    assert shown["groups"] == [
        {
            "group": "physics",
            "jobs": {"held": 1, "most": None},
            "cpus": {"held": 2.0, "most": 8},
            "memory": {"held": 1 << 30, "most": None},
            "storage": {"held": 0, "most": None},
        }
    ]
    assert room.get("/quotas", token="bob").get_json()["groups"] == []
    assert BOB.groups == ()
    assert ADA.groups == ("physics",)


def test_dead_letters_are_seen_and_replayed_by_administrators(room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    room.store.bury(lease, "ValueError: broken", room.clock.now())
    (found,) = room.get("/dead-letters", token="root").get_json()["dead_letters"]
    assert (found["job"]["uid"], found["error"]) == (uid, "ValueError: broken")
    for token in ("ada", "demoted"):
        assert room.get("/dead-letters", token=token).status_code == 403
        assert room.call("POST", f"/dead-letters/{uid}/replay", token=token).status_code == 403
    assert room.call("POST", f"/dead-letters/{uid}/replay", token="root").status_code == 200
    assert room.get("/dead-letters", token="root").get_json()["dead_letters"] == []
    assert room.call("POST", f"/dead-letters/{uid}/replay", token="root").status_code == 404


def test_status_says_that_jobs_are_taken(room: Room) -> None:
    compute: Mapping[str, Any] = room.get("/status", token=None).get_json()["services"]["compute"]
    assert compute["enabled"] is True
