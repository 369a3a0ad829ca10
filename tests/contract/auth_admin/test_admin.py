"""The admin API: what each route does, and who may not call it."""

import json
from typing import Any

import pytest

from services.auth.domain.guesses import user_key
from services.auth.domain.people import TooManyGuesses
from services.auth.usecases.key_rotation import SETTLE_SECONDS
from tests.contract.auth_admin.conftest import ROOM, Desk
from tests.fakes.auth_admin import ADMIN

WALLET = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
DN = "/DC=org/CN=Ada"
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/people", None),
    ("POST", "/people", {"username": "ada", "password": "correct horse"}),
    ("GET", "/people/root", None),
    ("PATCH", "/people/root", {"display_name": "Root"}),
    ("DELETE", "/people/root", None),
    ("PUT", "/people/root/password", {"password": "correct horse"}),
    ("DELETE", "/people/root/lock", None),
    ("PUT", "/people/root/groups", {"groups": []}),
    ("GET", "/people/root/certificates", None),
    ("POST", "/people/root/certificates", {"subject": DN}),
    ("DELETE", "/people/root/certificates?subject=/CN=a", None),
    ("POST", "/people/root/wallets", {"address": WALLET}),
    ("DELETE", f"/people/root/wallets/{WALLET}", None),
    ("GET", "/groups", None),
    ("PUT", "/groups/crew", {"vo": "vo"}),
    ("DELETE", "/groups/crew", None),
    ("GET", "/clients", None),
    ("PATCH", "/clients/app", {"is_disabled": True}),
    ("GET", "/keys", None),
    ("POST", "/keys/rotate", {}),
    ("POST", "/keys/x/withdraw", {}),
    ("GET", "/audit", None),
]


def ids(entry: object) -> str | None:
    return entry if isinstance(entry, str) else None


def test_list_of_routes_is_whole(desk: Desk) -> None:
    served = {
        (method, rule.rule)
        for rule in desk.http.application.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith(ROOM) and method not in ("HEAD", "OPTIONS")
    }
    adapter = desk.http.application.url_map.bind("x")
    listed = set()
    for method, path, _ in ROUTES:
        rule, _values = adapter.match(ROOM + path.partition("?")[0], method, return_rule=True)
        listed.add((method, rule.rule))
    assert listed == served


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=ids)
@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "credential_missing"),
        ("unknown", 401, "invalid_token"),
        ("persons", 403, "insufficient_scope"),
        ("no-scope", 403, "insufficient_scope"),
        ("no-admin", 403, "insufficient_scope"),
    ],
)
def test_nobody_else_may(
    desk: Desk, method: str, path: str, body: Any, token: str | None, status: int, code: str
) -> None:
    before = (desk.people.page("", 100), desk.people.groups(), desk.keys.all())
    answer = desk.call(method, path, body, token)
    assert answer.status_code == status
    assert answer.get_json()["error"] == code
    assert set(answer.get_json()) == {"error", "message"}
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="tidegate"')
    assert answer.headers["Cache-Control"] == "no-store"
    assert (desk.people.page("", 100), desk.people.groups(), desk.keys.all()) == before
    assert desk.audit.events == []


def test_a_person_s_life(desk: Desk) -> None:
    made = desk.call("POST", "/people", {"username": "ada", "password": "correct horse", "email": "a@b"})
    assert made.status_code == 201
    person = made.get_json()
    assert person == {
        "id": person["id"],
        "subject": "person:" + person["id"],
        "username": "ada",
        "display_name": "ada",
        "email": "a@b",
        "state": "active",
        "is_admin": False,
        "groups": [],
        "wallets": [],
        "created_at": int(desk.clock.time),
    }
    assert desk.passwords.check("ada", "correct horse").id == person["id"]
    shown = desk.call("GET", "/people/ada").get_json()
    assert shown == {**person, "certificates": []}
    changed = desk.call("PATCH", "/people/ada", {"email": None, "is_admin": True, "display_name": "Ada L."})
    assert changed.get_json() == {**person, "email": None, "is_admin": True, "display_name": "Ada L."}
    assert desk.call("PATCH", "/people/ada", {"is_disabled": True}).get_json()["state"] == "disabled"
    assert desk.call("PATCH", "/people/ada", {"is_disabled": False}).get_json()["state"] == "active"
    assert desk.call("PUT", "/people/ada/password", {"password": "another one"}).status_code == 204
    assert desk.passwords.check("ada", "another one").username == "ada"
    assert desk.call("PUT", "/people/ada/password", {"password": None}).status_code == 204
    removed = desk.call("DELETE", "/people/ada")
    assert (removed.status_code, removed.data) == (204, b"")
    assert desk.call("GET", "/people/ada").status_code == 404
    again = desk.call("POST", "/people", {"username": "ada"})
    assert (again.status_code, again.get_json()["error"]) == (409, "name_taken")
    assert b"correct horse" not in made.data
    assert "another one" not in str(desk.audit.stored)
    assert all(event.actor == ADMIN.subject for event in desk.audit.events if event.event != "login.password")


def test_last_administrator_stays(desk: Desk) -> None:
    for method, body in (("PATCH", {"is_admin": False}), ("PATCH", {"is_disabled": True}), ("DELETE", None)):
        answer = desk.call(method, "/people/root", body)
        assert (answer.status_code, answer.get_json()["error"]) == (409, "last_admin")


def test_people_come_in_pages(desk: Desk) -> None:
    for name in ("dora", "carl", "bert"):
        desk.add(name)
    first = desk.call("GET", "/people?limit=3").get_json()
    assert [person["username"] for person in first["people"]] == ["bert", "carl", "dora"]
    assert first["next"] == "dora"
    last = desk.call("GET", "/people?limit=3&after=dora").get_json()
    assert ([person["username"] for person in last["people"]], last["next"]) == (["root"], None)


def test_lock_is_opened(desk: Desk) -> None:
    for _ in range(6):
        desk.guesses.failed(user_key("root"))
    with pytest.raises(TooManyGuesses):
        desk.guesses.check(user_key("root"))
    assert desk.call("DELETE", "/people/root/lock").status_code == 204
    desk.guesses.check(user_key("root"))


def test_groups(desk: Desk) -> None:
    made = desk.call("PUT", "/groups/crew", {"vo": "vo", "properties": ["B", "A"]})
    assert made.get_json() == {"name": "crew", "vo": "vo", "properties": ["A", "B"]}
    desk.call("PUT", "/groups/crew", {"vo": "other"})
    assert desk.call("GET", "/groups").get_json() == {
        "groups": [{"name": "crew", "vo": "other", "properties": []}]
    }
    put = desk.call("PUT", "/people/root/groups", {"groups": ["crew"]})
    assert put.get_json()["groups"] == ["crew"]
    answer = desk.call("PUT", "/people/root/groups", {"groups": ["nobodys"]})
    assert (answer.status_code, answer.get_json()["error"]) == (404, "no_such_group")
    assert desk.call("DELETE", "/groups/crew").status_code == 204
    assert desk.call("DELETE", "/groups/crew").status_code == 404
    assert desk.call("GET", "/people/root").get_json()["groups"] == []


def test_certificates(desk: Desk) -> None:
    desk.add("ada")
    path = "/people/root/certificates"
    made = desk.call("POST", path, {"subject": "/dc=org/cn=Ada", "issuer": "/cn=CA"})
    assert (made.status_code, made.get_json()) == (201, {"subject": DN, "issuer": "/CN=CA"})
    assert desk.call("GET", path).get_json() == {"certificates": [{"subject": DN, "issuer": "/CN=CA"}]}
    taken = desk.call("POST", "/people/ada/certificates", {"subject": DN})
    assert (taken.status_code, taken.get_json()["error"]) == (409, "certificate_taken")
    answer = desk.call("POST", path, {"subject": "CN=Ada"})
    assert (answer.status_code, answer.get_json()["field"]) == (400, "subject")
    assert desk.call("DELETE", "/people/ada/certificates?subject=" + DN).status_code == 404
    assert desk.call("DELETE", path + "?subject=" + DN).status_code == 204
    assert desk.call("DELETE", path + "?subject=" + DN).status_code == 404
    assert desk.call("DELETE", path).status_code == 400


def test_wallets(desk: Desk) -> None:
    desk.add("ada")
    made = desk.call("POST", "/people/root/wallets", {"address": WALLET.lower()})
    assert (made.status_code, made.get_json()) == (201, {"address": WALLET})
    assert desk.call("POST", "/people/ada/wallets", {"address": WALLET}).status_code == 409
    assert desk.call("DELETE", f"/people/ada/wallets/{WALLET}").status_code == 404
    assert desk.call("DELETE", f"/people/root/wallets/{WALLET}").status_code == 204
    for address in ("0x12", "", "x", "0x" + "g" * 40, WALLET + "\0"):
        assert desk.call("POST", "/people/root/wallets", {"address": address}).status_code == 400
    assert desk.call("DELETE", "/people/root/wallets/0x12").status_code == 400


def test_clients(desk: Desk) -> None:
    listed = desk.call("GET", "/clients").get_json()
    assert [client["client_id"] for client in listed["clients"]] == ["app"]
    assert "secret" not in json.dumps(listed).replace("client_secret_basic", "")
    assert desk.call("PATCH", "/clients/app", {"is_disabled": True}).get_json()["is_disabled"] is True
    found = desk.clients.get("app")
    assert found is not None
    assert found.is_disabled
    assert desk.call("PATCH", "/clients/app", {"is_disabled": False}).get_json()["is_disabled"] is False
    for client_id in ("nobodys", "a%00b", "x" * 500, "%ff"):
        answer = desk.call("PATCH", f"/clients/{client_id}", {"is_disabled": True})
        assert (answer.status_code, answer.get_json()["error"]) == (404, "no_such_client")
    assert [event.event for event in desk.audit.events] == ["client.disable", "client.enable"]


def test_builtin_client_can_be_disabled(desk: Desk) -> None:
    answer = desk.call("PATCH", "/clients/myDIRACClientID", {"is_disabled": True})
    assert answer.get_json()["is_disabled"] is True
    found = desk.clients.get("myDIRACClientID")
    assert found is not None
    assert found.is_disabled


def test_keys(desk: Desk) -> None:
    [first] = desk.call("GET", "/keys").get_json()["keys"]
    assert first == {"kid": first["kid"], "state": "active", "since": int(desk.clock.time)}
    step = desk.call("POST", "/keys/rotate").get_json()
    assert step == {
        "did": "published",
        "kid": step["kid"],
        "settles_in": SETTLE_SECONDS,
        "withdrawn": [],
    }
    early = desk.call("POST", "/keys/rotate", {})
    assert (early.status_code, early.headers["Retry-After"]) == (409, str(SETTLE_SECONDS))
    desk.clock.time += SETTLE_SECONDS
    assert desk.call("POST", "/keys/rotate").get_json()["did"] == "activated"
    gone = desk.call("POST", f"/keys/{first['kid']}/withdraw")
    assert gone.get_json() == {"withdrawn": first["kid"], "signing": step["kid"]}
    assert desk.call("POST", f"/keys/{first['kid']}/withdraw").status_code == 404
    states = [key["state"] for key in desk.call("GET", "/keys").get_json()["keys"]]
    assert states == ["withdrawn", "active"]
    assert desk.call("POST", "/keys/rotate", {"at_once": True}).get_json()["did"] == "activated"


def test_audit_log(desk: Desk) -> None:
    for name in ("a1", "a2", "a3"):
        desk.call("POST", "/people", {"username": name})
    first = desk.call("GET", "/audit?limit=2").get_json()
    assert [event["details"]["username"] for event in first["events"]] == ["a3", "a2"]
    assert first["events"][0]["event"] == "person.create"
    last = desk.call("GET", f"/audit?limit=2&before={first['next']}").get_json()
    assert ([event["details"]["username"] for event in last["events"]], last["next"]) == (["a1"], None)
    subject = first["events"][1]["subject"]
    chosen = desk.call(
        "GET", f"/audit?subject={subject}&event=person.create&actor={ADMIN.subject}"
    ).get_json()
    assert [event["subject"] for event in chosen["events"]] == [subject]


BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/people", {}),
    ("POST", "/people", {"username": ""}),
    ("POST", "/people", {"username": None}),
    ("POST", "/people", {"username": 5}),
    ("POST", "/people", {"username": ["a"]}),
    ("POST", "/people", {"username": "a b"}),
    ("POST", "/people", {"username": "x" * 65}),
    ("POST", "/people", {"username": "a\0b"}),
    ("POST", "/people", {"username": "ada", "password": ""}),
    ("POST", "/people", {"username": "ada", "password": "12345"}),
    ("POST", "/people", {"username": "ada", "password": "x" * 1025}),
    ("POST", "/people", {"username": "ada", "password": "abc\0defg"}),
    ("POST", "/people", {"username": "ada", "password": 123456}),
    ("POST", "/people", {"username": "ada", "is_admin": "true"}),
    ("POST", "/people", {"username": "ada", "is_admin": 1}),
    ("POST", "/people", {"username": "ada", "display_name": "x" * 256}),
    ("POST", "/people", {"username": "ada", "email": "nothing"}),
    ("POST", "/people", {"username": "ada", "id": "0" * 32}),
    ("POST", "/people", {"username": "ada", "state": "active"}),
    ("PATCH", "/people/root", {"username": "other"}),
    ("PATCH", "/people/root", {"display_name": ""}),
    ("PATCH", "/people/root", {"is_disabled": "no"}),
    ("PUT", "/people/root/password", {}),
    ("PUT", "/people/root/password", {"password": "12345"}),
    ("PUT", "/people/root/password", {"password": {"a": 1}}),
    ("PUT", "/people/root/groups", {}),
    ("PUT", "/people/root/groups", {"groups": None}),
    ("PUT", "/people/root/groups", {"groups": "crew"}),
    ("PUT", "/people/root/groups", {"groups": [1]}),
    ("PUT", "/people/root/groups", {"groups": [f"g{number}" for number in range(300)]}),
    ("POST", "/people/root/certificates", {}),
    ("POST", "/people/root/certificates", {"subject": "/CN=" + "x" * 600}),
    ("POST", "/people/root/certificates", {"subject": DN, "issuer": ""}),
    ("POST", "/people/root/wallets", {}),
    ("POST", "/people/root/wallets", {"address": 5}),
    ("PUT", "/groups/crew", {}),
    ("PUT", "/groups/crew", {"vo": ""}),
    ("PUT", "/groups/crew", {"vo": "v", "properties": "A"}),
    ("PUT", "/groups/crew", {"vo": "v", "properties": [None]}),
    ("PUT", "/groups/a%20b", {"vo": "v"}),
    ("PATCH", "/clients/app", {}),
    ("PATCH", "/clients/app", {"is_disabled": None}),
    ("PATCH", "/clients/app", {"is_disabled": True, "name": "x"}),
    ("POST", "/keys/rotate", {"at_once": "yes"}),
    ("POST", "/keys/x/withdraw", {"why": "x"}),
    ("GET", "/people?limit=0", None),
    ("GET", "/people?limit=201", None),
    ("GET", "/people?limit=-1", None),
    ("GET", "/people?limit=1e2", None),
    ("GET", "/people?limit=" + "9" * 40, None),
    ("GET", "/people?limit=1&limit=2", None),
    ("GET", "/people?page=2", None),
    ("GET", "/people?after=%00", None),
    ("GET", "/people?after=%ff", None),
    ("GET", "/audit?before=x", None),
    ("GET", "/audit?before=" + "9" * 19, None),
    ("GET", "/audit?subject=%00", None),
    ("GET", "/clients?after=%00", None),
]


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
def test_bad_input_is_refused_with_a_sentence(desk: Desk, method: str, path: str, body: Any) -> None:
    answer = desk.call(method, path, body)
    assert answer.status_code == 400
    refused = answer.get_json()
    assert refused["error"].startswith("invalid_")
    assert refused["message"].endswith((".", "groups."))
    assert desk.audit.events == []
    for secret in ("12345", "abc", "x" * 64):
        assert secret not in refused["message"]


@pytest.mark.parametrize(
    "data",
    [
        b"{", b"[]", b"null5", b'"text"', b"\xff\xfe", b'{"username": "a", "username": "b"}', b"username=ada",
        b'{"username": "\\ud800"}', b'{"username": NaN}', b"[" * 5000, b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
)  # fmt: skip
def test_bodies_that_are_no_object(desk: Desk, data: bytes) -> None:
    for method, path in (("POST", "/people"), ("PATCH", "/people/root"), ("POST", "/keys/rotate")):
        answer = desk.raw(method, path, data)
        assert (answer.status_code, set(answer.get_json())) == (400, {"error", "message", "field"})


def test_huge_bodies(desk: Desk) -> None:
    answer = desk.raw("POST", "/people", b'{"username": "' + b"x" * 70_000 + b'"}')
    assert (answer.status_code, answer.get_json()["error"]) == (413, "too_large")


@pytest.mark.parametrize("name", ["nobody", "%00", "a%00b", "%ff", "x" * 3000, "ROOT", "root%20", "%2e%2e"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"is_admin": True}),
        ("DELETE", "", None),
        ("PUT", "/password", {"password": "correct horse"}),
        ("PUT", "/groups", {"groups": []}),
        ("POST", "/wallets", {"address": WALLET}),
    ],
)
def test_nobody_of_that_name(desk: Desk, name: str, method: str, path: str, body: Any) -> None:
    answer = desk.call(method, f"/people/{name}{path}", body)
    assert (answer.status_code, answer.get_json()["error"]) == (404, "no_such_person")


def test_unknown_paths_and_methods_answer_in_this_room_s_shape(desk: Desk) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("PUT", "/people", 405), ("GET", "", 404)):
        answer = desk.call(method, path)
        assert answer.status_code == status
        assert set(answer.get_json()) == {"error", "message"}


def test_lost_database(desk: Desk) -> None:
    desk.keys.is_down = True
    answer = desk.call("GET", "/keys")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.get_json()["error"] == "temporarily_unavailable"


def test_passwords_being_looked_at_by_too_many(desk: Desk) -> None:
    desk.hasher.is_busy = True
    answer = desk.call("PUT", "/people/root/password", {"password": "correct horse"})
    assert answer.status_code == 503
