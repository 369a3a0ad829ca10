"""OpenPAI's users and tokens. Source: OpenPAI contract 2.2, 3 and 9."""

import base64
import json
from typing import Any

import pytest

from tests.fakes.auth_openpai import AUTH, Site

pytestmark = pytest.mark.clause(
    "openpai 2.1", "openpai 2.2", "openpai 3.1", "openpai 3.3", "openpai 3.4", "openpai 3.5"
)

JSON_LABEL = {"Content-Type": "application/json"}


@pytest.fixture
def site() -> Site:
    return Site()


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def test_the_seeds_command_signs_in(site: Site) -> None:
    """curl -H "Content-Type: application/json" -X POST .../api/auth -d "username=..." -d "password=..." """
    answer = site.client.post(AUTH, data=b"username=u&password=secret1", headers=JSON_LABEL)
    assert (answer.status_code, sorted(answer.json)) == (200, ["token", "user"])
    assert answer.json["user"] == "u"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "label"),
    [
        (b'{"username":"u","password":"secret1","expiration":"3600"}', "application/json"),
        (b'{"username":"u","password":"secret1","expiration":3600}', "application/x-www-form-urlencoded"),
        (b"username=u&password=secret1&expiration=3600", "text/plain"),
    ],
)
def test_every_encoding_signs_in_for_as_long_as_asked(site: Site, body: bytes, label: str) -> None:
    answer = site.client.post(AUTH, data=body, content_type=label)
    said = claims(answer.json["token"])
    assert list(said)[:2] == ["username", "admin"]
    assert (said["username"], said["admin"], said["exp"] - said["iat"]) == ("u", False, 3600)


def test_a_token_lives_a_day_unless_asked_otherwise(site: Site) -> None:
    said = claims(site.token("root"))
    assert (said["admin"], said["exp"] - said["iat"]) == (True, 86_400)


@pytest.mark.parametrize(
    ("name", "password"), [("u", "wrong password"), ("nobody", "secret1"), ("u", "short"), ("u", "")]
)
def test_a_wrong_password_and_an_unknown_user_are_told_alike(site: Site, name: str, password: str) -> None:
    answer = site.client.post(AUTH, json={"username": name, "password": password})
    assert answer.status_code == 401
    assert answer.json == {"error": "AuthenticationFailed", "message": "authentication failed"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"password": "secret1"}, "username"),
        ({"username": "u"}, "password"),
        ({"username": "u", "password": 123456}, "password"),
        ({"username": ["u"], "password": "secret1"}, "username"),
        ({"username": "u", "password": "secret1", "expiration": 59}, "expiration"),
        ({"username": "u", "password": "secret1", "expiration": 604801}, "expiration"),
        ({"username": "u", "password": "secret1", "expiration": "1h"}, "expiration"),
        ({"username": "u", "password": "secret1", "expiration": 3600.5}, "expiration"),
        ({"username": "u", "password": "secret1", "expiration": True}, "expiration"),
        ({"username": "u", "password": "secret1", "admin": "maybe"}, "admin"),
        ({"username": "u", "password": "secret1", "other": "x"}, "other"),
        ({"username": "u" * 5000, "password": "secret1"}, "username"),
    ],
)
def test_a_field_that_may_not_be_is_named(site: Site, body: dict[str, Any], path: str) -> None:
    answer = site.client.post(AUTH, json=body)
    assert (answer.status_code, answer.json["error"]) == (400, "ParameterValidationError")
    assert answer.json["message"] == "could not validate request data"
    assert [detail["path"] for detail in answer.json["detail"]] == [path]


def test_bodies_that_cannot_be_read(site: Site) -> None:
    answer = site.client.post(AUTH, data=b"hello")
    assert (answer.status_code, answer.json["detail"]) == (400, "The body is neither JSON nor form encoded.")
    answer = site.client.post(AUTH, data=b"username=" + b"u" * 65_536)
    assert (answer.status_code, answer.json["message"]) == (413, "request entity too large")


def test_passwords_in_the_query_are_not_read(site: Site) -> None:
    answer = site.client.post(f"{AUTH}?username=u&password=secret1")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "No authorization token was found"),
        ("Basic abc", "Format is Authorization: Bearer [token]"),
        ("Bearer", "jwt malformed"),
        ("Bearer a b", "jwt malformed"),
        ("Bearer a.b.c", "invalid signature"),
    ],
)
def test_a_missing_or_foreign_token_is_told_in_upstreams_words(
    site: Site, header: str | None, message: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method in ("PUT", "DELETE"):
        answer = site.client.open(AUTH, method=method, data=b"garbage", headers=headers)
        assert (answer.status_code, answer.json) == (
            401,
            {"error": "UnauthorizedUserError", "message": message},
        )
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="pai"')
    answer = site.client.put("/api/v1/user", headers=headers)
    guest = {"code": "UnauthorizedUserError", "message": "Guest is not allowed to do this operation."}
    assert (answer.status_code, answer.json) == (401, guest)


def test_an_expired_token_is_told(site: Site) -> None:
    token = site.token("root", expiration=60)
    site.world.clock.time += 61
    answer = site.client.put(AUTH, headers={"Authorization": f"bearer  {token}"})
    assert (answer.status_code, answer.json["message"]) == (401, "jwt expired")


def test_the_token_alone_is_enough_for_the_first_generation(site: Site) -> None:
    answer = site.client.delete(AUTH, data=b"username=u", headers={"Authorization": site.token("root")})
    assert (answer.status_code, answer.json) == (200, {"message": "remove successfully"})


def test_an_administrator_creates_changes_and_removes(site: Site) -> None:
    """Contract 9, lines 6."""
    root = site.bearer("root")
    bob = {"username": "bob", "password": "bobsecret", "admin": False, "modify": False}
    answer = site.client.put(AUTH, json=bob, headers=root)
    assert (answer.status_code, answer.json) == (200, {"message": "update successfully"})
    token = site.bearer("bob", "bobsecret")
    changed = b"username=bob&password=newsecret&modify=true"
    assert site.client.put(AUTH, data=changed, headers=root | JSON_LABEL).status_code == 200
    assert site.client.put(AUTH, data=changed, headers=token).status_code == 401  # the old password's token
    assert site.token("bob", "newsecret")
    again = site.client.put(AUTH, data=b"username=bob&password=newsecret&modify=FALSE", headers=root)
    assert (again.status_code, again.json["error"], again.json["message"]) == (
        500,
        "UpdateFailed",
        "update failed",
    )
    nobody = site.client.delete(AUTH, data=b"username=nobody", headers=root)
    assert (nobody.status_code, nobody.json["error"], nobody.json["message"]) == (
        500,
        "RemoveFailed",
        "remove failed",
    )
    token = site.bearer("bob", "newsecret")
    assert site.client.delete(AUTH, json={"username": "bob"}, headers=root).status_code == 200
    assert site.client.put(AUTH, data=changed, headers=token).status_code == 401
    wrong = site.client.post(AUTH, data=b"username=bob&password=newsecret")
    assert wrong.status_code == 401


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"username": "u", "password": "secret2"}, "modify must be true (change) or false (create)"),
        (
            {"username": "new", "password": "secret2", "modify": True},
            "there is no such user; modify=false creates it",
        ),
    ],
)
def test_modify_must_fit(site: Site, body: dict[str, Any], detail: str) -> None:
    answer = site.client.put(AUTH, json=body, headers=site.bearer("root"))
    assert (answer.status_code, answer.json["error"], answer.json["detail"]) == (500, "UpdateFailed", detail)


@pytest.mark.parametrize(
    "body",
    [
        {"username": "no-dash", "password": "secret2", "modify": False},
        {"username": "new", "password": "short", "modify": False},
        {"username": "new", "modify": False},
        {"username": "u", "password": "short", "modify": True},
    ],
)
def test_new_names_and_passwords_are_checked(site: Site, body: dict[str, Any]) -> None:
    answer = site.client.put(AUTH, json=body, headers=site.bearer("root"))
    assert (answer.status_code, answer.json["error"]) == (400, "ParameterValidationError")


def test_users_change_their_own_password_and_nothing_else(site: Site) -> None:
    own = site.bearer("u")
    refused = {"error": "NotAuthorized", "message": "not authorized"}
    for body in (
        {"username": "u", "password": "secret2", "modify": True, "admin": True},
        {"username": "u", "password": "secret2"},
        {"username": "u", "password": "secret2", "modify": False},
        {"username": "root", "password": "secret2", "modify": True},
        {"username": "nobody", "password": "secret2", "modify": True},
    ):
        answer = site.client.put(AUTH, json=body, headers=own)
        assert (answer.status_code, answer.json) == (403, refused), body
    assert site.client.delete(AUTH, json={"username": "nobody"}, headers=own).status_code == 403
    answer = site.client.put(AUTH, json={"username": "u", "password": "secret2", "modify": True}, headers=own)
    assert answer.status_code == 200
    assert site.token("u", "secret2")


def test_the_admin_flag_is_read_from_the_store(site: Site) -> None:
    """Not from the token, which upstream believes until it expires."""
    root = site.bearer("root")
    site.client.put(AUTH, json={"username": "u", "admin": True, "modify": True}, headers=root)
    u = site.bearer("u")
    flag = {"username": "root", "admin": False, "modify": True}
    assert site.client.put(AUTH, json=flag, headers=u).status_code == 200
    assert site.client.delete(AUTH, json={"username": "u"}, headers=root).status_code == 401
    last = site.client.put(AUTH, json={"username": "u", "admin": False, "modify": True}, headers=u)
    assert (last.status_code, last.json["error"]) == (409, "LastAdminError")


@pytest.mark.parametrize("password", ["short", "x" * 1025], ids=["short", "long"])
def test_a_change_that_is_refused_for_its_password_changes_no_flag(site: Site, password: str) -> None:
    sent = {"username": "u", "password": password, "admin": True, "modify": True}
    for path in (AUTH, "/api/v1/user"):
        assert site.client.put(path, json=sent, headers=site.bearer("root")).status_code == 400
    assert claims(site.token("u"))["admin"] is False


def test_administrators_are_not_removed(site: Site) -> None:
    root = site.bearer("root")
    assert site.client.delete(AUTH, json={"username": "root"}, headers=root).status_code == 500
    answer = site.client.delete("/api/v1/user/root", headers=root)
    assert (answer.status_code, answer.json["code"]) == (403, "RemoveAdminError")


def test_guessing_is_locked_and_says_for_how_long(site: Site) -> None:
    answers = [site.client.post(AUTH, json={"username": "u", "password": f"guess {n}"}) for n in range(12)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert "guess" not in json.dumps([event.details for event in site.world.audit.events], default=str)


def test_the_second_generation(site: Site) -> None:
    answer = site.client.post("/api/v1/token", data=b"username=root&password=secret1", headers=JSON_LABEL)
    assert answer.json | {"token": ""} == {"user": "root", "token": "", "admin": True, "hasGitHubPAT": False}
    wrong = site.client.post("/api/v1/token/", json={"username": "nobody", "password": "secret1"})
    assert (wrong.status_code, wrong.json) == (
        400,
        {"code": "IncorrectPasswordError", "message": "Password is incorrect."},
    )
    root = {"Authorization": f"Bearer {answer.json['token']}"}
    made = {"username": "bob", "password": "bobsecret", "modify": False}
    assert site.client.put("/api/v1/user", json=made, headers=root).status_code == 201
    assert site.client.put("/api/v1/user", json=made, headers=root).json["code"] == "ConflictUserError"
    lacking = site.client.put("/api/v1/user", json={"username": "x", "modify": True}, headers=root)
    assert (lacking.status_code, lacking.json["code"]) == (404, "NoUserError")
    unsaid = site.client.put("/api/v1/user", json={"username": "bob", "password": "bobsecret"}, headers=root)
    assert (unsaid.status_code, unsaid.json["code"]) == (400, "InvalidParametersError")
    assert (
        site.client.put("/api/v1/user", json={"username": "bob", "modify": True}, headers=root).status_code
        == 201
    )
    listed = site.client.get("/api/v1/user", headers=root).json
    assert [(user["username"], user["admin"]) for user in listed] == [
        ("bob", "false"),
        ("root", "true"),
        ("u", "false"),
    ]
    assert site.client.get("/api/v1/user", headers=site.bearer("u")).json["code"] == "ForbiddenUserError"
    assert site.client.delete("/api/v1/user", data=b"username=bob", headers=root).status_code == 200
    assert site.client.delete("/api/v1/user/bob", headers=root).status_code == 404
