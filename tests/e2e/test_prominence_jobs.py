"""Every command for jobs of both generations of PROMINENCE's command line, and what comes of it."""

import contextlib
import json
import re
from base64 import b64decode, b64encode

import pytest

from tests.e2e.prominence_line import NEWER, OLDER
from tests.e2e.prominence_user import User, add_member, job_of, no_worker, signed_in
from tests.stack import Stack

pytestmark = pytest.mark.clause("prominence 1.1", "prominence 1.7", "prominence 2.5", "prominence 7")

COLUMNS = ["ID", "NAME", "CREATED", "STATUS", "ELAPSED", "IMAGE", "CMD"]
LONG = "sh -c 'echo begun; echo data > out.txt; mkdir d; echo leaf > d/leaf; sleep 600'"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture(scope="module")
def newer(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "jobs-newer"), tmp_path_factory.mktemp("newer"))


@pytest.fixture(scope="module")
def older(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    home = tmp_path_factory.mktemp("older")
    return signed_in(stack, add_member(stack, "jobs-older"), home, OLDER, "/api/v1")


@pytest.fixture(params=[NEWER, OLDER])
def user(request: pytest.FixtureRequest, newer: User, older: User) -> User:
    return newer if request.param == NEWER else older


def running(user: User, command: str = LONG) -> contextlib.AbstractContextManager[int]:
    return user.running(user.made("create", "busybox", command))


def test_from_creating_to_the_results(user: User) -> None:
    with no_worker(user.line.stack):
        number = user.made("create", "--name", "first", "busybox", "echo héllo")
        (row,) = [row for row in user.table("list") if row["ID"] == str(number)]
        assert list(row) == COLUMNS
        assert (row["NAME"], row["STATUS"], row["ELAPSED"]) == ("first", "pending", "")
        assert (row["IMAGE"], row["CMD"]) == ("busybox", "echo héllo")
        assert user("stdout", str(number)) == "\n"
        pending = user.described(number)
        assert (pending["status"], list(pending["events"])) == ("pending", ["createTime"])
    assert user.ended(number)["status"] == "completed"
    assert user("stdout", str(number)) == "héllo\n\n"
    assert user("stderr", str(number)) == "\n"
    assert number not in user.ids("list")
    assert user.ids("list", "--completed") == [number]
    found = user.described(number)
    assert found["resources"] == {"nodes": 1, "disk": 10, "cpus": 1, "memory": 1}
    assert found["tasks"] == [{"image": "busybox", "runtime": "singularity", "cmd": "echo héllo"}]
    assert [bool(TIME.fullmatch(found["events"][name])) for name in ("createTime", "startTime", "endTime")]
    (task,) = found["execution"]["tasks"]
    assert (task["exitCode"], task["retries"]) == (0, 0)
    assert task["wallTimeUsage"] > 0
    assert found["execution"]["site"] == "ocean-compute"


ASKED = [
    *("--name", "calculate pi", "--cpus", "1", "--disk", "1", "--walltime", "5", "--workdir", "/tmp"),
    *("--env", "A=b", "--label", "app=x", "--label", "b=y", "--input", "in.txt", "--retries", "1"),
    *("--runtime", "udocker", "--memory", "2"),
]
ASKED_OF_NEWER = [
    *("--output", "out.txt", "--outputdir", "res", "--task-retries", "2", "--max-time-in-queue", "5"),
    *("--leave-in-queue", "--priority", "3"),
]
LOOK = "sh -c 'cat /home/user/in.txt; pwd; echo $A $HOME $TMP $PROMINENCE_CPUS $PROMINENCE_JOB_ID $USER; {}'"
LEAVE = "cd; echo result > out.txt; mkdir res; echo more > res/more"


def test_everything_that_create_can_ask_for(user: User) -> None:
    user.file("in.txt", "from the input\n")
    is_newer = user.line.name == NEWER
    asked = [*ASKED, *ASKED_OF_NEWER] if is_newer else ASKED
    words = ("create", *asked, "busybox", LOOK.format(LEAVE if is_newer else "true"))
    before = user.ids("list", "-a")
    dry = json.loads(user(*words[:1], "--dry-run", *words[1:]))
    assert user.ids("list", "-a") == before
    number = user.made(*words)
    ended = user.ended(number)
    assert ended["status"] == "completed", ended
    at_home = f"/home/user /tmp 1 {number} {user.username}"
    assert user("stdout", str(number)) == f"from the input\n/tmp\nb {at_home}\n\n"
    for name in ("name", "labels", "resources", "policies"):
        assert ended[name] == dry[name]
    assert ended["tasks"] == dry["tasks"]
    assert b64decode(ended["inputs"][0]["content"]) == b"from the input\n"
    if not is_newer:
        return
    assert number in user.ids("list")  # as it was to stay there
    printed = user("download", str(number))
    assert printed.splitlines()[0] == "Preparing downloads..."
    assert (user.home / "out.txt").read_text() == "result\n"
    assert (user.home / "res.tgz").read_bytes()[:2] == b"\x1f\x8b"
    assert user("remove", str(number)) == "Job removed from queue\n"
    assert number not in user.ids("list")
    assert user.refused("remove", str(number)) == "Job is no longer in the queue"


def test_what_describe_gives_can_be_submitted_again(newer: User) -> None:
    newer.file("in.txt", "again\n")
    asked = ("--input", "in.txt", "--output", "out.txt", "--label", "app=again")
    first = newer.made("create", *asked, "busybox", "cp in.txt out.txt")
    newer.ended(first)
    text = newer("describe", "-i", str(first))
    assert set(json.loads(text)) == {"name", "resources", "tasks", "inputs", "outputFiles", "labels"}
    second = newer.run_file("again.json", text)
    assert newer.ended(second)["outputFiles"][0]["size"] == 6
    third = newer.made("clone", str(first))
    assert newer.ended(third)["labels"] == {"app": "again"}
    (newer.home / "out.txt").unlink(missing_ok=True)
    newer("download", "job", str(third))
    assert (newer.home / "out.txt").read_text() == "again\n"


def test_lists_by_name_label_state_and_number(newer: User) -> None:
    made = [
        newer.made(
            "create", "--name", "listed", "--label", "of=lists", "--label", f"n={n}", "busybox", "true"
        )
        for n in range(3)
    ]
    for number in made:
        newer.ended(number)
    asked = ("--name", "listed", "--constraint", "of=lists")
    assert newer.ids("list", "--completed", *asked) == made[2:]
    assert newer.ids("list", "--completed", "-n", "2", *asked) == made[1:]
    assert newer.ids("list", "--completed", "--last", "-1", *asked) == made
    assert newer.ids("list", "-a", *asked) == made
    assert newer.ids("list", "--all", *asked, "--constraint", "n=1") == made[1:2]
    assert newer.ids("list", "-a", "--name", "list") == []
    assert newer.ids("list", *asked) == []
    with no_worker(newer.line.stack):
        waiting = newer.made("create", "--name", "listed", "--label", "of=lists", "busybox", "true")
        assert newer.ids("list", "-i", *asked) == newer.ids("list", *asked) == [waiting]
        assert newer.ids("list", "-r", *asked) == []
    newer.ended(waiting)
    with running(newer) as number:
        assert newer.ids("list", "-r") == newer.ids("list", "jobs", "--running") == [number]
        assert newer.ids("list", "--idle") == []
    assert newer.refused("list", "--constraint", "nothing") == "Invalid constraint"


def test_lists_of_the_older_one(older: User) -> None:
    made = [older.made("create", "--label", "of=lists", "busybox", "true") for _ in range(2)]
    for number in made:
        older.ended(number)
    assert older.ids("list", "--completed", "-n", "2", "--constraint", "of=lists") == made
    assert older.ids("list", "jobs", "-a", "--constraint", "of=lists") == made
    assert older.ids("list", "-a", "--constraint", "of=nothing") == []


def test_a_running_job_is_deleted(user: User) -> None:
    with running(user) as number:
        assert user("delete", str(number)) == "Success\n"
        ended = user.ended(number)
        assert (ended["status"], ended["statusReason"]) == ("deleted", "Job deleted by user")
        assert user("stdout", str(number)) == "begun\n\n"
        assert user.refused("delete", "job", str(number)) == "No such job(s)"
        assert number in user.ids("list", "--completed", "-n", "3")


def test_output_is_followed_to_the_end_of_the_job(newer: User) -> None:
    """Characters of several bytes come once: the client counts characters."""
    command = "sh -c 'for i in 1 2 3 4; do echo naïve €$i; echo ünd >&2; sleep 1; done; sleep 3'"
    number = newer.made("create", "busybox", command)
    printed = newer("stdout", str(number), "--tail")
    assert printed == "".join(f"naïve €{i}\n" for i in range(1, 5))
    with running(newer, "sh -c 'echo begun; echo öops >&2; sleep 4'") as number:
        assert newer("stderr", "--tail", str(number)) == "öops\n"


def test_a_look_inside_of_a_running_job(newer: User) -> None:
    with running(newer) as number:
        job = str(number)
        assert newer("exec", job, "ls /home/user") == "d\nout.txt\n\n"
        assert newer("exec", job, "cat out.txt | tr a-z A-Z; pwd; echo no >&2") == "DATA\n/home/user\nno\n\n"
        assert newer.refused("exec", job, "false") == "Unable to execute command: Unable to execute command"
        assert "Downloading file" in newer("snapshot", job, "out.txt")
        assert newer.archive("snapshot.tgz") == {"out.txt": b"data\n"}
        newer("snapshot", job, "d")
        assert newer.archive("snapshot.tgz") == {"d/leaf": b"leaf\n"}
        assert newer.refused("snapshot", job, "/etc") == "Unable to create snapshot: Invalid path"
        assert newer.refused("snapshot", job, "nothing").startswith("Unable to create snapshot: ")
        commands = newer.job(number)["execution"]["commands"]
        assert [entry["command"] for entry in commands][:1] == ["ls /home/user"]
    newer.ended(number)
    assert newer.refused("exec", job, "ls") == "Unable to execute command: Job is not running"
    assert newer.refused("snapshot", job, "d") == "Unable to create snapshot: Job is not running"


def test_files_with_descriptions(user: User) -> None:
    """Lines of a command become tasks, a script becomes an input; YAML does as well."""
    user.file("data.txt", "the data\n")
    script = "#!/bin/bash\necho script $0 | tr -d 0-9a-f-\ncat data.txt"
    number = user.run_file(
        "job.json", job_of({"cmd": "echo one\necho two"}, {"cmd": script}, inputs=["file://data.txt"])
    )
    ended = user.ended(number)
    assert ended["status"] == "completed", ended
    assert [task["exitCode"] for task in ended["execution"]["tasks"]] == [0, 0, 0]
    printed = user("stdout", str(number)).splitlines()
    assert (printed[:2], printed[3]) == (["one", "two"], "the data")
    yaml = "resources: {nodes: 1, cpus: 1, memory: 1}\ntasks:\n  - image: busybox\n    cmd: echo from yaml\n"
    number = user.run_file("job.yaml", yaml)
    user.ended(number)
    assert user("stdout", str(number)) == "from yaml\n\n"


FAILING = "sh -c 'echo try >> tries; test $(wc -l < tries) -gt 1'"


def test_how_jobs_fail_and_try_again(newer: User) -> None:
    failing = newer.made("create", "busybox", "sh -c 'echo why >&2; exit 3'")
    unknown = newer.made("create", "nowhere.example/no/image:1", "true")
    task = newer.made("create", "--task-retries", "1", "busybox", FAILING)
    missing = newer.made("create", "--output", "none.txt", "busybox", "true")
    retried = newer.made("create", "--retries", "1", "busybox", "sh -c 'exit 4'")
    ended = newer.ended(failing)
    assert (ended["status"], ended["statusReason"]) == (
        "failed",
        "Executable exited with a non-zero exit code",
    )
    assert ended["execution"]["tasks"][0]["exitCode"] == 3
    assert newer("stderr", str(failing)) == "why\n\n"
    ended = newer.ended(unknown)
    assert (ended["status"], ended["statusReason"]) == ("failed", "Container image pull failed")
    ended = newer.ended(task)
    assert (ended["status"], ended["execution"]["tasks"][0]["retries"]) == ("completed", 1)
    ended = newer.ended(missing)
    assert ended["statusReason"] == "Stageout failed due to no such file or directory"
    assert ended["outputFiles"] == [{"name": "none.txt", "url": ""}]
    assert newer.ended(retried)["execution"]["retries"] == 1


def test_policies_sidecars_and_the_copy_of_an_output(newer: User) -> None:
    document = job_of(
        {"cmd": "sh -c 'echo aside > /tmp/aside; sleep 600'", "type": "sidecar"},
        {
            "cmd": "sh -c 'until test -s /tmp/aside; do sleep 0.05; done; cat /tmp/aside; exit 1'",
            "stdout": "copy.txt",
        },
        {"cmd": "cat copy.txt"},
        policies={"ignoreTaskFailures": True},
    )
    ended = newer.ended(newer.run_file("policies.json", document))
    assert ended["status"] == "completed", ended
    assert newer("stdout", str(ended["id"])) == "aside\naside\n\n"
    assert [task["exitCode"] for task in ended["execution"]["tasks"]] == [1, 0]


REFUSED = [
    (("create", "--cpus", "99999", "busybox", "x"), "No matching resources: "),
    (("create", ""), "each task must specify a container image"),
    (("create", "busybox", "echo 'one"), "cmd must have balanced quotes"),
    (("create", "--name", "b&d", "busybox", "x"), "/name: invalid job name"),
    (("create", "--label", "a b=c", "busybox", "x"), 'label name "a b" is invalid'),
    (("create", "--artifact", "nothing.txt", "busybox", "x"), "/artifacts/0"),
    (("create", "--nodes", "9", "--openmpi", "busybox", "x"), "/resources/nodes: "),
    (("create", "--retries", "9", "busybox", "x"), "must be at most 6"),
    (("run", "empty.json"), "a job must contain resources"),
    (("describe", "999999"), "No such job"),
    (("delete", "999999"), "No such job(s)"),
    (("stdout", "999999"), "Job does not exist"),
    (("stderr", "999999"), "Job does not exist"),
]
REFUSED_OF_NEWER = [
    (("clone", "999999"), "Job does not exist"),
    (("remove", "999999"), "Job does not exist"),
    (("exec", "999999", "ls"), "Unable to execute command: Job does not exist"),
    (("snapshot", "999999", "x"), "Unable to create snapshot: Job does not exist"),
    (("download", "999999"), "No such job"),
]


def test_refusals_are_one_line(newer: User, older: User) -> None:
    """Foreign jobs look like missing ones."""
    with running(newer) as number:
        for user, refused in ((newer, REFUSED + REFUSED_OF_NEWER), (older, REFUSED)):
            user.file("empty.json", {"tasks": [{"image": "busybox"}]})
            lines = user.all_refused(*(words for words, _ in refused))
            assert [text in line for line, (_, text) in zip(lines, refused, strict=True)] == [True] * len(
                lines
            )
        calls = [
            (verb, which)
            for verb in ("describe", "delete", "stdout", "stderr")
            for which in ("999999", str(number))
        ]
        lines = older.all_refused(*calls)
        assert lines[::2] == lines[1::2]
        assert newer.job(number)["status"] == "running"


def test_bodies_that_no_command_line_sends(newer: User) -> None:
    for body in (b"", b"[]", b"{", b"\xff", json.dumps({"tasks": "x" * 100}).encode(), b"[" * 100_000):
        answer = newer.ask("POST", "/jobs", data=body)
        assert (answer.status_code, type(answer.json()["error"])) == (400, str), answer.text
    large = b64encode(b"x" * 17_000_000).decode()
    answer = newer.ask("POST", "/jobs", json=job_of({}, inputs=[{"filename": "a", "content": large}]))
    assert (answer.status_code, type(answer.json()["error"])) == (413, str)
