"""Looking for directories, files and values that go together (contract 3.2, 3.4, 3.5)."""

import pytest

from services.catalogue.domain.files.entries import NewFile
from services.catalogue.domain.files.errors import InvalidCondition, NotThere
from services.catalogue.domain.files.fields import Field, FieldType, Level, Match
from tests.contract.filecatalogue_metadata.conftest import ALICE, CHIEF, MALLORY, World

pytestmark = pytest.mark.clause("dirac 3.2", "dirac 3.4", "dirac 3.5")

FIELDS = (
    ("energy", FieldType.INT, Level.DIRECTORY),
    ("beam", FieldType.FLOAT, Level.DIRECTORY),
    ("det", FieldType.STRING, Level.DIRECTORY),
    ("taken", FieldType.DATE, Level.DIRECTORY),
    ("run", FieldType.INT, Level.FILE),
)
TAKEN = "2014-02-25 12:10:46"
KNOWN = {
    "/vo/p": {"det": "ILD"},
    "/vo/p/1": {"energy": 250, "beam": 4.5},
    "/vo/p/2": {"energy": 100, "beam": 4.2, "taken": TAKEN},
    "/vo/q": {"det": "SID", "energy": 250},
    "/vo/c": {"det": "a,b"},
}


@pytest.fixture
def full(world: World) -> World:
    world.make(*KNOWN, "/vo/p/1/x", "/evil/p")
    for name, kind, level in FIELDS:
        world.fields.declare(CHIEF, Field(name, kind, level))
    for path, values in KNOWN.items():
        world.metadata.set_directory(ALICE, path, values)
    new = [
        NewFile(lfn=f"{path}/f", size=7, replicas={"DISK": "pfn"})
        for path in ("/vo/p/1/x", "/vo/p/2", "/vo/q")
    ]
    world.tree.add_files([*new, NewFile(lfn="/vo/q/g", size=1)], ALICE, 1.0)
    world.metadata.set_file(ALICE, "/vo/q/g", {"run": 11414})
    return world


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([("energy", "=|250")], ["/vo/p/1", "/vo/p/1/x", "/vo/q"]),
        ([("energy", "!=|250")], ["/vo/p/2"]),
        ([("energy", ">|99.5"), ("energy", "<=|249.9")], ["/vo/p/2"]),
        ([("energy", "=|250.5")], []),
        ([("energy", "<|1e30"), ("det", "in|ILD")], ["/vo/p/1", "/vo/p/1/x", "/vo/p/2"]),
        ([("energy", ">=|1e30")], []),
        ([("energy", "in| 100 , 7")], ["/vo/p/2"]),
        ([("beam", ">|4.2")], ["/vo/p/1", "/vo/p/1/x"]),
        ([("beam", "=|4.20")], ["/vo/p/2"]),
        ([("det", r"in|a\,b, SID")], ["/vo/c", "/vo/q"]),
        ([("det", "nin|ILD,SID")], ["/vo/c"]),
        ([("det", "like|?L*")], ["/vo/p", "/vo/p/1", "/vo/p/1/x", "/vo/p/2"]),
        ([("det", "like|?l*")], []),
        ([("taken", ">=|2014-02-25")], ["/vo/p/2"]),
        ([("taken", "=|2014-02-25")], []),
        ([("taken", "exists|")], ["/vo/p/2"]),
        ([("det", "exists|"), ("energy", "missing|")], ["/vo/c", "/vo/p"]),
        ([("energy", "missing|")], ["/", "/vo", "/vo/c", "/vo/p"]),
    ],
)
def test_conditions(full: World, conditions: list[tuple[str, str]], found: list[str]) -> None:
    assert full.paths("/", *conditions) == found


def test_what_a_directory_satisfies_is_not_asked_below_it(full: World) -> None:
    assert full.paths("/vo/p/1", ("det", "in|ILD")) == ["/vo/p/1", "/vo/p/1/x"]
    assert full.paths("/vo/p", ("det", "in|ILD"), ("energy", "=|100")) == ["/vo/p/2"]
    assert full.paths("/vo/p", ("det", "in|SID")) == []
    assert full.paths("/vo/p/1", ("det", "missing|")) == []
    for path in ("/vo/none", "/evil/p", "/vo/q/f"):
        with pytest.raises(NotThere):
            full.paths(path, ("det", "in|ILD"))


def test_numbers_are_of_everything_below_and_lists_are_cut(full: World) -> None:
    every, is_cut = full.searching.directories(ALICE, "/", [])
    assert not is_cut
    assert every[:3] == [Match("/", 4, 22), Match("/vo", 4, 22), Match("/vo/c", 0, 0)]
    assert [match.path for match in every] == [
        "/",
        "/vo",
        "/vo/c",
        "/vo/p",
        "/vo/p/1",
        "/vo/p/1/x",
        "/vo/p/2",
        "/vo/q",
    ]
    some, is_cut = full.searching.directories(ALICE, "/", [], limit=3)
    assert (some, is_cut) == (every[:3], True)
    some, is_cut = full.searching.directories(ALICE, "/vo/p", [("energy", "=|250")], limit=2)
    assert ([match.path for match in some], is_cut) == (["/vo/p/1", "/vo/p/1/x"], False)


@pytest.mark.parametrize(
    ("path", "conditions", "found"),
    [
        ("/", [], {"beam": [4.2, 4.5], "det": ["ILD", "SID", "a,b"], "energy": [100, 250], "taken": [TAKEN]}),
        ("/", [("energy", "=|250")], {"beam": [4.5], "det": ["ILD", "SID"], "energy": [250]}),
        ("/", [("det", "in|SID")], {"det": ["SID"], "energy": [250]}),
        ("/vo/p", [("energy", "<|200")], {"beam": [4.2], "det": ["ILD"], "energy": [100], "taken": [TAKEN]}),
        ("/vo/p/1/x", [], {"beam": [4.5], "det": ["ILD"], "energy": [250]}),
        ("/vo/c", [("energy", "=|250")], {}),
        ("/", [("det", "in|none")], {}),
        ("/", [("energy", "missing|")], {"det": ["ILD", "a,b"]}),
    ],
)  # fmt: skip
def test_compatible_values(
    full: World, path: str, conditions: list[tuple[str, str]], found: dict[str, list[object]]
) -> None:
    assert full.searching.compatible(ALICE, path, conditions) == found


def test_values_of_files_when_they_are_asked_for(full: World) -> None:
    assert full.searching.compatible(ALICE, "/", [("det", "in|SID")], with_files=True)["run"] == [11414]
    assert "run" not in full.searching.compatible(ALICE, "/", [("det", "in|ILD")], with_files=True)


@pytest.mark.parametrize(
    ("path", "conditions", "found"),
    [
        ("/", [], ["/vo/p/1/x/f", "/vo/p/2/f", "/vo/q/f", "/vo/q/g"]),
        ("/", [("energy", "=|250")], ["/vo/p/1/x/f", "/vo/q/f", "/vo/q/g"]),
        ("/vo/q", [("run", ">|1")], ["/vo/q/g"]),
        ("/vo/p", [("run", ">|1")], []),
        ("/", [("run", "missing|"), ("det", "in|SID")], ["/vo/q/f"]),
        ("/", [("Size", "<|7")], ["/vo/q/g"]),
        ("/", [("SE", "in|DISK"), ("Path", "like|/vo/p/*")], ["/vo/p/1/x/f", "/vo/p/2/f"]),
        ("/", [("SE", "!=|DISK")], ["/vo/q/g"]),
        ("/", [("SE", "missing|")], ["/vo/q/g"]),
        ("/", [("Name", "=|g"), ("User", "=|alice"), ("Group", "nin|other")], ["/vo/q/g"]),
        ("/", [("FileName", "like|?"), ("Status", "=|Trash")], []),
        ("/", [("CreationDate", "=|1970-01-01 00:00:01"), ("Size", "=|1")], ["/vo/q/g"]),
        ("/", [("CreationDate", ">|1970-01-01 00:00:01")], []),
        ("/", [("CreationDate", "<=|9999-12-31 23:59:59"), ("UID", ">|0"), ("Size", "=|1.0")], ["/vo/q/g"]),
    ],
)
def test_files(full: World, path: str, conditions: list[tuple[str, str]], found: list[str]) -> None:
    total, files = full.searching.files(ALICE, path, conditions)
    assert (total, [file.lfn for file in files]) == (len(found), found)
    total, files = full.searching.files(ALICE, path, conditions, limit=1, start=1)
    assert (total, [file.lfn for file in files]) == (len(found), found[1:2])


@pytest.mark.parametrize(
    "conditions",
    [
        [("energy", "~|1")], [("energy", "|1")], [("energy", "=|x")], [("energy", "=|")],
        [("energy", "=|1"), ("energy", "=|1")], [("energy", "like|1*")], [("energy", "in|")],
        [("energy", "in|" + "1," * 1001)], [("energy", "exists|1")], [("beam", "=|nan")],
        [("beam", "<|1e999")], [("taken", "=|2014")], [("det", "=|a\0")], [("det", "like|" + "*a" * 9)],
        [("nothing", "=|1")], [("run", "=|1")], [("Size", "=|1")],
        [(f"n{number}", "=|1") for number in range(65)],
    ],
)  # fmt: skip
def test_conditions_that_say_nothing(full: World, conditions: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidCondition):
        full.paths("/", *conditions)


def test_lenient_leaves_out_what_is_not_known(full: World) -> None:
    conditions = [("nothing", "=|1"), ("run", "=|1"), ("energy", "=|100")]
    found, _ = full.searching.directories(ALICE, "/", conditions, lenient=True)
    assert [match.path for match in found] == ["/vo/p/2"]
    with pytest.raises(InvalidCondition):
        full.searching.directories(ALICE, "/", [("nothing", "~|1")], lenient=True)


def test_a_vo_without_anything(world: World) -> None:
    assert world.searching.directories(MALLORY, "/", []) == ([Match("/", 0, 0)], False)
    assert world.searching.compatible(MALLORY, "/", []) == {}
    assert world.searching.files(MALLORY, "/", []) == (0, [])
