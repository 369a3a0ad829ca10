"""Which folder a path lies in, and names that are no paths."""

import pytest

from services.compute.domain.layout import holder, is_plain_path, stream_rank

FOLDERS = ("/home/user", "/tmp", "/home/user/data", "/")


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/home/user/a", 0),
        ("/home/user", 3),
        ("/home/user2/a", 3),
        ("/home/user/data", 0),
        ("/home/user/data/x/y", 2),
        ("/tmp/x", 1),
        ("/", None),
        ("home/user/a", None),
        ("", None),
    ],
)
def test_the_deepest_folder_holds_a_path(path: str, number: int | None) -> None:
    assert holder(path, FOLDERS) == number


def test_without_folders() -> None:
    assert holder("/a", ()) is None


@pytest.mark.parametrize("text", ["", ".", "..", "/a", "a/", "a//b", "a/../b", "a\0", "a/\x7f", "x" * 256])
def test_no_plain_paths(text: str) -> None:
    assert not is_plain_path(text)
    assert is_plain_path("a b/ü/..c")


def test_streams_are_shown_in_their_order() -> None:
    names = ["publishing", "odd", "main.0.10.stdout", "main.0.9.stderr", "a.1.0.output", "staging"]
    ranked = sorted(names, key=stream_rank)
    assert ranked == ["staging", "a.1.0.output", "main.0.9.stderr", "main.0.10.stdout", "publishing", "odd"]
