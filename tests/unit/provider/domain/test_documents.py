"""Documents: states, bounded decompression, what is a files object. Source: contract 5.3."""

import contextlib
import hashlib
import json
import lzma
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.documents import (
    MAX_DOCUMENT_BYTES,
    AssetRetired,
    NotADocument,
    NotDecompressible,
    State,
    UnknownState,
    WrongChecksum,
    check_document,
    check_state,
    decompress,
    is_files_object,
)

pytestmark = pytest.mark.clause("ocean 5.3")


@given(st.binary(max_size=4000))
def test_what_python_compresses_comes_back(data: bytes) -> None:
    assert decompress(lzma.compress(data)) == data
    assert decompress(lzma.compress(data, format=lzma.FORMAT_ALONE)) == data


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(NotDecompressible):
        decompress(data)


@pytest.mark.parametrize("trailing", [b"", b"garbage after the end", b"\x00", b"\x00" * 4, b"\xfd7zXZ"])
def test_what_follows_a_stream_is_treated_as_pythons_own_reader_does(trailing: bytes) -> None:
    data = lzma.compress(b"a") + lzma.compress(b"b") + trailing
    try:
        expected = lzma.decompress(data)
    except lzma.LZMAError:
        with pytest.raises(NotDecompressible):
            decompress(data)
    else:
        assert decompress(data) == expected


def test_the_limit_is_exact() -> None:
    data = lzma.compress(bytes(100))
    assert decompress(data, limit=100) == bytes(100)
    with pytest.raises(NotDecompressible):
        decompress(data, limit=99)


@pytest.mark.parametrize("preset", [0, 6, 9, 9 | lzma.PRESET_EXTREME])
def test_every_preset_is_read(preset: int) -> None:
    assert decompress(lzma.compress(b"x" * 1000, preset=preset)) == b"x" * 1000


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_cut_streams_are_refused(cut: int) -> None:
    with pytest.raises(NotDecompressible):
        decompress(lzma.compress(b"some document")[:-cut])


@pytest.mark.parametrize("data", [b"", b"\x00", b"plain text", b"\xfd7zXZ\x00"])
def test_what_is_no_stream_is_refused(data: bytes) -> None:
    with pytest.raises(NotDecompressible):
        decompress(data)


def test_decompression_bombs_stay_within_their_bound() -> None:
    bomb = lzma.compress(bytes(300_000_000), preset=0)
    tracemalloc.start()
    try:
        with pytest.raises(NotDecompressible):
            decompress(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MAX_DOCUMENT_BYTES


def test_a_dictionary_larger_than_any_honest_one_is_refused() -> None:
    greedy = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 * 1024 * 1024}]
    with pytest.raises(NotDecompressible):
        decompress(lzma.compress(b"x", format=lzma.FORMAT_XZ, filters=greedy))


@pytest.mark.parametrize("state", [0, 4, 5])
def test_readable_states(state: int) -> None:
    check_state(state)


@pytest.mark.parametrize("state", [1, 2, 3])
def test_retired_states(state: int) -> None:
    with pytest.raises(AssetRetired) as refused:
        check_state(state)
    assert refused.value.state is State(state)


@pytest.mark.parametrize("state", [-1, 6, 255])
def test_states_that_do_not_exist(state: int) -> None:
    with pytest.raises(UnknownState):
        check_state(state)


def test_hash_comes_before_the_look_inside() -> None:
    files = b'{"files":[]}'
    with pytest.raises(WrongChecksum):
        check_document(files, b"\x00" * 32)
    with pytest.raises(NotADocument):
        check_document(files, hashlib.sha256(files).digest())
    document = b'{"id":"did:op:1"}'
    check_document(document, hashlib.sha256(document).digest())


@pytest.mark.parametrize(
    ("plaintext", "expected"),
    [
        (b'{"id":"did:op:1","services":[{"files":"0x04"}]}', False),
        (b'{"a":{"files":[]}}', False),
        (b"not json", False),
        (b"\xff\xfe\x00", False),
        (b'"files"', False),
        (b"", False),
        (b"[" * 100_000, False),
        (b'{"files":[]}', True),
        (b"[]", True),
        (b'[{"url":"https://x"}]', True),
        (b'{"\\u0066iles":[]}', True),
        (json.dumps({"files": []}).encode("utf-32"), True),
    ],
)
def test_files_objects_are_recognised_in_every_spelling_a_reader_takes(
    plaintext: bytes, expected: bool
) -> None:
    assert is_files_object(plaintext) is expected
