"""OpenPAI's printed commands, with our host, against the whole stack. Source: OpenPAI contract 9."""

import json
import subprocess
import threading
from typing import Any

import pytest
import requests

from tests.stack import Stack

pytestmark = pytest.mark.clause("openpai 2.1", "openpai 3.1", "openpai 3.3", "openpai 3.4", "openpai 9")

SECONDS = 60
JSON_LABEL = ("-H", "Content-Type: application/json")


def curl(*arguments: str) -> tuple[int, Any]:
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def who(stack: Stack, token: str) -> requests.Response:
    """What another service makes of the token."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{stack.gateway}/tidegate/v1/whoami", headers=headers, timeout=SECONDS)


@pytest.fixture(scope="module")
def admin(stack: Stack) -> str:
    made = stack.content["dev_admin"]
    assert isinstance(made, dict)
    # Exactly the seed's command: a form that is labelled as JSON.
    status, answer = curl(
        *JSON_LABEL, "-X", "POST", f"{stack.gateway}/api/auth",
        "-d", f"username={made['username']}", "--data-urlencode", f"password={made['password']}",
    )  # fmt: skip
    assert (status, answer["user"]) == (200, made["username"])
    return str(answer["token"])


def put(stack: Stack, token: str, *data: str) -> tuple[int, Any]:
    options = [part for pair in data for part in ("-d", pair)]
    return curl("-X", "PUT", f"{stack.gateway}/api/auth", "-H", f"Authorization: Bearer {token}", *options)


def login(stack: Stack, name: str, password: str, path: str = "/api/auth") -> tuple[int, Any]:
    return curl(
        *JSON_LABEL, "-X", "POST", stack.gateway + path,
        "-d", f"username={name}", "--data-urlencode", f"password={password}",
    )  # fmt: skip


def test_the_seeds_commands(stack: Stack, admin: str) -> None:
    made = put(stack, admin, '{"username":"bob","password":"bobsecret","admin":false,"modify":false}')
    assert made == (200, {"message": "update successfully"})
    status, answer = login(stack, "bob", "bobsecret")
    assert (status, sorted(answer)) == (200, ["token", "user"])
    seen = who(stack, answer["token"]).json()
    assert (seen["name"], seen["is_admin"]) == ("bob", False)
    assert put(stack, admin, "username=bob", "password=newsecret", "modify=true")[0] == 200
    assert who(stack, answer["token"]).status_code == 401  # with the very next request, in another service
    refused = put(stack, admin, "username=bob", "password=newsecret", "modify=false")
    assert (refused[0], refused[1]["error"], refused[1]["message"]) == (500, "UpdateFailed", "update failed")
    status, answer = login(stack, "bob", "newsecret", "/API/Auth/")
    assert status == 200
    bearer = ("-H", f"Authorization: Bearer {admin}")
    nobody = curl("-X", "DELETE", f"{stack.gateway}/api/auth", *bearer, "-d", "username=nobody")
    assert (nobody[0], nobody[1]["error"]) == (500, "RemoveFailed")
    removed = curl(
        "-X", "DELETE", f"{stack.gateway}/api/auth", *JSON_LABEL, *bearer, "-d", '{"username":"bob"}'
    )
    assert removed == (200, {"message": "remove successfully"})
    assert who(stack, answer["token"]).status_code == 401
    assert login(stack, "bob", "newsecret") == (
        401,
        {"error": "AuthenticationFailed", "message": "authentication failed"},
    )


def test_passwords_of_any_characters_travel_encoded(stack: Stack, admin: str) -> None:
    password = "a&b+c%=d é\"'"
    body = json.dumps({"username": "odd", "password": password, "modify": False})
    assert put(stack, admin, body)[0] == 200
    for path in ("/api/auth", "/openpai/api/auth", "/api/v1/token", "/openpai/api/v1/token/"):
        status, answer = login(stack, "odd", password, path)
        assert (status, answer["user"]) == (200, "odd"), path


def test_the_second_generation_through_the_gateway(stack: Stack, admin: str) -> None:
    headers = {"Authorization": f"Bearer {admin}"}
    made = {"username": "ann", "password": "annsecret", "modify": False}
    url = f"{stack.gateway}/api/v1/user"
    assert requests.put(url, json=made, headers=headers, timeout=SECONDS).status_code == 201
    listed = requests.get(url, headers=headers, timeout=SECONDS).json()
    assert {"username": "ann", "admin": "false", "virtualCluster": "default", "hasGithubPAT": False} in listed
    assert requests.delete(f"{url}/ann", headers=headers, timeout=SECONDS).status_code == 200
    missing = requests.delete(f"{url}/ann", headers=headers, timeout=SECONDS)
    assert (missing.status_code, missing.json()["code"]) == (404, "NoUserError")


def test_answers_of_simultaneous_requests_are_their_own(stack: Stack, admin: str) -> None:
    """Upstream mixed up what requests at the same time had loaded (contract 10, row 4)."""
    tokens = {}
    for name in ("left", "right"):
        body = json.dumps({"username": name, "password": f"{name} secret", "modify": False})
        assert put(stack, admin, body)[0] == 200
        tokens[name] = login(stack, name, f"{name} secret")[1]["token"]
    wrong: list[str] = []

    def ask(name: str) -> None:
        for _ in range(50):
            seen = who(stack, tokens[name]).json().get("name")
            if seen != name:
                wrong.append(str(seen))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("left", "right") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
