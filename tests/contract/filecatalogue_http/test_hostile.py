"""Whatever is sent: an answer in the dialect's envelope, never a 500, nothing of ours in it."""

import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalogue.dialects.dirac.operations import OPERATIONS
from services.catalogue.domain.files.errors import CatalogueUnavailable
from services.catalogue.usecases.files.directories import Directories
from tests.fakes.filecatalogue_room import BASE, FileRoom, directory, encoded, file

pytestmark = pytest.mark.clause("dirac 0.3")

LEAKS = ("Traceback", "sqlalchemy", "sqlite", "SELECT", "/tmp/", "site-packages", 'File "')
ROUTES = [(method, entry.path.removeprefix(BASE)) for entry in OPERATIONS for method in entry.methods]
OFTEN = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileRoom]:
    opened = FileRoom(tmp_path_factory.mktemp("hostile"))
    opened.declare("energy", "int")
    opened.declare("det", "string")
    opened.declare("quality", "float", "file")
    opened.add("/vo/a/b", SE="DISK", PFN="x", metadata={"quality": 1.5})
    opened.know("/vo/a", energy=1, det="ILD")
    yield opened
    opened.close()


def sound(room: FileRoom, method: str, path: str, token: str = "boss", **sent: Any) -> int:
    """The status of whatever comes, once it was looked at."""
    answer = room.call(method, path, token, **sent)
    text = answer.get_data(as_text=True)
    assert answer.status_code < 500, f"{method} {path} {sent}: {text}"
    assert not [word for word in LEAKS if word in text], text
    body = json.loads(text)
    if answer.status_code != 200:
        assert set(body) == {"error", "error_description", "detail", "status"}, text
        assert len(text) < 20_000
    return answer.status_code


any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["addFile", "setMetadata", "/vo/a/b", "/vo/a", "energy", "DISK", "0775", "x" * 10_000]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["Size", "items", "op", "/vo/x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)
members = st.sampled_from(
    [
        *(
            "Size",
            "Checksum",
            "ChecksumType",
            "GUID",
            "Mode",
            "SE",
            "PFN",
            "Replicas",
            "Ancestors",
            "metadata",
        ),
        *(
            "Owner",
            "OwnerGroup",
            "Status",
            "NewSE",
            "name",
            "type",
            "scope",
            "contents",
            "op",
            "items",
            "Type",
        ),
        *("energy", "det", "quality", "free"),
    ]
)
document = st.dictionaries(members | st.text(max_size=6), any_json, max_size=6)
segment = st.one_of(
    st.sampled_from(
        [encoded(path) for path in ("/", "/vo", "/vo/a", "/vo/a/b", "/vo/new/x", "/evil", "/vo/é~ >")]
    ),
    st.text(max_size=30),
    st.text(max_size=30).map(lambda text: encoded(text.encode("utf-8", "replace").decode())),
)


def filled(path: str, values: list[str]) -> str:
    for name, value in zip(
        ("directory", "file", "se", "name", "guid", "token"), [*values, *values], strict=False
    ):
        path = path.replace(f"{{{name}}}", value.replace("/", "_").replace("?", "%3F").replace("#", "%23"))
    return path


@OFTEN
@given(route=st.sampled_from(ROUTES), values=st.lists(segment, min_size=3, max_size=3), body=document)
def test_any_document_anywhere(room: FileRoom, route: tuple[str, str], values: list[str], body: Any) -> None:
    method, path = route
    text = json.dumps(body)  # with NaN, which is no JSON, at times
    sound(room, method, filled(path, values), data=text, content_type="application/json")


operator = st.sampled_from(
    ["=", "!=", "<", ">", "<=", ">=", "in", "nin", "like", "exists", "missing", "", "||"]
)
name = st.sampled_from(["energy", "det", "quality", "Size", "SE", "Path", "CreationDate", "nope", ""])
operand = st.text(max_size=30) | st.sampled_from(
    ["1", "1e400", "*" * 50, "\\", ",,,", "2014-02-25", "0" * 5000]
)
condition = st.tuples(
    name | st.text(max_size=5), st.builds(lambda sign, value: f"{sign}|{value}", operator, operand)
)
option = st.tuples(
    st.sampled_from(
        [
            *(
                "lenient",
                "verbose",
                "extra",
                "limit",
                "flat",
                "start",
                "max",
                "page",
                "page_size",
                "scope",
                "fields",
            ),
            *("recursive", "force", "depth", "inherited", "key", "allStatus", "missing_ok", "expand"),
        ]
    ),
    st.sampled_from(["", "1", "true", "0", "-1", "x", "9" * 30, "file", "all", "Size", "a|b", "\x00", "é"]),
)


@OFTEN
@given(
    route=st.sampled_from([entry for entry in ROUTES if entry[0] in ("GET", "DELETE")]),
    pairs=st.lists(condition | option, max_size=6),
    values=st.lists(segment, min_size=3, max_size=3),
)
def test_any_query_anywhere(
    room: FileRoom, route: tuple[str, str], pairs: list[tuple[str, str]], values: list[str]
) -> None:
    clean = [
        (key.encode("utf-8", "ignore").decode(), value.encode("utf-8", "ignore").decode())
        for key, value in pairs
    ]
    sound(room, route[0], filled(route[1], values), query_string=dict(clean))


@pytest.mark.parametrize(
    "query", ["%ff=in|x", "energy=%FF|1", "a=%00|1", "&&&=|", "|", "=|=|=|", "%", "energy=" + "|" * 5000]
)
def test_queries_that_are_no_text(room: FileRoom, query: str) -> None:
    for path in (directory("/vo", "/search"), directory("/vo"), "/metadata"):
        sound(room, "GET", f"{path}?{query}")


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=x", "text/xml", "a" * 300]
)
def test_bodies_with_odd_labels(room: FileRoom, kind: str) -> None:
    for body in (b"", b"--x\r\n\r\n", b"\xff\xfe", b"{}", b"{" * 100_000, b"[" * 100_000):
        for method, path in (("POST", directory("/vo/a")), ("PUT", file("/vo/a/z")), ("POST", "/bulk")):
            sound(room, method, path, data=body, content_type=kind)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; a=b"]
)
def test_no_long_form_is_taken_apart_for_anybody(room: FileRoom, kind: str) -> None:
    for path in ("/bulk", directory("/vo/a")):
        for body in (b"&" * (1 << 20), b"a=b&" * (1 << 18)):
            answer = room.call("POST", path, None, data=body, content_type=kind)
            assert (answer.status_code, answer.get_json()["error"]) == (413, "too_large")


def test_unknown_paths_and_methods_have_the_envelope(room: FileRoom) -> None:
    assert room.refused("GET", "/nothing")[:2] == (404, "not_found")
    assert room.refused("GET", "/directory/x/y/z")[:2] == (404, "not_found")
    answer = room.call("PUT", "/metadata")
    assert (answer.status_code, answer.get_json()["error"]) == (405, "invalid_request")
    assert "GET" in answer.headers["Allow"]


def test_a_database_that_is_away_is_503(room: FileRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise CatalogueUnavailable("SELECT secret FROM files")

    monkeypatch.setattr(Directories, "list", away)
    answer = room.call("GET", "/directory")
    assert (answer.status_code, answer.get_json()["error"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "SELECT" not in answer.get_data(as_text=True)


# --- at the same time --------------------------------------------------------------------------------


def at_once(calls: list[Any]) -> list[Any]:
    start = threading.Barrier(len(calls))

    def run(call: Any) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_directory_is_made_once(room: FileRoom) -> None:
    def make(path: str) -> Any:
        return lambda: room.app.test_client().post(
            BASE + directory(path), headers={"Authorization": "Bearer alice"}
        )

    for turn in range(5):
        answers = at_once([make(f"/vo/race{turn}/a/b")] * 6)
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(answer.get_json()["created"] for answer in answers) == [False] * 5 + [True]


def test_one_file_is_registered_once_and_as_one(room: FileRoom) -> None:
    def put(path: str, size: int) -> Any:
        return lambda: room.app.test_client().put(
            BASE + file(path), json={"Size": size}, headers={"Authorization": "Bearer alice"}
        )

    for turn in range(5):
        path = f"/vo/race{turn}/file"
        answers = at_once([put(path, 1 + number % 2) for number in range(6)])
        assert {answer.status_code for answer in answers} == {200, 409}
        assert sum(answer.status_code == 200 and answer.get_json()["created"] for answer in answers) == 1
        assert room.get(directory(f"/vo/race{turn}", "/size"))["LogicalFiles"] == 1


def test_what_goes_during_a_search_is_no_mistake(tmp_path: Path) -> None:
    room = FileRoom(tmp_path)
    room.declare("energy", "int")
    done = threading.Event()
    statuses: list[int] = []

    def look() -> None:
        ask = room.app.test_client()
        paths = [directory("/vo", f"/{what}?energy=>|0") for what in ("search", "files", "metadata")]
        paths += [directory("/vo/s"), directory("/vo/s", "/size")]
        while not done.is_set():
            path = random.Random(len(statuses)).choice(paths)
            answer = ask.get(BASE + path, headers={"Authorization": "Bearer alice"})
            statuses.append(answer.status_code)

    watcher = threading.Thread(target=look)
    room.make("/vo")
    watcher.start()
    try:
        for turn in range(15):
            items = {f"/vo/s/{number}/f": {"Size": 1} for number in range(10)}
            assert room.did("POST", "/bulk", json={"op": "addFile", "items": items})["Failed"] == {}
            room.know(f"/vo/s/{turn % 10}", energy=turn)
            room.did("DELETE", directory("/vo/s"), query_string="recursive=1")
    finally:
        done.set()
        watcher.join(30)
    assert statuses
    assert set(statuses) <= {200, 404}
    assert room.get(directory("/vo", "/size"))["LogicalFiles"] == 0
    room.close()
