"""Outputs as files: whole or not there, and never outside."""

import hashlib
from pathlib import Path

import pytest

from libs.client.downloads import save, target_of
from libs.client.errors import BadDownload
from libs.client.sizes import seconds_of, shown_duration, shown_size


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", "a\0b", "a\\..\\b"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadDownload):
        target_of(tmp_path, path)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "deep").symlink_to(outside)
    with pytest.raises(BadDownload):
        target_of(inside, "deep/x")


def test_a_whole_file_is_there_under_its_name(tmp_path: Path) -> None:
    target = target_of(tmp_path, "deep/er/x.txt")
    file = {"path": "x", "size": 4, "sha256": hashlib.sha256(b"abcd").hexdigest()}
    assert save(iter([b"ab", b"cd"]), target, file) == 4
    assert target.read_bytes() == b"abcd"
    assert [entry.name for entry in target.parent.iterdir()] == ["x.txt"]


@pytest.mark.parametrize("pieces", [[b"abc"], [b"abcx"], []])
def test_what_differs_leaves_nothing_and_keeps_what_was_there(tmp_path: Path, pieces: list[bytes]) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    file = {"path": "x", "size": 4, "sha256": hashlib.sha256(b"abcd").hexdigest()}
    with pytest.raises(BadDownload):
        save(iter(pieces), target, file)
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1", "1w", "1h30m", "1e3"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        seconds_of(text)


def test_shown_sizes_and_durations() -> None:
    assert [shown_size(count) for count in (0, 1023, 1536, 3 << 40)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "3.0 TiB",
    ]
    assert [shown_duration(count) for count in (4.9, 125, 11400, 187200)] == [
        "4s",
        "2m 5s",
        "3h 10m",
        "2d 4h",
    ]
