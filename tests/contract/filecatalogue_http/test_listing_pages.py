"""Large directories: whole in pieces, or page by page along Link headers (contract 3.4)."""

from typing import Any

import pytest

from services.catalogue.dialects.dirac import listing
from tests.fakes.filecatalogue_room import FileRoom, directory

pytestmark = pytest.mark.clause("dirac 3.4")

FILES, DIRECTORIES = 25, 8


@pytest.fixture
def filled(room: FileRoom, monkeypatch: pytest.MonkeyPatch) -> FileRoom:
    """More entries than are read at a time."""
    monkeypatch.setattr(listing, "PIECE", 7)
    items = {
        f"/vo/big/{number:03}.dat": {"Size": number, "SE": "DISK", "PFN": "x"} for number in range(FILES)
    }
    done = room.did("POST", "/bulk", json={"op": "addFile", "items": items})
    assert done["Failed"] == {}
    for number in range(DIRECTORIES):
        room.make(f"/vo/big/d{number}")
    room.add("/vo/big/link", Type="Link")
    return room


def whole(room: FileRoom, **query: Any) -> Any:
    return room.get(directory("/vo/big"), page_size="1000", **query)


@pytest.mark.parametrize("verbose", ["true", "false"])
def test_a_large_directory_comes_whole(filled: FileRoom, verbose: str) -> None:
    answer = filled.call("GET", directory("/vo/big"), query_string={"verbose": verbose})
    assert not answer.is_sequence
    assert answer.get_json() == whole(filled, verbose=verbose)
    assert len(answer.get_json()["Files"]) == FILES
    assert list(answer.get_json()["SubDirs"]) == [f"d{number}" for number in range(DIRECTORIES)]
    assert list(answer.get_json()["Links"]) == ["link"]


def test_nothing_is_read_for_head(filled: FileRoom) -> None:
    answer = filled.call("HEAD", directory("/vo/big"))
    assert (answer.status_code, answer.data) == (200, b"")


def test_readers_of_whole_directories_do_not_take_all_threads(filled: FileRoom) -> None:
    """Each holds one for as long as it takes; pages go on."""
    path = directory("/vo/big")
    reading = [filled.call("GET", path) for _ in range(listing.WHOLE_AT_ONCE)]
    answer = filled.call("GET", path)
    assert (answer.status_code, answer.get_json()["error"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"]
    assert len(whole(filled)["Files"]) == FILES
    assert len(reading[0].get_json()["Files"]) == FILES
    for held in reading:
        held.close()
    for _ in range(2 * listing.WHOLE_AT_ONCE):
        with filled.call("GET", path) as again:
            assert len(again.get_json()["Files"]) == FILES


@pytest.mark.parametrize("size", [1, 3, 7, 10, 33, 34, 1000])
def test_links_lead_through_all_pages(filled: FileRoom, size: int) -> None:
    expected = whole(filled)
    found: dict[str, dict[str, Any]] = {"Files": {}, "SubDirs": {}, "Links": {}, "Datasets": {}}
    path: str | None = directory("/vo/big", f"?page_size={size}&access_token=alice")
    pages = 0
    while path is not None:
        answer = filled.call("GET", path)
        document = answer.get_json()
        assert sum(map(len, document.values())) <= size
        for kind, members in document.items():
            assert not found[kind].keys() & members.keys()
            found[kind].update(members)
        link = answer.headers.get("Link")
        assert link is None or "access_token" not in link
        path = None if link is None else link.partition(">")[0].removeprefix("</filecatalogue")
        pages += 1
    assert found == expected
    assert pages == -(-(FILES + DIRECTORIES + 1) // size)


def test_pages_by_number(filled: FileRoom) -> None:
    names: list[str] = []
    for page in range(1, 10):
        document = filled.get(directory("/vo/big"), page=str(page), page_size="10")
        names += [name for members in document.values() for name in members]
    assert len(names) == len(set(names)) == FILES + DIRECTORIES + 1
    empty: dict[str, object] = {"Files": {}, "SubDirs": {}, "Links": {}, "Datasets": {}}
    assert filled.get(directory("/vo/big"), page="50", page_size="10") == empty
    assert filled.refused("GET", directory("/vo/none?page=50&page_size=10"))[0] == 404


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=-1",
        "page_size=0",
        "page_size=1000000",
        "start=%7B",
        "start=x|y",
        "page=99999999",
    ],
)
def test_pages_that_there_cannot_be(filled: FileRoom, query: str) -> None:
    assert filled.refused("GET", directory("/vo/big", f"?{query}"))[:2] == (400, "invalid_request")
