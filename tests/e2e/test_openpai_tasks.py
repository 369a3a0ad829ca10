"""What OpenPAI's tasks find when they run, how they find each other, and when their job is over."""

import re
import threading
from collections import Counter
from http.client import HTTPConnection

import pytest

from tests.e2e.openpai_line import User, config, new_user, role, storage
from tests.stack import Stack

READERS, EACH = 200, 12
HOSTS = re.compile(r"\d+\.\d+\.\d+\.\d+:\d+(?:,\d+\.\d+\.\d+\.\d+:\d+)*")


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return new_user(stack, tmp_path_factory.mktemp("openpai") / "home", "pai_tasks")


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@pytest.mark.clause("openpai 7.1", "openpai 7.2", "openpai 7.5", "openpai 9")
def test_parameter_servers_and_workers(user: User) -> None:
    """The tutorial's job: servers that would run for ever, and workers whose end is the job's."""
    tell = "echo $PAI_TASK_ROLE_0_HOST_LIST $PAI_TASK_ROLE_worker_HOST_LIST $PAI_TASK_ROLE_INDEX"
    servers = role("ps_server", "sleep 86400", taskNumber=2)
    workers = role("worker", tell, taskNumber=2)
    name = user.submit_old(config("twoRoles", servers, workers, killAllOnCompletedTaskNumber=2))
    ended = user.old_ended(name)
    assert (ended["appExitType"], ended["appExitCode"]) == ("SUCCEEDED", 0), user.stack.log_tails()
    words = [user.printed(f"/api/job/{name}", "worker", index).split() for index in (0, 1)]
    assert words[0][:2] == words[1][:2]
    assert [told[2] for told in words] == ["0", "1"]
    for hosts in words[0][:2]:
        assert HOSTS.fullmatch(hosts), hosts
        assert len(hosts.split(",")) == 2
    assert len({*words[0][0].split(","), *words[0][1].split(",")}) == 4
    tasks = user.ask("GET", f"/openpai/api/v1/jobs/{name}").json()["taskRoles"]
    states = {key: [task["taskState"] for task in found["taskStatuses"]] for key, found in tasks.items()}
    assert states == {"ps_server": ["STOPPED"] * 2, "worker": ["SUCCEEDED"] * 2}


@pytest.mark.clause("openpai 7.2")
def test_tasks_reach_each_other_where_the_lists_say(user: User) -> None:
    serve = (
        "echo $PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX > who && exec python -m http.server "
        "--bind $PAI_CURRENT_CONTAINER_IP $PAI_CURRENT_CONTAINER_PORT"
    )
    fetch = (
        "import os, time, urllib.request\n"
        "for host in os.environ['PAI_TASK_ROLE_server_HOST_LIST'].split(','):\n"
        "    for _ in range(300):\n"
        "        try:\n"
        "            print(urllib.request.urlopen(f'http://{host}/who').read().decode().strip())\n"
        "            break\n"
        "        except OSError:\n"
        "            time.sleep(0.1)\n"
    )
    reader = role("reader", f"python - <<'END'\n{fetch}END\n", minSucceededTaskCount=1)
    name = user.submit(config("reaching", role("server", serve, taskNumber=2), reader))
    assert user.ended(name)["state"] == "SUCCEEDED", user.failed(name)
    assert user.printed(f"{user.jobs}/{name}", "reader") == "0\n1\n"


@pytest.mark.clause("openpai 7.1")
def test_variables_of_both_generations(user: User) -> None:
    ports = [{"label": "tensorboard", "beginAt": 0, "portNumber": 2}]
    asked = role("train-1", "env", taskNumber=2, memoryMB=256, portList=ports)
    name = user.submit(config("seeing", asked, role("other", "true"), jobEnvs={"GREETING": "hi there"}))
    assert user.ended(name)["state"] == "SUCCEEDED", user.failed(name)
    seen = variables(user.printed(f"{user.jobs}/{name}", "train-1", 1))
    expected = {
        "PAI_JOB_NAME": name, "PAI_USERNAME": user.name, "PAI_USER_NAME": user.name,
        "PAI_FRAMEWORK_NAME": f"{user.name}~{name}",
        "PAI_TASK_ROLE_NAME": "train-1", "PAI_CURRENT_TASK_ROLE_NAME": "train-1",
        "PAI_TASK_ROLE_NUM": "2", "PAI_CURRENT_TASK_ROLE_TASK_COUNT": "2",
        "PAI_TASK_CPU_NUM": "1", "PAI_CURRENT_TASK_ROLE_CPU_COUNT": "1",
        "PAI_TASK_MEM_MB": "256", "PAI_CURRENT_TASK_ROLE_MEM_MB": "256",
        "PAI_TASK_ROLE_INDEX": "1", "PAI_TASK_INDEX": "1", "PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX": "1",
        "PAI_TASK_ROLE_NO": "0", "PAI_TASKS_NUM": "3", "PAI_JOB_TASK_COUNT": "3",
        "PAI_TASK_ROLES_NUM": "2", "PAI_JOB_TASK_ROLE_COUNT": "2", "PAI_TASK_ROLE_LIST": "train-1,other",
        "PAI_CURRENT_TASK_ROLE_MIN_FAILED_TASK_COUNT": "1",
        "PAI_CURRENT_TASK_ROLE_MIN_SUCCEEDED_TASK_COUNT": "",
        "PAI_JOB_VC_NAME": "default", "GREETING": "hi there",
    }  # fmt: skip
    assert {key: seen.get(key) for key in expected} == expected
    own = f"{seen['PAI_CURRENT_CONTAINER_IP']}:{seen['PAI_CURRENT_CONTAINER_PORT']}"
    assert (seen["PAI_CONTAINER_HOST_IP"], seen["PAI_CONTAINER_HOST_PORT"]) == tuple(own.split(":"))
    # A dash is in no shell's names: the list is there twice.
    for key in (
        "PAI_TASK_ROLE_0_HOST_LIST",
        "PAI_TASK_ROLE_train-1_HOST_LIST",
        "PAI_TASK_ROLE_train_1_HOST_LIST",
    ):
        assert seen[key].split(",")[1] == own, key
    board = seen["PAI_CONTAINER_HOST_tensorboard_PORT_LIST"]
    assert len(set(board.split(","))) == 2
    assert f"tensorboard:{board};" in seen["PAI_CONTAINER_HOST_PORT_LIST"]
    shown = user.detail(name)["taskRoles"]["train-1"]["taskStatuses"][1]
    assert (shown["containerPorts"]["tensorboard"], shown["containerIp"]) == (board, own.partition(":")[0])


@pytest.mark.clause("openpai 7.3", "openpai 7.4")
def test_code_data_and_output(user: User) -> None:
    """The older generation works in the code's folder, the newer one above it."""
    root = storage(user.stack)
    for folder in ("project/code", "project/data"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "project" / "code" / "train.py").write_text(
        "import os\n"
        "words = open(os.environ['PAI_DATA_DIR'] + '/words.txt').read()\n"
        "open(os.environ['PAI_OUTPUT_DIR'] + '/model', 'w').write(words.upper())\n"
        "print(os.environ['PAI_DATA_URI'])\n"
    )
    (root / "project" / "data" / "words.txt").write_text("yes")
    places = {"codeDir": "$PAI_DEFAULT_FS_URI/project/code", "dataDir": "hdfs://project/data"}
    old = user.submit_old(config("oldCode", role("w", "python train.py # && false"), **places))
    new = user.submit(config("newCode", role("w", "python code/train.py"), **places))
    assert user.old_ended(old)["appExitCode"] == 0, user.old_status(old)["appExitDiagnostics"]
    assert user.ended(new)["appExitCode"] == 0, user.failed(new)
    for name in (old, new):
        assert (root / "Output" / user.name / name / "model").read_text() == "YES"
    assert user.printed(f"{user.jobs}/{new}", "w").endswith("/project/data\n")
    missing = user.submit(config("noCode", role("w", "true"), codeDir="hdfs://never/there"))
    assert user.ended(missing)["state"] == "FAILED"
    assert user.status(missing)["appExitDiagnostics"]


@pytest.mark.clause("openpai 7.4", "openpai 10")
def test_nothing_of_a_description_reaches_a_shell_of_ours(user: User) -> None:
    marker = storage(user.stack) / "reached"
    strange = f"x; touch {marker}; $(touch {marker})"
    answer = user.ask("PUT", "/api/job/strange", json=config("strange", role("w", "true"), outputDir=strange))
    assert answer.status_code == 200, answer.text  # a name like any other
    assert user.old_ended("strange")["appExitCode"] == 0
    assert not marker.exists()


@pytest.mark.clause("openpai 6", "openpai 7.5")
@pytest.mark.parametrize(
    ("roles", "more", "state", "code"),
    [
        pytest.param([role("a", "exit 7"), role("b", "sleep 600")], {}, "FAILED", 7, id="the-first-failure"),
        pytest.param(
            [role("a", "true", minSucceededTaskCount=1), role("b", "sleep 600")], {}, "SUCCEEDED", 0,
            id="enough-have-succeeded",
        ),
        pytest.param(
            [role("a", "exit 3", minFailedTaskCount=None), role("b", "true")], {}, "SUCCEEDED", 0,
            id="failures-do-not-count",
        ),
        pytest.param(
            [role("a", "exit $((PAI_TASK_ROLE_INDEX + 4))", taskNumber=2, minFailedTaskCount=2)], {},
            "FAILED", None, id="two-failures",
        ),
    ],
)  # fmt: skip
def test_when_a_job_is_over(
    user: User, request: pytest.FixtureRequest, roles: list[dict[str, object]], more: dict[str, object],
    state: str, code: int | None,
) -> None:  # fmt: skip
    name = user.submit(config(request.node.callspec.id, *roles, **more))
    ended = user.ended(name)
    assert ended["state"] == state, user.failed(name)
    assert ended["appExitCode"] == code if code is not None else ended["appExitCode"] in (4, 5)


@pytest.mark.clause("openpai 6", "openpai 7.5")
def test_the_older_generation_waits_for_every_task(user: User) -> None:
    name = user.submit_old(config("waiting", role("a", "exit 9"), role("b", "sleep 2; echo done; true")))
    ended = user.old_ended(name)
    assert (ended["appExitType"] == "SUCCEEDED", ended["appExitCode"]) == (False, 9)
    assert user.printed(f"/api/job/{name}", "b") == "done\n"
    assert "role a" in ended["appExitDiagnostics"]
    counted = user.submit_old(
        config("counted", role("a", "exit 9"), role("b", "sleep 600"), killAllOnCompletedTaskNumber=1)
    )
    assert user.old_ended(counted)["appExitCode"] == 9


@pytest.mark.clause("openpai 5", "openpai 7.5")
def test_failures_are_tried_again_as_often_as_asked(user: User) -> None:
    failing = user.submit(config("twice", role("w", "echo try; exit 5"), retryCount=1))
    ended = user.ended(failing)
    assert (ended["state"], ended["retries"], ended["appExitCode"]) == ("FAILED", 1, 5)
    once = user.submit(config("once", role("w", "exit 5")))
    assert user.ended(once)["retries"] == 0


@pytest.mark.clause("openpai 10")
def test_two_hundred_readers_each_get_the_job_they_asked_for(user: User) -> None:
    """Upstream mixed up what requests at the same time had loaded: 2,117 of 2,400 answers."""
    names = [user.submit_old(config(name, role("w", "true"))) for name in ("readLeft", "readRight")]
    gateway = user.stack.config
    start = threading.Barrier(READERS)
    answers: list[tuple[str, str]] = []

    def read(name: str) -> None:
        connection = HTTPConnection("127.0.0.1", gateway.ports.gateway, timeout=60)
        start.wait()
        for _ in range(EACH):
            connection.request("GET", f"/api/job/{name}")
            reply = connection.getresponse()
            text = reply.read().decode()
            found = re.search(r'"name":"([^"]+)"', text)
            answers.append((name, found[1] if reply.status == 200 and found else f"{reply.status} {text}"))
        connection.close()

    threads = [threading.Thread(target=read, args=(names[number % 2],)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == READERS * EACH
    assert Counter(asked == got for asked, got in answers) == {True: READERS * EACH}
