"""Server-sent events, however the connection cuts them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.client.sse import Event, events

STREAM = (
    b'retry: 1000\n\n: still here\n\nid: 7\nevent: log\ndata: {"text":"\xc3\xa4"}\n\n'
    b"event: log\r\ndata: one\r\ndata: two\r\n\r\nevent: end\ndata: {}\n\nevent: cut\ndata: off"
)
EXPECTED = [Event("log", '{"text":"ä"}', "7"), Event("log", "one\ntwo", "7"), Event("end", "{}", "7")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_where_the_pieces_are_cut_does_not_matter(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(places)]
    assert list(events(pieces)) == EXPECTED


@pytest.mark.parametrize("stream", [b"", b"\n\n\n", b": x\n\n", b"data: unfinished"])
def test_nothing_comes_of_nothing(stream: bytes) -> None:
    assert list(events([stream])) == []
