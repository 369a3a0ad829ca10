"""What a manifest becomes: command, resources, inputs, outputs, clocks, registered files."""

from dataclasses import replace
from typing import Any

import pytest

from libs.web.strict_json import to_json
from services.compute.dialects.dirac.manifest.asked import read
from services.compute.dialects.dirac.manifest.files import Uploads
from services.compute.dialects.dirac.manifest.names import attributes_of
from services.compute.dialects.dirac.manifest.problems import Notes
from services.compute.dialects.dirac.manifest.reading import read_json
from services.compute.dialects.dirac.manifest.sites import Sites
from services.compute.dialects.dirac.manifest.specs import attribute_of, spec_of
from services.compute.dialects.dirac.registering import notices_of
from services.compute.domain.environments import Environment
from services.compute.domain.notices import Means, Notice
from services.compute.domain.numbering import JOB_ID, numbered, with_number, with_numbered_outputs
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Folder, Image, Source, Spec
from services.compute.domain.spec_check import problems
from services.compute.ports.engines import Abilities
from services.compute.usecases.fitting import fit
from tests.fakes.compute_jobs import new_job
from tests.unit.compute.dirac.kit import numbers

pytestmark = pytest.mark.clause("dirac 2.13")

PLACE = Environment(
    id="small",
    engine="process",
    cpus=4.5,
    memory_bytes=8 << 30,
    disk_bytes=4 << 30,
    max_job_seconds=5000,
    image="debian:12",
    network=True,
)
ABILITIES = Abilities(pins_images=True)
UPLOADS = Uploads(frozenset({"a.sh"}), "SB:X|own", {"SB:X|own": "sha256-1.tar.gz"}.get)
NONE = Uploads()


def made(
    uploads: Uploads = NONE, place: Environment = PLACE, *, is_cut: bool = False, **members: Any
) -> Spec:
    notes = Notes()
    (sent,) = read_json(to_json(numbers({"Executable": "/bin/x", **members})))
    asked = read(attributes_of(sent.document, "", notes), Sites(), uploads, notes)
    notes.settle()
    spec = spec_of(asked, place, ABILITIES, is_cut=is_cut)
    assert list(problems(spec)) == []
    return spec


def command(uploads: Uploads = NONE, **members: Any) -> tuple[str, ...]:
    return made(uploads, **members).roles[0].tasks[0].command


@pytest.mark.parametrize(
    ("executable", "arguments", "words"),
    [
        ("/bin/echo", "Hello World", ("/bin/echo", "Hello", "World")),
        ("echo", "'a  b' \"c d\" e", ("echo", "a  b", "c d", "e")),
        ("/bin/echo", "", ("/bin/echo",)),
        ("/bin/my echo", "a", ("/bin/my echo", "a")),
        ("/bin/echo", "$DIRACSITE", ("/bin/sh", "-c", "/bin/echo $DIRACSITE")),
        ("/bin/echo", "a > b; c", ("/bin/sh", "-c", "/bin/echo a > b; c")),
        ("/bin/my echo", "*", ("/bin/sh", "-c", "'/bin/my echo' *")),
        ("/bin/echo", "it's", ("/bin/sh", "-c", "/bin/echo it's")),
        ("/bin/echo", JOB_ID, ("/bin/echo", JOB_ID)),
        ("x$(id)", "*", ("/bin/sh", "-c", "'x$(id)' *")),
    ],
)
def test_what_is_run(executable: str, arguments: str, words: tuple[str, ...]) -> None:
    assert command(Executable=executable, Arguments=arguments) == words


def test_words_of_a_list_reach_the_program_as_they_are() -> None:
    assert command(Arguments=["a b", "c'd", ""]) == ("/bin/x", "a b", "c'd", "")
    assert command(Arguments=["$HOME", "*"]) == ("/bin/sh", "-c", "/bin/x '$HOME' '*'")


def test_programs_that_come_with_the_job() -> None:
    assert command(UPLOADS, Executable="a.sh", Arguments="-v") == ("/bin/sh", "-c", "./a.sh -v")
    assert command(UPLOADS, Executable="./a.sh") == ("/bin/sh", "-c", "./a.sh")
    known = Uploads(find={"SB:X|y": "y.tar"}.get)
    found = command(known, Executable="in it.sh", Arguments="1", InputSandbox=["SB:X|y"])
    assert found == ("/bin/sh", "-c", "PATH=\"$PWD:$PATH\"\n'in it.sh' 1")
    assert command(known, Executable="bin/x", InputSandbox=["SB:X|y"]) == ("/bin/sh", "-c", "bin/x")
    assert command(Executable="tool", InputData=["LFN:/vo/a/tool"]) == ("/bin/sh", "-c", "./tool")


def test_one_role_with_one_task() -> None:
    spec = made(JobName="x")
    (role,) = spec.roles
    (task,) = role.tasks
    assert (spec.environment, spec.network, spec.priority) == ("small", True, 1)
    assert spec.folders == (Folder(path="/work", writable=True), Folder(path="/tmp", writable=True))
    assert (task.working_folder, task.split_logs, task.image) == ("/work", True, None)
    assert task.environment == {
        "HOME": "/work",
        "TMPDIR": "/tmp",
        "DIRACJOBID": JOB_ID,
        "JOBID": JOB_ID,
        "DIRACSITE": "small",
    }
    assert (role.resources.cpus, role.resources.memory_bytes, role.resources.disk_bytes) == (
        1.0,
        2 << 30,
        4 << 30,
    )
    assert (spec.inputs, spec.outputs, spec.clocks.run) == ((), (), None)


def test_variables_of_its_own_do_not_hide_ours() -> None:
    found = made(ExecutionEnvironment=["A=b", "HOME=/x", "JOBID=7", "DIRACSITE=y"], Site="S")
    variables = found.roles[0].tasks[0].environment
    assert (variables["A"], variables["HOME"]) == ("b", "/x")
    assert (variables["JOBID"], variables["DIRACJOBID"], variables["DIRACSITE"]) == (JOB_ID, JOB_ID, "S")


@pytest.mark.parametrize(
    ("members", "cpus"),
    [
        ({"NumberOfProcessors": 3}, 3.0),
        ({"MinNumberOfProcessors": 2}, 2.0),
        ({"MinNumberOfProcessors": 2, "MaxNumberOfProcessors": 3}, 3.0),
        ({"MaxNumberOfProcessors": 64}, 4.0),
        ({"MinNumberOfProcessors": 8, "MaxNumberOfProcessors": 9}, 8.0),
        ({"WholeNode": True}, 4.5),
        ({"WholeNode": True, "NumberOfProcessors": 8}, 8.0),
        ({}, 1.0),
    ],
)
def test_processors(members: dict[str, Any], cpus: float) -> None:
    assert made(**members).roles[0].resources.cpus == cpus


def test_what_nobody_asked_for_fits_small_places() -> None:
    tiny = replace(PLACE, cpus=0.5, memory_bytes=1 << 28)
    spec = made(place=tiny)
    assert (spec.roles[0].resources.cpus, spec.roles[0].resources.memory_bytes) == (0.5, 1 << 28)
    assert fit(spec, tiny, ABILITIES).clocks.run == 5000


def test_memory_and_time() -> None:
    assert made(MinRAM=500).roles[0].resources.memory_bytes == 500 << 20
    assert made(MinRAM=500, MaxRAM=600).roles[0].resources.memory_bytes == 600 << 20
    assert made(CPUTime=1000).clocks.run == 1000.0
    assert made(CPUTime=9000).clocks.run == 9000.0
    assert made(CPUTime=9000, is_cut=True).clocks.run == 5000.0
    assert made(Priority=7).priority == 7


def test_what_goes_in() -> None:
    spec = made(UPLOADS, Executable="a.sh", InputSandbox=["LFN:/vo/lib.so"], InputData=["LFN:/vo/d.root"])
    archive, library, data = spec.inputs
    assert (archive.source, archive.value, archive.path) == (
        Source.SANDBOX,
        "sha256-1.tar.gz",
        "/work/sha256-1.tar.gz",
    )
    assert (archive.unpack, archive.executable, archive.label) == (True, True, "SB:X|own")
    assert (library.source, library.value, library.path, library.group) == (
        Source.LFN,
        "/vo/lib.so",
        "/work/lib.so",
        "",
    )
    assert (data.value, data.path, data.group, data.executable) == (
        "/vo/d.root",
        "/work/d.root",
        "InputData",
        False,
    )


def test_what_comes_out() -> None:
    spec = made(OutputSandbox=["std.out", "std.err", "a*", "d/**"], OutputData=["*.root", "LFN:/vo/user/b.x"])
    assert [output.pattern for output in spec.outputs] == [
        "a*",
        "a*/**",
        "d/**",
        "*.root",
        "*.root/**",
        "b.x",
        "b.x/**",
    ]
    assert {(output.folder, output.required) for output in spec.outputs} == {("/work", False)}


def test_streams_of_one_name_are_one() -> None:
    assert not made(StdOutput="o", StdError="o").roles[0].tasks[0].split_logs


def test_an_image_of_its_own() -> None:
    assert made(ContainerImage="python:3.12").roles[0].tasks[0].image == Image(name="python:3.12")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/roles/0/resources/cpus", "NumberOfProcessors"),
        ("/roles/0/resources/memory", "MinRAM"),
        ("/clocks/run", "CPUTime"),
        ("/roles/0/tasks/0/command/0", "Executable"),
        ("/roles/0/tasks/0/command/3", "Arguments"),
        ("/roles/0/tasks/0/environment/A", "ExecutionEnvironment"),
        ("/roles/0/tasks/0/image/name", "ContainerImage"),
        ("/inputs/3/value", "InputSandbox"),
        ("/outputs/0/pattern", "OutputSandbox"),
        ("/environment", "Site"),
        ("/name", "JobName"),
        ("/other", ""),
        ("", ""),
    ],
)
def test_where_problems_of_the_spec_come_from(place: str, name: str) -> None:
    assert attribute_of(place) == name


SHEET = Sheet(owner_name="ada", owner_group="vo_user", realm="vo")
NOON = 1_700_000_000.0  # 2023-11-14


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (None, f"/vo/user/a/ada/2023_11/{JOB_ID}/"),
        ("/vo/prod/x/", "/vo/prod/x/"),
        ("LFN:/vo/prod", "/vo/prod/"),
        ("mine/x", "/vo/user/a/ada/mine/x/"),
    ],
)
def test_where_registered_files_go(path: str | None, folder: str) -> None:
    notes = Notes()
    members = {"Executable": "x", "OutputData": ["*.root", "LFN:/vo/y/b.x"], "OutputPath": path}
    (sent,) = read_json(to_json(members))  # type: ignore[arg-type]
    files = read(attributes_of(sent.document, "", notes), Sites(), NONE, notes).files
    assert notices_of(files, SHEET, NOON) == (
        Notice(means=Means.CATALOGUE, address="*.root", url=folder),
        Notice(means=Means.CATALOGUE, address="b.x", url="/vo/y/b.x"),
    )


def test_the_id_is_put_in_where_it_is_known() -> None:
    plain = new_job(name="n")
    assert with_number(plain, 7) is plain
    told = (Notice(means=Means.CATALOGUE, address=JOB_ID, url=f"/x/{JOB_ID}/"),)
    named = with_number(new_job(name=f"a{JOB_ID}b{JOB_ID}", notices=told, sheet=SHEET), 7)
    assert (named.name, named.notices[0].url, named.notices[0].address) == ("a7b7", "/x/7/", JOB_ID)
    spec = made(OutputSandbox=[f"out_{JOB_ID}.dat"])
    assert [output.pattern for output in with_numbered_outputs(spec, 7).outputs] == [
        "out_7.dat",
        "out_7.dat/**",
    ]
    assert with_numbered_outputs(made(), 7) == made()
    assert numbered("x", 7) == "x"


def test_an_open_quote_is_the_shells_to_complain_about() -> None:
    assert command(Arguments="'" * 65_001) == ("/bin/sh", "-c", "/bin/x " + "'" * 65_001)
