"""Log bytes as events: none is lost, and no character is cut."""

import base64
import itertools
import json
from collections.abc import Iterable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from services.compute.dialects.native import sse
from services.compute.usecases.follow import Piece


def pieces(parts: Iterable[bytes], start: int = 0) -> Iterator[Piece]:
    for part in parts:
        start += len(part)
        yield Piece(part, start)


def read(events: Iterable[bytes]) -> Iterator[tuple[int, dict[str, str]]]:
    for event in events:
        if event == sse.BEAT:
            continue
        number, kind, data = event.decode().removesuffix("\n\n").split("\n")
        assert kind == "event: log"
        yield int(number.removeprefix("id: ")), json.loads(data.removeprefix("data: "))


def content(data: dict[str, str]) -> bytes:
    return base64.b64decode(data["base64"]) if "base64" in data else data["text"].encode()


@given(parts=st.lists(st.binary(max_size=6), max_size=20), start=st.integers(0, 10**15))
def test_any_bytes_cut_anywhere_come_through(parts: list[bytes], start: int) -> None:
    joined = b""
    for number, data in read(sse.log_events(pieces(parts, start), start)):
        joined += content(data)
        assert number == start + len(joined)
    assert joined == b"".join(parts)


@given(text=st.text(max_size=40), cuts=st.lists(st.integers(0, 160), max_size=5))
def test_text_stays_text_wherever_it_is_cut(text: str, cuts: list[int]) -> None:
    data = text.encode()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = [data[a:b] for a, b in itertools.pairwise(places)]
    found = [part for _, part in read(sse.log_events(pieces(parts), 0))]
    assert all("text" in part for part in found)
    assert "".join(part["text"] for part in found) == text


def test_line_ends_of_any_kind_are_kept() -> None:
    (event,) = sse.log_events(pieces([b"a\rb\r\nc\n\nd"]), 0)
    assert event.count(b"\n") == 4  # three lines and the empty one
    assert list(read([event])) == [(9, {"text": "a\rb\r\nc\n\nd"})]


def test_an_empty_piece_is_a_sign_of_life() -> None:
    assert list(sse.log_events([Piece(b"", 0)], 0)) == [sse.BEAT]
