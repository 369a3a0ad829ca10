"""The second generation: its refusals name users, and say who may use which virtual cluster. Source: OpenPAI
contract 3.1, 3.3, 3.4 and 3.5.
"""

from typing import Any

import pytest

from services.auth.domain.openpai import OpenPaiSite
from services.auth.domain.people import NAME_REST_SECONDS
from tests.fakes.auth_openpai import AUTH, Site

pytestmark = pytest.mark.clause("openpai 3.1", "openpai 3.3", "openpai 3.4", "openpai 3.5")

USER = "/api/v1/user"
TOKEN = "/api/v1/token"
CLUSTERS = frozenset({"default", "gpu", "night"})


@pytest.fixture
def site() -> Site:
    return Site(OpenPaiSite(clusters=CLUSTERS))


@pytest.fixture
def root(site: Site) -> dict[str, str]:
    return site.bearer("root")


def set_clusters(site: Site, name: str, value: Any, headers: dict[str, str]) -> Any:
    return site.client.put(f"{USER}/{name}/virtualClusters", json={"virtualClusters": value}, headers=headers)


def listed(site: Site, headers: dict[str, str]) -> dict[str, str]:
    users = site.client.get(USER, headers=headers).json
    return {user["username"]: user["virtualCluster"] for user in users}


def carried(site: Site, headers: dict[str, str]) -> list[str]:
    """What other services are told of whoever has this token."""
    token = headers["Authorization"].removeprefix("Bearer ")
    found = site.world.principals.resolve("bearer", token, "")
    return list(found.principal.virtual_clusters)


def test_users_begin_with_the_default_and_administrators_with_all(site: Site, root: dict[str, str]) -> None:
    assert listed(site, root) == {"root": "default,gpu,night", "u": "default"}
    assert site.client.get(USER, headers=root).json[0] == {
        "username": "root",
        "admin": "true",
        "virtualCluster": "default,gpu,night",
        "hasGithubPAT": False,
    }


@pytest.mark.parametrize(
    ("value", "then"),
    [
        ("gpu", "default,gpu"),
        ("night,gpu", "default,gpu,night"),
        ("", "default"),
        (",gpu,,gpu,", "default,gpu"),
        ("default", "default"),
    ],
)
def test_clusters_are_set_with_the_default_and_sorted(
    site: Site, root: dict[str, str], value: str, then: str
) -> None:
    set_clusters(site, "u", "night", root)
    answer = set_clusters(site, "u", value, root)
    assert (answer.status_code, answer.json) == (
        201,
        {"message": "update user virtual clusters successfully"},
    )
    assert listed(site, root)["u"] == then


def test_a_form_says_the_same(site: Site, root: dict[str, str]) -> None:
    answer = site.client.put(f"{USER}/u/virtualClusters/", data=b"virtualClusters=gpu", headers=root)
    assert answer.status_code == 201
    assert listed(site, root)["u"] == "default,gpu"


@pytest.mark.parametrize(
    ("name", "body", "status", "code", "message"),
    [
        ("u", {"virtualClusters": "gpu,none"}, 400, "NoVirtualClusterError", "none is not found"),
        ("nobody", {"virtualClusters": "gpu"}, 404, "NoUserError", "User nobody is not found."),
        (
            *("root", {"virtualClusters": "gpu"}, 403, "ForbiddenUserError"),
            "Admin's virtual clusters cannot be updated.",
        ),
        ("u", {"virtualClusters": "g p u"}, 400, "InvalidParametersError", "virtualClusters"),
        ("u", {"virtualClusters": ["gpu"]}, 400, "InvalidParametersError", "virtualClusters"),
        ("u", {}, 400, "InvalidParametersError", "virtualClusters is required."),
        ("u", {"virtualClusters": "gpu", "admin": True}, 400, "InvalidParametersError", "admin"),
    ],
)
def test_what_is_refused(
    site: Site, root: dict[str, str], name: str, body: Any, status: int, code: str, message: str
) -> None:
    answer = site.client.put(f"{USER}/{name}/virtualClusters", json=body, headers=root)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert message in answer.json["message"]
    assert listed(site, root)["u"] == "default"


def test_only_administrators_say_so(site: Site) -> None:
    own = site.bearer("u")
    for name in ("u", "nobody"):
        answer = set_clusters(site, name, "gpu", own)
        assert (answer.status_code, answer.json["code"]) == (403, "ForbiddenUserError")
    assert set_clusters(site, "u", "gpu", {}).status_code == 401
    assert carried(site, own) == []


def test_what_is_given_counts_at_once(site: Site, root: dict[str, str]) -> None:
    """No new token is needed, and none that is out there stays as it was."""
    own = site.bearer("u")
    set_clusters(site, "u", "gpu", root)
    assert carried(site, own) == ["default", "gpu"]
    set_clusters(site, "u", "", root)
    assert carried(site, own) == ["default"]
    assert carried(site, root) == ["*"]


def test_whoever_becomes_an_administrator_has_all_and_keeps_them(site: Site, root: dict[str, str]) -> None:
    for is_admin in (True, False):
        body = {"username": "u", "admin": is_admin, "modify": True}
        assert site.client.put(USER, json=body, headers=root).status_code == 201
        assert listed(site, root)["u"] == "default,gpu,night"
    new = {"username": "chief", "password": "secret2", "admin": True, "modify": False}
    assert site.client.put(USER, json=new, headers=root).status_code == 201
    demoted = {"username": "chief", "admin": False, "modify": True}
    assert site.client.put(USER, json=demoted, headers=root).status_code == 201
    assert listed(site, root)["chief"] == "default,gpu,night"


def test_a_cluster_that_there_is_no_more_is_not_shown() -> None:
    site = Site(OpenPaiSite(clusters=CLUSTERS))
    root = site.bearer("root")
    set_clusters(site, "u", "gpu,night", root)
    site.users._site = OpenPaiSite(clusters=CLUSTERS - {"gpu"})
    assert listed(site, root)["u"] == "default,night"


def test_tokens_of_other_services_are_not_kept(site: Site, root: dict[str, str]) -> None:
    for name, headers in (("u", root), ("u", site.bearer("u"))):
        answer = site.client.put(f"{USER}/{name}/githubPAT", json={"githubPAT": "canary"}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (501, "NotImplementedError")
        assert b"canary" not in answer.data
    assert site.client.put(f"{USER}/u/githubPAT", json={"githubPAT": "x"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "refusal"),
    [
        (
            *("PUT", USER, {"username": "u", "password": "secret2", "modify": False}, 409),
            {"code": "ConflictUserError", "message": "User name u already exists."},
        ),
        (
            *("PUT", USER, {"username": "bob", "modify": True}, 404),
            {"code": "NoUserError", "message": "User bob not found."},
        ),
        (
            *("DELETE", USER, {"username": "bob"}, 404),
            {"code": "NoUserError", "message": "User bob is not found."},
        ),
        (
            *("DELETE", f"{USER}/root", {}, 403),
            {"code": "RemoveAdminError", "message": "Admin root is not allowed to remove."},
        ),
    ],
)
def test_refusals_name_the_user(
    site: Site, root: dict[str, str], method: str, path: str, body: Any, status: int, refusal: Any
) -> None:
    answer = site.client.open(path, method=method, json=body, headers=root)
    assert (answer.status_code, answer.json) == (status, refusal)


def test_no_change_at_all_is_fine(site: Site, root: dict[str, str]) -> None:
    answer = site.client.put(USER, json={"username": "u", "password": "", "modify": True}, headers=root)
    assert (answer.status_code, answer.json) == (201, {"message": "update successfully"})
    assert site.token("u")


def test_a_short_password_is_told_as_a_mistake(site: Site) -> None:
    answer = site.client.post(TOKEN, json={"username": "u", "password": "short"})
    assert (answer.status_code, answer.json["code"]) == (400, "InvalidParametersError")
    assert "short" not in answer.json["message"]


@pytest.mark.parametrize("reveals", [False, True])
def test_whether_there_is_such_a_user_is_told_where_the_operator_lets_it(reveals: bool) -> None:
    site = Site(OpenPaiSite(reveals_users=reveals))
    wrong = site.client.post(TOKEN, json={"username": "u", "password": "not it at all"})
    told = {"code": "IncorrectPasswordError", "message": "Password is incorrect."}
    assert (wrong.status_code, wrong.json) == (400, told)
    nobody = site.client.post(TOKEN, json={"username": "nobody", "password": "not it at all"})
    unknown = {"code": "NoUserError", "message": "User nobody is not found."}
    assert (nobody.status_code, nobody.json) == (400, unknown if reveals else told)
    first = site.client.post(AUTH, json={"username": "nobody", "password": "not it at all"})
    alike = {"error": "AuthenticationFailed", "message": "authentication failed"}
    assert (first.status_code, first.json) == (401, alike)


def test_a_removed_users_name_rests_a_day(site: Site, root: dict[str, str]) -> None:
    assert site.client.delete(USER, json={"username": "u"}, headers=root).status_code == 200
    again = {"username": "u", "password": "secret2", "modify": False}
    answer = site.client.put(USER, json=again, headers=root)
    assert (answer.status_code, answer.json["code"]) == (409, "ConflictUserError")
    site.world.clock.time += NAME_REST_SECONDS + 1
    assert site.client.put(USER, json=again, headers=site.bearer("root")).status_code == 201
    assert listed(site, site.bearer("root"))["u"] == "default"
