"""Files, keys and values, accounts and sites by the requests of the newer command line."""

import hashlib

import pytest
from werkzeug.test import TestResponse

from tests.fakes.compute_prominence import JOB, PUBLIC_URL, Prominence

pytestmark = pytest.mark.clause("prominence 1.4", "prominence 1.5", "prominence 1.6")

DATA = b"0123456789"
SHA256 = hashlib.sha256(DATA).hexdigest()


def asked(room: Prominence, name: str, checksum: str | None = SHA256, token: str = "ada") -> TestResponse:
    return room.call("POST", "/data/upload", token=token, json={"filename": name, "checksum": checksum})


def sent(room: Prominence, url: str, data: bytes = DATA) -> TestResponse:
    return room.http.put(url.removeprefix(PUBLIC_URL), data=data)


def test_upload_list_and_remove(room: Prominence) -> None:
    promise = asked(room, "x.txt")
    assert promise.status_code == 201
    url = promise.get_json()["url"]
    assert url.startswith(f"{PUBLIC_URL}/prominence/v1/data/content?")
    assert sent(room, url).status_code == 200
    (listed,) = room.get("/data").get_json()
    assert (listed["name"], listed["size"], type(listed["lastModified"])) == ("x.txt", 10, str)
    assert room.get("/data", token="bob").get_json() == []
    assert sent(room, url).status_code == 403  # a link is for one upload
    removed = room.call("DELETE", "/data/x.txt")
    assert (removed.status_code, removed.data) == (204, b"")
    assert room.get("/data").get_json() == []


def test_a_file_that_is_not_the_one_that_was_promised(room: Prominence) -> None:
    answer = sent(room, asked(room, "x.txt").get_json()["url"], b"something else")
    assert answer.status_code == 400
    assert room.get("/data").get_json() == []


@pytest.mark.parametrize(
    ("name", "token", "status"),
    [("physics/x.txt", "ada", 201), ("physics/x.txt", "bob", 403), ("phys/x.txt", "ada", 403)],
)
def test_groups_by_exact_name(room: Prominence, name: str, token: str, status: int) -> None:
    answer = asked(room, name, token=token)
    assert answer.status_code == status
    if status == 403:
        assert answer.get_json()["error"] == "Not authorized to access upload with this path"


@pytest.mark.parametrize("name", ["", "..", "a/../b", "/", "a\x00b", "x" * 5000])
def test_names_that_cannot_be(room: Prominence, name: str) -> None:
    answer = asked(room, name)
    assert answer.status_code in (400, 403)
    assert isinstance(answer.get_json()["error"], str)


def test_an_artifact_that_was_uploaded(room: Prominence) -> None:
    artifacts = [{"url": "x.txt"}]
    missing = room.call("POST", "/jobs", json={**JOB, "artifacts": artifacts})
    assert missing.status_code == 400
    assert missing.get_json()["error"].startswith("/artifacts/0")
    sent(room, asked(room, "x.txt").get_json()["url"])
    number = room.submit(artifacts=artifacts)
    assert room.described(number)["artifacts"] == artifacts
    foreign = room.call("POST", "/jobs", token="bob", json={**JOB, "artifacts": artifacts})
    assert foreign.get_json() == missing.get_json()


def test_keys(room: Prominence) -> None:
    assert room.call("POST", "/kv//k1", data=b"v\xc3\xa9").status_code == 201
    shown = room.get("/kv//k1")
    assert (shown.data, shown.headers["Content-Type"]) == (b"v\xc3\xa9", "text/plain; charset=utf-8")
    assert room.get("/kv?list=true").get_json() == ["/k1"]
    assert room.get("/kv?list=true", token="bob").get_json() == []
    missing = room.get("/kv/k2")
    assert (missing.status_code, missing.get_json()) == (404, {"error": "No such key"})
    lost = room.call("POST", "/kv/k1?prev=x", data=b"new")
    assert lost.get_json() == {"error": "Atomic replacement not successful"}
    assert room.call("DELETE", "/kv/k1").get_json() == {}
    assert room.call("DELETE", "/kv/k1?prefix=True").get_json() == {}


def test_resources_and_health(room: Prominence) -> None:
    (site,) = room.get("/resources").get_json()["existing"]
    assert site["site"] == "small"
    assert site["capacity"]["memory"] == 8 * site["capacity"]["cpus"] // 4
    health = room.get("/health", token=None)
    assert (health.status_code, health.data) == (204, b"")
    room.store.away = True
    assert room.get("/health", token=None).get_json() == {"errors": "DATABASE_STATUS"}


def test_usage(room: Prominence) -> None:
    answer = room.get("/accounting?start=2021-01-01&end=2021-02-01&by_group=true")
    assert answer.get_json() == {"usage": {"users": {}, "groups": {}}}
    for query, text in (
        ("", "Start date must be provided"),
        ("?start=2021-01-01", "End date must be provided"),
    ):
        refused = room.get(f"/accounting{query}")
        assert (refused.status_code, refused.get_json()) == (400, {"error": text})
