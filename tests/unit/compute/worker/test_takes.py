"""Outputs of which one file is kept: the first match, or a folder as an archive."""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain import patterns
from services.compute.domain.job import Job, Stored
from services.compute.domain.spec import Output, Resources, Role, Take
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from services.compute.worker import links
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import TASK, Site

Act = Callable[[Path], object]


def leaving(site: Site, act: Act) -> None:
    def acts(spec: RunSpec) -> None:
        act(spec.mounts[0].host)

    site.engine.scripts = Script(act=acts)


def files(**contents: bytes) -> Act:
    """`__` stands for `/`, a last `_` for none."""

    def act(work: Path) -> None:
        for name, content in contents.items():
            path = work / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    return act


def both(*acts: Act) -> Act:
    def act(work: Path) -> None:
        for one in acts:
            one(work)

    return act


def first(pattern: str, **more: object) -> Output:
    return Output(folder="/work", pattern=pattern, take=Take.FIRST, required=True, **more)  # type: ignore[arg-type]


def archive(pattern: str, **more: object) -> Output:
    return Output(folder="/work", pattern=pattern, take=Take.ARCHIVE, required=True, **more)  # type: ignore[arg-type]


def code(job: Job) -> str | None:
    assert job.state is (State.SUCCEEDED if job.reason is None else State.FAILED)
    return None if job.reason is None else job.reason.code


def listed(data: bytes) -> dict[str, bytes | str | None]:
    found: dict[str, bytes | str | None] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as packed:
        for info in packed:
            content = packed.extractfile(info) if info.isreg() else None
            found[info.name] = None if content is None else content.read()
            if info.issym():
                found[info.name] = f"-> {info.linkname}"
    return found


class TestFirst:
    @pytest.mark.parametrize(
        ("output", "kept"),
        [
            (first("*.csv"), {"a.csv": b"1"}),
            (first("b.csv"), {"b.csv": b"2"}),
            (first("*.csv", name="result/table.csv"), {"result/table.csv": b"1"}),
            (first("out/*/c.txt"), {"c.txt": b"3"}),
            (first("**/c.txt"), {"c.txt": b"3"}),
        ],
    )
    def test_one_file_by_its_last_name(self, site: Site, output: Output, kept: dict[str, bytes]) -> None:
        leaving(site, files(**{"b.csv": b"2", "a.csv": b"1", "out__x__c.txt": b"3", "out__y__c.txt": b"4"}))
        job = site.run(outputs=(output,))
        assert code(job) is None
        assert site.outputs(job.uid) == kept

    def test_files_with_the_same_last_name(self, site: Site) -> None:
        leaving(site, files(**{"a__x": b"1", "b__x": b"2"}))
        job = site.run(outputs=(first("a/x"), first("b/x"), first("b/*")))
        assert code(job) is None
        assert site.outputs(job.uid) == {"x": b"1", "b/x": b"2", "work/b/x": b"2"}

    def test_many_outputs_of_one_file(self, site: Site) -> None:
        leaving(site, files(x=b"1"))
        assert code(site.run(outputs=tuple(first("x") for _ in range(5)))) is None

    def test_what_cannot_be_kept_is_passed_over(self, site: Site) -> None:
        leaving(site, both(files(z=b"1"), lambda work: (work / "a").symlink_to("/etc/passwd")))
        job = site.run(outputs=(first("?"),))
        assert code(job) is None
        assert site.outputs(job.uid) == {"z": b"1"}

    def test_nothing_else_is_there(self, site: Site) -> None:
        leaving(site, lambda work: (work / "a").symlink_to("/etc/passwd"))
        assert code(site.run(outputs=(first("?"),))) == "output_refused"

    @pytest.mark.parametrize("output", [first("no*"), first("folder"), archive("no*"), archive("x")])
    def test_nothing_is_there(self, site: Site, output: Output) -> None:
        leaving(site, both(files(x=b"1"), lambda work: (work / "folder").mkdir()))
        assert code(site.run(outputs=(output,))) == "output_missing"

    def test_names_that_lead_out(self, site: Site) -> None:
        leaving(site, files(x=b"1"))
        job = site.run(outputs=(first("x", name="../../logs/1/staging"),))
        assert site.outputs(job.uid) == {}

    def test_folders_that_cannot_match_are_not_looked_into(self, site: Site) -> None:
        def many(work: Path) -> None:
            below = os.open(work, os.O_RDONLY)
            for _ in range(100):
                os.mkdir("d", dir_fd=below)
                below = os.open("d", os.O_RDONLY, dir_fd=below)

        leaving(site, both(files(out__x=b"1"), many))
        assert code(site.run(outputs=(first("out/x"),))) is None


FOLDER = files(**{"out__b.txt": b"b" * 1000, "out__deep__a": b"", "other__x": b"1"})


class TestArchive:
    def test_a_folder(self, site: Site) -> None:
        def links_and_programs(work: Path) -> None:
            (work / "out" / "b.txt").chmod(0o751)
            (work / "out" / "latest").symlink_to("deep/a")
            (work / "out" / "empty").mkdir()

        leaving(site, both(FOLDER, links_and_programs))
        job = site.run(outputs=(archive("out"),))
        assert code(job) is None
        [(name, data)] = site.outputs(job.uid).items()
        assert name == "out.tgz"
        assert listed(data) == {
            "out": None,
            "out/b.txt": b"b" * 1000,
            "out/deep": None,
            "out/deep/a": b"",
            "out/empty": None,
            "out/latest": "-> deep/a",
        }
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            assert {info.name: info.mode for info in packed}["out/b.txt"] == 0o755
            assert {(info.mtime, info.uid, info.uname) for info in packed} == {(0, 0, "")}
        [kept] = [file for file in site.store.files(job.uid) if file.kind is Stored.OUTPUT]
        assert (kept.media_type, kept.size) == ("application/gzip", len(data))
        assert kept.sha256 == hashlib.sha256(data).hexdigest()

    @pytest.mark.parametrize(
        ("output", "name", "top"),
        [
            (archive("o*"), "other.tgz", "other"),
            (archive("out/deep"), "deep.tgz", "out"),
            (archive("out", name="all.tar.gz"), "all.tar.gz", "out"),
            (archive("**"), "work.tgz", "other"),
        ],
    )
    def test_which_folder(self, site: Site, output: Output, name: str, top: str) -> None:
        leaving(site, FOLDER)
        job = site.run(outputs=(output,))
        assert code(job) is None
        [(kept, data)] = site.outputs(job.uid).items()
        assert (kept, next(iter(listed(data)))) == (name, top)

    def test_the_same_bytes_for_the_same_contents(self, site: Site) -> None:
        kept = set()
        for order in (1, -1):
            names = ["out__x", "out__y", "out__z"][::order]
            leaving(site, files(**{name: name.encode() * 99 for name in names}))
            [data] = site.outputs(site.run(outputs=(archive("out"),)).uid).values()
            kept.add(data)
        assert len(kept) == 1

    @pytest.mark.parametrize(
        "hostile",
        [
            lambda out: (out / "passwd").symlink_to("/etc/passwd"),
            lambda out: (out / "up").symlink_to("../../x"),
            lambda out: ((out / "s").symlink_to("."), (out / "t").symlink_to("s/../x")),
            lambda out: os.mkfifo(out / "pipe"),
            lambda out: (out / "new\nline").write_bytes(b"x"),
            lambda out: (out / ("d/" * 70)).mkdir(parents=True),
        ],
    )
    def test_what_must_not_be_in_it(self, site: Site, hostile: Act) -> None:
        leaving(site, both(FOLDER, lambda work: hostile(work / "out")))
        job = site.run(outputs=(archive("out"),))
        assert code(job) == "output_refused"
        [data] = site.outputs(job.uid).values()
        found = listed(data)
        assert found["out/b.txt"] == b"b" * 1000
        assert not any(str(value).startswith("-> ") for value in found.values())
        assert b"root:" not in gzip.decompress(data)

    def test_a_link_in_its_place(self, site: Site) -> None:
        leaving(site, lambda work: (work / "out").symlink_to("/etc"))
        job = site.run(outputs=(archive("out"),))
        assert code(job) == "output_refused"
        assert site.outputs(job.uid) == {}

    def test_more_than_the_jobs_disk(self, site: Site) -> None:
        def hole(work: Path) -> None:
            (work / "out").mkdir()
            with (work / "out" / "hole").open("wb") as file:
                file.truncate(1 << 40)

        leaving(site, hole)
        roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=1000)),)
        assert code(site.run(roles=roles, outputs=(archive("out"),))) == "output_too_large"

    def test_names_of_every_kind(self, site: Site) -> None:
        name = "ü" * 80
        leaving(site, files(**{f"out__{name}__{name}": b"1", "out__b\\c d": b"2"}))
        [data] = site.outputs(site.run(outputs=(archive("out"),)).uid).values()
        assert listed(data) == {
            "out": None, f"out/{name}": None, f"out/{name}/{name}": b"1", "out/b\\c d": b"2",
        }  # fmt: skip


def test_an_output_that_is_not_required(site: Site) -> None:
    outputs = tuple(replace(output, required=False) for output in (first("no"), archive("no")))
    assert code(site.run(outputs=outputs)) is None


@pytest.mark.parametrize(
    ("pattern", "folder", "leads"),
    [
        ("*", "a", False),
        ("a/*", "a", True),
        ("a/*", "b", False),
        ("a/b/c", "a/b", True),
        ("a/b/c", "a/b/c", False),
        ("**/x", "a/b/c", True),
        ("a/**", "a/b/c", True),
        ("a/**", "b", False),
        ("**", "a", True),
    ],
)
def test_where_a_pattern_leads(pattern: str, folder: str, leads: bool) -> None:
    assert patterns.leads_on(pattern, folder) is leads


@pytest.mark.parametrize(
    ("tree", "out"),
    [
        ({("a",): "b"}, None),
        ({("a",): "../b"}, ("a",)),
        ({("d", "a"): "../b"}, None),
        ({("d", "a"): "../../b"}, ("d", "a")),
        ({("s",): "d/e", ("t",): "s/../.."}, None),
        ({("s",): "d/e", ("t",): "s/../../.."}, ("t",)),
        ({("a",): "b", ("b",): "a"}, None),
        ({("a",): "./././b//c"}, None),
    ],
)
def test_links_followed_as_the_kernel_does(tree: links.Links, out: tuple[str, ...] | None) -> None:
    assert links.leads_out(tree) == out


def test_too_many_steps_count_as_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_STEPS", 10)
    assert links.leads_out({("a",): "b/" * 20}) == ("a",)
