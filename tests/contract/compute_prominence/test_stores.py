"""`/data`, `/kv`, `/accounting`, `/resources`, `/health`, `/token`: what clients send, and must not."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Blueprint, Flask
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.gate import Gate, Window, add_window, install_gate
from libs.web.settings import Secret
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.links import HmacLinks
from services.compute.dialects.prominence import errors, stores
from services.compute.dialects.prominence.credentials import read
from services.compute.dialects.prominence.signed_links import SignedLinks
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import StoreUnavailable
from services.compute.ports.usage import Used
from services.compute.usecases.environments import RunningJobs
from services.compute.usecases.keyvalues import KeyValues
from services.compute.usecases.objects import UPLOAD_SECONDS, Objects
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_room import PRICED, PRINCIPALS, SMALL, person
from tests.fakes.compute_side import MemoryKeyValue, MemoryObjectBook
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

BASE = "/prominence/v1"
ADA, BOB = "person:" + "a" * 32, "person:" + "b" * 32


class ScriptedUsage:
    """Two people of one group; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[date, date]] = []

    def used(
        self, first: date, last: date, owners: Collection[str] | None, groups: Collection[str] = ()
    ) -> Sequence[Used]:
        self.asked.append((first, last))
        rows = [
            Used(owner=owner, group=group, jobs=jobs, cpu_seconds=jobs * 1800, core_seconds=jobs * 3600)
            for owner, jobs in ((ADA, 1), (BOB, 2))
            for group in ("", "physics")
        ]
        return [
            row
            for row in rows
            if (owners is None or row.owner in owners) and (row.group in groups if groups else not row.group)
        ]


class StoresRoom:
    def __init__(self, folder: Path) -> None:
        self.clock = PlannedClock()
        self.usage = ScriptedUsage()
        self.problem: Exception | None = None
        book = EnvironmentBook([SMALL, PRICED])
        parts = stores.StoreParts(
            objects=Objects(MemoryObjectBook(), open_files(f"file://{folder}"), self.clock, 1 << 20, 2 << 20),
            keys=KeyValues(MemoryKeyValue(), self.clock),
            usage=self.usage,
            running=RunningJobs(MemoryJobStore(), book),
            environments=book,
            checks={"database": self._check},
        )
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        room = Blueprint("prominence", __name__, url_prefix=BASE)
        for root in errors.ROOTS:
            room.register_error_handler(root, errors.render_error)
        stores.add(room, parts, SignedLinks(HmacLinks(Secret("k" * 32)), self.clock, "", BASE))
        add_window(app, room, Window(name="prominence", read=read, render=errors.render))
        app.register_blueprint(room)
        edge.install(app, "compute", checks={}, render_error=errors.render_edge)
        other = person("c", groups=("phys", "vo/sub"))
        install_gate(app, Gate(KnownPrincipals(**PRINCIPALS, other=other)))
        self.http = app.test_client()

    def _check(self) -> None:
        if self.problem is not None:
            raise self.problem

    def call(self, method: str, path: str, token: str | None = "ada", **sent: Any) -> TestResponse:
        proof = {} if token is None else {"Authorization": f"token {token}"}
        return self.http.open(BASE + path, method=method, headers=proof, **sent)

    def upload(
        self, name: str, content: bytes, token: str = "ada", checksum: str | None = None
    ) -> TestResponse:
        body = {"filename": name, "checksum": checksum}
        answer = self.call("POST", "/data/upload", token, json=body)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return self.put(answer.get_json()["url"], content)

    def put(self, url: str, content: bytes, **more: Any) -> TestResponse:
        parts = urlsplit(url)
        assert parts.scheme
        assert parts.netloc
        return self.http.put(f"{parts.path}?{parts.query}", data=content, **more)


@pytest.fixture
def room(tmp_path: Path) -> StoresRoom:
    return StoresRoom(tmp_path / "objects")


def error(answer: TestResponse, status: int = 400) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/json"
    text = answer.get_json()["error"]
    assert isinstance(text, str)
    return text


# -- files ---------------------------------------------------------------------------------------------
def test_a_file_is_put_where_the_link_says_and_listed_with_its_size_and_day(room: StoresRoom) -> None:
    content = b"\x00content\xff" * 1000
    assert room.upload("x.txt", content, checksum=hashlib.sha256(content).hexdigest()).status_code == 200
    assert room.call("GET", "/data").get_json() == [
        {"name": "x.txt", "size": len(content), "lastModified": "Fri, 15 Jan 2027 08:00:00 GMT"}
    ]
    assert room.call("GET", "/data", "bob").get_json() == []
    gone = room.call("DELETE", "/data/x.txt")
    assert (gone.status_code, gone.get_data()) == (204, b"")
    assert error(room.call("DELETE", "/data/x.txt")) == "There is no such file"
    assert room.call("GET", "/data").get_json() == []


def test_an_empty_file_comes_in_chunks_without_a_length(room: StoresRoom) -> None:
    checksum = hashlib.sha256(b"").hexdigest()
    answer = room.call("POST", "/data/upload", json={"filename": "empty", "checksum": checksum})
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    url = answer.get_json()["url"]
    assert room.put(url, b"", environ_overrides=chunked).status_code == 200
    assert [row["size"] for row in room.call("GET", "/data").get_json()] == [0]


def test_what_is_longer_than_a_file_may_be_or_another_is_refused_and_nothing_kept(room: StoresRoom) -> None:
    assert "1048576" in error(room.upload("x", bytes((1 << 20) + 1)), 413)
    wrong = hashlib.sha256(b"right").hexdigest()
    assert "SHA-256" in error(room.upload("x", b"wrong", checksum=wrong))
    assert room.call("GET", "/data").get_json() == []


def test_a_link_counts_once_for_its_time_and_for_nothing_else(room: StoresRoom) -> None:
    url = room.call("POST", "/data?name=x").get_json()["url"]
    assert room.put(url, b"first").status_code == 200
    assert "does not count" in error(room.put(url, b"second"), 403)
    late = room.call("POST", "/data?name=x").get_json()["url"]
    room.clock.move(UPLOAD_SECONDS + 1)
    error(room.put(late, b"late"), 403)
    for secret in ("", "x" * 43, "x" * 5000):
        error(room.http.put(f"{BASE}/data/content?upload={secret}", data=b""), 403)
    assert [row["size"] for row in room.call("GET", "/data").get_json()] == [5]


def test_paths_are_groups_by_their_whole_name(room: StoresRoom) -> None:
    assert room.upload("physics/img/a:b.sif", b"image").status_code == 200
    listed = room.call("GET", "/data/physics").get_json()
    assert [row["name"] for row in listed] == ["physics/img/a:b.sif"]
    assert room.call("GET", "/data/physics/img/").get_json() == listed
    assert room.call("GET", "/data").get_json() == []
    for path in ("physics", "physics/img", "phys/../physics", "physic"):
        refused = room.call("GET", f"/data/{path}", "other")
        assert refused.status_code in (400, 403)
    asked = room.call("POST", "/data/upload", "other", json={"filename": "physics/x", "checksum": None})
    assert error(asked, 403) == "Not authorized to access upload with this path"
    assert error(room.call("DELETE", "/data/physics/img/a:b.sif", "other"), 403).startswith("Not authorized")
    assert room.upload("vo/sub/x", b"", token="other").status_code == 200
    assert [row["name"] for row in room.call("GET", "/data/vo/sub", "other").get_json()] == ["vo/sub/x"]


@pytest.mark.parametrize(
    "body",
    [{}, {"filename": ""}, {"filename": 3}, {"filename": "../x"}, {"filename": "a//b"},
     {"filename": "a\x00"}, {"filename": "x" * 5000}, {"filename": "x", "checksum": "zz"},
     {"filename": "x", "checksum": 7}, [], "x"],
    ids=["none", "empty", "number", "up", "gap", "nul", "long", "checksum", "type", "list", "text"],
)  # fmt: skip
def test_uploads_of_what_can_be_no_file_are_told_so(room: StoresRoom, body: Any) -> None:
    assert error(room.call("POST", "/data/upload", json=body))


def test_only_who_may_write_writes(room: StoresRoom) -> None:
    asked = {"filename": "x", "checksum": None}
    error(room.call("POST", "/data/upload", "reader", json=asked), 403)
    error(room.call("POST", "/data/upload", None, json=asked), 401)
    error(room.call("POST", "/kv/k", "reader", data=b"v"), 403)
    error(room.call("DELETE", "/kv/k", "reader"), 403)
    error(room.call("GET", "/kv/k", "nobody"), 403)
    assert error(room.call("POST", "/data/output", json={"name": "x"})) == "A JWT token is required"
    error(room.call("POST", "/token"), 403)


# -- keys ----------------------------------------------------------------------------------------------
def test_a_value_comes_back_byte_for_byte(room: StoresRoom) -> None:
    value = "ü\n\x00".encode() + b"\xff"
    assert room.call("POST", "/kv/a/b", data=value).status_code == 201
    found = room.call("GET", "/kv/a/b")
    assert (found.status_code, found.get_data()) == (200, value)
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert error(room.call("GET", "/kv/a"), 404) == "No such key"
    assert error(room.call("GET", "/kv/a/b", "bob"), 404) == "No such key"


def test_keys_are_listed_with_a_slash_and_hidden_ones_are_not(room: StoresRoom) -> None:
    for key in ("k1", "a/1", "a/2", "a/_internal_/x"):
        room.call("POST", f"/kv//{key}", data=key.encode())
    assert room.call("GET", "/kv?list=true").get_json() == ["/a/1", "/a/2", "/k1"]
    assert room.call("GET", "/kv/a?list=true").get_json() == ["/a/1", "/a/2"]
    assert room.call("GET", "/kv/a/2?list=true&values").get_json() == [{"/a/2": "a/2"}]
    assert room.call("GET", "/kv?list=true", "bob").get_json() == []
    assert room.call("DELETE", "/kv/a?prefix=True").get_json() == {}
    assert room.call("DELETE", "/kv/k1").get_json() == {}
    assert room.call("DELETE", "/kv/k1").status_code == 200
    assert room.call("GET", "/kv?list=true").get_json() == []


def test_a_value_is_replaced_only_when_it_is_the_one_that_was_seen(room: StoresRoom) -> None:
    room.call("POST", "/kv/k", data=b"one")
    assert room.call("POST", "/kv/k?prev=one", data=b"two").status_code == 201
    assert error(room.call("POST", "/kv/k?prev=one", data=b"three")) == "Atomic replacement not successful"
    assert room.call("GET", "/kv/k").get_data() == b"two"


def test_keys_and_values_that_cannot_be_are_told_so(room: StoresRoom) -> None:
    assert error(room.call("POST", "/kv/k", data=b"")) == "No value provided"
    assert error(room.call("POST", "/kv/k", data=bytes(16_001))) == "Content of value too large"
    assert room.call("POST", "/kv/k", data=bytes(16_000)).status_code == 201
    assert error(room.call("GET", "/kv")) == "Key not specified"
    assert error(room.call("POST", "/kv/" + "k" * 1025, data=b"v"))
    assert error(room.call("POST", "/kv/a%00b", data=b"v"))
    assert error(room.call("POST", "/kv//", data=b"v"), 405)


# -- what was used, what there is ------------------------------------------------------------------------
def test_usage_is_in_hours_and_of_the_caller(room: StoresRoom) -> None:
    days = "start=2021-01-01&end=2021-02-01"
    own = {"a": {"numberOfJobs": 1, "cpuTime": 0.5, "wallTime": 1.0}}
    for path in ("accounting", "usage"):
        assert room.call("GET", f"/{path}?{days}").get_json() == {"usage": {"users": own, "groups": {}}}
    assert room.usage.asked[0] == (date(2021, 1, 1), date(2021, 2, 1))
    shown = room.call("GET", f"/accounting?{days}&by_group=true&show_all_users=true").get_json()["usage"]
    assert shown["users"] == own
    assert shown["groups"] == {"physics": {"numberOfJobs": 3, "cpuTime": 1.5, "wallTime": 3.0}}
    everybody = room.call("GET", f"/accounting?{days}&show_all_users=true", "root").get_json()["usage"]
    assert set(everybody["users"]) == {ADA, BOB}
    demoted = room.call("GET", f"/accounting?{days}&show_all_users=true", "demoted").get_json()["usage"]
    assert demoted["users"] == {}


def test_one_day_is_a_day(room: StoresRoom) -> None:
    assert room.call("GET", "/accounting?start=2021-01-01&end=2021-01-01").status_code == 200
    assert room.usage.asked[0] == (date(2021, 1, 1), date(2021, 1, 2))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Start date must be provided"),
        ("start=2021-01-01", "End date must be provided"),
        ("start=x&end=2021-01-01", "Start date must be like 2021-01-31"),
        ("start=2021-01-01&end=2021-13-01", "End date must be like 2021-01-31"),
        ("start=0001-01-01&end=2021-01-01", "Start date must be like 2021-01-31"),
        ("start=2021-01-02&end=2021-01-01", "End date must not be before the start date"),
        ("start=20210102&end=20210103", "Start date must be like 2021-01-31"),
    ],
)
def test_days_that_are_none(room: StoresRoom, query: str, said: str) -> None:
    assert error(room.call("GET", f"/accounting?{query}")) == said


def test_resources_are_the_free_places(room: StoresRoom) -> None:
    size = {"cpus": 4, "memory": 4}
    assert room.call("GET", "/resources").get_json() == {
        "existing": [{"site": "small", "capacity": size, "free": size}]
    }


def test_health_needs_no_token_and_names_what_is_broken(room: StoresRoom) -> None:
    healthy = room.call("GET", "/health", None)
    assert (healthy.status_code, healthy.get_data()) == (204, b"")
    room.problem = StoreUnavailable()
    broken = room.call("GET", "/health", None)
    assert (broken.status_code, broken.get_json()) == (409, {"errors": "DATABASE_STATUS"})
