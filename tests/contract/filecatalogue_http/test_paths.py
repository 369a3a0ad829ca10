"""Every name comes back as it was given; what is no path is 400 and nothing else (contract 3.1)."""

import base64
import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.dialects.dirac.paths import encoded as shown
from services.catalogue.domain.files.errors import InvalidPath
from tests.fakes.filecatalogue_room import FileRoom, directory, encoded, file

pytestmark = pytest.mark.clause("dirac 3.1")

NAMES = (
    "a~b",
    "ein Leerzeichen",
    "größer > kleiner",
    "日本語",
    "a?b&c=d#e",
    "100%",
    "%2F",
    "a+b",
    "'\"",
    "😀",
)
part = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=40
).filter(lambda text: text not in (".", ".."))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_round_trips_through_url_and_listing(room: FileRoom, name: str) -> None:
    room.make(f"/vo/{name}")
    room.add(f"/vo/{name}/{name}.dat", Size=3)
    assert name in room.get(directory("/vo"))["SubDirs"]
    files = room.get(directory(f"/vo/{name}"))["Files"]
    assert list(files) == [f"{name}.dat"]
    assert room.get(file(f"/vo/{name}/{name}.dat", "/attributes"))["Size"] == 3


@given(parts=st.lists(part, min_size=1, max_size=5))
@settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_what_is_encoded_is_decoded(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    text = shown(path)
    assert decoded(text) == path
    assert decoded(text.rstrip("=")) == path
    assert decoded(text.replace("=", "%3D")) == path


@given(segment=st.text(max_size=60))
@settings(deadline=None, derandomize=True, database=None)
def test_no_segment_breaks_the_decoder(segment: str) -> None:
    with contextlib.suppress(InvalidPath):
        assert decoded(segment).startswith("/")


@pytest.mark.parametrize("padding", ["", "=", "==", "%3D%3D", "%253D%253D", "%3d%3d"])
def test_padding_may_be_left_out_or_escaped(room: FileRoom, padding: str) -> None:
    room.make("/vo")
    assert room.get(f"/directory/Lw{padding}")["SubDirs"] == {"vo": True}


def test_trailing_slashes_are_nothing(room: FileRoom) -> None:
    room.make("/vo/a")
    assert room.get(directory("/vo/a///")) == room.get(directory("/vo/a"))
    assert room.get(directory("//")) == room.get(directory("/"))


@pytest.mark.parametrize("suffix", ["", "/"])
def test_the_root_need_not_be_named(room: FileRoom, suffix: str) -> None:
    room.make("/vo")
    assert room.get(f"/directory{suffix}") == room.get(directory("/"))
    for inner in ("metadata", "search", "files", "size", "attributes", "usermetadata"):
        assert room.get(f"/directory/{inner}") == room.get(directory("/", f"/{inner}"))


BAD_SEGMENTS = {
    "not base64": "a",
    "foreign letters": "L3Zv!",
    "the other alphabet": base64.b64encode(b"/vo/a~b?>").decode().replace("/", "+"),
    "padding inside": "L3=Zv",
    "too much padding": "Lw===",
    "not UTF-8": base64.urlsafe_b64encode(b"/vo/\xff\xfe").decode(),
    "half a pair": base64.urlsafe_b64encode(b"/vo/\xed\xa0\x80").decode(),
    "not absolute": encoded("vo/a"),
    "nothing": encoded(" "),
    "dots": encoded("/vo/../evil"),
    "one dot": encoded("/vo/./a"),
    "empty part": encoded("/vo//a"),
    "NUL": encoded("/vo/a\0b"),
    "line end": encoded("/vo/a\nb"),
    "a long name": encoded("/vo/" + "a" * 256),
    "a very long name": encoded("/vo/" + "a" * 10_000),
    "a long path": encoded("/vo" + "/abcdefgh" * 1000),
    "deep": encoded("/a" * 65),
}


@pytest.mark.parametrize("segment", BAD_SEGMENTS.values(), ids=BAD_SEGMENTS.keys())
def test_what_is_no_path_is_refused_everywhere(room: FileRoom, segment: str) -> None:
    calls = [("GET", f"/directory/{segment}{suffix}") for suffix in ("", "/metadata", "/search", "/files")]
    calls += [("GET", f"/directory/{segment}/{suffix}") for suffix in ("size", "attributes", "usermetadata")]
    calls += [(method, f"/directory/{segment}") for method in ("POST", "DELETE")]
    calls += [("PATCH", f"/directory/{segment}/{suffix}") for suffix in ("attributes", "usermetadata")]
    calls += [("PUT", f"/file/{segment}"), ("DELETE", f"/file/{segment}")]
    calls += [
        ("GET", f"/file/{segment}/{suffix}")
        for suffix in ("attributes", "metadata", "replicas", "ancestors", "descendants", "download")
    ]
    calls += [("PATCH", f"/file/{segment}/metadata"), ("PUT", f"/file/{segment}/replicas/SE")]
    for method, path in calls:
        body = {"PFN": "x"} if path.endswith("/SE") else {"Size": 1}
        sent: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": body}
        status, code, text = room.refused(method, path, **sent)
        assert (status, code) == (400, "invalid_path"), f"{method} {path[-60:]}: {text}"


def test_suffixes_win_over_paths(room: FileRoom) -> None:
    """No path is spelled like one of them: a path's first letter is always L."""
    assert room.call("GET", "/directory/search").status_code == 200
    assert room.refused("GET", f"/directory/{encoded('/vo')}/nothing")[:2] == (404, "not_found")
