"""Searches by metadata: compatible values, directories, files (contract 3.2 to 3.5)."""

from collections.abc import Iterator

import pytest

from tests.fakes.filecatalogue_room import FileRoom, directory

pytestmark = pytest.mark.clause("dirac 3.2", "dirac 3.3", "dirac 3.4", "dirac 3.5")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileRoom]:
    """For tests that only read."""
    room = FileRoom(tmp_path_factory.mktemp("market"))
    room.declare("energy", "int")
    room.declare("det", "string")
    room.declare("someNumberField", "float")
    room.declare("someStrangeName", "string")
    room.declare("taken", "date")
    room.declare("quality", "float", "file")
    for run, energy, det in (("run1", 250, "ILD"), ("run2", 100, "SID"), ("run3", 50, "ILD")):
        room.make(f"/vo/prod/{run}")
        room.know(f"/vo/prod/{run}", energy=energy, det=det)
        for number in range(3):
            room.add(f"/vo/prod/{run}/f{number}", Size=10, metadata={"quality": number + 0.5})
    room.make("/vo/prod/run1/sub")
    room.add("/vo/prod/run1/sub/deep", Size=4)
    room.make("/vo/strange")
    room.know("/vo/strange", someNumberField=4.5, someStrangeName="name2", taken="2014-02-25")
    room.make("/vo/commas")
    room.know("/vo/commas", someStrangeName="a,b")
    room.make("/evil/prod", token="mallory")
    room.declare("energy", "int", token="chief")
    room.know("/evil/prod", "mallory", energy=666)
    yield room
    room.close()


def test_fields_and_compatible_values(market: FileRoom) -> None:
    every = market.get("/metadata")
    assert every["energy"] == {"type": "int", "scope": "directory", "dbtype": "int", "values": [50, 100, 250]}
    assert every["det"]["values"] == ["ILD", "SID"]
    assert every["taken"] == {
        "type": "date",
        "scope": "directory",
        "dbtype": "datetime",
        "values": ["2014-02-25 00:00:00"],
    }
    assert "quality" not in every
    assert list(market.get("/metadata", scope="file")) == ["quality"]
    both = market.get("/metadata", scope="all")
    assert {"quality", "energy"} <= set(both)
    assert both["quality"] == {"type": "float", "scope": "file", "dbtype": "float", "values": [0.5, 1.5, 2.5]}
    assert market.refused("GET", "/metadata?scope=planet")[:2] == (400, "invalid_request")


def test_the_contracts_example(market: FileRoom) -> None:
    found = market.get("/metadata?energy=>=|100")
    assert found["energy"]["values"] == [100, 250]
    assert found["det"]["values"] == ["ILD", "SID"]
    assert market.get("/metadata?energy=%3E%3D%7C100") == found
    below = market.get(directory("/vo/prod", "/metadata?energy=>=|100"))
    assert below == {"energy": [100, 250], "det": ["ILD", "SID"]}


def test_the_seeds_condition_unencoded_and_encoded(market: FileRoom) -> None:
    raw = "someNumberField=>|4.2&someStrangeName=in|name1,name2"
    encoded = "someNumberField=%3E%7C4.2&someStrangeName=in%7Cname1%2Cname2"
    for query in (raw, encoded):
        assert market.get(directory("/vo", f"/search?{query}")) == {
            "f": 0,
            "s": 0,
            "d": {"strange": {"f": 0, "s": 0}},
        }


def test_the_tree_of_a_search(market: FileRoom) -> None:
    found = market.get(directory("/vo", "/search"), det="in|ILD")
    run1 = {"f": 4, "s": 34, "d": {"sub": {"f": 1, "s": 4}}}
    assert found == {"f": 0, "s": 0, "d": {"prod": {"d": {"run1": run1, "run3": {"f": 3, "s": 30}}}}}
    assert market.get(directory("/vo/prod/run1", "/search"), det="in|ILD") == run1
    assert market.get(directory("/vo/prod", "/search"), det="in|NOPE") == {"f": 0, "s": 0}


def test_a_search_as_a_list_and_cut(market: FileRoom) -> None:
    found = market.get(directory("/vo/prod", "/search"), det="in|ILD", flat="true")
    assert found["dirs"] == [
        {"path": "/vo/prod/run1", "files": 4, "size": 34},
        {"path": "/vo/prod/run1/sub", "files": 1, "size": 4},
        {"path": "/vo/prod/run3", "files": 3, "size": 30},
    ]
    cut = market.get(directory("/vo/prod", "/search"), det="in|ILD", flat="true", limit="2")
    assert (len(cut["dirs"]), cut["truncated"]) == (2, True)
    assert "truncated" not in market.get(directory("/vo/prod", "/search"), det="in|ILD", limit="3")
    every = market.get("/directory/search", flat="1")["dirs"]
    assert all(not found["path"].startswith("/evil") for found in every)
    for limit in ("0", "-1", "x", "1000000"):
        answer = market.refused("GET", directory("/vo", f"/search?limit={limit}"))
        assert answer[:2] == (400, "invalid_request")


def test_options_and_tokens_are_no_conditions(market: FileRoom) -> None:
    path = directory("/vo/prod", "/search?det=in|SID&access_token=alice&verbose=true&whatever=x")
    answer = market.call("GET", path, None)
    assert answer.get_json() == {"f": 0, "s": 0, "d": {"run2": {"f": 3, "s": 30}}}


def test_fields_may_be_called_as_options_are(room: FileRoom) -> None:
    """The `|` tells them apart, also where the next page is linked to."""
    for name in ("limit", "fields", "start", "lenient"):
        room.declare(name, "int")
    for run in ("a", "b"):
        room.make(f"/vo/{run}")
        room.know(f"/vo/{run}", limit=5, fields=5, start=5, lenient=5)
        room.add(f"/vo/{run}/f")
    conditions = "limit=>|1&fields==|5&start=<|9&lenient=in|5,6"
    found = room.get(directory("/vo", f"/search?{conditions}&flat=1"))
    assert [each["path"] for each in found["dirs"]] == ["/vo/a", "/vo/b"]
    cut = room.get(directory("/vo", f"/search?{conditions}&flat=1&limit=1"))
    assert (len(cut["dirs"]), cut["truncated"]) == (1, True)
    answer = room.call("GET", directory("/vo", f"/files?{conditions}&max=1"))
    assert answer.get_json() == {"total": 2, "files": ["/vo/a/f"]}
    second = room.get(str(_next(answer.headers["Link"])))
    assert second == {"total": 2, "files": ["/vo/b/f"]}


def test_a_comma_inside_a_value(market: FileRoom) -> None:
    found = market.get(directory("/vo", "/search"), someStrangeName="in|a\\,b", flat="1")
    assert [each["path"] for each in found["dirs"]] == ["/vo/commas"]


REFUSED = {
    "no such operator": "energy=~|5",
    "no operator": "energy=|5",
    "not a number": "energy=>|abc",
    "no value": "energy=>|",
    "not a date": "taken=>|yesterday",
    "impossible date": "taken=>|2014-02-30",
    "like of a number": "energy=like|1*",
    "unknown field": "nope=in|x",
    "twice the same": "energy=>|1&energy=>|2",
    "a value for exists": "energy=exists|5",
    "a file's field for directories": "quality=>|1",
    "infinite": "energy=>|1e999999",
    "not finite": "someNumberField=>|NaN",
    "empty list": "det=in|",
    "no name": "%20=in|x",
    "a very long value": "det=in|" + "a" * 10_000,
    "many": "&".join(f"energy{n}=>|{n}" for n in range(150)),
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
def test_bad_conditions_are_refused_everywhere(market: FileRoom, query: str) -> None:
    for path in ("/metadata", directory("/vo", "/metadata"), directory("/vo", "/search")):
        status, code, text = market.refused("GET", f"{path}?{query}")
        assert (status, code) == (400, "invalid_condition"), text
        assert len(text) < 500


def test_lenient_passes_over_unknown_fields_alone(market: FileRoom) -> None:
    found = market.get(directory("/vo/prod", "/search?nope=in|x&det=in|SID&lenient=true"))
    assert found == {"f": 0, "s": 0, "d": {"run2": {"f": 3, "s": 30}}}
    assert market.refused("GET", directory("/vo", "/search?det=~|x&lenient=true"))[1] == "invalid_condition"


def test_finding_files(market: FileRoom) -> None:
    path = directory("/vo", "/files")
    found = market.get(path, quality=">|1", energy=">=|100")
    expected = [f"/vo/prod/run{run}/f{number}" for run in (1, 2) for number in (1, 2)]
    assert found == {"total": 4, "files": expected}
    detailed = market.get(path, quality=">|2", energy="=|250", verbose="true", fields="Size,Owner")
    assert detailed == {"total": 1, "files": [{"LFN": "/vo/prod/run1/f2", "Size": 10, "Owner": "alice"}]}
    assert market.get(path, Name="in|deep")["files"] == ["/vo/prod/run1/sub/deep"]
    assert market.refused("GET", f"{path}?nope=in|x")[:2] == (400, "invalid_condition")


def test_finding_files_page_by_page(market: FileRoom) -> None:
    seen: list[str] = []
    path: str | None = directory("/vo", "/files?det=in|ILD&max=2&access_token=alice")
    while path is not None:
        answer = market.call("GET", path)
        document = answer.get_json()
        assert (answer.status_code, document["total"]) == (200, 7)
        assert 0 < len(document["files"]) <= 2
        seen += document["files"]
        path = _next(answer.headers.get("Link"))
    assert len(seen) == len(set(seen)) == 7
    assert market.get(directory("/vo", "/files"), det="in|ILD", start="100") == {"total": 7, "files": []}


def _next(link: str | None) -> str | None:
    if link is None:
        return None
    address, rel = link.split("; ")
    assert rel == 'rel="next"'
    assert "alice" not in address  # no token in it
    return address.strip("<>").removeprefix("/filecatalogue")


def test_a_directory_that_is_not_there_answers_from_no_other(market: FileRoom) -> None:
    for suffix in ("/search", "/metadata", "/files", "/usermetadata", "/size", "/attributes"):
        path = directory("/vo/prod/nope", f"{suffix}?energy=>|1")
        assert market.refused("GET", path)[:2] == (404, "not_found"), suffix


def test_other_organisations_are_not_there(market: FileRoom) -> None:
    assert market.get("/metadata")["energy"]["values"] == [50, 100, 250]
    assert market.get("/metadata", token="mallory")["energy"]["values"] == [666]
    assert market.get("/directory/search?energy=>|0", token="mallory")["d"] == {
        "evil": {"d": {"prod": {"f": 0, "s": 0}}}
    }
    assert market.get("/directory", token="mallory")["SubDirs"] == {"evil": True}
    for suffix in ("", "/search", "/metadata", "/files", "/usermetadata", "/size", "/attributes"):
        assert market.refused("GET", directory("/vo/prod", suffix), "mallory")[0] == 404, suffix
