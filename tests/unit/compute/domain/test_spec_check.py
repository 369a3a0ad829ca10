"""What is wrong with specs that other windows than the native one may hand in."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errors import BadSpec
from services.compute.domain.input_check import MAX_INPUTS
from services.compute.domain.job import NewJob
from services.compute.domain.job_check import check_job
from services.compute.domain.spec import (
    Clocks,
    Folder,
    Image,
    Input,
    Mpi,
    MpiKind,
    Output,
    Resources,
    Retry,
    Role,
    Source,
    Spec,
    Take,
    Task,
)
from services.compute.domain.spec_check import MAX_INSTANCES, MAX_TEXT, MAX_WORDS, check, problems

TASK = Task(command=("true",))
OCEAN = Spec(
    environment="ocean-compute",
    roles=(Role(tasks=(replace(TASK, image=Image(name="node:22", digest="sha256:" + "0" * 64)),)),),
    folders=(
        Folder(path="/data/inputs"),
        Folder(path="/data/outputs", writable=True),
        Folder(path="/data/logs", writable=True),
        Folder(path="/shown", writable=True, shows="/data/outputs/a"),
    ),
    inputs=(
        Input(source=Source.GRANT, path="/data/inputs/" + "a" * 64 + "/0", value="h-_.~", group="did:op:a"),
        Input(source=Source.INLINE, path="/data/inputs/algoCustomData.json", value="{}"),
        Input(source=Source.OBJECT, path="/data/inputs/o.tgz", value="group:a%2Fb/c/o.tgz", unpack=True),
        Input(source=Source.URL, path="/data/inputs/u", value="https://h.example:8443/u?x=$y#z"),
    ),
    outputs=(
        Output(folder="/data/outputs"),
        Output(folder="/data/outputs/deep/er", pattern="*.csv"),
        Output(folder="/data/logs", pattern="x", take=Take.ARCHIVE, name="kept/x.tgz"),
    ),
    clocks=Clocks(run=3600.0),
)


def role(**changes: Any) -> Spec:
    return replace(OCEAN, roles=(replace(OCEAN.roles[0], **changes),))


def task(**changes: Any) -> Spec:
    return role(tasks=(replace(TASK, **changes),))


def given(**changes: Any) -> Spec:
    return replace(OCEAN, inputs=(replace(OCEAN.inputs[0], **changes),))


def test_a_sound_spec_has_no_problem() -> None:
    assert list(problems(OCEAN)) == []


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (replace(OCEAN, environment="a b"), "/environment"),
        (replace(OCEAN, environment=""), "/environment"),
        (replace(OCEAN, roles=()), "/roles"),
        (replace(OCEAN, roles=OCEAN.roles * 1001), "/roles"),
        (replace(OCEAN, roles=OCEAN.roles * 2), "/roles/1/name"),
        (role(name="a.b"), "/roles/0/name"),
        (role(name="main\n"), "/roles/0/name"),
        (role(count=0), "/roles/0/count"),
        (role(count=MAX_INSTANCES + 1), "/roles"),
        (role(tasks=()), "/roles/0/tasks"),
        (role(tasks=(TASK,) * 101), "/roles/0/tasks"),
        (role(resources=Resources(cpus=float("nan"))), "/roles/0/resources/cpus"),
        (role(resources=Resources(cpus=float("inf"))), "/roles/0/resources/cpus"),
        (role(resources=Resources(memory_bytes=-1)), "/roles/0/resources/memory_bytes"),
        (role(resources=Resources(disk_bytes=1 << 63)), "/roles/0/resources/disk_bytes"),
        (role(resources=Resources(nodes=0)), "/roles/0/resources/nodes"),
        (role(resources=Resources(gpus=-1)), "/roles/0/resources/gpus"),
        (role(resources=Resources(processes=0)), "/roles/0/resources/processes"),
        (task(command=("a", "b\0c")), "/roles/0/tasks/0/command/1"),
        (task(command=("a", "\ud800")), "/roles/0/tasks/0/command/1"),
        (task(command=("a", "x" * (MAX_TEXT + 1))), "/roles/0/tasks/0/command/1"),
        (task(command=("x" * MAX_TEXT,) * (MAX_WORDS // MAX_TEXT + 1)), "/roles/0/tasks/0"),
        (task(command=("a",) * 10_001), "/roles/0/tasks/0/command"),
        (task(environment={"A": "b\0"}), "/roles/0/tasks/0/environment/A"),
        (task(environment={"": "b"}), "/roles/0/tasks/0/environment/"),
        (task(environment={"LD PRELOAD": "b"}), "/roles/0/tasks/0/environment/LD PRELOAD"),
        (task(environment={f"A{n}": "" for n in range(1001)}), "/roles/0/tasks/0/environment"),
        (task(image=Image(name="http://x/y")), "/roles/0/tasks/0/image/name"),
        (task(image=Image(name="a\n")), "/roles/0/tasks/0/image/name"),
        (task(image=Image(name="a", digest="sha256:" + "A" * 64)), "/roles/0/tasks/0/image/digest"),
        (task(working_folder="rel"), "/roles/0/tasks/0/working_folder"),
        (task(working_folder="/a/../b"), "/roles/0/tasks/0/working_folder"),
        (task(retries=-1), "/roles/0/tasks/0/retries"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/"))), "/folders/4/path"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/usr/local"))), "/folders/4/path"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/proc/self"))), "/folders/4/path"),
        (replace(OCEAN, folders=(*OCEAN.folders, OCEAN.folders[0])), "/folders/4/path"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/x/"))), "/folders/4/path"),
        (given(path="/elsewhere/x"), "/inputs/0/path"),
        (given(path="/data/inputs"), "/inputs/0/path"),
        (given(path="/data/inputs/../../etc/x"), "/inputs/0/path"),
        (given(path="/data/inputs/a\0b"), "/inputs/0/path"),
        (given(value="https://origin.example/file"), "/inputs/0/value"),
        (given(value=""), "/inputs/0/value"),
        (given(source=Source.SANDBOX, value="../other"), "/inputs/0/value"),
        (given(source=Source.OUTPUT, value="a" * 32 + "/../x"), "/inputs/0/value"),
        (given(source=Source.OBJECT, value="data.tgz"), "/inputs/0/value"),
        (given(source=Source.OBJECT, value="owner:a/../b"), "/inputs/0/value"),
        (given(source=Source.URL, value="ftp://h/x"), "/inputs/0/value"),
        (given(source=Source.URL, value="http:///x"), "/inputs/0/value"),
        (given(source=Source.URL, value="http://u:p@h/x"), "/inputs/0/value"),
        (given(source=Source.URL, value="http://[::1/x"), "/inputs/0/value"),
        (given(source=Source.URL, value="http://h/a b"), "/inputs/0/value"),
        (given(source=Source.URL, value="http://h/" + "x" * 4096), "/inputs/0/value"),
        (given(path="/shown/x"), "/inputs/0/path"),
        (task(tee="rel"), "/roles/0/tasks/0/tee"),
        (task(tee="/data/inputs/x"), "/roles/0/tasks/0/tee"),
        (task(tee="/data/outputs"), "/roles/0/tasks/0/tee"),
        (task(tee="/shown/x"), "/roles/0/tasks/0/tee"),
        (task(tee="/data/outputs/../x"), "/roles/0/tasks/0/tee"),
        (task(command=(), mpi=Mpi(kind=MpiKind.MPICH)), "/roles/0/tasks/0/command"),
        (task(mpi=Mpi(kind=MpiKind.MPICH, processes=0)), "/roles/0/tasks/0/mpi/processes"),
        (role(sidecar=True), "/roles"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/s", shows="x"))), "/folders/4/shows"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/s", shows="/etc"))), "/folders/4/shows"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/s", shows="/data/logs"))), "/folders/4/shows"),
        (replace(OCEAN, folders=(*OCEAN.folders, Folder(path="/s", shows="/shown/x"))), "/folders/4/shows"),
        (replace(OCEAN, outputs=(Output(folder="/shown"),)), "/outputs/0/folder"),
        (replace(OCEAN, outputs=(Output(folder="/data/outputs", name="a"),)), "/outputs/0/name"),
        (
            replace(OCEAN, outputs=(Output(folder="/data/outputs", name="../a", take=Take.FIRST),)),
            "/outputs/0/name",
        ),
        (given(sha256="AB" * 32), "/inputs/0/sha256"),
        (given(label="a\nb"), "/inputs/0/label"),
        (replace(OCEAN, inputs=(OCEAN.inputs[0],) * (MAX_INPUTS + 1)), "/inputs"),
        (replace(OCEAN, outputs=(Output(folder="/data/inputs"),)), "/outputs/0/folder"),
        (replace(OCEAN, outputs=(Output(folder="/data"),)), "/outputs/0/folder"),
        (replace(OCEAN, outputs=(Output(folder="/data/outputs", pattern="/etc/*"),)), "/outputs/0/pattern"),
        (replace(OCEAN, outputs=(Output(folder="/data/outputs", pattern="a/../b"),)), "/outputs/0/pattern"),
        (replace(OCEAN, clocks=Clocks(run=float("nan"))), "/clocks/run"),
        (replace(OCEAN, keep_seconds=0.0), "/keep_seconds"),
        (replace(OCEAN, retry=Retry(attempts=1_000_001)), "/retry/attempts"),
        (replace(OCEAN, priority=10**6), "/priority"),
    ],
)
def test_one_problem_is_told_at_its_place(spec: Spec, place: str) -> None:
    assert [found for found, _ in problems(spec)] == [place]
    with pytest.raises(BadSpec) as caught:
        check(spec)
    assert caught.value.problems[0][1].endswith(".")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": "x" * 513}, "/name"), ({"name": "a\0"}, "/name"), ({"name": "\ud800"}, "/name"),
        ({"labels": {"a b": ""}}, "/labels/a b"), ({"labels": {"a/b": "x\n"}}, "/labels/a~1b"),
        ({"labels": {f"l{n}": "" for n in range(65)}}, "/labels"),
    ],
)  # fmt: skip
def test_names_and_labels_can_be_shown(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(BadSpec) as caught:
        check_job(replace(NewJob(owner="person:a", dialect="ocean", spec=OCEAN), **changes))
    assert [found for found, _ in caught.value.problems] == [place]
