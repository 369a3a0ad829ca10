"""The file catalogue as DIRAC's users reach it: the lines of both pages by curl, the same by requests,
through the gateway, with tokens that auth gave for certificates.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from scripts.stack.config import REPO
from services.auth.domain.people import Group, Person, PersonState
from tests.e2e.dirac_site import DiracSite, dirac_site
from tests.e2e.market import one, request
from tests.e2e.nginx import gateway_alone

pytestmark = pytest.mark.clause("dirac 3.3", "dirac 5.1")

BASE = "/filecatalogue"
PAGE = (REPO / "docs" / "dialects" / "dirac.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
SECONDS = 30


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiracSite]:
    """With Boss, who manages the catalogue, and Mallory of another organisation."""
    with dirac_site(tmp_path_factory.mktemp("files"), with_catalogue=True) as started:
        for group in (
            Group(name="vo_files", vo="vo", properties=("NormalUser", "FileCatalogManagement")),
            Group(name="evil_files", vo="evil", properties=("NormalUser", "FileCatalogManagement")),
        ):
            started.people.put_group(group)
        _add(started, "boss", "vo_files")
        _add(started, "mallory", "evil_files")
        yield started


def _add(site: DiracSite, name: str, group: str) -> Person:
    person = replace(site.alice, id=name[0] * 32, username=name, display_name=name)
    site.people.add(person, None)
    site.people.set_groups(person.id, [group])
    site.people.link_certificate(person.id, f"/DC=org/DC=test/CN={name}", None)
    return person


@pytest.fixture(scope="module")
def alice(site: DiracSite) -> str:
    return site.token(site.authority.issue("Alice"))


@pytest.fixture(scope="module")
def boss(site: DiracSite) -> str:
    return site.token(site.authority.issue("boss"), "vo_files")


@pytest.fixture(scope="module")
def mallory(site: DiracSite) -> str:
    return site.token(site.authority.issue("mallory"), "evil_files")


def encoded(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode()


def curl(site: DiracSite, token: str, path: str, *arguments: str) -> Any:
    line = ["-g", "-H", f"Authorization: {token} Bearer", *arguments, f"{site.tls}{BASE}{path}"]
    body, status = site.curl(*line).rsplit("\n", 1)
    assert status == "200", body
    return json.loads(body)


@pytest.fixture(scope="module")
def runs(site: DiracSite, alice: str, boss: str) -> None:
    """What the seed's example conditions find."""
    for name, kind in (("someNumberField", "float"), ("someStrangeName", "string")):
        sent = json.dumps({"name": name, "type": kind})
        assert curl(site, boss, "/metadata/fields", "-d", sent)["created"] is True
    for run, number, name in (("run1", 4.5, "name1"), ("run2", 4.1, "name2"), ("run3", 9, "name3")):
        directory = f"/directory/{encoded(f'/vo/prod/{run}')}"
        assert curl(site, alice, directory, "-X", "POST")["created"] is True
        values = json.dumps({"someNumberField": number, "someStrangeName": name})
        curl(site, alice, f"{directory}/usermetadata", "-X", "PATCH", "-d", values)
        new = json.dumps({"Size": 12, "SE": "DISK", "PFN": f"root://se/{run}"})
        file = f"/file/{encoded(f'/vo/prod/{run}/a~b > c.dat')}"
        assert curl(site, alice, file, "-X", "PUT", "-d", new)["created"] is True


@pytest.mark.usefixtures("runs")
def test_the_seeds_lines_by_curl(site: DiracSite, alice: str) -> None:
    condition = "someNumberField=>|4.2&someStrangeName=in|name1,name2"
    found = {"f": 0, "s": 0, "d": {"run1": {"f": 1, "s": 12}}}
    directory = f"/directory/{encoded('/vo/prod')}"
    assert curl(site, alice, f"{directory}/search?{condition}") == found
    pairs = [word for pair in condition.split("&") for word in ("--data-urlencode", pair)]
    assert curl(site, alice, f"{directory}/search", "-G", *pairs) == found
    values = {"someNumberField": [4.5], "someStrangeName": ["name1"]}
    assert curl(site, alice, f"{directory}/metadata?{condition}") == values
    everywhere = curl(site, alice, f"/metadata?{condition}")
    assert {name: field["values"] for name, field in everywhere.items()} == values
    assert curl(site, alice, "/directory/Lw==")["SubDirs"] == {"vo": True}
    listed = curl(site, alice, f"/directory/{encoded('/vo/prod/run1')}?verbose=true")
    shown = listed["Files"]["a~b > c.dat"]
    assert (shown["MetaData"]["Size"], shown["Replicas"]["DISK"]["PFN"]) == (12, "root://se/run1")
    file = f"/file/{encoded('/vo/prod/run1/a~b > c.dat')}"
    attributes = curl(site, alice, f"{file}/attributes")
    assert (attributes["Owner"], attributes["OwnerGroup"], attributes["Mode"]) == ("alice", "vo_user", 509)
    assert curl(site, alice, f"{file}/metadata") == {}


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("count", [1, 40])
def test_any_number_of_raw_conditions(site: DiracSite, alice: str, count: int) -> None:
    """They are no URI, and nginx and the service's server between them let them in all the same."""
    raw = "&".join(f"someNumberField{'' if number == 0 else number}=<|9" for number in range(count))
    found = curl(site, alice, f'/directory/{encoded("/vo/prod")}/search?{raw}&lenient=true&flat=1&x="')
    assert [each["path"] for each in found["dirs"]] == ["/vo/prod/run1", "/vo/prod/run2"]


@pytest.mark.usefixtures("runs")
def test_the_seeds_lines_by_requests(site: DiracSite, alice: str) -> None:
    query = {"someNumberField": ">|4.2", "someStrangeName": "in|name1,name2", "access_token": alice}
    url = f"{site.tls}{BASE}/directory/{encoded('/vo/prod')}/search"
    answer = requests.get(url, params=query, verify=site.server_ca, timeout=SECONDS)
    assert answer.json() == {"f": 0, "s": 0, "d": {"run1": {"f": 1, "s": 12}}}
    assert answer.headers["Cache-Control"] == "private, no-store"
    header = {"Authorization": f"Bearer {alice}"}
    plain = requests.get(f"{site.plain}{BASE}/metadata", headers=header, timeout=SECONDS)
    assert set(plain.json()) == {"someNumberField", "someStrangeName"}


@pytest.mark.usefixtures("runs")
def test_another_organisation_sees_none_of_it(site: DiracSite, mallory: str) -> None:
    assert curl(site, mallory, "/metadata") == {}
    assert curl(site, mallory, "/directory")["SubDirs"] == {}
    for path in (f"/directory/{encoded('/vo/prod')}", f"/directory/{encoded('/vo')}/search"):
        answer = requests.get(f"{site.plain}{BASE}{path}?access_token={mallory}", timeout=SECONDS)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_the_token_of_somebody_who_may_not_sign_in_counts_no_more(site: DiracSite) -> None:
    header = {"Authorization": f"Bearer {site.token(site.authority.issue('Alice'))}"}
    url = f"{site.plain}{BASE}/directory"
    assert requests.get(url, headers=header, timeout=SECONDS).ok
    site.people.change(site.alice.id, state=PersonState.DISABLED)
    try:
        answer = requests.get(url, headers=header, timeout=SECONDS)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    finally:
        site.people.change(site.alice.id, state=PersonState.ACTIVE)
    assert requests.get(url, headers=header, timeout=SECONDS).ok


def test_bodies_that_are_too_large_are_told_so_in_the_dialects_shape(site: DiracSite, alice: str) -> None:
    header = {"Authorization": f"Bearer {alice}"}
    for path, size in (("/bulk", 17 << 20), (f"/file/{encoded('/vo/a')}", 2 << 20)):
        answer = requests.post(f"{site.plain}{BASE}{path}", data=b" " * size, headers=header, timeout=SECONDS)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        assert answer.json()["status"] == 413


def test_bulk_bodies_above_a_mebibyte_go_through(site: DiracSite, alice: str) -> None:
    items = {f"/vo/bulk/{number}": {"Size": number, "SE": "DISK"} for number in range(2000)}
    body = json.dumps({"op": "addFile", "items": items, "padding": " " * (2 << 20)})
    header = {"Authorization": f"Bearer {alice}"}
    answer = requests.post(f"{site.plain}{BASE}/bulk", data=body, headers=header, timeout=SECONDS)
    assert answer.status_code == 200, answer.text[:500]
    assert (len(answer.json()["Successful"]), answer.json()["Failed"]) == (2000, {})
    gone = {"op": "removeDirectory", "items": {"/vo/bulk": {"recursive": True}}}
    again = requests.post(f"{site.plain}{BASE}/bulk", json=gone, headers=header, timeout=SECONDS)
    assert again.json()["Failed"] == {}


def test_names_that_are_no_words(site: DiracSite, alice: str) -> None:
    header = {"Authorization": f"Bearer {alice}"}
    for name in ("a~b", "größer > kleiner", "100%?&#", "日本語 😀", "-_", "~~~~"):
        url = f"{site.plain}{BASE}/directory/{encoded(f'/vo/names/{name}')}"
        for spelled in (url, url.rstrip("="), url.replace("=", "%3D")):
            assert requests.post(spelled, headers=header, timeout=SECONDS).ok, spelled
            assert requests.get(spelled, headers=header, timeout=SECONDS).ok, spelled
    listed = requests.get(
        f"{site.plain}{BASE}/directory/{encoded('/vo/names')}", headers=header, timeout=SECONDS
    )
    assert len(listed.json()["SubDirs"]) == 6


def test_hostile_requests_get_an_answer(site: DiracSite, alice: str) -> None:
    for path in (
        "/directory/" + "L" * 10_000,
        "/directory/%00",
        "/directory/..%2f..%2finternal",
        "/../internal/files/locate",
        "/directory/L3Zv/%2e%2e/%2e%2e/internal",
        "/bulk",
    ):
        answer = one(site.plain, request("GET", f"{BASE}{path}", f"Authorization: Bearer {alice}"))
        assert 400 <= answer.status < 500, (path, answer)
        assert "error" in answer.json()


def test_without_the_service_the_gateway_answers_in_the_dialects_shape(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with gateway_alone(tmp_path_factory.mktemp("gone"), {}) as gateway:
        for path in ("/metadata", "/bulk", "/directory/Lw"):
            answer = requests.get(f"{gateway}{BASE}{path}", timeout=SECONDS)
            assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
            assert answer.json()["status"] == 503
            assert answer.headers["Retry-After"] == "2"


# --- the page ----------------------------------------------------------------------------------------


def test_the_pages_commands(site: DiracSite, alice: str, boss: str, tmp_path_factory: Any) -> None:
    """By a shell that stops at the first command that fails."""
    commands = "".join(BLOCK.findall(dict(SECTION.findall(PAGE))["The file catalogue"]))
    assert "/search" in commands
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path_factory.mktemp("page"),
        env={"PATH": "/usr/bin:/bin", "H": site.plain, "T": alice, "M": boss},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert '"energy":{"type":"int","scope":"directory","dbtype":"int","values":[250]}' in done.stdout
    assert '"total":1,"files":["/vo/prod/run1/a.dat"]' in done.stdout
    assert done.stdout.endswith('{"/vo/prod":true}')


def test_no_log_holds_a_token(site: DiracSite, alice: str, boss: str) -> None:
    for name, text in site.logs().items():
        assert alice not in text, name
        assert boss not in text, name
