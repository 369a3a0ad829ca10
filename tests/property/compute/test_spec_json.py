"""Every spec can be written down and read back; whatever else is read is refused by name."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.domain.errors import BadSpec
from services.compute.domain.spec import Folder, Input, Role, Source, Spec, Task
from services.compute.domain.spec_json import canonical_bytes, decode, decode_as, encode
from tests.fakes.compute_jobs import spec

anything = st.text(st.characters(exclude_categories=()), max_size=8)  # half characters and NUL too
numbers = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)
few = {"max_size": 3}
naturals = st.integers(-(2**70), 2**70)
maybe_number = st.none() | numbers
KINDS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: anything,
    float: numbers,
    int: naturals,
    bool: st.booleans(),
    str | None: st.none() | anything,
    float | None: maybe_number,
    tuple[str, ...]: st.lists(anything, **few).map(tuple),
    frozenset[str]: st.frozensets(anything, **few),
    Mapping[str, str]: st.dictionaries(anything, anything, **few),
}


def made(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a part of a spec, every field of it drawn."""
    if kind in KINDS:
        return KINDS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: made(hints[field.name]) for field in fields(kind)})
    (inner, *_) = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(made(inner), max_size=2).map(tuple)
    return st.none() | made(inner)


specs = made(Spec)


@settings(max_examples=150, deadline=None)
@given(specs)
def test_a_spec_is_read_back_as_it_was(original: Spec) -> None:
    document = encode(original)
    assert decode(document) == original
    written = canonical_bytes(original)
    assert decode(json.loads(written)) == original
    assert canonical_bytes(decode(json.loads(written))) == written
    assert written.isascii()
    assert b"\0" not in written


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_what_is_no_spec_is_refused_with_its_problems(document: Any) -> None:
    with pytest.raises(BadSpec) as caught:
        decode(document)
    assert all(path == "" or path.startswith("/") for path, _ in caught.value.problems)
    assert caught.value.problems


def places(value: Any, path: str = "") -> list[str]:
    """The pointer of every part of a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, part in parts for place in (f"{path}/{name}", *places(part, f"{path}/{name}"))]


def replaced(document: Any, path: str, value: Any) -> Any:
    changed = json.loads(json.dumps(document))
    *way, last = path.split("/")[1:]
    holder = changed
    for step in way:
        holder = holder[int(step) if isinstance(holder, list) else step]
    holder[int(last) if isinstance(holder, list) else last] = value
    return changed


WHOLE = encode(
    spec(folders=(Folder(path="/w"),), inputs=(Input(source=Source.INLINE, path="/w/a", value=""),))
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(WHOLE)), JSON)
def test_one_part_that_is_replaced_is_read_or_named(path: str, value: Any) -> None:
    try:
        read = decode(replaced(WHOLE, path, value))
    except BadSpec as refused:
        problems = refused.problems
    else:
        problems = []
        assert decode(encode(read)) == read
    assert all(where.startswith(path) for where, _ in problems)


def test_all_problems_are_named_at_once() -> None:
    document = {
        "roles": [{"name": 1, "tasks": [{"command": "x", "image": {}}], "resources": {"cpus": float("nan")}}],
        "inputs": [{"source": "ftp", "encoded": 1}],
        "folders": {},
        "priority": True,
        "clocks": {"run": "1"},
        "x/y~z": 1,
        "network": None,
    }
    with pytest.raises(BadSpec) as caught:
        decode(document)
    assert sorted(caught.value.problems) == [
        ("/clocks/run", "must be a number"),
        ("/environment", "is missing"),
        ("/folders", "must be a list"),
        ("/inputs/0/encoded", "must be true or false"),
        ("/inputs/0/path", "is missing"),
        ("/inputs/0/source", "must be one of inline, grant, sandbox, output, object, url, lfn, storage"),
        ("/inputs/0/value", "is missing"),
        ("/network", "must be true or false"),
        ("/priority", "must be a whole number"),
        ("/roles/0/name", "must be a text"),
        ("/roles/0/resources/cpus", "must be a number"),
        ("/roles/0/tasks/0/command", "must be a list"),
        ("/roles/0/tasks/0/image/name", "is missing"),
        ("/x~1y~0z", "is not known here"),
    ]


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("-inf"), "1", True, [], None])
def test_what_is_no_number_is_no_size(number: Any) -> None:
    with pytest.raises(BadSpec, match="/resources/cpus: must be a number"):
        decode_as(Role, {"resources": {"cpus": number}})


def test_whole_numbers_are_numbers() -> None:
    assert decode_as(Role, {"resources": {"cpus": 2}}).resources.cpus == 2.0
    with pytest.raises(BadSpec, match="/r/count: must be a whole number"):
        decode_as(Role, {"count": 2.0}, "/r")


def test_what_is_left_out_has_its_default() -> None:
    assert decode({"environment": "e", "roles": [{"tasks": [{}]}]}) == Spec(
        environment="e", roles=(Role(tasks=(Task(),)),)
    )
    assert Source.GRANT.value in {source.value for source in Source}
