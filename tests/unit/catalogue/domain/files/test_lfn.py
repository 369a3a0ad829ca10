"""Logical file names: what is one, and what lies above and below it."""

import pytest

from services.catalogue.domain.files.errors import InvalidPath
from services.catalogue.domain.files.lfn import (
    MAX_DEPTH,
    MAX_NAME_BYTES,
    MAX_PATH_BYTES,
    above,
    child,
    is_below,
    name_of,
    parent_of,
    parse_lfn,
    vo_of,
)

pytestmark = pytest.mark.clause("dirac 3.1", "dirac 3.7")


@pytest.mark.parametrize(
    ("text", "lfn"),
    [
        ("/", "/"),
        ("///", "/"),
        ("/vo", "/vo"),
        ("/vo/d//", "/vo/d"),
        ("/vo/..a/ b /ü", "/vo/..a/ b /ü"),
        ("/" + "x" * MAX_NAME_BYTES, "/" + "x" * MAX_NAME_BYTES),
        ("/a" * MAX_DEPTH, "/a" * MAX_DEPTH),
    ],
    ids=range(7),
)
def test_a_path_loses_its_last_slashes(text: str, lfn: str) -> None:
    assert parse_lfn(text) == lfn


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "A path begins with /."),
        ("vo/d", "A path begins with /."),
        ("/vo/\ud800", "A path is UTF-8."),
        ("/" + "x" * MAX_PATH_BYTES, f"A path has {MAX_PATH_BYTES} bytes at most."),
        ("/a" * (MAX_DEPTH + 1), f"A path has {MAX_DEPTH} parts at most."),
        ("/vo/a\0", "A path has no control characters."),
        ("/vo/a\x7f/b", "A path has no control characters."),
        ("/vo//a", "A path has no empty parts, no . and no .. in it."),
        ("/vo/./a", "A path has no empty parts, no . and no .. in it."),
        ("/vo/..", "A path has no empty parts, no . and no .. in it."),
        ("/ü" + "ü" * 127, f"Each part of a path has {MAX_NAME_BYTES} bytes at most."),
    ],
    ids=range(11),
)
def test_what_is_no_path(text: str, told: str) -> None:
    with pytest.raises(InvalidPath) as caught:
        parse_lfn(text)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("lfn", "parent", "name", "vo", "over"),
    [
        ("/", "/", "", None, []),
        ("/vo", "/", "vo", "vo", ["/"]),
        ("/vo/d", "/vo", "d", "vo", ["/", "/vo"]),
        ("/vo/d/f", "/vo/d", "f", "vo", ["/", "/vo", "/vo/d"]),
    ],
)
def test_a_path_and_its_parts(lfn: str, parent: str, name: str, vo: str | None, over: list[str]) -> None:
    assert (parent_of(lfn), name_of(lfn), vo_of(lfn), above(lfn)) == (parent, name, vo, over)
    if name:
        assert child(parent, name) == lfn


@pytest.mark.parametrize(
    ("lfn", "directory", "expected"),
    [
        ("/vo/d", "/vo", True),
        ("/vo", "/vo", True),
        ("/vo2", "/vo", False),
        ("/vo", "/vo/d", False),
        ("/", "/", True),
        ("/vo", "/", True),
        ("/", "/vo", False),
    ],
)
def test_below_is_in_it_or_the_same(lfn: str, directory: str, expected: bool) -> None:
    assert is_below(lfn, directory) is expected
