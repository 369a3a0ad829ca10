"""Which folder a path lies in, and names that are no paths."""

import pytest

from services.compute.domain import layout
from services.compute.domain.layout import holder, is_plain_path, stream_rank

UID = "ab" * 16

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


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (layout.attempt_folder(UID, 2), f"{UID}/2"),
        (layout.live_log(UID, 2, "staging"), f"{UID}/2/logs/staging"),
        (layout.job_folder(UID, 2, 0), f"{UID}/2/folders/0"),
        (layout.stored_job(UID), f"jobs/{UID}"),
        (layout.stored_output(UID, "a/b"), f"jobs/{UID}/outputs/a/b"),
        (layout.stored_logs(UID, 2), f"jobs/{UID}/logs/2"),
        (layout.stored_log(UID, 2, "staging"), f"jobs/{UID}/logs/2/staging"),
        (layout.stored_archive(UID, "x.zip"), f"jobs/{UID}/archives/x.zip"),
        (layout.stored_errand(UID, "cd" * 16), f"jobs/{UID}/errands/{'cd' * 16}"),
        (layout.stored_object("ef"), "objects/ef"),
    ],
)
def test_where_files_are(found: str, place: str) -> None:
    assert found == place


def test_uploads_of_one_owner_lie_together_and_tell_nothing_of_them() -> None:
    folder = layout.sandboxes("person:alice")
    assert layout.stored_sandbox("person:alice", "a.tgz") == f"{folder}/a.tgz"
    assert folder.startswith("sandboxes/")
    assert "alice" not in folder
    assert folder != layout.sandboxes("person:bob")


@pytest.mark.parametrize(("role", "kind"), [("main", "output"), ("a-1", "stdout"), ("x" * 32, "stderr")])
def test_streams_of_runs(role: str, kind: str) -> None:
    name = layout.stream(role, 3, 0, kind)
    assert name == f"{role}.3.0.{kind}"
    assert layout.is_stream(name)
    assert layout.stream_rank(name) == (1, role, 3, 0, kind)


@pytest.mark.parametrize(
    "name", ["", "Main.0.0.stdout", "main.0.0.stdin", "main.0.stdout", "main.0.0.stdout\n", "x/staging"]
)
def test_what_is_no_stream(name: str) -> None:
    assert not layout.is_stream(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", True), ("_a.-1", True), ("", False), (".a", False), ("a/b", False), ("x" * 129, False)],
)
def test_names_of_uploads(name: str, expected: bool) -> None:
    assert layout.is_sandbox_name(name) is expected
