"""One manifest that stands for many: values, placeholders, bounds."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.strict_json import NumberText, parse_json, to_json
from services.compute.dialects.dirac.limits import MAX_MANIFEST, Limits, Room
from services.compute.dialects.dirac.manifest.jdl import read_jdl
from services.compute.dialects.dirac.manifest.parametric import Expanded, expand
from services.compute.dialects.dirac.manifest.problems import Notes
from services.compute.dialects.dirac.manifest.reading import read_json
from services.compute.domain.numbering import JOB_ID
from tests.unit.compute.dirac.kit import numbers

pytestmark = pytest.mark.clause("dirac 2.13")


def expanded(text: str, jobs: int = 1000) -> tuple[list[Expanded], Notes]:
    notes = Notes()
    (sent,) = read_json(text)
    return expand(sent, Room(Limits(jobs=jobs)), notes), notes


def values_of(attribute: str, **members: Any) -> list[Any]:
    found, notes = expanded(to_json({"Executable": "x", **numbers(members)}))
    assert notes.problems == []
    return [each.sent.document[attribute] for each in found]


def problem(**members: Any) -> tuple[str, str]:
    found, notes = expanded(to_json(numbers({"Executable": "x", **members})), jobs=20)
    assert found == []
    (only,) = notes.problems
    return only


def test_without_parameters_nothing_is_touched() -> None:
    text = '{"Executable": "date",  "Arguments": "+%s %n %j %(a)s"}'
    (only,), _ = expanded(text)
    assert only.sent.text == text
    assert not only.is_made
    assert only.attributes.values["Arguments"] == "+%s %n %j %(a)s"


@pytest.mark.parametrize(
    ("given_", "values"),
    [
        ({"Parameters": 3}, ["1", "1", "1"]),
        ({"Parameters": "3", "ParameterStart": "10"}, ["10", "10", "10"]),
        ({"Parameters": 4, "ParameterStart": 0, "ParameterStep": 2}, ["0", "2", "4", "6"]),
        ({"Parameters": 4, "ParameterFactor": 3}, ["1", "3", "9", "27"]),
        ({"Parameters": 3, "ParameterStart": 1, "ParameterStep": 1, "ParameterFactor": 2}, ["1", "3", "7"]),
        ({"Parameters": 3, "ParameterStart": 0.1, "ParameterStep": 0.1}, ["0.1", "0.2", "0.3"]),
        ({"Parameters": 2, "ParameterStart": -5, "ParameterStep": -1}, ["-5", "-6"]),
        ({"Parameters": ["a", "b,c", 4]}, ["a", "b,c", "4"]),
        ({"parameters": 2, "PARAMETERSTEP": 1}, ["1", "2"]),
    ],
)
def test_values_of_the_vector_without_a_name(given_: dict[str, Any], values: list[str]) -> None:
    assert values_of("Arguments", Arguments="%s", **given_) == values


def test_vectors_with_names() -> None:
    members = {
        "Parameters": ["a", "b"],
        "Parameters.run": [7, 8],
        "Parameters.n": 2,
        "ParameterStart.n": 5,
        "ParameterStep.n": 5,
        "Arguments": "%s %(run)s %(n)s %(other)s",
    }
    assert values_of("Arguments", **members) == ["a 7 5 %(other)s", "b 8 10 %(other)s"]
    assert values_of("Parameter.run", **members) == ["7", "8"]
    assert values_of("Parameter", **members) == ["a", "b"]


def test_a_vector_with_a_name_alone_fills_no_plain_placeholder() -> None:
    assert values_of("Arguments", **{"Parameters.x": ["1"], "Arguments": "%s %(x)s"}) == ["%s 1"]


def test_placeholders_stand_in_any_attribute_and_are_read_once() -> None:
    found, _ = expanded(
        to_json(
            {
                "Executable": "run%n.sh",
                "Parameters": ["%n%s%j"],
                "StdOutput": "out_%j.txt",
                "OutputSandbox": ["a%s", ["%n"]],
                "Own": {"deep": ["%s", NumberText("1"), None, True]},
            }
        )
    )
    assert found[0].sent.document == {
        "Executable": "run0.sh",
        "StdOutput": f"out_{JOB_ID}.txt",
        "OutputSandbox": ["a%n%s%j", ["0"]],
        "Own": {"deep": ["%n%s%j", "1", None, True]},
        "Parameter": "%n%s%j",
        "ParameterNumber": "0",
    }


@pytest.mark.parametrize(
    ("count", "first", "last"), [(1, "0", "0"), (10, "0", "9"), (11, "00", "10"), (101, "000", "100")]
)
def test_numbers_have_the_width_of_the_last_one(count: int, first: str, last: str) -> None:
    found = values_of("JobName", Parameters=count, JobName="%n")
    assert (len(found), found[0], found[-1]) == (count, first, last)
    assert values_of("ParameterNumber", Parameters=count)[-1] == str(count - 1)


def test_a_child_is_told_in_the_language_it_came_in() -> None:
    notes = Notes()
    sent = read_jdl('Executable = x; Parameters = {"a", 2}; Arguments = "%s";')
    found = expand(sent, Room(Limits()), notes)
    assert [read_jdl(each.sent.text).document["Arguments"] for each in found] == ["a", "2"]
    assert all(each.is_made for each in found)
    assert [each.sent.document["Parameter"] for each in found] == ["a", "2"]


@pytest.mark.parametrize(
    ("members", "place", "word"),
    [
        ({"Parameters": 21}, "/Parameters", "20 jobs"),
        ({"Parameters": ["a"] * 21}, "/Parameters", "20 jobs"),
        ({"Parameters": 0}, "/Parameters", "number of jobs"),
        ({"Parameters": -1}, "/Parameters", "number of jobs"),
        ({"Parameters": 1.5}, "/Parameters", "number of jobs"),
        ({"Parameters": "many"}, "/Parameters", "number of jobs"),
        ({"Parameters": "9" * 5000}, "/Parameters", "number of jobs"),
        ({"Parameters": True}, "/Parameters", "number of jobs"),
        ({"Parameters": {}}, "/Parameters", "number of jobs"),
        ({"Parameters": []}, "/Parameters", "At least one"),
        ({"parameters": [["a"]]}, "/parameters", "texts and numbers"),
        ({"Parameters": 2, "Parameters.a": [1]}, "/Parameters", "same length"),
        ({"Parameters": 2, "ParameterStep": "x"}, "/ParameterStep", "number"),
        ({"Parameters": 2, "ParameterStart": "1e9999"}, "/ParameterStart", "number"),
        ({"Parameters": 2, "ParameterStart": "NaN"}, "/ParameterStart", "number"),
        ({"Parameters": 2, "ParameterFactor": []}, "/ParameterFactor", "number"),
        ({"Parameters": 20, "ParameterFactor": "1e900"}, "/ParameterFactor", "beyond"),
    ],
)
def test_what_cannot_be_expanded(members: dict[str, Any], place: str, word: str) -> None:
    where, text = problem(**members)
    assert where == place
    assert word in text


def test_jobs_of_one_request_are_counted_together() -> None:
    room, notes = Room(Limits(jobs=5)), Notes()
    (sent,) = read_json('{"Executable": "x", "Parameters": 3}')
    assert len(expand(sent, room, notes)) == 3
    assert expand(sent, room, notes) == []
    assert "5 jobs at most; 2 are left" in notes.problems[0][1]


def test_values_cannot_blow_a_manifest_up() -> None:
    long = "x" * (MAX_MANIFEST // 10)
    began = time.process_time()
    for text in ("%s" * (MAX_MANIFEST // 4), "%(a)s" * 1000):
        members = {"Executable": text, "Parameters": [long], "Parameters.a": [long]}
        found, notes = expanded(to_json(members))
        assert found == []
        assert "characters" in notes.problems[0][1]
    assert time.process_time() - began < 3.0


def test_many_large_ones_are_too_much_together() -> None:
    members = {"Executable": "x", "Own": "y" * (MAX_MANIFEST // 2), "Parameters": NumberText(1000)}
    found, notes = expanded(to_json(members))
    assert found == []
    assert "one request" in notes.problems[0][1]


@given(
    st.integers(1, 30),
    st.integers(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
    st.integers(-9, 9),
)
def test_counted_values_are_the_sequence(count: int, start: int, step: int, factor: int) -> None:
    found = values_of(
        "Parameter", Parameters=count, ParameterStart=start, ParameterStep=step, ParameterFactor=factor
    )
    wanted = [start]
    while len(wanted) < count:
        wanted.append(wanted[-1] * factor + step)
    assert [int(value) for value in found] == wanted


@given(
    st.lists(st.text(max_size=20).filter(lambda text: text.isprintable()), min_size=1, max_size=8),
    st.text("%snj()a1 ", max_size=30),
)
def test_children_are_json_again(parameters: list[str], text: str) -> None:
    found, notes = expanded(to_json({"Executable": text, "Parameters": list(parameters)}))
    assert notes.problems == []
    assert [parse_json(each.sent.text) for each in found] == [each.sent.document for each in found]
