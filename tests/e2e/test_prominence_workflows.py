"""Every command for workflows of both generations of PROMINENCE's command line, and what comes of it."""

import json

import pytest

from tests.e2e.prominence_line import NEWER, OLDER
from tests.e2e.prominence_user import Document, User, add_member, job_of, no_worker, signed_in
from tests.stack import Stack

pytestmark = pytest.mark.clause("prominence 1.2", "prominence 1.7", "prominence 7")

# A sweep between two plain jobs; the last one fails.
CHAIN = """
name: chain
labels: {app: chain}
jobs:
  - name: first
    resources: {nodes: 1, cpus: 1, memory: 1, disk: 1}
    tasks:
      - {image: busybox, cmd: sh -c "echo from first; echo first error >&2"}
  - name: sweep
    resources: {nodes: 1, cpus: 1, memory: 1, disk: 1}
    tasks:
      - image: busybox
        cmd: sh -c "echo x=$x $PROMINENCE_PARAMETER_x in $PROMINENCE_WORKFLOW_ID; echo $x >&2; date > $x.txt"
    outputFiles: [$x.txt]
  - name: last
    resources: {nodes: 1, cpus: 1, memory: 1, disk: 1}
    tasks:
      - {image: busybox, cmd: sh -c "exit 3"}
dependencies: {first: [sweep], sweep: [last]}
factories:
  - name: factory
    type: parameterSweep
    jobs: [sweep]
    parameters:
      - {name: x, start: 0, end: 0.2, step: 0.1}
"""
SWEPT = ["chain/sweep/0", "chain/sweep/1", "chain/sweep/2"]
PROGRESS = {"total": 5, "done": 4, "failed": 1, "queued": 0, "waiting": 0}


@pytest.fixture(scope="module")
def newer(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "flows-newer"), tmp_path_factory.mktemp("newer"))


@pytest.fixture(scope="module")
def older(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    home = tmp_path_factory.mktemp("older")
    return signed_in(stack, add_member(stack, "flows-older"), home, OLDER, "/api/v1")


@pytest.fixture(scope="module")
def chains(newer: User, older: User) -> dict[str, int]:
    """The chain of each, ended."""
    made = {user.line.name: user.run_file("chain.yaml", CHAIN, "Workflow") for user in (newer, older)}
    for user in (newer, older):
        user.ended_workflow(made[user.line.name])
    return made


@pytest.fixture(params=[NEWER, OLDER])
def user(request: pytest.FixtureRequest, newer: User, older: User) -> User:
    return newer if request.param == NEWER else older


def test_a_chain_with_a_sweep(user: User, chains: dict[str, int]) -> None:
    chain = chains[user.line.name]
    found = user.described(chain, "workflow")
    assert (found["status"], found["statusReason"]) == ("failed", "One or more jobs failed")
    assert found["progress"] == PROGRESS
    assert found["dependencies"] == {"first": ["sweep"], "sweep": ["last"]}
    assert [job["name"] for job in found["jobs"]] == ["first", "sweep", "last"]
    assert "cmd" in found["jobs"][0]["tasks"][0]
    (row,) = user.table("list", "workflows", "--completed")
    assert (row["ID"], row["NAME"], row["STATUS"]) == (str(chain), "chain", "failed")
    if user.line.name == NEWER:
        assert (row["SUCCESS"], row["FAILED"], row["TOTAL"]) == ("4", "1", "5")
        assert found["factories"][0]["name"] == "factory"
    else:
        assert row["PROGRESS"] == "4/5"
    rows = user.table("list", "-a", "jobs", str(chain))
    assert [row["NAME"] for row in rows] == ["chain/first", *SWEPT, "chain/last"]
    assert [row["STATUS"] for row in rows] == ["completed"] * 4 + ["failed"]
    assert int(rows[0]["ID"]) > chain  # of one sequence
    assert user.ask("GET", f"/jobs/{chain}").json() == []


def test_what_the_jobs_of_a_workflow_printed(user: User, chains: dict[str, int]) -> None:
    """The newer command line swaps the arguments of stderr."""
    chain = str(chains[user.line.name])
    assert user("stdout", chain, "first") == "from first\n\n"
    assert user("stderr", chain, "first") == "first error\n\n"
    for words in (("nothing",), ("sweep",)):
        assert user.refused("stdout", chain, *words) == "stdout does not exist"
        assert user.refused("stderr", chain, *words) == "stderr does not exist"
    assert user.refused("stdout", "999999", "first") == "Workflow does not exist"
    if user.line.name == NEWER:
        assert user("stdout", chain, "sweep", "1") == f"x=0.1 0.1 in {chain}\n\n"
        assert user("stderr", chain, "sweep", "1") == "0.1\n\n"
        assert user.refused("stdout", chain, "sweep", "3") == "stdout does not exist"


def test_workflows_by_label_name_and_state(newer: User, chains: dict[str, int]) -> None:
    chain = chains[NEWER]
    assert newer.ids("list", "workflows", "--completed", "--last", "3", "--constraint", "app=chain") == [
        chain
    ]
    assert newer.ids("list", "workflows", "-a", "--name", "chain") == [chain]
    assert newer.ids("list", "workflows", "-a", "--name", "other") == []
    assert newer.ids("list", "workflows") == newer.ids("list", "workflows", "-r") == []
    names = [row["NAME"] for row in newer.table("list", "jobs", str(chain))]
    assert names == ["chain/first", *SWEPT, "chain/last"]
    assert newer.table("list", "jobs", str(chain), "--name", SWEPT[1])[0]["STATUS"] == "completed"
    assert newer.broken("list", "workflows", "--constraint", "x") == "WorkflowGetError: Invalid constraint"


def test_results_of_a_whole_workflow(newer: User, chains: dict[str, int]) -> None:
    """The client fills the parameters into the names itself."""
    chain = chains[NEWER]
    listed = newer.ask("GET", "/jobs", params={"id": chain, "workflow": "true", "num": -1, "all": "true"})
    swept = {job["id"]: job["parameters"] for job in listed.json() if "parameters" in job}
    assert [swept[number] for number in sorted(swept)] == [{"x": 0}, {"x": 0.1}, {"x": 0.2}]
    newer("download", "--dir", "workflow", str(chain))
    for number, parameters in swept.items():
        assert (newer.home / str(number) / f"{parameters['x']}.txt").stat().st_size > 20


def test_failed_jobs_run_again_and_copies(newer: User, chains: dict[str, int]) -> None:
    chain = str(chains[NEWER])
    again = newer.made("rerun", chain, kind="Workflow")
    found = newer.ended_workflow(again)
    assert (found["status"], found["progress"]["failed"]) == ("failed", 1)
    assert [row["NAME"] for row in newer.table("list", "jobs", str(again))] == ["chain/last"]
    assert newer.described(int(chain), "workflow")["progress"] == PROGRESS
    copy = newer.made("clone", "workflow", chain, kind="Workflow")
    assert newer.ended_workflow(copy)["progress"] == PROGRESS


def flow(*jobs: Document, **more: object) -> Document:
    return {"name": "flow", "jobs": [{**job_of({"cmd": "sleep 600"}), **job} for job in jobs], **more}


def test_a_workflow_is_deleted_with_its_jobs(user: User) -> None:
    document = flow({"name": "one"}, {"name": "two"}, dependencies={"one": ["two"]})
    number = user.run_file("flow.json", document, "Workflow")
    assert user.ids("list", "workflows") == [number]
    if user.line.name == NEWER:
        assert user.broken("rerun", str(number)).startswith("WorkflowCreationError: Workflow has not ended")
        assert user.refused("remove", "workflow", str(number)).startswith("Workflow has not ended")
    assert user("delete", "workflow", str(number)) == "Success\n"
    ended = user.ended_workflow(number)
    assert (ended["status"], ended["statusReason"]) == ("deleted", "Workflow deleted by user")
    assert user.refused("delete", "workflow", str(number)) == "No such workflow(s)"
    (job,) = user.ids("list", "-a", "jobs", str(number))
    ended = user.ended(job)
    assert (ended["status"], ended["name"]) == ("deleted", "flow/one")
    assert ended["statusReason"] == "Job part of a workflow which was deleted by user"
    assert user.ids("list", "workflows") == []


def test_a_workflow_is_left_in_the_queue_until_it_is_removed(newer: User) -> None:
    quick = {"name": "one", "tasks": [{"image": "busybox", "cmd": "true"}]}
    document = flow(quick, policies={"leaveInQueue": True}, name="")
    del document["name"]
    number = newer.run_file("stays.json", document, "Workflow")
    newer.ended_workflow(number)
    assert newer.ids("list", "workflows") == [number]
    assert newer("remove", "workflow", str(number)) == "Workflow removed from queue\n"
    assert newer.ids("list", "workflows") == []
    assert newer.refused("remove", "workflow", str(number)) == "Workflow is no longer in the queue"
    assert newer.described(number, "workflow")["status"] == "completed"
    text = newer("describe", "-i", "workflow", str(number))
    again = newer.run_file("again.json", text, "Workflow")
    assert newer.ended_workflow(again)["status"] == "completed"


def test_zip_and_repeat(newer: User) -> None:
    """Values keep their text; who repeats learns which one it is."""
    document = flow(
        {"name": "zipped", "tasks": [{"image": "busybox", "cmd": "echo $path ${n} $$ $other"}]},
        {"name": "many", "tasks": [{"image": "busybox", "cmd": "sh -c 'echo $$PROMINENCE_INSTANCE'"}]},
        factories=[
            {
                "name": "pairs",
                "type": "zip",
                "jobs": ["zipped"],
                "parameters": [{"name": "path", "values": ["a/b", "c d"]}, {"name": "n", "values": [1.5, 2]}],
                "policies": {},
                "notifications": [],
            },
            {"name": "again", "type": "repeat", "jobs": ["many"], "num": 2},
        ],
    )
    number = newer.run_file("factories.json", document, "Workflow")
    assert newer.ended_workflow(number)["progress"]["done"] == 4
    assert newer("stdout", str(number), "zipped", "0") == "a/b 1.5 $ $other\n\n"
    assert newer("stdout", str(number), "zipped", "1") == "c d 2 $ $other\n\n"
    assert [newer("stdout", str(number), "many", str(n)) for n in range(2)] == ["0\n\n", "1\n\n"]


REFUSED = [
    (flow({"name": "one"}, {"name": "one"}), "all jobs must have unique names"),
    (flow({"name": ""}), "names of jobs in workflows cannot be empty"),
    (flow({"name": "one"}, dependencies={"one": ["two"]}), 'child job "two" is not actually defined'),
    (flow({"name": "one"}, {"name": "two"}, dependencies={"one": ["two"], "two": ["one"]}), "/dependencies"),
    (flow({"name": "one", "resources": {"cpus": 1, "memory": 1, "nodes": 9}}), "/jobs/0/resources/nodes"),
    (flow({"name": "one", "tasks": [{"image": "busybox", "cmd": "'"}]}), "/jobs/0/tasks/0/cmd"),
]


def test_refusals(newer: User, older: User, chains: dict[str, int]) -> None:
    """A text that says it all at the end of the traceback that both clients give; foreign is missing."""
    for document, text in REFUSED:
        newer.file("bad.json", document)
        line = newer.broken("run", "bad.json")
        assert line.startswith("WorkflowCreationError: "), line
        assert text in line
    assert "unique names" in older.broken("run", older.file("bad.json", REFUSED[0][0]))
    foreign = str(chains[OLDER])
    for number in ("999999", foreign):
        verbs = ("describe", "delete", "remove")
        streams = (("stdout", number, "first"), ("stderr", number, "first"))
        lines = newer.all_refused(*((verb, "workflow", number) for verb in verbs), *streams)
        missing = "Workflow does not exist"
        assert lines == ["No such workflow", "No such workflow(s)", missing, missing, missing]
        assert newer.broken("rerun", number) == "WorkflowCreationError: Workflow does not exist"
        assert newer.broken("clone", "workflow", number) == "WorkflowCreationError: Workflow does not exist"
        assert newer.ids("list", "jobs", number) == []
    assert older.refused("describe", "workflow", "999999") == "No such workflow"
    assert older.refused("delete", "workflow", str(chains[NEWER])) == "No such workflow(s)"


def test_a_workflow_that_was_just_made(newer: User) -> None:
    with no_worker(newer.line.stack):
        number = newer.run_file("flow.json", flow({"name": "one"}, {"name": "two"}), "Workflow")
        found = newer.one("workflows", number)
        assert json.dumps(found)
        assert (found["status"], list(found["events"])) == ("pending", ["createTime"])
        assert newer.ids("list", "workflows", "-i") == [number]
        newer("delete", "workflow", str(number))
    newer.ended_workflow(number)
