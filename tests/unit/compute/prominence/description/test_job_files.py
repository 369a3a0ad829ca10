"""The files of a job: inputs, artifacts, outputs, and where each lies (contract 2.1, 6)."""

from typing import Any

import pytest

from services.compute.domain.spec import Folder, Input, Output, Source, Take
from tests.fakes.prominence_documents import OWNER, job

pytestmark = pytest.mark.clause("prominence 2.1", "prominence 6")


def test_inputs_lie_in_the_home() -> None:
    given = [
        {"filename": "/a/run.sh", "content": "ZWNo\nbw==\n", "executable": True},
        {"filename": "data", "content": ""},
    ]
    assert job(inputs=given).spec.inputs == (
        Input(
            source=Source.INLINE,
            path="/home/user/run.sh",
            value="ZWNobw==",
            encoded=True,
            executable=True,
            label="run.sh",
        ),
        Input(source=Source.INLINE, path="/home/user/data", value="", encoded=True, label="data"),
    )


@pytest.mark.parametrize("ending", [".tgz", ".tar.gz", ".tar", ".gz", ".tar.bz2", ".bz2", ".zip", ".ZIP"])
def test_archives_are_unpacked(ending: str) -> None:
    given = job(artifacts=[{"url": f"https://h/a/b{ending}?sig=1"}]).spec.inputs[0]
    assert (given.path, given.unpack) == (f"/home/user/b{ending}", True)


@pytest.mark.parametrize(
    ("artifact", "source", "value", "path"),
    [
        ({"url": "http://h/a%20b"}, Source.URL, "http://h/a%20b", "a b"),
        ({"url": "data.csv"}, Source.OBJECT, f"owner:{OWNER.replace(':', '%3A')}/data.csv", "data.csv"),
        ({"url": "physics/x/data.csv"}, Source.OBJECT, "group:physics/x/data.csv", "data.csv"),
        ({"url": "CCFE/JINTRAC/a:b"}, Source.OBJECT, "group:CCFE%2FJINTRAC/a:b", "a:b"),
        ({"url": "https", "mountpoint": "//h:8443/x"}, Source.URL, "https://h:8443/x", "x"),
        ({"url": "http", "mountpoint": "//h/x", "executable": True}, Source.URL, "http://h/x", "x"),
    ],
)
def test_artifacts(artifact: dict[str, Any], source: Source, value: str, path: str) -> None:
    new = job(artifacts=[artifact])
    assert new.spec.inputs == (
        Input(
            source=source,
            path=f"/home/user/{path}",
            value=value,
            label=path,
            executable=artifact.get("executable", False),
        ),
    )


def test_the_cut_url_is_shown_whole_again() -> None:
    cut = {"url": "https", "mountpoint": "//h:8443/x.tgz"}
    assert job(artifacts=[cut]).facts["prominence"]["artifacts"] == [{"url": "https://h:8443/x.tgz"}]


def test_a_mounted_folder_shows_one_of_the_home() -> None:
    new = job(
        artifacts=[
            {"url": "data.tgz", "mountpoint": "data:/tmp/work_dir/"},
            {"url": "x", "mountpoint": "data:/data"},
        ],
        outputFiles=["/data/a.txt"],
    )
    assert new.spec.folders[2:] == (
        Folder(path="/tmp/work_dir", writable=True, shows="/home/user/data"),
        Folder(path="/data", writable=True, shows="/home/user/data"),
    )
    assert new.spec.outputs[0].folder == "/home/user"
    assert new.spec.outputs[0].pattern == "data/a.txt"


def test_outputs() -> None:
    new = job(
        outputFiles=["out.txt", "./logs/*.log", "/home/user/a/b", "/tmp/c"], outputDirs=["results/", "."]
    )
    assert new.spec.outputs == (
        Output(folder="/home/user", pattern="out.txt", required=True, take=Take.FIRST),
        Output(folder="/home/user", pattern="logs/*.log", required=True, take=Take.FIRST),
        Output(folder="/home/user", pattern="a/b", required=True, take=Take.FIRST),
        Output(folder="/tmp", pattern="c", required=True, take=Take.FIRST),
        Output(folder="/home/user", pattern="results", required=True, take=Take.ARCHIVE),
        Output(folder="/home/user", pattern="**", required=True, take=Take.ARCHIVE),
    )
