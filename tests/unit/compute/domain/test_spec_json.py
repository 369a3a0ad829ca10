"""A spec as a document: every field of it, there and back, and what is told of a document that is none."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from services.compute.domain.errors import BadSpec
from services.compute.domain.spec import (
    Clocks,
    Folder,
    Image,
    Input,
    Mpi,
    MpiKind,
    OnTaskFailure,
    Output,
    Resources,
    Retry,
    Role,
    Source,
    Spec,
    Take,
    Task,
)
from services.compute.domain.spec_json import canonical_bytes, decode, decode_as, encode, pointer

FULL_TASK = Task(
    command=("python", "-c", "print('ü')"),
    image=Image(name="python:3.12", digest="sha256:" + "0" * 64),
    environment={"B": "2", "A": "1"},
    working_folder="/w",
    split_logs=True,
    retries=2,
    tee="/w/log",
    mpi=Mpi(kind=MpiKind.INTEL, processes=4),
)
FULL = Spec(
    environment="big",
    roles=(
        Role(
            name="solver",
            tasks=(FULL_TASK, Task(mpi=Mpi(kind=MpiKind.MPICH))),
            count=3,
            resources=Resources(
                cpus=0.5, memory_bytes=1 << 21, disk_bytes=1 << 22, gpus=1, nodes=2, processes=9
            ),
        ),
        Role(name="helper", tasks=(Task(),), sidecar=True),
    ),
    folders=(Folder(path="/w", writable=True), Folder(path="/s", shows="/w/s")),
    inputs=tuple(
        Input(
            source=source,
            path=f"/w/{source.value}",
            value="x",
            encoded=True,
            executable=True,
            sha256="a" * 64,
            label="l",
            group="g",
            unpack=True,
        )
        for source in Source
    ),
    outputs=tuple(
        Output(folder="/w", pattern="*", required=True, take=take, name=f"{take.value}.x") for take in Take
    ),
    clocks=Clocks(queue=1.0, stage_in=2.5, pull=3.0, run=4.0, publish=5.0),
    retry=Retry(attempts=3, on=frozenset({"pull_failed", "engine_lost"})),
    priority=-5,
    network=True,
    keep_failed_outputs=False,
    on_task_failure=OnTaskFailure.FORGIVE,
    keep_seconds=60.0,
)
SMALL = {"environment": "e", "roles": [{"tasks": [{"command": ["true"]}]}]}
DOCUMENT: dict[str, Any] = json.loads(canonical_bytes(FULL))


def problems(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadSpec) as caught:
        decode(document)
    assert str(caught.value) == "; ".join(
        f"{path}: {text}" if path else text for path, text in caught.value.problems
    )
    return caught.value.problems


def put(path: str, value: Any) -> dict[str, Any]:
    """The whole document with another value at one place."""
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    *way, last = path.split("/")[1:]
    at: Any = document
    for part in way:
        at = at[int(part) if isinstance(at, list) else part]
    at[int(last) if isinstance(at, list) else last] = value
    return document


def filled(kind: Any, default: object = MISSING) -> Any:
    """A value of a part of a spec that is not its default, nor any of its fields' defaults."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: filled(hints[field.name], field.default) for field in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(member for member in kind if member is not default)
    if kind in (str, int, float, bool):
        return {str: "ü", int: 7, float: 2.5, bool: default is not True}[kind]
    if get_origin(kind) is Mapping:
        return {"A": "1"}
    if get_origin(kind) is frozenset:
        return frozenset({"b", "a"})
    return (filled(get_args(kind)[0]),) if get_origin(kind) is tuple else filled(get_args(kind)[0])


def unchanged(part: Any, path: str = "") -> list[str]:
    """The fields that have their defaults."""
    found = []
    for field in fields(part):
        value = getattr(part, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        found += [f"{path}/{field.name}"] if value == default else []
        for one in value if isinstance(value, tuple) else (value,):
            found += unchanged(one, f"{path}/{field.name}") if is_dataclass(one) else []
    return found


def test_every_field_of_every_part_comes_back() -> None:
    whole: Spec = filled(Spec)
    assert unchanged(whole) == []
    assert decode(encode(whole)) == whole
    assert decode(json.loads(canonical_bytes(whole))) == whole


def test_a_large_spec_comes_back() -> None:
    assert decode(encode(FULL)) == FULL
    assert decode(json.loads(canonical_bytes(FULL))) == FULL
    assert encode(decode(DOCUMENT)) == encode(FULL)


def test_the_document_has_the_fields_by_their_names() -> None:
    assert set(DOCUMENT) == {field.name for field in fields(Spec)}
    assert set(DOCUMENT["roles"][0]["tasks"][0]) == {field.name for field in fields(Task)}
    assert DOCUMENT["roles"][0]["tasks"][0]["mpi"] == {"kind": "intelmpi", "processes": 4}
    assert DOCUMENT["roles"][1]["tasks"][0]["image"] is None
    assert DOCUMENT["retry"]["on"] == ["engine_lost", "pull_failed"]
    assert DOCUMENT["clocks"] == {"queue": 1.0, "stage_in": 2.5, "pull": 3.0, "run": 4.0, "publish": 5.0}
    assert [given["source"] for given in DOCUMENT["inputs"]] == [source.value for source in Source]


def test_equal_specs_have_the_same_bytes() -> None:
    other = replace(FULL_TASK, environment={"A": "1", "B": "2"})
    turned = replace(
        FULL, roles=(replace(FULL.roles[0], tasks=(other, FULL.roles[0].tasks[1])), FULL.roles[1])
    )
    assert canonical_bytes(turned) == canonical_bytes(FULL)
    assert canonical_bytes(replace(FULL, priority=0)) != canonical_bytes(FULL)
    assert canonical_bytes(FULL).isascii()
    assert b'{"clocks":' in canonical_bytes(FULL)


def test_what_is_left_out_has_its_default() -> None:
    assert decode(SMALL) == Spec(environment="e", roles=(Role(tasks=(Task(command=("true",)),)),))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/clocks/run", None),
        ("/keep_seconds", None),
        ("/roles/0/tasks/0/image", None),
        ("/roles/0/tasks/0/image/digest", None),
        ("/roles/0/tasks/0/mpi", None),
        ("/roles/0/tasks/0/working_folder", None),
        ("/folders/1/shows", None),
        ("/inputs/0/sha256", None),
        ("/roles", []),
        ("/retry/on", []),
        ("/roles/0/tasks/0/environment", {}),
        ("/priority", -(2**70)),
        ("/environment", "\0\ud800"),
    ],
)
def test_odd_values_of_the_right_shape_are_read(path: str, value: object) -> None:
    found = decode(put(path, value))
    assert found != FULL
    assert decode(encode(found)) == found


@pytest.mark.parametrize("cpus", [2, 2.0])
def test_whole_numbers_are_numbers(cpus: float) -> None:
    read = decode(put("/roles/0/resources/cpus", cpus)).roles[0].resources.cpus
    assert (read, type(read)) == (2.0, float)


SOURCES = f"must be one of {', '.join(Source)}"
OBJECT, LIST, TEXT = "must be an object", "must be a list", "must be a text"
NUMBER, WHOLE, FLAG = "must be a number", "must be a whole number", "must be true or false"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("/environment", 5, TEXT),
        ("/environment", None, TEXT),
        ("/roles", {}, LIST),
        ("/roles", "main", LIST),
        ("/roles/0", [], OBJECT),
        ("/roles/0/count", 1.0, WHOLE),
        ("/roles/0/count", "1", WHOLE),
        ("/roles/0/count", True, WHOLE),
        ("/roles/0/sidecar", 1, FLAG),
        ("/roles/0/resources", None, OBJECT),
        ("/roles/0/resources/cpus", True, NUMBER),
        ("/roles/0/resources/cpus", "1", NUMBER),
        ("/roles/0/resources/cpus", float("nan"), NUMBER),
        ("/roles/0/resources/cpus", float("-inf"), NUMBER),
        ("/roles/0/resources/cpus", 10**400, NUMBER),
        ("/roles/0/tasks/0/command", "rm -rf /", LIST),
        ("/roles/0/tasks/0/command/1", None, TEXT),
        ("/roles/0/tasks/0/environment", [["A", "1"]], OBJECT),
        ("/roles/0/tasks/0/environment/A", 1, TEXT),
        ("/roles/0/tasks/0/image", "python", OBJECT),
        ("/roles/0/tasks/0/image/digest", 5, TEXT),
        ("/roles/0/tasks/0/mpi/kind", "lam", "must be one of openmpi, mpich, intelmpi"),
        ("/roles/0/tasks/0/mpi/processes", 1.5, WHOLE),
        ("/inputs/2/source", "ftp", SOURCES),
        ("/inputs/2/source", ["url"], SOURCES),
        ("/outputs/0/take", None, "must be one of all, first, archive"),
        ("/on_task_failure", "STOP", "must be one of stop, continue, forgive"),
        ("/clocks/run", "1", NUMBER),
        ("/retry/on", "pull_failed", LIST),
        ("/retry/on/0", 1, TEXT),
        ("/network", None, FLAG),
        ("/colour", "red", "is not known here"),
        ("/roles/0/tasks/0/image/__class__", {}, "is not known here"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_one_wrong_part_is_named_by_its_place(path: str, value: object, told: str) -> None:
    assert problems(put(path, value)) == [(path, told)]


@pytest.mark.parametrize(
    "document", [None, [], "{}", 5, True, [DOCUMENT]], ids=lambda value: ascii(value)[:8]
)
def test_what_is_no_document(document: object) -> None:
    assert problems(document) == [("", OBJECT)]


def test_all_problems_come_at_once() -> None:
    document = {"roles": [{"name": 1}, 2], "inputs": [{}], "a/b~c": 0, "priority": 0.5}
    assert sorted(problems(document)) == [
        ("/a~1b~0c", "is not known here"),
        ("/environment", "is missing"),
        ("/inputs/0/path", "is missing"),
        ("/inputs/0/source", "is missing"),
        ("/inputs/0/value", "is missing"),
        ("/priority", WHOLE),
        ("/roles/0/name", TEXT),
        ("/roles/1", OBJECT),
    ]


def test_deep_nonsense_is_one_problem() -> None:
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    assert problems({**SMALL, "priority": deep}) == [("/priority", WHOLE)]
    while isinstance(deep, list):  # its end would go as deep as it does
        deep = deep.pop()


def test_a_part_is_read_where_it_stands() -> None:
    assert decode_as(Clocks, {"run": 5}) == Clocks(run=5.0)
    with pytest.raises(BadSpec) as caught:
        decode_as(Role, {"count": "1", "tasks": [{"image": {}}]}, "/steps/a~1b")
    assert caught.value.problems == [
        ("/steps/a~1b/count", WHOLE),
        ("/steps/a~1b/tasks/0/image/name", "is missing"),
    ]


@pytest.mark.parametrize(("part", "expected"), [("a", "/p/a"), (3, "/p/3"), ("~/", "/p/~0~1"), ("", "/p/")])
def test_pointers(part: str | int, expected: str) -> None:
    assert pointer("/p", part) == expected
