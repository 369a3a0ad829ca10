"""Inputs that are archives, in a job's folders; and folders that are seen at two places."""

import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.job import Job
from services.compute.domain.spec import Folder, Input, Output, Resources, Role, Source
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from tests.archives import tar
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, TASK, Site

ARCHIVE = Input(source=Source.GRANT, path="/work/in/x.tgz", value="handle", label="the data", unpack=True)


class TestInAJob:
    def spec(self, *inputs: Input, **more: Any) -> dict[str, Any]:
        folders = (Folder(path="/work", writable=True), Folder(path="/work/in/data/inner"))
        roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=100_000)),)
        return {"folders": folders, "roles": roles, "inputs": inputs, "outputs": (), **more}

    def look(self, site: Site) -> dict[str, bytes]:
        found: dict[str, bytes] = {}

        def act(spec: RunSpec) -> None:
            for mount in spec.mounts:
                for path in mount.host.rglob("*"):
                    if path.is_file() and not path.is_symlink():
                        found[f"{mount.path}/{path.relative_to(mount.host)}"] = path.read_bytes()

        site.engine.scripts = Script(act=act)
        return found

    def test_its_contents_come_to_its_place(self, site: Site) -> None:
        found = self.look(site)
        site.grants.files["handle"] = gzip.compress(tar(("data/a", b"1"), ("data/inner/b", b"2")))
        plain = Input(source=Source.INLINE, path="/work/in/data/c", value="3")
        assert site.run(**self.spec(ARCHIVE, plain)).state is State.SUCCEEDED
        assert found == {"/work/in/data/a": b"1", "/work/in/data/inner/b": b"2", "/work/in/data/c": b"3"}

    @pytest.mark.parametrize("executable", [True, False])
    def test_programs_in_it(self, site: Site, executable: bool) -> None:
        modes: list[int] = []

        def act(spec: RunSpec) -> None:
            modes.append((spec.mounts[0].host / "in" / "run").stat().st_mode & 0o777)

        site.engine.scripts = Script(act=act)
        site.grants.files["handle"] = gzip.compress(tar(("run", b"#!/bin/sh\n")))
        site.run(**self.spec(replace(ARCHIVE, executable=executable)))
        assert modes == [0o777 if executable else 0o666]

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (gzip.compress(tar(("../x", b""))), "input_not_unpacked"),
            (b"hello", "input_not_unpacked"),
            (gzip.compress(tar(("x", bytes(200_000)))), "input_too_large"),
            (os.urandom(200_000), "input_too_large"),
        ],
        ids=["out of it", "no archive", "too much inside", "too much"],
    )
    def test_why_it_was_not(self, site: Site, data: bytes, code: str) -> None:
        site.grants.files["handle"] = data
        job = site.run(**self.spec(ARCHIVE))
        assert refused(job) == code
        assert site.engine.submitted == []
        site.assert_clean()

    def test_the_pin_is_of_the_archive(self, site: Site) -> None:
        site.grants.files["handle"] = gzip.compress(tar(("x", b"")))
        assert refused(site.run(**self.spec(replace(ARCHIVE, sha256="0" * 64)))) == "input_mismatch"

    def test_a_later_input_goes_through_no_link(self, site: Site, tmp_path: Path) -> None:
        site.grants.files["handle"] = gzip.compress(tar(("data", None), ("sub", "data")))
        later = Input(source=Source.INLINE, path="/work/in/sub/evil", value="x")
        assert refused(site.run(**self.spec(ARCHIVE, later))) == "input_unavailable"

    def test_a_later_input_in_the_place_of_a_link(self, site: Site) -> None:
        found = self.look(site)
        site.grants.files["handle"] = gzip.compress(tar(("target", b"old"), ("l", "target")))
        later = Input(source=Source.INLINE, path="/work/in/l", value="new")
        assert site.run(**self.spec(ARCHIVE, later)).state is State.SUCCEEDED
        assert found == {"/work/in/target": b"old", "/work/in/l": b"new"}


class TestShown:
    """A folder that is seen at two places is one."""

    FOLDERS = (
        Folder(path="/home/user", writable=True),
        Folder(path="/data", writable=True, shows="/home/user/data"),
    )

    def test_all_ways_lead_to_it(self, site: Site) -> None:
        site.grants.files["handle"] = gzip.compress(tar(("data/a", b"1"), ("b", b"2")))
        given = replace(ARCHIVE, path="/home/user/x.tgz")

        def act(spec: RunSpec) -> None:
            hosts = {mount.path: mount.host for mount in spec.mounts}
            assert list(hosts) == ["/data", "/home/user", "/home/user/data"]
            assert hosts["/data"] == hosts["/home/user/data"]
            assert (hosts["/data"] / "a").read_bytes() == b"1"
            assert list((hosts["/home/user"] / "data").iterdir()) == []
            (hosts["/data"] / "out").write_bytes(b"3")

        site.engine.scripts = Script(act=act, output=b"said")
        task = replace(TASK, working_folder="/home/user", tee="/home/user/data/log")
        outputs = (Output(folder="/home/user", pattern="data/*"), Output(folder="/data", pattern="out"))
        job = site.run(
            replace(
                SPEC, folders=self.FOLDERS, inputs=(given,), outputs=outputs, roles=(Role(tasks=(task,)),)
            )
        )
        assert job.state is State.SUCCEEDED
        assert site.outputs(job.uid) == {"data/a": b"1", "data/log": b"said", "data/out": b"3", "out": b"3"}


def refused(job: Job) -> str:
    assert job.state is State.FAILED
    assert job.reason is not None
    assert "the data" in job.reason.sentence or "input 2" in job.reason.sentence
    return job.reason.code
