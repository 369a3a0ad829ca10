"""The examples of PROMINENCE's page "Using the API" as printed there, with our host and somebody's token."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.prominence_user import User, add_member, signed_in
from tests.stack import Stack

pytestmark = pytest.mark.clause("prominence 1.1", "prominence 1.2")

SITE = "https://eosc.prominence.cloud"
# Its image is in no registry that this stack reaches, nor does a program of this machine stand for it.
TESTPI = """
   {
     "resources": {
       "memory": 1,
       "cpus": 1,
       "nodes": 1,
       "disk": 10
     },
     "name": "calculate-pi",
     "tasks": [
       {
         "image": "eoscprominence/testpi",
         "runtime": "singularity"
       }
     ]
   }
"""
SUBMIT = """
   curl -i -X POST -H "Authorization: Bearer $ACCESS_TOKEN" \\
        -H "Content-Type: application/json" \\
        -d@testpi.json \\
        https://eosc.prominence.cloud/api/v1/jobs
"""
DESCRIBE_PENDING = """
   curl -s -H "Authorization: Bearer $ACCESS_TOKEN" https://eosc.prominence.cloud/api/v1/jobs/1169 | jq .
"""
DESCRIBE_COMPLETED = """
   curl -s -H "Authorization: Bearer $ACCESS_TOKEN" "https://eosc.prominence.cloud/api/v1/jobs/1181" | jq .
"""
LIST = """
   curl -s -H "Authorization: Bearer $ACCESS_TOKEN" https://eosc.prominence.cloud/api/v1/jobs | jq .
"""
LIST_COMPLETED = """
   curl -s -H "Authorization: Bearer $ACCESS_TOKEN" "https://eosc.prominence.cloud/api/v1/jobs?completed=true" | jq .
"""  # noqa: E501 as printed
STDOUT = """
   curl -H "Authorization: Bearer $ACCESS_TOKEN" https://eosc.prominence.cloud/api/v1/jobs/1181/stdout
"""
DELETE = """
   curl -i -H "Authorization: Bearer $ACCESS_TOKEN" -X DELETE https://eosc.prominence.cloud/api/v1/jobs/1169
"""
SCRIPT = """
   import json
   import os
   import requests

   # Define a job
   job = {
       "resources": {
           "memory": 1,
           "cpus": 1,
           "nodes": 1,
           "disk": 10
       },
       "name": "calculate-pi",
       "tasks": [
           {
               "image": "eoscprominence/testpi",
               "runtime": "singularity"
           }
       ]
   }

   # Read the access token
   if os.path.isfile(os.path.expanduser('~/.prominence/token')):
       with open(os.path.expanduser('~/.prominence/token')) as json_data:
           data = json.load(json_data)

       if 'access_token' in data:
           token = data['access_token']
       else:
           print('The saved token file does not contain access_token')
           exit(1)

   # Create the header including the auth token
   headers = {'Authorization':'Bearer %s' % token}

   # Submit the job
   response = requests.post('https://eosc.prominence.cloud/api/v1/jobs', json=job, headers=headers)

   # Check if the submission was successful and get the job id
   if response.status_code == 201:
       if 'id' in response.json():
           print('Job submitted with id %d' % response.json()['id'])
   else:
       print('Job submission failed with http status code %d and error: %s' % (response.status_code, response.text))
"""  # noqa: E501 as printed
IDS = ("1169", "1181")  # of the page's jobs


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    home = tmp_path_factory.mktemp("seed")
    (home / "testpi.json").write_text(textwrap.dedent(TESTPI))
    return signed_in(stack, add_member(stack, "seed-eve"), home, base="/api/v1")


def printed(user: User, text: str, number: int = 0) -> str:
    """What a shell prints for a text of the page; `number` stands for the page's job."""
    for known in IDS:
        text = text.replace(f"jobs/{known}", f"jobs/{number}")
    line = textwrap.dedent(text).replace(SITE, user.line.stack.gateway)
    environ = {"PATH": os.environ["PATH"], "ACCESS_TOKEN": user.token}
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=user.home,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def answered(text: str) -> tuple[str, dict[str, str], str]:
    """Status line, headers, body of what `curl -i` prints."""
    head, _, body = text.partition("\n\n")
    status, *lines = head.splitlines()
    return status, dict(line.split(": ", 1) for line in lines), body


def only(text: str) -> dict[str, Any]:
    (found,) = json.loads(text)
    assert isinstance(found, dict)
    return found


def ordered(document: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: document[name] for name in names}


def test_the_curl_lines(user: User) -> None:
    status, headers, body = answered(printed(user, SUBMIT))
    assert status.startswith("HTTP/1.1 201 ")
    assert headers["Content-Type"] == "application/json"
    assert int(headers["Content-Length"]) == len(body)
    assert re.fullmatch(r'\{"id":[0-9]+\}\n?', body), body
    number = json.loads(body)["id"]
    ended = user.ended(number)

    described = only(printed(user, DESCRIBE_PENDING, number))
    assert described == ended
    asked = json.loads(TESTPI)
    assert ordered(described, ("name", "resources", "tasks")) == ordered(
        asked, ("name", "resources", "tasks")
    )
    assert described["id"] == number
    times = described["events"]
    assert [type(times[name]) for name in ("createTime", "endTime")] == [int, int]
    assert (described["status"], described["statusReason"]) == ("failed", "Container image pull failed")

    assert json.loads(printed(user, LIST)) == []
    listed = only(printed(user, LIST_COMPLETED))
    names = ("id", "name", "status", "statusReason", "tasks")
    assert ordered(listed, names) == ordered(described, names)
    assert "resources" not in listed
    assert printed(user, STDOUT, number) == ""

    status, headers, body = answered(printed(user, DELETE, number))
    assert status.startswith("HTTP/1.1 400 ")
    assert json.loads(body) == {"error": "No such job(s)"}


def test_the_lines_about_a_job_that_runs_and_completes(user: User) -> None:
    """The same lines, on programs that this machine has."""
    number = user.made(
        "create", "--name", "calculate-pi", "python:3", "python3 -c 'import math; print(math.pi)'"
    )
    user.ended(number)
    described = only(printed(user, DESCRIBE_COMPLETED, number))
    assert (described["status"], described["execution"]["site"]) == ("completed", "ocean-compute")
    assert described["execution"]["maxMemoryUsageKB"] > 0
    (task,) = described["execution"]["tasks"]
    members = {"cpuTimeUsage", "exitCode", "maxResidentSetSizeKB", "retries", "wallTimeUsage"}
    assert members <= set(task)
    assert task["exitCode"] == 0
    assert printed(user, STDOUT, number) == "3.141592653589793\n"
    assert printed(user, STDOUT.replace("stdout", "stderr"), number) == ""

    number = user.made("create", "--name", "calculate-pi", "busybox", "sh -c 'echo begun; sleep 600'")
    with user.running(number):
        listed = only(printed(user, LIST))
        assert (listed["id"], listed["status"]) == (number, "running")
        assert printed(user, STDOUT, number) == "begun\n"
        status, headers, body = answered(printed(user, DELETE, number))
    assert status.startswith("HTTP/1.1 200 ")
    assert headers["Content-Type"] == "application/json"
    assert parsedate_to_datetime(headers["Date"]).tzinfo is not None
    assert body.strip() == "{}"
    assert user.ended(number)["status"] == "deleted"


def script(user: User, home: Path) -> str:
    """What the page's program prints in that home."""
    text = textwrap.dedent(SCRIPT).replace(SITE, user.line.stack.gateway)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", text], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def test_the_python_program(user: User, tmp_path: Path) -> None:
    found = re.fullmatch(r"Job submitted with id ([0-9]+)\n", script(user, user.home))
    assert found is not None
    assert user.ended(int(found[1]))["name"] == "calculate-pi"
    (tmp_path / ".prominence").mkdir()
    (tmp_path / ".prominence" / "token").write_text('{"access_token": "x.y.z"}')
    refused = script(user, tmp_path)
    assert refused.startswith("Job submission failed with http status code 401 and error: {")
