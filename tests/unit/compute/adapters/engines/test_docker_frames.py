"""Docker's log stream undone: whatever pieces it comes in, and however it is broken."""

import random
import struct
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.adapters.engines.docker.frames import (
    MOST_FRAME_BYTES,
    REMEMBERED_FRAMES,
    Frame,
    Text,
    dechunked,
    frames,
)

PART = 16  # stands for Docker's 16 KiB
STAMP = "2026-11-22T09:09:42.{:09d}Z"


def stored(wrote: bytes, ends_kept: bool = False) -> list[Frame]:
    """As the `local` driver keeps it: a line of PART bytes or more in parts, the last without its end unless
    `ends_kept` (Docker 25).
    """
    *lines, rest = wrote.split(b"\n")
    kept = []
    for number, line in enumerate([*lines, rest]):
        stamp = STAMP.format(number).encode()
        while len(line) >= PART:
            kept.append(Frame(1, stamp, line[:PART]))
            line = line[PART:]
        is_part = bool(kept) and kept[-1].stamp == stamp
        if number < len(lines):
            kept.append(Frame(1, stamp, line + (b"\n" if ends_kept or not is_part else b"")))
        elif line:
            kept.append(Frame(1, stamp, line))
    return kept


def wire(found: Sequence[Frame], frames_in_chunk: int = 1) -> bytes:
    framed = []
    for source, stamp, text in found:
        payload = stamp + b" " + text
        framed.append(struct.pack(">BxxxL", source, len(payload)) + payload)
    groups = [b"".join(framed[n : n + frames_in_chunk]) for n in range(0, len(framed), frames_in_chunk)]
    return b"".join(b"%x\r\n%b\r\n" % (len(group), group) for group in groups) + b"0\r\n\r\n"


class Pieces:
    """A connection that gives what it likes at a time."""

    def __init__(self, data: bytes, dice: random.Random, most: int) -> None:
        self._data = data
        self._dice = dice
        self._most = most

    def __call__(self, size: int) -> bytes:
        taken = self._dice.randint(1, min(size, self._most))
        given, self._data = self._data[:taken], self._data[taken:]
        return given


def read(data: bytes, seed: int = 1, most: int = 1 << 20) -> Iterator[Sequence[Frame]]:
    return frames(dechunked(Pieces(data, random.Random(seed), most)))


def text_of(data: bytes, seed: int = 1, most: int = 1 << 20) -> bytes:
    text = Text()
    return b"".join(text.of(found) for found in read(data, seed, most))


LINES = st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"\r\n\0")), max_size=30)


@given(LINES, st.binary(max_size=PART - 1), st.booleans(), st.integers(1, 5), st.integers(0, 99))
def test_what_was_written_is_what_is_read(
    lines: list[bytes], last: bytes, ends_kept: bool, frames_in_chunk: int, seed: int
) -> None:
    """A last line, of less than a part, makes all ends before it certain."""
    wrote = (
        b"".join(line.replace(b"\n", b"") + b"\n" for line in lines) + b"end" + last.replace(b"\n", b"")[3:]
    )
    data = wire(stored(wrote, ends_kept), frames_in_chunk)
    for most in (1, 7, 100, 1 << 18):
        assert text_of(data, seed, most) == wrote


@pytest.mark.parametrize(
    ("wrote", "read_as"),
    [
        (b"x" * 2 * PART + b"\n", b"x" * 2 * PART + b"\n"),  # an empty part says that a line ended
        (b"x" * 2 * PART, b"x" * 2 * PART),
        (b"x" * (PART + 1) + b"\n", b"x" * (PART + 1)),  # looks as if it had no end
        (b"", b""),
    ],
)
def test_the_last_line_when_it_is_long(wrote: bytes, read_as: bytes) -> None:
    assert text_of(wire(stored(wrote))) == read_as


def test_a_line_in_parts_with_another_outputs_line_between() -> None:
    found = [
        Frame(1, b"A", b"one "),
        Frame(2, b"B", b"other\n"),
        Frame(1, b"A", b"line"),
        Frame(1, b"C", b"!\n"),
    ]
    assert Text().of(found) == b"one other\nline\n!\n"


GOOD = wire(stored(b"first\nsecond\n"))


@pytest.mark.parametrize("cut", range(len(GOOD) - 2))
def test_a_stream_that_breaks_off_says_so(cut: int) -> None:
    with pytest.raises(OSError, match="log stream"):
        list(read(GOOD[:cut]))


@pytest.mark.parametrize(
    "data",
    [
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"a" * 1000,
        b"8\r\n" + struct.pack(">BxxxL", 1, MOST_FRAME_BYTES + 1) + b"\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_what_no_engine_sends(data: bytes) -> None:
    with pytest.raises(OSError, match="log stream"):
        list(read(data))


LOG = stored(b"".join(b"%d\n" % n for n in range(40)))


@pytest.mark.parametrize("came", [2, REMEMBERED_FRAMES, 20, 39, 40])
def test_what_did_not_come_is_found_in_the_tail(came: int) -> None:
    text = Text()
    for frame in LOG[:came]:
        text.of([frame])
    assert text.missing(LOG) == LOG[came:]
    assert text.missing(LOG[max(0, came - REMEMBERED_FRAMES) :]) == LOG[came:]


@pytest.mark.parametrize(
    ("came", "tail"),
    [
        (LOG[:0], LOG),
        (LOG[:1], LOG),  # one time only: as it would be of parts of one line
        (LOG[:10], LOG[5:]),
        (LOG[:10], []),
        (stored(b"x" * 20 * PART), stored(b"x" * 30 * PART)),
        (LOG[:2], LOG[:2] + LOG[:4]),
    ],
)
def test_a_tail_that_does_not_tell(came: list[Frame], tail: list[Frame]) -> None:
    text = Text()
    text.of(came)
    assert text.missing(tail) is None
