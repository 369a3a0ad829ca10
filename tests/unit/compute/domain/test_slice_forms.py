"""What blocks of slices hold."""

import json
from typing import Any

import pytest

from services.compute.domain.slice_forms import BLOCK_CHARS, block_of, kept, texts_of
from services.compute.domain.slices import BLOCK_ITEMS, Block, Form

pytestmark = pytest.mark.clause("dcp 3.1")


def values(form: Form, body: Any, first: int, count: int) -> list[Any]:
    return [json.loads(text) for text in texts_of(form, json.dumps(body), first, count)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"start": 1, "step": 1}, [1, 2, 3, 4]),
        ({"start": 6, "step": 3}, [6, 9, 12, 15]),
        ({"start": 3, "step": -1}, [3, 2, 1, 0]),
        ({"start": 0.5, "step": 1}, [0.5, 1.5, 2.5, 3.5]),
        ({"start": 1, "step": 3, "group": 2}, [[1, 4], [7, 10], [13, 16], [19, 22]]),
        ({"start": 1, "step": 3, "group": 2, "values": 7}, [[1, 4], [7, 10], [13, 16], [19]]),
        ({"start": 10**30, "step": 1}, [10**30 + n for n in range(4)]),
    ],
)
def test_a_range(document: dict[str, Any], expected: list[Any]) -> None:
    assert values(Form.RANGE, document, 0, 4) == expected
    assert [values(Form.RANGE, document, place, 1)[0] for place in range(4)] == expected


def test_a_products_last_range_is_the_fastest() -> None:
    document = {"ranges": [[1, 2], {"start": 1, "step": 1, "count": 3}]}
    whole = [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]]
    assert values(Form.PRODUCT, document, 0, 6) == whole
    assert values(Form.PRODUCT, {**document, "from": 4}, 0, 2) == whole[4:]
    assert values(Form.PRODUCT, document, 3, 2) == whole[3:5]
    with pytest.raises(ValueError, match="less slices"):
        values(Form.PRODUCT, document, 5, 2)


def test_a_product_of_groups_and_of_nothing() -> None:
    grouped = {"start": 1, "step": 1, "count": 2, "group": 2, "values": 3}
    assert values(Form.PRODUCT, {"ranges": [grouped, ["a"]]}, 0, 2) == [[[1, 2], "a"], [[3], "a"]]
    assert values(Form.PRODUCT, {"ranges": []}, 0, 1) == [[]]


def test_a_number_that_json_has_not_is_a_fault() -> None:
    with pytest.raises(ValueError, match="JSON"):
        texts_of(Form.RANGE, '{"start": 1e308, "step": 1e308}', 0, 2)


@pytest.mark.parametrize("body", ["[]", " [\n] ", "[1]", '[ "a]" , [1,[2]] ,{"b": "],"} ]'])
def test_items_are_cut_out_as_they_stand(body: str) -> None:
    items = json.loads(body)
    texts = texts_of(Form.ITEMS, body, 0, len(items))
    assert [json.loads(text) for text in texts] == items
    assert all(text in body for text in texts)
    assert block_of(texts) == Block(Form.ITEMS, len(items), f"[{','.join(texts)}]")


@pytest.mark.parametrize("body", ["", "{}", "[1", "[1,", "[1,]", "[,]", "[1}", "[1 2]", '["a]', "nul"])
def test_what_is_no_list_is_a_fault(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        kept([Block(Form.ITEMS, 1, body)])


def test_numbers_of_any_length_are_not_read() -> None:
    digits = "9" * 10_000
    assert texts_of(Form.ITEMS, f"[{digits},1e{digits}]", 0, 2) == [digits, f"1e{digits}"]


def test_more_than_there_is_is_a_fault() -> None:
    with pytest.raises(ValueError, match="less slices"):
        texts_of(Form.ITEMS, "[1,2]", 1, 2)


def test_long_blocks_are_cut_by_count_and_by_length() -> None:
    many = Block(Form.ITEMS, 2 * BLOCK_ITEMS + 1, json.dumps(list(range(2 * BLOCK_ITEMS + 1))))
    long = ["x" * (BLOCK_CHARS // 3)] * 5 + ["y" * (2 * BLOCK_CHARS)] + ["z"] * 2
    wide = Block(Form.URLS, len(long), json.dumps(long))
    found = kept([many, wide])
    assert [block.count for block in found[:3]] == [BLOCK_ITEMS, BLOCK_ITEMS, 1]
    assert [block.count for block in found[3:]] == [2, 2, 1, 1, 2]
    assert {block.form for block in found[3:]} == {Form.URLS}
    assert [item for block in found[:3] for item in json.loads(block.body)] == json.loads(many.body)
    assert [item for block in found[3:] for item in json.loads(block.body)] == long
    assert kept(found) == found


def test_what_is_short_enough_stays_as_it_is_and_nothing_is_left_out() -> None:
    small = Block(Form.ITEMS, 2, " [1 , 2] ")
    counted = Block(Form.RANGE, 10**6, '{"start":1,"step":1}')
    nothing = [Block(Form.ITEMS, 0, "[]"), Block(Form.RANGE, 0, "{}")]
    assert kept([small, *nothing, counted]) == [small, counted]
