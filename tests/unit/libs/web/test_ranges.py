"""One byte range of a request."""

import pytest

from libs.web.ranges import NotSatisfiable, content_range, unsatisfied, wanted


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)), ("bytes=0-", (0, 10)), ("bytes=9-", (9, 1)), ("bytes=3-100", (3, 7)),
        ("bytes=-1", (9, 1)), ("bytes=-100", (0, 10)), (" BYTES=1-2 ", (1, 2)),
        (None, None), ("", None), ("bytes=", None), ("bytes=-", None), ("bytes=a-b", None),
        ("bytes=5-4", None),
        ("bytes=0-1,2-3", None), ("items=0-1", None), ("bytes=0-" + "9" * 19, None), ("bytes=\u0661-2", None),
    ],
)  # fmt: skip
def test_what_is_wanted_of_ten_bytes(header: str | None, expected: tuple[int, int] | None) -> None:
    assert wanted(header, 10) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=10-", 10), ("bytes=10-11", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-5", 0)],
)
def test_a_range_without_a_byte_is_told_the_size(header: str, size: int) -> None:
    with pytest.raises(NotSatisfiable) as caught:
        wanted(header, size)
    assert unsatisfied(caught.value.size) == f"bytes */{size}"


def test_how_a_part_is_named() -> None:
    assert content_range(3, 4, 10) == "bytes 3-6/10"
