"""The unmodified command lines of PROMINENCE, both generations, against the whole stack."""

import json
import stat
from pathlib import Path

import pytest
import requests

from libs.signing import tokens
from tests.e2e.browser import Browser, add_person
from tests.e2e.nginx import gateway_alone
from tests.e2e.prominence_line import NEWER, OLDER, PASSWORD, CommandLine
from tests.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("prominence 5.1", "prominence 5.2", "prominence 7")


@pytest.fixture(scope="module")
def person(stack: Stack) -> str:
    add_person(stack, "ada", PASSWORD)
    return "ada"


@pytest.fixture
def browser(stack: Stack, person: str) -> Browser:
    browser = Browser(stack.gateway)
    browser.sign_in(person, PASSWORD)
    return browser


def private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "base", "oidc_slash"),
    [(NEWER, "/prominence/v1", ""), (NEWER, "/api/v1", "/"), (OLDER, "/api/v1", "")],
)
def test_register_login_and_a_call(
    stack: Stack, browser: Browser, tmp_path: Path, name: str, base: str, oidc_slash: str
) -> None:
    client = CommandLine(name, stack, tmp_path, base, oidc_slash)
    done = client.register()
    assert (done.returncode, done.stdout, done.stderr) == (0, "Client registration successful\n", "")
    assert private(client.file("client"))
    assert {"client_id", "client_secret"} <= set(json.loads(client.file("client").read_text()))
    again = client.register()  # silent: the file is there
    assert (again.returncode, again.stdout) == (0, "")

    printed = client.login(browser)
    if name == NEWER:
        assert printed.splitlines()[-1] == "Successfully retrieved token"
    text = client.file("token").read_text()
    assert private(client.file("token"))
    assert text.startswith('{"access_token": "')
    token = json.loads(text)["access_token"]
    keys = requests.get(f"{stack.gateway}/.well-known/jwks.json", timeout=30).json()
    claims = tokens.verify(token, tokens.parse_jwks(keys))
    assert type(claims["exp"]) is int
    assert claims["exp"] - claims["iat"] >= 12 * 3600

    listed = client.run(client.argv("list"))
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.splitlines()[0].split() == [
        "ID",
        "NAME",
        "CREATED",
        "STATUS",
        "ELAPSED",
        "IMAGE",
        "CMD",
    ]
    workflows = client.run(client.argv("list", "workflows"))
    assert (workflows.returncode, workflows.stderr) == (0, "")
    described = client.run(client.argv("describe", "999999"))
    assert (described.returncode, described.stdout) == (1, "Error: No such job\n")
    created = client.run(client.argv("create", "busybox", "echo hi"))
    assert created.returncode == 0
    assert created.stdout.startswith("Job created with id ")
    number = created.stdout.split()[-1]
    wait_for(lambda: '"endTime"' in client.run(client.argv("describe", number)).stdout, "the job to end")
    assert client.run(client.argv("stdout", number)).stdout == "hi\n\n"
    completed = client.run(client.argv("list", "--completed")).stdout.splitlines()[1]
    assert completed.split()[:1] == [number]

    userinfo = requests.get(
        f"{stack.gateway}/prominence/oidc/userinfo", headers={"Authorization": f"token {token}"}, timeout=30
    )
    assert userinfo.status_code == 200
    answer = userinfo.json()
    assert (answer["preferred_username"], answer["name"], answer["email"]) == (
        "ada",
        "Ada",
        "ada@example.org",
    )
    assert answer["groups"] == []


@pytest.mark.parametrize("name", [NEWER, OLDER])
def test_a_personal_token_stands_in_for_a_login(stack: Stack, person: str, tmp_path: Path, name: str) -> None:
    password = {"username": person, "password": PASSWORD, "expiration": 600}
    signed_in = requests.post(f"{stack.gateway}/api/auth", json=password, timeout=30).json()["token"]
    made = requests.post(
        f"{stack.gateway}/tidegate/v1/me/keys",
        json={"format": "jwt", "label": "cluster", "scopes": ["job:read"], "expires_in": 3600},
        headers={"Authorization": f"Bearer {signed_in}"},
        timeout=30,
    )
    assert made.status_code == 201, made.text
    client = CommandLine(name, stack, tmp_path)
    listed = client.run(client.argv("list"), PROMINENCE_TOKEN=made.json()["key"])
    assert (listed.returncode, listed.stdout.split()[0]) == (0, "ID"), listed.stdout
    ended = requests.delete(
        f"{stack.gateway}/tidegate/v1/me/keys/{made.json()['id']}",
        headers={"Authorization": f"Bearer {signed_in}"},
        timeout=30,
    )
    assert ended.ok
    refused = client.run(client.argv("list"), PROMINENCE_TOKEN=made.json()["key"])
    assert (refused.returncode, refused.stdout) == (1, "Error: authentication failed\n")


def test_a_denied_login_gets_no_token(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    client = CommandLine(NEWER, stack, tmp_path)
    assert client.register().returncode == 0
    made = json.loads(client.file("client").read_text())
    auth = (made["client_id"], made["client_secret"])
    base = client.environment()["PROMINENCE_OIDC_URL"]
    started = requests.post(
        f"{base}/devicecode", data={"scope": "openid profile email"}, auth=auth, timeout=30
    ).json()
    browser.connect_device(started["user_code"], "deny")
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": started["device_code"],
    }
    answer = requests.post(f"{base}/token", data=form, auth=auth, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    for secret in (started["device_code"], made["client_secret"]):
        for log in (stack.config.run_dir / "logs").iterdir():
            assert secret not in log.read_text(errors="replace"), log.name


@pytest.mark.parametrize("name", [NEWER, OLDER])
def test_a_token_that_does_not_count_is_told_in_one_line(stack: Stack, tmp_path: Path, name: str) -> None:
    client = CommandLine(name, stack, tmp_path)
    claims = {"iss": stack.gateway, "sub": "person:1", "aud": "tidegate", "exp": 4_000_000_000}
    forged = tokens.issue(claims, tokens.new_key(), {"typ": "at+jwt"})
    listed = client.run(client.argv("list"), PROMINENCE_TOKEN=forged)
    assert (listed.returncode, listed.stdout) == (1, "Error: authentication failed\n")


def test_the_older_one_refuses_a_token_file_that_others_can_read(stack: Stack, tmp_path: Path) -> None:
    client = CommandLine(OLDER, stack, tmp_path)
    client.file("token").parent.mkdir()
    client.file("token").write_text('{"access_token": "x"}')
    client.file("token").chmod(0o644)
    listed = client.run(client.argv("list"))
    assert listed.returncode == 1
    assert "too open" in listed.stdout


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/prominence/oidc/nothing", 404),
        ("GET", "/prominence/nothing", 404),
        ("GET", "/prominence/oidc/token", 405),
        ("DELETE", "/prominence/oidc/register", 405),
        ("GET", "/prominence/v1/jobs", 401),
        ("GET", "/api/v1//jobs", 401),
        ("PATCH", "/api/v1/jobs", 405),
        ("GET", "/prominence/v1", 404),
        ("GET", "/prominence/v1/", 404),
    ],
)
def test_every_refusal_carries_a_text(stack: Stack, method: str, path: str, status: int) -> None:
    answer = requests.request(method, stack.gateway + path, timeout=30, allow_redirects=False)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.json()["error"], str)


def test_a_body_that_is_too_large_is_told_with_a_text(stack: Stack) -> None:
    answer = requests.post(f"{stack.gateway}/prominence/oidc/register", data=b"x" * 2_000_000, timeout=30)
    assert answer.status_code == 413
    assert isinstance(answer.json()["error"], str)


PATHS = [
    *(f"/prominence/oidc/{name}" for name in ("register", "devicecode", "device_authorization", "token")),
    "/prominence/oidc/userinfo",
    "/prominence/v1/jobs",
    "/api/v1/jobs",
]


def text_of(answer: requests.Response) -> tuple[int, bool]:
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, isinstance(answer.json()["error"], str)


def test_what_the_gateway_says_itself_carries_a_text(tmp_path: Path) -> None:
    """Nobody behind it, and too many at once."""
    for folder in ("silent", "busy"):
        (tmp_path / folder).mkdir()
    with gateway_alone(tmp_path / "silent", {}) as url:
        for path in PATHS:
            assert text_of(requests.post(url + path, data=b"a=1", timeout=30)) == (502, True)
    with gateway_alone(tmp_path / "busy", {"GATEWAY_RATE": "1r/m", "GATEWAY_BURST": "1"}) as url:
        assert [text_of(requests.get(url + path, timeout=30)) for path in PATHS][-4:] == [(429, True)] * 4
