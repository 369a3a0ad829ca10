"""The forms of slices, made into blocks and read back by whoever keeps them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.strict_json import BadParams, parse_json
from services.compute.dialects.dcp.slices.faults import InvalidSlices, RemoteDataDisabled
from services.compute.dialects.dcp.slices.forms import read_slices
from services.compute.domain.errors import TooManySlices
from services.compute.domain.slice_forms import texts_of
from services.compute.domain.slices import Block, Form

pytestmark = pytest.mark.clause("dcp 3.1")
MOST = 1_000_000

MADE: dict[str, tuple[Any, list[Any]]] = {
    "list": ([1, None, "a", [2, 3], {"b": 1}], [1, None, "a", [2, 3], {"b": 1}]),
    "empty list": ([], []),
    "null": (None, []),
    "range": ({"start": 1, "end": 10}, list(range(1, 11))),
    "step": ({"start": 1, "end": 9, "step": 3}, [1, 4, 7]),
    "end hit": ({"start": 6, "end": 16, "step": 3}, [6, 9, 12, 15]),
    "fractions": ({"start": 0.5, "end": 3}, [0.5, 1.5, 2.5]),
    "down": ({"start": 3, "end": 1}, [3, 2, 1]),
    "one": ({"start": 5, "end": 5}, [5]),
    "group": ({"start": 1, "end": 9, "step": 3, "group": 2}, [[1, 4], [7]]),
    "product": (
        {"ranges": [{"start": 1, "end": 2}, {"start": 1, "end": 3}]},
        [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]],
    ),
    "grouped product": (
        {"ranges": [{"start": 1, "end": 3, "group": 2}, {"start": 1, "end": 2}]},
        [[[1, 2], 1], [[1, 2], 2], [[3], 1], [[3], 2]],
    ),
    "sparse": (
        {"sparse": True, "ranges": [{"start": 5, "end": 6}, {"start": 1, "end": 2}]},
        [5, 6, 1, 2],
    ),
    "sparse of forms": (
        {"sparse": True, "ranges": [[7], {"ranges": [{"start": 1, "end": 2}]}]},
        [7, [1], [2]],
    ),
    "array": ({"array": [1, 2]}, [1, 2]),
    "wrapped range": ({"range": {"start": 1, "end": 2}}, [1, 2]),
    "wrapped in product": ({"ranges": [{"range": {"start": 1, "end": 2}}]}, [[1], [2]]),
}


def read(value: Any, most: int = MOST, fetches: bool = False) -> tuple[Block, ...]:
    return read_slices(parse_json(json.dumps(value)), most, fetches)


def data(blocks: tuple[Block, ...]) -> list[Any]:
    found: list[Any] = []
    for block in blocks:
        found += [json.loads(text) for text in texts_of(block.form, block.body, 0, block.count)]
    return found


@pytest.mark.parametrize("name", MADE)
def test_what_each_form_stands_for(name: str) -> None:
    given_, wanted = MADE[name]
    assert data(read(given_)) == wanted


REFUSED: dict[str, Any] = {
    "number": 3,
    "text": "1-3",
    "true": True,
    "empty object": {},
    "no end": {"start": 1},
    "start a text": {"start": "1", "end": 2},
    "away": {"start": 1, "end": 5, "step": -1},
    "away down": {"start": 5, "end": 1, "step": 1},
    "step 0": {"start": 1, "end": 5, "step": 0},
    "step a text": {"start": 1, "end": 5, "step": "1"},
    "group 0": {"start": 1, "end": 5, "group": 0},
    "group a fraction": {"start": 1, "end": 5, "group": 1.5},
    "ranges empty": {"ranges": []},
    "ranges an object": {"ranges": {"start": 1, "end": 2}},
    "ranges of a list": {"ranges": [[1, 2]]},
    "ranges of numbers": {"ranges": [1]},
    "sparse a text": {"sparse": "yes", "ranges": [{"start": 1, "end": 2}]},
    "sparse of numbers": {"sparse": True, "ranges": [1]},
    "array an object": {"array": {"start": 1, "end": 2}},
    "range a list": {"range": [1]},
    "17 ranges": {"ranges": [{"start": 1, "end": 1}] * 17},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_form_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(InvalidSlices) as refused:
        read(REFUSED[name])
    assert refused.value.path.startswith("slices")


@pytest.mark.parametrize(
    "text",
    [
        '{"start":0e999999999,"end":1}',
        '{"start":1,"end":1e999999999}',
        '{"start":0,"end":1,"step":1e-999999999}',
        '{"start":0,"end":' + "9" * 50 + "}",
        '{"start":0,"end":1,"step":1e-400}',
        '{"start":1e308,"end":1e309}',
    ],
    ids=["zero", "end", "step", "digits", "small", "infinite"],
)
def test_a_number_of_few_characters_costs_nothing_however_large(text: str) -> None:
    with pytest.raises((InvalidSlices, TooManySlices)):
        read_slices(parse_json(text), MOST, False)


def test_a_million_numbers_are_one_block_and_one_more_is_too_many() -> None:
    (block,) = read({"start": 1, "end": MOST})
    assert (block.form, block.count) == (Form.RANGE, MOST)
    assert len(block.body) < 100
    with pytest.raises(TooManySlices):
        read({"start": 1, "end": MOST + 1})
    with pytest.raises(TooManySlices):
        read({"ranges": [{"start": 1, "end": 10**30}] * 16})
    with pytest.raises(TooManySlices):
        read({"sparse": True, "ranges": [{"start": 1, "end": MOST}, [1]]})


def test_lists_are_cut_into_blocks_that_are_read_quickly() -> None:
    blocks = read(list(range(2500)))
    assert [block.count for block in blocks] == [1000, 1000, 500]
    assert data(blocks) == list(range(2500))


def test_numbers_keep_the_characters_that_were_sent() -> None:
    (block,) = read_slices(parse_json("[9007199254740993, 1.10, 1e3]"), MOST, False)
    assert block.body == "[9007199254740993,1.10,1e3]"


def test_a_slice_holds_so_many_numbers_and_no_more() -> None:
    """Whoever looks at one slice makes all of its numbers."""
    grouped = {"start": 1, "end": 10**12, "group": 10**9 - 1}
    for form in (
        grouped,
        {"ranges": [{"start": 1, "end": 2}, grouped]},
        {"sparse": True, "ranges": [grouped]},
    ):
        with pytest.raises(InvalidSlices, match="group"):
            read(form)
    (whole,) = data(read({"start": 1, "end": 10_000, "group": 10**9 - 1}))
    assert whole == list(range(1, 10_001))


def test_ranges_in_a_row_are_so_many_and_no_more() -> None:
    """Each is a row of the store."""
    one = {"start": 1, "end": 1}
    assert len(read({"sparse": True, "ranges": [one] * 20_000})) == 20_000
    with pytest.raises(InvalidSlices, match="20000"):
        read({"sparse": True, "ranges": [one] * 20_001})


def test_forms_within_forms_end() -> None:
    nested: Any = [1]
    for _ in range(12):
        nested = {"sparse": True, "ranges": [nested]}
    with pytest.raises(InvalidSlices):
        read(nested)


REMOTE = {"remoteDataSet": ["https://a.example/1.json", "https://b.example/2"]}


@pytest.mark.parametrize(
    "form", [REMOTE, {"pattern": "https://a.example/{slice}.json", "sliceCount": 3}], ids=["list", "pattern"]
)
def test_addresses_are_taken_only_where_that_is_switched_on(form: Any) -> None:
    with pytest.raises(RemoteDataDisabled):
        read(form)
    (block,) = read(form, fetches=True)
    assert block.form is Form.URLS
    assert json.loads(block.body)[0].startswith("https://a.example/1")


@pytest.mark.parametrize(
    "form",
    [
        {"remoteDataSet": ["http://a.example/1"]},
        {"remoteDataSet": ["https://user:word@a.example/1"]},
        {"remoteDataSet": ["file:///etc/passwd"]},
        {"remoteDataSet": "https://a.example/1"},
        {"remoteDataSet": [3]},
        {"remoteDataSet": ["https://[::1"]},
        {"pattern": "https://a.example/1.json", "sliceCount": 3},
        {"pattern": "https://{slice}.example/", "sliceCount": 3},
        {"pattern": "https://a.example/{slice}", "sliceCount": -3},
        {"pattern": "https://a.example/{slice}"},
    ],
    ids=["http", "user", "file", "text", "number", "broken", "no place", "host", "negative", "no count"],
)
def test_addresses_that_nobody_may_fetch_are_refused(form: Any) -> None:
    with pytest.raises(InvalidSlices):
        read(form, fetches=True)


def test_a_pattern_for_too_many_is_never_written_out() -> None:
    with pytest.raises(TooManySlices):
        read({"pattern": "https://a.example/{slice}", "sliceCount": 10**14}, fetches=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["start", "end", "step", "group", "ranges", "sparse", "array", "range", "pattern"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.booleans())
def test_no_document_breaks_it_and_what_is_taken_can_be_read(value: Any, fetches: bool) -> None:
    try:
        blocks = read(value, 5000, fetches)
    except (InvalidSlices, TooManySlices, RemoteDataDisabled, BadParams):
        return
    for block in blocks:
        assert block.count > 0
        assert len(texts_of(block.form, block.body, 0, block.count)) == block.count


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 9), st.integers(1, 5))
def test_ranges_are_as_counting_would_have_them(start: int, end: int, step: int, group: int) -> None:
    signed = step if end >= start else -step
    wanted = list(range(start, end + (1 if signed > 0 else -1), signed))
    assert data(read({"start": start, "end": end, "step": signed})) == wanted
    lists = [wanted[at : at + group] for at in range(0, len(wanted), group)]
    assert data(read({"start": start, "end": end, "step": signed, "group": group})) == lists
