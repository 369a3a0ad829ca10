"""Inputs from the site's storage and outputs to it: OpenPAI's codeDir, dataDir and outputDir."""

import stat
from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errors import BadSpec
from services.compute.domain.job import Job, NewJob
from services.compute.domain.job_check import check_job
from services.compute.domain.spec import Folder, Input, Output, Resources, Role, Source, Spec
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, TASK, Site

pytestmark = pytest.mark.clause("openpai 7.4")

CODE = Input(source=Source.STORAGE, path="/pai/code", value="code", group="alice", label="codeDir")
OUTPUT = Output(folder="/pai/out", to="Output/alice/j")
PAI = replace(
    SPEC,
    folders=(Folder(path="/pai/code"), Folder(path="/pai/in"), Folder(path="/pai/out", writable=True)),
    outputs=(OUTPUT,),
)


def look(found: dict[str, tuple[bytes, int]], **written: bytes) -> Script:
    """Notes what lies in the mounts, and writes into the folder for outputs."""

    def act(spec: RunSpec) -> None:
        for mount in spec.mounts:
            for path in mount.host.rglob("*"):
                if path.is_file():
                    inside = f"{mount.path}/{path.relative_to(mount.host)}"
                    found[inside] = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
            if mount.writable:
                (mount.host / "deep").mkdir()
                for name, content in written.items():
                    (mount.host / "deep" / name).write_bytes(content)

    return Script(act=act)


def run(site: Site, **changes: Any) -> Job:
    return site.run(PAI, dialect="openpai", **changes)


def failed(job: Job) -> tuple[str, str]:
    assert job.state is State.FAILED
    assert job.reason is not None
    return job.reason.code, job.reason.sentence


def test_a_folder_comes_with_all_that_lies_in_it(site: Site) -> None:
    site.storage.put("code/train.py", [b"print()"])
    site.storage.put("code/lib/a.py", [b"a"])
    site.storage.put("data/one.csv", [b"1"])
    found: dict[str, tuple[bytes, int]] = {}
    site.engine.scripts = look(found)
    data = Input(source=Source.STORAGE, path="/pai/in/data", value="data", group="alice")
    inline = Input(source=Source.INLINE, path="/pai/in/start.sh", value="true")
    assert run(site, inputs=(CODE, data, inline)).state is State.SUCCEEDED
    assert found == {
        "/pai/code/train.py": (b"print()", 0o644),
        "/pai/code/lib/a.py": (b"a", 0o644),
        "/pai/in/data/one.csv": (b"1", 0o644),
        "/pai/in/start.sh": (b"true", 0o644),
    }


@pytest.mark.parametrize(("path", "lies"), [("/pai/in/data", "/pai/in/data"), ("/pai/in", "/pai/in/one.csv")])
def test_one_file_comes_alone(site: Site, path: str, lies: str) -> None:
    site.storage.put("data/one.csv", [b"1" * 5000])
    found: dict[str, tuple[bytes, int]] = {}
    site.engine.scripts = look(found)
    given = Input(source=Source.STORAGE, path=path, value="data/one.csv", group="alice")
    assert run(site, inputs=(given,)).state is State.SUCCEEDED
    assert found == {lies: (b"1" * 5000, 0o644)}


def test_an_empty_folder_is_there(site: Site) -> None:
    site.storage.make_folder("data/empty")
    seen: list[bool] = []

    def act(spec: RunSpec) -> None:
        [host] = [mount.host for mount in spec.mounts if mount.path == "/pai/in"]
        seen.append((host / "data").is_dir())

    site.engine.scripts = Script(act=act)
    data = Input(source=Source.STORAGE, path="/pai/in/data", value="data/empty", group="alice")
    assert run(site, inputs=(data,)).state is State.SUCCEEDED
    assert seen == [True]


def test_what_is_missing_fails_the_job_before_it_runs(site: Site) -> None:
    told = ("input_unavailable", "codeDir is not in the storage.")
    assert failed(run(site, inputs=(CODE,))) == told
    assert site.engine.submitted == []


@pytest.mark.parametrize("value", ["Output/bob/j", "Output/bob", "Output"])
def test_another_users_outputs_are_not_read(site: Site, value: str) -> None:
    site.storage.put("Output/bob/j/secret", [b"canary"])
    code, sentence = failed(run(site, inputs=(replace(CODE, value=value),)))
    assert (code, "another user's" in sentence) == ("input_unavailable", True)
    assert site.engine.submitted == []


def test_inputs_are_no_more_than_the_disk(site: Site) -> None:
    for number in range(4):
        site.storage.put(f"code/{number}", [b"x" * 1000])
    roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=5000)),)
    assert failed(run(site, inputs=(CODE,), roles=roles))[0] == "input_too_large"
    roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=8000)),)
    assert run(site, inputs=(CODE,), roles=roles).state is State.SUCCEEDED


def test_a_storage_that_is_away_is_waited_for(site: Site) -> None:
    site.storage.put("code/train.py", [b"x"])
    site.storage.away = 3
    job = run(site, inputs=(CODE,))
    assert job.state is State.SUCCEEDED
    assert b"trying again" in site.log(job.uid, "staging")


def test_outputs_are_kept_and_written_to_the_storage(site: Site) -> None:
    site.engine.scripts = look({}, model=b"weights", log=b"line")
    job = run(site)
    assert job.state is State.SUCCEEDED
    assert site.outputs(job.uid) == {"deep/model": b"weights", "deep/log": b"line"}
    assert site.storage.files == {
        "Output/alice/j/deep/model": b"weights",
        "Output/alice/j/deep/log": b"line",
    }
    site.assert_clean()


def test_another_job_reads_what_one_wrote(site: Site) -> None:
    site.engine.scripts = look({}, model=b"weights")
    run(site)
    found: dict[str, tuple[bytes, int]] = {}
    site.engine.scripts = look(found)
    given = Input(source=Source.STORAGE, path="/pai/in", value="Output/alice/j", group="alice")
    assert run(site, inputs=(given,), outputs=()).state is State.SUCCEEDED
    assert found["/pai/in/deep/model"][0] == b"weights"


def test_the_folder_for_outputs_is_there_before_the_start(site: Site) -> None:
    seen: list[bool] = []
    site.engine.scripts = Script(act=lambda spec: seen.append("Output/alice/j" in site.storage.folders))
    assert run(site).state is State.SUCCEEDED
    assert seen == [True]


def test_a_folder_that_cannot_be_made_is_told_before_the_start(site: Site) -> None:
    site.storage.put("Output/alice/j", [b"a file"])
    code, sentence = failed(run(site))
    assert (code, sentence.endswith("a file is there where a folder is needed.")) == ("output_refused", True)
    assert site.engine.submitted == []
    assert site.storage.files == {"Output/alice/j": b"a file"}


def test_what_cannot_be_written_there_is_kept_all_the_same(site: Site) -> None:
    site.storage.make_folder("Output/alice/j/deep/model")
    site.engine.scripts = look({}, model=b"weights")
    job = run(site)
    assert failed(job)[0] == "output_refused"
    assert site.outputs(job.uid) == {"deep/model": b"weights"}


def test_a_storage_that_is_away_at_the_end_is_waited_for(site: Site) -> None:
    def act(spec: RunSpec) -> None:
        [host] = [mount.host for mount in spec.mounts if mount.writable]
        (host / "model").write_bytes(b"weights")
        site.storage.away = 3

    site.engine.scripts = Script(act=act)
    assert run(site).state is State.SUCCEEDED
    assert site.storage.files == {"Output/alice/j/model": b"weights"}


def test_a_worker_that_dies_while_it_writes_changes_nothing(site: Site) -> None:
    """The next one writes all of it again."""

    class Dies(BaseException):
        pass

    site.engine.scripts = look({}, model=b"weights", other=b"line")
    put, calls = site.storage.put, [0]

    def dying(path: str, chunks: Any) -> None:
        put(path, chunks)
        calls[0] += 1
        if calls[0] == 1:
            raise Dies

    site.storage.put = dying  # type: ignore[method-assign]
    job = site.submit(PAI, dialect="openpai")
    with pytest.raises(Dies):
        site.drive()
    assert len(site.storage.files) == 1
    site.clock.move(60)
    site.drive()
    assert site.job(job.uid).state is State.SUCCEEDED
    assert site.storage.files == {
        "Output/alice/j/deep/model": b"weights",
        "Output/alice/j/deep/other": b"line",
    }
    site.assert_clean()


def test_a_failed_job_writes_what_it_left(site: Site) -> None:
    def act(spec: RunSpec) -> None:
        [host] = [mount.host for mount in spec.mounts if mount.writable]
        (host / "log").write_bytes(b"line")

    site.engine.scripts = Script(act=act, exit_code=3)
    assert failed(run(site))[0] == "command_failed"
    assert site.storage.files == {"Output/alice/j/log": b"line"}


@pytest.mark.parametrize("dialect", ["native", "prominence", "dirac", "dcp", "ocean"])
def test_jobs_of_other_windows_have_no_storage(dialect: str) -> None:
    """Nobody there has said as whom: a group that a user writes down proves nothing."""
    spec = replace(PAI, inputs=(CODE,))
    with pytest.raises(BadSpec) as caught:
        check_job(NewJob(owner="person:1", dialect=dialect, spec=spec))
    assert [place for place, _ in caught.value.problems] == ["/inputs/0/source", "/outputs/0/to"]
    check_job(NewJob(owner="person:1", dialect="openpai", spec=spec))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"inputs": (replace(CODE, value="../x"),)}, "/inputs/0/value"),
        ({"inputs": (replace(CODE, value="hdfs://x"),)}, "/inputs/0/value"),
        ({"inputs": (replace(CODE, value=".parts/x"),)}, "/inputs/0/value"),
        ({"inputs": (replace(CODE, unpack=True),)}, "/inputs/0/value"),
        ({"inputs": (replace(CODE, path="/elsewhere/x"),)}, "/inputs/0/path"),
        ({"outputs": (replace(OUTPUT, to="../x"),)}, "/outputs/0/to"),
        ({"outputs": (replace(OUTPUT, to="/x"),)}, "/outputs/0/to"),
    ],
)
def test_paths_that_are_none_are_refused(changes: dict[str, Any], place: str) -> None:
    spec: Spec = replace(PAI, **changes)
    with pytest.raises(BadSpec) as caught:
        check_job(NewJob(owner="person:1", dialect="openpai", spec=spec))
    assert place in [found for found, _ in caught.value.problems]
