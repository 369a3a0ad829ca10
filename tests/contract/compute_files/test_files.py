"""The port ObjectFiles over a local folder and over another fsspec file system; and Logs above both."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.logs import StoredLogs
from services.compute.domain.errors import FilesUnavailable, OutputNotFound, Refused
from services.compute.domain.layout import live_log, stored_log
from services.compute.ports.files import ObjectFiles
from tests.waiting import wait_for

UID = "a" * 32
BIG = bytes(range(256)) * 40_000  # more than one piece of anybody's


@pytest.fixture(params=["file", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectFiles:
    root = f"file://{tmp_path}/kept" if request.param == "file" else f"memory://{tmp_path}/kept"
    return open_files(root)


@pytest.fixture
def logs(files: ObjectFiles, tmp_path: Path) -> StoredLogs:
    return StoredLogs(tmp_path / "work", files)


def read(files: ObjectFiles, path: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join(files.open(path, start, length))


def grow(tmp_path: Path, stream: str, content: bytes) -> None:
    live = tmp_path / "work" / live_log(UID, 1, stream)
    live.parent.mkdir(parents=True, exist_ok=True)
    with live.open("ab") as file:
        file.write(content)


def test_what_is_put_is_there(files: ObjectFiles) -> None:
    kept = files.put("jobs/a/b.bin", iter([BIG[:1000], b"", BIG[1000:]]))
    assert (kept.size, kept.sha256) == (len(BIG), hashlib.sha256(BIG).hexdigest())
    assert files.size("jobs/a/b.bin") == len(BIG)
    assert read(files, "jobs/a/b.bin") == BIG


@pytest.mark.parametrize(
    ("start", "length", "wanted"),
    [
        (0, 5, BIG[:5]),
        (300, 10, BIG[300:310]),
        (len(BIG) - 3, 10, BIG[-3:]),
        (len(BIG), None, b""),
        (len(BIG) + 9, None, b""),
        (7, 0, b""),
        (5_000_000, None, BIG[5_000_000:]),
    ],
)
def test_parts(files: ObjectFiles, start: int, length: int | None, wanted: bytes) -> None:
    files.put("x", [BIG])
    assert read(files, "x", start, length) == wanted


def test_a_file_of_the_machine(files: ObjectFiles, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(BIG)
    assert files.put_file("jobs/log", tmp_path / "log").size == len(BIG)
    assert read(files, "jobs/log") == BIG


def test_a_link_is_not_followed(files: ObjectFiles, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(FilesUnavailable):
        files.put_file("x", tmp_path / "link")


def test_the_newer_takes_the_place_of_the_older(files: ObjectFiles) -> None:
    files.put("x", [b"older"])
    files.put("x", [b"new"])
    assert read(files, "x") == b"new"


def test_whole_or_not_at_all(files: ObjectFiles) -> None:
    def breaking(path: str) -> Iterator[bytes]:
        yield b"half"
        assert _seen(files, path) in (None, b"old")
        raise RuntimeError("the source broke off")

    files.put("old", [b"old"])
    for path in ("new", "old"):
        with pytest.raises(RuntimeError, match="broke off"):
            files.put(path, breaking(path))
    assert _seen(files, "new") is None
    assert _seen(files, "old") == b"old"


def _seen(files: ObjectFiles, path: str) -> bytes | None:
    try:
        return read(files, path)
    except OutputNotFound:
        return None


def test_a_limit(files: ObjectFiles) -> None:
    assert files.put("x", [b"12345"], 5).size == 5
    with pytest.raises(Refused) as refused:
        files.put("y", [b"123", b"456"], 5)
    assert refused.value.reason.code == "output_too_large"
    with pytest.raises(OutputNotFound):
        files.open("y")


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "a\0b", "a\nb", "x" * 300, ".parts"]
)
def test_paths_that_are_none(files: ObjectFiles, path: str) -> None:
    with pytest.raises(OutputNotFound):
        files.open(path)
    with pytest.raises(OutputNotFound):
        files.size(path)
    with pytest.raises(ValueError, match="not a path"):
        files.put(path, [b"x"])
    with pytest.raises(ValueError, match="not a path"):
        files.remove(path)


def test_folders_are_no_files(files: ObjectFiles) -> None:
    files.put("a/b/c", [b"x"])
    for path in ("a", "a/b", "a/b/c/d", "none"):
        with pytest.raises(OutputNotFound):
            files.open(path)
        with pytest.raises(OutputNotFound):
            files.size(path)


def test_sizes_and_removal(files: ObjectFiles) -> None:
    files.put("a/one", [b"1"])
    files.put("a/two", [b"22"])
    files.put("a/below/three", [b"333"])
    assert files.sizes("a") == {"one": 1, "two": 2}
    assert files.sizes("none") == {}
    files.remove("a/one")
    assert files.sizes("a") == {"two": 2}
    for _ in range(2):
        files.remove("a")
        assert files.sizes("a/below") == {}


def test_it_answers(files: ObjectFiles) -> None:
    files.ping()


def test_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        open_files("nonsense://x")


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FilesUnavailable):
        open_files(f"file://{tmp_path}/file/below")


def test_a_log_while_it_grows(logs: StoredLogs, tmp_path: Path) -> None:
    grow(tmp_path, "main.0.0.output", b"one\n")
    assert logs.size(UID, 1, "main.0.0.output") == 4
    following = logs.chunks(UID, 1, "main.0.0.output")
    grow(tmp_path, "main.0.0.output", b"two\n")
    assert b"".join(following) == b"one\n"  # as it stood then
    assert logs.read(UID, 1, "main.0.0.output", 2, 4) == b"e\ntw"
    assert logs.read(UID, 1, "main.0.0.output", 8, 10) == b""
    assert logs.read(UID, 1, "main.0.0.output", 99, 10) == b""


def test_a_log_that_moves_goes_on_at_the_same_byte(
    logs: StoredLogs, files: ObjectFiles, tmp_path: Path
) -> None:
    live = tmp_path / "work" / live_log(UID, 1, "staging")
    grow(tmp_path, "staging", BIG)
    before = logs.read(UID, 1, "staging", 0, 1000)
    files.put_file(stored_log(UID, 1, "staging"), live)
    live.unlink()
    assert before + logs.read(UID, 1, "staging", 1000, len(BIG)) == BIG
    assert logs.size(UID, 1, "staging") == len(BIG)


def test_streams_in_the_order_of_a_jobs_life(logs: StoredLogs, files: ObjectFiles, tmp_path: Path) -> None:
    for name in ("publishing", "main.0.10.stdout", "main.0.2.stderr", "main.0.2.stdout", ".main.0.0.verdict"):
        grow(tmp_path, name, b"x")
    files.put(stored_log(UID, 1, "staging"), [b"x"])
    files.put(stored_log(UID, 2, "main.0.0.output"), [b"x"])
    assert logs.streams(UID, 1) == [
        "staging",
        "main.0.2.stderr",
        "main.0.2.stdout",
        "main.0.10.stdout",
        "publishing",
    ]
    assert logs.streams(UID, 2) == ["main.0.0.output"]
    assert logs.streams("b" * 32, 1) == []


@pytest.mark.parametrize("stream", ["", "..", "../staging", "main.0.0", "staging/x", "/etc/passwd"])
def test_streams_that_are_none(logs: StoredLogs, stream: str) -> None:
    with pytest.raises(OutputNotFound):
        logs.size(UID, 1, stream)
    with pytest.raises(OutputNotFound):
        logs.read("../" + UID, 1, "staging", 0, 1)


def test_a_live_log_that_is_a_link_is_not_followed(logs: StoredLogs, tmp_path: Path) -> None:
    grow(tmp_path, "publishing", b"x")
    (tmp_path / "work" / live_log(UID, 1, "staging")).symlink_to("/etc/passwd")
    with pytest.raises(OutputNotFound):
        logs.read(UID, 1, "staging", 0, 10)


def test_files_that_nobody_wrote_lately_are_found_at_any_depth(files: ObjectFiles) -> None:
    for path in ("sandboxes/a/old", "sandboxes/b/deep/old", "jobs/a/old"):
        files.put(path, [b"x"])
    between = time.time() + 0.02
    wait_for(lambda: time.time() > between, "the clock to move")
    files.put("sandboxes/a/new", [b"x"])
    files.put("sandboxes/b/deep/old", [b"again"])
    assert list(files.unchanged_since("sandboxes", between)) == ["sandboxes/a/old"]
    everything = {"sandboxes/a/old", "sandboxes/a/new", "sandboxes/b/deep/old"}
    assert set(files.unchanged_since("sandboxes", time.time() + 60)) == everything
    assert list(files.unchanged_since("nothing", time.time())) == []
