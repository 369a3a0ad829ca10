"""What hostile and clumsy jobs leave, and what of it is kept."""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain.errors import FilesUnavailable
from services.compute.domain.job import Job
from services.compute.domain.patterns import matches
from services.compute.domain.spec import Folder, Output, Resources, Role
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, TASK, Site


def leaving(act: Callable[[Path], object]) -> Script:
    """`act` gets the writable folder, with `outputs` in it."""

    def acts(spec: RunSpec) -> None:
        [host] = [mount.host for mount in spec.mounts if mount.writable]
        (host / "outputs").mkdir(exist_ok=True)
        act(host / "outputs")

    return Script(act=acts)


def code(job: Job) -> str:
    assert job.state is State.FAILED
    assert job.reason is not None
    return job.reason.code


def link_out(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    (outputs / "passwd").symlink_to("/etc/passwd")


def link_folder_out(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    (outputs / "etc").symlink_to("/etc", target_is_directory=True)


def pipe(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    os.mkfifo(outputs / "pipe")


def ear(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    here = os.open(outputs, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{here}/ear")
    os.close(here)


def odd_name(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    (outputs / "new\nline").write_bytes(b"x")


def bytes_name(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    with open(os.fsencode(outputs) + b"/\xff\xfe", "wb") as file:
        file.write(b"x")


def deep(outputs: Path) -> None:
    (outputs / "good").write_bytes(b"good")
    here = os.open(outputs, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.parametrize("act", [link_out, link_folder_out, pipe, ear, odd_name, bytes_name, deep])
def test_only_plain_files_and_folders_are_kept(site: Site, act: Callable[[Path], None]) -> None:
    site.engine.scripts = leaving(act)
    job = site.run()
    assert code(job) == "output_refused"
    assert site.outputs(job.uid) == {"good": b"good"}
    site.assert_clean()


def test_a_link_in_the_place_of_the_folder(site: Site) -> None:
    def act(outputs: Path) -> None:
        outputs.rmdir()
        outputs.symlink_to("/etc", target_is_directory=True)

    site.engine.scripts = leaving(act)
    job = site.run()
    assert code(job) == "output_refused"
    assert site.outputs(job.uid) == {}


def test_what_nobody_asked_for_is_not_looked_at(site: Site) -> None:
    site.engine.scripts = leaving(link_out)
    job = site.run(outputs=(Output(folder="/work/outputs", pattern="goo*"),))
    assert job.state is State.SUCCEEDED
    assert site.outputs(job.uid) == {"good": b"good"}


def test_too_much_is_not_kept_at_all(site: Site) -> None:
    site.engine.scripts = leaving(lambda outputs: os.truncate(_made(outputs / "hole"), 1 << 40))
    roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=1000)),)
    job = site.run(roles=roles)
    assert code(job) == "output_too_large"
    assert site.outputs(job.uid) == {}


def test_two_folders_with_the_same_names(site: Site) -> None:
    def act(outputs: Path) -> None:
        (outputs / "x").write_bytes(b"1")
        (outputs.parent / "more").mkdir()
        (outputs.parent / "more" / "x").write_bytes(b"2")

    site.engine.scripts = leaving(act)
    job = site.run(outputs=(Output(folder="/work/outputs"), Output(folder="/work/more")))
    assert site.outputs(job.uid) == {"x": b"1", "work/more/x": b"2"}


def test_only_the_top_level_when_the_pattern_says_so(site: Site) -> None:
    def act(outputs: Path) -> None:
        (outputs / "x").write_bytes(b"1")
        (outputs / "below").mkdir()
        (outputs / "below" / "y").write_bytes(b"2")

    site.engine.scripts = leaving(act)
    spec = replace(SPEC, folders=(Folder(path="/data/in"), Folder(path="/work", writable=True)))
    job = site.run(spec, outputs=(Output(folder="/work/outputs", pattern="*"),))
    assert site.outputs(job.uid) == {"x": b"1"}


def test_an_object_store_that_comes_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.engine.scripts = leaving(lambda outputs: _made(outputs / "x"))
    put, failures = site.files.put, iter(range(3))

    def failing(*arguments: object) -> object:
        if next(failures, None) is not None:
            raise FilesUnavailable("full")
        return put(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(site.files, "put", failing)
    job = site.run()
    assert job.state is State.SUCCEEDED
    assert site.outputs(job.uid) == {"x": b""}


def test_an_object_store_that_stays_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> object:
        raise FilesUnavailable("full")

    monkeypatch.setattr(site.files, "put", failing)
    monkeypatch.setattr(site.files, "put_file", failing)
    assert code(site.run()) == "publish_failed"


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("**", "a/b/c", True),
        ("*", "a", True),
        ("*", "a/b", False),
        ("**/*.csv", "x.csv", True),
        ("**/*.csv", "a/b/x.csv", True),
        ("a/**", "a/b/c", True),
        ("a/**", "b/a/c", False),
        ("?.t[xy]t", "a.txt", True),
        ("?.t[!x]t", "a.txt", False),
        ("[", "[", True),
        ("[z-a]", "b", False),
        ("a.b", "axb", False),
        ("a[/]b", "a/b", False),
        ("**/x", "yx", False),
    ],
)
def test_patterns(pattern: str, path: str, wanted: bool) -> None:
    assert matches(pattern, path) is wanted


def test_a_pattern_of_stars_takes_no_time() -> None:
    assert not matches("*a" * 20, "a" * 200 + "b")


def _made(path: Path) -> Path:
    path.touch()
    return path
