"""Attributes of a manifest: their names, types and bounds, each problem at its place (contract 2.6, 2.13)."""

from collections.abc import Mapping
from typing import Any

import pytest

from libs.web.strict_json import to_json
from services.compute.dialects.dirac.manifest.asked import Asked, read
from services.compute.dialects.dirac.manifest.files import Uploads
from services.compute.dialects.dirac.manifest.jdl import read_jdl
from services.compute.dialects.dirac.manifest.names import attributes_of, canonical_name
from services.compute.dialects.dirac.manifest.problems import BadManifest, Notes
from services.compute.dialects.dirac.manifest.reading import JDL, Sent, read_json
from services.compute.dialects.dirac.manifest.sites import Sites
from tests.unit.compute.dirac.kit import numbers

pytestmark = pytest.mark.clause("dirac 2.6", "dirac 2.13")

FILES = Uploads(
    frozenset({"a.sh", "b.dat"}), "SB:SandboxSE|own", {"SB:SandboxSE|own": "own", "SB:x|y": "y"}.get
)


def asked(members: Mapping[str, Any], uploads: Uploads = FILES, sites: Sites | None = None) -> Asked:
    """Raises BadManifest."""
    return read_sent(read_json(to_json(numbers({"Executable": "a.sh", **members})))[0], uploads, sites)


def read_sent(sent: Sent, uploads: Uploads = FILES, sites: Sites | None = None) -> Asked:
    notes = Notes()
    attributes = attributes_of(sent.document, sent.path, notes, is_loose=sent.language == JDL)
    found = read(attributes, sites or Sites(), uploads, notes)
    notes.settle()
    return found


def problems(**members: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadManifest) as caught:
        asked(members)
    return caught.value.problems


def test_defaults() -> None:
    found = asked({}, Uploads(frozenset({"a.sh"})))
    assert (found.name, found.group, found.kind) == ("Unknown", "00000000", "User")
    assert (found.cpu_seconds, found.shown_cpu_seconds, found.priority) == (None, 86_400, 1)
    assert (found.files.std_output, found.files.std_error) == ("std.out", "std.err")
    assert (found.arguments, found.files.patterns, found.choice.shown) == ("", (), "ANY")
    assert (found.size.processors, found.size.memory, found.size.whole_node) == (None, None, False)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("executable", "Executable"),
        ("EXECUTABLE", "Executable"),
        ("Sites", "Site"),
        ("sites", "Site"),
        ("BannedSite", "BannedSites"),
        ("tag", "Tags"),
        ("StdOut", "StdOutput"),
        ("stderr", "StdError"),
        ("maxCPUtime", "CPUTime"),
        ("minram", "MinRAM"),
        ("name", "JobName"),
        ("parameters.Run", "Parameters.Run"),
        ("PARAMETERSTEP.x.y", "ParameterStep.x.y"),
        ("Site.x", "Site.x"),
        ("MyOwn", "MyOwn"),
        ("", ""),
    ],
)
def test_names_in_any_case_and_their_aliases(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical


def test_two_spellings_of_one_attribute_must_agree() -> None:
    assert asked({"Sites": ["A"], "Site": ["A"]}).choice.named == ("A",)
    ((place, text),) = problems(Sites=["A"], Site=["B"])
    assert place == "/Site"
    assert "differ" in text


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"Executable": 5}, "/Executable"),
        ({"Executable": ["a"]}, "/Executable"),
        ({"Executable": ""}, "/Executable"),
        ({"Executable": None}, "/Executable"),
        ({"executable": "a\nb"}, "/executable"),
        ({"executable": "none.sh"}, "/executable"),
        ({"Executable": "bin/tool"}, "/Executable"),
        ({"Executable": "./tool"}, "/Executable"),
        ({"Arguments": 5}, "/Arguments"),
        ({"Arguments": {"a": "b"}}, "/Arguments"),
        ({"Arguments": ["a", ["b"]]}, "/Arguments"),
        ({"Arguments": "x" * 100_000}, "/Arguments"),
        ({"jobname": "x" * 129}, "/jobname"),
        ({"JobName": True}, "/JobName"),
        ({"JobGroup": "x" * 33}, "/JobGroup"),
        ({"JobType": "Production"}, "/JobType"),
        ({"CPUTime": "soon"}, "/CPUTime"),
        ({"CPUTime": 1.5}, "/CPUTime"),
        ({"CPUTime": [1]}, "/CPUTime"),
        ({"maxcputime": True}, "/maxcputime"),
        ({"Priority": "high"}, "/Priority"),
        ({"NumberOfProcessors": 0}, "/NumberOfProcessors"),
        ({"NumberOfProcessors": 2, "MinNumberOfProcessors": 1}, "/NumberOfProcessors"),
        ({"MinNumberOfProcessors": 4, "MaxNumberOfProcessors": 2}, "/MaxNumberOfProcessors"),
        ({"MinRAM": -1}, "/MinRAM"),
        ({"MinRAM": 5, "MaxRAM": 4}, "/MaxRAM"),
        ({"WholeNode": "perhaps"}, "/WholeNode"),
        ({"WholeNode": []}, "/WholeNode"),
        ({"Site": 5}, "/Site"),
        ({"Site": [5]}, "/Site/0"),
        ({"Site": ["A", ["B"]]}, "/Site/1"),
        ({"Site": ["A", "B"], "BannedSites": "B,A"}, "/BannedSites"),
        ({"Sites": ["A"], "BannedSite": ["A"]}, "/BannedSite"),
        ({"InputSandbox": ["none.sh"]}, "/InputSandbox/0"),
        ({"InputSandbox": ["a.sh", "SB:unknown|z"]}, "/InputSandbox/1"),
        ({"InputSandbox": ["LFN:vo/x"]}, "/InputSandbox/0"),
        ({"InputSandbox": {"a": "b"}}, "/InputSandbox"),
        ({"OutputSandbox": ["../x"]}, "/OutputSandbox/0"),
        ({"OutputSandbox": ["/etc/passwd"]}, "/OutputSandbox/0"),
        ({"OutputSandbox": ["SB:x|y"]}, "/OutputSandbox/0"),
        ({"OutputSandbox": ["a"] * 401}, "/OutputSandbox"),
        ({"StdOutput": "/abs"}, "/StdOutput"),
        ({"stdout": "../x"}, "/stdout"),
        ({"StdError": ["a"]}, "/StdError"),
        ({"InputData": ["vo/x"]}, "/InputData/0"),
        ({"InputData": ["LFN:/vo//x"]}, "/InputData/0"),
        ({"InputData": ["/vo/../x"]}, "/InputData/0"),
        ({"InputData": [f"/vo/{number}" for number in range(500)]}, "/InputData"),
        ({"InputData": ["/vo/1/x", "/vo/2/x"]}, "/InputData"),
        ({"InputData": ["/vo/1/a.sh"]}, "/InputData"),
        ({"OutputData": ["../x"]}, "/OutputData/0"),
        ({"OutputData": ["LFN:x"]}, "/OutputData/0"),
        ({"OutputPath": "a/../b"}, "/OutputPath"),
        ({"ExecutionEnvironment": ["A"]}, "/ExecutionEnvironment/0"),
        ({"ExecutionEnvironment": ["1A=b"]}, "/ExecutionEnvironment"),
        ({"ExecutionEnvironment": {"A": ["b"]}}, "/ExecutionEnvironment"),
        ({"ExecutionEnvironment": 5}, "/ExecutionEnvironment"),
    ],
)
def test_each_problem_stands_at_its_attribute(members: dict[str, Any], place: str) -> None:
    assert [where for where, _ in problems(**members)] == [place]


def test_all_problems_are_told_at_once() -> None:
    found = problems(Executable=1, CPUTime="x", InputSandbox=["none"])
    assert {place for place, _ in found} == {"/Executable", "/CPUTime", "/InputSandbox/0"}


@pytest.mark.parametrize(
    ("sent", "cpu", "priority"),
    [(50, 100, 0), ("1000", 1000, 10), (10**9, 500_000, 5)],
)
def test_numbers_are_clamped(sent: int | str, cpu: int, priority: int) -> None:
    given = {0: -7, 10: 11, 5: 5}[priority]
    found = asked({"CPUTime": sent, "Priority": given})
    assert (found.cpu_seconds, found.priority) == (cpu, priority)


def test_what_is_null_or_empty_was_not_said() -> None:
    found = asked({"Site": "", "InputSandbox": None, "CPUTime": None, "JobName": "", "InputData": [""]})
    assert (found.choice.named, found.cpu_seconds, found.name, found.files.data) == ((), None, "Unknown", ())


def test_arguments_of_a_list_are_quoted() -> None:
    assert asked({"Arguments": ["a b", "$x", "it's", ""]}).arguments == """'a b' '$x' 'it'"'"'s' ''"""
    assert asked({"Arguments": "a, b  $x"}).arguments == "a, b  $x"


def test_plain_texts_are_lists_of_one_and_names_are_divided_by_commas() -> None:
    found = asked({"InputSandbox": "a.sh", "Site": "A, B,,A", "Tags": "GPU", "OutputSandbox": "a,b.txt"})
    assert (found.choice.named, found.names["Tags"], found.files.patterns) == (
        ("A", "B"),
        ("GPU",),
        ("a,b.txt",),
    )


def test_input_sandbox() -> None:
    files = asked({"InputSandbox": ["./x/a.sh", "SB:x|y", "LFN:/vo/c", "SB:x|y"], "InputData": "/vo/d"}).files
    assert files.references == ("SB:x|y", "SB:SandboxSE|own")
    assert files.sandboxes == ("y", "own")
    assert (files.inputs, files.data, files.logical) == (("/vo/c",), ("/vo/d",), ("/vo/c", "/vo/d"))
    assert (files.is_local, files.may_be_local) == (True, True)


@pytest.mark.parametrize(
    ("members", "is_local", "may_be_local"),
    [
        ({"Executable": "./a.sh"}, True, False),
        ({"Executable": "tool"}, False, False),
        ({"Executable": "/opt/run.sh"}, False, False),
        ({"Executable": "x.sh", "InputSandbox": ["SB:x|y"]}, False, True),
        ({"Executable": "bin/x", "InputSandbox": ["SB:x|y"]}, False, True),
        ({"Executable": "/opt/x", "InputSandbox": ["SB:x|y"]}, False, False),
        ({"Executable": "c.sh", "InputData": ["/vo/c.sh"]}, True, False),
    ],
)
def test_where_the_program_is(members: dict[str, Any], is_local: bool, may_be_local: bool) -> None:
    files = asked(members).files
    assert (files.is_local, files.may_be_local) == (is_local, may_be_local)


def test_output_sandbox_and_output_data() -> None:
    files = asked(
        {
            "OutputSandbox": ["std.out", "./a/*.dat", "/work/b", "dir/", "std.out"],
            "OutputData": ["*.root", "LFN:/vo/user/x.out"],
            "OutputPath": "/vo/prod/",
            "OutputSE": "A,B",
        }
    ).files
    assert files.patterns == ("std.out", "a/*.dat", "b", "dir")
    assert files.registered == ("*.root", "LFN:/vo/user/x.out")
    assert (files.output_path, files.output_elements) == ("/vo/prod", ("A", "B"))
    assert asked({"OutputPath": "LFN:sub/x/"}).files.output_path == "sub/x"


@pytest.mark.parametrize(
    "given", [["A=b=c", " B = x"], {"A": "b=c", "B": " x"}, "A=b=c"], ids=["list", "object", "text"]
)
def test_variables(given: Any) -> None:
    found = asked({"ExecutionEnvironment": given}).variables
    assert found["A"] == "b=c"
    assert found.get("B") in (None, " x")


def test_in_jdl_numbers_are_texts_too() -> None:
    sent = read_jdl(
        "Executable = 7; Arguments = 5; JobName = 12; Site = {1}; WholeNode = true; CPUTime = 300;"
    )
    found = read_sent(sent, Uploads())
    assert (found.executable, found.arguments, found.name, found.choice.named) == ("7", "5", "12", ("1",))
    assert (found.size.whole_node, found.cpu_seconds) == (True, 300)


SITES = Sites({"small": ("A.x", "B.x"), "large": ("C.x",)})


@pytest.mark.parametrize(
    ("wanted", "banned", "environments", "shown", "at"),
    [
        ([], [], {"small": "A.x", "large": "C.x"}, "ANY", None),
        (["ANY"], ["A.x"], {"small": "B.x", "large": "C.x"}, "ANY", None),
        (["any", "C.x"], [], {"small": "A.x", "large": "C.x"}, "ANY", None),
        (["B.x"], [], {"small": "B.x"}, "B.x", None),
        (["B.x", "C.x"], ["B.x"], {"large": "C.x"}, "C.x", None),
        (["B.x", "C.x"], [], {"small": "B.x", "large": "C.x"}, "Multiple", None),
        ([], ["C.x", "unheard"], {"small": "A.x"}, "ANY", None),
    ],
)
def test_sites_that_are_known(
    wanted: list[str], banned: list[str], environments: dict[str, str], shown: str, at: None
) -> None:
    choice = asked({"Site": wanted, "BannedSites": banned}, sites=SITES).choice
    assert choice.shown == shown
    assert choice.by_environment is not None
    assert {name: choice.site_of(name) for name in choice.by_environment} == environments


@pytest.mark.parametrize(
    ("members", "place", "word"),
    [
        ({"Sites": ["D.x", "A.x"]}, "/Sites", "Known: A.x, B.x, C.x."),
        ({"Site": "A.x", "BannedSites": "A.x"}, "/BannedSites", "No site is left"),
        ({"BannedSites": ["A.x", "B.x", "C.x"]}, "/BannedSites", "No site is left"),
    ],
)
def test_sites_that_cannot_be(members: dict[str, Any], place: str, word: str) -> None:
    with pytest.raises(BadManifest) as caught:
        asked(members, sites=SITES)
    ((where, text),) = caught.value.problems
    assert where == place
    assert word in text


def test_without_known_sites_any_name_will_do() -> None:
    choice = asked({"Site": ["X", "Y"], "BannedSites": ["X"]}).choice
    assert (choice.shown, choice.by_environment, choice.site_of("small")) == ("Y", None, "Y")
    assert asked({}).choice.site_of("small") == "small"
